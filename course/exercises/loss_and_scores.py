"""Exercises of notebook 07."""

import numpy as np
import torch
from torch.nn import functional as F

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.data import IGNORE_INDEX
from segviz.explainers.overlap_scores import OVERLAP_SCORES
from segviz.explainers.overlap_story import Overlap, masks
from segviz.relations import confusion, dice, iou
from segviz.training import cross_entropy

# A: of class 1, 8 hits, 1 invented, 1 missed. B: 1 hit, 2 missed.
TWO_IMAGES = tuple(
    np.array([[int(label) for label in row] for row in rows.split()])
    for rows in (
        "01110 01110 01110 00000",
        "01110 01110 01100 01000",
        "00000 00000 00001 00011",
        "00000 00000 00000 00001",
    )
)  # truth and prediction of A, truth and prediction of B; each (4, 5)


@exercise("07.1")
def mean_loss(stub):
    """mean_loss(logits, masks) -> the mean cross-entropy over the labelled pixels."""

    def of_true_class(values, labels):
        known = labels * (labels != IGNORE_INDEX)
        return values.gather(1, known[:, None])[:, 0][labels != IGNORE_INDEX]  # (labelled,)

    return check(
        stub,
        cross_entropy,
        *map(random_batch, ((2, 3, 4, 5), (1, 4, 5, 2), (3, 2, 2, 7))),
        hints=[
            "The classes are axis 1. log_softmax along it, then take at every pixel the entry of"
            " its label. 255 is no entry: replace it by 0 first, and leave those pixels out after.",
            "labelled = masks != 255; known = masks.where(labelled, 0); chosen ="
            " logits.log_softmax(1).gather(1, known[:, None])[:, 0]; and then"
            " -chosen[labelled].mean().",
        ],
        mistakes={
            "That is the sum; divide by the number of labelled pixels.": lambda logits, labels: (
                -of_true_class(logits.log_softmax(1), labels).sum()
            ),
            "Void pixels are in the number that you divide by.": lambda logits, labels: (
                -of_true_class(logits.log_softmax(1), labels).sum() / labels.numel()
            ),
            "The sign is turned: the logarithm of a probability is negative, a loss is not.": (
                lambda logits, labels: of_true_class(logits.log_softmax(1), labels).mean()
            ),
            "Void pixels are counted as class 0.": lambda logits, labels: F.cross_entropy(
                logits, labels.where(labels != IGNORE_INDEX, 0)
            ),
            "This is the mean of the probabilities; the logarithm is missing.": (
                lambda logits, labels: -of_true_class(logits.softmax(1), labels).mean()
            ),
            "The softmax is missing: logits are not probabilities yet.": (
                lambda logits, labels: -of_true_class(logits, labels).mean()
            ),
            "The softmax runs along the wrong axis: the classes are axis 1.": (
                lambda logits, labels: -of_true_class(logits.log_softmax(-1), labels).mean()
            ),
            "You averaged image by image first; images with much void then count too much.": (
                lambda logits, labels: torch.stack(
                    [
                        cross_entropy(one[None], label[None])
                        for one, label in zip(logits, labels, strict=True)
                    ]
                ).mean()
            ),
        },
    )


def random_batch(size):
    """Logits (N, K, H, W) and masks (N, H, W) with some void, most of it in the first image."""
    count, classes, height, width = size
    draw = torch.Generator().manual_seed(sum(size))
    logits = 2 * torch.randn(size, generator=draw)
    labels = torch.randint(classes, (count, height, width), generator=draw)
    labels[0, : height // 2] = IGNORE_INDEX
    labels[-1, -1, -1] = IGNORE_INDEX
    return logits, labels


@exercise("07.2")
def right_and_useless(explorer):
    """Sliders of `overlap_scores` with accuracy at least 0.95 and a mean IoU below 0.5."""

    def reached(settings):
        accuracy, mean_iou = scores_of(**settings)
        if accuracy >= 0.95 and mean_iou < 0.5:
            return True
        return (
            f"The accuracy is {accuracy:.3f} and the mean IoU {mean_iou:.3f}; wanted are at least"
            " 0.95 and less than 0.5."
        )

    return goal(
        explorer,
        reached,
        for_example={"imbalance": 5, "right": 2},
        hints=[
            "Accuracy counts pixels, mean IoU counts classes. So the mistakes must cost few pixels"
            " and whole classes: who is small?",
            "Make car and sign small with imbalance = 5, and move the prediction past them.",
        ],
    )


def scores_of(*, imbalance, right, down, size, dilate, confidence):
    """(accuracy, mean IoU) that the explainer shows with these settings and nothing painted."""
    unpainted = (grid.pattern for grid in OVERLAP_SCORES.grids)
    moved = {"right": right, "down": down, "quarters": round(4 * size), "grow": dilate}
    overlap = Overlap(*masks(imbalance, *map(np.array, unpainted), **moved), confidence)
    return overlap.accuracy, overlap.means[0]


@exercise("07.3")
def what_poles_are_worth(choice):
    """A class with few pixels, found at last: what do accuracy and mean IoU say?"""
    return quiz(
        choice,
        "By how much are the friend's scores better than ours?",
        [
            "accuracy and mean IoU both by about 0.04",
            "accuracy by about 0.04, mean IoU by about 0.17",
            "accuracy by about 0.17, mean IoU by about 0.04",
            "neither by more than 0.01: poles are too thin to matter",
        ],
        right="b",
        reasons={
            "a": "Accuracy counts pixels, and 4 % of them are new. But mean IoU counts classes:"
            " one of six goes from 0 to 1.",
            "b": "4 % of the pixels are newly right; and one class of six goes from 0 to 1, which"
            " is 1/6 of the mean, and a little more, since the background loses false positives.",
            "c": "It is the other way round: accuracy counts pixels, mean IoU counts classes.",
            "d": "Thin things are few pixels, and for accuracy that is all that matters. For the"
            " mean IoU a class counts as a class, however thin.",
        },
        hints=[
            "How many pixels become right? How many classes, of six, go from 0 to 1?",
            "Accuracy: 4 of 100 pixels. Mean IoU: one class of six, and 1/6 is 0.17.",
        ],
    )


@exercise("07.4")
def scores_by_hand(answer):
    """IoU and Dice of class 1 over both of TWO_IMAGES."""
    true_a, predicted_a, true_b, predicted_b = TWO_IMAGES
    of_a, of_b = (
        confusion(predicted, truth, 2, IGNORE_INDEX)
        for predicted, truth in ((predicted_a, true_a), (predicted_b, true_b))
    )

    def scores(counts, label=1):
        return [iou(counts)[label], dice(counts)[label]]

    both = of_a + of_b
    twice = both.copy()
    twice[1, 0] += both[1, 1]  # as if the hits were missed as well
    return check_value(
        answer,
        scores(both),
        hints=[
            "Count TP, FP and FN of class 1 in A and in B, and add them up. Only then divide.",
            "TP = 8 + 1, FP = 1 + 0, FN = 1 + 2.",
        ],
        mistakes={
            "That is the mean of the two images' scores. Add up the counts first, then divide"
            " once.": np.mean([scores(of_a), scores(of_b)], axis=0),
            "These are the scores of class 0.": scores(both, label=0),
            "The first is IoU, the second Dice.": scores(both)[::-1],
            "That is image A alone.": scores(of_a),
            "The union counts pixels that both have once, not twice.": [
                iou(twice)[1],
                dice(both)[1],
            ],
        },
    )
