"""The blocks that encoder-decoder networks are made of.

There are two families, and a network is built from one or the other:

==========================  ================================  ===================================
                            padded (the course's UNet)        valid (the UNet of the paper)
==========================  ================================  ===================================
two convolutions            :class:`DoubleConv`               :class:`ValidDoubleConv`
a step of the decoder       :class:`DecoderBlock`             :class:`ValidDecoderBlock`
pixels lost on each side    none                              1 for each 3x3 convolution
==========================  ================================  ===================================

:class:`SingleConv` and :class:`LightDecoderBlock` do the work of the padded ones with one
convolution instead of two.

Shapes are written ``(N, C, H, W)``: images in the batch, channels, rows, columns.
"""

from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .checks import stage_depths


def conv_norm_relu(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Sequential:
    """A convolution that keeps the size, batch normalisation, ReLU.

    The convolution has no bias: batch normalisation subtracts the mean of every channel right
    after it, and brings a bias of its own.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``, for odd ``kernel_size``.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding="same", bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def conv_relu(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Sequential:
    """A convolution that keeps the size, ReLU: the layer of the networks before batch norm.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``, for odd ``kernel_size``.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding="same"),
        nn.ReLU(inplace=True),
    )


def draw_weights_as_he_et_al(module: nn.Module) -> None:
    """Normal weights of standard deviation sqrt(2 / fan-in), biases zero (equation 10 there).

    Fan-in is the number of incoming products of one output value: a 2x2 transposed convolution
    of stride 2 never overlaps its stamps, so there it is the number of input channels alone.
    """
    if isinstance(module, nn.Conv2d):
        fan_in = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
    elif isinstance(module, nn.ConvTranspose2d):
        fan_in = module.in_channels
    else:
        return
    nn.init.normal_(module.weight, std=sqrt(2 / fan_in))
    nn.init.zeros_(module.bias)


def vgg_stages(
    widths: Sequence[int],
    depths: int | Sequence[int] | None,
    in_channels: int,
    convolution: Callable[[int, int], nn.Module] = conv_norm_relu,
) -> list[nn.Sequential]:
    """Stages of 3x3 convolutions that each end in a 2x2 max pooling (Simonyan and Zisserman 2015,
    https://arxiv.org/abs/1409.1556).

    An odd size is halved upwards: the last row or column is pooled by itself, and not lost.

    Args:
        widths: channels of the stages; VGG-16 has 64, 128, 256, 512, 512.
        depths: convolutions in each, or one number for all; VGG-16 has 2, 2, 3, 3, 3. None: 1 in
            the two finest, 2 in the others.
        in_channels: of the image.
        convolution: built as ``convolution(in_channels, out_channels)``.

    Shapes: stage ``i`` takes ``(N, widths[i-1], H, W)`` to ``(N, widths[i], H/2, W/2)``.

    Raises:
        ValueError: unless both lists hold whole numbers, one for each of two stages or more.
    """
    stages = []
    for width, depth in zip(widths, stage_depths(widths, depths), strict=True):
        channels = [in_channels, *[width] * depth]
        convolutions = map(convolution, channels, channels[1:])
        stages.append(nn.Sequential(*convolutions, nn.MaxPool2d(2, ceil_mode=True)))
        in_channels = width
    return stages


class DoubleConv(nn.Sequential):
    """Two 3x3 convolutions that keep the size, each followed by batch norm and ReLU.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """

    #: Rows (and columns) by which the output is smaller than the input.
    shrinks_by = 0

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(
            conv_norm_relu(in_channels, out_channels),
            conv_norm_relu(out_channels, out_channels),
        )


class SingleConv(nn.Sequential):
    """One 3x3 convolution that keeps the size, batch norm and ReLU.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """

    shrinks_by = 0

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(conv_norm_relu(in_channels, out_channels))


class ValidDoubleConv(nn.Sequential):
    """Two unpadded 3x3 convolutions, each followed by ReLU, as in the UNet paper.

    No padding means that every output pixel has seen real pixels only; the price is one row or
    column on each side per convolution.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H - 4, W - 4)``.
    """

    shrinks_by = 4

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, kernel_size=3),
            nn.ReLU(inplace=True),
        )


