"""Scores of a segmentation, each read off one confusion matrix C.

C[t, p] is how many pixels of the true class t were predicted as p. Of a class k:

    true positives TP = C[k, k], false negatives FN = the rest of row k, false positives FP = the
    rest of column k.

Fed with probabilities instead of counts (`soft_confusion`), the same formulas give the soft scores
that have a gradient. All but the counting is arithmetic that NumPy arrays and torch tensors share.
"""

import numpy as np

from segviz.relations.cross_entropy import one_hot


def confusion_entry(predicted, truth, num_classes: int):
    """The entry of the flattened matrix (row: truth, column: predicted) that each pixel is counted
    in; integers of NumPy or torch, any shape."""
    return truth * num_classes + predicted


def confusion(predicted, truth, num_classes: int, ignore_index: int) -> np.ndarray:
    """The matrix C of two masks, int (K, K); pixels that the truth ignores are counted nowhere.

    predicted, truth: integer arrays of the same shape. (For tensors and whole data sets:
    segviz.training.Scores.)
    """
    entries = confusion_entry(predicted, truth, num_classes)[truth != ignore_index]
    return np.bincount(entries, minlength=num_classes**2).reshape(num_classes, num_classes)


def soft_confusion(probabilities, truth, ignore_index: int) -> np.ndarray:
    """S[t, k] = the probability of class k, added over the labelled pixels of true class t.

    probabilities: (K, ...) adding up to 1 over the first axis; truth: (...). Returns float (K, K),
    which is C where all probabilities are 0 or 1.
    """
    labelled = truth != ignore_index
    chances = probabilities[:, labelled]  # (K, labelled pixels)
    return one_hot(truth[labelled], chances) @ chances.T


def tp_fp_fn(confusion):
    """(TP, FP, FN) of every class, each (K,)."""
    hits = confusion.diagonal()
    return hits, confusion.sum(0) - hits, confusion.sum(1) - hits


def iou(confusion):
    """Intersection over union, TP / (TP + FP + FN) of every class, (K,).

    NaN for a class that is neither in the truth nor in the prediction: there is nothing to be right
    or wrong about. (Everingham et al. 2015, "The PASCAL Visual Object Classes Challenge: A
    Retrospective", section 2.4.)
    """
    hits, false_positives, false_negatives = tp_fp_fn(confusion)
    return ratio(hits, hits + false_positives + false_negatives)


def dice(confusion):
    """Dice's coefficient, 2 TP / (2 TP + FP + FN) of every class, (K,); NaN as for `iou`.

    Of a soft confusion it is 2 sum(t p) / (sum t + sum p), and 1 minus that is the Dice loss.
    (Milletari et al. 2016, "V-Net", section 3, has squares in the denominator; the lecture's form,
    here, has none.)
    """
    hits, false_positives, false_negatives = tp_fp_fn(confusion)
    return ratio(2 * hits, 2 * hits + false_positives + false_negatives)


def pixel_accuracy(confusion):
    """The share of labelled pixels that are right; NaN where no pixel is labelled."""
    return ratio(confusion.diagonal().sum(), confusion.sum())


def mean_over_classes(scores, absent: float | None = None):
    """The mean of the scores of the classes that have one (NaN where none has).

    absent: the score to give to a class that occurs nowhere, instead of leaving it out. A class
    that is predicted but never true has score 0 and counts: inventing it is an error.
    """
    there = scores[scores == scores]  # NaN is not equal to itself
    if absent is None:
        return ratio(there.sum(), len(there))
    return (there.sum() + absent * (len(scores) - len(there))) / len(scores)


def frequency_weighted(scores, confusion):
    """The mean of the scores, each weighted by how many true pixels its class has; NaN where no
    pixel is labelled. Of `iou` it is Long et al.'s frequency-weighted IU (2015, section 5).
    """
    truths = confusion.sum(1)  # (K,)
    there = truths > 0  # a class that is nowhere true weighs nothing, whatever its score
    return ratio((truths[there] * scores[there]).sum(), truths.sum())


def ratio(part, whole):
    """part / whole, and NaN for 0 / 0: where there is nothing, nothing can be said."""
    with np.errstate(invalid="ignore"):
        return part / whole
