"""One network's row in the picture: its layers, what a unit reads, how strongly, and its units."""

from functools import cached_property, lru_cache

import numpy as np

from segviz.explainers.layout import by
from segviz.explainers.overlay import Overlay
from segviz.fields.effective import LUO_THRESHOLD
from segviz.networks_explained.watched import PLACES
from segviz.scenes import Board, Label, address

SIDE = 270  # of an image in the picture, its longer side
ROW = SIDE + 76  # from one network to the next
LIST, THEORY, STRENGTH, UNITS = 12, 206, 492, 778  # where the boards begin
LINE = 20  # height of a layer in the list
FINE = 448  # pixels of an overlay along its longer side, at least
HEAT = 128  # pixels of the heat along its longer side, at most
DARK = (16, 16, 24)
NOT_READ = 0.72  # how much of the photograph is hidden where nothing is read
# from no effect to the strongest: dark violet to pale yellow, in order for colour-blind eyes too
GLOW = np.array([(10, 6, 24), (96, 22, 92), (214, 84, 52), (240, 168, 40), (255, 244, 170)])
LEVELS = 32
CHOSEN = "class-2"  # the colour of the layer and the unit that are shown
LUO = f"{LUO_THRESHOLD:.2%}".replace("%", " %")
DECADES = 4  # of the logarithmic scale


class Panel:
    """number: of the network, from 1; parameter: the name of its layer's slider; place: (row,
    column) of the unit among those shown."""

    def __init__(self, watched, picture, number, parameter, layer, place, logarithmic, top):
        self.watched, self.picture, self.number = watched, picture, number
        self.parameter = parameter
        self.layer, self.place, self.logarithmic = layer, place, logarithmic
        self.field = watched.layers[layer]
        self.unit = watched.unit(layer, *place)
        self.effective = watched.effective(layer, self.unit)
        self.top = top

    # The relation

    @property
    def grids(self) -> dict[str, tuple[int, int]]:
        return {self._units: (PLACES, PLACES), self._tiles: self.watched.tiles}

    @property
    def _units(self) -> str:
        return f"units_{self.number}"

    @property
    def _tiles(self) -> str:
        return f"tiles_{self.number}"

    @cached_property
    def _reached(self) -> np.ndarray:
        return self.watched.reached(self.layer)

    @property
    def separate_taps(self) -> tuple[dict, dict] | None:
        """The taps on rows and on columns, of which the whole is the product, if it is one."""
        rows, columns = self._reached.any((1, 3)), self._reached.any((0, 2))  # (places, tiles)
        product = rows[:, None, :, None] & columns[None, :, None, :]
        if not np.array_equal(product, self._reached):
            return None
        return tuple(
            dict(zip(self.grids, np.nonzero(reached), strict=True)) for reached in (rows, columns)
        )

    @property
    def taps(self) -> dict[str, np.ndarray]:
        """One by one, with the flat indices of unit and tile."""
        a, b, down, across = np.nonzero(self._reached)
        return {
            self._units: a * PLACES + b,
            self._tiles: down * self.watched.tiles[1] + across,
        }

    # What is said

    @property
    def _name(self) -> str:
        return self.watched.name(self.layer)

    @property
    def call(self) -> str:
        row, column = self.unit
        return f"torch.autograd.grad({self._name}[0, :, {row}, {column}].sum(), image)"

    @cached_property
    def _pixels(self) -> int:
        return int(self.field.cells(*self.unit).sum())

    @cached_property
    def _effect(self) -> str:
        """How the unit's effect spreads, in words."""
        if self.effective.is_dead:
            return "no gradient arrives: all ReLUs on the way are off"
        return (
            f"half of its effect lies within {self.effective.radius_of(0.5):.0f} pixels, and"
            f" {self.effective.area():,} pixels have more than {LUO} of the strongest"
        )

    @property
    def _lines(self) -> list[str]:
        """The unit in numbers, as short as there is room for."""
        field, effective = self.field, self.effective
        lines = [
            f"field {_pair(field.size)}, stride {_pair(field.stride)}",
            f"{self._pixels:,} px, {_share(field.coverage_of(*self.unit))} of the box",
        ]
        if effective.is_dead:
            return [*lines, "no gradient arrives:", "all ReLUs on the way are off"]
        return [
            *lines,
            f"half the effect: within {effective.radius_of(0.5):.0f} px",
            f"above {LUO}: {effective.area():,} px",
        ]

    @property
    def told(self) -> str:
        """For readers who do not see the picture."""
        field = self.field
        return (
            f"{self.watched.title}, {self._name}, unit {list(self.unit)} of"
            f" {by(field.positions)}: its field is {_pair(field.size)} pixels,"
            f" {self._pixels:,} pixels reach it; {self._effect}."
        )

    # What is shown

    @property
    def boards(self) -> tuple[Board, ...]:
        return self._list, self._theory, self._strength, self._places

    @property
    def _list(self) -> Board:
        watched = self.watched
        names = [watched.name(n) for n in range(len(watched.layers))]
        here = [[CHOSEN if n == self.layer else "index"] for n in range(len(names))]
        return Board(
            f"layers_{self.number}",
            "layers, from the image on",
            np.zeros((len(names), 1)),
            {},
            np.array(here, object),
            (LIST, self.top + 22),
            (THEORY - LIST - 18, LINE),
            tuple(_of_layer(watched.name(n), field) for n, field in enumerate(watched.layers)),
            texts=tuple(name if len(name) <= 22 else f"…{name[-21:]}" for name in names),
            sets=(self.parameter,),
        )

    @property
    def _theory(self) -> Board:
        tiles = self.watched.tiles
        rows, columns = (
            [_span(np.flatnonzero(self.watched.tile_of(axis) == n)) for n in range(tiles[axis])]
            for axis in (0, 1)
        )
        counts = self._reached.sum((0, 1))  # (tiles down, tiles across)
        return self._over_image(
            self._tiles,
            f"{self._name}: what unit {list(self.unit)} reads",
            THEORY,
            _theory_overlay(self.field, self.unit),
            tuple(
                f"Image rows {row}, columns {column}: read by {counts[i, j]} of the"
                f" {PLACES * PLACES} units shown."
                for i, row in enumerate(rows)
                for j, column in enumerate(columns)
            ),
            tiles,
            {self._tiles: np.arange(np.prod(tiles)).reshape(tiles)},
        )

    @property
    def _strength(self) -> Board:
        scale = f"log, {DECADES} decades" if self.logarithmic else "linear"
        return self._over_image(
            f"strength_{self.number}",
            f"how strongly ({scale})",
            STRENGTH,
            _heat_overlay(self.effective, self.logarithmic),
            (f"By gradient, on unit {list(self.unit)} of {self._name}: {self._effect}.",),
            (1, 1),
            {},
        )

    def _over_image(self, name, title, left, overlay, says, grid, columns) -> Board:
        height, width = (SIDE * size / max(self.watched.size) for size in self.watched.size)
        return Board(
            name,
            title,
            np.zeros(grid),
            columns,
            "glass",
            (left, self.top + 22),
            (width / grid[1], height / grid[0]),
            says,
            image=self.picture,
            overlay=overlay,
            figures=False,
        )

    @property
    def _places(self) -> Board:
        rows, columns = (units.tolist() for units in self.watched.units(self.layer))
        roles = np.full((PLACES, PLACES), "index", object)
        roles[self.place] = CHOSEN
        return Board(
            self._units,
            f"units of {by(self.field.positions)}: click one",
            np.zeros((PLACES, PLACES)),
            {self._units: np.arange(PLACES * PLACES).reshape(PLACES, PLACES)},
            roles,
            (UNITS, self.top + 22),
            (26, 26),
            tuple(
                _of_unit(self.field, int(row), int(column)) for row in rows for column in columns
            ),
            figures=False,
            sets=("row", "column"),
        )

    @property
    def labels(self) -> tuple[Label, ...]:
        below = self.top + 22 + SIDE + 20
        return (
            Label(self.watched.title, LIST, self.top - 12, "formula"),
            Label("bright: what it reads; frame: its box", THEORY, below, "title"),
            Label("yellow: the strongest; dark: no effect", STRENGTH, below, "title"),
            *(
                Label(line, UNITS, self.top + 22 + 26 * PLACES + 22 + 19 * n, "title")
                for n, line in enumerate(self._lines)
            ),
        )


