"""The dense layer and the convolution that it is, against torch's linear and conv2d."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

from segviz.explain import dense_to_conv
from segviz.explainers.dense_to_conv import DENSE_TO_CONV, OUTPUT_SIZE, draw

CLASSES = ("background", "cat", "dog")

pytestmark = pytest.mark.usefixtures("one_thread")


def tensors(settings):
    """x and the dense layer's weight, (classes, cells)."""
    w = torch.tensor(np.stack([settings[name] for name in CLASSES]), dtype=torch.float64)
    return torch.tensor(settings["input"], dtype=torch.float64)[None, None], w.flatten(1)


class TestDenseToConv(ExplainerContract):
    explainer = DENSE_TO_CONV

    def judge(self, scene, settings):
        x, w = tensors(settings)
        size = np.shape(settings["cat"])
        scores = F.conv2d(x, w.reshape(3, 1, *size), stride=settings["stride"])[0]
        boards = painted(scene)
        for number in range(3):
            np.testing.assert_array_equal(boards[f"score_{number}"], scores[number])
            np.testing.assert_array_equal(boards[f"kernel_{number}"], settings[CLASSES[number]])
        np.testing.assert_array_equal(boards["weights"], w)
        np.testing.assert_array_equal(boards["x"], x.flatten(1))
        winners = scene["largest"].numbers
        np.testing.assert_array_equal(winners, scores.argmax(0))
        assert scene["largest"].texts == tuple(
            ("bg", "cat", "dog")[int(number)] for number in winners.flat
        )
        try:
            dense = F.linear(x.flatten(1), w)
            np.testing.assert_array_equal(boards["dense"].T, dense)
            assert boards["dense"].ravel().tolist() == scores.ravel().tolist()
        except RuntimeError as refusal:  # the input is not what the dense layer was made for
            assert scene["dense"].cells.size == 0
            assert f"RuntimeError: {refusal}" in {label.text for label in scene.labels}


def test_the_lecture_is_where_it_starts():
    scene = dense_to_conv().scene
    assert any(
        label.text.endswith(
            "⌊(input − kernel + 2·padding) / stride⌋ + 1 = ⌊(6 − 6 + 2·0) / 1⌋ + 1 = 1"
        )
        for label in scene.labels
    )
    boards = painted(scene)
    assert boards["dense"].ravel().tolist() == [20, 26, -14]  # counted by hand: 26 marks of a cat
    assert scene["largest"].texts == ("cat",)


def test_the_input_grows_and_the_dog_is_found():
    explorer = dense_to_conv(input_size=11)
    texts = np.reshape(explorer.scene["largest"].texts, (6, 6))
    assert texts[0, 0] == "cat" and texts[5, 5] == "dog"
    assert painted(explorer.scene)["score_2"][5, 5] == 22  # the dog's marks
    explorer.stride = 2  # steps over it
    assert "dog" not in explorer.scene["largest"].texts


@pytest.mark.parametrize("settings", [{}, dict(input_size=(8, 9), stride=(2, 1))])
def test_the_calls_give_the_painted_numbers(settings):
    explorer = dense_to_conv(**settings)
    x, w = tensors({name: getattr(explorer, name) for name in ("input", *CLASSES)})
    names = {"torch": torch, "x": x, "w": w}
    boards = painted(explorer.scene)
    for number, expected in enumerate(eval(explorer.scene.call, names)[0]):
        np.testing.assert_array_equal(boards[f"score_{number}"], expected)
    (linear,) = [label.text for label in explorer.scene.labels if ".linear(" in label.text]
    if not settings:
        np.testing.assert_array_equal(boards["dense"].T, eval(linear, names))


def test_the_size_formula_is_torchs():
    for values in ((6, 6, 0, 1), (11, 4, 2, 3), (9, 2, 1, 2)):
        named = dict(zip(("input_size", "kernel_size", "padding", "stride"), values, strict=True))
        input_size, kernel_size, padding, stride = values
        output = F.conv1d(
            torch.zeros(1, 1, input_size), torch.zeros(1, 1, kernel_size), None, stride, padding
        )
        assert OUTPUT_SIZE(**named) == output.shape[2]


def test_a_place_is_tied_to_its_window_and_to_the_scores_of_all_classes():
    scene = draw(np.ones((4, 5)), *np.ones((3, 2, 3)), stride=(1, 2))
    relation = scene.relation
    taps = relation.column("place") == 3  # place[1, 1]: rows 1-2, columns 2-4
    assert sorted(set(relation.column("input")[taps])) == [7, 8, 9, 12, 13, 14]
    assert sorted(set(relation.column("output")[taps])) == [3, 9, 15]
    assert len(set(relation.column("kernel")[taps])) == 18


def test_a_row_of_the_matrix_is_a_kernel():
    scene = dense_to_conv(input_size=(7, 8)).scene
    rows = scene["weights"].columns["kernel"]
    for number in range(3):
        kernel = scene[f"kernel_{number}"]
        assert kernel.columns["kernel"].ravel().tolist() == rows[number].tolist()
        for k, sentence in enumerate(np.reshape(scene["weights"].says, rows.shape)[number]):
            row, column = divmod(k, 6)
            value = f"{kernel.numbers[row, column]:g}"
            assert sentence == (
                f"W[{number}, {k}] = {value}, the same number as"
                f" {CLASSES[number]} kernel[{row}, {column}]"
            )


def test_the_written_sum_is_the_painted_number():
    scene = draw([[2, -1, 3, 7], [4, 4, 0, 1], [5, 2, 2, 6]], *np.arange(-5, 7).reshape(3, 2, 2))
    for number in range(3):
        board = scene[f"score_{number}"]
        for sentence, painted_number in zip(board.says, board.numbers.flat, strict=True):
            name, sum_, total = re.match(r"(\w+) score\S+ \d\] = (.*) = (\S+) ", sentence).groups()
            assert name == CLASSES[number]
            assert eval(sum_.replace("·", "*")) == float(total) == painted_number


def test_ties_go_to_the_first_class_as_in_torch():
    scene = draw([[1.0]], [[0.0]], [[2.0]], [[2.0]])
    assert scene["largest"].texts == ("cat",)
    assert (
        scene["largest"]
        .says[0]
        .endswith("cat and dog are the largest, and the first of them counts")
    )


def test_an_input_smaller_than_the_kernel_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="kernel must fit into the input. The nearest legal"):
        dense_to_conv(input_size=5)
    with pytest.raises(ValueError, match="reaches over more cells"):
        draw([[1.0, 2.0]], *np.ones((3, 2, 2)))
