"""What is painted, against torch: channels, groups and every padding, unequal on every axis."""

import json
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import (  # beside this file
    ExplainerContract,
    painted,
    random_numbers,
    random_steps,
    settings_of,
)

from segviz.explain import convolution
from segviz.explainers.convolution import CONVOLUTION_EXPLAINER, draw
from segviz.scenes import frame

KERNEL = [[1, 4, 1], [1, 4, 3], [3, 3, 1]]
pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths"),
    pytest.mark.usefixtures("one_thread"),
]


def counts(channels):
    """(input channels, output channels, groups), as the name of the choice says."""
    inputs, outputs, *groups = map(int, re.findall(r"\d+", channels))
    return inputs, outputs, groups[0] if groups else 1


def tensors(settings):
    """x and w of these settings: the first plane, and the others one below the other."""
    inputs, outputs, groups = counts(settings["channels"])

    def stacked(first, further, largest, count):
        planes = [first]
        for n in range(count - 1):
            rows, columns = np.shape(first)
            planes.append(np.asarray(further)[n * largest : n * largest + rows, :columns])
        return torch.tensor(np.array(planes, float))

    x = stacked(settings["input"], settings["further_inputs"], 6, inputs)
    w = stacked(settings["kernel"], settings["further_kernels"], 4, outputs * inputs // groups)
    return x, w.reshape(outputs, -1, *w.shape[1:])


def torchs(settings):
    """The padded input and the output."""
    x, w = tensors(settings)
    (top, left), (down, right) = settings["padding"], settings["extra_padding"]
    padded = F.pad(x, (left, left + right, top, top + down))
    groups = counts(settings["channels"])[2]
    output = F.conv2d(padded[None], w, None, settings["stride"], 0, settings["dilation"], groups)
    if settings["pad"] == "same":
        same = F.conv2d(x[None], w, None, 1, "same", settings["dilation"], groups)
        assert torch.equal(output, same)
    return padded.numpy(), output[0].numpy()


class TestConvolution(ExplainerContract):
    explainer = CONVOLUTION_EXPLAINER

    def judge(self, scene, settings):
        padded, output = torchs(settings)
        x, w = tensors(settings)
        boards = painted(scene)
        for name, expected in (
            ("input", padded),
            ("kernel", w.flatten(0, 1).numpy()),
            ("output", output),
        ):
            shown = {key: board for key, board in boards.items() if key.startswith(f"{name}_")}
            shown = {key: board for key, board in shown.items() if not np.isnan(board).all()}
            assert list(shown) == [f"{name}_{channel}" for channel in range(len(expected))]
            np.testing.assert_array_equal(list(shown.values()), expected)
        assert max(output.shape[1:]) <= 8 and len(scene["matrix"].cells) <= 1300  # there is room
        np.testing.assert_array_equal(boards["x"].ravel(), x.ravel())
        np.testing.assert_array_equal(boards["y"].ravel(), output.ravel())
        matrix = np.nan_to_num(boards["matrix"])
        np.testing.assert_array_equal(matrix @ x.numpy().ravel(), output.ravel())

    def test_random_settings_with_same_padding_show_the_oracles_numbers(self):
        """They are rare among all that are legal."""
        rng = np.random.default_rng(8)
        for _ in range(200):
            steps = random_steps(self.explainer, rng) | {"pad": (1, 1)}
            steps = self.explainer.settled(steps)
            assert self.explainer.legal(steps) and steps["pad"] == (1, 1)
            settings = settings_of(
                self.explainer, steps, random_numbers(self.explainer, rng, steps)
            )
            self.judge(self.explainer.draw(**settings), settings)


def test_the_lecture_is_where_it_starts():
    explorer = convolution()
    assert explorer.kernel == KERNEL and np.shape(explorer.input) == (4, 4)
    matrix = np.nan_to_num(painted(explorer.scene)["matrix"])
    assert matrix.shape == (4, 16)
    assert matrix[0].tolist() == [1, 4, 1, 0, 1, 4, 3, 0, 3, 3, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), kernel=KERNEL),
        dict(padding=(0, 1), extra_padding=(2, 0), channels="3 to 2"),
        dict(pad="same", kernel=[[1, 2, 3, 4], [0, 1, 0, 2]], dilation=(3, 1)),
        dict(channels="4 to 2 in 2 groups", extra_padding=1),
        dict(channels="3 to 3 in 3 groups", pad="same"),
    ],
)
def test_the_call_gives_the_painted_numbers(settings):
    explorer = convolution(input=[[2, -1, 3, 0], [4, 4, 0, 1], [0, 2, 4, 1]], **settings)
    names = ("input", "kernel", "further_inputs", "further_kernels", "channels")
    x, w = tensors({name: getattr(explorer, name) for name in names})
    output = eval(explorer.scene.call, {"torch": torch, "x": x[None], "w": w})[0]
    boards = painted(explorer.scene)
    for channel, expected in enumerate(output):
        np.testing.assert_array_equal(boards[f"output_{channel}"], expected)


