"""The atrous convolution against torch; stacks of rates against sets of cells."""

import base64
import io
import re
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file
from PIL import Image

from segviz.explainers.atrous import ATROUS, VIEWS, draw
from segviz.explainers.rate_stack import STACKS

GRIDS = {grid.name: np.array(grid.pattern, float) for grid in ATROUS.grids}


def of_torch(function, *arrays, **settings):
    tensors = [torch.tensor(array)[None, None] for array in arrays]
    return function(*tensors, **settings)[0, 0].numpy()


def numbers(scene, name):
    """A board's numbers where it draws cells, 0 elsewhere."""
    return np.nan_to_num(scene[name].numbers)


def reached(rates):
    """Cell -> by how many paths, relative to the output; by listing all paths."""
    counts = {}
    for turns in product((-1, 0, 1), repeat=len(rates)):
        cell = sum(turn * rate for turn, rate in zip(turns, rates, strict=True))
        counts[cell] = counts.get(cell, 0) + 1
    return counts


class TestAtrous(ExplainerContract):
    explainer = ATROUS

    def judge(self, scene, settings):
        judges = dict(zip(VIEWS, (self.one_layer, self.beside_samples, self.stack), strict=True))
        judges[settings["show"]](scene, settings)

    def one_layer(self, scene, settings):
        x, w, rate = settings["input"], settings["kernel"], settings["rate"]
        boards = painted(scene)
        expected = of_torch(F.conv2d, x, w, padding=rate, dilation=rate)
        np.testing.assert_array_equal(boards["output"], expected)
        np.testing.assert_array_equal(boards["input"], x)
        lying = of_torch(F.conv_transpose2d, np.ones((1, 1)), w, dilation=rate)
        np.testing.assert_array_equal(np.nan_to_num(boards["spread"]), lying)
        assert f"spread over {lying.shape[0]}×{lying.shape[1]}" in scene["spread"].title
        # green: what torch's gradient says the middle output reads
        input = torch.tensor(x)[None, None].requires_grad_()
        output = F.conv2d(input, torch.ones(1, 1, 3, 3).double(), padding=rate, dilation=rate)
        output[0, 0, 8, 8].backward()
        np.testing.assert_array_equal(scene["input"].roles() == "class-3", input.grad[0, 0] > 0)

    def beside_samples(self, scene, settings):
        x, w, rate = settings["input"][:12, :12], settings["kernel"], settings["rate"]
        boards = painted(scene)
        few = x[:: rate[0], :: rate[1]]
        sparse = of_torch(F.conv2d, few, w, padding=1)
        np.testing.assert_array_equal(boards["sampled"], few)
        np.testing.assert_array_equal(boards["response"], sparse)
        placed = np.full((12, 12), np.nan)
        placed[:: rate[0], :: rate[1]] = sparse
        np.testing.assert_array_equal(boards["placed"], placed)
        dense = of_torch(F.conv2d, x, w, padding=rate, dilation=rate)
        np.testing.assert_array_equal(boards["output"], dense)
        green = scene["output"].roles() == "class-3"
        np.testing.assert_array_equal(green, ~np.isnan(placed))
        np.testing.assert_array_equal(dense[green], sparse.ravel())
        assert f"put back: {sparse.size} of 144" in scene["placed"].title

    def stack(self, scene, settings):
        rates = [int(rate) for rate in settings["stack"].split(",")]
        for number in range(4):
            counts = reached(rates[number:])
            shown = numbers(scene, f"map_{number}")[0]
            if number < 3:
                assert {int(i) - 15: shown[i] for i in np.flatnonzero(shown)} == counts
            drawn = scene[f"map_{number}"].cells - 15
            assert drawn.tolist() == list(range(min(counts), max(counts) + 1))
        counts = reached(rates)
        used, span = len(counts), max(counts) - min(counts) + 1
        assert numbers(scene, "map_3")[0, 15] == used
        assert f"{used} of the {span} cells" in scene.description
        assert f"{used**2} of {span**2} cells" in scene["plane"].title
        pixels = Image.open(io.BytesIO(base64.b64decode(scene["plane"].image.split(",")[1])))
        red, _, blue = np.moveaxis(np.asarray(pixels, int), -1, 0)
        on_axis = np.array([cell in counts for cell in range(-15, 16)])
        np.testing.assert_array_equal(red - blue > 20, np.outer(on_axis, on_axis))


