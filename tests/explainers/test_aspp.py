"""The pyramid's counts against torch: a convolution of ones with ones counts taps on the map."""

import base64
import io
import re
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file
from PIL import Image

from segviz.explainers.aspp import ASPP, MAPS, draw

GREEN = (0x35, 0xBD, 0x93)

pytestmark = pytest.mark.usefixtures("one_thread")


def size_of(feature_map):
    return tuple(int(length) for length in feature_map.split("x"))


@lru_cache
def counted(size, rate):
    """By torch: how many taps every output, every cell of the map and every weight has."""
    x = torch.ones(1, 1, *size, requires_grad=True)
    w = torch.ones(1, 1, 3, 3, requires_grad=True)
    y = F.conv2d(x, w, padding=rate, dilation=rate)
    y.sum().backward()
    return tuple(each.detach()[0, 0].numpy().astype(int) for each in (y, x.grad, w.grad))


@lru_cache
def means(size):
    """How many taps an output has on average at the rates 1 to 36."""
    return [counted(size, (rate, rate))[0].mean() for rate in range(1, 37)]


def decoded(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


class TestAspp(ExplainerContract):
    explainer = ASPP

    def judge(self, scene, settings):
        size, rate = size_of(settings["feature_map"]), settings["rate"]
        rates = [tuple(times * step for step in rate) for times in (1, 2, 3)]
        of_outputs, of_cells, of_weights = zip(*(counted(size, r) for r in rates), strict=True)

        says = [list(map(int, re.findall(r"(\d) at rate", told))) for told in scene["output"].says]
        np.testing.assert_array_equal(says, np.stack([each.ravel() for each in of_outputs], 1))
        texts = [label.text for label in scene.labels]
        marked = tuple(length * 3 // 8 for length in size)
        assert any(f"what output[{marked[0]}, {marked[1]}] is made of" in text for text in texts)
        # the thousands of cells over the photographs show no numbers
        boards = painted(replace(scene, boards=[each for each in scene.boards if each.figures]))
        for n, r in enumerate(rates, start=1):
            told = scene[f"read_{n}"].says
            read = [int(re.search(r"by (\d) output", text)[1]) for text in told]
            np.testing.assert_array_equal(read, of_cells[n - 1].ravel())
            shares = of_weights[n - 1] / np.prod(size)
            np.testing.assert_array_equal(boards[f"weight_{n}"], np.round(100 * shares))
            used = [
                int(re.search(r"for ([\d,]+) of", t)[1].replace(",", ""))
                for t in scene[f"weight_{n}"].says
            ]
            np.testing.assert_array_equal(used, of_weights[n - 1].ravel())
            assert f"{of_outputs[n - 1][marked]} of 9 on the map" in texts
            lost = 1 - of_outputs[n - 1].sum() / (9 * np.prod(size))
            assert f"padding: {100 * lost:.0f} % of all taps" in texts
            self.footprint(scene[f"read_{n}"].overlay, size, marked, r)
        np.testing.assert_array_equal(boards["rates"][0], np.arange(1, 37))
        np.testing.assert_array_equal(boards["rates"][1], np.round(means(size), 1))

    def footprint(self, overlay, size, marked, rate):
        """A cell of the map is green, but for its edge, where torch's gradient says it is read."""
        x = torch.ones(1, 1, *size, requires_grad=True)
        F.conv2d(x, torch.ones(1, 1, 3, 3), padding=rate, dilation=rate)[0, 0][marked].backward()
        pixels = decoded(overlay)
        side = pixels.shape[0] // size[0]
        assert pixels.shape == (size[0] * side, size[1] * side, 4)
        green = (pixels == (*GREEN, 255)).all(-1).reshape(size[0], side, size[1], side)
        inside = green[:, 1:-1, :, 1:-1].all(axis=(1, 3))
        np.testing.assert_array_equal(inside, x.grad[0, 0].numpy() > 0)


def test_it_starts_at_deeplabs_own_rates():
    scene = draw()
    texts = [label.text for label in scene.labels]
    assert [scene[f"read_{n}"].title for n in (1, 2, 3)] == [
        "3×3, rate r = 6",
        "3×3, rate 2r = 12",
        "3×3, rate 3r = 18",
    ]
    # output[12, 12] of 32×32: 6 and 12 steps stay inside on either side, 18 only to the far sides
    assert [text for text in texts if text.endswith("of 9 on the map")] == [
        "9 of 9 on the map",
        "9 of 9 on the map",
        "4 of 9 on the map",
    ]
    # (32 + 2·26)² of (3·32)² taps at rate 6
    assert f"padding: {100 - 100 * (32 + 2 * 26) ** 2 / 96**2:.0f} % of all taps" in texts
    assert "map of 32×32 over 512×512 pixels, output stride 16" in texts


@pytest.mark.parametrize("feature_map", MAPS)
def test_a_rate_as_large_as_the_map_leaves_a_1x1(feature_map):
    larger = max(size_of(feature_map))
    strip = draw(feature_map=feature_map)["rates"]
    left = [int(re.match(r"At rate (\d+)", s)[1]) for s in strip.says[:36] if "a 1×1" in s]
    assert left == list(range(larger, 37))
    if larger <= 12:
        alone = draw(feature_map=feature_map, rate=12)["weight_1"].numbers
        assert alone.tolist() == [[0, 0, 0], [0, 100, 0], [0, 0, 0]]


@pytest.mark.parametrize("settings", [{}, dict(rate=(2, 7), feature_map="24x32")])
def test_the_call_counts_the_taps(settings):
    scene = draw(**settings)
    size = size_of(settings.get("feature_map", MAPS[0]))
    names = {"torch": torch, "x": torch.ones(1, 1, *size), "w": torch.ones(1, 1, 3, 3)}
    counts = eval(scene.call, names)[0]
    told = np.array([list(map(int, re.findall(r"(\d) at rate", t))) for t in scene["output"].says])
    np.testing.assert_array_equal(counts.reshape(3, -1).T, told)


def test_weights_and_channels_are_those_of_torchvisions_module():
    from torchvision.models.segmentation.deeplabv3 import ASPP as Module

    module = Module(2048, [6, 12, 18])
    sizes = [branch[0].weight.numel() for branch in list(module.convs)[:4]]
    texts = " ".join(label.text for label in draw().labels)
    for factors, size in (("1·2048·256", sizes[0]), ("9·2048·256", sizes[1])):
        assert f"{factors} = {size:,}" in texts
    assert sizes[1] == sizes[2] == sizes[3]
    assert f"5 · 256 = {module.project[0].in_channels:,} channels" in texts


@pytest.mark.parametrize("feature_map", MAPS)
def test_the_photograph_is_the_one_that_scikit_image_ships(feature_map):
    rows, columns = (16 * length for length in size_of(feature_map))
    file = Path(find_spec("skimage").origin).parent / "data" / "astronaut.png"
    whole = np.asarray(Image.open(file).convert("RGB"), float)
    top, left = round(0.16 * (512 - rows)), round(0.42 * (512 - columns))
    crop = whole[top : top + rows, left : left + columns]
    shown = decoded(draw(feature_map=feature_map)["output"].image).astype(float)
    coarse = [  # the mean colour of every eighth of the height and of the width
        each[: each.shape[0] // 8 * 8, : each.shape[1] // 8 * 8]
        .reshape(8, each.shape[0] // 8, 8, each.shape[1] // 8, 3)
        .mean((1, 3))
        for each in (crop, shown)
    ]
    np.testing.assert_allclose(*coarse, atol=4)


def test_pointing_at_an_output_ties_it_to_its_taps_and_to_the_pooling():
    relation = draw(rate=6).relation
    at = relation.column("output") == 12 * 32 + 12
    for n, rate in ((1, 6), (2, 12), (3, 18)):
        reads = relation.column(f"read_{n}")[at]
        tied = {divmod(int(cell), 32) for cell in reads if cell >= 0}
        around = [12 + turn * rate for turn in (-1, 0, 1)]
        assert tied == {(r, c) for r in around for c in around if 0 <= r < 32 and 0 <= c < 32}
    assert (relation.column("pool")[at] == 0).sum() == 1
