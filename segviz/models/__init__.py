"""Networks that reach from an image to one score for every class at every pixel.

One architecture per file, each written to be read beside its paper. The blocks they share are
public, because the notebooks build the networks with them step by step.
"""

from .backbones import AtrousBackbone, MobileNetV2, ResNet50, atrous_conv
from .blocks import (
    DecoderBlock,
    DecoderBlockWithoutSkip,
    DoubleConv,
    LightDecoderBlock,
    SingleConv,
    ValidDecoderBlock,
    ValidDoubleConv,
    conv_norm_relu,
    conv_relu,
    fit_to,
    upsample,
    vgg_stages,
)
from .classifier import Classifier, ScoreMap, classifier_to_fcn
from .deeplab import (
    ASPP,
    DeepLabDecoder,
    DeepLabV3Plus,
    ImagePooling,
    LenientBatchNorm2d,
    separable_conv,
)
from .fcn import FCN, bilinear_deconvolution
from .segnet import SegNet, unpool_with_indices, unpool_without_indices
from .summary import Summary, summary
from .unet import UNet

__all__ = [
    "ASPP",
    "FCN",
    "AtrousBackbone",
    "Classifier",
    "DecoderBlock",
    "DecoderBlockWithoutSkip",
    "DeepLabDecoder",
    "DeepLabV3Plus",
    "DoubleConv",
    "ImagePooling",
    "LenientBatchNorm2d",
    "LightDecoderBlock",
    "MobileNetV2",
    "ResNet50",
    "ScoreMap",
    "SegNet",
    "SingleConv",
    "Summary",
    "UNet",
    "ValidDecoderBlock",
    "ValidDoubleConv",
    "atrous_conv",
    "bilinear_deconvolution",
    "classifier_to_fcn",
    "conv_norm_relu",
    "conv_relu",
    "fit_to",
    "separable_conv",
    "summary",
    "unpool_with_indices",
    "unpool_without_indices",
    "upsample",
    "vgg_stages",
]
