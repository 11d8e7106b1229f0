"""Patch by patch against torch: what is covered, what is multiplied, and that the scores agree."""

import base64
import io
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract  # beside this file
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from segviz.data import scene as library_scene
from segviz.explainers.example_scene import PICTURES
from segviz.explainers.patches import PATCHES, POSITIONS, draw
from segviz.relations import convolution_size

SEED = int(re.search(r"SEED = (\d+)", (PICTURES / "README.md").read_text("utf-8"))[1])
MASK = library_scene(SEED, 32)[1]

pytestmark = pytest.mark.usefixtures("one_thread")


def network(layers, patch, device=None):
    """The weights of every layer, the last one dense."""
    channels = [3] + [8] * layers
    shapes = [(after, before, 3, 3) for before, after in zip(channels, channels[1:], strict=False)]
    shapes.append((6, 8, patch[0] - 2 * layers, patch[1] - 2 * layers))
    if device == "meta":
        return [torch.empty(shape, device="meta") for shape in shapes]
    torch.manual_seed(0)
    return [torch.randn(shape, dtype=torch.float64) for shape in shapes]


def both_ways(picture, weights, patch, stride):
    """The scores (positions, 6) patch by patch, those of one pass, and the multiplications of every
    layer of either: each value that it makes is a sum of one product for each weight."""
    maps = F.unfold(picture, patch, stride=stride)[0].T.reshape(-1, 3, *patch)
    whole, counts = picture, []
    for weight in weights[:-1]:
        maps = F.conv2d(maps, weight)
        counts.append(maps.numel() * weight[0].numel())
    maps = maps.flatten(1) @ weights[-1].flatten(1).T  # a dense layer in earnest
    counts.append(maps.numel() * weights[-1][0].numel())
    for weight in weights:
        whole = F.conv2d(whole, weight, stride=stride if weight is weights[-1] else 1)
        counts.append(whole.numel() * weight[0].numel())
    return maps, whole[0].flatten(1).T, counts


def number(text):
    return float(text.replace(",", ""))


