"""Layers one after another along an axis: which cells of one map reach a cell of a later one, and
in how many ways.

Relations are composed: where a tap leads from cell a to cell b, and another from b to cell c, a
path leads from a to c. The number of paths from a to c is an entry of the product of the matrices
that count the taps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segviz.relations.sizes import CONVOLUTION, SizeFormula
from segviz.relations.taps import NOTHING, Relation, taps_on_axis

# Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks"; layers
# from the first to the last, `step` is the product of the strides before this one
FIELD = SizeFormula("field_size + (kernel_size - 1) * dilation * step")


@dataclass(frozen=True)
class Layer:
    """A convolution or a pooling, as `torch.nn.functional` takes its parameters, along one axis.

    reads: the map it reads: 0 is the input, n what the n-th layer makes; -1 the one just before.
    """

    kernel_size: int
    stride: int = 1
    dilation: int = 1
    padding: int = 0
    reads: int = -1

    def taps(self, maps: Sequence[int]) -> tuple[int, list[tuple[int, np.ndarray, np.ndarray]]]:
        """Its length, and (map that is read, cells read, cells written) for each that it reads."""
        values = dict(
            input_size=maps[self.reads],
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )
        CONVOLUTION.check(**values)
        length = CONVOLUTION.size(**values)
        taps = taps_on_axis(length, **values)
        return length, [(self.reads % len(maps), taps["input"], taps["output"])]

    def field(self, known: Sequence[tuple[int, int, int] | None]) -> tuple[int, int, int] | None:
        """See `Composition.recurrence`; known: that of all maps before."""
        before = known[self.reads]
        if before is None:
            return None
        size, step, first = before
        size = FIELD(
            field_size=size, kernel_size=self.kernel_size, dilation=self.dilation, step=step
        )
        return size, step * self.stride, first - self.padding * step


@dataclass(frozen=True)
class Sum:
    """Two maps added cell by cell; the longer one is cut to the length of the shorter."""

    reads: tuple[int, int]

    def taps(self, maps: Sequence[int]) -> tuple[int, list[tuple[int, np.ndarray, np.ndarray]]]:
        """As for `Layer`."""
        cells = np.arange(min(maps[each] for each in self.reads))
        return len(cells), [(each % len(maps), cells, cells) for each in self.reads]

    def field(self, known: Sequence[tuple[int, int, int] | None]) -> tuple[int, int, int] | None:
        """As for `Layer`: from the first cell of either to the last."""
        one, other = (known[each] for each in self.reads)
        if one is None or other is None or one[1] != other[1]:
            return None
        first = min(one[2], other[2])
        return max(one[0] + one[2], other[0] + other[2]) - first, one[1], first


@dataclass(frozen=True)
class Field:
    """The input cells from which one cell of a map is made.

    ways: for every input cell, by how many paths it reaches the cell; integers (input cells,).
    """

    ways: np.ndarray

    @cached_property
    def cells(self) -> np.ndarray:
        """The input cells that reach it, in order."""
        return np.flatnonzero(self.ways)

    @property
    def span(self) -> int:
        """From the first of them to the last, both counted, and the holes between them."""
        return int(self.cells[-1] - self.cells[0]) + 1 if len(self.cells) else 0


class Composition:
    """Layers over an axis of `length` input cells. Each reads the map before it, unless it says
    otherwise.

    ValueError, in a sentence, for a layer that torch refuses on the map that it reads.
    """

    def __init__(self, length: int, layers: Sequence[Layer | Sum]):
        self.layers = tuple(layers)
        self.links: list[tuple[int, int, np.ndarray, np.ndarray]] = []  # (below, above, cells ...)
        lengths = [length]
        for above, layer in enumerate(self.layers, start=1):
            longer, taps = layer.taps(lengths)
            self.links += [(below, above, read, written) for below, read, written in taps]
            lengths.append(longer)
        self.lengths = tuple(lengths)  # of the input, and of every layer's map

    @property
    def grids(self) -> tuple[str, ...]:
        """The names of the maps in the relation, from the input on."""
        return tuple(f"map_{number}" for number in range(len(self.lengths)))

    @cached_property
    def relation(self) -> Relation:
        """Every tap of every layer: it ties a cell of one map to a cell of a later one, and stands
        for NOTHING in all others."""
        count = sum(len(read) for _, _, read, _ in self.links)
        columns = {grid: np.full(count, NOTHING) for grid in self.grids}
        start = 0
        for below, above, read, written in self.links:
            here = slice(start, start + len(read))
            columns[self.grids[below]][here] = read
            columns[self.grids[above]][here] = written
            start += len(read)
        sizes = {grid: (1, length) for grid, length in zip(self.grids, self.lengths, strict=True)}
        return Relation(sizes, (columns,), walk=self.grids)

    def ways(self, below: int = 0, above: int = -1) -> np.ndarray:
        """By how many paths each cell of one map reaches each cell of a later one.

        Integer array (cells below, cells above).
        """
        above %= len(self.lengths)
        counts = {below: np.eye(self.lengths[below], dtype=int)}
        for start, end, read, written in self.links:
            if start not in counts or end > above:
                continue
            so_far = counts.setdefault(end, np.zeros((self.lengths[below], self.lengths[end]), int))
            np.add.at(so_far.T, written, counts[start][:, read].T)
        return counts.get(above, np.zeros((self.lengths[below], self.lengths[above]), int))

    @cached_property
    def fields(self) -> tuple[tuple[Field, ...], ...]:
        """For every map, the field of every cell of it."""
        return tuple(
            tuple(map(Field, self.ways(0, number).T)) for number in range(len(self.lengths))
        )

    @cached_property
    def recurrence(self) -> tuple[tuple[int, int, int] | None, ...]:
        """For every map (field, step, first): the size of a cell's field, by how many input cells
        two neighbours' fields lie apart, and the first input cell of the field of cell 0; all as if
        the input went on beyond its borders. None where branches of unequal steps meet, so that no
        two cells have a field of one size, and in what follows."""
        told: list[tuple[int, int, int] | None] = [(1, 1, 0)]
        for layer in self.layers:
            told.append(layer.field(told))
        return tuple(told)

    def centre(self, number: int) -> np.ndarray:
        """Where on the input's axis the middle of each cell's field lies; half numbers lie between
        two input cells. Where branches of unequal steps meet, that of the first of them."""
        first, step = self._centres[number]
        return first + step * np.arange(self.lengths[number])

    @cached_property
    def _centres(self) -> list[tuple[float, int]]:
        """For every map the centre of cell 0, and how far apart those of two neighbours are."""
        centres: list[tuple[float, int]] = []
        for layer, known in zip((None, *self.layers), self.recurrence, strict=True):
            if known:
                field, step, first = known
                centres.append((first + (field - 1) / 2, step))
            elif isinstance(layer, Sum):
                centres.append(centres[layer.reads[0]])
            else:
                first, step = centres[layer.reads]
                middle = layer.dilation * (layer.kernel_size - 1) / 2 - layer.padding
                centres.append((first + middle * step, step * layer.stride))
        return centres
