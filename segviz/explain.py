"""The explainers as live explorers: `segviz.explain.transposed_convolution()` and its kin."""

from segviz.explainers.transposed_convolution import TRANSPOSED
from segviz.explorer import Explorer


def transposed_convolution(
    input=None,
    kernel=None,
    *,
    input_size=None,
    kernel_size=None,
    stride=None,
    dilation=None,
    output_padding=None,
    padding=None,
) -> Explorer:
    """The transposed convolution in three views: stamps, inserted zeros, and the matrix C.T.

    Starts at the lecture's example. Settings, all optional: input and kernel (grids of numbers,
    which bring their own size), input_size 2 to 5, kernel_size 1 to 5, stride 1 to 3, dilation 1 to
    2, output_padding, padding; each an integer, or a pair where rows and columns differ.
    ValueError, in a sentence, for whatever torch refuses. Cells too small for a number show their
    colour alone: pin one and step with the arrow keys to read its sentence.

    >>> explorer = transposed_convolution(stride=2)
    >>> explorer.stride = 3
    >>> explorer.save("page.html")
    """
    return Explorer(TRANSPOSED, **_given(locals()))


def _given(settings: dict) -> dict:
    return {name: value for name, value in settings.items() if value is not None}
