"""FCN's skips against torch: pooled truth, interpolated and added; IoU counted pixel by pixel."""

import base64
import io
import re
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract  # beside this file
from PIL import Image

from segviz.data import scene as library_scene
from segviz.data.composition import CLASSES
from segviz.explainers.example_scene import PICTURES
from segviz.explainers.skips import SKIPS, draw
from segviz.explainers.skips_maps import BLOCK, STRIDES, Net
from segviz.scenes.palette import ROLES

SEED = int(re.search(r"SEED = (\d+)", (PICTURES / "README.md").read_text("utf-8"))[1])
TRUTH = torch.tensor(library_scene(SEED)[1]).long()
K = len(CLASSES)

pytestmark = pytest.mark.usefixtures("one_thread")


def by_torch(truth, name, upsampling):
    """{map name: (K, rows, columns)}, and the prediction, as the paper's figure 3 adds them."""
    one_hot = F.one_hot(truth, K).permute(2, 0, 1)[None].double()

    def pooled(stride):
        return 100 * F.avg_pool2d(one_hot, stride)

    def enlarged(maps, factor):
        return F.interpolate(maps, scale_factor=factor, mode=upsampling)

    maps = {"score_32": pooled(32)}
    last, factor = maps["score_32"], 32
    if name in ("FCN-16s", "FCN-8s"):
        maps["score_16"] = pooled(16)
        maps["fused_16"] = last = maps["score_16"] + enlarged(maps["score_32"], 2)
        factor = 16
    if name == "FCN-8s":
        maps["score_8"] = pooled(8)
        maps["fused_8"] = last = maps["score_8"] + enlarged(maps["fused_16"], 2)
        factor = 8
    return maps, enlarged(last, factor)[0].argmax(0)


@cache
def on_the_scene(name, upsampling):
    """`by_torch`, and the IoU of every class."""
    maps, prediction = by_torch(TRUTH, name, upsampling)
    return maps, prediction, ious(TRUTH, prediction)


def ious(truth, prediction):
    """Of every class; NaN where there is nothing to count."""
    found = []
    for label in range(K):
        both = ((truth == label) & (prediction == label)).sum().item()
        either = ((truth == label) | (prediction == label)).sum().item()
        found.append(both / either if either else np.nan)
    return found


