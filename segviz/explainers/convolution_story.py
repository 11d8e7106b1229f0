"""What is said about each cell of a convolution, and how its cells are named."""

from collections import Counter

import numpy as np

from segviz.explainers.sentences import Products, counted, sum_of
from segviz.relations import Relation, without_padding
from segviz.scenes import written

PADDING = "0, padding: it is not part of the input, and products with it add nothing."


class Story:
    """The numbers of a convolution and a sentence for every one of them.

    taps: a relation of `padded_convolution`; image: array (input channels, rows, columns); weights:
    array (planes, rows, columns). Cells are named as torch's tensors are indexed, without the
    channels where there is but one.

    alone: whether there is one channel in and one out.
    shapes: name -> shape by which the cells of that grid are named. outputs, inputs, planes,
    entries: sentences, in reading order of the grids output, input, kernel; entries by (output
    cell, input cell).
    """

    def __init__(self, taps: Relation, image: np.ndarray, weights: np.ndarray):
        self.taps, self.image, self.weights = taps, image, weights
        self.real = without_padding(taps)
        self.output = self.real.apply(image, weights)  # (output channels, rows, columns)
        self.alone = len(weights) == 1  # one channel in and one out
        self.shapes = _shapes(taps)
        products = Products(self.real, image, weights, self.shapes)
        at_all = Counter(taps.column("output").tolist())
        self.outputs = tuple(
            f"{products.named('output', o)} = {sum_of((products.texts[t] for t in met), total)}"
            f"   ({counted(len(met), 'product')}{_zeros(at_all[o] - len(met))})"
            for o, (met, total) in enumerate(
                zip(products.of("output"), self.output.flat, strict=True)
            )
        )
        self.inputs = tuple(
            f"{products.named('input', i)} = {written(value)} "
            + (f"is used {counted(len(sent), 'time')}: " if sent else "is never used: ")
            + (products.sent(sent) or "no window meets it")
            for i, (sent, value) in enumerate(zip(products.of("input"), image.flat, strict=True))
        )
        used_at = taps.sizes["output"][1] * taps.sizes["output"][2]
        self.planes = tuple(
            f"{products.named('kernel', k)} = {written(value)} is used at"
            f" {counted(used_at, 'place')}{_on_zeros(used_at - len(used))}: "
            + (products.sent(used) or "it meets nothing but padding")
            for k, (used, value) in enumerate(zip(products.of("kernel"), weights.flat, strict=True))
        )
        self.entries = {
            (o, i): f"C[{o}, {i}] = {products.named('kernel', k)} = {written(weights.flat[k])}: "
            f"{products.named('input', i)} → {products.named('output', o)} as {text}"
            for i, k, o, text in products
        }


def _zeros(count: int) -> str:
    return f", {count} more with padding zeros" if count else ""


def _on_zeros(count: int) -> str:
    return f", at {count} of them on a padding zero" if count else ""


def _shapes(taps: Relation) -> dict[str, tuple[int, ...]]:
    """(rows, columns) where there is one channel in and one out; else with the channels in front,
    and the kernel as torch's weight (out, in / groups, rows, columns)."""
    shapes = {name: taps.sizes[name] for name in ("input", "kernel", "output")}
    if len(taps.axes[0]["kernel"]) == 1:
        return {name: size[1:] for name, size in shapes.items()}
    planes, *size = shapes["kernel"]
    outputs = shapes["output"][0]
    return shapes | {"kernel": (outputs, planes // outputs, *size)}
