"""Enlarging without anything to learn: nearest neighbour, bilinear, bed of nails.

Each comes apart into axes. On an axis a bilinear tap carries a share, the other taps weigh 1.
"""

import numpy as np

from segviz.relations.sizes import SizeFormula, pair
from segviz.relations.taps import Relation

ENLARGED_SIZE = SizeFormula("input_size * factor")


def nearest(input_size, output_size) -> Relation:
    """The taps of `torch.nn.functional.interpolate(mode="nearest")`; grids input and output.

    Sizes are integers or pairs (rows, columns), at least 1.
    """
    sizes = _sizes(input_size=input_size, output_size=output_size)
    return Relation(sizes, tuple(map(_nearest_on_axis, sizes["input"], sizes["output"])))


def bilinear(input_size, output_size, *, align_corners=False) -> Relation:
    """The taps of `torch.nn.functional.interpolate(mode="bilinear")`; grids input and output.

    Sizes are integers or pairs (rows, columns), at least 1. An output cell has up to four taps,
    whose shares add up to 1; taps with a share of 0 are left out.
    """
    sizes = _sizes(input_size=input_size, output_size=output_size)
    on_axes = (
        _linear_on_axis(sampled_at(size, enlarged, align_corners), size)
        for size, enlarged in zip(sizes["input"], sizes["output"], strict=True)
    )
    axes, shares = zip(*on_axes, strict=True)
    return Relation(sizes, axes, shares)


def bed_of_nails(input_size, factor) -> Relation:
    """Every value in the upper left corner of its block of `factor` cells, zeros elsewhere.

    Sizes and factors are integers or pairs (rows, columns), at least 1; grids input and output.
    (Torch has no name for it: it is a transposed convolution whose kernel is a single 1.)
    """
    factors = pair(factor, "factor")
    enlarged = tuple(
        size * times for size, times in zip(pair(input_size, "input_size"), factors, strict=True)
    )
    sizes = _sizes(input_size=input_size, output_size=enlarged)
    axes = tuple(
        {"input": np.arange(size), "output": np.arange(size) * times}
        for size, times in zip(sizes["input"], factors, strict=True)
    )
    return Relation(sizes, axes)


def bilinear_kernel(factor) -> np.ndarray:
    """The kernel with which a transposed convolution of stride `factor` interpolates bilinearly.

    factor: an integer or (rows, columns). Returns float64; its size and the padding that belongs to
    it are those of `bilinear_settings`. Away from the border the result is that of `bilinear`.
    (Shelhamer, Long and Darrell 2017, "Fully convolutional networks for semantic segmentation",
    initialise their learnable upsampling with it.)
    """
    factors = pair(factor, "factor")
    rows, columns = map(_tent, factors)
    return rows[:, None] * columns / (factors[0] * factors[1])


def bilinear_settings(factor):
    """(kernel_size, padding) of the transposed convolution of stride `factor` that interpolates
    bilinearly, on one axis; integers or integer arrays."""
    return 2 * factor - factor % 2, factor // 2


def _tent(factor: int) -> np.ndarray:
    """factor - the distance to the middle, at cells one apart."""
    size, _ = bilinear_settings(factor)
    return factor - np.abs(np.arange(size) - (size - 1) / 2)


def sampled_at(input_size: int, output_size: int, align_corners: bool) -> np.ndarray:
    """Where on the input's axis bilinear interpolation reads every output cell, float (outputs,).

    Position 1.25 lies a quarter of the way from cell 1 to cell 2. With align_corners the centres of
    the outermost cells fall on each other; without, the outer edges do, and what then lies before
    the first centre or behind the last is read there. (torch.nn.functional.interpolate.)
    """
    output = np.arange(output_size)
    if align_corners:
        return output * (input_size - 1) / max(output_size - 1, 1)
    centres = (output + 0.5) * input_size / output_size - 0.5
    return np.clip(centres, 0, input_size - 1)


def _sizes(**given) -> dict[str, tuple[int, int]]:
    """Grid name -> (rows, columns)."""
    sizes = {name: pair(size, name) for name, size in given.items()}
    for name, size in sizes.items():
        if min(size) < 1:
            raise ValueError(f"{name} is {size}: an image has at least one row and one column.")
    return {name.removesuffix("_size"): size for name, size in sizes.items()}


def _nearest_on_axis(size: int, enlarged: int) -> dict[str, np.ndarray]:
    output = np.arange(enlarged)
    # in single precision, as in torch, which for some sizes lands one cell before ⌊o·n/m⌋
    cell = np.floor(output.astype(np.float32) * np.float32(size / enlarged)).astype(int)
    return {"input": np.minimum(cell, size - 1), "output": output}


def _linear_on_axis(position: np.ndarray, size: int):
    output = np.arange(len(position))
    left = np.minimum(np.floor(position).astype(int), size - 1)
    right_share = position - left
    cells = np.stack([left, np.minimum(left + 1, size - 1)])  # (2, outputs)
    shares = np.stack([1 - right_share, right_share])
    kept = shares.T > 0  # (outputs, 2)
    taps = {"input": cells.T[kept], "output": np.stack([output, output]).T[kept]}
    return taps, shares.T[kept]
