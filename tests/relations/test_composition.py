"""Composed layers against torch: the gradient of one cell, with all weights 1, counts the paths."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import NOTHING, Composition, Layer, Sum


def counted_by_torch(length, layers, cell):
    """For every map, the gradient of one of its cells (or None) with respect to the input."""
    x = torch.ones(1, 1, length, dtype=torch.float64, requires_grad=True)
    maps = [x]
    for layer in layers:
        if isinstance(layer, Sum):
            one, other = (maps[each] for each in layer.reads)
            shorter = min(one.shape[-1], other.shape[-1])
            maps.append(one[..., :shorter] + other[..., :shorter])
        else:
            weight = torch.ones(1, 1, layer.kernel_size, dtype=torch.float64)
            settings = dict(stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
            maps.append(F.conv1d(maps[layer.reads], weight, **settings))
    asked = maps[-1][0, 0, cell]
    if asked.grad_fn is None or length == 0:
        return np.zeros(length)
    return torch.autograd.grad(asked, x)[0][0, 0].numpy()


def random_layers(rng, most=6):
    """A graph that may branch and meet again."""
    layers = []
    for number in range(1, rng.integers(1, most + 1) + 1):
        reads = int(rng.integers(0, number))
        if number > 2 and rng.random() < 0.3:
            layers.append(Sum(tuple(rng.integers(0, number, 2).tolist())))
        else:
            kernel, stride, dilation = rng.integers(1, 5), rng.integers(1, 4), rng.integers(1, 4)
            padding = rng.integers(0, dilation * (kernel - 1) + 1)
            layers.append(
                Layer(
                    *map(int, (kernel, stride, dilation, padding)),
                    reads if rng.random() < 0.4 else -1,
                )
            )
    return layers


def test_random_graphs_have_the_gradients_paths():
    rng = np.random.default_rng(7)
    done = 0
    while done < 300:
        length, layers = int(rng.integers(3, 30)), random_layers(rng)
        try:
            composed = Composition(length, layers)
        except ValueError:
            continue
        done += 1
        cell = int(rng.integers(0, composed.lengths[-1]))
        expected = counted_by_torch(length, layers, cell)
        np.testing.assert_array_equal(composed.ways()[:, cell], expected)
        field = composed.fields[-1][cell]
        reached = np.flatnonzero(expected)
        assert field.cells.tolist() == reached.tolist()
        assert field.span == (np.ptp(reached) + 1 if len(reached) else 0)


def test_what_torch_refuses_is_refused():
    with pytest.raises(ValueError, match="reaches over more cells"):
        Composition(5, [Layer(3), Layer(5)])


@pytest.mark.parametrize(
    "rates, covered, span",
    [
        ((2, 2, 2), 7, 13),
        ((1, 2, 3), 13, 13),
        ((1, 2, 5), 17, 17),
        ((1, 2, 9), 21, 25),
        ((2, 4, 8), 15, 29),
    ],
)
def test_stacks_of_rates_cover_what_is_known_of_them(rates, covered, span):
    composed = Composition(41, [Layer(3, dilation=rate, padding=rate) for rate in rates])
    middle = composed.fields[-1][20]
    assert (len(middle.cells), middle.span) == (covered, span)
    assert middle.ways.sum() == 27
    assert composed.recurrence[-1] == (span, 1, -(span // 2))


# name, (kernel, stride, padding) of each layer, and size, stride and padding of the field
NETWORKS = {
    # Araujo, Norris and Sim 2019, table 1: TF-Slim's VGG-16; torchvision's AlexNet by its gradient
    "VGG-16": (
        [*[*[(3, 1, 1)] * 2, (2, 2, 0)] * 2, *[*[(3, 1, 1)] * 3, (2, 2, 0)] * 3],
        (212, 32, 90),
    ),
    "AlexNet": (
        [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), *[(3, 1, 1)] * 3, (3, 2, 0)],
        (195, 32, 66),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_recurrence_knows_networks_from_the_literature(name):
    layers, (size, step, padding) = NETWORKS[name]
    composed = Composition(500, [Layer(k, s, 1, p) for k, s, p in layers])
    assert composed.recurrence[-1] == (size, step, -padding)


def test_the_recurrence_is_what_the_relation_says_away_from_the_border():
    rng = np.random.default_rng(8)
    for _ in range(50):
        layers = []
        for _ in range(rng.integers(1, 5)):
            kernel, stride, dilation = (int(n) for n in rng.integers(1, 4, 3))
            layers.append(Layer(kernel, stride, dilation, int(rng.integers(0, kernel))))
        composed = Composition(700, layers)
        for number, (size, step, first) in enumerate(composed.recurrence):
            cell = composed.lengths[number] // 2
            fields = composed.fields[number]
            assert fields[cell].span == size
            assert fields[cell].cells[0] == first + cell * step
            assert fields[cell + 1].cells[0] - fields[cell].cells[0] == step
            assert composed.centre(number)[cell] == np.mean(fields[cell].cells[[0, -1]])


def test_branches_of_unequal_strides_see_more_from_cell_to_cell():
    composed = Composition(
        30, [Layer(5, 2, 1, 2), Layer(3, padding=1, reads=0), Layer(3, padding=1), Sum((1, 3))]
    )
    sizes = [len(field.cells) for field in composed.fields[-1]]
    # cell j: 2j - 2 ... 2j + 2 beside j - 2 ... j + 2, cut off by the borders
    assert sizes == [
        len({i for i in (*range(2 * j - 2, 2 * j + 3), *range(j - 2, j + 3)) if 0 <= i < 30})
        for j in range(15)
    ]
    assert composed.recurrence[-1] is None
    assert composed.centre(4).tolist() == composed.centre(1).tolist() == list(range(0, 30, 2))
    assert sizes[:6] == [3, 5, 7, 8, 9, 10] and composed.fields[-1][8].span == 13


def test_aligned_branches_have_a_field_of_one_size():
    layers = [Layer(5, 2, 1, 2), Layer(3, 2, padding=1, reads=0), Layer(3, padding=0), Sum((1, 3))]
    composed = Composition(60, [*layers, Layer(3, padding=0)])
    # 2j - 2 ... 2j + 2 beside 2j - 1 ... 2j + 5; then three of these, two cells apart
    assert composed.recurrence[-2:] == ((8, 2, -2), (12, 2, -2))
    for number in (4, 5):
        field = composed.fields[number][12]
        size, step, first = composed.recurrence[number]
        assert (field.span, field.cells[0]) == (size, first + 12 * step)
        assert composed.centre(number)[12] == np.mean(field.cells[[0, -1]])


def test_ways_compose():
    chain = Composition(40, [Layer(3, padding=1), Layer(4, 2, 2, 1), Layer(2, 1, 3), Layer(3, 2)])
    for middle in range(5):
        np.testing.assert_array_equal(chain.ways(0, middle) @ chain.ways(middle, -1), chain.ways())


def test_every_tap_of_the_relation_joins_two_maps():
    layers = [Layer(5, 2, 1, 2), Layer(3, padding=1, reads=0), Layer(3, 2, padding=1), Sum((1, 3))]
    composed = Composition(11, layers)
    taps = np.stack([composed.relation.column(name) for name in composed.grids])
    assert ((taps != NOTHING).sum(axis=0) == 2).all()
    for number, length in enumerate(composed.lengths):
        assert composed.relation.sizes[f"map_{number}"] == (1, length)
        assert taps[number].max() == length - 1
