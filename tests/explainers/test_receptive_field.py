"""Receptive fields against torch: gradients of networks whose weights are all 1 count the paths."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract  # beside this file

from segviz.explainers.receptive_field import RECEPTIVE_FIELD, draw

SAME, NONE = "as in the stack", "no layer"
PRESETS = {
    "VGG": ["conv 3x3", "conv 3x3", "pool 2x2, stride 2"] * 2,
    "VGG, rates for strides": [
        *["conv 3x3"] * 2,
        "pool 2x2, stride 1",
        *["conv 3x3, rate 2"] * 2,
        "pool 2x2, stride 1, rate 2",
    ],
    "ResNet": ["conv 7x7, stride 2", "pool 3x3, stride 2", "conv 3x3", "conv 3x3"],
    "three 3x3": ["conv 3x3"] * 3,
    "strides 2, 2, 2": ["conv 3x3, stride 2"] * 3,
    "rates 2, 2, 2": ["conv 3x3, rate 2"] * 3,
    "rates 1, 2, 5": ["conv 3x3", "conv 3x3, rate 2", "conv 3x3, rate 5"],
    "rates 1, 2, 9": ["conv 3x3", "conv 3x3, rate 2", "conv 3x3, rate 9"],
    "rates 2, 4, 8": [f"conv 3x3, rate {rate}" for rate in (2, 4, 8)],
    "two branches": ["conv 5x5, stride 2", "conv 3x3", "conv 3x3"],
}

pytestmark = pytest.mark.usefixtures("one_thread")


def layer(name):
    """A layer by its name, every weight 1, poolings as sums."""
    if name is None:
        return lambda x: x.clone()
    kernel = int(re.search(r"(\d)x\1", name)[1])
    stride, rate = (
        int((re.search(rf"{word} (\d)", name) or (0, 1))[1]) for word in ("stride", "rate")
    )
    weight = torch.ones(1, 1, kernel).double()
    padding = (kernel - 1) * rate // 2
    return lambda x: F.conv1d(x, weight, None, stride, padding, rate)


def network(settings):
    """A function that gives all maps of the settings' network, the input first."""
    names = [*PRESETS[settings["stack"]], *[None] * 6][:6]
    changes = [settings[f"layer_{number}"] for number in range(1, 7)]
    names = [{SAME: old, NONE: None}.get(new, new) for old, new in zip(names, changes, strict=True)]
    if settings["stack"] == "two branches":
        one, two, three, *after = map(layer, [*names[:3], *filter(None, names[3:])])

        def maps(x):
            found = [x, one(x), two(x)]
            found.append(three(found[2]))
            shorter = min(found[1].shape[-1], found[3].shape[-1])
            found.append(found[1][..., :shorter] + found[3][..., :shorter])
            return grown(found, after)
    else:
        layers = [layer(name) for name in names if name] or [layer("conv 1x1")]

        def maps(x):
            return grown([x], layers)

    return maps


def grown(maps, layers):
    """One map more for each layer, until torch refuses one."""
    for each in layers:
        try:
            maps.append(each(maps[-1]))
        except RuntimeError:
            break
    return maps


def ends_of_fields(maps, length):
    """For every map the first and the last input cell of two neighbours in the middle."""
    x = torch.ones(1, 1, length).double().requires_grad_()
    for each in maps(x):
        cell = each.shape[-1] // 2
        pair = []
        for place in (cell, cell + 1):
            (gradient,) = torch.autograd.grad(each[0, 0, place], x, retain_graph=True)
            reached = gradient[0, 0].nonzero()
            pair.append((int(reached[0]), int(reached[-1])))
        yield cell, pair


