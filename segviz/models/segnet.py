"""SegNet: Badrinarayanan, Kendall, Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder
Architecture for Image Segmentation", PAMI 2017, https://arxiv.org/abs/1511.00561.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG16_BN_Weights, vgg16_bn

from .blocks import conv_norm_relu, upsample
from .checks import (
    check_can_normalise,
    check_choice,
    check_images,
    check_positive_whole,
    stage_depths,
)
from .course_size import COURSE_WIDTHS
from .pretrained import build_with_weights, fold_colours

Convolution = Callable[[int, int], nn.Module]
Unpooling = Callable[[Tensor, Tensor, Sequence[int]], Tensor]


def unpool_with_indices(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Every value goes back to where a maximum was taken from, and zeros stand everywhere else.

    The size must be told: 18 rows may have been 36, or 35 of which the last was pooled alone.

    Args:
        x: (N, C, h, w).
        indices: int64, the same shape, as ``F.max_pool2d(..., return_indices=True)`` returns it.
        size: rows and columns before the pooling.

    Shapes: -> ``(N, C, *size)``.
    """
    return F.max_unpool2d(x, indices, kernel_size=2, output_size=size)


def unpool_without_indices(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear enlargement in place of :func:`unpool_with_indices`: nobody asks where the maxima
    were."""
    return upsample(x, size)  # (N, C, *size)


def biased_conv_norm_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    """A 3x3 convolution, batch normalisation, ReLU, as VGG16-BN has them: the convolution keeps
    a bias, although batch norm subtracts it again.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding="same"),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class SegNet(nn.Module):
    """An encoder that remembers where its maxima were, and a decoder that puts values back there.

    The decoder is the encoder's mirror image. In place of the encoder's maps, as a UNet, it is
    handed the pooling's indices: one number of two bits for each 2x2 cells, so that edges find
    their place again at next to no memory (section 3).

    The constructor's defaults are the course's size, for 128x128 pixels on two cores; for 6
    classes it has 419,118 parameters. :meth:`paper` builds the network of the paper with the same
    code, :meth:`without_indices` one that enlarges bilinearly instead.

    Args:
        num_classes: channels of the output, one score (logit) per class and pixel.
        widths: channels of the levels, each of which halves the size.
        in_channels: 3 for colour, 1 for grey.
        depths: 3x3 convolutions in each level of the encoder, and in the decoder's of the same
            size; or one number for all; None: 1 in the two finest, 2 in the others.
        convolution: built as ``convolution(in_channels, out_channels)``.
        unpool: called as ``unpool(x, indices, size)``.

    Shapes: ``(N, in_channels, H, W)`` float -> ``(N, num_classes, H, W)`` logits.

    Raises:
        ValueError: for an argument no network can be built from, and in ``forward`` for images
            of another number of channels or of whole numbers, and in training for a single image
            of which the encoder leaves one cell to batch norm.
    """

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
        *,
        depths: int | Sequence[int] | None = None,
        convolution: Convolution = conv_norm_relu,
        unpool: Unpooling = unpool_with_indices,
    ):
        super().__init__()
        check_positive_whole(num_classes=num_classes, in_channels=in_channels)
        depths = stage_depths(widths, depths)
        self.num_classes, self.in_channels, self.unpool = num_classes, in_channels, unpool

        def level(channels: Sequence[int]) -> nn.Sequential:
            return nn.Sequential(*map(convolution, channels, channels[1:]))

        # Channels into each level of the encoder, and out of the decoder's of the same size.
        outer = [in_channels, *widths[:-1]]
        self.encoder = nn.ModuleList()
        decoder = []
        for outside, width, depth in zip(outer, widths, depths, strict=True):
            self.encoder.append(level([outside, *[width] * depth]))
            decoder.append(level([*[width] * depth, outside]))
        # The finest level's last convolution is the head: its scores are not cut off at zero.
        decoder[0] = decoder[0][:-1]
        self.decoder = nn.ModuleList(reversed(decoder))
        self.head = nn.Conv2d(widths[0], num_classes, 3, padding="same")

    @classmethod
    def paper(cls, num_classes: int = 11, weights: str | None = None) -> "SegNet":
        """The network of the paper: 29,449,355 parameters for the 11 classes of CamVid.

        The thirteen convolutions of VGG-16 with batch norm, and the same in mirror image.

        Args:
            weights: "imagenet" for torchvision's pretrained VGG16-BN in the encoder, or None to
                draw all weights. Images stay in -1..1; see :mod:`segviz.models.pretrained`.

        Raises:
            ValueError: for another choice.
            ConnectionError: if the pretrained weights cannot be fetched.
        """
        check_choice("weights", weights, (None, "imagenet"))
        network = cls(
            num_classes,
            widths=(64, 128, 256, 512, 512),
            depths=(2, 2, 3, 3, 3),
            convolution=biased_conv_norm_relu,
        )
        if weights:
            published = VGG16_BN_Weights.IMAGENET1K_V1
            features = build_with_weights(vgg16_bn, published, weights).features
            _copy_vgg_bn(features, network.encoder)
            fold_colours(published, network.encoder[0][0][0], norm=None)
        return network

    @classmethod
    def without_indices(
        cls,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
    ) -> "SegNet":
        """The same layers with bilinear enlargement: all the decoder knows of an edge has passed
        through the coarsest map."""
        return cls(num_classes, widths, in_channels, unpool=unpool_without_indices)

    def encode(self, images: Tensor) -> tuple[Tensor, list[tuple[Tensor, torch.Size]]]:
        """The coarsest map, and of every pooling the indices and the size before it.

        Shapes: the map is ``(N, widths[-1], h, w)``; the indices of level ``i`` are int64
        ``(N, widths[i], H / 2**(i+1), W / 2**(i+1))``. Sizes are rounded up.
        """
        check_images(self, images)
        check_can_normalise(self, images, 2 ** (len(self.encoder) - 1))
        poolings = []
        x = images  # (N, in_channels, H, W)
        for level in self.encoder:
            x = level(x)  # (N, widths[i], H_i, W_i)
            size = x.shape[-2:]
            x, indices = F.max_pool2d(x, kernel_size=2, ceil_mode=True, return_indices=True)
            poolings.append((indices, size))  # (N, widths[i], H_i/2, W_i/2)
        return x, poolings

    def decode(self, x: Tensor, poolings: Sequence[tuple[Tensor, torch.Size]]) -> Tensor:
        """The finest map, ``(N, widths[0], H, W)``, made of what :meth:`encode` returned."""
        for level, (indices, size) in zip(self.decoder, reversed(poolings), strict=True):
            x = self.unpool(x, indices, size)  # (N, widths[i], H_i, W_i)
            x = level(x)  # (N, widths[i-1], H_i, W_i)
        return x

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.decode(*self.encode(images)))  # (N, num_classes, H, W)


def _copy_vgg_bn(features: nn.Module, encoder: nn.Module) -> None:
    """Copy the weights and statistics of torchvision's VGG16-BN into the encoder."""
    kinds = (nn.Conv2d, nn.BatchNorm2d)
    theirs = [layer for layer in features if isinstance(layer, kinds)]
    ours = [layer for layer in encoder.modules() if isinstance(layer, kinds)]
    for target, source in zip(ours, theirs, strict=True):
        target.load_state_dict(source.state_dict())
