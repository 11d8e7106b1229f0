"""What `pixel_loss` shows, in numbers and in words: the sentences of every cell."""

import numpy as np

from segviz.explainers.sentences import cell, counted
from segviz.relations import (
    cross_entropy_gradient,
    exponentials,
    mean_over_labelled,
    one_hot,
    pixel_cross_entropy,
    pixel_weights,
    softmax,
)
from segviz.scenes import number

CLASSES = ("background", "cat", "dog")  # the lecture's three labels
K, MASK = len(CLASSES), (3, 4)
PIXELS = MASK[0] * MASK[1]
IGNORE_INDEX = 255  # as in segviz.data
VOID = K  # what stands for it in the mask's grid, which is painted with 0 to 3


class Losses:
    """The numbers, all of them from segviz.relations.

    painted: integers 0 .. K, (rows, columns); logits: float (K, rows, columns); class_weights: (K,)
    """

    def __init__(self, painted, logits, class_weights):
        self.painted, self.logits, self.class_weights = painted, logits, class_weights
        self.ignored = painted == VOID
        self.labels = np.where(self.ignored, IGNORE_INDEX, painted)
        asked = (self.labels, class_weights, IGNORE_INDEX)
        self.chances = softmax(logits)  # (K, rows, columns)
        self.truth = one_hot(self.labels, logits)  # (K, rows, columns)
        self.each = pixel_cross_entropy(logits, self.labels, IGNORE_INDEX)  # (rows, columns)
        self.weights = pixel_weights(*asked)  # (rows, columns)
        self.gradient = cross_entropy_gradient(logits, *asked)  # (K, rows, columns)
        self.weighted = self.weights * self.each
        self.total, self.total_weight = self.weighted.sum(), self.weights.sum()
        self.course_mean = mean_over_labelled(self.total, self.total_weight)
        self.torch_mean = self.course_mean if self.total_weight else float("nan")
        # pixel [0, 0] by itself: the mean over one pixel of weight 1 is its loss
        one = (logits[:, 0, 0], self.labels[0, 0])
        self.powers = exponentials(one[0])
        self.slope = cross_entropy_gradient(*one, np.ones(K), IGNORE_INDEX)


def short(value: float) -> str:
    """A number as these sentences write it: logarithms have no last digit."""
    return "nan" if np.isnan(value) else number(value, digits=5)


