"""Resize, then convolve: nearest-neighbour enlargement and a convolution of stride 1, as one.

It enlarges as a transposed convolution does, but every output cell gets the same number of
products. (Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts", Distill.)
"""

from segviz.relations.sizes import pair
from segviz.relations.taps import Relation, taps_on_axis
from segviz.relations.upsampling import nearest


def resize_convolution(input_size, kernel_size, factor) -> Relation:
    """The taps of `conv2d(interpolate(input, scale_factor=factor), kernel, padding="same")`.

    Parameters are integers or pairs (rows, columns), one channel each. Grids: input, resized,
    kernel, output; the last is as large as resized. An input cell and an output cell may meet in
    several taps, one for each weight that falls on a copy of the input cell.
    """
    sizes, kernels = pair(input_size, "input_size"), pair(kernel_size, "kernel_size")
    factors = pair(factor, "factor")
    enlarged = tuple(size * times for size, times in zip(sizes, factors, strict=True))
    resize = nearest(sizes, enlarged)
    axes = tuple(
        _on_axis(resize.axes[axis]["input"], kernels[axis]) for axis in range(len(enlarged))
    )
    grids = {"input": sizes, "resized": enlarged, "kernel": kernels, "output": enlarged}
    return Relation(grids, axes)


def _on_axis(copied_from, kernel_size: int):
    taps = taps_on_axis(
        len(copied_from),
        input_size=len(copied_from),
        kernel_size=kernel_size,
        stride=1,
        padding=(kernel_size - 1) // 2,  # torch's "same" puts the odd zero at the end
        dilation=1,
    )
    resized = taps.pop("input")
    return {"input": copied_from[resized], "resized": resized, **taps}
