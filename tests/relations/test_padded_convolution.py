"""The convolution over a padded input, in channels and groups, against torch."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import (
    NOTHING,
    PADDED_CONVOLUTION,
    padded_convolution,
    same_padding,
    without_padding,
)


def numbers(rng, *shape):
    return rng.integers(-9, 10, shape).astype(float)


@pytest.mark.parametrize(
    ("inputs", "outputs", "groups"), [(1, 1, 1), (3, 2, 1), (4, 6, 2), (3, 3, 3)]
)
def test_it_is_torchs_convolution(inputs, outputs, groups):
    rng = np.random.default_rng(inputs)
    image, kernel = numbers(rng, inputs, 5, 7), numbers(rng, outputs, inputs // groups, 3, 2)
    taps = padded_convolution(
        (5, 7),
        (3, 2),
        channels=(inputs, outputs),
        groups=groups,
        stride=(1, 2),
        padding=(2, 0),
        extra_padding=(0, 1),
        dilation=(2, 1),
    )
    padded = F.pad(torch.tensor(image)[None], (0, 1, 2, 2))
    expected = F.conv2d(padded, torch.tensor(kernel), None, (1, 2), 0, (2, 1), groups)[0].numpy()
    assert taps.sizes["padded"] == tuple(padded.shape[1:])
    real = without_padding(taps)
    np.testing.assert_array_equal(real.apply(image, kernel), expected)
    np.testing.assert_array_equal(real.matrix(kernel) @ image.ravel(), expected.ravel())
    # with the zeros drawn in, it is a convolution of what is drawn
    drawn = taps.renamed({"input": "source", "padded": "input"})
    np.testing.assert_array_equal(drawn.apply(padded[0].numpy(), kernel), expected)
    assert len(taps) == kernel.size * expected[0].size  # a product for every weight at every place


def test_the_zeros_are_those_that_torch_adds():
    taps = padded_convolution((2, 3), 1, padding=(0, 1), extra_padding=(1, 0))
    source = np.full(taps.sizes["padded"], NOTHING)
    source.ravel()[taps.column("padded")] = taps.column("input")
    assert source[0].tolist() == [[-1, 0, 1, 2, -1], [-1, 3, 4, 5, -1], [-1] * 5]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
def test_same_is_torchs_same(kernel_size, dilation):
    rng = np.random.default_rng(kernel_size)
    image, kernel = numbers(rng, 1, 1, 6), numbers(rng, 1, 1, kernel_size)
    padding, extra = same_padding(kernel_size, dilation)
    ours = F.conv1d(
        F.pad(torch.tensor(image), (padding, padding + extra)),
        torch.tensor(kernel),
        None,
        1,
        0,
        dilation,
    )
    same = F.conv1d(torch.tensor(image), torch.tensor(kernel), None, 1, "same", dilation)
    assert torch.equal(ours, same)


def test_legal_is_what_torch_accepts():
    dice = random.Random(5)
    legal = illegal = 0
    while min(legal, illegal) < 500:
        values = {
            "input_size": dice.randint(1, 6),
            "kernel_size": dice.randint(1, 4),
            "stride": dice.randint(0, 3),
            "padding": dice.randint(-1, 2),
            "extra_padding": dice.randint(-1, 2),
            "dilation": dice.randint(0, 3),
        }
        try:
            expected = torch_size(**values)
        except (RuntimeError, ValueError):
            illegal += 1
            assert not PADDED_CONVOLUTION.legal(**values), values
            with pytest.raises(ValueError, match=r"[.]$"):
                PADDED_CONVOLUTION.check(**values)
            continue
        legal += 1
        PADDED_CONVOLUTION.check(**values)
        assert PADDED_CONVOLUTION.size(**values) == expected, values


def torch_size(input_size, kernel_size, stride, padding, extra_padding, dilation):
    if min(padding, extra_padding) < 0:
        raise ValueError  # F.pad would crop
    image = F.pad(torch.zeros(1, 1, input_size), (padding, padding + extra_padding))
    return F.conv1d(image, torch.zeros(1, 1, kernel_size), None, stride, 0, dilation).shape[2]


@pytest.mark.parametrize("groups", [0, 2, 3])
def test_groups_must_divide_the_channels(groups):
    with pytest.raises(ValueError, match=f"groups is {groups}, with 3 input and 4 output"):
        padded_convolution(4, 3, channels=(3, 4), groups=groups)