def pixels_of(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def shown_as(value):
    return "–" if np.isnan(value) else f"{value:.3f}"


class TestSkips(ExplainerContract):
    explainer = SKIPS
    rounds = 100  # there are 36 states

    def judge(self, scene, settings):
        net, label = settings["net"], CLASSES.index(settings["shown"])
        maps, prediction, _ = on_the_scene(net, settings["upsampling"])
        for name in ("score_32", "score_16", "score_8", "fused_16", "fused_8"):
            if name in maps:
                self.judge_map(scene[name], maps[name][0, label].numpy())
            else:
                assert scene[name].texts == ("not used",)
        colours = np.array([list(bytes.fromhex(ROLES[f"class-{k}"].tint[1:])) for k in range(K)])
        painted = pixels_of(scene["prediction"].image)
        np.testing.assert_array_equal(painted, colours[prediction.numpy()])
        self.judge_blocks(scene, prediction)
        wrong = (prediction != TRUTH).sum().item()
        assert any(label.text == f"{wrong:,} of 16,384" for label in scene.labels)
        assert f"{wrong:,} of 16,384" in scene.description
        self.judge_table(scene, settings)

    def judge_map(self, board, expected):
        np.testing.assert_array_equal(board.numbers, expected)  # all is exact in powers of two
        assert list(board.texts) == [f"{value:.0f}" for value in expected.flat]
        for sentence, value in zip(board.says, expected.flat, strict=True):
            if board.name.startswith("fused"):
                sum_, total = re.search(r"= (.*) = ([\d.]+):", sentence).groups()
                assert float(total) == pytest.approx(value, rel=1e-5)
                assert eval(sum_.replace("·", "*")) == pytest.approx(value, rel=1e-4, abs=1e-4)
            else:
                stride = int(board.name.removeprefix("score_"))
                count, whole = re.search(r": (\d+) of the cell's ([\d,]+) pix", sentence).groups()
                assert int(count) * 100 / stride**2 == value
                assert int(whole.replace(",", "")) == stride**2
                assert float(re.search(r"= ([\d.]+):", sentence)[1]) == pytest.approx(value)

    def judge_blocks(self, scene, prediction):
        says, prediction, truth = iter(scene["prediction"].says), prediction.numpy(), TRUTH.numpy()
        for top in range(0, 128, BLOCK):
            for left in range(0, 128, BLOCK):
                here = np.s_[top : top + BLOCK, left : left + BLOCK]
                sentence, found = next(says), prediction[here]
                told = re.findall(r"(\d+) (\w+)[,;]", sentence)
                counts = zip(*np.unique(found, return_counts=True), strict=True)
                assert told == [(str(count), CLASSES[label]) for label, count in counts]
                errors = (found != truth[here]).sum()
                assert sentence.endswith(f"; {errors} of them wrong." if errors else "; all right.")

    def judge_table(self, scene, settings):
        columns = []
        for name in STRIDES:
            scores = on_the_scene(name, settings["upsampling"])[2]
            columns.append([*map(shown_as, scores), shown_as(np.nanmean(scores))])
        texts = np.array(scene["table"].texts).reshape(K + 1, 4)
        assert texts[:, 1:].T.tolist() == columns
        assert texts[:, 0].tolist() == [*CLASSES, "mean"]
        marked = [label.text for label in scene.labels if label.text.startswith("▸")]
        assert marked == [f"▸ {settings['net']}"]


def test_a_thousand_random_masks():
    """The maps on truths of unequal sides, with classes in blotches of all sizes."""
    rng = np.random.default_rng(5)
    for _ in range(1000):
        rows, columns = rng.integers(1, 3, 2).tolist()
        grain = int(rng.choice([1, 4, 8, 16]))
        blotches = rng.integers(0, K, (32 * rows // grain, 32 * columns // grain))
        truth = blotches.repeat(grain, 0).repeat(grain, 1)
        name = rng.choice(list(STRIDES))
        upsampling = rng.choice(["bilinear", "nearest"])
        maps, prediction = by_torch(torch.tensor(truth), name, upsampling)
        net = Net(name, upsampling, truth)
        for stride in net.strides:
            fused = maps.get(f"fused_{stride}", maps[f"score_{stride}"])
            np.testing.assert_array_equal(net.scores[stride], maps[f"score_{stride}"][0])
            np.testing.assert_array_equal(net.fused[stride], fused[0])
        np.testing.assert_array_equal(net.prediction, prediction)
        np.testing.assert_allclose(net.iou, ious(torch.tensor(truth), prediction))


@pytest.mark.parametrize("upsampling", ["bilinear", "nearest"])
def test_the_edge_comes_back_step_by_step(upsampling):
    nets = [Net(name, upsampling, TRUTH.numpy()) for name in STRIDES]
    means = [net.mean_iou for net in nets]
    assert means == sorted(means) and means[2] - means[0] > 0.15
    errors = [net.wrong.sum() for net in nets]
    assert errors == sorted(errors, reverse=True)
    pole = CLASSES.index("pole")
    assert not any((net.prediction == pole).any() for net in nets)  # the picture says so


@pytest.mark.parametrize("name", STRIDES)
@pytest.mark.parametrize("upsampling", ["bilinear", "nearest"])
def test_a_block_is_tied_to_the_cells_it_is_made_of(name, upsampling):
    """Those to which its scores have a gradient."""
    net = Net(name, upsampling, TRUTH.numpy())
    sides = {32: (4, 4), 16: (8, 8), 8: (16, 16)}
    scores = {
        stride: torch.zeros(1, 1, *sides[stride], dtype=torch.float64, requires_grad=True)
        for stride in net.strides
    }
    maps = scores[32]
    for stride in net.strides[1:]:
        maps = scores[stride] + F.interpolate(maps, scale_factor=2, mode=upsampling)
    pixels = F.interpolate(maps, scale_factor=net.strides[-1], mode=upsampling)[0, 0]
    for row, column in ((0, 0), (13, 7), (20, 31)):
        here = np.s_[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
        gradients = torch.autograd.grad(
            pixels[here].sum(), list(scores.values()), retain_graph=True
        )
        tied = net.paths.column("block") == row * 32 + column
        for stride, gradient in zip(scores, gradients, strict=True):
            cells = set(net.paths.column(f"map_{stride}")[tied].tolist())
            assert cells == set(gradient.ravel().nonzero().ravel().tolist())


@pytest.mark.parametrize("name", STRIDES)
def test_the_call_gives_the_prediction(name):
    maps, prediction = by_torch(TRUTH, name, "bilinear")
    scene = draw(net=name)
    assert torch.equal(eval(scene.call, {"torch": torch, **maps})[0], prediction)


@pytest.mark.parametrize("name", STRIDES)
def test_the_formula_gives_the_maps(name):
    maps, prediction = by_torch(TRUTH, name, "bilinear")
    formula = next(label.text for label in draw(net=name).labels if label.kind == "formula")
    known = {key: value for key, value in maps.items() if key.startswith("score")}
    for step in formula.split(",  "):
        left, right = step.split(" = ")
        right = re.sub(r"(\d+)↑(\w+)", r"enlarge(\2, \1)", right)
        if right.startswith("argmax "):
            right = f"({right.removeprefix('argmax ')}).argmax(1)"
        known["enlarge"] = lambda m, f: F.interpolate(m, scale_factor=f, mode="bilinear")
        known[left] = eval(right, known)
    assert torch.equal(known["prediction"][0], prediction)
    for key in maps:
        torch.testing.assert_close(known[key], maps[key])


def test_the_sums_in_the_table_are_what_it_shows():
    board = draw(net="FCN-8s")["table"]
    for sentence, text in zip(board.says, board.texts, strict=True):
        if " = " in sentence:
            sum_, total = re.search(r": (.*) = ([\d.]+)$", sentence).groups()
            value = eval(re.sub(r"[a-z]", "", sum_))
            assert (
                value
                == pytest.approx(float(total), abs=1e-3)
                == pytest.approx(float(text), abs=1e-3)
            )
