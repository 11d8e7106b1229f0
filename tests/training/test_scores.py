"""Scores, against a slow, obvious count of pixels."""

import math

import numpy as np
import pytest
import torch

from segviz.training import Scores, confusion_matrix

CLASSES = ("a", "b", "c", "d")


def iou_by_definition(predictions, truths, label, ignore_index=255):
    """Over all pixels of all images: those in both sets, by those in either."""
    both = either = 0
    for predicted, truth in zip(predictions, truths, strict=True):
        for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
            if t != ignore_index:
                both += p == label and t == label
                either += p == label or t == label
    return both / either if either else math.nan


def test_a_matrix_counted_by_hand():
    truth = torch.tensor([[0, 0, 1, 255], [2, 2, 2, 255]])
    predicted = torch.tensor([[0, 1, 1, 1], [2, 2, 0, 2]])
    #                    predicted 0  1  2
    assert confusion_matrix(predicted, truth, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def test_scores_read_off_that_matrix_by_hand():
    scores = Scores(("a", "b", "c"))
    scores.confusion = torch.tensor([[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    assert scores.iou.tolist() == [1 / 3, 1 / 2, 2 / 3]
    assert scores.mean_iou == pytest.approx((1 / 3 + 1 / 2 + 2 / 3) / 3)
    assert scores.pixel_accuracy == pytest.approx(4 / 6)
    assert scores.dice.tolist() == pytest.approx([2 / 4, 2 / 3, 4 / 5])
    # two true pixels of a, one of b, three of c
    assert scores.frequency_weighted_iou == pytest.approx((2 * 1 / 3 + 1 * 1 / 2 + 3 * 2 / 3) / 6)


def test_scores_are_those_of_the_definition_over_the_whole_data_set():
    draw = torch.Generator().manual_seed(0)
    truths = [torch.randint(0, 4, (5, 7), generator=draw) for _ in range(3)]
    truths.append(torch.randint(0, 2, (3, 11), generator=draw))  # another size, fewer classes
    for truth in truths:
        truth[torch.rand(truth.shape, generator=draw) < 0.2] = 255
    predictions = [torch.randint(0, 4, truth.shape, generator=draw) for truth in truths]
    scores = Scores(CLASSES)
    for predicted, truth in zip(predictions, truths, strict=True):
        scores.update(predicted, truth)

    expected = [iou_by_definition(predictions, truths, label) for label in range(4)]
    assert scores.iou == pytest.approx(expected)
    assert scores.mean_iou == pytest.approx(np.mean(expected))
    right = sum(int((p == t).sum()) for p, t in zip(predictions, truths, strict=True))
    labelled = sum(int((t != 255).sum()) for t in truths)
    assert scores.pixel_accuracy == pytest.approx(right / labelled)


def test_an_absent_class_is_left_out_and_an_invented_one_counts_as_wrong():
    scores = Scores(CLASSES)
    scores.update(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1]))
    assert scores.iou[:3].tolist() == [1, 1 / 2, 0]  # c was invented
    assert math.isnan(scores.iou[3])  # d is nowhere
    assert scores.mean_iou == pytest.approx(1.5 / 3)
    assert scores.frequency_weighted_iou == pytest.approx((1 * 1 + 2 * 1 / 2) / 3)


def test_nothing_labelled_gives_nan_without_a_warning():
    scores = Scores(CLASSES)
    scores.update(torch.tensor([[3, 1]]), torch.tensor([[255, 255]]))
    assert scores.confusion.sum() == 0
    assert math.isnan(scores.mean_iou) and math.isnan(scores.pixel_accuracy)
    assert math.isnan(scores.frequency_weighted_iou)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 3\) and the truth \(3, 2\)"):
        confusion_matrix(torch.zeros(2, 3).long(), torch.zeros(3, 2).long(), 2)
    with pytest.raises(ValueError, match="label 7, but there are 4 classes: 0 to 3"):
        confusion_matrix(torch.tensor([0]), torch.tensor([7]), 4)


def test_a_prediction_that_is_no_class_is_refused():
    truth = torch.zeros(1, 3, 5, dtype=torch.long)
    for wrong in (4, -1):
        predicted = truth.clone()
        predicted[0, 2, 4] = wrong
        with pytest.raises(ValueError, match="The prediction holds labels from"):
            Scores(CLASSES).update(predicted, truth)
