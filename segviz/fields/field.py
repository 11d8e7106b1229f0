"""The receptive field of the units of one map."""

from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple

import numpy as np

from segviz.fields.placed import Placed
from segviz.fields.sources import Product, Sources
from segviz.relations.axis_field import AxisField
from segviz.relations.reach import Reach

MAPS = (2, 3), (1, 2)  # where rows and columns are, in an output of four dimensions


class Box(NamedTuple):
    """A rectangle of image cells; bottom and right are the first cells behind it, so that
    `image[box.top:box.bottom, box.left:box.right]` cuts it out if it is clipped."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left


class Local(NamedTuple):
    """A field as it would be if no operator mixed a whole map. Pairs (rows, columns)."""

    size: tuple[int, int]
    stride: tuple[int | float, int | float]
    padding: tuple[int | None, int | None]


class Field:
    """What the units of a module's output see.

    Sizes, strides and paddings are pairs (rows, columns), counted in image cells, and do not end
    at the image's border: a map is taken to go on beyond it by its own pattern. All are None if
    the field is not known (`known`); then `unknown` names the operator and the module.

    name, kind: the module and its class. shape: of its output. input_size: of the image.
    positions: how many units there are: (rows, columns) of the map; (n,) or the like if the output
        is a list of tokens; () if it has no positions, such as a vector of class scores.
    exact: False where `cells` holds more than what reaches a unit, because too many branches with
        different fields met.
    mixers: the modules that mixed a whole map on the way here (global pooling, attention, ...).
    """

    def __init__(self, name, kind, shape, sources: Sources, input_size, axis_field=AxisField):
        self.name, self.kind = name, kind
        self.shape, self.input_size = tuple(shape), tuple(input_size)
        self.unknown, self.exact, self.mixers = sources.unknown, sources.exact, sources.mixers
        self._sources, self._axis_field = sources, axis_field

    @property
    def known(self) -> bool:
        return self.unknown is None

    # Where the units are

    @cached_property
    def dims(self) -> tuple[int, ...]:
        """The dimensions of the output that count positions: (rows, columns), if it is a map."""
        place, products = self._sources.place, self._sources.products
        homes = tuple(part.home for part in place.parts) if place else (None, None)
        if None not in homes and homes[0] != homes[1]:
            return homes
        parts = [part for product in products for part in product.parts]
        changing = frozenset().union(*(part.dims for part in parts))
        if len(self.shape) != 4:
            return tuple(sorted(changing))
        if not products:
            return MAPS[0]
        return next((dims for dims in MAPS if changing and changing <= {*dims}), self._likely_dims)

    @property
    def _likely_dims(self) -> tuple[int, ...]:
        """Where all units see the same, nothing tells rows and columns from channels. They come
        last as a rule, but some networks put the channels there, which are many."""
        fitting = [
            dims
            for dims in MAPS
            if all(self.shape[dim] <= size for dim, size in zip(dims, self.input_size, strict=True))
        ]
        return (fitting or MAPS)[0]

    @cached_property
    def _products(self) -> tuple[Product, ...]:
        """Whatever reaches any channel of a unit."""
        rest = [dim for dim in range(len(self.shape)) if dim not in self.dims]
        return tuple(product.folded for product in self._sources.pooled(rest).products)

    @cached_property
    def on_map(self) -> bool:
        """Whether the units lie in rows and columns."""
        return len(self.dims) == 2 and all(
            part.dims <= {dim}
            for product in self._products
            for part, dim in zip(product.parts, self.dims, strict=True)
        )

    @cached_property
    def positions(self) -> tuple[int, ...]:
        return tuple(self.shape[dim] for dim in self.dims)

    def index(self, position) -> tuple:
        """What picks a unit's channels from the module's output: output[field.index((2, 3))]."""
        index = [slice(None)] * len(self.shape)
        for dim, at in zip(self.dims, position, strict=True):
            index[dim] = at
        return tuple(index)

    @cached_property
    def _axes(self) -> tuple[AxisField, AxisField]:
        return tuple(
            self._axis_field(
                reduce(or_, [self._listed(p.parts[axis], axis) for p in self._products])
            )
            for axis in (0, 1)
        )

    def _listed(self, part: Placed, axis: int) -> Reach:
        """One cell for every row or column of the map, or for every position in a list."""
        if self.on_map:
            dim = self.dims[axis]
            return part.spread(dim, self.shape[dim]).straight
        shape = [self.shape[dim] if dim in self.dims else 1 for dim in range(len(self.shape))]
        return part.reach.gathered(np.broadcast_to(part.pointer, shape).reshape(-1, 1))

    # The numbers

    def _pair(self, name: str, axes=None, of_maps_only: bool = False):
        if not self.known or not self._products or (of_maps_only and not self.on_map):
            return None
        return tuple(getattr(axis, name) for axis in axes or self._axes)

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns of a unit's field; of the largest, where they differ."""
        return self._pair("size")

    @property
    def size_range(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """For rows and for columns (smallest, largest): misaligned branches make them differ."""
        return self._pair("size_range")

    @property
    def union_size(self) -> tuple[int, int] | None:
        """Size of the smallest window which, moved on by the stride, holds every unit's field."""
        return self._pair("union_size", of_maps_only=True)

    @property
    def stride(self) -> tuple[int | float, int | float] | None:
        """By how many image cells the field moves from one unit of a map to the next."""
        return self._pair("stride", of_maps_only=True)

    @property
    def padding(self) -> tuple[int | None, int | None] | None:
        """The effective padding: how far the field of unit (0, 0) begins before the image."""
        return self._pair("padding", of_maps_only=True)

    @property
    def uniform(self) -> bool | None:
        """Whether every unit has the same field, moved on by the stride."""
        uniform = self._pair("uniform")
        return None if uniform is None else self.on_map and all(uniform)

    @property
    def continues(self) -> bool | None:
        """Whether the boxes are known beyond the image's border; else they end there (after
        a roll, or windows of attention)."""
        continues = self._pair("continues")
        return None if continues is None else self.on_map and all(continues)

    @property
    def rough(self) -> bool:
        """Whether boxes that leave the image may be some cells off there: branches met whose
        strides differ a little, as they do where odd sizes were halved and doubled again."""
        return self.known and any(axis.reach.rough for axis in self._axes)

    @property
    def whole_image(self) -> bool:
        """Whether every unit sees the whole image because operators on the way mixed whole maps,
        or windows of them that in the end met."""
        return bool(self.mixers) and all(self._pair("whole") or (False,))

    @property
    def local(self) -> Local | None:
        """What the field would be without the operators that mixed whole maps; None where there
        were none, or where nothing else is left."""
        if not self.known or not any(self._pair("mixed") or ()):
            return None
        axes = [AxisField(axis.reach, with_mixing=False) for axis in self._axes]
        if any(axis.reach.boxless for axis in axes):
            return None
        return Local(*(self._pair(name, axes) for name in ("size", "stride", "padding")))

    # One unit

    def box(self, *position: int, clipped: bool = False) -> Box:
        """The rectangle from the first to the last cell of a unit's field.

        position: row and column of the unit. Unclipped, it may leave the image, and is the field
        as if the input went on; clipped, it holds exactly the cells that reach the unit, and a
        box of size (0, 0) says that none does.
        """
        self._check(position)
        if clipped or not self.on_map:
            rows, columns = self._projections(position)
            if not rows.any():
                return Box(0, 0, 0, 0)
            ends = [
                (int(found[0]), int(found[-1]) + 1)
                for found in map(np.flatnonzero, (rows, columns))
            ]
        else:
            ends = [
                (int(axis.first[index]), int(axis.last[index]) + 1)
                for axis, index in zip(self._axes, position, strict=True)
            ]
            if any(first >= end for first, end in ends):
                return Box(0, 0, 0, 0)
        (top, bottom), (left, right) = ends
        return Box(top, left, bottom, right)

    def center(self, *position: int) -> tuple[float, float]:
        """The middle of the unclipped box, (row, column); cell i of the image lies at i."""
        box = self.box(*position)
        return (box.top + box.bottom - 1) / 2, (box.left + box.right - 1) / 2

    def products(self, *position: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The cells that reach a unit, as a union of products: image rows and image columns, int
        arrays, every row with every column."""
        self._check(position)
        return [
            pair
            for product in self._products
            if all(map(len, pair := tuple(self._cells_of(p, position) for p in product.parts)))
        ]

    def cells(self, *position: int) -> np.ndarray:
        """Which cells of the image reach a unit: bool array of the image's size."""
        mask = np.zeros(self.input_size, bool)
        for rows, columns in self.products(*position):
            mask[np.ix_(rows, columns)] = True
        return mask

    def coverage_of(self, *position: int) -> float:
        """The part of the clipped box whose cells do reach the unit: 1 without holes."""
        self._check(position)
        if len(self._products) == 1 and self.on_map:
            rows, columns = self._axes
            return rows.coverage(position[0]) * columns.coverage(position[1])
        height, width = self.box(*position, clipped=True).size
        return float(self.cells(*position).sum()) / max(height * width, 1)

    @property
    def middle(self) -> tuple[int, ...]:
        """The position of the unit in the middle."""
        return tuple(count // 2 for count in self.positions)

    @property
    def coverage(self) -> float | None:
        """`coverage_of` the unit in the middle."""
        return self.coverage_of(*self.middle) if self.known else None

    def check(self, position) -> None:
        """IndexError, in a sentence, if there is no unit at this position."""
        fits = len(position) == len(self.positions) and all(
            0 <= index < count for index, count in zip(position, self.positions, strict=True)
        )
        if not fits:
            allowed = " and ".join(f"0 to {count - 1}" for count in self.positions) or "nothing"
            raise IndexError(
                f"There is no unit {tuple(position)} in {self.name or 'the output'!r}, whose shape"
                f" is {self.shape}: give {allowed}."
            )

    def _check(self, position) -> None:
        if not self.known:
            raise ValueError(f"The field of {self.name!r} is not known, because of {self.unknown}.")
        self.check(position)

    def _cells_of(self, part: Placed, position) -> np.ndarray:
        index = [0] * part.pointer.ndim
        for dim, at in zip(self.dims, position, strict=True):
            index[dim] = at if part.pointer.shape[dim] > 1 else 0
        return part.reach.cells_at(int(part.pointer[tuple(index)]))

    def _projections(self, position) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = (np.zeros(size, bool) for size in self.input_size)
        for some_rows, some_columns in self.products(*position):
            rows[some_rows] = columns[some_columns] = True
        return rows, columns

    def __repr__(self) -> str:
        from segviz.fields.table import described

        return described(self)
