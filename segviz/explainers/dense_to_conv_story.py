"""The numbers of a dense layer turned into a convolution, and what is said about each of them."""

from dataclasses import replace

import numpy as np

from segviz.explainers.sentences import Products, cell, counted, sum_of
from segviz.relations import Relation, padded_convolution
from segviz.scenes import written

CLASSES = ("background", "cat", "dog")
FEW = 4  # products that a sentence lists of the many that a cell takes part in


class Story:
    """image: array (rows, columns); weights: array (classes, rows, columns); stride: (rows,
    columns).

    relation: grids input, kernel, output, and place, a position of the window whatever the class.
    scores: array (classes, rows, columns). fits: whether the dense layer takes this input.
    inputs, kernels, entries, outputs, places: sentences, in reading order of the input, the
    kernels, the matrix, the scores and the places.
    """

    def __init__(self, image: np.ndarray, weights: np.ndarray, stride: tuple[int, int]):
        self.image, self.weights = image, weights
        self.relation = _with_places(
            padded_convolution(
                image.shape, weights.shape[1:], channels=(1, len(weights)), stride=stride
            )
        )
        self.scores = self.relation.apply(image, weights)
        self.fits = image.shape == weights.shape[1:]
        self._products = Products(self.relation, image, weights)
        self._into = self.relation.column("output").tolist()
        met = {name: self._products.of(name) for name in ("input", "kernel", "output")}
        self.outputs = tuple(
            f"{self._score(o)} = {sum_of((self._products.texts[t] for t in taps), total)}"
            f"   ({counted(len(taps), 'product')})"
            for o, (taps, total) in enumerate(zip(met["output"], self.scores.flat, strict=True))
        )
        self.inputs = tuple(
            f"{cell('input', i, image.shape)} = {written(value)} "
            + (f"is used {counted(len(taps), 'time')}: " if taps else "is never used: no window")
            + (self._sent(taps) or " meets it")
            for i, (taps, value) in enumerate(zip(met["input"], image.flat, strict=True))
        )
        self.kernels = tuple(
            f"{_of_class('kernel', k, weights.shape)} = {written(value)} is used at"
            f" {counted(len(taps), 'place')}: {self._sent(taps)}"
            for k, (taps, value) in enumerate(zip(met["kernel"], weights.flat, strict=True))
        )
        matrix = (len(weights), weights[0].size)
        self.entries = tuple(
            f"{cell('W', k, matrix)} = {written(value)}, the same number as"
            f" {_of_class('kernel', k, weights.shape)}"
            for k, value in enumerate(weights.flat)
        )
        self.places = tuple(
            self._compared(place, scores)
            for place, scores in enumerate(self.scores.reshape(len(weights), -1).T)
        )

    def _score(self, output: int) -> str:
        return _of_class("score", output, self.scores.shape)

    def _sent(self, taps: list[int]) -> str:
        told = [f"{self._products.texts[t]} → {self._score(self._into[t])}" for t in taps[:FEW]]
        more = f", and {len(taps) - FEW} more" if len(taps) > FEW else ""
        return ", ".join(told) + more

    def _compared(self, place: int, scores: np.ndarray) -> str:
        listed = ", ".join(
            f"{name} {written(score)}" for name, score in zip(CLASSES, scores, strict=True)
        )
        return f"{cell('place', place, self.scores.shape[1:])}: {listed}; {_winner(scores)}"


def _of_class(name: str, index: int, shape: tuple[int, int, int]) -> str:
    """cat score[1, 2]"""
    number, index = divmod(int(index), shape[1] * shape[2])
    return f"{CLASSES[number]} {cell(name, index, shape[1:])}"


def _winner(scores: np.ndarray) -> str:
    best = np.flatnonzero(scores == scores.max())
    first = CLASSES[best[0]]
    if len(best) == 1:
        return f"{first} is the largest"
    others = " and ".join(CLASSES[number] for number in best[1:])
    return f"{first} and {others} are the largest, and the first of them counts"


def _with_places(relation: Relation) -> Relation:
    """The relation with a grid more: the positions of the window, common to all classes."""
    classes, *spatial = relation.axes
    axes = [classes | {"place": np.zeros_like(classes["output"])}]
    axes += [axis | {"place": axis["output"]} for axis in spatial]
    sizes = {**relation.sizes, "place": (1, *relation.sizes["output"][1:])}
    return replace(relation, sizes=sizes, axes=tuple(axes))
