"""A relation on one image axis, laid into the dimensions of a tensor.

Every element of the tensor points to a cell of a `Reach`. What merely moves elements about (views,
slices, permutations) moves the pointers, by torch's own operator, and the reach stays as it is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segviz.relations.reach import Reach
from segviz.relations.taps import NOTHING


@dataclass(frozen=True, eq=False)
class Placed:
    """reach: the cells pointed to. pointer: int array with as many dimensions as the tensor, of
    size 1 along those where it does not change. home: the dimension that carries the image's axis
    by itself (also where it has one cell), or None where several do, or none."""

    reach: Reach | None
    pointer: np.ndarray
    home: int | None

    @classmethod
    def along(cls, reach: Reach, home: int, ndim: int) -> "Placed":
        """Cell j of the reach at index j of dimension `home`."""
        shape = [1] * ndim
        shape[home] = reach.cells
        return cls(reach, np.arange(reach.cells).reshape(shape), home)

    @classmethod
    def counting(cls, count: int, home: int, ndim: int) -> "Placed":
        """A dimension's own indices, which relate to no image."""
        shape = [1] * ndim
        shape[home] = count
        return cls(None, np.arange(count).reshape(shape), home)

    @classmethod
    def pointing(cls, reach: Reach, pointer: np.ndarray, hint: int | None = None) -> "Placed":
        """With the home read from the pointers; `hint` where they are all one and cannot say."""
        changing = [dim for dim, size in enumerate(pointer.shape) if size > 1]
        if len(changing) == 1:
            return cls(reach, pointer, changing[0])
        return cls(reach, pointer, None if changing else hint)

    @cached_property
    def dims(self) -> frozenset[int]:
        """The dimensions along which it changes."""
        return frozenset(dim for dim, size in enumerate(self.pointer.shape) if size > 1)

    @cached_property
    def straight(self) -> Reach:
        """The reach of the cells along `home`, in the tensor's order."""
        pointers = self.pointer.ravel()
        if len(pointers) == self.reach.cells and (pointers == np.arange(len(pointers))).all():
            return self.reach
        return self.reach.take(pointers)

    def spread(self, home: int, size: int) -> "Placed":
        """The same, with `size` cells along `home` where it did not change before."""
        if self.home == home and self.pointer.shape[home] == size:
            return self
        pointer = np.broadcast_to(self.pointer, _with(self.pointer.shape, home, size))
        return Placed(self.reach, pointer, home)

    @cached_property
    def sets(self) -> np.ndarray:
        """The bits of the image cells that every element points to, uint64 (..., words)."""
        return self.reach.sets[self.pointer]

    def within(self, other: "Placed") -> bool:
        """Whether each element's cells are among those of the same element of the other."""
        return self is other or not (self.sets & ~other.sets).any()

    def union(self, other: "Placed") -> "Placed":
        """Element by element, the cells of either."""
        if self is other:
            return self
        home = other.home if self.home is None else self.home
        if home is not None and self._lies_on(home) and other._lies_on(home):
            size = max(self.pointer.shape[home], other.pointer.shape[home])
            one, two = self.spread(home, size), other.spread(home, size)
            reach = one.straight | two.straight
            if reach is one.straight:
                return one
            return two if reach is two.straight else Placed.along(reach, home, self.pointer.ndim)
        return self._union_of_any(other)

    def _lies_on(self, home: int) -> bool:
        return self.dims <= {home} and self.home in (home, None)

    def _union_of_any(self, other: "Placed") -> "Placed":
        mine, theirs = np.broadcast_arrays(self.pointer, other.pointer)
        both = np.stack([mine.ravel(), theirs.ravel()], axis=1)
        pairs, pointer = np.unique(both, axis=0, return_inverse=True)
        reach = self.reach.gathered(pairs[:, :1]) | other.reach.gathered(pairs[:, 1:])
        return Placed.pointing(reach, pointer.reshape(mine.shape))

    def pooled(self, dim: int) -> "Placed":
        """The union of all elements along a dimension, which keeps one cell there."""
        last = np.moveaxis(self.pointer, dim, -1)
        rest = last.shape[:-1]
        if last.size == last.shape[-1]:  # nothing is left that changes: the whole axis is mixed
            reach = self.reach.mixed_up(last.ravel())
        else:
            reach = self.reach.gathered(last.reshape(-1, last.shape[-1]))
        pointer = np.expand_dims(np.arange(reach.cells).reshape(rest), dim)
        return Placed.pointing(reach, pointer)

    def first(self, dim: int) -> "Placed":
        """The first element along a dimension, which keeps one cell there."""
        if dim not in self.dims:
            return self
        return Placed.pointing(self.reach, self.pointer.take([0], axis=dim), self.home)

    def only(self, dim: int, indices) -> "Placed":
        """The union over some indices along a dimension, which keeps one cell there."""
        some = Placed.pointing(self.reach, self.pointer.take(indices, axis=dim))
        return some.ended() if len(indices) == 1 and some.dims else some.pooled(dim)

    def through(self, step, dim: int, follow) -> "Placed":
        """One layer further on along a dimension; follow(reach, step) composes, and remembers."""
        if self.home == dim:
            return Placed.along(follow(self.straight, step), dim, self.pointer.ndim)
        read = step.edge(step.positions(step.cells), self.pointer.shape[dim])  # (outputs, taps)
        last = np.moveaxis(self.pointer, dim, -1)
        groups = np.where(read == NOTHING, NOTHING, last[..., read])  # (..., outputs, taps)
        reach = self.reach.gathered(groups.reshape(-1, groups.shape[-1]))
        pointer = np.moveaxis(np.arange(reach.cells).reshape(groups.shape[:-1]), -1, dim)
        return Placed.pointing(reach, pointer)

    def masked(self, mask: np.ndarray) -> "Placed":
        """Nothing reaches the elements where the mask (bool, it broadcasts) is false."""
        return Placed.pointing(self.reach, np.where(mask, self.pointer, NOTHING), self.home)

    def lifted(self, ndim: int) -> "Placed":
        """With dimensions of size 1 put in front, as broadcasting does."""
        more = ndim - self.pointer.ndim
        if not more:
            return self
        pointer = self.pointer.reshape((1,) * more + self.pointer.shape)
        return Placed(self.reach, pointer, None if self.home is None else self.home + more)

    def settled(self, shape) -> "Placed":
        """In a tensor of this shape, into which its own may have been broadcast."""
        if self.home is None or self.pointer.shape[self.home] == shape[self.home]:
            return self
        return Placed(self.reach, self.pointer, None)

    def off_grid(self) -> "Placed":
        """With boxes taken from the sets: elements in no grid have no border to go on beyond."""
        return Placed(self.reach.off_grid, self.pointer, self.home)

    def ended(self) -> "Placed":
        """Its boxes do not go on beyond the map."""
        return Placed(self.reach.ended(), self.pointer, self.home)


def _with(shape, dim: int, size: int) -> tuple[int, ...]:
    return (*shape[:dim], size, *shape[dim + 1 :])
