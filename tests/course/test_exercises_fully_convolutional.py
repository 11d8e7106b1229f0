"""The exercises of notebook 02: right answers pass, usual mistakes are called by their name."""

import pytest
import torch
from torch.nn import functional as F

import segviz
from exercises import fully_convolutional as exercises

SIZES = [1, 6, 13, 16]  # worked by hand


def kernels(weight, channels, height, width):
    return weight.reshape(-1, channels, height, width)


def test_the_reference_gives_kernels_that_answer_as_the_dense_layer_does():
    maps, weight = torch.rand(2, 3, 5, 4), torch.rand(7, 3 * 5 * 4)
    dense = F.linear(maps.flatten(1), weight)
    as_conv = F.conv2d(maps, exercises.kernels(weight, 3, 5, 4))
    assert as_conv.shape == (2, 7, 1, 1)
    assert torch.allclose(as_conv.flatten(1), dense, atol=1e-5)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.sizes_by_hand, SIZES),
        (exercises.kernels_from_weights, kernels),
        (exercises.a_finer_map, "b"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.sizes_by_hand, [0, 5, 12, 15], "+ 1 is missing"),
        (exercises.sizes_by_hand, [1, 6, 13, 14.5], "counts twice"),
        (exercises.sizes_by_hand, [1, 6, 97, 121], "stride divides"),
        (
            exercises.kernels_from_weights,
            lambda weight, c, h, w: weight.reshape(-1, c, w, h),
            "changed places",
        ),
        (
            exercises.kernels_from_weights,
            lambda weight, c, h, w: weight.reshape(-1, h, w, c).transpose(0, 3, 1, 2),
            "Channels come first",
        ),
        (
            exercises.kernels_from_weights,
            lambda weight, c, h, w: kernels(weight, c, h, w)[..., ::-1, ::-1],
            "does not flip",
        ),
        (exercises.a_finer_map, "a", "no window more"),
        (exercises.a_finer_map, "c", "another picture"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said


@pytest.mark.parametrize(
    ("settings", "state", "told"),
    [
        ({}, "○", "lie in 9 patches"),
        ({"patch_size": 8, "stride": 8}, "✓", ""),
        ({"patch_size": 5, "stride": 5}, "✗", "2 lie in none"),
        ({"patch_size": 9, "stride": 8}, "✗", "lie in 2 patches"),
    ],
)
def test_each_pixel_once_is_read_from_the_sliders(settings, state, told, capsys):
    explorer = segviz.explain.patches()
    explorer.set(**settings)
    exercises.each_pixel_once(explorer)
    said = capsys.readouterr().out
    assert said.startswith(state) and told in said


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.sizes_by_hand([...] * 4),
        lambda: exercises.kernels_from_weights(lambda weight, channels, height, width: ...),
        lambda: exercises.a_finer_map(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
