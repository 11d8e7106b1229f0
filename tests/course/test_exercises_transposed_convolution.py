"""The exercises of notebook 05: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest

from exercises import transposed_convolution as exercises

STAMPS = [[6, 14, 4], [2, 17, 21], [0, 1, 5]]  # worked by hand
TRANSPOSE = [
    [5, 0, 0, 0],
    [7, 5, 0, 0],
    [0, 7, 0, 0],
    [0, 0, 5, 0],
    [0, 0, 7, 5],
    [0, 0, 0, 7],
]


def matrix(kernel, input_size):
    """Four plain loops, as hint 2 says."""
    (kernel_h, kernel_w), (in_h, in_w) = kernel.shape, input_size
    out_h, out_w = in_h - kernel_h + 1, in_w - kernel_w + 1
    full = np.zeros((out_h * out_w, in_h * in_w))
    for r, c, i, j in np.ndindex(out_h, out_w, kernel_h, kernel_w):
        full[r * out_w + c, (r + i) * in_w + (c + j)] = kernel[i, j]
    return full


def size(i, k, s, p, o, d):
    return (i - 1) * s - 2 * p + d * (k - 1) + o + 1


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.stamps_by_hand, STAMPS),
        (exercises.transpose_by_hand, TRANSPOSE),
        (exercises.matrix_of_any_kernel, matrix),
        (exercises.size_formula, size),
        (exercises.padding_that_doubles, 1),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


def transposed(kernel, input_size):
    return matrix(kernel, input_size).T


def wrong_width(kernel, input_size):
    return matrix(kernel.T, input_size[::-1])


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.stamps_by_hand, [[6, 12, 4], [0, 3, 1], [0, 1, 5]], "added"),
        (exercises.stamps_by_hand, [[10, 22, 4], [2, 15, 13], [0, 1, 3]], "flipped"),
        (exercises.stamps_by_hand, [[6, 2, 0], [14, 17, 1], [4, 21, 5]], "input was transposed"),
        (exercises.stamps_by_hand, np.array(STAMPS) + 1, "Not yet"),
        (exercises.transpose_by_hand, np.array(TRANSPOSE).T, "This is C:"),
        (exercises.matrix_of_any_kernel, transposed, "This is C.T"),
        (exercises.matrix_of_any_kernel, wrong_width, "row by row"),
        (exercises.size_formula, lambda i, k, s, p, o, d: size(i, k, s, p / 2, o, d), "both sides"),
        (exercises.size_formula, lambda i, k, s, p, o, d: size(i + 1, k, s, p, o, d), "steps"),
        (exercises.size_formula, lambda i, k, s, p, o, d: size(i, k, s, p, o, 1), "dilation"),
        (exercises.padding_that_doubles, 2, "both sides"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]
