"""Cells against brute force: random networks, one image cell at a time made NaN."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import toy_graphs
from torch import nn

from segviz import receptive_field

BLOCKS, IN_A_BLOCK = 21, 100


def cells_of_all_units(field):
    """bool (rows, columns, image rows, image columns)."""
    rows, columns = field.positions
    return np.array(
        [[field.cells(row, column) for column in range(columns)] for row in range(rows)]
    )


def compare(network, size, field):
    reached = toy_graphs.brute_force(network, size)
    assert field.positions == reached.shape[:2], network
    cells = cells_of_all_units(field)
    if field.exact:
        assert (cells == reached).all(), (size, network)
    else:
        assert (cells | ~reached).all(), (size, network)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_cells_of_random_networks(block):
    exact = 0
    for seed in range(IN_A_BLOCK * block, IN_A_BLOCK * (block + 1)):
        network, size = toy_graphs.random_graph(seed)
        field = receptive_field(network, size, channels=toy_graphs.CHANNELS).output
        assert field.known, field.unknown
        compare(network, size, field)
        exact += field.exact
    # so that more than 2,000 networks are compared exactly: BLOCKS * this
    assert exact >= IN_A_BLOCK - 4


@pytest.mark.parametrize("seed", range(100_000, 100_060))
def test_cells_of_random_networks_with_global_layers(seed):
    network, size = toy_graphs.random_graph(seed, 5, toy_graphs.LAYERS_WITH_GLOBAL)
    field = receptive_field(network, size, channels=toy_graphs.CHANNELS).output
    compare(network, size, field)


def test_every_module_inside_of_a_network_and_not_only_its_output():
    network, size = toy_graphs.random_graph(3)
    field = receptive_field(network, size, channels=toy_graphs.CHANNELS)
    for number in range(len(network)):
        compare(network[: number + 1], size, field[str(number)])


def test_a_wrong_field_is_seen():
    network = nn.Sequential(nn.Conv2d(4, 4, 3, dilation=2)).double()
    nn.init.constant_(network[0].weight, 1)
    field = receptive_field(nn.Sequential(nn.Conv2d(4, 4, 5)), (9, 8), channels=4).output
    with pytest.raises(AssertionError):
        compare(network, (9, 8), field)  # as large, without the holes


class Resize(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.options = options

    def forward(self, x):
        return F.interpolate(x, **self.options)


SIZES = [{"size": (3, n)} for n in range(1, 25)]
SCALES = [{"scale_factor": (2.0, s)} for s in (0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 2.0, 2.7, 3.0)]
WAYS = [
    {"mode": "nearest"},
    {"mode": "nearest-exact"},
    {"mode": "area"},
    *[{"mode": m, "align_corners": a} for m in ("bilinear", "bicubic") for a in (False, True)],
    *[{"mode": m, "antialias": True} for m in ("bilinear", "bicubic")],
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_resampling_between_all_small_sizes(way, dtype):
    for count in (1, 2, 3, 5, 7, 12):
        # one image for each column: 1 there and 0 elsewhere; its output holds that cell's weights
        images = torch.eye(count, dtype=dtype)[:, None, None].expand(count, 1, 2, count)
        for options in [*SIZES, *SCALES]:
            resize = Resize(**way, **options)
            try:
                outputs = resize(images)[:, 0, 0]  # (image columns, columns)
            except RuntimeError:
                continue
            if not outputs.shape[1]:  # torch made nothing of too small an image
                continue
            if "antialias" in way and outputs.shape[1] == 1:
                continue  # torch (2.14, on the CPU) then fills all rows with the first
            example = torch.empty(1, 1, 2, count, dtype=dtype)
            field = receptive_field(resize, example_inputs=example).output
            cells = [field.cells(0, column)[0] for column in range(outputs.shape[1])]
            assert (np.array(cells) == (outputs.abs() > 1e-5).numpy().T).all(), (count, options)


@pytest.mark.parametrize("count", range(1, 40, 3))
def test_nearest_copies_the_cell_that_torch_copies(count):
    numbers = torch.arange(count).float()[None, None, None].expand(1, 1, 2, count)
    for mode in ("nearest", "nearest-exact"):
        for size in range(1, 61):
            resize = Resize(mode=mode, size=(2, size))
            field = receptive_field(resize, (2, count), channels=1).output
            copied = [int(field.products(0, column)[0][1][0]) for column in range(size)]
            assert copied == resize(numbers)[0, 0, 0].int().tolist(), (mode, size)
