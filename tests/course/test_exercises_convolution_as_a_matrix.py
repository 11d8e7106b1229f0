"""The exercises of notebook 04: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import segviz
from exercises import convolution_as_a_matrix as exercises

MATRIX = [  # worked by hand
    [4, 0, 0, 0, 0, 0],
    [0, 3, 4, 0, 0, 0],
    [0, 0, 0, 2, 0, 0],
    [0, 0, 0, 0, 1, 2],
]
FLIPPED = [
    [1, 0, 0, 0, 0, 0],
    [0, 2, 1, 0, 0, 0],
    [0, 0, 0, 3, 0, 0],
    [0, 0, 0, 0, 4, 3],
]
BY_COLUMNS = [
    [4, 0, 0, 0, 0, 0],
    [0, 0, 3, 0, 4, 0],
    [0, 2, 0, 0, 0, 0],
    [0, 0, 0, 1, 0, 2],
]


def from_torch(i, k, s, p):
    return F.conv2d(
        torch.zeros(1, 1, 1, i), torch.zeros(1, 1, 1, k), stride=s, padding=(0, p)
    ).size(3)


def test_the_matrix_by_hand_is_what_torch_does_to_every_single_pixel():
    pixels = torch.eye(6, dtype=torch.float64).reshape(6, 1, 2, 3)  # each image is one bright pixel
    kernel = torch.tensor([[[[1.0, 2], [3, 4]]]], dtype=torch.float64)
    columns = F.conv2d(pixels, kernel, padding=1, stride=2).reshape(6, 4)
    np.testing.assert_array_equal(columns.T, MATRIX)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.size_formula, from_torch),
        (exercises.matrix_by_hand, MATRIX),
        (exercises.what_the_transpose_does, "b"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.size_formula, lambda i, k, s, p: (i + p - k) // s + 1, "both sides"),
        (exercises.size_formula, lambda i, k, s, p: (i + 2 * p - k) // s, "one more"),
        (exercises.size_formula, lambda i, k, s, p: -((k - i - 2 * p) // s) + 1, "round down"),
        (exercises.size_formula, lambda i, k, s, p: (i + 2 * p - k) / s + 1, "//"),
        (exercises.size_formula, lambda i, k, s, p: i + 2 * p - k + 1, "stride is missing"),
        (exercises.matrix_by_hand, FLIPPED, "flipped"),
        (exercises.matrix_by_hand, BY_COLUMNS, "along the rows"),
        (exercises.matrix_by_hand, np.transpose(MATRIX), "This is C.T"),
        (exercises.matrix_by_hand, np.array(MATRIX)[:, ::-1], "Not yet"),
        (exercises.what_the_transpose_does, "a", "Only the shape"),
        (exercises.what_the_transpose_does, "d", "bed of nails"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(
    ("settings", "starts", "named"),
    [
        ({}, "○", "flatten to 25"),
        ({"input_size": 5, "padding": 1, "stride": 2}, "✓", ""),
        ({"input_size": 5, "padding": 1}, "✗", "25 rows"),
        ({"input_size": 5}, "✗", "padding 1"),
        ({"input_size": 5, "padding": 1, "stride": 2, "extra_padding": 2}, "✗", "16 rows"),
        ({"input_size": 5, "padding": 1, "stride": 2, "channels": "3 to 1"}, "✗", "choose 1 to 1"),
        ({"input_size": (5, 4), "padding": 1, "stride": 2}, "✗", "For the columns"),
    ],
)
def test_the_explorer_has_to_show_nine_rows_and_25_columns(settings, starts, named, capsys):
    explorer = segviz.explain.convolution(**settings)
    exercises.nine_rows(explorer)
    said = capsys.readouterr().out
    assert said.startswith(starts) and named in said
    if starts == "✓":
        matrix = next(board for board in explorer.scene.boards if board.name == "matrix")
        assert matrix.numbers.shape == (9, 25)
