"""Where a network goes wrong, on masks drawn by hand."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from segviz.data import SegmentationDataset
from segviz.training import Scores
from segviz.training.failure_measures import (
    bin_names,
    boundary_counts,
    boundary_distance,
    image_miou,
    object_counts,
)
from segviz.training.failure_picture import PANELS, wrong_pixels
from segviz.training.failures import analyse

VOID = 255


def square(height=9, width=13):
    """A square of class 1, five pixels wide, on class 0."""
    mask = np.zeros((height, width), np.int64)
    mask[2:7, 3:8] = 1
    return mask


class Answers(SegmentationDataset):
    """Images that show, in red, green and blue, what `Reader` will predict."""

    classes = ("red", "green", "blue")
    palette = np.array([(200, 0, 0), (0, 200, 0), (0, 0, 200)], np.uint8)

    def __init__(self, *pairs):
        self.pairs = pairs  # (predicted, truth), each int64 (h, w)

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        predicted, truth = map(torch.from_numpy, self.pairs[index])
        image = torch.zeros(3, *predicted.shape, dtype=torch.uint8)
        return image.scatter_(0, predicted[None], 255), truth

    def name(self, index):
        return f"item {index}"


class Reader(nn.Module):
    """The strongest colour is the class."""

    def forward(self, images):
        return images


def test_a_square_has_the_distances_that_a_ruler_gives():
    distance = boundary_distance(square(), VOID)
    assert distance[2, 3] == distance[4, 3] == 0.5  # in the square, at its edge
    assert distance[4, 4] == 1.5
    assert distance[4, 5] == 2.5  # its centre
    assert distance[4, 2] == 0.5 and distance[4, 0] == 2.5  # outside
    assert distance[1, 2] == pytest.approx(math.sqrt(2) - 0.5)  # outside, at its corner
    assert distance[8, 12] == pytest.approx(math.hypot(2, 5) - 0.5)


def test_distances_are_those_to_the_nearest_pixel_of_another_class():
    truth = np.random.default_rng(3).choice([0, 0, 0, 0, 0, 1, 2, VOID], size=(7, 11))
    distance = boundary_distance(truth, VOID)
    positions = np.argwhere(truth != VOID)
    for row, column in positions:
        other = positions[truth[tuple(positions.T)] != truth[row, column]]
        nearest = np.hypot(*(other - (row, column)).T).min()
        assert distance[row, column] == pytest.approx(nearest - 0.5)
    assert np.isnan(distance[truth == VOID]).all()


def test_a_void_seam_is_measured_across_and_makes_no_boundary_of_its_own():
    across = np.array([[0, 0, VOID, VOID, 1]])
    np.testing.assert_equal(boundary_distance(across, VOID), [[3.5, 2.5, np.nan, np.nan, 2.5]])
    inside = np.array([[0, 0, VOID, 0]])
    np.testing.assert_equal(boundary_distance(inside, VOID), [[np.inf, np.inf, np.nan, np.inf]])


def test_errors_are_counted_at_their_distance():
    truth = np.zeros((3, 40), np.int64)
    truth[:, 20:] = 1  # the boundary is at column 20; every row is the same
    predicted = truth.copy()
    predicted[1, 20] = 0  # 0.5 away
    predicted[0:2, 21] = 0  # 1.5
    predicted[2, 24] = 2  # 4.5
    predicted[0, 39] = 0  # 19.5
    wrong, pixels = boundary_counts(predicted, truth, VOID)
    # Columns at 0.5, 1.5, 2.5 to 3.5, 4.5 to 7.5, 8.5 to 15.5, 16.5 to 19.5, on both sides.
    assert pixels.tolist() == [6, 6, 12, 24, 48, 24]
    assert wrong.tolist() == [1, 2, 0, 1, 0, 1]


def test_void_pixels_count_nowhere():
    truth = square()
    truth[4, 3:] = VOID
    predicted = np.where(truth == VOID, 2, truth)
    wrong, pixels = boundary_counts(predicted, truth, VOID)
    assert wrong.sum() == 0 and pixels.sum() == (truth != VOID).sum()
    recalls, objects = object_counts(predicted, truth, 3, VOID)
    # The void line splits the square in two of 10 pixels; the background stays in one piece.
    assert objects.tolist() == [[0, 0, 1, 0, 0, 0], [2, 0, 0, 0, 0, 0], [0] * 6]
    assert (recalls == objects).all()


def test_objects_are_found_by_their_share_and_binned_by_their_size():
    truth = np.zeros((20, 31), np.int64)
    truth[1:3, 1:4] = 1  # 6 pixels
    truth[3, 4] = 1  # touches it at a corner: 7
    truth[8:12, 10:14] = 1  # 16
    truth[8:18, 20:30] = 1  # 100
    predicted = np.where(truth == 1, 2, 0)
    predicted[1:3, 1:4] = 1  # 6 of 7
    predicted[8, 10:14] = 1  # 4 of 16
    predicted[0, 20:30] = 1  # invented: no object of the truth
    recalls, objects = object_counts(predicted, truth, 3, VOID)
    assert objects[1].tolist() == [1, 1, 1, 0, 0, 0]
    assert recalls[1] == pytest.approx([6 / 7, 4 / 16, 0, 0, 0, 0])
    assert not objects[2].any()


def test_the_miou_of_an_image_is_over_the_classes_that_are_in_it():
    confusion = np.array([[6, 2, 1], [1, 3, 0], [0, 0, 0]])  # class 2 is only predicted
    assert image_miou(confusion) == pytest.approx((6 / 10 + 3 / 6) / 2)
    assert math.isnan(image_miou(np.zeros((3, 3), int)))


def test_the_worst_image_comes_first_and_one_without_labels_not_at_all():
    right, half = square(), square()
    half[2:7, 3:6] = 0
    nothing = np.full((9, 13), VOID)
    small = np.ones((6, 5), np.int64)  # another size
    pairs = [(right, right), (half, square()), (right, nothing), (small, 0 * small)]
    failures = analyse(Reader(), Answers(*pairs), batch_size=3, examples=2)
    assert [score.index for score in failures.images] == [3, 1, 0]
    assert [score.name for score in failures.images] == ["item 3", "item 1", "item 0"]
    assert failures.images[1].miou == pytest.approx((92 / 107 + 10 / 25) / 2)
    assert failures.images[1].pixel_accuracy == pytest.approx(102 / 117)
    assert [example.score for example in failures.examples] == failures.images[:2]
    assert (failures.examples[1].predicted == half).all()


def test_the_pass_over_a_data_set_counts_every_pixel_and_object_once():
    draw = np.random.default_rng(0)
    pairs = [
        (draw.integers(0, 3, size), draw.choice([0, 1, 2, VOID], size))
        for size in [(9, 13), (9, 13), (6, 5), (9, 13)]
    ]
    failures = analyse(Reader(), Answers(*pairs), batch_size=2)
    scores = Scores(Answers.classes)
    for predicted, truth in pairs:
        scores.update(torch.from_numpy(predicted), torch.from_numpy(truth))
    total = int(scores.confusion.sum())
    assert failures.pixels_by_distance.sum() == total
    assert failures.wrong_by_distance.sum() == total - scores.confusion.diagonal().sum()
    objects = sum(object_counts(*pair, 3, VOID)[1] for pair in pairs)
    assert (failures.objects_by_area == objects).all()
    recalls = sum(object_counts(*pair, 3, VOID)[0] for pair in pairs)
    there = objects > 0
    assert failures.recall_by_area[there] == pytest.approx((recalls / objects.clip(1))[there])
    assert np.isnan(failures.recall_by_area[~there]).all()


def test_a_label_that_is_no_class_is_told():
    with pytest.raises(ValueError, match="7"):
        analyse(Reader(), Answers((square(), square() * 7)))


def test_the_picture_shows_the_charts_numbers_and_the_worst_images():
    half = square()
    half[2:7, 3:6] = 0
    failures = analyse(Reader(), Answers((half, square()), (square(), square())))
    charts, strip = failures.figure().subfigs
    scores, distances, sizes = charts.axes
    assert sum(bar.get_height() for bar in scores.patches) == 2
    assert [bar.get_height() for bar in distances.patches] == pytest.approx(
        np.nan_to_num(failures.error_by_distance)
    )
    assert {text.get_text() for text in sizes.texts} == {"100%", "70%"}
    assert [axis.get_xlabel() for axis in strip.axes] == 2 * [*PANELS]
    assert [axis.get_title(loc="left")[:6] for axis in strip.axes[:: len(PANELS)]] == [
        "item 0",
        "item 1",
    ]


def test_wrong_pixels_are_red_and_void_is_white():
    truth = square()
    truth[0, 0] = VOID
    half = square()
    half[2:7, 3:6] = 0
    (example,) = analyse(Reader(), Answers((half, truth))).examples
    drawn = wrong_pixels(example, VOID)
    red = (drawn == (200, 30, 30)).all(axis=2)
    assert (red == (half != square())).all()
    assert (drawn[0, 0] == 255).all() and (drawn[1, 1] != 255).all()


def test_the_words_name_the_worst_image_and_the_errors():
    half = square()
    half[2:7, 3:6] = 0
    words = str(analyse(Reader(), Answers((square(), square()), (half, square()))))
    lines = words.splitlines()
    assert lines[1].split() == ["0.630", "item", "1"]
    assert "   70.0%  of 16-63 px (2 objects)" in lines
    assert "NaN" not in words and "nan" not in words


def test_a_data_set_without_a_label_is_told_in_words_and_drawn():
    failures = analyse(Reader(), Answers((square(), np.full((9, 13), VOID))))
    assert "no labelled pixel" not in str(failures) and "No image" in str(failures)
    failures.figure().canvas.draw()


def test_bins_have_names():
    assert bin_names((0, 1, 4, np.inf)) == ["0-1", "1-4", "4+"]
    assert bin_names((1, 16, 64, np.inf), last=1) == ["1-15", "16-63", "64+"]


def test_in_a_notebook_they_are_a_picture():
    failures = analyse(Reader(), Answers((square(), square())))
    assert failures._repr_png_().startswith(b"\x89PNG")
