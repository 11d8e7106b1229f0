"""The pyramid's taps against torch: how many of them fall on the map, and which."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import NOTHING, pyramid, taps_on_map


@pytest.mark.parametrize("seed", range(12))
def test_the_taps_are_those_of_torch(seed):
    rng = np.random.default_rng(seed)
    size = tuple(rng.integers(1, 12, 2).tolist())
    rates = [tuple(rng.integers(1, 9, 2).tolist()) for _ in range(rng.integers(1, 4))]
    relation = pyramid(size, rates)
    for branch, rate in enumerate(rates, start=1):
        x = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
        w = torch.ones(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
        y = F.conv2d(x, w, padding=rate, dilation=rate)
        y.sum().backward()
        np.testing.assert_array_equal(taps_on_map(relation, branch, "output"), y.detach()[0, 0])
        np.testing.assert_array_equal(taps_on_map(relation, branch, "read"), x.grad[0, 0])
        np.testing.assert_array_equal(taps_on_map(relation, branch, "weight"), w.grad[0, 0])
        here = relation.column(f"read_{branch}") != NOTHING
        assert (here == (relation.column(f"weight_{branch}") != NOTHING)).all()
        cell = int(rng.integers(0, np.prod(size)))
        (reads,) = torch.autograd.grad(
            F.conv2d(x, torch.ones_like(w), padding=rate, dilation=rate).flatten()[cell], x
        )
        mine = relation.column(f"read_{branch}")[here & (relation.column("output") == cell)]
        assert sorted(mine.tolist()) == reads.flatten().nonzero().flatten().tolist()


def test_no_tap_belongs_to_two_branches_and_all_outputs_to_the_pooling():
    relation = pyramid((9, 7), [1, (2, 3), 6])
    pooled = relation.column("pool") != NOTHING
    belongs = sum((relation.column(f"read_{n}") != NOTHING).astype(int) for n in (1, 2, 3)) + pooled
    assert set(belongs.tolist()) == {0, 1}
    assert sorted(relation.column("output")[pooled].tolist()) == list(range(63))


@pytest.mark.parametrize("size", [5, 8, 32])
def test_from_the_maps_size_on_only_the_middle_weight_is_left(size):
    for rate in range(1, size + 3):
        weights = taps_on_map(pyramid(size, [rate]), 1, "weight")
        assert (np.count_nonzero(weights) == 1) == (rate >= size)
        assert weights[1, 1] == size**2
