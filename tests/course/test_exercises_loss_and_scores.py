"""The exercises of notebook 07: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchmetrics.functional.segmentation import dice_score

import segviz
from exercises import loss_and_scores as exercises
from segviz.training import Scores

BY_HAND = [9 / 13, 18 / 22]  # TP = 9, FP = 1, FN = 3


def mean_loss(logits, masks):
    """As hint 2 says."""
    labelled = masks != 255
    known = masks.where(labelled, 0)
    chosen = logits.log_softmax(1).gather(1, known[:, None])[:, 0]
    return -chosen[labelled].mean()


def from_torch(logits, masks):
    return F.cross_entropy(logits, masks, ignore_index=255)


def summed(logits, masks):
    return F.cross_entropy(logits, masks, ignore_index=255, reduction="sum")


def over_all_pixels(logits, masks):
    return F.cross_entropy(logits, masks, ignore_index=255, reduction="none").mean()


def void_as_background(logits, masks):
    return F.cross_entropy(logits, masks.where(masks < 255, 0))


def along_the_width(logits, masks):
    labelled = masks != 255
    known = masks.where(labelled, 0)
    return -logits.log_softmax(3).gather(1, known[:, None])[:, 0][labelled].mean()


def image_by_image(logits, masks):
    pairs = zip(logits, masks, strict=True)
    return torch.stack([from_torch(x[None], y[None]) for x, y in pairs]).mean()


def void_not_known(logits, masks):
    return -logits.log_softmax(1).gather(1, masks[:, None]).mean()


def test_the_answer_by_hand_is_what_others_count():
    true_a, predicted_a, true_b, predicted_b = map(torch.from_numpy, exercises.TWO_IMAGES)
    truth, predicted = torch.stack([true_a, true_b]), torch.stack([predicted_a, predicted_b])
    both = (truth & predicted).sum(), (truth | predicted).sum()
    assert BY_HAND[0] == pytest.approx(float(both[0] / both[1]))
    given = [F.one_hot(each.flatten()[None], 2).movedim(2, 1) for each in (predicted, truth)]
    theirs = dice_score(*given, num_classes=2, include_background=False, average="none")
    assert BY_HAND[1] == pytest.approx(theirs.item())


@pytest.mark.parametrize(
    "settings",
    [{}, {"imbalance": 5, "right": 2}, {"down": -1, "size": 1.5, "dilate": 1}],
)
def test_the_scores_of_the_goal_are_those_that_the_explorer_shows(settings):
    explorer = segviz.explain.overlap_scores(**settings)
    given = {name: getattr(explorer, name) for name in explorer.values}
    accuracy, mean_iou = exercises.scores_of(**given)
    boards = {board.name: board for board in explorer.scene.boards}
    assert float(boards["accuracy"].texts[0]) == pytest.approx(accuracy, abs=5e-4)
    assert boards["means"].numbers[0, 0] == pytest.approx(mean_iou)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.mean_loss, mean_loss),
        (exercises.mean_loss, from_torch),
        (exercises.what_poles_are_worth, "b"),
        (exercises.scores_by_hand, BY_HAND),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.mean_loss, summed, "divide by the number"),
        (exercises.mean_loss, over_all_pixels, "in the number that you divide by"),
        (exercises.mean_loss, void_as_background, "counted as class 0"),
        (exercises.mean_loss, along_the_width, "wrong axis"),
        (exercises.mean_loss, image_by_image, "image by image"),
        (exercises.mean_loss, lambda x, y: -mean_loss(x, y), "sign is turned"),
        (exercises.mean_loss, void_not_known, "RuntimeError"),
        (exercises.what_poles_are_worth, "a", "counts classes"),
        (exercises.what_poles_are_worth, "c", "other way round"),
        (exercises.what_poles_are_worth, "d", "however thin"),
        (exercises.scores_by_hand, [(8 / 10 + 1 / 3) / 2, (16 / 18 + 1 / 2) / 2], "once"),
        (exercises.scores_by_hand, BY_HAND[::-1], "first is IoU"),
        (exercises.scores_by_hand, [8 / 10, 16 / 18], "image A alone"),
        (exercises.scores_by_hand, [27 / 31, 54 / 58], "class 0"),
        (exercises.scores_by_hand, [9 / 22, 18 / 22], "not twice"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(
    "settings",
    [{"imbalance": 5, "right": 2}, {"imbalance": 5, "right": -3}, {"imbalance": 5, "dilate": -1}],
)
def test_a_prediction_that_loses_what_is_small_reaches_the_goal(settings, capsys):
    exercises.right_and_useless(segviz.explain.overlap_scores(**settings))
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"imbalance": 5}, "mean IoU 0.569"),
        ({"imbalance": 0, "right": 4}, "accuracy is 0.550"),
        ({"imbalance": 6, "right": 4}, "mean IoU 0.648"),  # no sign at all: it is left out
    ],
)
def test_other_settings_are_told_their_two_scores(settings, said, capsys):
    exercises.right_and_useless(segviz.explain.overlap_scores(**settings))
    told = capsys.readouterr().out.splitlines()[0]
    assert told.startswith("✗") and said in told.replace("the mean", "mean")


def test_the_mistakes_in_the_two_images_are_one_invented_and_three_missed():
    scores = Scores(("rest", "thing"))
    for truth, predicted in np.array(exercises.TWO_IMAGES).reshape(2, 2, 4, 5):
        scores.update(torch.from_numpy(predicted), torch.from_numpy(truth))
    assert scores.confusion.tolist() == [[27, 1], [3, 9]]


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.mean_loss(lambda logits, masks: ...),
        lambda: exercises.right_and_useless(segviz.explain.overlap_scores()),
        lambda: exercises.what_poles_are_worth(...),
        lambda: exercises.scores_by_hand([..., ...]),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
