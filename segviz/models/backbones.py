"""What DeepLab looks through: networks from an image to a fine map and a coarse one.

A backbone halves the size until the *output stride* is reached, and no further. From there on it
gains its view by dilation instead: a convolution that comes after a stride which was left out
takes its cells twice as far apart, and so sees what it would have seen (Chen et al. 2017,
"Rethinking Atrous Convolution for Semantic Image Segmentation", section 3.1,
https://arxiv.org/abs/1706.05587). The map stays fine, at the price of more cells to compute.

Every backbone has ``in_channels``, ``low_level_channels``, ``out_channels`` and
``output_stride``, and is called as ``low_level, x = backbone(images)``:

=========================  ===========================================================
``images``                 ``(N, in_channels, H, W)``
``low_level``, edges       ``(N, low_level_channels, ...)``, at stride 2 or 4
``x``, things              ``(N, out_channels, H / output_stride, W / output_stride)``
=========================  ===========================================================

Sizes that do not divide are rounded up.
"""

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import (
    MobileNet_V2_Weights,
    ResNet50_Weights,
    mobilenet_v2,
    resnet50,
)

from .checks import check_choice, check_list_of_whole, check_positive_whole
from .course_size import COURSE_WIDTHS
from .pretrained import build_with_weights, fold_colours


