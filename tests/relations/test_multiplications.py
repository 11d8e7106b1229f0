"""Counted multiplications against torch's own counter and against plain loops."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from segviz.relations import ConvolutionLayer, Work, work_of


def torchs_count(size, layers):
    """[multiplications of every layer], one multiplication being two of torch's operations."""
    image, counts = torch.zeros(1, layers[0].channels_in, *size), []
    for layer in layers:
        weight = torch.zeros(layer.channels_out, layer.channels_in, *layer.kernel_size)
        with FlopCounterMode(display=False) as counter:
            image = F.conv2d(image, weight, stride=layer.stride)
        counts.append(counter.get_total_flops() // 2)
    return counts, tuple(image.shape[2:])


def test_it_is_torchs_count():
    rng = np.random.default_rng(1)
    for _ in range(100):
        size = tuple(rng.integers(15, 21, 2).tolist())
        channels = rng.integers(1, 5, 4).tolist()
        kernels, strides = rng.integers(1, 3, (2, 3, 2)).tolist()
        layers = [
            ConvolutionLayer(tuple(kernels[n]), *channels[n : n + 2], tuple(strides[n]))
            for n in range(3)
        ]
        counts, output_size = torchs_count(size, layers)
        work = work_of(size, layers)
        assert [each.multiplications for each in work] == counts
        assert work[-1].output_size == output_size


def test_counted_one_by_one():
    """A 2 x 3 kernel over a 4 x 5 image of 2 channels, 3 channels out, and a dense layer."""
    count = 0
    for _output_channel in range(3):
        for _row in range(4 - 2 + 1):
            for _column in range(5 - 3 + 1):
                for _input_channel in range(2):
                    for _weight in range(2 * 3):
                        count += 1
    dense = 3 * (3 * 3) * 7  # every one of 3 x 3 x 3 values times a weight for each of 7 outputs
    layers = [ConvolutionLayer((2, 3), 2, 3), ConvolutionLayer(3, 3, 7)]
    assert work_of((4, 5), layers) == [Work((3, 3), count), Work((1, 1), dense)]


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="more cells than the padded input has"):
        work_of((4, 5), [ConvolutionLayer(3, 1, 1), ConvolutionLayer(3, 1, 1)])
