"""Relations between cells: the one place where the arithmetic of convolutions lives. NumPy only."""

from segviz.relations.sizes import (
    CONVOLUTION,
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
    "TRANSPOSED_CONVOLUTION",
    "Relation",
    "ZeroInsertion",
    "conv_matrix",
    "convolution",
    "convolution_size",
    "grid",
    "listed",
    "pair",
    "per_axis",
    "transposed_convolution",
    "transposed_convolution_size",
    "zero_insertion",
]