def _of_layer(name: str, field) -> str:
    return (
        f"{name} ({field.kind}): field {_pair(field.size)}, stride {_pair(field.stride)}, padding"
        f" {_pair(field.padding)}; {by(field.positions)} units."
    )


@lru_cache(maxsize=8192)
def _of_unit(field, row: int, column: int) -> str:
    box, pixels = field.box(row, column), int(field.cells(row, column).sum())
    if not pixels:
        return f"Unit [{row}, {column}]: no pixel of the image reaches it."
    return (
        f"Unit [{row}, {column}]: its box is rows {_signed(box.top)}…{box.bottom - 1}, columns"
        f" {_signed(box.left)}…{box.right - 1}; {pixels:,} pixels reach it,"
        f" {_share(field.coverage_of(row, column))} of the box within the image."
    )


def _span(pixels: np.ndarray) -> str:
    return f"{pixels[0]}…{pixels[-1]}"


def _signed(number: int) -> str:
    return str(number).replace("-", "−")


def _share(part: float) -> str:
    """Nearly all is not all."""
    return "more than 99 %" if 0.99 < part < 1 else f"{100 * part:.0f} %"


def _pair(values) -> str:
    """427, or 427×300 where the axes differ."""
    one, two = (f"{value:.4g}" for value in values)
    return one if one == two else f"{one}×{two}"


@lru_cache(maxsize=1024)
def _theory_overlay(field, unit) -> str:
    """What does not reach the unit is dark; a frame around the part of its box in the image."""
    rows, columns = field.input_size
    over = Overlay(rows, columns, max(1, -(-FINE // max(rows, columns))))
    reached = field.cells(*unit).repeat(over.scale, 0).repeat(over.scale, 1)
    over.pixels[~reached] = (*DARK, round(255 * NOT_READ))
    box = field.box(*unit, clipped=True)
    if all(box.size):
        over.box((box.left, box.top, box.right - 1, box.bottom - 1), "input", line=4)
    return over.address()


@lru_cache(maxsize=1024)
def _heat_overlay(effective, logarithmic: bool) -> str:
    heat = effective.heat_in_decades(DECADES) if logarithmic else effective.heat
    heat = _smaller(heat)
    level = np.round(heat / (heat.max() or 1) * (LEVELS - 1)) / (LEVELS - 1) * (len(GLOW) - 1)
    colours = np.stack(
        [np.interp(level, range(len(GLOW)), channel) for channel in GLOW.T], axis=-1
    )  # (rows, columns, 3)
    return address(np.insert(colours.round(), 3, 200, axis=-1).astype(np.uint8))


def _smaller(heat: np.ndarray) -> np.ndarray:
    """Means over blocks, where there are more pixels than the picture shows."""
    block = -(-max(heat.shape) // HEAT)
    if block == 1:
        return heat
    rows, columns = (range(0, size, block) for size in heat.shape)
    sums = np.add.reduceat(np.add.reduceat(heat, rows, 0), columns, 1)
    down, across = (
        np.diff([*starts, size]) for starts, size in zip((rows, columns), heat.shape, strict=True)
    )
    return sums / np.outer(down, across)
