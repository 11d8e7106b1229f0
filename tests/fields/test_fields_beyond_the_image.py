"""Unclipped boxes are the fields on an image that goes on: seen on a larger image."""

import numpy as np
import pytest
import toy_graphs
from torch import nn

from segviz import receptive_field

PERIOD = 144  # a multiple of every stride that three layers of stride 1 to 3 can make, either way
LAYERS = [
    *[toy_graphs.conv] * 5,
    *[toy_graphs.pool, toy_graphs.transposed_conv, toy_graphs.branches, toy_graphs.along_steps],
]


def graph(seed):
    """A network of layers that treat every place alike, the size of a small image, its field.

    Branches of different strides are left out: their union is another at every place.
    """
    for attempt in range(100):
        network, size = toy_graphs.random_graph(1000 * seed + attempt, most_layers=5, among=LAYERS)
        pools = [m for m in network.modules() if isinstance(m, (nn.MaxPool2d, nn.AvgPool2d))]
        ceiled = any(pool.ceil_mode for pool in pools)
        padded = {getattr(m, "padding_mode", "zeros") for m in network.modules()}
        if not ceiled and padded == {"zeros"}:
            field = receptive_field(network, size, channels=toy_graphs.CHANNELS).output
            if not field.rough:
                return network, size, field
    raise AssertionError("no network")


@pytest.mark.parametrize("seed", range(60))
def test_an_unclipped_box_is_the_field_on_a_larger_image(seed):
    network, size, small = graph(seed)
    # more image before the small one and behind it
    before = (PERIOD, 2 * PERIOD)
    larger = tuple(3 * PERIOD + n + b for n, b in zip(size, before, strict=True))
    large = receptive_field(network, larger, channels=toy_graphs.CHANNELS).output
    compared = 0
    for row in range(small.positions[0]):
        for column in range(small.positions[1]):
            box = small.box(row, column)
            # the same unit, further on by as many units as the image grew in front
            unit = [
                index + round(b / float(stride))
                for index, b, stride in zip((row, column), before, small.stride, strict=True)
            ]
            seen = large.box(*unit, clipped=True)
            if seen.size == (0, 0):
                assert box.size == (0, 0)
                continue
            moved = (seen.top - before[0], seen.left - before[1])
            moved += (seen.bottom - before[0], seen.right - before[1])
            assert tuple(box) == moved, (row, column, network)
            compared += 1
    assert compared or not np.any(small.size)
    assert small.continues


def test_sizes_do_not_depend_on_the_image():
    network, _, _ = graph(1)
    fields = [
        receptive_field(network, size, channels=toy_graphs.CHANNELS).output
        for size in ((39, 42), (33, 51), (150, 170))
    ]
    assert len({(f.size, f.stride, f.padding) for f in fields}) == 1
