"""Six enlargements of one input, against torch; what each cell is said to be made of."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

import segviz
from segviz.explainers.upsampling import BILINEAR, LEARNED, NAIL, ONES, UPSAMPLING, draw

SIX = ("nearest", "nails", "unpooled", "bilinear", "aligned", "transposed")
SUMS = ("bilinear", "aligned", "transposed")

pytestmark = pytest.mark.usefixtures("one_thread")


def tensor(values):
    return torch.tensor(np.asarray(values, float))[None, None]


def kernel_of(settings):
    """The transposed convolution's kernel and padding, by hand."""
    factor = settings["factor"]
    if settings["weights"] == BILINEAR:
        tents = {2: [1, 3, 3, 1], 3: [1, 2, 3, 2, 1], 4: [1, 3, 5, 7, 7, 5, 3, 1]}
        parts = {2: 4, 3: 3, 4: 8}
        rows, columns = (np.array(tents[f]) / parts[f] for f in factor)
        return np.outer(rows, columns), {2: 1, 3: 1, 4: 2}
    corner = np.zeros(factor)
    corner[0, 0] = 1
    learned = np.asarray(settings["kernel"])[: factor[0], : factor[1]]
    kernels = {LEARNED: learned, ONES: np.ones(factor), NAIL: corner}
    return kernels[settings["weights"]], {2: 0, 3: 0, 4: 0}