def test_asymmetric_padding_is_told_and_called():
    scene = draw(np.ones((3, 4)), KERNEL, padding=(1, 0), extra_padding=(0, 2))
    assert "pad(x, (0, 2, 1, 1))" in scene.call
    assert scene["input_0"].title == "input 3×4, padded to 5×6"
    assert any("(3 + 2·1 + 0 − 1·(3 − 1) − 1) / 1⌋ + 1 = 3" in each.text for each in scene.labels)
    assert any("(4 + 2·0 + 2 − 1·(3 − 1) − 1) / 1⌋ + 1 = 4" in each.text for each in scene.labels)


def test_same_moves_the_paddings_and_refuses_a_stride():
    explorer = convolution(pad="same", kernel=[[1, 2, 3, 4]] * 4)
    assert (explorer.padding, explorer.extra_padding) == (1, 1)
    assert explorer.scene["output_0"].numbers.shape == (4, 4)
    explorer.kernel_size = 1
    assert (explorer.padding, explorer.extra_padding) == (0, 0)
    for settings, words in (
        (dict(stride=2), "stride 1 only. The nearest legal stride is 1."),
        (dict(padding=2), "The nearest legal padding is 0."),
    ):
        with pytest.raises(ValueError, match=words) as refusal:
            explorer.set(**settings)
        assert "pad 'same'" in str(refusal.value)


@pytest.mark.parametrize("settings", [{}, dict(stride=2, padding=(0, 2), dilation=(2, 1))])
def test_the_written_sum_is_the_painted_number(settings):
    scene = draw(
        [[2, -1, 3, 7], [4, 4, 0, 1], [5, 2, 2, 6], [1, -2, 0, 8], [3] * 4], KERNEL, **settings
    )
    painted_numbers = painted(scene)["output_0"].ravel()
    for sentence, number in zip(scene["output_0"].says, painted_numbers, strict=True):
        sum_, total = re.match(r"output\[\d, \d\] = (?:(.*) = )?(-?\d+) ", sentence).groups()
        assert eval((sum_ or total).replace("·", "*")) == float(total) == number
        products = 1 + sum_.count("+") if sum_ else 0
        zeros = re.search(r"(\d+) more with padding zeros", sentence)
        assert products + (int(zeros[1]) if zeros else 0) == 9


def test_a_long_sum_is_cut():
    scene = draw(np.ones((4, 4)), KERNEL, channels="3 to 1")
    (sum_,) = re.findall(r"output\[0, 0, 1\] = (.*) = -?\d+ ", scene["output_0"].says[1])
    assert sum_.endswith(" + 15 more products") and sum_.count("·") == 12


