"""Relations between cells: the one place where the arithmetic of convolutions lives. NumPy only."""

from segviz.relations.sizes import CONVOLUTION, TRANSPOSED_CONVOLUTION, pair, per_axis
from segviz.relations.taps import (
    NOTHING,
    Relation,
    conv_matrix,
    convolution,
    grid,
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
    "grid",
    "pair",
    "per_axis",
    "transposed_convolution",
    "zero_insertion",
]
