"""Layers along one axis: which positions of its input does every output cell read?

A position is the index of an input cell. It may lie outside of the input: there a layer reads
padding, or whatever its `edge` puts in the place. Positions are therefore also known for outputs
that do not exist, to the left of the first and to the right of the last, which is how a field is
followed beyond an image's border.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor, gcd

import numpy as np

from segviz.relations.taps import NOTHING, taps_on_axis

ABSENT = np.iinfo(np.int64).min // 4  # stands where an output reads fewer cells than others do


def nothing(positions: np.ndarray, cells: int) -> np.ndarray:
    """Outside of the input stand zeros."""
    return np.where((positions >= 0) & (positions < cells), positions, NOTHING)


def nearest_cell(positions: np.ndarray, cells: int) -> np.ndarray:
    """Outside of the input its outermost cells are repeated."""
    return np.where(positions == ABSENT, NOTHING, np.clip(positions, 0, cells - 1))


def mirrored(positions: np.ndarray, cells: int) -> np.ndarray:
    """Outside of the input stands its mirror image, the outermost cell not repeated."""
    folded = np.abs(positions)
    return np.where(positions == ABSENT, NOTHING, cells - 1 - np.abs(cells - 1 - folded))


@dataclass(frozen=True)
class Window:
    """A convolution, a pooling; with a kernel of one cell and a padding, a pad or a crop.

    cells: number of outputs; edge: what stands outside of the input.
    """

    cells: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    edge: Callable = nothing

    every = 1  # outputs that are `every` apart read positions that are `advance` apart

    @property
    def advance(self) -> int:
        return self.stride

    def positions(self, count: int) -> np.ndarray:
        """What outputs 0 to count - 1 read, integer array (count, taps)."""
        taps = taps_on_axis(
            count,
            input_size=count * self.stride + self.dilation * self.kernel_size,  # no end in sight
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=0,
            dilation=self.dilation,
        )
        return taps["input"].reshape(count, self.kernel_size) - self.padding


@dataclass(frozen=True)
class Spread:
    """A transposed convolution, or the un-pooling of such windows.

    Parameters as for `Window`, seen from the output down to the input.
    """

    cells: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    advance = 1
    edge = staticmethod(nothing)

    @property
    def every(self) -> int:
        return self.stride

    def positions(self, count: int) -> np.ndarray:
        """What outputs 0 to count - 1 read, integer array (count, kernel cells), or ABSENT."""
        reach = self.dilation * (self.kernel_size - 1)
        before = reach // self.stride + 1  # inputs in front of cell 0 that reach output 0
        down = taps_on_axis(
            before + (count + self.padding) // self.stride + 1,
            input_size=count,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding + before * self.stride,
            dilation=self.dilation,
        )
        positions = np.full((count, self.kernel_size), ABSENT)
        positions[down["input"], down["kernel"]] = down["output"] - before
        return positions


@dataclass(frozen=True)
class Adaptive:
    """Pooling to a given number of cells (`torch.nn.AdaptiveAvgPool2d`): windows of any size."""

    cells: int
    input_cells: int

    edge = staticmethod(nothing)

    @property
    def every(self) -> int:
        return self.cells // gcd(self.cells, self.input_cells)

    @property
    def advance(self) -> int:
        return self.input_cells // gcd(self.cells, self.input_cells)

    def positions(self, count: int) -> np.ndarray:
        output = np.arange(count)
        first = output * self.input_cells // self.cells
        end = -(-(output + 1) * self.input_cells // self.cells)
        positions = first[:, None] + np.arange((end - first).max())
        return np.where(positions < end[:, None], positions, ABSENT)


@dataclass(frozen=True)
class Nearest:
    """Nearest-neighbour interpolation: output o copies cell floor(o * ratio), or, if `exact`
    (mode "nearest-exact"), floor((o + 1/2) * ratio).

    ratio: input cells per output cell, in single precision: its rounding decides which cell torch
    copies, whatever the type of the tensor.
    """

    cells: int
    ratio: np.float32
    exact: bool = False

    edge = staticmethod(nearest_cell)

    @property
    def _fraction(self) -> Fraction:
        return Fraction(float(self.ratio)).limit_denominator(max(self.cells, 1000))

    @property
    def every(self) -> int:
        return self._fraction.denominator

    @property
    def advance(self) -> int:
        return self._fraction.numerator

    def positions(self, count: int) -> np.ndarray:
        output, half = np.arange(count).astype(np.float32), np.float32(0.5)
        if self.exact:  # there and back by half a cell, as torch does it, for the rounding
            source = (output + half) * self.ratio - half + half
        else:
            source = output * self.ratio
        return np.floor(source).astype(np.int64)[:, None]


@dataclass(frozen=True)
class Interpolation:
    """Linear or cubic interpolation: output o lies at ratio * o + offset between the cells.

    reach: how many cells on either side are weighed: 1 linear, 2 cubic. A cell whose weight is
    zero, as all others' is where an output lies on a cell, is not read. The arithmetic is exact.
    """

    cells: int
    ratio: Fraction
    offset: Fraction
    reach: int

    edge = staticmethod(nearest_cell)

    @classmethod
    def between(cls, cells, input_cells, reach, align_corners=False, scale=None):
        """From the parameters of `torch.nn.functional.interpolate`; scale is its scale_factor."""
        if align_corners:
            ratio = Fraction(input_cells - 1, cells - 1) if cells > 1 else Fraction(0)
            return cls(cells, ratio, Fraction(0), reach)
        ratio = ratio_of(cells, input_cells, scale)
        return cls(cells, ratio, (ratio - 1) / 2, reach)

    @property
    def every(self) -> int:
        return self.ratio.denominator

    @property
    def advance(self) -> int:
        return self.ratio.numerator

    def positions(self, count: int) -> np.ndarray:
        common = self.ratio.denominator * self.offset.denominator
        where = np.arange(count) * int(self.ratio * common) + int(self.offset * common)
        cell, fraction = np.divmod(where, common)
        positions = cell[:, None] + np.arange(1 - self.reach, self.reach + 1)
        positions[fraction == 0] = ABSENT  # it lies on a cell, and that one alone has a weight
        positions[fraction == 0, self.reach - 1] = cell[fraction == 0]
        return positions


@dataclass(frozen=True)
class Antialiased:
    """Linear or cubic interpolation whose kernel widens when it shrinks an image (antialias=True).

    Cell i has a weight where |i + 1/2 - centre| / max(ratio, 1) is smaller than `reach` and, for
    the cubic kernel, is not 1, where that kernel is zero.
    """

    cells: int
    ratio: Fraction
    reach: int

    edge = staticmethod(nothing)

    @property
    def every(self) -> int:
        return self.ratio.denominator

    @property
    def advance(self) -> int:
        return self.ratio.numerator

    def positions(self, count: int) -> np.ndarray:
        scale = max(self.ratio, Fraction(1))
        common = 2 * self.ratio.denominator
        centre = (2 * np.arange(count) + 1) * int(self.ratio * common // 2)  # times `common`
        first = centre // common - floor(self.reach * scale) - 1
        positions = first[:, None] + np.arange(2 * floor(self.reach * scale) + 4)
        distance = np.abs(positions * common + common // 2 - centre[:, None])
        unit = int(scale * common)
        return np.where((distance < self.reach * unit) & (distance != unit), positions, ABSENT)


def ratio_of(cells: int, input_cells: int, scale: float | None = None) -> Fraction:
    """Input cells per output cell, from a scale factor where one was given."""
    if scale:
        return 1 / Fraction(scale).limit_denominator(10**6)
    return Fraction(input_cells, cells)
