"""Max pooling with indices, and unpooling: torch's numbers, ties, overlaps and collisions."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import (
    MAX_POOLING,
    UNPOOLED_SIZE,
    max_pooling,
    max_unpooling,
    unpooled_size,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_lectures_example():
    pooled = max_pooling([[1, 7, 3, 6], [8, 2, 4, 1], [2, 3, 4, 5], [6, 1, 1, 9]], 2)
    assert np.stack(np.divmod(pooled.indices, 4), -1).tolist() == [
        [[1, 0], [0, 3]],
        [[3, 0], [3, 3]],
    ]
    back = max_unpooling(pooled.indices, 4)
    assert back.apply([[1, 7], [9, 5]]).tolist() == [
        [0, 0, 0, 7],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
        [9, 0, 0, 5],
    ]


def settings(dice, size):
    def both(least, most):
        return dice.randint(least, most), dice.randint(least, most)

    return both(*size), dict(kernel_size=both(1, 4), stride=both(1, 4), padding=both(0, 2))


def test_two_thousand_pools_and_unpools_are_torchs():
    dice, rng = random.Random(1), np.random.default_rng(1)
    refused = collisions = ties = 0
    for _ in range(2000):
        size, chosen = settings(dice, (1, 6))
        values = rng.integers(-2, 3, size).astype(float)  # few numbers, many ties
        x = torch.tensor(values)[None, None]
        try:
            expected, indices = F.max_pool2d(x, **chosen, return_indices=True)
        except RuntimeError:
            refused += 1
            with pytest.raises(ValueError, match="max pooling"):
                max_pooling(values, **chosen)
            continue
        pooled = max_pooling(values, **chosen)
        np.testing.assert_array_equal(pooled.relation.apply(values), expected[0, 0])
        np.testing.assert_array_equal(pooled.indices, indices[0, 0])
        given = rng.normal(size=pooled.indices.shape)
        back = F.max_unpool2d(torch.tensor(given)[None, None], indices, **chosen, output_size=size)
        np.testing.assert_array_equal(max_unpooling(pooled.indices, size).apply(given), back[0, 0])
        collisions += len(set(pooled.indices.flat)) < pooled.indices.size
        ties += np.unique(values).size < values.size
    assert refused > 200 and collisions > 200 and ties > 200


def test_without_output_size_torch_takes_its_own_or_stops():
    dice, rng = random.Random(2), np.random.default_rng(2)
    stopped = elsewhere = 0
    for _ in range(500):
        size, chosen = settings(dice, (2, 7))
        if not all(
            MAX_POOLING.legal(input_size=size[a], **{n: v[a] for n, v in chosen.items()})
            for a in range(2)
        ):
            continue
        indices = max_pooling(rng.normal(size=size), **chosen).indices
        given = torch.tensor(rng.normal(size=indices.shape))[None, None]
        own = unpooled_size(indices.shape, **chosen)
        if min(own) < 1:
            continue  # torch answers with nothing at all, or stops
        try:
            back = F.max_unpool2d(given, torch.tensor(indices)[None, None], **chosen)
        except RuntimeError:
            stopped += 1
            with pytest.raises(ValueError, match="give output_size"):
                max_unpooling(indices, own)
            continue
        assert back.shape[2:] == own
        elsewhere += own != size
        np.testing.assert_array_equal(max_unpooling(indices, own).apply(given), back[0, 0])
    assert stopped > 20 and elsewhere > 20


def test_of_equal_maxima_the_first_is_kept():
    assert max_pooling([[5, 5], [5, 5]], 2).indices.tolist() == [[0]]
    assert max_pooling([[0, 3, 3], [3, 3, 0]], (2, 3)).indices.tolist() == [[1]]


def test_of_several_values_for_one_place_the_last_is_kept():
    # the 9 in the middle is the maximum of all four windows
    indices = max_pooling([[0, 1, 0], [1, 9, 1], [0, 1, 0]], 2, stride=1).indices
    assert indices.tolist() == [[4, 4], [4, 4]]
    taps = max_unpooling(indices, 3)
    assert taps.weight().tolist() == [0, 0, 0, 1]
    assert taps.apply([[1, 2], [3, 4]]).tolist() == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]


def test_a_window_has_a_tap_from_each_of_its_cells():
    relation = max_pooling([[1, 2, 3], [4, 5, 6]], 2, stride=1).relation
    assert relation.column("input").tolist() == [0, 1, 1, 2, 3, 4, 4, 5]
    assert relation.column("output").tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert relation.weight().tolist() == [0, 0, 0, 0, 0, 1, 0, 1]


def test_sizes_in_words():
    assert MAX_POOLING.size.filled(input_size=5, kernel_size=2, stride=2, padding=0) == (
        "⌊(5 + 2·0 − 2) / 2⌋ + 1"
    )
    assert UNPOOLED_SIZE.filled(pooled_size=2, kernel_size=2, stride=2, padding=0) == (
        "(2 − 1)·2 − 2·0 + 2"
    )
