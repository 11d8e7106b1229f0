"""Networks that reach from an image to one score for every class at every pixel.

One architecture per file, each written to be read beside its paper. The blocks they share are
public, because the notebooks build the networks with them step by step.
"""

from .blocks import (
    DecoderBlock,
    DecoderBlockWithoutSkip,
    DoubleConv,
    ValidDecoderBlock,
    ValidDoubleConv,
    conv_norm_relu,
    fit_to,
)
from .unet import UNet

__all__ = [
    "DecoderBlock",
    "DecoderBlockWithoutSkip",
    "DoubleConv",
    "UNet",
    "ValidDecoderBlock",
    "ValidDoubleConv",
    "conv_norm_relu",
    "fit_to",
]
