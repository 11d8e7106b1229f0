"""What `overlap_scores` shows, in numbers and in words: the sentences of every cell."""

import numpy as np

from segviz.explainers.sentences import counted
from segviz.explainers.street import CLASSES, K, predicted, street
from segviz.relations import (
    confusion,
    dice,
    iou,
    mean_over_classes,
    pixel_accuracy,
    soft_confusion,
    tp_fp_fn,
)
from segviz.scenes import number

IGNORE_INDEX = 255  # as in segviz.data
VOID = K  # what stands for it in the truth's grid, which is painted with 0 to 4
ABSENT = (None, 1, 0)  # what a class that is nowhere may count as in the mean


def masks(level, truth_painted, painted, **edits):
    """(truth, prediction) at a level of imbalance, integers (rows, columns); void is IGNORE_INDEX.

    truth_painted: labels 0 .. K, painted: 0 .. K - 1; larger ones leave a cell as it is without
    paint. edits: what `street.predicted` does to the truth.
    """
    truth = np.where(truth_painted <= VOID, truth_painted, street(level)).astype(int)
    guess = np.where(painted < K, painted, predicted(truth, **edits)).astype(int)
    return np.where(truth == VOID, IGNORE_INDEX, truth), guess


class Overlap:
    """The numbers, all of them from segviz.relations.

    truth: integers 0 .. K - 1 or IGNORE_INDEX, guess: 0 .. K - 1, (rows, columns). confidence: the
    probability of the class that is predicted; the others share the rest.
    """

    def __init__(self, truth, guess, confidence):
        self.truth, self.guess, self.confidence = truth, guess, confidence
        self.rest = (1 - confidence) / (K - 1)
        self.ignored = truth == IGNORE_INDEX
        self.counts = confusion(guess, truth, K, IGNORE_INDEX)  # (K, K)
        self.parts = np.stack(tp_fp_fn(self.counts), axis=1)  # (K, 3)
        self.accuracy = pixel_accuracy(self.counts)
        self.iou, self.dice = iou(self.counts), dice(self.counts)  # (K,)
        certain = guess == np.arange(K)[:, None, None]  # (K, rows, columns)
        self.soft_counts = soft_confusion(
            np.where(certain, confidence, self.rest), truth, IGNORE_INDEX
        )
        self.soft_dice = dice(self.soft_counts)
        self.scores = np.stack([self.iou, self.dice, self.soft_dice, 1 - self.soft_dice], axis=1)
        self.means = [mean_over_classes(scores) for scores in self.scores.T]
        self.conventions = [mean_over_classes(self.iou, absent) for absent in ABSENT]

    @property
    def share(self) -> float:
        """The share of the labelled pixels that are car or sign."""
        of_classes = self.counts.sum(axis=1)
        return of_classes[2:].sum() / max(of_classes.sum(), 1)


def short(value: float, digits: int = 4) -> str:
    """A number as cells and sentences write it; a dash where there is none."""
    return "–" if np.isnan(value) else number(value, digits)


