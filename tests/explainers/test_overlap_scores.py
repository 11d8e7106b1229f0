"""Overlap scores, against counting pixel by pixel."""

import math
import re
from collections import Counter

import numpy as np
import pytest
import torch
from contract import ExplainerContract, painted  # beside this file

from segviz.data import IGNORE_INDEX
from segviz.explainers import overlap_story
from segviz.explainers.overlap_scores import OVERLAP_SCORES
from segviz.explainers.street import CLASSES, predicted, street
from segviz.training import Scores

VOID = 255
NOT_PAINTED = {"truth": 5, "predicted": 4}


def masks(settings):
    """(truth, prediction) as lists of labels, with the paint laid over the street."""
    truth = street(settings["imbalance"]).ravel().tolist()
    paint = np.ravel(settings["truth"]).tolist()
    truth = [t if p == NOT_PAINTED["truth"] else int(p) for t, p in zip(truth, paint, strict=True)]
    guess = predicted(
        np.reshape(truth, (10, 14)),
        settings["down"],
        settings["right"],
        round(settings["size"] * 4),
        settings["dilate"],
    )
    paint = np.ravel(settings["predicted"]).tolist()
    guess = [
        int(g) if p == NOT_PAINTED["predicted"] else int(p)
        for g, p in zip(guess.flat, paint, strict=True)
    ]
    return [VOID if t == 4 else t for t in truth], guess


def over(part, whole):
    return part / whole if whole else math.nan


def mean(values):
    there = [v for v in values if not math.isnan(v)]
    return over(sum(there), len(there))


def counted(truth, guess, confidence):
    """Everything that is shown, one pixel after another."""
    labelled = [(t, p) for t, p in zip(truth, guess, strict=True) if t != VOID]
    pairs = Counter(labelled)
    rest = (1 - confidence) / 3
    parts, scores = [], []
    for k in range(4):
        hits = sum(t == p == k for t, p in labelled)
        invented = sum(p == k != t for t, p in labelled)
        missed = sum(t == k != p for t, p in labelled)
        overlap = sum(confidence if p == k else rest for t, p in labelled if t == k)
        chances = sum(confidence if p == k else rest for _, p in labelled)
        soft = over(2 * overlap, sum(t == k for t, _ in labelled) + chances)
        iou = over(hits, hits + invented + missed)
        dice = over(2 * hits, 2 * hits + invented + missed)
        parts.append([hits, invented, missed])
        scores.append([iou, dice, soft, 1 - soft])
    return {
        "matrix": [[pairs[t, p] for p in range(4)] for t in range(4)],
        "parts": parts,
        "scores": scores,
        "means": [mean(column) for column in zip(*scores, strict=True)],
        "accuracy": over(sum(t == p for t, p in labelled), len(labelled)),
        "share": over(sum(t in (2, 3) for t, _ in labelled), len(labelled)),
    }


def check(texts, values, rel=6e-4):
    """The texts of cells against numbers; a dash is NaN."""
    for text, value in zip(texts, np.ravel(values), strict=True):
        shown = math.nan if text == "–" else float(text)
        assert shown == pytest.approx(value, rel=rel, abs=1e-9, nan_ok=True)


class TestOverlapScores(ExplainerContract):
    explainer = OVERLAP_SCORES

    def judge(self, scene, settings):
        truth, guess = masks(settings)
        expected = counted(truth, guess, settings["confidence"])
        assert scene["matrix"].numbers.tolist() == expected["matrix"]
        assert scene["parts"].numbers.tolist() == expected["parts"]
        check(scene["scores"].texts, expected["scores"])
        check(scene["means"].texts, expected["means"])
        check(scene["accuracy"].texts, [expected["accuracy"]])
        ious = [row[0] for row in expected["scores"]]
        filled = [[absent if math.isnan(v) else v for v in ious] for absent in (1, 0)]
        check(scene["conventions"].texts, [mean(ious), *map(mean, filled)])
        assert [VOID if v == 4 else int(v) for v in scene["truth"].numbers.flat] == truth
        assert scene["predicted"].numbers.ravel().tolist() == guess
        marked = [text.endswith("✗") for text in scene["predicted"].texts]
        assert marked == [t not in (p, VOID) for t, p in zip(truth, guess, strict=True)]

    def test_the_sweep_is_the_same_prediction_at_every_level(self):
        rng = np.random.default_rng(7)
        for _ in range(20):
            settings = self.start()[1]
            settings |= dict(right=int(rng.integers(-4, 5)), dilate=int(rng.integers(-2, 3)))
            sweep = np.reshape(self.explainer.draw(**settings)["sweep"].texts, (4, 7))
            for level in range(7):
                expected = counted(*masks(settings | {"imbalance": level}), 0.8)
                check(sweep[2:, level], [expected["accuracy"], expected["means"][0]], rel=6e-3)
                assert sweep[1, level] == f"{100 * expected['share']:.0f} %"


def scene(**changes):
    settings = TestOverlapScores().start()[1] | changes
    return OVERLAP_SCORES.draw(**settings), settings


def test_accuracy_rises_while_iou_falls():
    sweep = np.reshape(scene()[0]["sweep"].texts, (4, 7))
    accuracy, iou = (list(map(float, row[:6])) for row in sweep[2:])
    assert accuracy == sorted(accuracy) and accuracy[-1] > 0.97
    assert iou[0] - iou[-1] > 0.15


