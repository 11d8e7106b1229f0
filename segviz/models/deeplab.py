"""DeepLabv3+: Chen, Zhu, Papandreou, Schroff, Adam, "Encoder-Decoder with Atrous Separable
Convolution for Semantic Image Segmentation", ECCV 2018, https://arxiv.org/abs/1802.02611.
"""

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .backbones import AtrousBackbone, MobileNetV2, ResNet50, atrous_conv
from .blocks import conv_norm_relu, upsample
from .checks import (
    check_can_normalise,
    check_choice,
    check_images,
    check_list_of_whole,
    check_positive_whole,
)
from .course_size import COURSE_WIDTHS

BACKBONES = {"resnet50": ResNet50, "mobilenet_v2": MobileNetV2}

#: The paper's rates by output stride (section 3.3 of Chen et al. 2017).
PAPER_RATES = {16: (6, 12, 18), 8: (12, 24, 36)}

#: The paper's rates and the course's in pixels of the image, from one tap to the next. That is
#: what stays the same when the output stride, and with it the rates, are changed.
SPACINGS = ((96, 192, 288), (16, 32, 64))


def separable_conv(in_channels: int, out_channels: int, rate: int = 1) -> nn.Sequential:
    """:func:`atrous_conv` in two steps: over the places, each channel for itself (depthwise),
    then over the channels, each place for itself (pointwise).

    It costs ``9 * in_channels + in_channels * out_channels`` weights instead of
    ``9 * in_channels * out_channels``.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            in_channels,
            3,
            padding="same",
            dilation=rate,
            groups=in_channels,
            bias=False,
        ),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        *conv_norm_relu(in_channels, out_channels, kernel_size=1),
    )


class LenientBatchNorm2d(nn.BatchNorm2d):
    """Batch norm that also takes a single value for each channel in training.

    A value that is its own mean would always come out as 0, whatever the image, so torch refuses
    it. Here it is normalised by the running mean and variance instead, as in evaluation, and
    they stay as they are.

    Shapes: ``(N, C, H, W)`` -> the same.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == self.num_features:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)


