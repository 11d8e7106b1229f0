"""What is painted, against torch: every view, for random parameters, unequal on every axis."""

import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

from segviz.explainers.transposed_convolution import TRANSPOSED, draw
from segviz.scenes import frame

LECTURE = dict(input=[[2, 1], [4, 4]], kernel=[[1, 4, 1], [1, 4, 3], [3, 3, 1]])


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads only get into each other's way on tensors this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def torch_output(input, kernel, **settings):
    return F.conv_transpose2d(
        torch.tensor(input)[None, None], torch.tensor(kernel)[None, None], **settings
    )[0, 0].numpy()


class TestTransposedConvolution(ExplainerContract):
    explainer = TRANSPOSED

    def judge(self, scene, settings):
        input, kernel = settings["input"], settings["kernel"]
        others = {name: v for name, v in settings.items() if name not in ("input", "kernel")}
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
