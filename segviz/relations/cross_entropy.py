"""Cross-entropy of scores against labels, pixel by pixel, and what becomes of it over a mask.

Networks are trained with torch's own, which is fast and knows its derivative. These are the same
numbers in NumPy, for pictures; where a line is arithmetic that both understand (`pixel_weights`,
`mean_over_labelled`), the training's loss reads it from here. Scores of classes are along the first
axis, float; labels are integers, and `ignore_index` marks pixels without one.
"""

import numpy as np


def exponentials(logits: np.ndarray) -> np.ndarray:
    """exp(z), float64, shape as given."""
    return np.exp(np.asarray(logits, float))


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z) / sum of exp(z) over the first axis; shape as given, float64."""
    powers = exponentials(_shifted(logits))
    return powers / powers.sum(axis=0)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of `softmax`, exact where that is too small for a float; shape as given."""
    shifted = _shifted(logits)
    return shifted - np.log(exponentials(shifted).sum(axis=0))


def _shifted(logits):
    """The same number off all classes of a pixel, which changes nothing but that none overflows."""
    return np.asarray(logits, float) - np.max(logits, axis=0)


def pixel_cross_entropy(logits, labels, ignore_index: int) -> np.ndarray:
    """-log softmax(z)[y] of every pixel, and 0 where it is ignored.

    logits: (K, ...); labels: (...) with 0 .. K-1 or ignore_index. Returns float64 (...).
    """
    labelled = labels != ignore_index
    chosen = np.take_along_axis(log_softmax(logits), (labels * labelled)[None], axis=0)[0]
    return np.where(labelled, 0 - chosen, 0.0)


def pixel_weights(labels, class_weights, ignore_index: int):
    """w[y] of every pixel, and 0 where it is ignored. NumPy arrays or torch tensors.

    labels: (...); class_weights: (K,), on the same device. Returns (...), dtype of class_weights.
    """
    labelled = labels != ignore_index
    return class_weights[labels * labelled] * labelled


def mean_over_labelled(total, total_weight):
    """The weighted mean, sum of w·loss divided by sum of w; 0 where nothing weighs anything.

    torch.nn.functional.cross_entropy divides 0 by 0 there, and since version 1.11 gives NaN.
    Scalars or arrays of NumPy or torch.
    """
    return total / (total_weight + (total_weight == 0))


def cross_entropy_gradient(logits, labels, class_weights, ignore_index: int) -> np.ndarray:
    """The derivative of the weighted mean by every logit: w[y] / sum of w · (softmax(z) - y).

    y stands for the label as a one-hot vector. Shapes as above; returns (K, ...), float64: zeros
    for ignored pixels, and everywhere where nothing weighs anything.
    """
    weights = pixel_weights(labels, class_weights, ignore_index)
    return mean_over_labelled(weights, weights.sum()) * (softmax(logits) - one_hot(labels, logits))


def one_hot(labels, logits) -> np.ndarray:
    """1 at the class that a pixel is labelled with, 0 elsewhere; (...) to (K, ...), float64."""
    classes = np.arange(len(logits)).reshape(-1, *[1] * np.ndim(labels))
    return (np.asarray(labels) == classes).astype(float)