def signed(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def row(values) -> str:
    return "[" + ", ".join(map(short, values)) + "]"


class Story:
    """Sentences: tuples in reading order, one for every cell."""

    def __init__(self, losses: Losses):
        self.losses, self.label = losses, int(losses.painted[0, 0])
        self.z, self.p = losses.logits[:, 0, 0], losses.chances[:, 0, 0]

    # -- pixel [0, 0]

    def of_scores(self):
        return tuple(
            f"z[{k}] = {short(z)}: the network's score for {name}, any number. Only differences"
            " count: add 1 to all three, and no probability changes."
            for k, (name, z) in enumerate(zip(CLASSES, self.z, strict=True))
        )

    def of_powers(self):
        return tuple(
            f"exp(z[{k}]) = exp({short(z)}) = {short(power)}: above 0, whatever z is."
            for k, (z, power) in enumerate(zip(self.z, self.losses.powers, strict=True))
        )

    def of_their_sum(self):
        powers = self.losses.powers
        exponentials = " + ".join(f"exp({short(z)})" for z in self.z)
        added = " + ".join(map(short, powers))
        return (f"Σ = {exponentials} = {added} = {short(powers.sum())}: all are divided by it.",)

    def of_chances(self):
        powers = self.losses.powers
        return tuple(
            f"p[{k}] = exp(z[{k}]) / Σ = {short(powers[k])} / {short(powers.sum())} = {short(p)}:"
            f" the probability of {CLASSES[k]}. All {K} add up to 1."
            for k, p in enumerate(self.p)
        )

    def of_truth(self):
        if self.label == VOID:
            return (f"The pixel is void, its label is {IGNORE_INDEX}: no class is true.",) * K
        right = CLASSES[self.label]
        return tuple(
            f"y[{k}] = 1: the true label is {k}, {name}."
            if k == self.label
            else f"y[{k}] = 0: the true label is not {k}, {name}, but {self.label}, {right}."
            for k, name in enumerate(CLASSES)
        )

    def of_slope(self):
        if self.label == VOID:
            return ("0: a void pixel pulls at no score.",) * K
        truth = self.losses.truth[:, 0, 0]
        return tuple(
            f"∂loss/∂z[{k}] = p[{k}] − y[{k}] = {short(self.p[k])} − {short(truth[k])} ="
            f" {short(slope)}: training pulls the score of {CLASSES[k]} {_pull(slope)}."
            f" The {K} add up to 0."
            for k, slope in enumerate(self.losses.slope)
        )

    def of_gradient(self):
        losses = self.losses
        if self.label == VOID:
            return ("0: a void pixel does not count in the mean.",) * K
        if not losses.total_weight:
            return ("No pixel weighs anything: 0 here, and nan from torch.",) * K
        weight, total = short(losses.weights[0, 0]), short(losses.total_weight)
        return tuple(
            f"∂mean/∂z[{k}] = w[y] / Σ w · (p[{k}] − y[{k}]) = {weight} / {total} · {signed(slope)}"
            f" = {short(gradient)}: what the pixel adds to the gradient of the mean below."
            for k, (slope, gradient) in enumerate(
                zip(losses.slope, losses.gradient[:, 0, 0], strict=True)
            )
        )

    # -- the mask

    def of_logits(self, k: int):
        return tuple(
            f"The score of {CLASSES[k]} at pixel {cell('', n, MASK)} is {short(score)}."
            for n, score in enumerate(self.losses.logits[k].flat)
        )

    def of_labels(self):
        chances = self.losses.chances.reshape(K, PIXELS).T
        return self._of_pixels(
            lambda n, which, label: (
                f"y{which} = {label}, {CLASSES[label]}. softmax gives the three classes"
                f" {row(chances[n])}."
            ),
            lambda which: f"y{which} = {IGNORE_INDEX}, void: left out of both sums of the mean.",
        )

    def of_losses(self):
        each, weights, weighted = (
            values.ravel()
            for values in (self.losses.each, self.losses.weights, self.losses.weighted)
        )
        chances = self.losses.chances.reshape(K, PIXELS)
        return self._of_pixels(
            lambda n, which, label: (
                f"loss{which} = −log p[{label}] = −log {short(chances[label, n])} ="
                f" {short(each[n])}; in the sum w·loss = {short(weights[n])}·{short(each[n])} ="
                f" {short(weighted[n])}."
            ),
            lambda which: f"loss{which} = 0: the pixel is void, nothing is right or wrong.",
        )

    def of_weights(self):
        weights = self.losses.class_weights
        return self._of_pixels(
            lambda n, which, label: (
                f"w{which} = {short(weights[label])}, the weight of {CLASSES[label]}."
            ),
            lambda which: f"w{which} = 0: the pixel is void.",
        )

    def _of_pixels(self, labelled, void):
        """Sentences of the mask's pixels, each told its place as NumPy indexes it: [1, 2]."""
        places = [cell("", n, MASK) for n in range(PIXELS)]
        return tuple(
            void(which) if label == VOID else labelled(n, which, int(label))
            for n, (which, label) in enumerate(zip(places, self.losses.painted.flat, strict=True))
        )

    # -- the mean

    def of_total(self):
        losses = self.losses
        terms = [
            f"{short(weight)}·{short(each)}"
            for weight, each, ignored in zip(
                losses.weights.flat, losses.each.flat, losses.ignored.flat, strict=True
            )
            if not ignored
        ]
        added = " + ".join(terms)
        return (f"Σ w·loss = {added} = {short(losses.total)}" if terms else "Σ w·loss = 0",)

    def of_total_weight(self):
        losses = self.losses
        terms = " + ".join(short(weight) for weight in losses.weights[~losses.ignored])
        void = counted(int(losses.ignored.sum()), "void pixel")
        return (f"Σ w = {terms or 'nothing'} = {short(losses.total_weight)}: {void} left out.",)

    def of_means(self):
        losses = self.losses
        ratio = f"Σ w·loss / Σ w = {short(losses.total)} / {short(losses.total_weight)}"
        if losses.total_weight:
            both = f"mean = {ratio} = {short(losses.torch_mean)}"
            return (both, f"{both}: the same, where anything counts.")
        return (
            f"mean = {ratio}: no pixel counts, and since version 1.11 torch answers nan, which the"
            " next step of training puts into every weight.",
            f"mean = {ratio}: no pixel counts. segviz.training.cross_entropy answers 0, with a"
            " gradient of 0: such a batch teaches nothing, and does no harm.",
        )


def _pull(slope: float) -> str:
    if slope == 0:
        return "nowhere"
    return "up" if slope < 0 else "down"
