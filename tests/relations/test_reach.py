"""Fields on one axis: sets as products of boolean matrices, boxes as sets of a longer axis."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations.axis_field import AxisField
from segviz.relations.reach import Reach
from segviz.relations.steps import (
    ABSENT,
    Adaptive,
    Antialiased,
    Interpolation,
    Nearest,
    Spread,
    Window,
    mirrored,
    nearest_cell,
)
from segviz.relations.taps import NOTHING, convolution, transposed_convolution


def by_torch(function, cells):
    """Which input cell has a weight in which output cell, for a linear function on one axis: bool
    array (outputs, cells)."""
    images = torch.eye(cells, dtype=torch.float64)[:, None]  # (cells, 1, cells)
    return (function(images)[:, 0].abs() > 1e-9).numpy().T


def by_step(step, cells):
    """The same from the positions of a step."""
    read = step.edge(step.positions(step.cells), cells)
    matrix = np.zeros((step.cells, cells + 1), bool)
    matrix[np.arange(step.cells)[:, None], read] = True  # NOTHING is the last column
    return matrix[:, :-1]


WINDOWS = [
    (n, k, s, p, d)
    for n, k, s, p, d in product((1, 7, 11), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2))
    if d * (k - 1) + 1 <= n + 2 * p
]


@pytest.mark.parametrize(("n", "k", "s", "p", "d"), WINDOWS)
def test_a_window_is_a_convolution(n, k, s, p, d):
    kernel = torch.ones(1, 1, k, dtype=torch.float64)
    expected = by_torch(lambda x: F.conv1d(x, kernel, stride=s, padding=p, dilation=d), n)
    assert (by_step(Window(len(expected), k, s, p, d), n) == expected).all()
    # and the taps that the explainers draw
    taps = convolution((1, n), (1, k), stride=(1, s), padding=(0, p), dilation=(1, d))
    assert (taps.matrix(np.ones((1, k))) != 0).tolist() == expected.tolist()


@pytest.mark.parametrize(("n", "k", "s", "p", "d"), [w for w in WINDOWS if w[1] > w[3]])
def test_spreading_is_a_transposed_convolution(n, k, s, p, d):
    kernel = torch.ones(1, 1, k, dtype=torch.float64)

    def transposed(x):
        return F.conv_transpose1d(x, kernel, stride=s, padding=p, dilation=d, output_padding=0)

    if (n - 1) * s - 2 * p + d * (k - 1) + 1 < 1:
        return
    expected = by_torch(transposed, n)
    assert (by_step(Spread(len(expected), k, s, p, d), n) == expected).all()
    taps = transposed_convolution((1, n), (1, k), stride=(1, s), padding=(0, p), dilation=(1, d))
    assert (taps.matrix(np.ones((1, k))) != 0).tolist() == expected.tolist()


@pytest.mark.parametrize(("cells", "given"), [(1, 5), (3, 7), (5, 10), (7, 3), (4, 4)])
def test_adaptive_windows(cells, given):
    expected = by_torch(lambda x: F.adaptive_avg_pool1d(x, cells), given)
    assert (by_step(Adaptive(cells, given), given) == expected).all()


@pytest.mark.parametrize("padding", [1, 2, 3])
def test_what_stands_outside(padding):
    for mode, edge in (("reflect", mirrored), ("replicate", nearest_cell)):
        expected = by_torch(lambda x, mode=mode: F.pad(x, (padding, padding), mode=mode), 5)
        step = Window(len(expected), 1, padding=padding, edge=edge)
        assert (by_step(step, 5) == expected).all()


STEPS = {
    "window": lambda n: Window((n + 2 - 3) // 2 + 1, 3, 2, 1),
    "dilated": lambda n: Window(n, 3, 1, 2, 2),
    "spread": lambda n: Spread(2 * n + 1, 3, 2),
    "holes": lambda n: Spread(3 * n - 2, 1, 3),
    "nearest": lambda n: Nearest(2 * n, np.float32(0.5)),
    "linear": lambda n: Interpolation.between(3 * n, n, 1),
    "cubic": lambda n: Interpolation.between(2 * n, n, 2),
    "antialiased": lambda n: Antialiased(n // 2, Fraction(2), 1),
    "crop": lambda n: Window(n - 2, 1, padding=-1),
}
CHAINS = [*product(STEPS, STEPS)] + [("window", "spread", "linear"), ("cubic", "dilated", "window")]


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_sets_of_a_chain_are_a_product_of_boolean_matrices(chain):
    reach, expected = Reach.identity(70), np.eye(70, dtype=bool)
    for name in chain:
        step = STEPS[name](reach.cells)
        expected = (by_step(step, reach.cells).astype(int) @ expected) > 0
        reach = reach.through(step)
    assert (reach.matrix == expected).all()
    assert reach.extent == expected.sum()
    for cell in (0, 3, reach.cells - 1):
        assert reach.cells_at(cell).tolist() == np.flatnonzero(expected[cell]).tolist()
    assert not len(reach.cells_at(NOTHING))


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_boxes_of_a_chain_are_where_its_sets_end_on_an_axis_without_end(chain):
    short, long = Reach.identity(24), Reach.identity(24 + 144)
    for name in chain:
        short = short.through(STEPS[name](short.cells))
        long = long.through(STEPS[name](long.cells))
    # inside of the long axis, far from its ends, all boxes are sets
    first, last = long.ends
    middle = slice(long.cells // 3, 2 * long.cells // 3)
    assert (long.low[: long.cells][middle] == first[middle]).all()
    assert (long.high[: long.cells][middle] == last[middle]).all()
    # and the short axis has the same, as it goes on beyond its end
    cells = np.arange(-40, long.cells)
    for mine, theirs in zip(short.continued(cells), long.continued(cells), strict=True):
        seen = abs(theirs) < 10**6
        assert (mine[seen] == theirs[seen]).all() and (abs(mine[~seen]) > 10**6).all()


def test_absent_positions_have_no_box():
    low, high = Reach.identity(5).continued(np.array([ABSENT, 2]))
    assert low[0] > high[0] and low[1] == high[1] == 2


@pytest.mark.parametrize(
    ("pointers", "goes_on"),
    [
        ([1, 2, 3], {-1: 0, 3: 4, 9: 10}),
        ([6, 4, 2], {-1: 8, 3: 0, 4: -2}),
        ([0, 0, 1, 1, 2, 2], {-1: -1, 6: 3, 7: 3}),
        ([0, 4, 1, 5, 2, 6], {-2: -1, -1: 3, 6: 3}),
        ([5], {-1: 4, 1: 6}),
    ],
)
def test_cells_that_are_moved_go_on_as_they_began(pointers, goes_on):
    reach = Reach.identity(7).take(np.array(pointers))
    assert reach.matrix.argmax(1).tolist() == pointers
    for cell, box in goes_on.items():
        assert reach.continued(np.array([cell]))[0] == box


@pytest.mark.parametrize("pointers", [[2, 3, 4, 0, 1], [0, 1, NOTHING, NOTHING], [3, 1, 4, 1, 5]])
def test_cells_that_follow_no_pattern_end_with_the_map(pointers):
    reach = Reach.identity(7).take(np.array(pointers))
    assert reach.period == 0 and not AxisField(reach).continues
    low, high = reach.continued(np.array([-1, len(pointers)]))
    assert (low > high).all()
    empty = np.array(pointers) == NOTHING
    assert (reach.matrix.any(1) == ~empty).all()


def test_the_union_of_branches_holds_both():
    image = Reach.identity(20)
    one = image.through(Window(10, 5, 2, 2))
    two = image.through(Window(10, 3, 2, 1)).through(Window(8, 3)).take(np.arange(8))
    one = one.take(np.arange(8))
    both = one | two
    assert (both.matrix == (one.matrix | two.matrix)).all()
    assert (both.low == np.minimum(one.low, two.low)).all()
    assert (both.period, both.shift, both.rough) == (1, 2, False)
    assert one | one is one and both | one is both


def test_branches_of_different_strides_go_on_roughly():
    image = Reach.identity(97)
    fine = image.through(Window(49, 3, 2, 1))
    coarse = fine.through(Window(25, 3, 2, 1)).through(Interpolation.between(49, 25, 1))
    both = fine | coarse
    assert both.rough and not coarse.rough
    assert AxisField(coarse).stride == pytest.approx(4 * 25 / 49)
    assert (both.low[:49] == np.minimum(fine.low[:49], coarse.low[:49])).all()


def test_mixing_an_axis_leaves_no_box_but_all_cells():
    reach = Reach.identity(9).through(Window(3, 3, 3))
    mixed = reach.mixed_up(np.arange(2))  # the third cell was cropped away
    assert mixed.cells == 1 and mixed.mixed and mixed.boxless
    field = AxisField(mixed)
    assert (field.size, field.stride, field.padding) == (6, 0, 0)
    spread = mixed.take(np.zeros(3, int)) | reach
    assert AxisField(spread).size == 9
    assert AxisField(spread, with_mixing=False).size == 3


def test_numbers_of_a_field_that_is_not_the_same_everywhere():
    field = AxisField(Reach.identity(12).through(Spread(25, 3, 2)))
    assert field.sizes.tolist()[:4] == [2, 1, 2, 1] and field.size_range == (1, 2)
    assert field.stride == 0.5 and field.padding == 1 and not field.uniform
    assert field.union_size == 2


def test_holes_that_differ_make_a_field_not_uniform():
    enlarged = Reach.identity(12).through(Spread(23, 1, 2))  # every other cell is zero
    field = AxisField(enlarged.through(Window(21, 3)))
    assert field.size_range == (1, 2) and not field.uniform
    assert AxisField(Reach.identity(30).through(Window(22, 3, 1, 0, 4))).uniform