class Story:
    """Sentences: tuples in reading order, one for every cell."""

    def __init__(self, overlap: Overlap):
        self.overlap = overlap

    def of_pixels(self):
        """The same for a pixel of the truth and of the prediction."""
        told = {(t, p): _pair(t, p) for t in (*range(K), IGNORE_INDEX) for p in range(K)}
        pairs = zip(self.overlap.truth.flat, self.overlap.guess.flat, strict=True)
        return tuple(told[pair] for pair in pairs)

    def of_entries(self):
        sentences = []
        for t, p in np.ndindex(K, K):
            said = f"C[{t}, {p}] = {self.overlap.counts[t, p]}: "
            if t == p:
                sentences.append(f"{said}{CLASSES[t]}, and called {CLASSES[t]}: right.")
            else:
                sentences.append(
                    f"{said}{CLASSES[t]}, but called {CLASSES[p]}: false negatives of"
                    f" {CLASSES[t]}, false positives of {CLASSES[p]}."
                )
        return tuple(sentences)

    def of_accuracy(self):
        counts = self.overlap.counts
        right, labelled = counts.trace(), counts.sum()
        if not labelled:
            return ("No pixel is labelled: 0 / 0, there is no accuracy.",)
        added = " + ".join(map(str, counts.diagonal()))
        return (
            f"Pixel accuracy = ({added}) / {labelled} = {right} / {labelled} ="
            f" {short(self.overlap.accuracy)}: large classes decide it.",
        )

    def of_names(self):
        counts = self.overlap.counts
        return tuple(
            f"Class {k}, {name}: {counted(counts[k].sum(), 'pixel')} in the truth,"
            f" {counts[:, k].sum()} in the prediction."
            for k, name in enumerate(CLASSES)
        )

    def of_parts(self):
        counts, sentences = self.overlap.counts, []
        for k, name in enumerate(CLASSES):
            others = [n for n in range(K) if n != k]
            sentences += [
                f"TP of {name} = C[{k}, {k}] = {counts[k, k]}: {name}, and called {name}.",
                f"FP of {name} = {_sum(counts[others, k], [(n, k) for n in others])}: called"
                f" {name}, but something else. The rest of its column of C.",
                f"FN of {name} = {_sum(counts[k, others], [(k, n) for n in others])}: {name}, but"
                " called something else. The rest of its row of C.",
            ]
        return tuple(sentences)

    def of_scores(self):
        sentences = []
        for k, name in enumerate(CLASSES):
            hits, invented, missed = self.overlap.parts[k]
            if not hits + invented + missed:
                nowhere = f"{name} is neither in the truth nor in the prediction"
                sentences += [
                    f"{nowhere}: 0 / 0. It has no {score}, and the mean leaves it out."
                    for score in ("IoU", "Dice")
                ]
            else:
                why = _why(name, hits, invented, missed)
                sentences += [
                    f"IoU of {name} = TP / (TP + FP + FN) = {hits} / ({hits} + {invented} +"
                    f" {missed}) = {short(self.overlap.iou[k])}{why}",
                    f"Dice of {name} = 2·TP / (2·TP + FP + FN) = 2·{hits} / (2·{hits} +"
                    f" {invented} + {missed}) = {short(self.overlap.dice[k])}{why}",
                ]
            sentences += self._of_soft(k, name)
        return tuple(sentences)

    def _of_soft(self, k: int, name: str):
        soft, score = self.overlap.soft_counts, self.overlap.soft_dice[k]
        overlap, true, given = soft[k, k], soft[k].sum(), soft[:, k].sum()
        if np.isnan(score):
            return [f"{name} has no true pixel and no probability anywhere: 0 / 0."] * 2
        why = (
            f": p is {short(self.overlap.confidence)} where {name} is predicted,"
            f" {short(self.overlap.rest)} elsewhere."
        )
        if not true:
            why = (
                f": {name} is not in the truth, so it is 0 however small p is. Many losses add a"
                " small number above and below, which makes it nearly 1 instead."
            )
        return [
            f"Soft Dice of {name} = 2·Σ t·p / (Σ t + Σ p) = 2·{short(overlap)} / ({short(true)} +"
            f" {short(given)}) = {short(score)}{why}",
            f"Dice loss of {name} = 1 − {short(score)} = {short(1 - score)}: what training makes"
            " small. Unlike IoU it changes with every probability.",
        ]

    def of_means(self):
        sentences = []
        titles = ("mean IoU", "mean Dice", "mean soft Dice", "mean Dice loss")
        for title, scores, mean in zip(
            titles, self.overlap.scores.T, self.overlap.means, strict=True
        ):
            there = scores[~np.isnan(scores)]
            if not len(there):
                sentences.append(f"{title}: no class has a score, so there is no mean.")
                continue
            added = " + ".join(map(short, there))
            absent = K - len(there)
            left_out = {0: "", 1: ": 1 class is left out"}.get(absent, f": {absent} are left out")
            sentences.append(f"{title} = ({added}) / {len(there)} = {short(mean)}{left_out}.")
        return tuple(sentences)

    def of_conventions(self):
        absent = [name for name, v in zip(CLASSES, self.overlap.iou, strict=True) if np.isnan(v)]
        if not absent:
            return ("Every class is somewhere: all conventions agree.",) * len(ABSENT)
        who = " and ".join(absent)
        return (
            f"{who}: nowhere in truth and prediction, left out of the mean. So do this course's"
            " scores; the mean is then over other classes than before.",
            f"{who}: nowhere in truth and prediction, counted as 1: right not to invent it. The"
            " fewer classes a picture has, the better it looks.",
            f"{who}: nowhere in truth and prediction, counted as 0, as if all were wrong. So does"
            " scikit-learn's jaccard_score with a label that does not occur.",
        )


def _pair(t: int, p: int) -> str:
    """A pixel of true class t, predicted as p."""
    if t == IGNORE_INDEX:
        return f"void ({IGNORE_INDEX}) in the truth: counted nowhere, whatever is predicted."
    if t == p:
        return f"{CLASSES[t]} in both: a true positive of {CLASSES[t]}, counted in C[{t}, {t}]."
    return (
        f"{CLASSES[t]}, but called {CLASSES[p]}. Counted in C[{t}, {p}]: a false negative of"
        f" {CLASSES[t]}, a false positive of {CLASSES[p]}."
    )


def _sum(counts, entries) -> str:
    names = " + ".join(f"C[{t}, {p}]" for t, p in entries)
    return f"{names} = {' + '.join(map(str, counts))} = {counts.sum()}"


def _why(name: str, hits: int, invented: int, missed: int) -> str:
    if not hits + missed:
        return f": {name} is predicted, but nowhere true. Inventing a class costs: the 0 counts."
    if not hits + invented:
        return f": {name} is never predicted."
    return "."
