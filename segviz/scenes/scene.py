"""A Scene is a picture as plain data: boards of numbers, and the relation between their cells.

It can be compared, serialised and tested without a browser. Nothing here draws.
"""

from dataclasses import dataclass

import numpy as np

from segviz.relations import Relation

NOISE = 1e-12  # a number this small is what rounding left of a zero


def number(value: float, digits: int = 4) -> str:
    """A number as a cell shows it: whole ones in full, others to four digits."""
    if not np.isfinite(value):
        return f"{value:g}"
    if abs(value) < NOISE:
        return "0"
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    if 10 ** (digits - 1) <= abs(value) < 1e15:
        return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"
    return f"{value:.{digits}g}"


def written(value: float) -> str:
    """A number as a sentence writes it: to ten digits, where a cell may have room for four."""
    return number(value, digits=10)


@dataclass(frozen=True, eq=False)
class Board:
    """A grid of numbers at a place in the picture.

    numbers: float array (rows, columns); NaN where there is nothing to show (no cell is drawn).
    columns: names of grids of the scene's relation -> integer array (rows, columns), which cell of
        that grid each cell of the board stands for; NOTHING where it stands for none.
    only: a grid of the relation; taps that meet NOTHING of it do not light this board. (A weight
        that falls on an inserted zero is used in one view and not in another.)
    role: a key of the palette, or an array (rows, columns) of keys.
    place: (x, y) of the upper left corner; cell: (width, height) of one cell, in picture units.
    says: a sentence for every cell drawn, in reading order; lead: what is put before it, where #
        stands for the cell's flat index and @ for [its row, its column].
    editable: the name of the explorer's array that typing into this board changes, or None.
    edits: row and column of the number in that array that each cell changes, integer array
        (2, rows, columns), NOTHING where it changes none; by default the one at its own place.
    paints: where not 0, the board is painted with the labels 0 to paints - 1 by dragging over it.
    image: the address of a picture to lie under the cells (see `scenes.address`); the role "glass"
        lets it show through. overlay: that of a second one, mostly transparent, to lie over it:
        lines, letters, coloured areas.
    texts: what the cells drawn show instead of their numbers, in reading order.
    figures: False where numbers would hide what the colours show; the sentences tell them.
    blocks: (rows, columns): a line after every so many, between the parts of a matrix; 0: none.
    sets: names of parameters that a click on a cell sets to the cell's row and column (or one name,
        for its row); where these are whole numbers from 0 on.
    paper: whether a board that does not draw all its cells has a white ground; without it the cells
        stand for themselves, and what lies between them is no part of it.
    """

    name: str
    title: str
    numbers: np.ndarray
    columns: dict[str, np.ndarray]
    role: str | np.ndarray
    place: tuple[float, float]
    cell: tuple[float, float]
    says: tuple[str, ...] = ()
    lead: str = ""
    editable: str | None = None
    only: str | None = None
    paints: int = 0
    image: str = ""
    overlay: str = ""
    texts: tuple[str, ...] = ()
    figures: bool = True
    edits: np.ndarray | None = None
    blocks: tuple[int, int] = (0, 0)
    paper: bool = True
    sets: tuple[str, ...] = ()

    @property
    def cells(self) -> np.ndarray:
        """Flat indices (row * width + column) of the cells that are drawn."""
        return np.flatnonzero(~np.isnan(self.numbers))

    def roles(self) -> np.ndarray:
        """The palette key of every cell, array (rows, columns)."""
        return np.broadcast_to(np.asarray(self.role, object), self.numbers.shape)

    def sentence(self, n: int) -> str:
        """What the n-th cell drawn says, with its lead, as the page writes it."""
        row, column = divmod(int(self.cells[n]), self.numbers.shape[1])
        lead = self.lead.replace("#", str(self.cells[n])).replace("@", f"[{row}, {column}]")
        return lead + self.says[n]

    def to_dict(self) -> dict:
        """Everything, as lists, numbers and strings."""
        return {
            "name": self.name,
            "title": self.title,
            "numbers": [[None if np.isnan(v) else v for v in row] for row in self.numbers.tolist()],
            "columns": {name: cells.tolist() for name, cells in self.columns.items()},
            "role": self.roles().tolist(),
            "place": list(self.place),
            "cell": list(self.cell),
            "says": list(self.says),
            "lead": self.lead,
            "editable": self.editable,
            "only": self.only,
            "paints": self.paints,
            "image": self.image,
            "overlay": self.overlay,
            "texts": list(self.texts),
            "figures": self.figures,
            "edits": None if self.edits is None else self.edits.tolist(),
            "blocks": list(self.blocks),
            "paper": self.paper,
            "sets": list(self.sets),
        }


@dataclass(frozen=True)
class Label:
    """A line of text in the picture. kind: heading, title, sign, note, formula or call."""

    text: str
    x: float
    y: float
    kind: str


@dataclass(frozen=True)
class BuildUp:
    """How the numbers of one board come about, step by step along another.

    steps[t] lists (cell of `board`, its number after step t) for the cells that step t changes.
    """

    board: str
    along: str
    steps: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """title, description: for readers and screen readers. size: (width, height) of the picture.
    relation: the taps that tie the boards' cells together. call: the PyTorch call that gives the
    same numbers. steps: the board that stepping walks along unless another one is pinned.
    """

    title: str
    description: str
    size: tuple[float, float]
    boards: tuple[Board, ...]
    labels: tuple[Label, ...]
    relation: Relation
    call: str
    steps: str
    build_up: BuildUp | None = None

    def __getitem__(self, name: str) -> Board:
        """The board of that name."""
        return next(board for board in self.boards if board.name == name)

    def to_dict(self) -> dict:
        """Everything, as lists, numbers and strings, ready for json.dumps."""
        names = self.relation.axes[0].keys()
        return {
            "title": self.title,
            "description": self.description,
            "size": list(self.size),
            "boards": [board.to_dict() for board in self.boards],
            "labels": [[label.text, label.x, label.y, label.kind] for label in self.labels],
            "relation": {name: self.relation.column(name).tolist() for name in names},
            "call": self.call,
            "steps": self.steps,
            "build_up": self.build_up
            and [self.build_up.board, self.build_up.along, [list(s) for s in self.build_up.steps]],
        }

    def __eq__(self, other) -> bool:
        return isinstance(other, Scene) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.title, self.call))
