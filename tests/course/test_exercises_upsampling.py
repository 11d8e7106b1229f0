"""The exercises of notebook 03: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import segviz
from exercises import upsampling as exercises

ROW = [4, 5, 7, 6, 2, 0]  # worked by hand


def pool_and_back(image):
    """By its definition: the first maximum of every 2×2 window stays, all else is zero."""
    kept = torch.zeros_like(image)
    rows, columns = image.shape[2:]
    for n, c, row, column in np.ndindex(*image.shape[:2], rows // 2, columns // 2):
        window = image[n, c, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        down, right = divmod(int(window.argmax()), 2)
        kept[n, c, 2 * row + down, 2 * column + right] = window[down, right]
    return kept


def without_size(image):
    pooled, indices = F.max_pool2d(image, 2, return_indices=True)
    return F.max_unpool2d(pooled, indices, 2)


def cut_windows_too(image):
    pooled, indices = F.max_pool2d(image, 2, ceil_mode=True, return_indices=True)
    return F.max_unpool2d(pooled, indices, 2, output_size=image.shape[-2:])


def padded_afterwards(image):
    rows, columns = image.shape[2:]
    return F.pad(without_size(image), (0, columns % 2, 0, rows % 2))


def test_the_row_by_hand_is_what_torch_computes():
    row = torch.tensor([[[[4.0, 8, 0]]]])
    torchs = F.interpolate(row, size=(1, 6), mode="bilinear", align_corners=False)
    assert torchs.flatten().tolist() == ROW


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.row_by_hand, ROW),
        (exercises.order, "c"),
        (exercises.odd_sizes, pool_and_back),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.row_by_hand, [4, 5.6, 7.2, 6.4, 3.2, 0], "align_corners=True"),
        (exercises.row_by_hand, [4, 6, 8, 4, 0, 0], "in the middle"),
        (exercises.row_by_hand, [4, 4, 8, 8, 0, 0], "nearest"),
        (exercises.row_by_hand, [3, 5, 7, 6, 2, 0], "no zero"),
        (exercises.row_by_hand, [4, 7, 5, 2, 6, 0], "exchanged"),
        (exercises.row_by_hand, [4, 5, 7, 6, 2, 1], "Not yet"),
        (exercises.order, "a", "nobody predicted"),
        (exercises.order, "b", "one pixel of each block"),
        (exercises.order, "d", "blocks of 16"),
        (exercises.odd_sizes, without_size, "even number"),
        (exercises.odd_sizes, padded_afterwards, "after unpooling"),
        (exercises.odd_sizes, cut_windows_too, "ceil_mode"),
        (exercises.odd_sizes, lambda image: pool_and_back(image.mT), "shape"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


LEFT_OUT = {"input_size": 5, "output_size": "left out"}


@pytest.mark.parametrize(
    ("settings", "starts", "named"),
    [
        ({}, "○", "leave output_size out"),
        (LEFT_OUT, "✗", "5 cells are pooled to 2, and come back as 4"),
        (LEFT_OUT | {"input_size": 6}, "✗", "wanted 5"),
        (LEFT_OUT | {"stride": 1}, "✗", "larger than 1"),
        (LEFT_OUT | {"kernel_size": 3}, "✓", ""),
        (LEFT_OUT | {"stride": 3}, "✓", ""),
        ({"input_size": 5, "kernel_size": 3}, "✗", "leave output_size out"),
    ],
)
def test_the_explorer_has_to_lead_back_to_five(settings, starts, named, capsys):
    explorer = segviz.explain.max_unpooling(**settings)
    exercises.way_back(explorer)
    said = capsys.readouterr().out
    assert said.startswith(starts) and named in said
    if starts == "✓":
        window = explorer.kernel_size, explorer.stride
        pooled, indices = F.max_pool2d(torch.rand(1, 1, 5, 5), *window, return_indices=True)
        assert F.max_unpool2d(pooled, indices, *window).shape == (1, 1, 5, 5)
