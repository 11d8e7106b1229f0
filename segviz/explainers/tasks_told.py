"""What the answers of `segviz.explainers.tasks` share: the truth they tell, and how it is told.

Boxes and areas are read from the relation between pixels and things.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from segviz.explainers.example_scene import CLASSES, example_scene
from segviz.explainers.layout import absent
from segviz.explainers.overlay import Overlay
from segviz.relations import NOTHING, Relation, areas, boxes, listed, regions
from segviz.scenes import Board, Label

BLOCK = 4  # pixels of the picture to a cell that can be pointed at
LEFT, TOP, WIDTH = 452, 108, 536  # where an answer stands
NAMES = 64  # units for the names of a table's rows


class Truth:
    """Everything that the answers are made of, counted once. mask, things: integers (rows,
    columns); labels, areas: (things,); boxes: (things, 4); masks: bool (things, rows, columns)."""

    def __init__(self):
        self.mask, self.things = example_scene().mask, example_scene().things
        self.labels, self.masks = example_scene().labels, example_scene().masks
        pixels = regions(self.things, len(self.labels))
        self.areas, self.boxes = areas(pixels), boxes(pixels)
        self.main = int(self.areas.argmax())  # what a single label speaks of
        self.class_roles = [f"class-{label}" for label in self.labels]
        self.thing_roles = [f"class-{1 + thing % 5}" for thing in range(len(self.labels))]

    def named(self, thing: int) -> str:
        """2 cat"""
        return f"{thing + 1} {CLASSES[self.labels[thing]]}"

    @property
    def cells(self) -> np.ndarray:
        """The picture's cells, by their flat index: int array (rows / BLOCK, columns / BLOCK)."""
        rows, columns = (side // BLOCK for side in self.mask.shape)
        return np.arange(rows * columns).reshape(rows, columns)


@lru_cache(maxsize=1)
def truth() -> Truth:
    """The truth about the scene."""
    return Truth()


class Ties:
    """Which cell of the picture belongs to which entry of the answer, and to which pixel that is
    shown magnified; built up tap by tap."""

    def __init__(self):
        self._taps = []

    def add(self, cells, entries, pixels=NOTHING) -> None:
        self._taps.append(np.broadcast_arrays(np.ravel(cells), entries, pixels))

    def relation(self, answer: int, answers: int) -> Relation:
        """Grids: cell (of the picture), entry (of the answer), pixel, and answer, of which there
        are `answers`."""
        cell, entry, pixel = (np.concatenate(column) for column in zip(*self._taps, strict=True))
        sizes = {
            "cell": truth().cells.shape,
            "entry": (int(entry.max()) + 1,),
            "pixel": truth().mask.shape,
            "answer": (answers,),
        }
        every = np.full(len(cell), answer)
        return listed(sizes, cell=cell, entry=entry, pixel=pixel, answer=every)


@dataclass
class Told:
    """heading, says, leaves_open, size and call are lines of text. overlay lies over the picture,
    and picture_says has a sentence for each of its cells."""

    heading: str
    says: str
    leaves_open: str
    size: str
    call: str
    ties: Ties
    overlay: Overlay
    picture_says: tuple[str, ...]
    table: Board
    labels: tuple[Label, ...] = ()
    masks: Board = absent("masks")
    magnified: Board = absent("magnified")


def table(texts, says, roles, left, top, cell, entries=None) -> Board:
    """What the answer says, as a table; texts, says and roles are lists of rows. entries: which
    entry of the answer each cell belongs to, unless each is one of its own."""
    numbers = np.zeros((len(texts), len(texts[0])))
    each = np.arange(numbers.size)
    return Board(
        "table",
        "",
        numbers,
        {"entry": (each if entries is None else entries).reshape(numbers.shape)},
        np.array(roles, object),
        (left, top),
        cell,
        tuple(sentence for row in says for sentence in row),
        texts=tuple(text for row in texts for text in row),
    )


def row_names(names, top: float, height: float) -> tuple[Label, ...]:
    return tuple(
        Label(name, LEFT, top + height * (row + 0.5) + 5, "title") for row, name in enumerate(names)
    )
