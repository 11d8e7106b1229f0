"""Regions against torchvision's boxes and plain counting."""

import numpy as np
import pytest
import torch
from torchvision.ops import masks_to_boxes

from segviz.relations import NOTHING, areas, boxes, regions


def random_map(rng):
    """Numbers 0..count-1 and NOTHING on a grid with unequal sides; some regions have no pixel."""
    block = int(rng.integers(1, 4))
    rows, columns = (rng.integers(1, 6, 2) * block).tolist()
    count = int(rng.integers(1, 7))
    return rng.integers(NOTHING, count, (rows, columns)), count, block


def test_areas_boxes_and_shares_are_counted_right():
    rng = np.random.default_rng(1)
    for _ in range(1000):
        numbers, count, block = random_map(rng)
        taps = regions(numbers, count)
        masks = numbers == np.arange(count)[:, None, None]
        assert areas(taps).tolist() == masks.sum((1, 2)).tolist()
        there = masks.any((1, 2))
        expected = np.full((count, 4), NOTHING)
        if there.any():
            expected[there] = masks_to_boxes(torch.tensor(masks[there])).numpy()
        assert boxes(taps).tolist() == expected.tolist()

        coarse = regions(numbers, count, block)
        shares = np.zeros((numbers.size // block**2, count))
        shares[coarse.column("input"), coarse.column("output")] = coarse.weight()
        in_blocks = [
            [masks[r, i : i + block, j : j + block].sum() for r in range(count)]
            for i in range(0, numbers.shape[0], block)
            for j in range(0, numbers.shape[1], block)
        ]
        assert shares.tolist() == in_blocks
        assert areas(coarse).tolist() == areas(taps).tolist()


def test_a_box_by_hand():
    numbers = np.array([[-1, 0, 0, -1], [-1, -1, 0, 1], [-1, -1, -1, 1]])
    taps = regions(numbers, 3)
    assert boxes(taps).tolist() == [[1, 0, 2, 1], [3, 1, 3, 2], [-1] * 4]
    assert areas(taps).tolist() == [3, 2, 0]


def test_blocks_must_fit():
    with pytest.raises(ValueError, match="no whole blocks of 2"):
        regions(np.zeros((4, 5), int), 1, 2)
