"""The exercises of notebook 00, and its map of the course."""

import re
from pathlib import Path

import nbformat
import pytest
import torch
from torch.nn import functional as F

from exercises import welcome as exercises
from segviz import explain

COURSE = Path(exercises.__file__).parents[1]
NOTEBOOK = COURSE / "00_welcome.ipynb"


def size(input_size, kernel_size, stride):
    return len(range(0, input_size - kernel_size + 1, stride))


def size_in_torch(input_size, kernel_size, stride):
    image, kernel = torch.zeros(1, 1, input_size, 9), torch.zeros(1, 1, kernel_size, 2)
    return F.conv2d(image, kernel, stride=stride).shape[2]


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.cells_by_hand, 16),
        (exercises.size_in_code, size),
        (exercises.size_in_code, size_in_torch),
        (exercises.what_comes_out, "c"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.cells_by_hand, 4, "along one axis"),
        (exercises.cells_by_hand, 36, "stick out"),
        (exercises.cells_by_hand, 9, "Off by one"),
        (exercises.size_in_code, lambda i, k, s: (i - k) // s, "Off by one"),
        (exercises.size_in_code, lambda i, k, s: i - k + 1, "fewer steps"),
        (exercises.size_in_code, lambda i, k, s: 4, "Not yet"),
        (exercises.what_comes_out, "a", "classification"),
        (exercises.what_comes_out, "b", "detection"),
        (exercises.what_comes_out, "d", "instance segmentation"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.one_cell(explain.convolution()),
        lambda: exercises.cells_by_hand(...),
        lambda: exercises.size_in_code(lambda input_size, kernel_size, stride: ...),
        lambda: exercises.what_comes_out(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"kernel_size": 4}, "✓"),
        ({"input_size": 3}, "✓"),
        ({"stride": 2}, "✓"),
        ({"dilation": 2, "padding": (1, 1)}, "✗"),
        ({"kernel_size": (4, 3)}, "✗"),
        ({"pad": "same", "kernel_size": 4}, "✗"),
    ],
)
def test_the_sliders_are_read_from_the_explorer(settings, state, capsys):
    explorer = explain.convolution(**settings)
    exercises.one_cell(explorer)
    assert capsys.readouterr().out.startswith(state)
    assert (explorer.scene.relation.sizes["output"] == (1, 1, 1)) == (state == "✓")


def test_the_map_names_every_notebook_once_and_in_order():
    text = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    rows = re.findall(r"^\| (?:\[(\d\d)\]\((\d\d)_\w+\.ipynb\)|(\d\d)) \| (.+) \|$", text, re.M)
    assert [int(linked or own) for linked, _, own, _ in rows] == list(range(16))
    assert all(linked == file for linked, file, _, _ in rows)
    there = {path.name for path in COURSE.glob("[0-9][0-9]_*.ipynb")} - {NOTEBOOK.name}
    assert there <= set(re.findall(r"\]\((\w+\.ipynb)\)", text))
