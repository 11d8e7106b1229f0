"""Masks that are moved, scaled and grown, against exact fractions and SciPy's morphology."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from scipy import ndimage

from segviz.explainers.street import CAR, LEVELS, ROAD, SIGN, SKY, grown, moved, predicted, street


def moved_by_fractions(shape, down, right, quarters):
    """Each cell's middle, taken back to where it came from."""
    result = np.zeros_like(shape)
    if not shape.any():
        return result
    rows, columns = np.nonzero(shape)
    middles = [Fraction(int(c.min() + c.max() + 1), 2) for c in (rows, columns)]
    scale = Fraction(quarters, 4)
    for cell in np.ndindex(shape.shape):
        source = [
            floor(middle + (at + Fraction(1, 2) - middle - by) / scale)
            for at, middle, by in zip(cell, middles, (down, right), strict=True)
        ]
        inside = all(0 <= s < length for s, length in zip(source, shape.shape, strict=True))
        result[cell] = inside and shape[tuple(source)]
    return result


@pytest.mark.parametrize("seed", range(60))
def test_moving_scaling_and_growing(seed):
    dice = np.random.default_rng(seed)
    shape = np.zeros((7, 9), bool)
    top, left = dice.integers(0, 5), dice.integers(0, 6)
    shape[top : top + dice.integers(0, 5), left : left + dice.integers(1, 5)] = True
    shape &= dice.random(shape.shape) < 0.9
    down, right = dice.integers(-4, 5, 2)
    quarters = int(dice.integers(2, 9))
    expected = moved_by_fractions(shape, down, right, quarters)
    assert moved(shape, down, right, quarters).tolist() == expected.tolist()
    times = int(dice.integers(1, 3))
    dilated = ndimage.binary_dilation(shape, iterations=times)
    eroded = ndimage.binary_erosion(shape, iterations=times, border_value=1)
    assert grown(shape, times).tolist() == dilated.tolist()
    assert grown(shape, -times).tolist() == eroded.tolist()


def test_left_alone_it_stays_as_it_is():
    for level in range(len(LEVELS)):
        truth = street(level)
        assert predicted(truth, 0, 0, 4, 0).tolist() == truth.tolist()
        assert grown(truth == CAR, 0).tolist() == (truth == CAR).tolist()


def test_twice_as_large_is_four_times_the_cells():
    shape = np.zeros((9, 11), bool)
    shape[3:5, 4:7] = True
    assert moved(shape, 0, 0, 8).sum() == 4 * shape.sum()


def test_the_imbalance_grows_from_level_to_level():
    small = [np.isin(street(level), (CAR, SIGN)).sum() for level in range(len(LEVELS))]
    assert small == sorted(small, reverse=True) and len(set(small)) == len(small)
    first = np.bincount(street(0).ravel(), minlength=4) / street(0).size
    assert first.min() > 0.14 and first.max() < 0.36  # all classes have a fair share
    assert not (street(len(LEVELS) - 1) == SIGN).any()


def test_where_objects_were_there_is_what_lies_behind_them():
    truth = street(0)
    away = predicted(truth, 0, 0, 4, -2)
    gone = (truth == SIGN) & (away != SIGN)
    assert set(away[gone]) == {SKY}
    assert set(away[(truth == CAR) & (away != CAR)]) == {ROAD}
