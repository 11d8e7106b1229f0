"""A transposed convolution with bilinear weights beside `torch.nn.functional.interpolate`.

Inside they are equal. At the border `interpolate` goes on with the outermost cells, where a
transposed convolution has none to add.
"""

import numpy as np

from segviz.explainers.layout import board, by
from segviz.explainers.sentences import cell, product_of, sum_of
from segviz.relations import bilinear, bilinear_settings
from segviz.scenes import Board, Label, heat, number, written

WHY = (
    "At the border interpolate",
    "goes on with the outermost",
    "cells; the transposed",
    "convolution has nothing",
    "there to add.",
)
EVEN = ("Kernel {kernel} = 2·stride,", "padding {padding} = stride / 2:")
ODD = ("Kernel {kernel} = 2·stride − 1,", "padding {padding} = (stride − 1) / 2:")
MIXED = ("Kernel 2·stride, or one less", "where the stride is odd:")


class Comparison:
    """input, output: arrays (rows, columns) of the transposed convolution; factors: how many times
    larger the output is, (rows, columns)."""

    NAMES = ("interpolated", "difference")

    def __init__(self, input: np.ndarray, output: np.ndarray, factors: tuple[int, int]):
        self.input, self.output, self.factors = input, output, factors
        self.taps = bilinear(input.shape, output.shape)
        self.interpolated = self.taps.apply(input)
        self.equal = np.isclose(output, self.interpolated, rtol=1e-9, atol=1e-9)
        self.difference = np.where(self.equal, 0, output - self.interpolated)

    def boards(self, top: float) -> tuple[Board, ...]:
        """What interpolate gives, and what is to be added to it for the transposed convolution."""
        size = by(self.output.shape)
        amount = np.abs(self.difference)
        return (
            board(
                "interpolated",
                f"interpolate {size}",
                self.interpolated,
                ["output"],
                "output",
                at=(12, top),
                area=(190, 170),
                says=self._sums(),
                only="input",
            ),
            board(
                "difference",
                f"output − interpolate {size}",
                self.difference,
                ["output"],
                heat(amount),
                at=(452, top),
                area=(240, 170),
                says=self._differences(),
                texts=tuple("=" if v == 0 else number(v, digits=2) for v in self.difference.flat),
                only="input",
            ),
        )

    def labels(self, top: float) -> tuple[Label, ...]:
        """The heading, the call, and in how many cells the two are equal."""
        rows, columns = self.factors
        factor = rows if rows == columns else (rows, columns)
        call = f"torch.nn.functional.interpolate(x, scale_factor={factor}, mode='bilinear')"
        kernel, padding = bilinear_settings(rows)
        settings = MIXED if rows != columns else ODD if rows % 2 else EVEN
        told = (
            *(line.format(kernel=kernel, padding=padding) for line in settings),
            f"equal (=) in {self.equal.sum()} of {self.equal.size} cells.",
            *WHY,
        )
        return (
            Label(
                "2  Beside interpolate: equal inside, not at the border", 12, top - 46, "heading"
            ),
            Label(call, 12, top - 26, "call"),
            *(Label(line, 216, top + 14 + 21 * n, "title") for n, line in enumerate(told)),
        )

    def _named(self, name: str, index: int) -> str:
        return cell(name, index, self.output.shape)

    def _sums(self) -> tuple[str, ...]:
        terms = [[] for _ in self.output.flat]
        columns = (self.taps.column("output"), self.taps.column("input"), self.taps.weight())
        for o, i, share in zip(*(column.tolist() for column in columns), strict=True):
            terms[o].append(product_of(self.input.flat[i], share))
        return tuple(
            f"{self._named('interpolate', o)} = {sum_of(summed, self.interpolated.flat[o])}"
            + (", as the transposed convolution" if self.equal.flat[o] else "")
            for o, summed in enumerate(terms)
        )

    def _differences(self) -> tuple[str, ...]:
        pairs = zip(self.output.flat, self.interpolated.flat, self.difference.flat, strict=True)
        return tuple(
            f"{self._named('output', o)} − {self._named('interpolate', o)} = {written(ours)} −"
            f" {f'({written(theirs)})' if theirs < 0 else written(theirs)} = {written(difference)}"
            for o, (ours, theirs, difference) in enumerate(pairs)
        )