@pytest.mark.parametrize("rate", range(1, 9))
def test_the_weights_stay_and_the_span_grows(rate):
    scene = draw(**GRIDS, rate=rate)
    assert len(scene["spread"].cells) == 9
    assert scene["spread"].numbers.shape == (2 * rate + 1, 2 * rate + 1)
    (formula,) = (each.text for each in scene.labels if each.text.startswith("span ="))
    assert formula.endswith(f"= {rate}·(3 − 1) + 1 = {2 * rate + 1}")


def test_the_lectures_quarter_of_the_positions():
    scene = draw(**GRIDS, show=VIEWS[1], rate=2)
    told = [label.text for label in scene.labels]
    assert "left: responses at 1/4 of the positions" in told
    assert "right: at all, 108 more, with the same 9 weights" in told


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("2, 2, 2", "7 of 13"),
        ("1, 2, 3", "13 of 13"),
        ("1, 2, 5", "17 of 17"),
        ("1, 2, 9", "21 of 25"),
        ("2, 4, 8", "15 of 29"),
    ],
)
def test_the_table_of_stacks_holds_what_is_known(stack, told):
    labels = draw(**GRIDS, show=VIEWS[2], stack="1, 1, 1").labels
    (column,) = (label.x for label in labels if label.text == stack)
    assert told in [label.text for label in labels if label.x == column]


def evaluated(call, **names):
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in names.items()}
    return eval(call, {"torch": torch, "F": F, **tensors})


def test_the_calls_give_the_painted_numbers():
    x, w = GRIDS["input"], GRIDS["kernel"]
    scene = draw(**GRIDS, rate=(2, 5))
    given = evaluated(scene.call, x=x[None, None], w=w[None, None])
    np.testing.assert_array_equal(given[0, 0], painted(scene)["output"])

    scene = draw(**GRIDS, show=VIEWS[1], rate=(3, 2))
    equal = evaluated(scene.call, x=x[None, None, :12, :12], w=w[None, None])
    assert equal.shape[2:] == scene["response"].numbers.shape and equal.all()

    for stack in STACKS:
        scene = draw(**GRIDS, show=VIEWS[2], stack=stack)
        counts = evaluated(scene.call, y=np.ones((1, 1, 1)), w=np.ones((1, 1, 3)))[0, 0]
        shown = numbers(scene, "map_0")[0]
        np.testing.assert_array_equal(shown[shown.nonzero()[0][0] :][: len(counts)], counts)


@pytest.mark.parametrize("rate", [1, (4, 3), 8])
@pytest.mark.parametrize("show", VIEWS[:2])
def test_the_written_sums_are_the_painted_numbers(show, rate):
    scene = draw(**GRIDS, show=show, rate=rate)
    for name in ("output", "response"):
        values = scene[name].numbers.ravel()[scene[name].cells]
        for sentence, value in zip(scene[name].says, values, strict=True):
            products, total, _, lost = re.fullmatch(
                rf"{name}\[\d+, \d+\] = (?:(.*) = )?(\d+)(   \((\d) taps? in the padding\))?",
                sentence,
            ).groups()
            assert float(total) == value
            assert eval(products.replace("·", "*")) == value
            assert products.count("·") + int(lost or 0) == 9


def test_stepping_through_the_stack_lights_only_cells_on_a_path():
    """The relation of the third view walks from map to map."""
    relation = draw(**GRIDS, show=VIEWS[2], stack="1, 3, 9").relation
    assert relation.walk == ("map_0", "map_1", "map_2", "map_3")
    ends = [relation.column(name) for name in relation.walk]
    of_output = {int(c) for c in ends[2][ends[3] == 15]}
    assert of_output == {6, 15, 24}
