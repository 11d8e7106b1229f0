"""What is said about each cell of a transposed convolution."""

import numpy as np

from segviz.explainers.sentences import Products, counted, sum_of
from segviz.relations import Relation
from segviz.scenes import written


class Story:
    """What is said about each cell."""

    def __init__(self, taps: Relation, input: np.ndarray, kernel: np.ndarray):
        products = Products(taps, input, kernel)
        output = taps.apply(input, kernel)
        self.outputs = tuple(
            f"{products.named('output', o)} = {sum_of([products.texts[t] for t in reached], total)}"
            f"   ({_overlap(len(reached))})"
            for o, (reached, total) in enumerate(
                zip(products.of("output"), output.flat, strict=True)
            )
        )
        self.inputs = tuple(
            f"{products.named('input', i)} = {written(value)} stamps the kernel"
            f"{_cut(sent, kernel.size)}: {products.sent(sent) or 'nothing is left of it'}"
            for i, (sent, value) in enumerate(zip(products.of("input"), input.flat, strict=True))
        )
        self.weights = tuple(
            f"{products.named('kernel', k)} = {written(value)} is used"
            f" {counted(len(used), 'time')}: "
            + (products.sent(used) or "padding cuts it off wherever it lands")
            for k, (used, value) in enumerate(zip(products.of("kernel"), kernel.flat, strict=True))
        )
        self.entries = {
            (o, i): f"C.T[{o}, {i}] = {products.named('kernel', k)} = {written(kernel.flat[k])}: "
            f"{products.named('input', i)} → {products.named('output', o)} as {text}"
            for i, k, o, text in products
        }


def _overlap(stamps: int) -> str:
    return {0: "no stamp reaches it", 1: "one stamp"}.get(stamps, f"{stamps} stamps overlap here")


def _cut(sent: list[int], weights: int) -> str:
    lost = weights - len(sent)
    return f", padding cuts off {lost} of its {counted(weights, 'cell')}" if lost else ""