def pixels_of(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


class TestPatches(ExplainerContract):
    explainer = PATCHES

    def judge(self, scene, settings):
        layers, patch, stride = (settings[n] for n in ("layers", "patch_size", "stride"))
        patch, stride = (v if isinstance(v, tuple) else (v, v) for v in (patch, stride))
        ones = torch.ones(1, 1, 32, 32)
        cut = F.unfold(ones, patch, stride=stride)  # (1, patch, positions)
        often = F.fold(cut, 32, patch, stride=stride)[0, 0].int().numpy()
        for name in ("picture", "often"):
            np.testing.assert_array_equal(scene[name].numbers, often)
            for sentence, times in zip(scene[name].says, often.flat, strict=True):
                assert sentence.startswith(f"in {times} of {cut.shape[2]} patch")
        self.judge_colours(scene["often"], often)
        rows, columns = (
            range(side // 2, 32 - side + side // 2 + 1, step)
            for side, step in zip(patch, stride, strict=True)
        )
        np.testing.assert_array_equal(scene["classes"].numbers, MASK[np.ix_(rows, columns)])
        self.judge_count(scene, layers, patch, stride)
        mean = next(label.text for label in scene.labels if "on average" in label.text)
        assert float(mean.split()[4]) == pytest.approx(often.mean(), rel=1e-3)

    def judge_colours(self, board, often):
        """More is never painted lighter, and only nothing is white."""
        blue = pixels_of(board.image)[..., 2].astype(int)
        order = np.argsort(often.ravel(), kind="stable")
        assert (np.diff(blue.ravel()[order]) <= 0).all()
        np.testing.assert_array_equal(blue == 255, often == 0)

    def judge_count(self, scene, layers, patch, stride):
        picture = torch.empty(1, 3, 32, 32, device="meta")
        counts = both_ways(picture, network(layers, patch, "meta"), patch, stride)[2]
        naive, single = np.array(counts).reshape(2, -1).tolist()
        naive, single = [*naive, sum(naive)], [*single, sum(single)]
        shown = np.array([number(text) for text in scene["table"].texts]).reshape(-1, 4)
        patches = scene["classes"].numbers.size
        assert (shown[:, 0] * patches).tolist() == shown[:, 1].tolist() == naive
        assert shown[:, 2].tolist() == single
        np.testing.assert_allclose(shown[:, 3], shown[:, 1] / shown[:, 2], rtol=5e-4)
        assert f"{naive[-1]:,}" in scene.description and f"{single[-1]:,}" in scene.description


def test_both_ways_give_the_same_scores():
    """Else the comparison of their costs would be none."""
    picture = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    for layers, patch, stride in ((2, (9, 9), (1, 1)), (1, (4, 7), (3, 2)), (3, (15, 8), (2, 5))):
        one_by_one, at_once, _ = both_ways(picture, network(layers, patch), patch, stride)
        torch.testing.assert_close(one_by_one, at_once)


@pytest.mark.parametrize("settings", [{}, dict(layers=3, patch_size=(7, 12), stride=(4, 3))])
def test_the_sums_are_what_torch_itself_counts(settings):
    whole = dict(layers=2, patch_size=(9, 9), stride=(1, 1)) | settings
    weights = network(whole["layers"], whole["patch_size"])
    picture = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    with FlopCounterMode(display=False) as counter:
        both_ways(picture, weights, whole["patch_size"], whole["stride"])
    shown = [number(text) for text in draw(**settings)["table"].texts]
    assert counter.get_total_flops() == 2 * (shown[-3] + shown[-2])  # it counts additions too


def test_the_start_by_hand():
    """Two convolutions leave 7 x 7 and 5 x 5 cells of a patch of 9 x 9 to the dense layer."""
    shown = [number(text) for text in draw()["table"].texts]
    assert shown[0] == 7 * 7 * 3 * 3 * 3 * 8 and shown[4] == 5 * 5 * 3 * 3 * 8 * 8
    assert shown[8] == 5 * 5 * 8 * 6
    assert shown[2] == 30 * 30 * 9 * 3 * 8 and draw()["classes"].numbers.shape == (24, 24)
    assert draw()["often"].numbers.max() == 81


@pytest.mark.parametrize("settings", [{}, dict(layers=3, patch_size=(7, 12), stride=(4, 3))])
def test_the_written_products_are_the_shown_numbers(settings):
    board = draw(**settings)["table"]
    for sentence, text in zip(board.says, board.texts, strict=True):
        sum_, total = re.search(r": ([^:]*) = ([\d,.]+) (?:mult|times)", sentence).groups()
        sum_ = re.sub(r"[^\d.+*/]", "", re.sub("[·×]", "*", sum_.replace(",", "")))
        assert (
            number(total)
            == number(text)
            == float(f"{eval(sum_):.4g}" if "/" in sum_ else eval(sum_))
        )


@pytest.mark.parametrize("settings", [{}, dict(patch_size=(7, 12), stride=(4, 3))])
def test_the_call_says_how_often_each_pixel_is_used(settings):
    scene = draw(**settings)
    np.testing.assert_array_equal(eval(scene.call, {"torch": torch})[0, 0], scene["often"].numbers)


def test_the_formula_is_that_of_a_convolution_without_padding():
    for patch in range(1, 33):
        for stride in range(1, 9):
            positions = POSITIONS(picture_size=32, patch_size=patch, stride=stride)
            assert positions == convolution_size(32, patch, stride)


def test_a_patch_is_tied_to_its_pixels():
    relation = draw(layers=1, patch_size=(3, 5), stride=(2, 4)).relation
    of_patch = relation.column("output") == 7 + 2  # patch[1, 2] of 15 x 7
    rows, columns = np.divmod(relation.column("input")[of_patch], 32)
    assert sorted(set(rows)) == [2, 3, 4] and sorted(set(columns)) == [8, 9, 10, 11, 12]
    assert of_patch.sum() == 15


def test_a_patch_that_the_convolutions_use_up_is_refused_with_what_would_do():
    steps = {"layers": (3, 3), "patch_size": (6, 9), "stride": (1, 1)}
    with pytest.raises(ValueError, match="For the rows: .*The nearest legal patch_size is 7"):
        PATCHES.check(steps)
