"""What is painted, against torch's pooling and unpooling; the lecture's numbers first."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

import segviz
from segviz.explainers.max_unpooling import LEFT_OUT, MAX_UNPOOLING, draw

INPUT = [[1, 7, 3, 6], [8, 2, 4, 1], [2, 3, 4, 5], [6, 1, 1, 9]]
DECODED = [[1, 7], [9, 5]]
UNPOOLED = [[0, 0, 0, 7], [1, 0, 0, 0], [0, 0, 0, 0], [9, 0, 0, 5]]

pytestmark = pytest.mark.usefixtures("one_thread")


def evaluated(scene, input, decoded):
    """What the two calls in the picture give: pooled values, indices and the output."""
    pool, unpool = [label.text for label in scene.labels if label.kind == "call"]
    names = {"torch": torch, "x": torch.tensor(input).double()[None, None]}
    names["v"] = torch.tensor(decoded).double()[None, None]
    exec(pool, names)
    output = eval(unpool, names)
    return names["y"][0, 0].numpy(), names["indices"][0, 0].numpy(), output[0, 0].numpy()


class TestMaxUnpooling(ExplainerContract):
    explainer = MAX_UNPOOLING

    def judge(self, scene, settings):
        x = torch.tensor(settings["input"])[None, None]
        window = {name: settings[name] for name in ("kernel_size", "stride", "padding")}
        values, indices = F.max_pool2d(x, **window, return_indices=True)
        boards = painted(scene)
        np.testing.assert_array_equal(boards["pooled"], values[0, 0])
        np.testing.assert_array_equal(boards["indices"], indices[0, 0])
        rows, columns = boards["pooled"].shape
        decoded = settings["decoded"][:rows, :columns]
        np.testing.assert_array_equal(boards["decoded"], decoded)
        given = {} if settings["output_size"] == LEFT_OUT else {"output_size": x.shape[2:]}
        try:
            output = F.max_unpool2d(torch.tensor(decoded)[None, None], indices, **window, **given)
        except RuntimeError as error:
            assert "invalid max index" in str(error)
            assert np.isnan(boards["output"]).all()
            assert any("PyTorch stops" in label.text for label in scene.labels)
            return
        np.testing.assert_array_equal(boards["output"], output[0, 0])


def test_the_lecture_is_where_it_starts():
    scene = segviz.explain.max_unpooling().scene
    boards = painted(scene)
    assert boards["input"].tolist() == INPUT and boards["decoded"].tolist() == DECODED
    assert boards["pooled"].tolist() == [[8, 6], [6, 9]]
    assert boards["indices"].tolist() == [[4, 3], [12, 15]]  # (1,0) (0,3) (3,0) (3,3)
    assert boards["output"].tolist() == UNPOOLED


def test_fewer_decoded_numbers_take_the_corner():
    explorer = segviz.explain.max_unpooling(decoded=[[4, 3], [2, 1]])
    assert painted(explorer.scene)["output"].ravel()[[4, 3, 12, 15]].tolist() == [4, 3, 2, 1]
    with pytest.raises(ValueError, match="decoded has 1 rows of 8.*at most 7 rows"):
        explorer.set(decoded=[[0] * 8])
    with pytest.raises(ValueError, match="decoded has 2×1 values"):
        draw(INPUT, [[1], [2]])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        dict(kernel_size=(3, 2), stride=(1, 2), padding=(1, 0)),
        dict(output_size=LEFT_OUT),
    ],
)
def test_the_calls_give_the_painted_numbers(settings):
    input = 19 - np.arange(20.0).reshape(4, 5)
    scene = draw(input, MAX_UNPOOLING.grids[1].pattern, **settings)
    boards = painted(scene)
    pooled, indices, output = evaluated(scene, input, boards["decoded"])
    np.testing.assert_array_equal(boards["pooled"], pooled)
    np.testing.assert_array_equal(boards["indices"], indices)
    np.testing.assert_array_equal(boards["output"], output)


def test_the_written_maxima_are_the_painted_numbers():
    scene = draw(INPUT, np.ones((5, 2)), kernel_size=(2, 3), stride=1, padding=(1, 0))
    boards = painted(scene)
    for sentence, value, index in zip(
        scene["pooled"].says, boards["pooled"].flat, boards["indices"].flat, strict=True
    ):
        numbers, total, row, column, counted = re.search(
            r"max\((.*)\) = (\d+), which stands at input\[(\d), (\d)\].*: index (.*)\. decoded",
            sentence,
        ).groups()
        assert max(eval(f"[{numbers}]")) == int(total) == value
        product, named = counted.replace("·", "*").split(" = ")
        assert eval(product) == int(named) == index == 4 * int(row) + int(column)
        assert INPUT[int(row)][int(column)] == value


def test_what_meets_in_one_place_is_told():
    scene = draw([[0, 1, 0], [1, 9, 1], [0, 1, 0]], [[1, 2], [3, 4]], stride=1)
    assert painted(scene)["output"].tolist() == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]
    told = scene["output"].says[4]
    assert "index 4 stands 4 times" in told and "decoded[1, 1] = 4" in told
    assert "where decoded[1, 1] overwrites it" in scene["decoded"].says[0]
    assert "overwrites" not in scene["decoded"].says[3]
    assert notes(scene).startswith("1 collision: several values for one place")


def test_equal_maxima_are_told():
    scene = draw([[5, 5], [3, 5]], [[1]])
    assert "stands at input[0, 0], the first of 3 equal ones" in scene["pooled"].says[0]
    assert "ties in pooled[0, 0]" in scene["input"].says[3]
    assert "maximum of none" in scene["input"].says[2]
    assert notes(scene).startswith("1 tie: the first")


def notes(scene):
    """The lines beside the lower boards, behind the formula."""
    lines = [label.text for label in scene.labels if label.kind == "title"]
    return " ".join(lines[next(n for n, line in enumerate(lines) if "_size =" in line) + 3 :])


def test_an_odd_input_needs_its_size_back():
    odd = np.arange(25.0).reshape(5, 5)
    given = draw(odd, np.ones((2, 2)))
    assert given["output"].title == "output 5×5" and "5×5 of the input" in notes(given)
    assert given["input"].roles()[4].tolist() == ["cut"] * 5
    # without: index 18 of 5x5 lies outside of 4x4
    refused = draw(odd, np.ones((2, 2)), output_size=LEFT_OUT)
    assert refused["output"].title == "no output: 4×4 is too small"
    assert "Index 18 lies outside" in notes(refused) and refused.build_up is None
    # with the maxima in the upper rows nothing is refused, and the values go astray
    astray = draw(odd[::-1, ::-1], np.ones((2, 2)), output_size=LEFT_OUT)
    assert "wrong places" in notes(astray)
    places = np.flatnonzero(painted(astray)["output"])
    assert places.tolist() == [0, 2, 10, 12]
    assert (
        "The maximum stood at input[2, 0], 2·5 + 0 = 10 in rows of 5" in astray["output"].says[10]
    )


def test_step_by_step_the_output_fills():
    scene = draw(INPUT, DECODED)
    shown = np.full(16, np.nan)
    for step, filled in zip(scene.build_up.steps, (1, 2, 3, 4), strict=True):
        for cell, value in step:
            shown[cell] = value
        assert np.count_nonzero(shown) == filled
    assert shown.reshape(4, 4).tolist() == UNPOOLED


def test_a_pooled_cell_is_tied_to_its_window_and_to_its_place():
    relation = draw(INPUT, DECODED).relation
    taps = relation.column("pooled") == 2
    assert relation.column("input")[taps].tolist() == [8, 9, 12, 13]
    assert relation.column("output")[taps].tolist() == [-1, -1, 12, -1]


def test_no_line_of_text_runs_into_another():
    """At the settings that have most to say: a moved output with collisions and ties."""
    input = [[1] * 5, [9, 1, 9, 1, 1], *[[0] * 5] * 4]
    scene = draw(input, np.ones((6, 6)), kernel_size=(3, 2), stride=(1, 2), output_size=LEFT_OUT)
    beside = [label for label in scene.labels if label.x > 600]
    ends = sorted(label.y for label in beside)
    assert "wrong places" in notes(scene) and "tie" in notes(scene) and "coll" in notes(scene)
    assert ends[-1] < min(label.y for label in scene.labels if label.kind == "call") - 14
    assert all(b - a >= 18 for a, b in zip(ends, ends[1:], strict=False))
