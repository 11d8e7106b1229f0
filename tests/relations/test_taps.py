"""The table of taps against torch, autograd and the lecture's worked numbers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import segviz
from segviz.relations import (
    NOTHING,
    Relation,
    convolution,
    listed,
    transposed_convolution,
    zero_insertion,
)
from segviz.relations.zero_insertion import CROPPED, INPUT, INSERTED, PADDING

KERNEL = np.array([[1, 4, 1], [1, 4, 3], [3, 3, 1]])
SMALL = dict(stride=(2, 3), padding=(1, 2), dilation=(2, 1))


def test_lecture_matrix_has_the_kernel_in_its_first_row():
    matrix = segviz.conv_matrix(KERNEL, 4)
    assert matrix.shape == (4, 16)
    assert matrix[0].tolist() == [1, 4, 1, 0, 1, 4, 3, 0, 3, 3, 1, 0, 0, 0, 0, 0]
    assert (matrix.T @ [2, 1, 4, 4]).reshape(4, 4).tolist() == [
        [2, 9, 6, 1],
        [6, 29, 30, 7],
        [10, 29, 33, 13],
        [12, 24, 16, 4],
    ]


def test_lecture_stamps():
    taps = transposed_convolution(2, 2)
    output = taps.apply(np.array([[2, 4], [0, 1]]), np.array([[3, 1], [1, 5]]))
    assert output.tolist() == [[6, 14, 4], [2, 17, 21], [0, 1, 5]]


def test_conv_matrix_is_torchs_convolution_on_unequal_axes():
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(7, 9)), rng.normal(size=(2, 4))
    matrix = segviz.conv_matrix(kernel, (7, 9), **SMALL)
    expected = F.conv2d(torch.tensor(image)[None, None], torch.tensor(kernel)[None, None], **SMALL)
    assert matrix.shape == (expected.numel(), image.size)
    np.testing.assert_allclose(matrix @ image.ravel(), expected.ravel(), atol=1e-12)


def test_conv_matrix_keeps_the_kernels_numbers_and_type():
    matrix = segviz.conv_matrix(np.array([[1, -2]], np.int16), (2, 3))
    assert matrix.dtype == np.int16
    assert matrix.tolist() == [
        [1, -2, 0, 0, 0, 0],
        [0, 1, -2, 0, 0, 0],
        [0, 0, 0, 1, -2, 0],
        [0, 0, 0, 0, 1, -2],
    ]


def test_the_transposed_matrix_is_autograds_gradient():
    rng = np.random.default_rng(2)
    image = torch.tensor(rng.normal(size=(6, 8)), requires_grad=True)
    kernel, settings = rng.normal(size=(3, 2)), dict(stride=(1, 2), padding=(2, 0), dilation=(1, 3))
    output = F.conv2d(image[None, None], torch.tensor(kernel)[None, None], **settings)[0, 0]
    upstream = rng.normal(size=tuple(output.shape))
    output.backward(torch.tensor(upstream))
    matrix = segviz.conv_matrix(kernel, (6, 8), **settings)
    np.testing.assert_allclose(matrix.T @ upstream.ravel(), image.grad.ravel(), atol=1e-12)


def test_swapping_the_columns_transposes():
    down = convolution((9, 8), (3, 2), **SMALL)
    up = transposed_convolution(down.sizes["output"], (3, 2), **SMALL, output_padding=(0, 1))
    assert up.sizes["output"] == (9, 8)
    table = {name: down.column(name) for name in ("input", "kernel", "output")}
    swapped = {name: up.column(name) for name in ("output", "kernel", "input")}
    assert sorted(zip(*table.values(), strict=True)) == sorted(zip(*swapped.values(), strict=True))


@pytest.mark.parametrize("padding", [(0, 1), (4, 2)])
def test_zero_insertion_holds_the_same_taps_and_products_by_zero(padding):
    settings = dict(stride=(3, 2), padding=padding, output_padding=(1, 1), dilation=(1, 2))
    taps = transposed_convolution((3, 4), (3, 2), **settings)
    zeros = zero_insertion((3, 4), (3, 2), **settings)
    relation = zeros.relation
    real = relation.column("input") != NOTHING
    names = ("input", "kernel", "output")
    kept = zip(*(relation.column(name)[real].tolist() for name in names), strict=True)
    own = zip(*(taps.column(name).tolist() for name in names), strict=True)
    assert sorted(kept) == sorted(own)
    # every output of the plain convolution looks at the whole kernel
    assert len(relation) == np.prod(taps.sizes["output"]) * 6


def test_zero_insertion_by_hand():
    # 2 inputs, stride 2, kernel 3, padding 1 along the rows: one zero between, one on each side;
    # kernel 1, padding 1 along the columns: both outer inputs are cut off
    zeros = zero_insertion((2, 3), (3, 1), stride=(2, 1), padding=(1, 1))
    assert zeros.kinds[:, 1].tolist() == [PADDING, INPUT, INSERTED, INPUT, PADDING]
    assert zeros.kinds[1].tolist() == [CROPPED, INPUT, CROPPED]
    assert zeros.source[:, 1].tolist() == [NOTHING, 1, NOTHING, 4, NOTHING]
    assert zeros.stretch(np.array([[1, 2, 3], [4, 5, 6]]))[:, 1].tolist() == [0, 2, 0, 5, 0]


@pytest.mark.parametrize("kernel", [[[1, 2], [3]], [1, 2], [["a"]], [], [[1, float("nan")]]])
def test_a_kernel_that_is_no_grid_of_numbers_is_refused(kernel):
    with pytest.raises(ValueError, match="kernel"):
        segviz.conv_matrix(kernel, 4)


def test_a_relation_on_three_axes_is_torchs_convolution_over_channels():
    # two channels in, three out; channel slot 2 * out + in of the kernel weighs that pair
    out, slot = np.divmod(np.arange(6), 2)
    plane = convolution((4, 5), (2, 3), stride=(1, 2))
    channels = {"input": slot, "kernel": np.arange(6), "output": out}
    taps = Relation(
        {"input": (2, 4, 5), "kernel": (6, 2, 3), "output": (3, *plane.sizes["output"])},
        (channels, *plane.axes),
    )
    rng = np.random.default_rng(3)
    image, kernel = rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 2, 2, 3))
    expected = F.conv2d(torch.tensor(image)[None], torch.tensor(kernel), stride=(1, 2))[0]
    assert len(taps) == 6 * len(plane)
    np.testing.assert_allclose(taps.apply(image, kernel), expected, atol=1e-12)
    matrix = taps.matrix(kernel)
    np.testing.assert_allclose(matrix @ image.ravel(), expected.ravel(), atol=1e-12)


def test_shares_multiply_out_and_nothing_stays_nothing():
    first = {"input": np.array([0, NOTHING, 1]), "output": np.array([0, 0, 1])}
    second = {"input": np.array([1, 0]), "output": np.array([0, 1])}
    shares = (np.array([0.5, 0.25, 1]), np.array([2.0, 4]))
    taps = Relation({"input": (2, 2), "output": (2, 2)}, (first, second), shares)
    assert taps.column("input").tolist() == [1, 0, NOTHING, NOTHING, 3, 2]
    assert taps.weight().tolist() == [1, 2, 0.5, 1, 2, 4]
    assert taps.renamed({"input": "x"}).weight().tolist() == taps.weight().tolist()


def test_a_listed_relation_is_the_taps_as_they_are():
    # where the maxima of [[1, 7], [9, 5], [2, 8]] by 2 along the columns stood, put back
    taps = listed({"input": (3, 1), "output": (3, 2)}, input=[0, 1, 2], output=[1, 2, 5])
    assert len(taps) == 3
    assert taps.apply(np.array([[7], [9], [8]])).tolist() == [[0, 7], [9, 0], [0, 8]]
    assert taps.matrix().tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 1],
    ]
