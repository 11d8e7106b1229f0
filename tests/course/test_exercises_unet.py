"""The exercises of notebook 08: right answers pass, usual mistakes are called by their name."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exercises import unet as exercises

SIZES = [[50, 75], [25, 37], [12, 18], [6, 9]]  # worked by hand


def double_conv(in_channels, out_channels, padding=1, bias=True):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=padding, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=padding, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def join(block, x, skip, dim=1):
    """As hint 2 says."""
    x = block.up(x)
    rows, columns = skip.shape[-2] - x.shape[-2], skip.shape[-1] - x.shape[-1]
    return torch.cat([skip, F.pad(x, (0, columns, 0, rows))], dim=dim)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.double_convolution, double_conv),
        (exercises.double_convolution, lambda a, b: double_conv(a, b, bias=False)),
        (exercises.join_with_the_skip, join),
        (exercises.sizes_by_hand, SIZES),
        (exercises.parameters_by_hand, 9 * (3 * 16 + 16 * 16) + 2 * 32),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


def never_fitted(block, x, skip):
    return torch.cat([skip, block.up(x)], dim=1)


def at_the_top(block, x, skip):
    x = block.up(x)
    rows, columns = skip.shape[-2] - x.shape[-2], skip.shape[-1] - x.shape[-1]
    return torch.cat([skip, F.pad(x, (columns, 0, rows, 0))], dim=1)


def skip_cropped(block, x, skip):
    x = block.up(x)
    return torch.cat([skip[..., : x.shape[-2], : x.shape[-1]], x], dim=1)


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.double_convolution, lambda a, b: double_conv(a, b, padding=0), "padding=1"),
        (exercises.double_convolution, lambda a, b: double_conv(a, b)[:3], "there are two"),
        (exercises.double_convolution, lambda a, b: double_conv(a, b)[:5], "Not yet"),
        (exercises.double_convolution, lambda a, b: double_conv(b, a), "RuntimeError"),
        (exercises.join_with_the_skip, lambda *given: join(*given, dim=2), "dim=1"),
        (exercises.join_with_the_skip, never_fitted, "Sizes of tensors must match"),
        (exercises.join_with_the_skip, at_the_top, "wrong side"),
        (exercises.join_with_the_skip, skip_cropped, "it is x that has to fit"),
        (exercises.join_with_the_skip, lambda block, x, skip: block.join(x, skip), "yourself"),
        (exercises.sizes_by_hand, [[50, 75], [25, 38], [13, 19], [7, 10]], "rounds down"),
        (exercises.sizes_by_hand, [row[::-1] for row in SIZES], "Height comes first"),
        (exercises.parameters_by_hand, 9 * (3 * 16 + 16 * 16), "leaves out batch norm"),
        (exercises.parameters_by_hand, 9 * (3 * 16 + 16 * 16) + 3 * 32, "no bias"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(("answer", "state"), [("pole", "✓"), ("cat", "✗"), (..., "○")])
def test_the_class_that_needs_the_skips_is_read_from_the_runs(answer, state, capsys):
    with_skips, without = {"cat": 0.9, "pole": 0.8}, {"cat": 0.7, "pole": 0.3}
    assert exercises.class_that_needs_the_skips(answer, with_skips, without) == "pole"
    assert capsys.readouterr().out.startswith(state)


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.double_convolution(lambda in_channels, out_channels: ...),
        lambda: exercises.join_with_the_skip(lambda block, x, skip: ...),
        lambda: exercises.sizes_by_hand([[..., ...]] * 4),
        lambda: exercises.parameters_by_hand(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
