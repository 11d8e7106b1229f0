"""The numbers by which people know a receptive field, along one axis: size, stride, padding."""

from functools import cached_property

import numpy as np

from segviz.relations.reach import Reach


class AxisField:
    """Reads a `Reach`. first, last: for every cell of the map where its field begins and ends,
    unclipped, int arrays; first > last where nothing reaches it.

    with_mixing: where an operator mixed the whole axis, the field is what the sets hold (the
        image, as a rule); without, it is what it would be if that operator were left out.
    """

    def __init__(self, reach: Reach, *, with_mixing: bool = True):
        self.reach = reach
        self.mixed = reach.mixed and with_mixing
        self._coverages: dict[int, float] = {}
        if self.mixed:
            self.first, self.last = reach.ends
        else:
            self.first, self.last = reach.low[: reach.cells], reach.high[: reach.cells]

    def coverage(self, index: int) -> float:
        """The part of the cells from the first to the last, inside of the image, that reach a cell
        of the map: 1 without holes, 0 if none does."""
        if index not in self._coverages:
            cells = self.reach.cells_at(index)
            span = cells[-1] - cells[0] + 1 if len(cells) else 1
            self._coverages[index] = len(cells) / int(span)
        return self._coverages[index]

    @cached_property
    def whole(self) -> bool:
        """Whether every cell of the map sees the whole axis of the image."""
        return bool(self.reach.matrix.all())

    @cached_property
    def reached(self) -> np.ndarray:
        """Which cells see anything at all."""
        return self.first <= self.last

    @property
    def continues(self) -> bool:
        """Whether the fields are known as if the input went on beyond its border."""
        return self.mixed or self.reach.period > 0

    @cached_property
    def sizes(self) -> np.ndarray:
        return np.where(self.reached, self.last - self.first + 1, 0)

    @property
    def size(self) -> int:
        """The largest, if they differ."""
        return int(self.sizes.max())

    @property
    def size_range(self) -> tuple[int, int]:
        return int(self.sizes.min()), self.size

    @cached_property
    def _steps(self) -> np.ndarray:
        return np.diff(self.first[self.reached])

    @cached_property
    def stride(self) -> int | float:
        """By how much the field moves from one cell of the map to the next, on average. It is
        negative after a flip, a fraction on a map that was enlarged, 0 where all fields are one."""
        if self.mixed or not self.reached.any():
            return 0
        if self.reach.period:
            return _whole_if_it_is(self.reach.shift / self.reach.period)
        first = np.flatnonzero(self.reached)
        return _whole_if_it_is(float(self._steps.sum()) / max(first[-1] - first[0], 1))

    @property
    def padding(self) -> int | None:
        """How far the field of cell 0 begins before the image; None if it has no field."""
        return -int(self.first[0]) if self.reached[0] else None

    @cached_property
    def union_size(self) -> int:
        """The size of the smallest window which, moved on by the stride, holds every field."""
        if not self.reached.any():
            return 0
        moved = np.round(np.arange(len(self.first)) * self.stride)[self.reached]
        first, last = self.first[self.reached] - moved, self.last[self.reached] - moved
        return int(last.max() - first.min()) + 1

    @cached_property
    def uniform(self) -> bool:
        """Whether the field is the same for every position: of one size, moved on by whole cells,
        with the same holes (which is seen where it lies inside of the image)."""
        if not self.reached.all() or len(set(self.sizes.tolist())) > 1:
            return False
        if (self._steps != self.stride).any():
            return False
        inside = (self.first >= 0) & (self.last < self.reach.length)
        cells = self.first[inside, None] + np.arange(self.size)  # (cells inside, size)
        patterns = np.take_along_axis(self.reach.matrix[inside], cells, axis=1)
        return bool((patterns == patterns[:1]).all())


def _whole_if_it_is(value: float) -> int | float:
    return int(value) if value == int(value) else value
