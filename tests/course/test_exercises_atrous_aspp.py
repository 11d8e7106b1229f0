"""The exercises of notebook 11: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import segviz
from exercises import atrous_aspp as exercises

FIELDS = [3, 7, 15]  # 1 + 2·1, + 2·2, + 2·4


def spread(kernel, rate):
    """As hint 1 says, and by a sum of single taps rather than by slices."""
    holes = np.zeros([k + (k - 1) * (rate - 1) for k in kernel.shape])
    for (row, column), weight in np.ndenumerate(kernel):
        holes[row * rate, column * rate] = weight
    return holes


@pytest.mark.parametrize(("size", "rate"), [((3, 3), 1), ((3, 5), 2), ((2, 3), 4)])
def test_the_reference_with_holes_convolves_as_torch_does_with_dilation(size, rate):
    kernel = torch.rand(size, dtype=torch.float64)
    x = torch.rand(1, 1, 17, 23, dtype=torch.float64)
    holes = torch.from_numpy(exercises.with_holes(kernel.numpy(), rate))
    dilated = F.conv2d(x, kernel[None, None], dilation=rate)
    torch.testing.assert_close(F.conv2d(x, holes[None, None]), dilated)


@pytest.mark.parametrize(
    ("rates", "whole"), [((2, 4, 8), False), ((1, 3, 9), True), ((1, 4, 9), False)]
)
def test_only_the_quiz_s_right_rates_leave_no_hole(rates, whole):
    layers = (nn.Conv2d(1, 1, 3, dilation=rate, padding=rate) for rate in rates)
    stack = nn.Sequential(*layers).requires_grad_(False)
    for layer in stack:
        nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, 41, 41, requires_grad=True)
    stack(x)[0, 0, 20, 20].backward()
    rows, columns = x.grad[0, 0].nonzero(as_tuple=True)
    inside = x.grad[0, 0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert bool((inside > 0).all()) is whole


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.fields_by_hand, FIELDS),
        (exercises.holes, spread),
        (exercises.stack_without_holes, "b"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓")


def zeros_behind(kernel, rate):
    return np.pad(spread(kernel, rate), ((0, rate - 1), (0, rate - 1)))


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.fields_by_hand, [3, 5, 9], "own spans"),
        (exercises.fields_by_hand, [3, 5, 7], "rate 1"),
        (exercises.fields_by_hand, [2, 4, 8], "adds its rate on both sides"),
        (exercises.holes, zeros_behind, "not behind the last one"),
        (exercises.holes, lambda k, r: np.kron(k, np.ones((r, r))), "not repeated"),
        (exercises.holes, lambda k, r: spread(k, r + 1), "at rate 1 none"),
        (exercises.holes, lambda k, r: spread(k[::-1, ::-1], r), "flipped"),
        (exercises.stack_without_holes, "a", "never read"),
        (exercises.stack_without_holes, "c", "moves that block by 4"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said


@pytest.mark.parametrize(
    ("settings", "state", "told"),
    [
        ({}, "○", "spans 5 cells"),
        ({"rate": 4}, "✓", ""),
        ({"rate": 3}, "✗", "spans 7 cells"),
        ({"rate": 8}, "✗", "spans 17 cells"),
    ],
)
def test_the_span_is_read_from_the_slider(settings, state, told, capsys):
    explorer = segviz.explain.atrous()
    explorer.set(**settings)
    exercises.nine_cells(explorer)
    said = capsys.readouterr().out
    assert said.startswith(state) and told in said


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.fields_by_hand([...] * 3),
        lambda: exercises.holes(lambda kernel, rate: ...),
        lambda: exercises.stack_without_holes(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
