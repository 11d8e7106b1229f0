"""Enlarging, against torch on unequal axes, and by hand."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import (
    bed_of_nails,
    bilinear,
    bilinear_kernel,
    nearest,
    resize_convolution,
    sampled_at,
    transposed_convolution,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def numbers(size, seed=1):
    return np.random.default_rng(seed).normal(size=size)


def interpolate(values, size, **settings):
    return F.interpolate(torch.tensor(values)[None, None], size=size, **settings)[0, 0].numpy()


@pytest.mark.parametrize("rows", range(1, 8))
def test_all_small_sizes_are_torchs(rows):
    for columns, tall, wide in product(range(1, 6), (1, 2, 5, 7, 12), (1, 3, 8, 11)):
        values, size = numbers((rows, columns)), (tall, wide)
        np.testing.assert_array_equal(
            nearest(values.shape, size).apply(values), interpolate(values, size, mode="nearest")
        )
        for align_corners in (False, True):
            taps = bilinear(values.shape, size, align_corners=align_corners)
            expected = interpolate(values, size, mode="bilinear", align_corners=align_corners)
            np.testing.assert_allclose(taps.apply(values), expected, atol=1e-12)
            assert taps.weight().min() > 0


def test_nearest_rounds_as_torch_does():
    differ = 0
    for size, enlarged in product(range(1, 40), range(1, 90)):
        ours = nearest((1, size), (1, enlarged)).apply(np.arange(size)[None])
        torchs = interpolate(np.arange(float(size))[None], (1, enlarged), mode="nearest")
        np.testing.assert_array_equal(ours, torchs)
        differ += (ours != np.arange(enlarged) * size // enlarged).any()
    assert differ  # otherwise whole numbers would do


def test_bilinear_by_two_by_hand():
    # corners apart: the centres lie at -1/4, 1/4, 3/4, 5/4; the outer ones are held at the border
    assert sampled_at(2, 4, False).tolist() == [0, 0.25, 0.75, 1]
    assert bilinear((1, 2), (1, 4)).apply([[4, 8]]).tolist() == [[4, 5, 7, 8]]
    # corners together: four outputs, three steps
    np.testing.assert_allclose(sampled_at(2, 4, True), [0, 1 / 3, 2 / 3, 1])
    aligned = bilinear((1, 2), (1, 4), align_corners=True).apply([[3, 9]])
    np.testing.assert_allclose(aligned, [[3, 5, 7, 9]])


def test_a_bed_of_nails_is_a_transposed_convolution_with_one_weight():
    values, factor = numbers((3, 2)), (2, 3)
    x = torch.tensor(values)[None, None]
    expected = F.conv_transpose2d(
        x, torch.ones(1, 1, 1, 1).double(), stride=factor, output_padding=(1, 2)
    )
    np.testing.assert_array_equal(bed_of_nails((3, 2), factor).apply(values), expected[0, 0])
    assert bed_of_nails(2, 2).apply([[1, 2], [3, 4]]).tolist() == [
        [1, 0, 2, 0],
        [0, 0, 0, 0],
        [3, 0, 4, 0],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize("factor", [(1, 2), (3, 4), (2, 5)])
def test_the_bilinear_kernel_interpolates_away_from_the_border(factor):
    values, kernel = numbers((4, 5)), bilinear_kernel(factor)
    padding = tuple(times // 2 for times in factor)
    taps = transposed_convolution((4, 5), kernel.shape, stride=factor, padding=padding)
    size = (4 * factor[0], 5 * factor[1])
    assert taps.sizes["output"] == size
    expected = interpolate(values, size, mode="bilinear")
    inside = tuple(slice(times, -times) for times in factor)
    ours = taps.apply(values, kernel)
    np.testing.assert_allclose(ours[inside], expected[inside], atol=1e-12)
    assert not np.allclose(ours, expected)  # at the border it fades, where interpolation holds


def test_the_bilinear_kernel_by_hand():
    assert (16 * bilinear_kernel(2)[0]).tolist() == [1, 3, 3, 1]
    assert (9 * bilinear_kernel(3)[2]).tolist() == [3, 6, 9, 6, 3]
    assert bilinear_kernel((1, 2)).tolist() == [[0.25, 0.75, 0.75, 0.25]]


@pytest.mark.parametrize("kernel_size", [(1, 2), (3, 4), (5, 3), (7, 6)])
def test_resize_then_convolve_is_torchs(kernel_size):
    values, kernel, factor = numbers((3, 4)), numbers(kernel_size, 2), (2, 3)
    taps = resize_convolution((3, 4), kernel_size, factor)
    resized = F.interpolate(torch.tensor(values)[None, None], scale_factor=factor)
    with warnings.catch_warnings():  # torch pads for even kernels by a copy, and says so
        warnings.simplefilter("ignore")
        expected = F.conv2d(resized, torch.tensor(kernel)[None, None], padding="same")[0, 0]
    np.testing.assert_allclose(taps.apply(values, kernel), expected, atol=1e-12)
    matrix = taps.matrix(kernel)  # weights that meet the same two cells are added
    np.testing.assert_allclose(matrix @ values.ravel(), expected.ravel(), atol=1e-12)
    copies = taps.renamed({"input": "original", "resized": "input"})
    np.testing.assert_allclose(copies.apply(resized[0, 0], kernel), expected, atol=1e-12)


@pytest.mark.parametrize("relation", [nearest, bilinear, bed_of_nails])
def test_an_image_without_cells_is_refused(relation):
    with pytest.raises(ValueError, match="at least one row"):
        relation((3, 0), (6, 0))
