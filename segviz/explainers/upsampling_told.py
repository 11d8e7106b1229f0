"""What is said about each cell of the six enlargements."""

from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from segviz.explainers.sentences import cell, counted, product_of, sum_of
from segviz.relations import Relation, sampled_at
from segviz.scenes import number, written


class Told:
    """The sentences, read from the taps of each way.

    ways, outputs: name -> its relation, and what it makes of `input`. fractions: whether the
    kernel's weights are better read as such.
    """

    def __init__(self, ways, outputs, input, kernel, indices, *, fractions):
        self.ways, self.outputs, self.fractions = ways, outputs, fractions
        self.input, self.kernel, self.indices = input, kernel, indices
        self.size = outputs["nearest"].shape
        self.taps = {name: _by_cell(way, "output") for name, way in ways.items()}
        self._sources = {name: way.column("input").tolist() for name, way in ways.items()}
        self._named = [cell("input", i, input.shape) for i in range(input.size)]
        self._values = input.ravel().tolist()

    def of(self, name: str) -> tuple[str, ...]:
        """A sentence for every cell of the board `name`."""
        if name in ("bilinear", "aligned"):
            return self._mixtures(name)
        return self._stamps() if name == "transposed" else self._single_values(name)

    def _single_values(self, name: str) -> tuple[str, ...]:
        nothing = "no index points here" if name == "unpooled" else "no nail stands here"
        why = {
            "nearest": "the input cell it lies in",
            "nails": "in the upper left corner of its block",
            "unpooled": "index {} points here",
        }[name]
        told = []
        for o, taps in enumerate(self.taps[name]):
            made = f"0: {nothing}"
            if taps:
                i = self._sources[name][taps[0]]
                made = f"{self._named[i]} = {written(self._values[i])}: {why.format(o)}"
            told.append(f"{cell(name, o, self.size)} = {made}.")
        return tuple(told)

    def _mixtures(self, name: str) -> tuple[str, ...]:
        rows, columns = (
            [number(at) for at in sampled_at(cells, enlarged, name == "aligned")]
            for cells, enlarged in zip(self.input.shape, self.size, strict=True)
        )
        shares = self.ways[name].weight().tolist()
        told = []
        for o, (taps, total) in enumerate(
            zip(self.taps[name], self.outputs[name].flat, strict=True)
        ):
            terms = [_by_fraction(self._values[self._sources[name][t]], shares[t]) for t in taps]
            row, column = divmod(o, self.size[1])
            told.append(
                f"{cell(name, o, self.size)} = {sum_of(terms if terms[1:] else [], total)}, read at"
                f" row {rows[row]}, column {columns[column]} of the input:"
                f" {counted(len(taps), 'neighbour')}."
            )
        return tuple(told)

    def _stamps(self) -> tuple[str, ...]:
        product = _by_fraction if self.fractions else product_of
        weights = self.kernel.ravel()[self.ways["transposed"].column("kernel")].tolist()
        told = []
        for o, (taps, total) in enumerate(
            zip(self.taps["transposed"], self.outputs["transposed"].flat, strict=True)
        ):
            terms = [
                product(self._values[self._sources["transposed"][t]], weights[t]) for t in taps
            ]
            stamps = "one stamp" if len(taps) == 1 else f"{len(taps)} stamps overlap"
            told.append(f"{cell('transposed', o, self.size)} = {sum_of(terms, total)}   ({stamps})")
        return tuple(told)

    def of_inputs(self) -> tuple[str, ...]:
        counts = {
            name: np.bincount(sources, minlength=self.input.size).tolist()
            for name, sources in self._sources.items()
        }
        return tuple(
            f"{self._named[i]} = {written(value)} goes to "
            + ", ".join(f"{counted(count[i], 'cell')} of {name}" for name, count in counts.items())
            + "."
            for i, value in enumerate(self._values)
        )

    def of_indices(self) -> tuple[str, ...]:
        return tuple(
            f"{cell('indices', i, self.input.shape)} = {place}: the maximum of this block stood in"
            f" row {place // self.size[1]}, column {place % self.size[1]} when the encoder pooled."
            for i, place in enumerate(self.indices.ravel().tolist())
        )

    def of_weights(self) -> tuple[str, ...]:
        used = _by_cell(self.ways["transposed"], "kernel")
        return tuple(
            f"{cell('kernel', k, self.kernel.shape)} = {_fraction(weight, self.fractions)} is used"
            f" {counted(len(used[k]), 'time')} by the transposed convolution."
            for k, weight in enumerate(self.kernel.ravel().tolist())
        )


def _by_cell(way: Relation, name: str) -> list[list[int]]:
    """The taps of every cell of this grid."""
    taps = [[] for _ in range(prod(way.sizes[name]))]
    for tap, at in enumerate(way.column(name).tolist()):
        taps[at].append(tap)
    return taps


@lru_cache(1000)
def _fraction(weight: float, as_fraction: bool = True) -> str:
    """3/16; the weights of interpolation have small denominators."""
    return str(Fraction(weight).limit_denominator(100)) if as_fraction else written(weight)


def _by_fraction(value: float, weight: float) -> str:
    value = f"({written(value)})" if value < 0 else written(value)
    return f"{value}·{_fraction(weight)}"