def fit_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Crop or zero-pad ``x`` around its centre until its height and width are ``size``.

    Each axis for itself: one that is too long loses pixels on both sides, one that is too short
    gains zeros. An odd pixel is taken from, or added to, the bottom and the right.

    Shapes: ``(..., H, W)`` -> ``(..., *size)``, any dtype.
    """
    missing_rows, missing_columns = size[0] - x.shape[-2], size[1] - x.shape[-1]
    # int() rounds towards zero, so cropping (negative) and padding share the rule above.
    top, left = int(missing_rows / 2), int(missing_columns / 2)
    # F.pad crops where it is told to pad by a negative amount.
    return F.pad(x, (left, missing_columns - left, top, missing_rows - top))  # (..., *size)


def upsample(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge (or shrink) ``x`` to ``size`` by bilinear interpolation, cells as areas.

    Shapes: ``(N, C, h, w)`` -> ``(N, C, *size)``.
    """
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


class DecoderBlock(nn.Module):
    """One step of the decoder: upsample, join with the encoder's map, convolve twice.

    The encoder's map (the *skip*) decides the size. Pooling 37 rows leaves 18, and upsampling 18
    makes 36: the upsampled map then gets one more row of zeros, so that the network answers for
    every pixel of an image of any size.

    Args:
        in_channels: channels of the coarser map that comes from below.
        skip_channels: channels of the encoder's map of the same level.
        out_channels: channels of the result.

    Shapes: ``x (N, in_channels, h, w)`` and ``skip (N, skip_channels, H, W)``
    -> ``(N, out_channels, H, W)``.
    """

    convolutions_class: type[nn.Module] = DoubleConv

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
        joined_channels = out_channels + self.channels_taken_from(skip_channels)
        self.convolutions = self.convolutions_class(joined_channels, out_channels)

    def channels_taken_from(self, skip_channels: int) -> int:
        """How many channels of the skip :meth:`join` puts beside the upsampled map."""
        return skip_channels

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Upsample ``x`` and put the skip beside it, ready for the convolutions."""
        x = fit_to(self.up(x), skip.shape[-2:])  # (N, out_channels, H, W)
        return torch.cat([skip, x], dim=1)  # (N, skip_channels + out_channels, H, W)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convolutions(self.join(x, skip))


class DecoderBlockWithoutSkip(DecoderBlock):
    """A decoder step that takes the skip's size but none of its channels.

    With it a UNet becomes a plain encoder-decoder: all it knows about an edge has to pass
    through the coarse maps at the bottom.
    """

    def channels_taken_from(self, skip_channels: int) -> int:
        return 0

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        return fit_to(self.up(x), skip.shape[-2:])  # (N, out_channels, H, W)


class LightDecoderBlock(nn.Module):
    """A step of the decoder without weights of its own for the enlargement: bilinear, join,
    convolve once. Its arguments and shapes are those of :class:`DecoderBlock`.
    """

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int):
        super().__init__()
        self.convolutions = SingleConv(skip_channels + in_channels, out_channels)

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Upsample ``x`` and put the skip beside it, ready for the convolution."""
        x = upsample(x, skip.shape[-2:])  # (N, in_channels, H, W)
        return torch.cat([skip, x], dim=1)  # (N, skip_channels + in_channels, H, W)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convolutions(self.join(x, skip))


class ValidDecoderBlock(DecoderBlock):
    """The decoder step of the UNet paper: the skip is cropped to the upsampled map.

    Unpadded convolutions have cost the map from below more of its border than the skip, so here
    it is the skip that must give way.

    Shapes: ``x (N, in_channels, h, w)`` and ``skip (N, skip_channels, H, W)``
    -> ``(N, out_channels, 2h - 4, 2w - 4)``.
    """

    convolutions_class = ValidDoubleConv

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.up(x)  # (N, out_channels, 2h, 2w)
        skip = fit_to(skip, x.shape[-2:])  # (N, skip_channels, 2h, 2w)
        return torch.cat([skip, x], dim=1)  # (N, skip_channels + out_channels, 2h, 2w)
