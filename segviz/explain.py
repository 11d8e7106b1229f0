"""The explainers as live explorers: `segviz.explain.transposed_convolution()` and its kin."""

from segviz.explainers.transposed_convolution import TRANSPOSED
from segviz.explorer import Explorer


def transposed_convolution(**settings) -> Explorer:
    """The transposed convolution in three views: stamps, inserted zeros, and the matrix C.T.

    Starts at the lecture's example. Settings, all optional: input and kernel (grids of numbers,
    which bring their own size), input_size 2 to 5, kernel_size 1 to 5, stride 1 to 3, dilation 1 to
    2, output_padding, padding; each an integer, or a pair where rows and columns differ.
    ValueError, in a sentence, for whatever torch refuses.

    >>> explorer = transposed_convolution(stride=2)
    >>> explorer.stride = 3
    >>> explorer.save("page.html")
    """
    return Explorer(TRANSPOSED, **settings)