class TestUpsampling(ExplainerContract):
    explainer = UPSAMPLING

    def judge(self, scene, settings):
        x, factor = tensor(settings["input"]), settings["factor"]
        kernel, padding = kernel_of(settings)
        indices = torch.tensor(painted(scene)["indices"].astype(int))[None, None]
        block_rows, block_columns = np.indices(x.shape[2:])
        width = x.shape[3] * factor[1]
        rows, columns = indices[0, 0].numpy() // width, indices[0, 0].numpy() % width
        np.testing.assert_array_equal(rows // factor[0], block_rows)
        np.testing.assert_array_equal(columns // factor[1], block_columns)
        nails = np.zeros(scene["nails"].numbers.shape)
        nails[:: factor[0], :: factor[1]] = settings["input"]
        expected = {
            "nearest": F.interpolate(x, scale_factor=factor),
            "nails": tensor(nails),
            "unpooled": F.max_unpool2d(x, indices, factor),
            "bilinear": F.interpolate(x, scale_factor=factor, mode="bilinear"),
            "aligned": F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True),
            "transposed": F.conv_transpose2d(
                x, tensor(kernel), stride=factor, padding=tuple(padding[f] for f in factor)
            ),
        }
        np.testing.assert_allclose(scene["kernel"].numbers, kernel, atol=1e-12)
        for name, board in expected.items():
            shown = scene[name]
            np.testing.assert_allclose(shown.numbers, board[0, 0], atol=1e-9, err_msg=name)
            texts = np.array(shown.texts, float).reshape(shown.numbers.shape)
            np.testing.assert_allclose(texts, board[0, 0], rtol=0.051, atol=1e-9)


def test_it_starts_with_the_classic_two_by_two_by_two():
    scene = segviz.explain.upsampling().scene
    assert scene["nearest"].numbers[0].tolist() == [4, 4, 8, 8]
    assert scene["nails"].numbers[:2].tolist() == [[4, 0, 8, 0], [0, 0, 0, 0]]
    assert scene["bilinear"].numbers[0].tolist() == [4, 5, 7, 8]
    np.testing.assert_allclose(scene["aligned"].numbers[0], [4, 16 / 3, 20 / 3, 8])
    assert scene["transposed"].numbers[0].tolist() == [4, 2, 8, 4]


@pytest.mark.parametrize("weights", [LEARNED, BILINEAR])
def test_the_calls_give_the_numbers(weights):
    input, kernel = [[4, 8, 1], [12, 16, 5]], UPSAMPLING.grids[1].pattern
    scene = draw(input, kernel, factor=(3, 2), weights=weights)
    names = {
        "F": F,
        "x": tensor(input),
        "indices": torch.tensor(scene["indices"].numbers.astype(int))[None, None],
        "w": tensor(scene["kernel"].numbers),
        "nail": tensor([[1, 0], [0, 0], [0, 0]]),
    }
    calls = [label.text for label in scene.labels if label.kind == "call"]
    order = ("nearest", "unpooled", "bilinear", "transposed", "aligned", "nails")
    for name, call in zip(order, calls, strict=True):
        output = eval(call, names)[0, 0]
        np.testing.assert_allclose(scene[name].numbers, output, atol=1e-12, err_msg=call)


def value_of(sentence):
    """The value of the sum that a sentence writes out, and the total it names."""
    sum_, total = re.search(r"\] = (?:(.*) = )?(-?[\d.]+)(?:, read|: |\.|   \()", sentence).groups()
    return eval((sum_ or total).replace("·", "*")), float(total)


@pytest.mark.parametrize("weights", [LEARNED, ONES, NAIL, BILINEAR])
def test_the_written_sums_are_the_numbers(weights):
    scene = draw([[2, -1, 4], [7, 0.5, 3]], [[-1, 2, 3]] * 4, factor=(4, 3), weights=weights)
    for name in SUMS:
        board = scene[name]
        for sentence, number in zip(board.says, board.numbers.flat, strict=True):
            worth, total = value_of(sentence)
            np.testing.assert_allclose([worth, total], number, atol=1e-8, err_msg=sentence)


def test_single_values_name_their_cell():
    scene = draw([[4, 8], [12, 16]], np.ones((4, 4)))
    assert scene["nearest"].says[6] == "nearest[1, 2] = input[0, 1] = 8: the input cell it lies in."
    assert scene["nails"].says[1] == "nails[0, 1] = 0: no nail stands here."
    assert scene["unpooled"].says[7] == "unpooled[1, 3] = input[0, 1] = 8: index 7 points here."


def test_bilinear_says_where_it_reads():
    scene = draw([[4, 8], [12, 16]], np.ones((4, 4)))
    assert "read at row 0, column 0.25" in scene["bilinear"].says[1]
    assert "read at row 0, column 0.3333" in scene["aligned"].says[1]
    assert "1 neighbour." in scene["bilinear"].says[0]
    assert "4 neighbours." in scene["bilinear"].says[5]


def compared(weights, **settings):
    input = [[4, 8, 0], [12, 16, 4], [0, 8, 12]]
    return next(
        label.text
        for label in draw(input, np.ones((4, 4)), weights=weights, **settings).labels
        if "transposed convolution" in label.text
    )


def test_the_weights_make_it_one_of_the_others():
    assert "is “nearest”, in all 36 cells" in compared(ONES)
    assert "is “bed of nails”, in all 54 cells" in compared(NAIL, factor=(3, 2))
    # factor 2: a ring of one cell differs, save where the outermost values are 0
    assert "in 18 of 36 cells: at the border" in compared(BILINEAR)
    assert compared(LEARNED).startswith("Learned weights")


def test_an_input_cell_lights_all_six_and_an_index_only_its_place():
    scene = draw([[4, 8], [12, 16]], np.ones((4, 4)))
    relation = scene.relation
    taps = relation.column("input") == 1
    lit = {name: set(relation.column(name)[taps]) - {-1} for name in (*SIX, "index", "kernel")}
    assert lit["nearest"] == {2, 3, 6, 7} == lit["transposed"]
    assert lit["nails"] == {2} and lit["unpooled"] == {7} and lit["index"] == {1}
    assert len(lit["bilinear"]) == len(lit["aligned"]) == 9 and len(lit["kernel"]) == 4
    of_index = relation.column("index") == 1
    assert {name for name in SIX if (relation.column(name)[of_index] >= 0).any()} == {"unpooled"}


def test_what_would_be_too_small_to_read_is_refused():
    with pytest.raises(ValueError, match="more than 9 cells.*nearest legal factor is 2"):
        segviz.explain.upsampling(input_size=4, factor=3)
    with pytest.raises(ValueError, match="factor asks for 2×2"):
        draw([[1, 2]], [[1, 2]])
