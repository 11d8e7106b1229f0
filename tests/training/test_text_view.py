"""A run as text: narrow, searchable, and the same in a log file as in a terminal."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from test_failures import VOID, Answers, Reader, square
from tqdm.utils import disp_len

from segviz.training import Record
from segviz.training.failures import analyse
from segviz.training.text_view import TextView

CLASSES = ("background", "ball", "box", "star", "pole")
CONFUSION = np.diag([90, 50, 7, 0, 2])
CONFUSION[0, 1], CONFUSION[2, 4], CONFUSION[2, 0] = 10, 2, 1


def record(epoch=3, classes=CLASSES):
    iou = dict(zip(classes, (0.931, 0.5, 0.25, math.nan, 0.0), strict=True))
    return Record(
        epoch, 8, 0.5123, 0.003, iou, 0.42, 0.871, 123.4, 10.0, 2.0, None, CONFUSION.tolist()
    )


def told(record, classes=CLASSES, encoding="utf-8", width=80):
    """What a view prints of one epoch and of the end."""
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding)
    view = TextView(classes, file, width)
    view.show(record)
    epoch = written.getvalue().decode(encoding)
    view.finish()
    return epoch, written.getvalue().decode(encoding)[len(epoch) :]


def test_an_epoch_begins_with_its_record_to_be_searched_for():
    epoch, _ = told(record())
    assert epoch.splitlines()[0] == str(record())
    assert sum("epoch" in line for line in epoch.splitlines()) == 1


def test_the_time_left_is_in_the_second_line():
    epoch, _ = told(record(epoch=6))
    line = epoch.splitlines()[1]
    assert line.endswith("| 00:12 gone, 00:24 to go")
    inside = line.split("|")[1]
    assert inside.count("█") == len(inside) * 6 // 8


def test_a_class_has_a_bar_as_long_as_its_iou():
    cells = told(record())[0].split("\n", 2)[2]
    assert "background ███████▍ 0.93" in cells
    assert "ball       ████     0.50" in cells
    assert "star                  - " in cells
    assert "pole                0.00" in cells


def test_the_table_names_what_a_class_is_most_often_taken_for():
    rows = {line.split(" ")[0]: line for line in told(record())[1].splitlines()}
    assert rows["background"].endswith("  ball, 10.0% of its pixels")
    assert rows["box"].endswith("  pole, 20.0% of its pixels")
    assert rows["ball"].endswith("  (nothing else)")
    assert rows["star"].endswith("  (no pixel of it in the truth)")


def test_a_record_without_confusion_says_so():
    assert "(not recorded)" in told(replace(record(), confusion=None))[1]


@pytest.mark.parametrize("width", [80, 41, 30])
@pytest.mark.parametrize(
    "classes", [CLASSES, ("背景", "ball", "盒子盒子盒子盒子盒子", "été", "x" * 40)]
)
def test_no_line_is_wider_than_the_terminal(width, classes):
    epoch, table = told(record(classes=classes), classes, width=width)
    widths = [disp_len(line) for line in (epoch + table).splitlines()]
    assert max(widths) <= width
    assert "\x1b" not in epoch + table and "\r" not in epoch + table


def test_a_wide_terminal_is_not_filled(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    file = io.StringIO()
    TextView(CLASSES, file).show(record())
    assert max(map(len, file.getvalue().splitlines())) == 80


def test_columns_stand_below_each_other_whatever_the_letters():
    classes = ("背景", "ball", "盒子", "été", "x")
    lines = told(record(classes=classes), classes)[0].splitlines()[2:]
    first_bars = {disp_len(line[: line.index("█")]) for line in lines if "█" in line}
    assert len(first_bars) == 1


def test_a_terminal_without_blocks_gets_letters_that_it_can_write():
    classes = ("背景", "ball", "box", "star", "pole")
    epoch, table = told(record(classes=classes), classes, encoding="ascii")
    assert "ball ####     0.50" in epoch
    assert "??" in table  # the name that ASCII cannot write


def test_the_failures_are_told_in_words():
    half = square()
    half[2:7, 3:6] = 0
    file = io.StringIO()
    failures = analyse(Reader(), Answers((half, square()), (square(), square() * 0 + VOID)))
    TextView(CLASSES, file).show_failures(failures)
    assert "0.630  item 0" in file.getvalue()


def test_a_run_without_records_has_no_table():
    file = io.StringIO()
    TextView(CLASSES, file).finish()
    assert file.getvalue() == ""
