"""Softmax, cross-entropy and the mean over a mask, against torch and its autograd."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import ExplainerContract, painted  # beside this file

from segviz.data import IGNORE_INDEX
from segviz.explainers import pixel_loss_story
from segviz.explainers.pixel_loss import CLASSES, PIXEL_LOSS
from segviz.training import cross_entropy

LABELS = {"background": 0, "cat": 1, "dog": 2, "void": 255}

pytestmark = pytest.mark.usefixtures("one_thread")


def tensors(settings):
    """(scores (1, 3, 3, 4) with a gradient, labels (1, 3, 4), class weights) of what was set."""
    x = torch.tensor(np.array([settings[name] for name in CLASSES], float))[None]
    x[0, :, 0, 0] = torch.tensor([settings[f"logit_{name}"] for name in CLASSES])
    y = torch.tensor(np.asarray(settings["mask"], int))[None]
    y[y == 3] = 255
    y[0, 0, 0] = LABELS[settings["label"]]
    y[0, 3 - settings["void_rows"] :] = 255
    weights = [float(settings[f"weight_{name}"]) for name in CLASSES]
    return x.requires_grad_(), y, torch.tensor(weights, dtype=torch.float64)


def close(ours, expected):
    """Cells show four digits."""
    expected = torch.as_tensor(expected).detach().double().numpy()
    np.testing.assert_allclose(ours, expected.reshape(np.shape(ours)), rtol=6e-4, atol=1e-12)


class TestPixelLoss(ExplainerContract):
    explainer = PIXEL_LOSS

    def judge(self, scene, settings):
        x, y, weights = tensors(settings)
        boards = painted(scene)
        one, label = x[:, :, 0, 0].detach().clone().requires_grad_(), y[:, 0, 0]
        loss = F.cross_entropy(one, label, ignore_index=255, reduction="sum")
        loss.backward()
        close(boards["z"], one)
        close(boards["exp"], one.exp())
        close(boards["sum"], one.exp().sum())
        close(boards["p"], one.softmax(1))
        close(boards["own_loss"], loss)
        close(boards["slope"], one.grad)
        assert boards["y"].ravel().tolist() == [float(label == k) for k in range(3)]
        for k in range(3):
            close(boards[f"logits_{CLASSES[k]}"], x[0, k])
            full = (scene[f"bar-{k}"].roles() != "zero").sum()
            assert abs(full / 20 - one.softmax(1)[0, k].item()) <= 0.5 / 20 + 1e-9

        close(boards["loss"], F.cross_entropy(x, y, ignore_index=255, reduction="none"))
        of_pixels = [0 if v == 255 else weights[v].item() for v in y.flatten()]
        close(boards["weights"], of_pixels)
        close(boards["total_weight"], sum(of_pixels))
        close(boards["total"], F.cross_entropy(x, y, weights, ignore_index=255, reduction="sum"))
        assert list(scene["mask"].texts) == [str(v.item()) for v in y.flatten()]

        mean = F.cross_entropy(x, y, weights, ignore_index=255)
        course = cross_entropy(x, y, weights.float())  # float32
        (shown,), (shown_course,) = scene["mean"].texts, scene["course"].texts
        if mean.isnan():
            assert shown == "nan" and shown_course == "0" and course.item() == 0
            assert not boards["gradient"].any()
            return
        assert float(shown) == pytest.approx(mean.item(), rel=6e-5)
        assert float(shown_course) == pytest.approx(course.item(), rel=6e-5, abs=1e-6)
        mean.backward()
        close(boards["gradient"], x.grad[0, :, 0, 0])


def scene(**changes):
    settings = TestPixelLoss().start()[1] | changes
    return PIXEL_LOSS.draw(**settings), settings


def test_it_starts_with_a_pixel_known_by_hand():
    drawn, _ = scene()
    boards = painted(drawn)
    total = math.exp(1) + math.exp(2) + 1
    assert boards["p"][1, 0] == pytest.approx(math.exp(2) / total, abs=5e-5)
    assert boards["own_loss"][0, 0] == pytest.approx(math.log(total) - 2, abs=5e-5)
    assert drawn["mask"].texts[-2:] == ("255", "255") and boards["total_weight"][0, 0] == 10


def test_equal_scores_cost_the_logarithm_of_the_number_of_classes():
    for label in CLASSES:
        drawn, _ = scene(logit_background=-2, logit_cat=-2, logit_dog=-2, label=label)
        assert painted(drawn)["own_loss"][0, 0] == pytest.approx(math.log(3), abs=5e-4)


def test_a_mask_without_labels_is_nan_for_torch_and_0_for_the_course():
    for changes in (dict(void_rows=3), dict(weight_background=0, weight_cat=0, weight_dog=0)):
        drawn, _ = scene(**changes)
        assert drawn["mean"].texts == ("nan",) and drawn["course"].texts == ("0",)
        assert "nan" in drawn["mean"].says[0] and "no harm" in drawn["course"].says[0]


@pytest.mark.parametrize(
    "changes", [{}, dict(label="void"), dict(weight_cat=2.5, weight_dog=0), dict(void_rows=3)]
)
def test_the_call_gives_the_mean(changes):
    drawn, settings = scene(**changes)
    x, y, _ = tensors(settings)
    mean = eval(drawn.call, {"torch": torch, "x": x.float(), "y": y}).item()
    assert float(drawn["mean"].texts[0]) == pytest.approx(mean, rel=1e-4, nan_ok=True)


def number_after(words, sentence):
    return float(re.search(re.escape(words) + r" (-?[\d.e-]+?)[,:;.]?(?: |$)", sentence)[1])


def test_the_written_arithmetic_is_right():
    drawn, _ = scene(weight_cat=2.5, void_rows=1)
    terms, total = re.fullmatch(r"Σ w·loss = (.*) = ([\d.]+)", drawn["total"].says[0]).groups()
    assert eval(terms.replace("·", "*")) == pytest.approx(float(total), rel=1e-3)
    assert len(terms.split(" + ")) == 8
    weights = re.fullmatch(r"Σ w = (.*) = ([\d.]+): 4 void.*", drawn["total_weight"].says[0])
    assert eval(weights[1]) == float(weights[2])
    for sentence in drawn["p"].says:
        power, total, p = re.search(r"= ([\d.]+) / ([\d.]+) = ([\d.]+):", sentence).groups()
        assert float(power) / float(total) == pytest.approx(float(p), rel=1e-3)
    for sentence in drawn["gradient"].says:
        terms, value = re.search(r"\) = (.*) = (\S+):", sentence).groups()
        assert eval(terms.replace("·", "*")) == pytest.approx(float(value), rel=1e-3)
    for sentence in drawn["loss"].says[:8]:
        p, loss = re.search(r"−log ([\d.]+) = ([\d.]+);", sentence).groups()
        assert -math.log(float(p)) == pytest.approx(float(loss), rel=1e-2)


def test_stepping_adds_the_losses_up():
    drawn, settings = scene(weight_dog=3)
    x, y, weights = tensors(settings)
    each = F.cross_entropy(x, y, weights, ignore_index=255, reduction="none").flatten()
    assert [step[0][1] for step in drawn.build_up.steps] == pytest.approx(each.cumsum(0).tolist())


def test_the_pixel_of_the_sliders_is_not_painted():
    drawn, _ = scene()
    for name in ("mask", "logits_cat"):
        where = drawn[name].edits
        assert (where[:, 0, 0] == -1).all() and where[:, 1, 2].tolist() == [1, 2]


def test_void_is_what_the_course_ignores():
    assert pixel_loss_story.IGNORE_INDEX == IGNORE_INDEX


def test_a_mean_is_tied_to_the_pixels_that_count_and_a_class_to_its_row():
    drawn, _ = scene(void_rows=1)
    taps = drawn.relation
    counted = taps.column("counted") == 0
    assert set(taps.column("pixel")[counted]) == set(range(8))
    of_class = taps.column("class") == 1
    assert taps.column("score")[of_class].tolist() == [12]  # cat's score at pixel [0, 0]
    for name, board in (("total", "counted"), ("p", "class"), ("loss", "pixel"), ("sum", "first")):
        assert list(drawn[name].columns) == [board]
