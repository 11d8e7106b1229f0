"""Networks that reach from an image to one score for every class at every pixel.

One architecture per file, each written to be read beside its paper. The blocks they share are
public, because the notebooks build the networks with them step by step.
"""

from .backbones import AtrousBackbone, MobileNetV2, ResNet50, atrous_conv
from .blocks import (
    DecoderBlock,
    DecoderBlockWithoutSkip,
    DoubleConv,
    ValidDecoderBlock,
    ValidDoubleConv,
    conv_norm_relu,
    fit_to,
    upsample,
)
from .deeplab import (
    ASPP,
    DeepLabDecoder,
    DeepLabV3Plus,
    ImagePooling,
    LenientBatchNorm2d,
    separable_conv,
)
from .unet import UNet

__all__ = [
    "ASPP",
    "AtrousBackbone",
    "DecoderBlock",
    "DecoderBlockWithoutSkip",
    "DeepLabDecoder",
    "DeepLabV3Plus",
    "DoubleConv",
    "ImagePooling",
    "LenientBatchNorm2d",
    "MobileNetV2",
    "ResNet50",
    "UNet",
    "ValidDecoderBlock",
    "ValidDoubleConv",
    "atrous_conv",
    "conv_norm_relu",
    "fit_to",
    "separable_conv",
    "upsample",
]
