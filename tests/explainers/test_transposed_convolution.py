"""What is painted, against torch: every view, for random parameters, unequal on every axis."""

import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted, random_numbers, settings_of  # beside this file

from segviz.explain import transposed_convolution
from segviz.explainers.transposed_convolution import TRANSPOSED, draw
from segviz.scenes import frame

LECTURE = dict(input=[[2, 1], [4, 4]], kernel=[[1, 4, 1], [1, 4, 3], [3, 3, 1]])

pytestmark = pytest.mark.usefixtures("one_thread")


def torch_output(input, kernel, **settings):
    return F.conv_transpose2d(
        torch.tensor(input)[None, None], torch.tensor(kernel)[None, None], **settings
    )[0, 0].numpy()


def taken_apart(settings):
    """input, kernel, weights, and the rest."""
    names = ("input", "kernel", "weights")
    others = {name: value for name, value in settings.items() if name not in names}
    return *(settings[name] for name in names), others


def impulse_response(factor, kernel_size, padding):
    """What interpolate makes of a single 1 far from the border: its kernel."""
    impulse = torch.zeros(1, 1, 7, 7, dtype=torch.float64)
    impulse[0, 0, 3, 3] = 1
    response = F.interpolate(impulse, scale_factor=factor, mode="bilinear")[0, 0]
    top, left = (3 * f - p for f, p in zip(factor, padding, strict=True))
    return response[top : top + kernel_size[0], left : left + kernel_size[1]].numpy()


