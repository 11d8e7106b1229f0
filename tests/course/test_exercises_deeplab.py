"""The exercises of notebook 12: right answers pass, usual mistakes are called by their name."""

import pytest
import torch
from torch.nn import functional as F

import segviz
from exercises import deeplab as exercises

WEIGHTS = [27_648, 3_936]  # 9 * 96 * 32, and 9 * 96 + 96 * 32


@pytest.mark.parametrize(("kernel_size", "rate"), [(1, 3), (3, 1), (3, 6), (5, 2)])
def test_the_reference_keeps_the_size_as_torch_does(kernel_size, rate):
    x, kernel = torch.rand(1, 1, 13, 17), torch.rand(1, 1, kernel_size, kernel_size)
    padding = exercises.padding_at_each_end(kernel_size, rate)
    answer = F.conv2d(x, kernel, padding=padding, dilation=rate)
    assert torch.equal(answer, F.conv2d(x, kernel, padding="same", dilation=rate))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.padding_that_keeps_the_size, lambda k, rate: rate * (k - 1) // 2),
        (exercises.weights_by_hand, WEIGHTS),
        (exercises.why_reduce_the_fine_map, "b"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.padding_that_keeps_the_size, lambda k, rate: (k - 1) // 2, "rate 1 only"),
        (exercises.padding_that_keeps_the_size, lambda k, rate: rate * (k - 1), "both ends"),
        (exercises.padding_that_keeps_the_size, lambda k, rate: rate, "kernel of 3 only"),
        (exercises.weights_by_hand, [27_648, 9 * 96], "has weights too"),
        (exercises.weights_by_hand, [27_648, 9 * 32 + 96 * 32], "for each input channel"),
        (exercises.weights_by_hand, [27_648, 9 * 96 * 96 * 32], "add up"),
        (exercises.why_reduce_the_fine_map, "a", "may differ"),
        (exercises.why_reduce_the_fine_map, "c", "coarse map that is enlarged"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said


@pytest.mark.parametrize(
    ("settings", "state", "told"),
    [
        ({}, "○", "choose 16x16"),
        ({"feature_map": "16x16", "rate": 6}, "✓", ""),
        ({"feature_map": "16x16", "rate": 5}, "✗", "At rate 15 there are outputs with 4 taps"),
        ({"feature_map": "8x8", "rate": 6}, "✗", "The map is 8x8"),
    ],
)
def test_the_rate_that_leaves_the_middle_is_read_from_the_sliders(settings, state, told, capsys):
    explorer = segviz.explain.aspp()
    explorer.set(**settings)
    exercises.only_the_middle_is_left(explorer)
    said = capsys.readouterr().out
    assert said.startswith(state) and told in said


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.padding_that_keeps_the_size(lambda kernel_size, rate: ...),
        lambda: exercises.weights_by_hand([..., ...]),
        lambda: exercises.why_reduce_the_fine_map(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
