"""Receptive fields on one axis: which cells of an image's axis reach each cell of a map.

Two descriptions go side by side. The *sets* say exactly which cells of the image reach a cell of
the map, with the holes that dilation leaves, and end where the image ends. The *boxes* say from
where to where a field extends as if the input continued: the field of ResNet-50 measures 427 cells
on an image of 224, too. For them every map is thought to go on beyond its border by its own
pattern: `period` cells further on, the box has moved by `shift`.
"""

from functools import cached_property
from math import gcd, lcm

import numpy as np

from segviz.relations.steps import ABSENT
from segviz.relations.taps import NOTHING

FAR = 2**40  # low = FAR and high = -FAR: nothing reaches this cell
LONGEST_PERIOD = 4096
PERIODS_LOOKED_FOR = 16
_BITS = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


class Reach:
    """A relation between the cells of a map along one axis and the cells of the image along it.

    sets: bits, uint64 array (cells + 1, words): bit i of row j says that image cell i reaches map
        cell j. The last row is empty, so that the index NOTHING finds it.
    length: image cells.
    low, high: first and last cell of the unclipped boxes, int arrays of `cells` or, if that is
        more, `period` entries; FAR and -FAR where there is no box.
    period, shift: how the boxes go on before the first cell and after the last; period 0 where the
        map has no such pattern (after a roll, say), and its boxes end with the image.
    mixed: some operator mixed all cells of this axis (a global pooling). Then the boxes leave that
        operator out, and only the sets know of it.
    rough: the boxes of cells near the border may be off by some cells where they leave the image,
        because branches of slightly different strides met (odd sizes halved and doubled again).
    """

    def __init__(self, sets, length, low, high, period, shift, *, mixed=False, rough=False):
        self.sets, self.length = sets, length
        self.low, self.high = low, high
        self.period, self.shift = period, shift
        self.mixed, self.rough = mixed, rough

    @classmethod
    def identity(cls, length: int) -> "Reach":
        """The image itself: every cell is reached by itself."""
        cell = np.arange(length)
        sets = np.zeros((length + 1, -(-length // 64)), np.uint64)
        sets[cell, cell // 64] = np.uint64(1) << (cell % 64).astype(np.uint64)
        return cls(sets, length, cell, cell, period=1, shift=1)

    # What it says

    @property
    def cells(self) -> int:
        return len(self.sets) - 1

    @cached_property
    def matrix(self) -> np.ndarray:
        """Whether image cell i reaches map cell j, bool array (cells, length)."""
        bits = self.sets[:-1].view(np.uint8)  # (cells, bytes)
        return np.unpackbits(bits, axis=1, bitorder="little", count=self.length).astype(bool)

    def cells_at(self, index: int) -> np.ndarray:
        """The image cells that reach one map cell (NOTHING: none), int array."""
        bits = self.sets[index].view(np.uint8)
        return np.flatnonzero(np.unpackbits(bits, bitorder="little", count=self.length))

    @cached_property
    def extent(self) -> int:
        """How many pairs of an image cell and a map cell that it reaches there are."""
        return int(_BITS[self.sets.view(np.uint8)].sum())

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last image cell that reaches each cell; FAR and -FAR where none does."""
        first = self.matrix.argmax(axis=1)
        last = self.length - 1 - self.matrix[:, ::-1].argmax(axis=1)
        empty = ~self.sets[:-1].any(axis=1)
        return np.where(empty, FAR, first), np.where(empty, -FAR, last)

    @cached_property
    def firsts(self) -> np.ndarray | None:
        """For each cell the first one that is like it in every respect; None if all differ."""
        rows = np.column_stack(
            [self.sets[:-1].view(np.int64), self.low[: self.cells], self.high[: self.cells]]
        )
        _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return first[which.ravel()] if len(first) < self.cells else None

    def continued(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """low and high at any positions, also outside of the map; ABSENT gives FAR and -FAR."""
        known = len(self.low)
        if self.period:
            periods = np.where(
                positions < 0,
                positions // self.period,
                np.maximum((positions - known) // self.period + 1, 0),
            )
            inside, beyond = positions - periods * self.period, periods * self.shift
            absent = positions == ABSENT
        else:
            absent = (positions < 0) | (positions >= known)
            inside, beyond = positions, 0
        inside = np.where(absent, 0, inside)
        low, high = self.low[inside] + beyond, self.high[inside] + beyond
        return np.where(absent, FAR, low), np.where(absent, -FAR, high)

    # What it becomes

    def through(self, step) -> "Reach":
        """The fields one layer further on; step: one of `segviz.relations.steps`."""
        period, shift = self._period_after(step.every, step.advance)
        positions = step.positions(max(step.cells, period))  # (outputs, taps)
        low, high = self.continued(positions)
        read = step.edge(positions[: step.cells], self.cells)
        sets = np.zeros((step.cells + 1, self.sets.shape[1]), np.uint64)
        for tap in read.T:
            sets[:-1] |= self.sets[tap]
        return self._like(sets, low.min(axis=1), high.max(axis=1), period, shift)

    def take(self, pointers: np.ndarray) -> "Reach":
        """Cells moved about: cell j of the result is cell pointers[j] of this, or NOTHING.

        Where the pointers go on in a pattern (a crop, a pad, a flip, a pixel shuffle), the boxes
        do, too.
        """
        pattern = _pattern(pointers)
        if pattern is None:
            low, high = self.continued(np.where(pointers == NOTHING, ABSENT, pointers))
            return self._like(self.sets[np.append(pointers, NOTHING)], low, high, 0, 0)
        every, advance, start = pattern
        period, shift = self._period_after(every, advance)
        cell = np.arange(max(len(pointers), period))
        first = start[cell % every]
        moved = np.where(first == ABSENT, ABSENT, first + cell // every * advance)
        low, high = self.continued(moved)
        return self._like(self.sets[np.append(pointers, NOTHING)], low, high, period, shift)

    def gathered(self, groups: np.ndarray) -> "Reach":
        """One cell for every row of `groups`, which lists cells of this, or NOTHING.

        It has no boxes that continue: groups come from operators that follow no grid.
        """
        low, high = self.continued(np.where(groups == NOTHING, ABSENT, groups))
        sets = np.zeros((len(groups) + 1, self.sets.shape[1]), np.uint64)
        sets[:-1] = np.bitwise_or.reduce(self.sets[groups], axis=1)
        return self._like(sets, low.min(axis=1), high.max(axis=1), 0, 0)

    def ended(self) -> "Reach":
        """The same with boxes that do not go on beyond the map."""
        return self._like(self.sets, self.low[: self.cells], self.high[: self.cells], 0, 0)

    @cached_property
    def off_grid(self) -> "Reach":
        """The same with the boxes that its sets fill; with none, where the axis was mixed."""
        first, last = self.ends
        if self.mixed:
            first, last = np.full_like(first, FAR), np.full_like(last, -FAR)
        bare = self._like(self.sets, first, last, int(self.mixed), 0)
        return self if self.same(bare) else bare

    def mixed_up(self, pointers: np.ndarray) -> "Reach":
        """A single cell that these cells reach: what an operator over the whole axis leaves."""
        sets = np.zeros((2, self.sets.shape[1]), np.uint64)
        sets[0] = np.bitwise_or.reduce(self.sets[pointers], axis=0)
        nowhere = np.array([FAR])
        return Reach(sets, self.length, nowhere, -nowhere, 1, 0, mixed=True, rough=self.rough)

    def __or__(self, other: "Reach") -> "Reach":
        """What reaches a cell by either of two branches; the maps have equally many cells."""
        if other is self:
            return self
        period, shift, rough = self._common_period(other)
        cell = np.arange(max(self.cells, period))
        mine, theirs = self.continued(cell), other.continued(cell)
        union = Reach(
            self.sets | other.sets,
            self.length,
            np.minimum(mine[0], theirs[0]),
            np.maximum(mine[1], theirs[1]),
            period,
            shift,
            mixed=self.mixed or other.mixed,
            rough=self.rough or other.rough or rough,
        )
        return next((one for one in (self, other) if one.same(union)), union)

    def same(self, other: "Reach") -> bool:
        """Whether the two say the same in every respect."""
        return self is other or (
            (self.period, self.shift, self.mixed, self.rough)
            == (other.period, other.shift, other.mixed, other.rough)
            and np.array_equal(self.sets, other.sets)
            and np.array_equal(self.low, other.low)
            and np.array_equal(self.high, other.high)
        )

    def _like(self, sets, low, high, period, shift) -> "Reach":
        return Reach(
            sets, self.length, low, high, period, shift, mixed=self.mixed, rough=self.rough
        )

    def _period_after(self, every: int, advance: int) -> tuple[int, int]:
        """Outputs `every` apart see positions `advance` apart: when do they see the same again?"""
        if not self.period:
            return 0, 0
        repeats = self.period // gcd(self.period, advance)
        if every * repeats > LONGEST_PERIOD:
            return 0, 0
        return every * repeats, advance * repeats // self.period * self.shift

    def _common_period(self, other: "Reach") -> tuple[int, int, bool]:
        """period, shift, and whether it is rough, for two patterns beside each other."""
        if self.boxless or other.boxless:
            one = other if self.boxless else self
            return one.period, one.shift, False
        if not self.period or not other.period:
            return 0, 0, False
        period = lcm(self.period, other.period)
        shift = period // self.period * self.shift
        if shift == period // other.period * other.shift and period <= LONGEST_PERIOD:
            return period, shift, False
        one = min(self, other, key=lambda reach: reach.period)
        return one.period, one.shift, True

    @cached_property
    def boxless(self) -> bool:
        """Whether no cell has a box: an operator mixed the axis, or the map knows no image."""
        return bool((self.low > self.high).all())


def _pattern(pointers: np.ndarray) -> tuple[int, int, np.ndarray] | None:
    """(every, advance, start): pointer j is start[j % every] + j // every * advance, if so.

    start is ABSENT where the cells between others point to nothing, as inserted zeros do; other
    gaps (NOTHING) fit no pattern. A lone pointer is taken for a cell of a map that goes on.
    """
    if len(pointers) == 1:
        return 1, 1, np.where(pointers == NOTHING, ABSENT, pointers)
    for every in range(1, min(PERIODS_LOOKED_FOR, len(pointers) // 2) + 1):
        before, after = pointers[:-every], pointers[every:]
        pairs = (before != NOTHING) & (after != NOTHING)
        if not ((before == NOTHING) == (after == NOTHING)).all() or not pairs.any():
            continue
        advances = (after - before)[pairs]
        if (advances == advances[0]).all():
            start = pointers[:every]
            return every, int(advances[0]), np.where(start == NOTHING, ABSENT, start)
    return None
