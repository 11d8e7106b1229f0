"""The numbers behind the views of a run, and the time left."""

import json
import math

import numpy as np
import pytest
from toys import Blots, small_network

from segviz.training import Record, fit
from segviz.training.progress import (
    FULL_BAR,
    TIME_BAR,
    Progress,
    percent,
    shares_of_truth,
    shortened,
)


def record(epoch, epochs=8, seconds=10.0, validation_seconds=2.0, confusion=None):
    iou = {"red": 0.25, "green": math.nan, "blue": 0.75}
    return Record(
        epoch, epochs, 1 / epoch, 0.003, iou, 0.5, 0.6, 100.0, seconds, validation_seconds, None,
        confusion,
    )  # fmt: skip


def progress(*records):
    return Progress(Blots.classes, Blots.palette, list(records))


def test_the_time_left_is_told_from_the_first_epoch_on():
    first = progress(record(1))
    assert (first.seconds_gone, first.seconds_to_go) == (12, 7 * 12)
    assert "00:12 gone, 01:24 to go" in first.bar(90)


def test_old_records_that_come_all_at_once_leave_the_estimate_right(tmp_path):
    def run(epochs_to_see):
        records = fit(
            small_network(), Blots(8), Blots(4), epochs=3, device="cpu", checkpoint=tmp_path / "c"
        )
        return [next(records) for _ in range(epochs_to_see)]

    before, after = run(2), run(2)  # the second run only reads the checkpoint
    assert after == before
    resumed = progress(*after)
    spent = [each.seconds + each.validation_seconds for each in before]
    assert resumed.seconds_gone == pytest.approx(sum(spent))
    assert resumed.seconds_to_go == pytest.approx(sum(spent) / 2)  # one epoch


def test_the_pace_is_that_of_the_last_epochs():
    slow = [record(epoch, epochs=20, seconds=98) for epoch in range(1, 7)]  # another machine
    quick = [record(epoch, epochs=20) for epoch in range(7, 10)]
    assert progress(*slow).seconds_to_go == 14 * 100
    assert progress(*slow, *quick).seconds_to_go == 11 * 12


def test_a_run_without_any_time_has_none_left():
    assert progress(record(2, seconds=0.0, validation_seconds=0.0)).seconds_to_go == 0
    assert "? to go" in progress(record(2, seconds=0.0, validation_seconds=0.0)).bar(70)


def test_a_bar_has_the_width_that_is_asked_for_and_is_filled_by_epochs():
    line = progress(record(1), record(2)).bar(60, TIME_BAR, " #")
    assert len(line) == 60
    inside = line.split("|")[1]
    assert inside.count("#") == len(inside) // 4
    assert "epoch 2 of 8" in progress(record(2)).bar(100, FULL_BAR)


def test_the_confusion_survives_json_and_old_records_have_none():
    held = record(1, confusion=[[3, 1, 0], [0, 0, 0], [2, 0, 2]])
    again = Record.from_dict(json.loads(held.to_json()))
    assert again.confusion == [[3, 1, 0], [0, 0, 0], [2, 0, 2]]
    old = {key: value for key, value in held.to_dict().items() if key != "confusion"}
    assert Record.from_dict(old).confusion is None
    assert progress(Record.from_dict(old)).confusion_shares is None


def test_every_epoch_of_fit_has_its_confusion():
    (made,) = fit(small_network(), Blots(8), Blots(4), epochs=1, device="cpu")
    labelled = sum(int((mask != 255).sum()) for _, mask in Blots(4))
    assert np.sum(made.confusion) == labelled
    assert np.trace(made.confusion) / labelled == pytest.approx(made.pixel_accuracy)


def test_the_shares_are_of_the_true_pixels_of_a_class():
    shares = shares_of_truth([[3, 1, 0], [0, 0, 0], [2, 0, 2]])
    np.testing.assert_equal(shares, [[0.75, 0.25, 0], [np.nan] * 3, [0.5, 0, 0.5]])


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.934, "93"), (1, "100"), (0.006, "1"), (0.004, ""), (0, ""), (math.nan, "")],
)
def test_a_cell_says_its_percent_in_few_letters(share, text):
    assert percent(share) == text


def test_the_mean_comes_first_and_a_class_has_the_colour_of_its_mask():
    mean, red, green, blue = progress(record(1), record(2)).curves()
    assert (mean.name, mean.values) == ("mean", [0.5, 0.5])
    assert (red.values, red.colour) == ([0.25, 0.25], (200, 0, 0))
    assert np.isnan(green.values).all() and blue.colour == (0, 0, 200)
    assert len({red.dash, green.dash, blue.dash}) == 3


def test_long_names_are_cut():
    assert shortened("background") == "background"
    assert shortened("a very long name of a class", 8) == "a very …"
