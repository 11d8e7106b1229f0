"""FCN: Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR
2015, https://arxiv.org/abs/1411.4038.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG16_Weights, vgg16

from .blocks import conv_norm_relu, conv_relu, draw_weights_as_he_et_al, vgg_stages
from .checks import (
    check_can_normalise,
    check_choice,
    check_images,
    check_positive_whole,
)
from .course_size import COURSE_WIDTHS
from .pretrained import build_with_weights, fold_colours

Convolution = Callable[[int, int, int], nn.Module]


def bilinear_deconvolution(channels: int, factor: int) -> nn.ConvTranspose2d:
    """A transposed convolution that starts as bilinear enlargement, each channel for itself.

    Its kernel is a tent, twice `factor` wide; the padding cuts off what hangs over the border. So
    inside the image it is ``F.interpolate(x, scale_factor=factor, mode="bilinear",
    align_corners=False)``. Outside, that one repeats the last cells, and here zeros follow.

    Shapes: ``(N, channels, H, W)`` -> ``(N, channels, factor * H, factor * W)``, for an even
    ``factor``.
    """
    layer = nn.ConvTranspose2d(
        channels, channels, 2 * factor, stride=factor, padding=factor // 2, bias=False
    )
    places = torch.arange(2 * factor, dtype=layer.weight.dtype, device=layer.weight.device)
    tent = 1 - (places - (factor - 0.5)).abs() / factor  # (2 * factor,)
    kernel = torch.outer(tent, tent)  # (2 * factor, 2 * factor)
    each_for_itself = torch.eye(channels, device=kernel.device)[:, :, None, None]
    with torch.no_grad():
        layer.weight.copy_(each_for_itself * kernel)  # (channels, channels, ...)
    return layer


class FCN(nn.Module):
    """A classification network that keeps its map, and skips that add finer scores to it.

    The stages of a VGG and its fully connected layers, as convolutions, end in a map of scores
    32 times smaller than the image. Transposed convolutions enlarge it; on the way the scores of
    finer maps are added: none in FCN-32s, those of stage 4 in FCN-16s, those of stages 4 and 3
    in FCN-8s (figure 3 of the paper).

    The scores start at zero and the enlargement starts bilinear, so that a skip that is added
    changes nothing until it has learnt something (section 4.3).

    The constructor's defaults are the course's size, for 128x128 pixels on two cores; for 6
    classes and stride 8 it has 348,762 parameters. :meth:`paper` builds the networks of the paper
    with the same code.

    Args:
        num_classes: channels of the output, one score (logit) per class and pixel.
        widths: channels of the stages; a pooling ends each, and halves the size.
        in_channels: 3 for colour, 1 for grey.
        stride: of the finest map that is scored, in pixels of the image: 32, 16, 8, 4 or 2 for
            five stages.
        depths: 3x3 convolutions in each stage, or one number for all; None: 1 in the two finest,
            2 in the others.
        head_width: channels of the two layers that were fully connected.
        head_size: rows and columns that the first of them sees.
        convolution: built as ``convolution(in_channels, out_channels, kernel_size)``.
        dropout: share of the head's values that are zero in training.

    Shapes: ``(N, in_channels, H, W)`` float -> ``(N, num_classes, H, W)`` logits.

    Raises:
        ValueError: for an argument no network can be built from, and in ``forward`` for images
            of another number of channels or of whole numbers, and in training for a single image
            of which the stages leave one cell to batch norm.
    """

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
        *,
        stride: int = 8,
        depths: int | Sequence[int] | None = None,
        head_width: int = 128,
        head_size: int = 3,
        convolution: Convolution = conv_norm_relu,
        dropout: float = 0.0,
    ):
        super().__init__()
        check_positive_whole(
            num_classes=num_classes,
            in_channels=in_channels,
            head_width=head_width,
            head_size=head_size,
        )
        stages = vgg_stages(widths, depths, in_channels, convolution)
        coarsest = 2 ** len(stages)
        strides = [coarsest >> halvings for halvings in range(len(stages))]  # 32, 16, ..., 2
        check_choice("stride", stride, strides)
        self.num_classes, self.in_channels, self.stride = num_classes, in_channels, stride

        head = nn.Sequential(
            convolution(widths[-1], head_width, head_size),
            nn.Dropout(dropout),
            convolution(head_width, head_width, 1),
            nn.Dropout(dropout),
        )
        #: The classification network: its stages, and last the layers that were fully connected.
        self.backbone = nn.ModuleList([*stages, head])
        self.score = nn.Conv2d(head_width, num_classes, kernel_size=1)
        #: How many stages, from the coarsest but one upwards, add their scores.
        skips = strides.index(stride)
        self.skip_scores = nn.ModuleList(
            nn.Conv2d(width, num_classes, kernel_size=1) for width in widths[-2::-1][:skips]
        )
        for score in (self.score, *self.skip_scores):
            nn.init.zeros_(score.weight)
            nn.init.zeros_(score.bias)
        self.ups = nn.ModuleList(bilinear_deconvolution(num_classes, 2) for _ in range(skips))
        self.last_up = bilinear_deconvolution(num_classes, stride)

    @classmethod
    def paper(cls, num_classes: int = 21, stride: int = 8, weights: str | None = None) -> "FCN":
        """The network of the paper on VGG-16; for 21 classes FCN-32s has 136,152,917 parameters,
        FCN-16s 134,815,994 and FCN-8s 134,489,759.

        The layer that was fully connected first, 7x7 cells wide, is padded by 3, so that its map
        lies over the fifth stage's. (The authors' own code pads the image by 100 pixels instead
        and cuts every map to size.)

        Args:
            stride: 32, 16 or 8.
            weights: "imagenet" for torchvision's pretrained VGG-16, its two fully connected
                layers included, or None to draw them. Images stay in -1..1; see
                :mod:`segviz.models.pretrained`.

        Raises:
            ValueError: for another choice.
            ConnectionError: if the pretrained weights cannot be fetched.
        """
        check_choice("stride", stride, (32, 16, 8))
        check_choice("weights", weights, (None, "imagenet"))
        network = cls(
            num_classes,
            widths=(64, 128, 256, 512, 512),
            stride=stride,
            depths=(2, 2, 3, 3, 3),
            head_width=4096,
            head_size=7,
            convolution=conv_relu,
            dropout=0.5,
        )
        if weights is None:
            network.backbone.apply(draw_weights_as_he_et_al)
        else:
            published = VGG16_Weights.IMAGENET1K_V1
            _copy_vgg(build_with_weights(vgg16, published, weights), network.backbone)
            fold_colours(published, network.backbone[0][0][0], norm=None)
        return network

    def encode(self, images: Tensor) -> list[Tensor]:
        """The maps of the stages from fine to coarse, and the head's map last.

        Shapes: stage ``i = 0, 1, ...`` is ``(N, widths[i], H / 2**(i+1), W / 2**(i+1))``, rounded
        up; the head's map is ``(N, head_width, ...)``, as large as the last stage's.
        """
        check_images(self, images)
        check_can_normalise(self, images, 2 ** (len(self.backbone) - 1))
        maps = []
        x = images  # (N, in_channels, H, W)
        for layers in self.backbone:
            x = layers(x)
            maps.append(x)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        *stages, x = self.encode(images)
        logits = self.score(x)  # (N, num_classes, H/32, W/32)
        for up, score, finer in zip(self.ups, self.skip_scores, stages[-2::-1], strict=False):
            scores = score(finer)  # (N, num_classes, H/16, W/16), then (..., H/8, W/8)
            logits = _cut(up(logits), scores) + scores
        return _cut(self.last_up(logits), images)  # (N, num_classes, H, W)


@torch.no_grad()
def _copy_vgg(vgg: nn.Module, backbone: nn.Module) -> None:
    """Copy the weights of torchvision's VGG, all layers but the last, into a backbone."""
    theirs = [layer for layer in vgg.features if isinstance(layer, nn.Conv2d)]
    theirs += [layer for layer in vgg.classifier if isinstance(layer, nn.Linear)][:-1]
    ours = [layer for layer in backbone.modules() if isinstance(layer, nn.Conv2d)]
    for target, source in zip(ours, theirs, strict=True):
        target.weight.copy_(source.weight.view_as(target.weight))
        target.bias.copy_(source.bias)


def _cut(x: Tensor, like: Tensor) -> Tensor:
    """The top left part of `x` that is as high and wide as `like`.

    Pooling rounds up: its last cell may hang over the bottom and the right, never over the top.
    """
    height, width = like.shape[-2:]
    # F.pad cuts where it is told to pad by a negative amount. (Slices would tie an exported
    # network to sizes at which there is as much to cut as in the one it was traced with.)
    return F.pad(x, (0, width - x.shape[-1], 0, height - x.shape[-2]))
