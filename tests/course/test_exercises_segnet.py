"""The exercises of notebook 09: right answers pass, usual mistakes are called by their name."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import segviz
from exercises import segnet as exercises
from segviz.models import SegNet

BITS = [21_120, 1_351_680, 64]  # 16 * 30 * 22 * 2, and 16 * 60 * 44 * 32


def test_the_reference_takes_the_steps_of_the_networks_decoder():
    torch.manual_seed(0)
    network = SegNet(3, widths=(4, 6, 8)).eval().requires_grad_(False)
    x, poolings = network.encode(torch.rand(2, 3, 35, 21))
    whole = network.decode(x, poolings)
    for level in network.decoder:
        x = exercises.decoder_step(x, poolings, level)
        poolings.pop()
    assert torch.equal(x, whole)


def by_hand(x, poolings, convolution):
    """Each value is written to its place, one by one."""
    indices, (rows, columns) = poolings[-1]
    written = torch.zeros(*x.shape[:2], rows * columns, dtype=x.dtype)
    written.scatter_(2, indices.flatten(2), x.flatten(2))
    return convolution(written.unflatten(2, (rows, columns)))


def unpooled(x, pooling, size=None):
    return F.max_unpool2d(x, pooling[0], 2, output_size=size)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.bits_by_hand, BITS),
        (exercises.step_of_the_decoder, by_hand),
        (exercises.what_indices_tell, "b"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.bits_by_hand, [84_480, 1_351_680, 16], "for each window"),
        (exercises.bits_by_hand, [21_120, 337_920, 16], "before the pooling"),
        (exercises.bits_by_hand, [2_640, 168_960, 64], "a byte has 8 bits"),
        (exercises.bits_by_hand, [1_320, 84_480, 64], "16 times as many"),
        (exercises.step_of_the_decoder, lambda x, p, conv: conv(unpooled(x, p[-1])), "Doubling"),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: conv(unpooled(x, p[0], p[0][1])),
            "another level",
        ),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: conv(nn.UpsamplingBilinear2d(p[-1][1])(x)),
            "Not yet",
        ),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: conv(F.interpolate(x, p[-1][1], mode="bilinear")),
            "interpolate asks nobody",
        ),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: conv(F.interpolate(x, p[-1][1])),
            "on all four cells",
        ),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: unpooled(conv(x), p[-1], p[-1][1]),
            "First unpool",
        ),
        (
            exercises.step_of_the_decoder,
            lambda x, p, conv: unpooled(x, p[-1], p[-1][1]),
            "convolution is missing",
        ),
        (exercises.what_indices_tell, "a", "another place"),
        (exercises.what_indices_tell, "c", "has not changed"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said


@pytest.mark.parametrize(
    ("settings", "state", "told"),
    [
        ({}, "○", "wanted 6"),
        ({"input_size": 6}, "✗", "3 of 6 cells are kept"),
        ({"input_size": 6, "kernel_size": 3, "stride": 2}, "✗", "overlap"),
        ({"input_size": 6, "kernel_size": 2, "stride": 3}, "✗", "exactly"),
        ({"input_size": 6, "kernel_size": 3, "stride": 3, "padding": 1}, "✗", "exactly"),
        ({"input_size": 3, "kernel_size": 3, "stride": 3}, "✗", "wanted 6"),
        ({"input_size": 6, "kernel_size": 3, "stride": 3}, "✓", ""),
    ],
)
def test_one_cell_in_nine_is_read_from_the_sliders(settings, state, told, capsys):
    explorer = segviz.explain.max_unpooling()
    explorer.set(**settings)
    exercises.one_in_nine(explorer)
    said = capsys.readouterr().out
    assert said.startswith(state) and told in said
    if state == "✓":
        window = explorer.kernel_size, explorer.stride
        pooled, indices = F.max_pool2d(torch.rand(1, 1, 6, 6) + 1, *window, return_indices=True)
        kept = F.max_unpool2d(pooled, indices, *window, output_size=(6, 6))
        assert kept.count_nonzero() == 4


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.bits_by_hand([..., ..., ...]),
        lambda: exercises.step_of_the_decoder(lambda x, poolings, convolution: ...),
        lambda: exercises.what_indices_tell(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
