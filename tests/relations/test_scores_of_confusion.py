"""Scores read off a confusion matrix, against counting pixel by pixel."""

import math

import numpy as np
import pytest
import torch

from segviz.relations import (
    confusion,
    dice,
    iou,
    mean_over_classes,
    pixel_accuracy,
    soft_confusion,
    tp_fp_fn,
)

VOID = 255


def two_masks(seed, classes=4, shape=(5, 7)):
    """Random (prediction, truth with void pixels)."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes - seed % 2, shape)  # sometimes a class is nowhere
    truth[random.random(shape) < 0.2] = VOID
    return random.integers(0, classes - seed % 2, shape), truth


def counted(predicted, truth, label):
    """(TP, FP, FN) of one class, one pixel after another."""
    hits = invented = missed = 0
    for p, t in zip(predicted.flat, truth.flat, strict=True):
        if t != VOID:
            hits += p == label and t == label
            invented += p == label and t != label
            missed += p != label and t == label
    return hits, invented, missed


def over(part, whole):
    return part / whole if whole else math.nan


@pytest.mark.parametrize("seed", range(50))
def test_scores_are_those_of_counting(seed):
    predicted, truth = two_masks(seed)
    matrix = confusion(predicted, truth, 4, VOID)
    of_classes = [counted(predicted, truth, label) for label in range(4)]
    assert np.array(tp_fp_fn(matrix)).T.tolist() == [list(each) for each in of_classes]
    ious = [over(tp, tp + fp + fn) for tp, fp, fn in of_classes]
    dices = [over(2 * tp, 2 * tp + fp + fn) for tp, fp, fn in of_classes]
    assert iou(matrix) == pytest.approx(ious, nan_ok=True)
    assert dice(matrix) == pytest.approx(dices, nan_ok=True)
    there = [each for each in ious if not math.isnan(each)]
    assert mean_over_classes(iou(matrix)) == pytest.approx(sum(there) / len(there))
    right = (predicted == truth).sum() / (truth != VOID).sum()
    assert pixel_accuracy(matrix) == pytest.approx(right)
    # the same arithmetic takes tensors
    tensor = iou(torch.tensor(matrix))
    assert tensor.tolist() == pytest.approx(ious, nan_ok=True)
    assert mean_over_classes(tensor).item() == pytest.approx(sum(there) / len(there))


def test_a_matrix_and_its_scores_by_hand():
    truth = np.array([[0, 0, 1, VOID], [2, 2, 2, VOID]])
    predicted = np.array([[0, 1, 1, 1], [2, 2, 0, 2]])
    matrix = confusion(predicted, truth, 3, VOID)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert iou(matrix).tolist() == [1 / 3, 1 / 2, 2 / 3]
    assert dice(matrix) == pytest.approx([2 / 4, 2 / 3, 4 / 5])
    assert pixel_accuracy(matrix) == pytest.approx(4 / 6)


def test_dice_is_a_function_of_iou():
    matrix = confusion(*two_masks(4), 4, VOID)
    assert dice(matrix) == pytest.approx(2 * iou(matrix) / (1 + iou(matrix)))


def test_a_class_that_is_nowhere_is_left_out_or_given_a_score():
    scores = np.array([0.5, np.nan, 1.0, 0.0])
    assert mean_over_classes(scores) == 0.5
    assert mean_over_classes(scores, absent=1) == 2.5 / 4
    assert mean_over_classes(scores, absent=0) == 1.5 / 4


def test_nothing_labelled_gives_nan_without_a_warning():
    nothing = confusion(np.zeros((2, 3), int), np.full((2, 3), VOID), 4, VOID)
    assert nothing.tolist() == [[0] * 4] * 4
    assert math.isnan(pixel_accuracy(nothing)) and math.isnan(mean_over_classes(iou(nothing)))
    assert mean_over_classes(iou(nothing), absent=1) == 1


def test_soft_dice_is_the_lectures_formula():
    random = np.random.default_rng(7)
    truth = random.integers(0, 3, (4, 6))
    truth[0, :2] = VOID
    chances = random.dirichlet([1, 1, 1], (4, 6)).transpose(2, 0, 1)
    ours = dice(soft_confusion(chances, truth, VOID))
    for label in range(3):
        t = [float(y == label) for y in truth.flat if y != VOID]
        p = [c for c, y in zip(chances[label].flat, truth.flat, strict=True) if y != VOID]
        overlap = sum(a * b for a, b in zip(t, p, strict=True))
        assert ours[label] == pytest.approx(2 * overlap / (sum(t) + sum(p)))


def test_certain_probabilities_give_the_counts():
    predicted, truth = two_masks(2)
    certain = np.eye(4)[predicted].transpose(2, 0, 1)
    counts = confusion(predicted, truth, 4, VOID)
    assert soft_confusion(certain, truth, VOID).tolist() == counts.tolist()
