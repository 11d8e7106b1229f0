"""Boundary IoU, against erosion by scipy and a square counted by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from segviz.training import BoundaryScores
from segviz.training.boundary import boundary_bands


def test_a_square_counted_by_hand():
    truth = torch.zeros(1, 9, 12, dtype=torch.long)
    truth[0, 2:7, 3:8] = 1  # 5x5: a rim of 16 pixels, 9 inside
    predicted = torch.zeros_like(truth)
    predicted[0, 2:7, 4:9] = 1  # one column further right
    scores = BoundaryScores(("ground", "thing"), distance=1 / 15)  # the diagonal is 15 pixels
    scores.update(predicted, truth)
    assert (scores.truth[1], scores.predicted[1]) == (16, 16)
    # shared: 4 of the upper row, 4 of the lower; column 7 is the truth's right rim, where the
    # prediction is inside, and column 4 the other way round
    assert scores.both[1] == 8
    assert scores.iou[1] == pytest.approx(8 / 24)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_bands_are_a_mask_less_what_scipy_erodes_it_to(width):
    draw = torch.Generator().manual_seed(width)
    coarse = torch.randint(0, 3, (2, 5, 7), generator=draw)
    labels = coarse.repeat_interleave(7, 1).repeat_interleave(5, 2)[:, :33, :31]
    bands = boundary_bands(labels, torch.zeros_like(labels, dtype=torch.bool), 3, width)
    square = np.ones((3, 3), bool)
    for image, of_classes in zip(labels.numpy(), bands.numpy(), strict=True):
        for label, band in enumerate(of_classes):
            mask = image == label
            eroded = ndimage.binary_erosion(mask, square, iterations=width, border_value=0)
            np.testing.assert_array_equal(band, mask & ~eroded)


def test_void_is_in_no_band_and_makes_no_outline():
    labels = torch.zeros(1, 11, 14, dtype=torch.long)
    void = torch.zeros_like(labels, dtype=torch.bool)
    void[0, 5, 6] = True
    (band,) = boundary_bands(labels, void, 1, 1)[0]
    expected = torch.ones(11, 14, dtype=torch.bool)
    expected[1:-1, 1:-1] = False  # the image's border alone
    assert torch.equal(band, expected)


def test_a_large_thing_with_a_rough_outline_scores_less_than_by_iou():
    rows, columns = torch.meshgrid(torch.arange(90), torch.arange(120), indexing="ij")
    distance = ((rows - 45) ** 2 + (columns - 60) ** 2).float().sqrt()
    truth = (distance < 38).long()[None]
    predicted = (distance < 35).long()[None]
    scores = BoundaryScores(("ground", "disc"))
    scores.update(predicted, truth)
    plain = (35 / 38) ** 2
    assert scores.iou[1] < 0.3 < plain
    assert scores.mean_iou == pytest.approx(scores.iou.mean())


def test_batches_add_up_and_what_occurs_nowhere_has_no_score():
    draw = torch.Generator().manual_seed(1)
    truth = torch.randint(0, 2, (4, 13, 17), generator=draw)
    predicted = torch.randint(0, 2, (4, 13, 17), generator=draw)
    whole, parts = BoundaryScores("abc"), BoundaryScores("abc")
    whole.update(predicted, truth)
    for part in (slice(0, 1), slice(1, 4)):
        parts.update(predicted[part], truth[part])
    assert parts.iou.tolist()[:2] == whole.iou.tolist()[:2]
    assert math.isnan(whole.iou[2])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: BoundaryScores("ab", distance=2), "a share of the image's diagonal"),
        (
            lambda: BoundaryScores("ab").update(torch.zeros(2, 3), torch.zeros(3, 2)),
            "both must be .N, H, W.",
        ),
        (
            lambda: BoundaryScores("ab").update(torch.zeros(1, 3, 4), torch.full((1, 3, 4), 7)),
            "the label 7, but there are 2 classes",
        ),
        (
            lambda: BoundaryScores("ab").update(torch.full((1, 3, 4), 2), torch.zeros(1, 3, 4)),
            "prediction holds labels from 2 to 2, but there are 2 classes",
        ),
    ],
)
def test_what_cannot_be_scored_is_told(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
