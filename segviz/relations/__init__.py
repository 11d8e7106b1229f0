"""Relations between cells: the one place where the arithmetic of convolutions lives. NumPy only."""

from segviz.relations.cross_entropy import (
    cross_entropy_gradient,
    exponentials,
    log_softmax,
    mean_over_labelled,
    one_hot,
    pixel_cross_entropy,
    pixel_weights,
    softmax,
)
from segviz.relations.padded_convolution import (
    padded_convolution,
    same_padding,
    without_padding,
)
from segviz.relations.scores import (
    confusion,
    confusion_entry,
    dice,
    iou,
    mean_over_classes,
    pixel_accuracy,
    soft_confusion,
    tp_fp_fn,
)
from segviz.relations.sizes import (
    CONVOLUTION,
    PADDED_CONVOLUTION,
    TRANSPOSED_CONVOLUTION,
    convolution_size,
    pair,
    per_axis,
    transposed_convolution_size,
)
from segviz.relations.taps import (
    NOTHING,
    Relation,
    conv_matrix,
    convolution,
    grid,
    listed,
    transposed_convolution,
)
from segviz.relations.zero_insertion import ZeroInsertion, zero_insertion

__all__ = [
    "CONVOLUTION",
    "NOTHING",
    "PADDED_CONVOLUTION",
    "TRANSPOSED_CONVOLUTION",
    "Relation",
    "ZeroInsertion",
    "confusion",
    "confusion_entry",
    "conv_matrix",
    "convolution",
    "convolution_size",
    "cross_entropy_gradient",
    "dice",
    "exponentials",
    "grid",
    "iou",
    "listed",
    "log_softmax",
    "mean_over_classes",
    "mean_over_labelled",
    "one_hot",
    "padded_convolution",
    "pair",
    "per_axis",
    "pixel_accuracy",
    "pixel_cross_entropy",
    "pixel_weights",
    "same_padding",
    "soft_confusion",
    "softmax",
    "tp_fp_fn",
    "transposed_convolution",
    "transposed_convolution_size",
    "without_padding",
    "zero_insertion",
]
