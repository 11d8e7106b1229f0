"""Our scores beside those of torchmetrics, where both mean the same."""

import pytest
import torch
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
    MulticlassJaccardIndex,
)

from segviz.training import Scores

CLASSES = ("a", "b", "c", "d", "e")
K = len(CLASSES)


@pytest.fixture(params=[0, 1, 2])
def labels(request):
    """Predictions and truths of three batches, a fifth of the pixels void."""
    draw = torch.Generator().manual_seed(request.param)
    truths = torch.randint(0, K, (3, 2, 13, 17), generator=draw)
    predicted = torch.where(
        torch.rand(truths.shape, generator=draw) < 0.6,
        truths,
        torch.randint(0, K, truths.shape, generator=draw),
    )
    truths[torch.rand(truths.shape, generator=draw) < 0.2] = 255
    return predicted, truths


def both(labels, metric):
    scores = Scores(CLASSES)
    for predicted, truth in zip(*labels, strict=True):
        scores.update(predicted, truth)
        metric.update(predicted, truth)
    return scores, metric.compute()


def test_the_confusion_matrix(labels):
    scores, theirs = both(labels, MulticlassConfusionMatrix(K, ignore_index=255))
    assert torch.equal(scores.confusion, theirs)


@pytest.mark.parametrize("average", ["none", "macro", "weighted"])
def test_intersection_over_union(labels, average):
    metric = MulticlassJaccardIndex(K, average=average, ignore_index=255)
    scores, theirs = both(labels, metric)
    ours = {
        "none": scores.iou,
        "macro": scores.mean_iou,
        "weighted": scores.frequency_weighted_iou,
    }[average]
    assert theirs.numpy() == pytest.approx(ours, rel=1e-5)


def test_dice_is_their_f1(labels):
    scores, theirs = both(labels, MulticlassF1Score(K, average="none", ignore_index=255))
    assert theirs.numpy() == pytest.approx(scores.dice, rel=1e-5)


def test_pixel_accuracy_is_their_micro_average(labels):
    scores, theirs = both(labels, MulticlassAccuracy(K, average="micro", ignore_index=255))
    assert theirs.item() == pytest.approx(scores.pixel_accuracy, rel=1e-5)


def test_a_class_that_is_nowhere_counts_in_neither_mean(labels):
    """Both leave it out of the mean; ours says NaN for the class itself, theirs 0."""
    predicted, truths = (labels_of.clone() for labels_of in labels)
    predicted[predicted == 3] = 1
    truths[truths == 3] = 1
    scores, theirs = both((predicted, truths), MulticlassJaccardIndex(K, ignore_index=255))
    assert theirs.item() == pytest.approx(scores.mean_iou, rel=1e-5)
    assert scores.iou[3] != scores.iou[3]