def atrous_conv(in_channels: int, out_channels: int, rate: int = 1) -> nn.Sequential:
    """A 3x3 convolution that takes every `rate`-th cell, batch normalisation, ReLU.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding="same", dilation=rate, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class AtrousBackbone(nn.Module):
    """The course's own: stages of 3x3 convolutions, a pooling before each until it is coarse
    enough.

    Args:
        widths: channels of the stages.
        in_channels: 3 for colour, 1 for grey.
        output_stride: pixels of the image for each cell of the last map: 1, 2, 4, ...
        rates: for every stage the rates of its convolutions, so their number too. The last two
            stages stand in for the poolings that an output stride of 8 leaves out, and grow
            within a stage as the "multi-grid" of Chen et al. 2017 does.

    Raises:
        ValueError: for arguments no network can be built from.
    """

    #: The stage whose map is handed to the decoder, at stride 2.
    low_level_stage = 1

    def __init__(
        self,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
        *,
        output_stride: int = 8,
        rates: Sequence[Sequence[int]] = ((1,), (1,), (1, 1), (1, 2), (2, 4)),
    ):
        super().__init__()
        _check_stages(widths, rates)
        check_positive_whole(in_channels=in_channels)
        check_choice("output_stride", output_stride, [2**i for i in range(len(widths))])
        self.in_channels, self.out_channels = in_channels, widths[-1]
        self.low_level_channels = widths[self.low_level_stage]
        self.output_stride = output_stride
        self.stages = nn.ModuleList()
        for width, stage_rates in zip(widths, rates, strict=True):
            channels = [in_channels, *[width] * len(stage_rates)]
            self.stages.append(
                nn.Sequential(*map(atrous_conv, channels, channels[1:], stage_rates))
            )
            in_channels = width

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = images  # (N, in_channels, H, W)
        for i, stage in enumerate(self.stages):
            if 1 < 2**i <= self.output_stride:
                x = F.max_pool2d(x, kernel_size=2, ceil_mode=True)  # (N, widths[i-1], H_i, W_i)
            x = stage(x)  # (N, widths[i], H_i, W_i)
            if i == self.low_level_stage:
                low_level = x  # (N, widths[1], H/2, W/2)
        return low_level, x


class ResNet50(nn.Module):
    """ResNet-50 of torchvision (He et al. 2016, https://arxiv.org/abs/1512.03385).

    Args:
        output_stride: 32 (as it was made), 16 or 8.
        weights: None, or "imagenet" for torchvision's; see :mod:`segviz.models.pretrained`.

    Raises:
        ValueError: for another output stride or other weights.
        ConnectionError: if the weights cannot be fetched.
    """

    in_channels, low_level_channels, out_channels = 3, 256, 2048

    def __init__(self, output_stride: int = 16, weights: str | None = None):
        super().__init__()
        check_choice("output_stride", output_stride, (32, 16, 8))
        self.output_stride = output_stride
        dilated = [False, output_stride < 16, output_stride < 32]
        published = ResNet50_Weights.IMAGENET1K_V1
        build = partial(resnet50, replace_stride_with_dilation=dilated)
        network = build_with_weights(build, published, weights)
        if weights:
            fold_colours(published, network.conv1, network.bn1)
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.stage1, self.stage2 = network.layer1, network.layer2
        self.stage3, self.stage4 = network.layer3, network.layer4

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(images)  # (N, 64, H/4, W/4)
        low_level = self.stage1(x)  # (N, 256, H/4, W/4)
        x = self.stage2(low_level)  # (N, 512, H/8, W/8)
        x = self.stage3(x)  # (N, 1024, H/16, W/16), at output stride 8: (..., H/8, W/8)
        return low_level, self.stage4(x)  # (N, 2048, H/output_stride, W/output_stride)


class MobileNetV2(nn.Module):
    """MobileNetV2 of torchvision (Sandler et al. 2018, https://arxiv.org/abs/1801.04381).

    As in that paper's section 6.3, DeepLab is handed the last map but one, of 320 channels: the
    1280 of the last are made for telling a thousand classes apart.

    Args:
        output_stride: 32 (as it was made), 16 or 8.
        weights: None, or "imagenet" for torchvision's; see :mod:`segviz.models.pretrained`.

    Raises:
        ValueError: for another output stride or other weights.
        ConnectionError: if the weights cannot be fetched.
    """

    in_channels, low_level_channels, out_channels = 3, 24, 320

    def __init__(self, output_stride: int = 16, weights: str | None = None):
        super().__init__()
        check_choice("output_stride", output_stride, (32, 16, 8))
        self.output_stride = output_stride
        published = MobileNet_V2_Weights.IMAGENET1K_V1
        blocks = build_with_weights(mobilenet_v2, published, weights).features
        if weights:
            fold_colours(published, blocks[0][0], blocks[0][1])
        self.fine, self.coarse = blocks[:4], blocks[4:18]
        _replace_strides(self.coarse, stride=4, output_stride=output_stride)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        low_level = self.fine(images)  # (N, 24, H/4, W/4)
        return low_level, self.coarse(low_level)  # (N, 320, H/output_stride, W/output_stride)


def _replace_strides(network: nn.Module, stride: int, output_stride: int) -> None:
    """Of 3x3 convolutions that follow one another from `stride` on, in place: leave out every
    stride beyond `output_stride` and dilate what comes after it."""
    rate = 1
    for convolution in network.modules():
        if not isinstance(convolution, nn.Conv2d) or convolution.kernel_size != (3, 3):
            continue
        convolution.dilation = convolution.padding = (rate, rate)
        if convolution.stride == (2, 2) and stride < output_stride:
            stride *= 2
        elif convolution.stride == (2, 2):
            convolution.stride = (1, 1)
            rate *= 2  # only from the next one on: this one still sees its cells side by side


def _check_stages(widths: Sequence[int], rates: Sequence[Sequence[int]]) -> None:
    length = len(widths) if isinstance(widths, Sequence) else 0
    check_list_of_whole("widths", widths, max(2, length), COURSE_WIDTHS)
    if not isinstance(rates, Sequence) or len(rates) != length:
        raise ValueError(
            f"rates={rates!r}: {length} widths need the rates of {length} stages, such as "
            f"{tuple((1, 1) for _ in widths)}."
        )
    for stage in rates:
        count = len(stage) if isinstance(stage, Sequence) else 0
        check_list_of_whole("rates of a stage", stage, max(1, count), (1, 2))
