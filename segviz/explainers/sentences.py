"""The written-out arithmetic: sentences about cells, read from the taps of a relation."""

from collections.abc import Iterable
from functools import lru_cache
from math import prod

import numpy as np

from segviz.relations import Relation
from segviz.scenes import written

MANY = 12  # products; a sum of more no longer fits above the picture
ROOM = 195  # letters of products and where each goes, that fit there beside what is said of them


def cell(name: str, index: int, size: tuple[int, ...]) -> str:
    """A cell as NumPy would index it: output[1, 2]."""
    index, place = int(index), []
    for length in reversed(size):
        index, at = divmod(index, length)
        place.append(at)
    return f"{name}[{', '.join(map(str, reversed(place)))}]"


def counted(count: int, thing: str) -> str:
    """1 stamp, 2 stamps."""
    return f"{count} {thing}" + ("" if count == 1 else "s")


@lru_cache(maxsize=4096)  # pictures with thousands of taps have few different products
def product_of(left: float, right: float) -> str:
    """2·3, with negative numbers in parentheses."""
    return "·".join(f"({written(v)})" if v < 0 else written(v) for v in (left, right))


def sum_of(terms: Iterable[str], total: float) -> str:
    """1·2 + 3·4 = 14; of many terms the first ones; just the total where there are none."""
    terms = list(terms)
    more = [counted(len(terms) - MANY, "more product")] if len(terms) > MANY else []
    added = " + ".join([*terms[:MANY], *more])
    return f"{added} = {written(total)}" if added else written(total)


class Products:
    """The products of a relation's taps as text, found by the cell they belong to.

    shapes: by which cells are named, for grids that learners know in another shape than the
        relation's: name -> a shape of as many cells.
    """

    def __init__(self, taps: Relation, values: np.ndarray, weights: np.ndarray, shapes=None):
        self.taps = taps
        self.shapes = {**taps.sizes, **(shapes or {})}
        self._columns = {name: taps.column(name) for name in ("input", "kernel", "output")}
        pairs = zip(
            values.ravel()[self._columns["input"]],
            weights.ravel()[self._columns["kernel"]],
            strict=True,
        )
        self.texts = [product_of(value, weight) for value, weight in pairs]

    def named(self, name: str, index: int) -> str:
        """A cell of one of the relation's grids by name."""
        return cell(name, index, self.shapes[name])

    def of(self, name: str) -> list[list[int]]:
        """The taps of every cell of this grid, in reading order."""
        cells = self._columns[name]
        order = np.argsort(cells, kind="stable")
        count = prod(self.taps.sizes[name])
        starts = np.searchsorted(cells[order], np.arange(count + 1)).tolist()
        order = order.tolist()
        return [order[start:end] for start, end in zip(starts, starts[1:], strict=False)]

    def sent(self, taps: list[int]) -> str:
        """Each product and the output cell that it is added to; of many, the first ones."""
        outputs = self._columns["output"]
        told, room = [], ROOM
        for tap in taps[:MANY]:
            told.append(f"{self.texts[tap]} → {self.named('output', outputs[tap])}")
            room -= len(told[-1]) + 2
            if room < 0 and len(told) > 1:
                told.pop()
                break
        more = f", and {len(taps) - len(told)} more" if len(taps) > len(told) else ""
        return ", ".join(told) + more

    def __iter__(self):
        """(input cell, kernel cell, output cell, product as text) of every tap."""
        columns = (self._columns[name].tolist() for name in ("input", "kernel", "output"))
        return zip(*columns, self.texts, strict=True)
