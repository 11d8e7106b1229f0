"""Exercises of notebook 06."""

import torch
from torch.nn import functional as F

from segviz.classroom import check, check_value, exercise, quiz
from segviz.models import FCN
from segviz.models.fcn import bilinear_deconvolution


@exercise("06.1")
def sizes_by_hand(answer):
    """Rows and columns of the score maps of stride 32, 16 and 8 for an image of 100x150."""
    return check_value(
        answer,
        sizes_of_score_maps(100, 150),
        hints=[
            "Each stage halves, and half a cell becomes a whole one: 100, 50, 25, 13, ...",
            "Go on to the fifth stage on both axes: 13, 7, 4 rows and 150, 75, 38, 19, 10, 5"
            " columns. Stride 32 comes first.",
        ],
        mistakes={
            "You rounded down. Here a cell that hangs over the border is kept: round up.": [
                [100 // stride, 150 // stride] for stride in (32, 16, 8)
            ],
            "The order is from coarse to fine: stride 32 first.": (
                sizes_of_score_maps(100, 150)[::-1]
            ),
            "Rows come first: the image has 100 of them, and 150 columns.": (
                sizes_of_score_maps(150, 100)
            ),
        },
    )


def sizes_of_score_maps(height, width):
    """As the network itself has them, on the device that computes nothing but shapes."""
    with torch.device("meta"):
        *stages, _ = FCN(6).eval().encode(torch.empty(1, 3, height, width))
    return [list(stages[number].shape[-2:]) for number in (4, 3, 2)]


@exercise("06.2")
def fuse_two_score_maps(stub):
    """fuse(coarse, finer, up) -> their sum, as large as the finer scores"""
    draw = torch.Generator().manual_seed(0)
    up = bilinear_deconvolution(2, factor=2).requires_grad_(False)

    def scores(height, width):
        return torch.randint(0, 9, (1, 2, height, width), generator=draw).float()

    def side_by_side(coarse, finer, up):
        return torch.cat([fuse(coarse, 0 * finer, up), finer], dim=1)

    def cut_off_top_and_left(coarse, finer, up):
        return up(coarse)[..., -finer.shape[-2] :, -finer.shape[-1] :] + finer

    def not_cut(coarse, finer, up):
        x = up(coarse)
        rows, columns = x.shape[-2] - finer.shape[-2], x.shape[-1] - finer.shape[-1]
        return x + F.pad(finer, (0, columns, 0, rows))

    def squeezed(x, finer):
        return F.interpolate(x, finer.shape[-2:], mode="bilinear")

    return check(
        stub,
        fuse,
        (scores(2, 3), scores(3, 5), up),
        (scores(3, 2), scores(6, 3), up),
        hints=[
            "Three steps: enlarge the coarse scores by calling `up`; keep as many rows and columns"
            " as `finer` has, from the top left; add.",
            "height, width = finer.shape[-2:], and then up(coarse)[..., :height, :width] + finer.",
        ],
        mistakes={
            "That is concatenation, as in a U-Net. An FCN adds: class by class.": (side_by_side),
            "That is the mean. An FCN takes the sum.": (
                lambda coarse, finer, up: fuse(coarse, finer, up) / 2
            ),
            "You cut at the top and left. The last cells hang over the bottom and right.": (
                cut_off_top_and_left
            ),
            "Nothing is cut: the finer scores say how large the answer is.": (not_cut),
            "That squeezes the enlarged scores into the size. Cut them, or all cells shift.": (
                lambda coarse, finer, up: squeezed(up(coarse), finer) + finer
            ),
        },
    )


def fuse(coarse, finer, up):
    height, width = finer.shape[-2:]
    return up(coarse)[..., :height, :width] + finer  # as large as `finer`


@exercise("06.4")
def why_poles_vanish(answer):
    """Why FCN-32s has hardly a pole in its masks."""
    return quiz(
        answer,
        "Why do the poles nearly vanish in FCN-32s?",
        [
            "it has fewer weights than FCN-8s",
            "a pole is a small part of any of its cells, and the scores cannot say where in a cell",
            "poles are rare, so the loss passes them over",
        ],
        right="b",
        reasons={
            "a": "It has more of them: count the last deconvolution's.",
            "b": "A cell is 32 pixels wide, a pole three or so. Smooth enlargement of one score"
            " per cell draws no line.",
            "c": "They are as rare for FCN-8s, and the loss gives rare classes larger weights in"
            " all three networks.",
        },
        hints=[
            "What is the same in the three networks cannot be the reason.",
            "Look at the shares printed above: how much of a cell of 32×32 is pole at most?",
        ],
    )


@exercise("06.3")
def why_scores_are_added(answer):
    """Why FCN adds score maps and not the stages' maps."""
    return quiz(
        answer,
        "Stage 4 has 64 channels, the head 128. Why are their scores added, and not the maps?",
        [
            "scores have one channel for each class on both sides, and the same meaning",
            "the maps have different heights and widths, the scores have not",
            "adding scores needs no weights",
        ],
        right="a",
        reasons={
            "a": "Channel by channel, both speak of the same class, so evidence adds up.",
            "b": "A score map is as large as the map it is made of: both must be enlarged first.",
            "c": "Every skip has a 1×1 convolution of its own that makes the scores.",
        },
        hints=[
            "What would channel 7 of one map plus channel 7 of the other mean?",
            "A 1×1 convolution makes as many channels as there are classes, at every stride.",
        ],
    )
