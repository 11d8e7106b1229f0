"""How many taps reach each output cell: torch on ones, and counting by hand."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

import segviz
from segviz.explainers.checkerboard import CHECKERBOARD, draw

pytestmark = pytest.mark.usefixtures("one_thread")


def ones(*size):
    return torch.ones(1, 1, *size, dtype=torch.float64)


def same(x, w):
    with warnings.catch_warnings():  # torch pads for even kernels by a copy, and says so
        warnings.simplefilter("ignore")
        return F.conv2d(x, w, padding="same")


def shown(scene):
    """The numbers of all boards; a plane of many cells shows them as colours alone."""
    fine = {board.name: board.numbers for board in scene.boards if not board.figures}
    assert all(max(numbers.shape) > 14 for numbers in fine.values())
    return painted(scene) | fine


class TestCheckerboard(ExplainerContract):
    explainer = CHECKERBOARD
    rounds = 1000

    def judge(self, scene, settings):
        kernel, stride = settings["kernel_size"], settings["stride"]
        boards = shown(scene)
        x, w = ones(*boards["input"].shape), ones(*kernel)
        transposed = F.conv_transpose2d(x, w, stride=stride)[0, 0].numpy()
        resized = same(F.interpolate(x, scale_factor=stride), w)[0, 0].numpy()
        np.testing.assert_array_equal(boards["transposed"], transposed)
        np.testing.assert_array_equal(boards["resized"], resized)
        assert max(transposed.shape) <= 21
        # along a row: each input cell alone, and all of them
        width, one, step = boards["input"].shape[1], ones(1, kernel[1]), stride[1]
        for i, row in enumerate(torch.eye(width, dtype=torch.float64)):
            alone = row[None, None, None]
            added = np.nan_to_num(boards["transposed_stairs"])[i]
            np.testing.assert_array_equal(
                added, F.conv_transpose2d(alone, one, stride=(1, step))[0, 0, 0]
            )
            enlarged = F.interpolate(alone, scale_factor=(1, step))
            added = np.nan_to_num(boards["resized_stairs"])[i]
            np.testing.assert_array_equal(added, same(enlarged, one)[0, 0, 0])
        for name in ("transposed", "resized"):
            sums = np.nansum(boards[f"{name}_stairs"], axis=0)
            np.testing.assert_array_equal(boards[f"{name}_sums"][0], sums)


def verdict(scene, way=0):
    """The two lines under the left (0) or the right picture (1)."""
    lines = [label.text for label in scene.labels if label.kind == "title"]
    return " / ".join([line for line in lines if line.startswith("In")][2 * way : 2 * way + 2])


def test_it_starts_with_kernel_3_and_stride_2():
    scene = segviz.explain.checkerboard().scene
    boards = shown(scene)
    assert boards["transposed_sums"].tolist() == [[1, 1, 2, 1, 2, 1, 2, 1, 1]]
    assert boards["transposed"][2].tolist() == [2, 2, 4, 2, 4, 2, 4, 2, 2]
    assert boards["resized_sums"].tolist() == [[2, 3, 3, 3, 3, 3, 3, 2]]
    assert verdict(scene) == (
        "Inside, 3 = 1·2 + 1: 1 or 2 taps along each axis"
        " / In the plane 1, 2 or 4 taps, uneven: a checkerboard"
    )
    assert verdict(scene, 1) == "Inside, 3 taps along each axis / In the plane 9 taps, even"


@pytest.mark.parametrize("kernel, stride", list(product(range(1, 8), range(1, 5))))
def test_it_is_even_where_the_kernel_is_a_multiple_of_the_stride(kernel, stride):
    scene = draw(kernel_size=kernel, stride=stride)
    size = painted(scene)["input"].shape[0]
    # on a long row, whose ends are far away, the same numbers of taps alternate
    long = F.conv_transpose1d(torch.ones(1, 1, 50), torch.ones(1, 1, kernel), stride=stride)
    counts = sorted(set(long[0, 0, 20:-20].int().tolist()))
    told = " or ".join(map(str, counts))
    assert f": {told} tap" in verdict(scene)
    assert ("even" in verdict(scene).split(", ")[-1].split(":")[0].split()) == (
        kernel % stride == 0
    )
    assert ("holes" in verdict(scene)) == (kernel < stride)
    assert verdict(scene, 1).endswith(f"{kernel**2} tap{'s' * (kernel > 1)}, even")
    assert (size - 1) * stride - kernel + 2 >= stride  # all that alternates is to be seen


def test_uneven_on_one_axis_only_makes_stripes():
    scene = draw(kernel_size=(5, 4), stride=(2, 4))
    assert verdict(scene) == (
        "Inside, rows 5 = 2·2 + 1: 2 or 3 taps; columns 4 = 1·4 + 0: 1 tap"
        " / In the plane 2 or 3 taps, uneven: stripes"
    )
    formulas = [label.text for label in scene.labels if " = " in label.text]
    assert "transposed size, rows: (4 − 1)·2 − 2·0 + 1·(5 − 1) + 0 + 1 = 11" in formulas
    assert scene["transposed"].numbers.shape == (11, 16)


@pytest.mark.parametrize("settings", [{}, dict(kernel_size=(4, 5), stride=(3, 2))])
def test_the_calls_give_the_painted_numbers(settings):
    scene = draw(**settings)
    boards = shown(scene)
    names = {"torch": torch, "x": ones(*boards["input"].shape)}
    names["w"] = ones(*boards["kernel"].shape)
    calls = [label.text for label in scene.labels if label.kind == "call"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, call in zip(("transposed", "resized"), calls, strict=True):
            np.testing.assert_array_equal(eval(call, names)[0, 0], boards[name])


@pytest.mark.parametrize("way", ["transposed", "resized"])
def test_what_is_said_is_what_is_counted(way):
    scene = draw(kernel_size=(5, 3), stride=(2, 3))
    sums, plane, stairs = (scene[f"{way}{part}"] for part in ("_sums", "", "_stairs"))
    for o, (sentence, count) in enumerate(zip(sums.says, sums.numbers.flat, strict=True)):
        products = sentence.split(" = ")[1].split(": ")[0].split(" + ")
        assert len(set(products)) == count == int(sentence.split(": ")[1].split()[0])
        if way == "transposed":  # the weight at distance o - stride·i
            for product_ in products:
                i, k = [int(part.split("]")[0]) for part in product_.split("[")[1:]]
                assert o == 3 * i + k
    for n, count in enumerate(plane.numbers.flat):
        row, column = divmod(n, plane.numbers.shape[1])
        assert plane.sentence(n).startswith(f"{way}[{row}, {column}]: ")
        product_, total = plane.says[n].split(" = ")
        rows, columns = [int(part.split()[0]) for part in product_.split(" × ")]
        assert rows * columns == int(total.split()[0]) == count
    for sentence, count in zip(stairs.says, stairs.numbers.flat[stairs.cells], strict=True):
        assert sentence.endswith(f": {count:g} tap{'s' * int(count > 1)}.")


def test_of_ones_it_is_said_how_often_they_are_used():
    scene = draw()  # 4 x 4 ones, a kernel of 3 x 3
    assert scene["input"].sentence(5).startswith("input[1, 1] = 1: 9 taps of the transposed")
    assert "; 36 taps after resizing" in scene["input"].sentence(5)  # 4 rows times 4 columns see it
    assert scene["kernel"].sentence(0).startswith("kernel[0, 0] = 1: 16 taps of the transposed")
    assert "; 49 taps after resizing" in scene["kernel"].sentence(0)  # 8 x 8, less one border


def test_stamp_by_stamp_the_counts_grow():
    scene = draw(kernel_size=(3, 2), stride=(2, 1))
    counts = np.zeros(scene["transposed"].numbers.shape)
    rows, columns = scene["input"].numbers.shape
    shown = np.zeros(counts.size)
    for i, step in enumerate(scene.build_up.steps):
        top, left = 2 * (i // columns), i % columns
        counts[top : top + 3, left : left + 2] += 1
        for place, number in step:
            shown[place] = number
        np.testing.assert_array_equal(shown.reshape(counts.shape), counts)
    assert i == rows * columns - 1


def test_a_column_of_the_plane_is_a_cell_of_the_row():
    scene = draw()
    relation = scene.relation
    taps = relation.column("transposed") == 3 * 9 + 5
    assert set(relation.column("transposed_column")[taps]) == {5}
    assert set(relation.column("input_column")[taps]) == {2}
    assert set(relation.column("input")[taps]) == {1 * 4 + 2}
    assert set(relation.column("kernel")[taps]) == {1 * 3 + 1}
    assert (
        set(relation.column("resized")[taps])
        == {-1}
        == set(relation.column("resized_column")[taps])
    )