def test_without_a_mistake_all_is_one():
    drawn, _ = scene(right=0, confidence=1.0)
    assert drawn["accuracy"].texts == ("1",) and drawn["means"].texts == ("1", "1", "1", "0")
    assert drawn["predicted"].title == "prediction, nothing wrong"


def test_a_class_that_is_nowhere_is_said_aloud():
    drawn, settings = scene(imbalance=6)
    assert drawn["scores"].texts[12:14] == ("–", "–")
    assert "the mean leaves it out" in drawn["scores"].says[12]
    left_out, as_one, as_zero = map(float, drawn["conventions"].texts)
    assert as_zero < left_out < as_one
    assert "3 classes only" in drawn["sweep"].says[6]
    assert drawn["scores"].texts[14:] == ("0", "1")  # soft Dice and its loss: no true pixel at all
    assert "not in the truth" in drawn["scores"].says[14]
    paint = np.array(settings["predicted"])
    paint[0, 0] = 3  # one cell of it invented
    drawn, _ = scene(imbalance=6, predicted=paint)
    assert drawn["scores"].texts[12:14] == ("0", "0")
    assert "Inventing a class costs" in drawn["scores"].says[12]


def test_the_scores_are_those_of_the_training():
    drawn, settings = scene(imbalance=6, dilate=1)
    truth, guess = (torch.tensor(labels) for labels in masks(settings))
    scores = Scores(CLASSES)
    scores.update(guess, truth)
    check(drawn["scores"].texts[::4], scores.iou)
    check(drawn["means"].texts[:1], [scores.mean_iou])
    check(drawn["accuracy"].texts, [scores.pixel_accuracy])


def test_the_call_gives_the_matrix():
    rng = np.random.default_rng(3)
    drawn, settings = scene(truth=rng.integers(0, 6, (10, 14)), down=2)
    truth, guess = (torch.tensor(labels).reshape(10, 14) for labels in masks(settings))
    matrix = eval(drawn.call, {"torch": torch, "truth": truth, "predicted": guess})
    assert matrix.tolist() == painted(drawn)["matrix"].tolist()  # as the picture has it


def test_the_written_sums_are_right():
    rng = np.random.default_rng(5)
    drawn, _ = scene(predicted=rng.integers(0, 5, (10, 14)))
    boards = ("accuracy", "scores", "means")
    sentences = [s for name in boards for s in drawn[name].says if "loss of" not in s]
    for sentence in sentences:
        parts = re.split(r" = ", sentence.split(": ")[0].rstrip("."))
        sums = [eval(p.replace("·", "*")) for p in parts[1:] if re.fullmatch(r"[\d\s./+*·()]+", p)]
        assert len(sums) >= 2, sentence
        assert sums == pytest.approx([sums[-1]] * len(sums), rel=2e-3)
    for sentence in drawn["parts"].says:
        *added, total = re.search(r"= ([\d +=]+):", sentence)[1].split(" = ")
        assert all(eval(each) == int(total) for each in added)


def pointed(drawn, board, n):
    """The pixels that share a tap with a cell of a board."""
    taps = np.ones(len(drawn.relation), bool)
    for name, cells in drawn[board].columns.items():
        taps &= drawn.relation.column(name) == cells.flat[n]
    return set(drawn.relation.column("pixel")[taps])


def test_a_number_is_tied_to_the_pixels_it_counts():
    rng = np.random.default_rng(6)
    drawn, settings = scene(truth=rng.integers(0, 6, (10, 14)))
    truth, guess = map(np.array, masks(settings))

    def where(condition):
        return set(np.flatnonzero(condition & (truth != VOID)))

    assert pointed(drawn, "matrix", 9) == where((truth == 2) & (guess == 1))
    assert pointed(drawn, "parts", 6) == where((truth == 2) & (guess == 2))
    assert pointed(drawn, "parts", 7) == where((truth != 2) & (guess == 2))
    assert pointed(drawn, "parts", 8) == where((truth == 2) & (guess != 2))
    assert pointed(drawn, "scores", 8) == where((truth == 2) | (guess == 2))  # IoU of car: union
    assert pointed(drawn, "accuracy", 0) == where(truth == guess)
    assert pointed(drawn, "means", 0) == where(truth >= 0)
    void = int(np.flatnonzero(truth == VOID)[0])
    assert pointed(drawn, "truth", void) == pointed(drawn, "predicted", void) == {void}
    assert pointed(drawn, "sweep", 0) == set() and len(pointed(drawn, "sweep", 1)) > 99


def test_both_masks_say_what_a_pixel_is():
    drawn, _ = scene()
    assert drawn["truth"].says == drawn["predicted"].says
    wrong = next(n for n, text in enumerate(drawn["predicted"].texts) if text == "2✗")
    assert drawn["truth"].sentence(wrong) == (
        f"Pixel [{wrong // 14}, {wrong % 14}]: road, but called car. Counted in C[1, 2]:"
        " a false negative of road, a false positive of car."
    )


def test_void_is_what_the_course_ignores():
    assert overlap_story.IGNORE_INDEX == IGNORE_INDEX