def judge_bilinear(scene, input, others):
    factor, padding = others["stride"], others["padding"]
    kernel = impulse_response(factor, scene["kernel"].numbers.shape, padding)
    assert kernel.sum() == pytest.approx(np.prod(factor))  # nothing of the response is left out
    np.testing.assert_allclose(scene["kernel"].numbers, kernel, atol=1e-12)
    expected = torch_output(input, kernel, **others)
    theirs = F.interpolate(torch.tensor(input)[None, None], scale_factor=factor, mode="bilinear")
    theirs = theirs[0, 0].numpy()
    assert expected.shape == theirs.shape
    np.testing.assert_allclose(scene["output"].numbers, expected, atol=1e-9)
    np.testing.assert_allclose(scene["interpolated"].numbers, theirs, atol=1e-9)
    np.testing.assert_allclose(scene["difference"].numbers, expected - theirs, atol=1e-9)
    np.testing.assert_allclose(painted(scene)["output"], expected, atol=1e-3, rtol=1e-3)
    equal = np.isclose(expected, theirs)
    assert tuple(text == "=" for text in scene["difference"].texts) == tuple(equal.flat)
    inner = equal[factor[0] // 2 : -(factor[0] // 2), factor[1] // 2 : -(factor[1] // 2)]
    assert inner.all() and inner.size  # they differ at the border, as wide as the padding, only
    count = f"equal (=) in {equal.sum()} of {equal.size} cells."
    assert count in {label.text for label in scene.labels}


class TestTransposedConvolution(ExplainerContract):
    explainer = TRANSPOSED

    def judge(self, scene, settings):
        input, kernel, weights, others = taken_apart(settings)
        if weights == "bilinear":
            return judge_bilinear(scene, input, others)
        expected = torch_output(input, kernel, **others)
        boards = painted(scene)
        for name in ("output", "result"):
            np.testing.assert_array_equal(boards[name], expected)
        np.testing.assert_array_equal(boards["y"], expected.reshape(-1, 1))
        matrix = np.nan_to_num(boards["matrix"])
        np.testing.assert_array_equal(matrix @ input.ravel(), expected.ravel())
        # the second view is what it says: an ordinary convolution of what it shows
        kept = np.where(scene["stretched"].roles() == "cut", np.nan, boards["stretched"])
        kept = kept[~np.isnan(kept).all(1)][:, ~np.isnan(kept).all(0)]
        plain = F.conv2d(
            torch.tensor(kept)[None, None],
            torch.tensor(boards["flipped"])[None, None],
            dilation=others["dilation"],
        )
        np.testing.assert_array_equal(plain[0, 0], expected)

    def test_random_bilinear_settings_stand_beside_torchs_interpolate(self):
        """They are rare among all that are legal."""
        rng = np.random.default_rng(7)
        for _ in range(300):
            kernel_size = tuple(rng.integers(4, 6, 2).tolist())
            input_size = tuple(rng.integers(2, 6, 2).tolist())
            steps = {p.name: (p.start, p.start) for p in self.explainer.parameters}
            steps |= {"weights": (1, 1), "input_size": input_size, "kernel_size": kernel_size}
            steps = self.explainer.settled(steps)
            assert self.explainer.legal(steps) and steps["kernel_size"] == kernel_size
            settings = settings_of(
                self.explainer, steps, random_numbers(self.explainer, rng, steps)
            )
            self.judge(self.explainer.draw(**settings), settings)


def test_a_thousand_that_torch_refuses_are_refused():
    dice = random.Random(6)

    def both(least, most):
        return dice.randint(least, most), dice.randint(least, most)

    illegal = 0
    while illegal < 1000:
        input, kernel = np.ones(both(1, 5)), np.ones(both(1, 5))
        settings = dict(
            stride=both(1, 3), padding=both(0, 4), output_padding=both(0, 2), dilation=both(1, 2)
        )
        spoiled = dice.choice(list(settings))
        settings[spoiled] = (dice.randint(-1, 0), settings[spoiled][1])
        try:
            torch_output(input, kernel, **settings)
        except RuntimeError:
            illegal += 1
            with pytest.raises(ValueError, match="transposed convolution"):
                draw(input, kernel, **settings)


def test_the_lecture_is_where_it_starts():
    grids = {g.name: np.array(g.pattern) for g in TRANSPOSED.grids}
    starts = {p.name: p.start for p in TRANSPOSED.parameters}
    input = grids["input"][: starts["input_size"], : starts["input_size"]]
    kernel = grids["kernel"][: starts["kernel_size"], : starts["kernel_size"]]
    assert input.tolist() == LECTURE["input"] and kernel.tolist() == LECTURE["kernel"]
    output = painted(draw(input, kernel))["output"]
    assert output[1].tolist() == [6, 29, 30, 7]


def test_fractions_are_painted_with_four_digits():
    scene = draw([[0.5, -1.25]], [[1 / 3, 2]])
    assert painted(scene)["output"].tolist() == [[0.1667, 0.5833, -2.5]]


def test_the_call_gives_the_painted_numbers():
    settings = dict(stride=(2, 3), padding=(1, 0), output_padding=(0, 2), dilation=(1, 2))
    scene = draw(**LECTURE, **settings)
    names = {
        "torch": torch,
        "x": torch.tensor(LECTURE["input"], dtype=torch.float64)[None, None],
        "w": torch.tensor(LECTURE["kernel"], dtype=torch.float64)[None, None],
    }
    np.testing.assert_array_equal(eval(scene.call, names)[0, 0], painted(scene)["output"])
    assert scene.call.endswith(
        "stride=(2, 3), padding=(1, 0), output_padding=(0, 2), dilation=(1, 2))"
    )


def written_sum(sentence):
    """The value of the products written out in a sentence about an output, and the total it
    names."""
    sum_, total = re.search(r"output\[\d+, \d+\] = (?:(.*) = )?(-?[\d.]+) ", sentence).groups()
    return eval((sum_ or total).replace("·", "*")), float(total)


@pytest.mark.parametrize("settings", [{}, dict(stride=3, padding=(0, 4), dilation=(2, 1))])
def test_the_written_sum_is_the_painted_number(settings):
    scene = draw([[2, -1, 3], [4, 4, 0]], LECTURE["kernel"], **settings)
    numbers = painted(scene)["output"].ravel()
    assert len(scene["output"].says) == len(numbers)
    for sentence, painted_number in zip(scene["output"].says, numbers, strict=True):
        assert written_sum(sentence) == (painted_number, painted_number)


def test_the_flipped_kernel_speaks_of_the_weights_it_shows():
    scene = draw([[1, 2]], [[10, 11, 12], [13, 14, 15]])
    for sentence, value in zip(scene["flipped"].says, painted(scene)["flipped"].flat, strict=True):
        assert re.match(r"kernel\[\d, \d\] = (\d+) is used", sentence)[1] == f"{value:g}"


def test_boards_that_say_the_same_share_one_string():
    parts = frame(draw(**LECTURE))
    assert parts["output:says"] == parts["result:says"] == parts["y:says"] == parts["rows:says"]
    assert parts["kernel:says"] == parts["flipped:says"] != parts["input:says"]


def test_stamp_by_stamp_the_output_grows():
    scene = draw(**LECTURE, stride=2)
    kernel, output = np.array(LECTURE["kernel"]), np.zeros((5, 5))
    shown = np.zeros(25)
    for step, (value, corner) in enumerate(
        zip([2, 1, 4, 4], [(0, 0), (0, 2), (2, 0), (2, 2)], strict=True)
    ):
        output[corner[0] : corner[0] + 3, corner[1] : corner[1] + 3] += value * kernel
        for cell, number in scene.build_up.steps[step]:
            shown[cell] = number
        assert shown.reshape(5, 5).tolist() == output.tolist()


def test_an_output_is_tied_to_its_window_and_a_weight_to_its_matrix_entries():
    scene = draw(**LECTURE)
    relation = scene.relation
    of_output = relation.column("output") == 5  # output[1, 1]
    window = sorted(relation.column("stretched")[of_output])
    assert window == [7, 8, 9, 13, 14, 15, 19, 20, 21]  # rows 1-3, columns 1-3 of the 6x6 grid
    real = relation.column("input") >= 0
    of_weight = (relation.column("kernel") == 8) & real
    pairs = set(
        zip(relation.column("output")[of_weight], relation.column("input")[of_weight], strict=True)
    )
    assert pairs == {
        (10, 0),
        (11, 1),
        (14, 2),
        (15, 3),
    }  # kernel[2, 2]: 2 down, 2 right of each input


@pytest.mark.parametrize("input", [[[1, 2], [3]], 3, [["x"]]])
def test_an_input_that_is_no_grid_is_refused(input):
    with pytest.raises(ValueError, match="input is"):
        draw(input, [[1]])


def test_bilinear_weights_settle_the_sizes():
    explorer = transposed_convolution(weights="bilinear")
    settled = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    assert [getattr(explorer, name) for name in settled] == [4, 2, 1, 0, 1]
    with pytest.raises(ValueError, match="weights 'bilinear'.* nearest legal kernel_size is 5"):
        explorer.stride = 3
    explorer.kernel_size = 5
    assert [getattr(explorer, name) for name in settled] == [5, 3, 1, 0, 1]
    explorer.set(weights="typed", padding=0)
    assert explorer.scene["kernel"].editable and explorer.scene["stretched"].cells.size
    assert explorer.scene["interpolated"].cells.size == 0


def test_beside_interpolate_the_lecture_input_by_hand():
    explorer = transposed_convolution(weights="bilinear")
    scene = explorer.scene
    assert scene["interpolated"].numbers[0].tolist() == [2, 1.75, 1.25, 1]
    # 3/4 of 3/4 of the corner, where interpolate has all of it
    assert scene["difference"].numbers[0, 0] == 2 * 9 / 16 - 2
    assert np.reshape(scene["difference"].texts, (4, 4))[1].tolist() == ["-0.62", "=", "=", "-0.44"]
    assert scene["difference"].says[0] == "output[0, 0] − interpolate[0, 0] = 1.125 − 2 = -0.875"
    assert scene["interpolated"].says[1] == "interpolate[0, 1] = 2·0.75 + 1·0.25 = 1.75"
    assert not scene["kernel"].editable and scene["stretched"].cells.size == 0


@pytest.mark.parametrize("kernel_size", [4, 5, (4, 5)])
def test_the_calls_beside_each_other_and_the_written_sums(kernel_size):
    explorer = transposed_convolution(
        [[2, -1, 3], [4, 4, 0]], weights="bilinear", kernel_size=kernel_size
    )
    scene = explorer.scene
    names = {
        "torch": torch,
        "x": torch.tensor(explorer.input, dtype=torch.float64)[None, None],
        "w": torch.tensor(scene["kernel"].numbers)[None, None],
    }
    (call,) = [label.text for label in scene.labels if "interpolate(" in label.text]
    output, theirs = (eval(each, names)[0, 0].numpy() for each in (scene.call, call))
    np.testing.assert_allclose(scene["output"].numbers, output, atol=1e-9)
    np.testing.assert_allclose(scene["interpolated"].numbers, theirs, atol=1e-9)
    for sentence, value in zip(scene["interpolated"].says, theirs.flat, strict=True):
        sum_, total = re.search(r"\] = (.*) = (-?[\d.]+)", sentence).groups()
        assert eval(sum_.replace("·", "*")) == pytest.approx(float(total), abs=1e-8)
        assert float(total) == pytest.approx(value, abs=1e-8)
    for sentence in scene["difference"].says:
        taken, difference = re.search(r"\] = (.*) = (-?[\d.e-]+)$", sentence).groups()
        assert eval(taken.replace("−", "-")) == pytest.approx(float(difference), abs=1e-8)


@pytest.mark.parametrize(
    ("name", "given", "nearest"),
    [("output_padding", 1, 0), ("dilation", 2, 1), ("padding", 0, 1), ("kernel_size", 3, 4)],
)
def test_bilinear_weights_take_no_other_settings(name, given, nearest):
    explorer = transposed_convolution(weights="bilinear")
    with pytest.raises(ValueError, match=f"The nearest legal {name} is {nearest}"):
        explorer.set(**{name: given})
    with pytest.raises(ValueError, match=name):
        transposed_convolution(weights="bilinear", **{name: given})
