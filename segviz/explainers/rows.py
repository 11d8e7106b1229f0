"""Maps of one axis as rows of cells, the input at the bottom.

Each cell stands over the middle of its field, so that strides show as gaps, dilation as holes.
"""

import numpy as np

from segviz.explainers.sentences import counted
from segviz.relations import NOTHING, Composition
from segviz.scenes import Board, heat

HEIGHT = 24


class Rows:
    """The maps of a composition, and how each is used by one cell of the last, the one `asked`.

    names: what the sentences call the maps, from the input on.
    """

    def __init__(self, composed: Composition, asked: int, names: list[str]):
        self.composed, self.asked, self.names = composed, asked, names
        self.last = len(composed.lengths) - 1
        self.asked_name = f"{names[-1]}[{asked}]"

    def ways(self, number: int) -> np.ndarray:
        """In how many ways each cell of this map is part of the one asked, integers (cells,)."""
        return self.composed.ways(number, self.last)[:, self.asked]

    def within(self, number: int) -> np.ndarray:
        """Whether a cell lies between the first and the last that are used, bool (cells,)."""
        used = np.flatnonzero(self.ways(number))
        cell = np.arange(self.composed.lengths[number])
        return (cell >= used.min(initial=len(cell))) & (cell <= used.max(initial=-1))

    def board(self, number: int, title: str, at, width: float, drawn=None, **more) -> Board:
        """One map. Its cells say how often they are used; those of the last, how many input cells
        they are made of.

        at: where the input's first cell would have its upper left corner; width: that of a cell.
        drawn: which of its cells are drawn, bool (cells,); all unless given.
        """
        centre = self.composed.centre(number)
        place = np.floor(centre).astype(int)
        half = centre[0] - place[0]  # 1/2 where the middle lies between two input cells
        length = len(centre)
        drawn = np.ones(length, bool) if drawn is None else drawn
        values, texts, roles = self._told(number)
        numbers = np.full((1, place[-1] + 1), np.nan)
        numbers[0, place[drawn]] = values[drawn]
        cells = np.full(numbers.shape, NOTHING)
        cells[0, place] = np.arange(length)
        of_cells = np.full(numbers.shape, "index", object)
        of_cells[0, place] = roles
        says = self._says(number)
        return Board(
            self.composed.grids[number],
            title,
            numbers,
            {self.composed.grids[number]: cells},
            of_cells,
            (at[0] + half * width, at[1]),
            (width, HEIGHT),
            tuple(says[cell] for cell in np.flatnonzero(drawn)),
            texts=tuple(texts[cell] for cell in np.flatnonzero(drawn)),
            **more,
        )

    def _told(self, number: int) -> tuple[np.ndarray, list[str], np.ndarray]:
        """What the cells of a map show: numbers, texts and roles."""
        if number == self.last:
            values = np.array([len(field.cells) for field in self.composed.fields[number]])
            roles = np.where(np.arange(len(values)) == self.asked, "heat-8", "output")
            return values, [str(value) for value in values], roles
        values, within = self.ways(number), self.within(number)
        roles = np.where(within, heat(values), "index")
        texts = [str(value) if inside else "" for value, inside in zip(values, within, strict=True)]
        return values, texts, roles

    def _says(self, number: int) -> list[str]:
        used = self.ways(number).tolist()
        if number == 0:
            counts = (self.composed.ways() > 0).sum(axis=1).tolist()
            parts = [
                f"is part of {counted(count, 'cell')} of the {self.names[-1]}" for count in counts
            ]
            return [
                f"{self.names[0]}[{cell}] {part}{self._share(ways)}"
                for cell, (part, ways) in enumerate(zip(parts, used, strict=True))
            ]
        return [
            f"{self.names[number]}[{cell}] is made of {self._field(number, cell)}"
            f"{self._share(ways) if number < self.last else '.'}"
            for cell, ways in enumerate(used)
        ]

    def _field(self, number: int, cell: int) -> str:
        """5 of the 9 cells input[3] … input[11], centre 7"""
        field, name = self.composed.fields[number][cell], self.names[0]
        count = len(field.cells)
        if not count:
            return f"padding alone, and of no cell of the {name}"
        first, last = field.cells[0], field.cells[-1]
        of = f"all {count}" if count == field.span else f"{count} of the {field.span}"
        told = f"{of} cells {name}[{first}] … {name}[{last}]" if count > 1 else f"{name}[{first}]"
        if self.composed.recurrence[number] is None:  # no size to compare it with
            return told
        size = self.composed.recurrence[number][0]
        cut = f", where the border cuts off {size - field.span} more" if field.span < size else ""
        return f"{told}{cut}, centre {self.composed.centre(number)[cell]:g}"

    def _share(self, ways: int) -> str:
        if not ways:
            return f"; no part of {self.asked_name}."
        return f"; part of {self.asked_name} in {counted(ways, 'way')}."