class TestReceptiveField(ExplainerContract):
    explainer = RECEPTIVE_FIELD

    def judge(self, scene, settings):
        maps = network(settings)
        x = torch.ones(1, 1, 40).double().requires_grad_()
        found = maps(x)
        boards = [board for board in scene.boards if len(board.cells)]
        assert len(boards) == len(found)
        # how many input cells every output is made of: one input cell at a time is not 0
        one_by_one = maps(torch.eye(40).double()[:, None])[-1][:, 0] > 0  # (inputs, outputs)
        output = boards[-1].numbers
        np.testing.assert_array_equal(output[~np.isnan(output)], one_by_one.sum(0))
        asked = int(np.flatnonzero(boards[-1].roles()[0, boards[-1].cells] == "heat-8")[0])
        assert f"[0, 0, {asked}]" in scene.call
        for board, each in zip(boards[:-1], found, strict=False):
            (ways,) = torch.autograd.grad(found[-1][0, 0, asked], each, retain_graph=True)
            shown = board.numbers[~np.isnan(board.numbers)]
            np.testing.assert_array_equal(shown, ways[0, 0])
            texts = [str(int(n)) for n in shown]
            within = np.flatnonzero(shown)
            for cell, (text, number) in enumerate(zip(board.texts, texts, strict=True)):
                assert text == (number if within.min() <= cell <= within.max() else "")
        self.sizes(boards, maps)
        # 14 and 17 px high letters of DejaVu Sans, bold the latter
        assert all(12 + 7.8 * len(board.title) <= 1000 for board in boards)
        assert all(12 + 9.3 * len(label.text) <= 1000 for label in scene.labels[:1])

    def sizes(self, boards, maps):
        """The titles' numbers, and where cells stand, by fields on an axis without end in sight."""
        for board, (cell, pair) in zip(boards, ends_of_fields(maps, 1500), strict=False):
            told = re.search(
                r"(\d+)(?:, \d+ used)?; step (\d+), from input\[(−?\d+)\]", board.title
            )
            if not told:
                continue
            size, step, first = (int(text.replace("−", "-")) for text in told.groups())
            (low, high), (next_low, _) = pair
            assert (size, step, first) == (high - low + 1, next_low - low, low - cell * step)
            at = board.cells + (board.place[0] - 12) / 24  # on the input's axis
            np.testing.assert_allclose(at, (low + high) / 2 + step * (np.arange(len(at)) - cell))

    def test_the_stacks_are_those_known_here(self):
        assert RECEPTIVE_FIELD.parameters[0].choices == tuple(PRESETS)


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("VGG", "all 16 input cells that it spans; the next one's field begins 4 cells on"),
        (
            "VGG, rates for strides",
            "all 16 input cells that it spans; the next one's field begins 1 cell",
        ),
        ("three 3x3", "all 7 input cells"),
        (
            "strides 2, 2, 2",
            "all 15 input cells that it spans; the next one's field begins 8 cells",
        ),
        ("rates 2, 2, 2", "7 of the 13 input cells"),
        ("rates 1, 2, 5", "all 17 input cells"),
        ("rates 1, 2, 9", "21 of the 25 input cells"),
        ("rates 2, 4, 8", "15 of the 29 input cells"),
        ("two branches", "fields from 3 to 23 cells wide"),
    ],
)
def test_the_heading_says_what_is_known_of_the_stack(stack, told):
    scene = draw(stack=stack)
    assert told in next(label.text for label in scene.labels if label.kind == "heading")


def test_the_growth_is_written_out():
    titles = [board.title for board in draw(stack="VGG").boards if board.title]
    grown = ["1 + (3 − 1)·1·1 = 3", "3 + (3 − 1)·1·1 = 5", "5 + (2 − 1)·1·1 = 6"]
    grown += ["6 + (3 − 1)·1·2 = 10", "10 + (3 − 1)·1·2 = 14", "14 + (2 − 1)·1·2 = 16"]
    for title, sum_ in zip(titles[1:], grown, strict=True):
        assert f"field {sum_};" in title
        left, right = sum_.replace("·", "*").replace("−", "-").split(" = ")
        assert eval(left) == int(right)


def test_a_changed_layer_changes_the_field():
    scene = draw(stack="rates 2, 2, 2", layer_1="conv 3x3", layer_3="conv 3x3, rate 5")
    assert "all 17 input cells" in scene.description
    assert scene["map_6"].title == "" and len(scene["map_6"].cells) == 0
    scene = draw(stack="three 3x3", layer_2=NONE)
    assert scene["map_1"].title.startswith("layer_1: conv 3×3, padding 1 ")
    assert scene["map_2"].title.startswith("output: layer 3, conv 3×3, padding 1 ")


def test_without_any_layer_a_cell_sees_itself():
    scene = draw(stack="three 3x3", layer_1=NONE, layer_2=NONE, layer_3=NONE)
    assert "output[19] is made of one input cell; the next" in scene.description


def test_a_layer_that_torch_refuses_is_left_out_and_named():
    halved = {f"layer_{number}": "pool 2x2, stride 2" for number in range(1, 7)}
    scene = draw(stack="VGG", **halved)
    assert len(scene["map_5"].cells) == 1 and len(scene["map_6"].cells) == 0
    assert (
        "layer_6 is left out: pool 2×2, stride 2 finds a map of only 1 cell." in scene.description
    )


def test_sentences_of_misaligned_branches():
    """Output j: input cells 2j - 2 ... 2j + 2 by one branch, j - 2 ... j + 2 by the other."""
    says = draw(stack="two branches")["map_4"].says
    assert says[0] == "output[0] is made of all 3 cells input[0] … input[2]."
    assert says[12] == "output[12] is made of 10 of the 17 cells input[10] … input[26]."


def test_sentences_at_the_border_and_inside():
    scene = draw(stack="rates 2, 2, 2")
    assert (
        scene["map_3"].says[19]
        == "output[19] is made of 7 of the 13 cells input[13] … input[25], centre 19."
    )
    assert scene["map_3"].says[1] == (
        "output[1] is made of 4 of the 7 cells input[1] … input[7], where the border cuts off 6"
        " more, centre 1."
    )
    assert (
        scene["map_0"].says[19]
        == "input[19] is part of 7 cells of the output; part of output[19] in 7 ways."
    )
    assert scene["map_1"].says[18].endswith("; no part of output[19].")


@pytest.mark.parametrize("stack", PRESETS)
def test_the_call_counts_how_often_each_input_cell_is_used(stack):
    scene = draw(stack=stack)
    maps = network({"stack": stack, **{f"layer_{n}": SAME for n in range(1, 7)}})
    x = torch.ones(1, 1, 40).double().requires_grad_()
    (counts,) = eval(scene.call, {"torch": torch, "net": lambda x: maps(x)[-1], "x": x})
    np.testing.assert_array_equal(counts[0, 0], scene["map_0"].numbers[0])
