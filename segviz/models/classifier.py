"""A small classification network, and how one becomes fully convolutional: section 3.1 of Long,
Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015,
https://arxiv.org/abs/1411.4038.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from .blocks import vgg_stages
from .checks import check_images, check_list_of_whole, check_positive_whole
from .course_size import COURSE_WIDTHS
from .numberless import without_numbers

#: Layers that do the same to every number, in a list as on a map.
ELEMENT_BY_ELEMENT = (
    nn.Dropout,
    nn.GELU,
    nn.Hardswish,
    nn.Identity,
    nn.LeakyReLU,
    nn.ReLU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
)


class Classifier(nn.Module):
    """One answer for a whole image: stages of a VGG, then fully connected layers.

    :func:`segviz.models.classifier_to_fcn` makes a map of scores of it. Its stages are those of
    :class:`FCN` of the same widths, so that what they have learnt can be handed on:
    ``fcn.backbone[:5].load_state_dict(classifier.features.state_dict())``.

    Args:
        num_classes: scores (logits) in the answer.
        widths: channels of the stages, each of which halves the size.
        in_channels: 3 for colour, 1 for grey.
        depths: 3x3 convolutions in each stage, or one number for all; None: 1 in the two finest,
            2 in the others.
        input_size: rows, and columns, of the images.
        hidden: numbers between the two fully connected layers.

    Shapes: ``(N, in_channels, input_size, input_size)`` float -> ``(N, num_classes)`` logits.

    Raises:
        ValueError: for an argument no network can be built from, and in ``forward`` for images
            that it cannot take.
    """

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
        *,
        depths: int | Sequence[int] | None = None,
        input_size: int = 64,
        hidden: int = 128,
    ):
        super().__init__()
        check_positive_whole(
            num_classes=num_classes, in_channels=in_channels, input_size=input_size, hidden=hidden
        )
        self.in_channels, self.input_size = in_channels, input_size
        self.features = nn.Sequential(*vgg_stages(widths, depths, in_channels))
        cells = -(-input_size // 2 ** len(widths))  # halved, and rounded up, in each stage
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths[-1] * cells * cells, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        check_images(self, images)
        if images.shape[-2:] != (self.input_size, self.input_size):
            raise ValueError(
                f"This classifier takes images of {self.input_size}x{self.input_size} pixels, and "
                f"was given {images.shape[-2]}x{images.shape[-1]}. classifier_to_fcn makes a "
                f"network of it that takes larger ones."
            )
        return self.classifier(self.features(images))  # (N, num_classes)


class ScoreMap(nn.Module):
    """A classification network as a convolution: it answers for every window of a larger image.

    Made by :func:`classifier_to_fcn`. The windows are as large as the images that the classifier
    was trained on, and lie as far apart as its features are coarse.

    Args:
        features: from images to a map.
        classifier: from the map to scores, without a padding.
        input_size: rows and columns of a window.

    Shapes: ``(N, C, H, W)`` -> ``(N, num_classes, h, w)``; ``h = w = 1`` for one window.

    Raises:
        ValueError: in ``forward``, for images that this network cannot take or that are smaller
            than a window.
    """

    def __init__(self, features: nn.Module, classifier: nn.Module, input_size: tuple[int, int]):
        super().__init__()
        self.features, self.classifier, self.input_size = features, classifier, input_size
        self.in_channels = _channels_seen_by(features)

    def forward(self, images: Tensor) -> Tensor:
        check_images(self, images)
        (height, width), (least_height, least_width) = images.shape[-2:], self.input_size
        if height < least_height or width < least_width:
            raise ValueError(
                f"An image of {height}x{width} pixels is smaller than the "
                f"{least_height}x{least_width} that this classifier looks at. Enlarge the image."
            )
        return self.classifier(self.features(images))  # (N, num_classes, h, w)


def classifier_to_fcn(
    model: nn.Module, input_size: int | tuple[int, int] | None = None
) -> ScoreMap:
    """The fully convolutional network with the same weights.

    A fully connected layer is a convolution whose kernel covers the whole map: its weights are
    the same numbers in the same order, (O, C * h * w) seen as (O, C, h, w). So the first one
    becomes a convolution of the map's size, those after it become 1x1, and the classifier's
    answer on its own input size is the one cell of the new network's.

    Args:
        model: a classifier with ``features``, perhaps ``avgpool``, and ``classifier`` out of
            linear layers, activations and dropout: torchvision's AlexNet, VGGs and
            EfficientNets, the course's :class:`Classifier`. It stays as it is: the new network
            has copies of its weights.
        input_size: of the images that it classifies, (rows, columns) or one number for both;
            None: ``model.input_size``, or else 224.

    Raises:
        ValueError: for a model that is built otherwise, or whose layers do not fit together at
            this input size.
    """
    if not isinstance(getattr(model, "features", None), nn.Module) or not isinstance(
        getattr(model, "classifier", None), nn.Module
    ):
        raise ValueError(
            f"A {type(model).__name__} has no features and classifier. Give a classification "
            f"network such as torchvision.models.vgg16() or segviz.models.Classifier(6)."
        )
    if input_size is None:
        input_size = getattr(model, "input_size", 224)
    if isinstance(input_size, int):
        input_size = (input_size, input_size)
    check_list_of_whole("input_size", input_size, 2, (224, 224))

    features = deepcopy(model.features)
    shape = _map_shape(features, input_size)  # (C, h, w)
    pooling, shape = _as_sliding(getattr(model, "avgpool", nn.Identity()), shape)
    layers = model.classifier
    layers = layers if isinstance(layers, nn.Sequential) else [layers]
    classifier = nn.Sequential(pooling, *_as_convolutions(layers, shape))
    return ScoreMap(features, classifier, tuple(input_size)).train(model.training)


def _as_convolutions(
    layers: Iterable[nn.Module], shape: tuple[int, int, int]
) -> Iterator[nn.Module]:
    """The layers of a classifier, for a map of any size, made for one of shape (C, h, w)."""
    for layer in layers:
        if isinstance(layer, nn.Linear):
            yield _as_convolution(layer, shape)
            shape = (layer.out_features, 1, 1)
        elif isinstance(layer, ELEMENT_BY_ELEMENT):
            yield deepcopy(layer)
        elif not isinstance(layer, nn.Flatten):
            raise ValueError(
                f"The classifier has a {type(layer).__name__}, of which no convolution can be "
                f"made. Linear layers, activations, dropout and Flatten can."
            )


def _as_convolution(linear: nn.Linear, shape: tuple[int, int, int]) -> nn.Conv2d:
    """The linear layer on a flattened map of this shape (C, h, w), as a convolution."""
    channels, height, width = shape
    if linear.in_features != channels * height * width:
        raise ValueError(
            f"The classifier takes {linear.in_features} numbers, but its features are a map of "
            f"{channels} channels, {height}x{width} cells. Give as input_size= the size of the "
            f"images that it was made for."
        )
    layer = nn.utils.skip_init(
        nn.Conv2d,
        channels,
        linear.out_features,
        (height, width),
        bias=linear.bias is not None,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        layer.weight.copy_(linear.weight.view_as(layer.weight))  # (O, C, h, w)
        if linear.bias is not None:
            layer.bias.copy_(linear.bias)
    return layer


def _as_sliding(
    pooling: nn.Module, shape: tuple[int, int, int]
) -> tuple[nn.Module, tuple[int, int, int]]:
    """The pooling between features and classifier, for a map of any size, and the shape that it
    leaves of one of shape (C, h, w)."""
    channels, height, width = shape
    if isinstance(pooling, nn.Identity):
        return nn.Identity(), shape
    size = getattr(pooling, "output_size", None)
    size = size if isinstance(size, tuple) else (size, size)
    if isinstance(pooling, nn.AdaptiveAvgPool2d) and size == (height, width):
        return nn.Identity(), shape
    if isinstance(pooling, nn.AdaptiveAvgPool2d) and size == (1, 1):
        return nn.AvgPool2d((height, width), stride=1), (channels, 1, 1)
    raise ValueError(
        f"Between features and classifier stands {pooling}, and the features are a map of "
        f"{height}x{width} cells. Give as input_size= the size of the images for which the "
        f"network was made: there the pooling changes nothing."
    )


def _map_shape(features: nn.Module, input_size: tuple[int, int]) -> tuple[int, int, int]:
    """(C, h, w) of the features' map."""
    image = torch.empty(1, _channels_seen_by(features), *input_size, device="meta")
    try:
        with torch.no_grad():
            return tuple(without_numbers(features).eval()(image).shape[1:])
    except RuntimeError as error:
        raise ValueError(
            f"The features cannot be computed for images of {input_size[0]}x{input_size[1]} "
            f"pixels ({error}). Give as input_size= the size that the network was made for."
        ) from error


def _channels_seen_by(network: nn.Module) -> int:
    return next(m.in_channels for m in network.modules() if isinstance(m, nn.Conv2d))