class ImagePooling(nn.Sequential):
    """What the whole image has to say: its mean, convolved, at every place.

    The mean of an image is one value for each channel, and so a batch of one image (the last,
    short batch of an epoch, say) gives batch norm nothing to compare. :class:`LenientBatchNorm2d`
    then uses its running mean and variance.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``, constant over H and W.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),
            LenientBatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).expand(-1, -1, *x.shape[-2:])  # (N, out_channels, H, W)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: one map, looked at near and far side by side.

    A 1x1 convolution sees the place itself, 3x3 convolutions of growing rates see their
    surroundings, and image pooling sees everything; a last 1x1 convolution weighs their answers.

    Args:
        in_channels: of the map.
        out_channels: of every branch and of the result.
        rates: one branch for each.
        convolution: built as ``convolution(in_channels, out_channels, rate)``.
        image_pooling: whether there is that branch. On a batch of one image in training its
            batch norm uses the running mean and variance, see :class:`ImagePooling`.

    Shapes: ``(N, in_channels, H, W)`` -> ``(N, out_channels, H, W)``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        rates: Sequence[int],
        *,
        convolution: Callable[[int, int, int], nn.Module] = atrous_conv,
        image_pooling: bool = True,
    ):
        super().__init__()
        self.rates = tuple(rates)
        self.branches = nn.ModuleList([conv_norm_relu(in_channels, out_channels, kernel_size=1)])
        self.branches.extend(convolution(in_channels, out_channels, rate) for rate in rates)
        if image_pooling:
            self.branches.append(ImagePooling(in_channels, out_channels))
        joined_channels = len(self.branches) * out_channels
        self.project = conv_norm_relu(joined_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        answers = [branch(x) for branch in self.branches]  # each (N, out_channels, H, W)
        return self.project(torch.cat(answers, dim=1))  # (N, out_channels, H, W)


class DeepLabDecoder(nn.Module):
    """Brings the edges back: the coarse map is enlarged and joined with a fine one.

    The fine map is first reduced to few channels, so that it cannot outweigh the coarse one
    (table 1 of the paper).

    Args:
        in_channels, low_level_channels: of the coarse and of the fine map.
        reduced_channels: what is left of the fine map.
        out_channels: of the result.
        convolution: built as ``convolution(in_channels, out_channels)``.

    Shapes: ``x (N, in_channels, h, w)`` and ``low_level (N, low_level_channels, H, W)``
    -> ``(N, out_channels, H, W)``.
    """

    def __init__(
        self,
        in_channels: int,
        low_level_channels: int,
        reduced_channels: int,
        out_channels: int,
        *,
        convolution: Callable[[int, int], nn.Module] = atrous_conv,
    ):
        super().__init__()
        self.reduce = conv_norm_relu(low_level_channels, reduced_channels, kernel_size=1)
        self.refine = nn.Sequential(
            convolution(in_channels + reduced_channels, out_channels),
            convolution(out_channels, out_channels),
        )

    def forward(self, x: Tensor, low_level: Tensor) -> Tensor:
        x = upsample(x, low_level.shape[-2:])  # (N, in_channels, H, W)
        x = torch.cat([x, self.reduce(low_level)], dim=1)  # (N, in + reduced_channels, H, W)
        return self.refine(x)  # (N, out_channels, H, W)


class DeepLabV3Plus(nn.Module):
    """A backbone kept fine by dilation, ASPP for the context, a small decoder for the edges.

    The constructor's defaults are the course's size, for 128x128 pixels on two cores: 320,222
    parameters for 6 classes. :meth:`paper` builds the networks of the paper with the same code.

    On a batch of one image in training the image pooling's batch norm uses its running mean and
    variance and leaves them as they are (:class:`LenientBatchNorm2d`).

    Args:
        num_classes: channels of the output, one score (logit) per class and pixel.
        backbone: see :mod:`segviz.models.backbones`; None: ``AtrousBackbone()``.
        rates: of the ASPP's 3x3 convolutions.
        aspp_channels: of the ASPP's result.
        reduced_channels: how many are made of the backbone's fine map.
        decoder_channels: of the decoder's result.
        image_pooling: whether ASPP has its branch for the whole image.
        separable: depthwise separable 3x3 convolutions in ASPP and decoder, as in the paper's
            section 3.2, in place of dense ones.

    Shapes: ``(N, backbone.in_channels, H, W)`` float -> ``(N, num_classes, H, W)`` logits.

    Raises:
        ValueError: for an argument no network can be built from, and in ``forward`` for images
            of another number of channels or of whole numbers, and in training for a single image
            of which the backbone leaves one cell.

    Warns:
        UserWarning: where the rates belong to another output stride.
    """

    def __init__(
        self,
        num_classes: int,
        backbone: nn.Module | None = None,
        *,
        rates: Sequence[int] = (2, 4, 8),
        aspp_channels: int = 32,
        reduced_channels: int = 16,
        decoder_channels: int = 24,
        image_pooling: bool = True,
        separable: bool = False,
    ):
        super().__init__()
        check_positive_whole(
            num_classes=num_classes,
            aspp_channels=aspp_channels,
            reduced_channels=reduced_channels,
            decoder_channels=decoder_channels,
        )
        count = len(rates) if isinstance(rates, Sequence) else 0
        check_list_of_whole("rates", rates, max(1, count), (2, 4, 8))
        self.backbone = AtrousBackbone() if backbone is None else backbone
        _check_backbone(self.backbone)
        self.num_classes, self.in_channels = num_classes, self.backbone.in_channels
        _warn_of_rates(rates, self.backbone.output_stride)

        convolution = separable_conv if separable else atrous_conv
        self.aspp = ASPP(
            self.backbone.out_channels,
            aspp_channels,
            rates,
            convolution=convolution,
            image_pooling=image_pooling,
        )
        self.decoder = DeepLabDecoder(
            aspp_channels,
            self.backbone.low_level_channels,
            reduced_channels,
            decoder_channels,
            convolution=convolution,
        )
        self.head = nn.Conv2d(decoder_channels, num_classes, kernel_size=1)

    @classmethod
    def paper(
        cls,
        num_classes: int = 21,
        backbone: str = "resnet50",
        output_stride: int = 16,
        separable: bool = False,
        weights: str | None = None,
        *,
        rates: Sequence[int] | None = None,
    ) -> "DeepLabV3Plus":
        """A network of the paper: 40,352,181 parameters for 21 classes on a ResNet-50.

        256 channels in ASPP and decoder, 48 of the fine map at stride 4, which is enlarged by 4
        to the image. (The paper's best figures are those of an Xception backbone.)

        Args:
            backbone: "resnet50" or "mobilenet_v2".
            output_stride: 16 or 8, pixels of the image for each cell that ASPP sees.
            separable: as in the constructor.
            weights: "imagenet" for torchvision's pretrained backbone, or None to draw all
                weights. Images stay in -1..1; see :mod:`segviz.models.pretrained`.
            rates: None for the paper's: 6, 12, 18 at output stride 16, and twice that at 8.

        Raises:
            ValueError: for another choice.
            ConnectionError: if the pretrained weights cannot be fetched.
        """
        check_choice("backbone", backbone, tuple(BACKBONES))
        check_choice("output_stride", output_stride, tuple(PAPER_RATES))
        return cls(
            num_classes,
            BACKBONES[backbone](output_stride, weights),
            rates=PAPER_RATES[output_stride] if rates is None else rates,
            aspp_channels=256,
            reduced_channels=48,
            decoder_channels=256,
            separable=separable,
        )

    def forward(self, images: Tensor) -> Tensor:
        check_images(self, images)
        check_can_normalise(self, images, self.backbone.output_stride)
        low_level, x = self.backbone(images)  # at stride 4, and at the output stride
        x = self.aspp(x)  # (N, aspp_channels, H/output_stride, W/output_stride)
        x = self.decoder(x, low_level)  # (N, decoder_channels, H/4, W/4)
        return upsample(self.head(x), images.shape[-2:])  # (N, num_classes, H, W)


def _check_backbone(backbone: nn.Module) -> None:
    needed = ("in_channels", "low_level_channels", "out_channels", "output_stride")
    if not isinstance(backbone, nn.Module) or not all(hasattr(backbone, n) for n in needed):
        raise ValueError(
            f"backbone={backbone!r}: it must be a network that has {', '.join(needed)}, such as "
            f"AtrousBackbone(widths={COURSE_WIDTHS}). For those of the paper, call "
            f"DeepLabV3Plus.paper."
        )


def _warn_of_rates(rates: Sequence[int], output_stride: int) -> None:
    """Warn where the rates are those that belong to another output stride."""
    spacings = {other: tuple(rate * other for rate in rates) for other in (4, 8, 16, 32)}
    here = tuple(rate * output_stride for rate in rates)
    belong_to = [other for other, there in spacings.items() if there in SPACINGS]
    if here in SPACINGS or not belong_to:
        return
    other = belong_to[0]
    fitting = tuple(max(1, pixels // output_stride) for pixels in spacings[other])
    warnings.warn(
        f"rates={tuple(rates)} belong to output stride {other}, where their taps lie "
        f"{', '.join(map(str, spacings[other]))} pixels apart. At output stride {output_stride} "
        f"they lie {', '.join(map(str, here))} pixels apart. Give rates={fitting}, or a backbone "
        f"of output stride {other}.",
        stacklevel=3,
    )
