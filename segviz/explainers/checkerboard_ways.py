"""The two ways to enlarge that are compared: stamping, and resizing with a convolution after it."""

from dataclasses import dataclass

import numpy as np

from segviz.relations import Relation, resize_convolution, transposed_convolution

MOST = 21  # cells on an axis of the output; more would be too small to read
PERIODS = 1  # of the pattern, at least, to be seen inside, if there is room


@dataclass(frozen=True)
class Way:
    """One of the two ways to enlarge.

    name: of its board and its grid. taps: in the plane. rows, columns: along one axis each, as
    relations of one row. sides: per axis, the output cells (slice) that no border touches.
    """

    name: str
    taps: Relation
    rows: Relation
    columns: Relation
    sides: tuple[slice, slice]

    @property
    def counts(self) -> np.ndarray:
        """How many taps reach each output cell, (rows, columns)."""
        return _counted(self.taps)

    def along(self, axis: int) -> np.ndarray:
        """How many reach each output cell along one axis."""
        return _counted((self.rows, self.columns)[axis])[0]


def enough(kernel_size: int, stride: int) -> int:
    """Input cells whose stamps show an inner part of a few strides, if there is room for it."""
    wanted = PERIODS + 1 - (2 - kernel_size) // stride  # (n - 1)·s - k + 2 inner cells >= PERIODS·s
    return max(2, min(max(wanted, 4), (MOST - kernel_size) // stride + 1))


def two_ways(values, input_size, kernel_size, stride) -> tuple[Way, Way]:
    """The transposed convolution, and the resizing with a convolution after it."""

    def stamps(size, kernel, step):
        return transposed_convolution(size, kernel, stride=step)

    def inner(axis):
        kernel, last = axis["kernel_size"], (axis["input_size"] - 1) * axis["stride"]
        before = (kernel - 1) // 2  # the cells of a centred kernel before its middle
        end = axis["input_size"] * axis["stride"] - (kernel - 1 - before)
        return slice(kernel - 1, last + 1), slice(before, end)

    sides = list(zip(*map(inner, values), strict=True))  # for each way (rows, columns)
    return tuple(
        Way(
            name,
            make(input_size, kernel_size, stride),
            *(
                make(*((1, axis[key]) for key in ("input_size", "kernel_size", "stride")))
                for axis in values
            ),
            side,
        )
        for name, make, side in zip(
            ("transposed", "resized"), (stamps, resize_convolution), sides, strict=True
        )
    )


def _counted(taps: Relation) -> np.ndarray:
    return taps.apply(np.ones(taps.sizes["input"]), np.ones(taps.sizes["kernel"]))