@pytest.mark.parametrize("channels", ["1 to 1", "3 to 2", "4 to 2 in 2 groups"])
def test_every_entry_of_c_is_tied_to_its_input_weight_and_output(channels):
    settings = dict(stride=(1, 2), padding=(1, 0), dilation=(1, 2))
    scene = draw(np.ones((3, 5)), KERNEL, channels=channels, **settings)
    inputs, outputs, groups = counts(channels)
    relation, board = scene.relation, scene["matrix"]
    weights = np.concatenate(
        [board.numbers.ravel() for board in scene.boards if "kernel" in board.name]
    )
    out = scene["output_0"].numbers.shape
    for cell in board.cells:
        o, i = (int(board.columns[name].flat[cell]) for name in ("output", "input"))
        (tap,) = np.flatnonzero((relation.column("output") == o) & (relation.column("input") == i))
        k = relation.column("kernel")[tap]
        assert board.numbers.flat[cell] == weights[k]
        (oc, orow, ocolumn), (ic, irow, icolumn) = (
            np.unravel_index(o, (outputs, *out)),
            np.unravel_index(i, (inputs, 3, 5)),
        )
        plane, krow, kcolumn = np.unravel_index(k, (len(weights) // 9, 3, 3))
        in_group = inputs // groups
        assert plane // in_group == oc
        assert oc // (outputs // groups) * in_group + plane % in_group == ic
        assert irow == orow - 1 + krow and icolumn == 2 * ocolumn + 2 * kcolumn
    assert len(board.cells) == (relation.column("input") >= 0).sum()


def test_cell_by_cell_the_output_is_filled():
    scene = draw(np.ones((4, 5)), KERNEL)
    assert scene.steps == scene.build_up.along == scene.build_up.board == "output_0"
    assert [step for (step,) in scene.build_up.steps] == [(n, 21.0) for n in range(6)]


@pytest.mark.parametrize(
    ("board", "place", "grid", "where"),
    [
        ("input_0", (1, 2), "input", (0, 1)),
        ("input_2", (3, 1), "further_inputs", (6 + 2, 0)),
        ("kernel_0", (2, 1), "kernel", (2, 1)),
        ("kernel_5", (0, 2), "further_kernels", (16, 2)),
    ],
)
def test_typing_into_any_channel_changes_the_number_that_is_shown_there(board, place, grid, where):
    explorer = convolution(channels="3 to 2", padding=1)
    shown = explorer.scene[board]
    keys = json.loads("".join(frame(explorer.scene)[f"{board}:keys"]))
    cell = keys["edits"]["cells"][place[0] * shown.numbers.shape[1] + place[1]]
    assert np.divmod(cell, keys["edits"]["width"]) == where
    edit = dict(grid=keys["editable"], cell=cell, width=keys["edits"]["width"], text="77")
    explorer._stage._handle_custom_msg({"edit": edit}, [])
    assert getattr(explorer, grid)[where[0]][where[1]] == 77
    assert explorer.scene[board].numbers[place] == 77


def test_padding_zeros_cannot_be_typed_over():
    keys = json.loads(frame(convolution(padding=1).scene)["input_0:keys"][0])
    cells = np.reshape(keys["edits"]["cells"], (6, 6))
    assert (cells[[0, -1]] == -1).all() and (cells[:, [0, -1]] == -1).all()
    assert cells[1:-1, 1:-1].ravel().tolist() == list(range(16)) and keys["edits"]["width"] == 4


@pytest.mark.parametrize("channels", ["1 to 1", "3 to 2", "4 to 2 in 2 groups"])
def test_sentences_fit_into_the_two_lines_above_the_picture(channels):
    scene = convolution(channels=channels, pad="same").scene
    sentences = [sentence for board in scene.boards for sentence in board.says]
    assert max(map(len, sentences)) < 285
    for sentence in scene["kernel_0"].says:  # what is left out is counted
        places, zeros = re.search(r"(\d+) places(?:, at (\d+) of them)?", sentence).groups()
        more = re.search(r"and (\d+) more$", sentence)
        listed = sentence.count("→") + (int(more[1]) if more else 0)
        assert listed == int(places) - int(zeros or 0)
