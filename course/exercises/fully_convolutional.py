"""Exercises of notebook 02."""

import numpy as np

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.explainers.patches import PIXELS
from segviz.relations import convolution, convolution_size

#: Input size, kernel size, padding, stride of every question of exercise 2.
QUESTIONS = ((6, 6, 0, 1), (11, 6, 0, 1), (128, 32, 0, 8), (128, 32, 12, 8))


@exercise("02.1")
def each_pixel_once(explorer):
    """Patches that overlap nowhere and leave nothing out."""

    def once(settings):
        patch, stride = settings["patch_size"], settings["stride"]
        windows = convolution((1, PIXELS), (1, patch), stride=(1, stride))
        counts = np.bincount(windows.column("input"), minlength=PIXELS)
        if counts.max() > 1:
            return f"There are pixels that lie in {counts.max()} patches of an axis."
        missing = int((counts == 0).sum())
        return missing == 0 or f"No pixel lies in two patches, but {missing} lie in none."

    return goal(
        explorer,
        once,
        for_example={"patch_size": 8, "stride": 8},
        hints=[
            "Patches that lie side by side are as far apart as they are large.",
            f"patch size = stride, and {PIXELS} must be a multiple of it: 8 is one.",
        ],
    )


@exercise("02.2")
def sizes_by_hand(answer):
    """The output size for each of QUESTIONS, along one axis."""

    def sizes(questions):
        return [convolution_size(f, k, stride=s, padding=p) for f, k, p, s in questions]

    right = sizes(QUESTIONS)
    return check_value(
        answer,
        right,
        hints=[
            "(F − K + 2P) / S + 1, one question after the other; here every division comes out.",
            "(6 − 6) / 1 + 1, (11 − 6) / 1 + 1, (128 − 32) / 8 + 1, (128 − 32 + 24) / 8 + 1.",
        ],
        mistakes={
            "The + 1 is missing: the first window needs no step.": [size - 1 for size in right],
            "Padding is added on both sides, so it counts twice.": [*right[:3], 14.5],
            "The stride divides; it was left out.": sizes([(*q[:3], 1) for q in QUESTIONS]),
        },
    )


@exercise("02.3")
def kernels_from_weights(stub):
    """kernels_of(weight, channels, height, width) -> the dense layer's weights as kernels"""

    def across(weight, channels, height, width):
        return weight.reshape(len(weight), channels, width, height)

    def channels_last(weight, channels, height, width):
        last = weight.reshape(len(weight), height, width, channels)
        return last.transpose(0, 3, 1, 2)

    def upright(weight, channels, height, width):
        return kernels(weight, channels, height, width).transpose(0, 1, 3, 2)

    def flipped(weight, channels, height, width):
        return kernels(weight, channels, height, width)[:, :, ::-1, ::-1]

    return check(
        stub,
        kernels,
        (numbered(2, 3, 4, 5), 3, 4, 5),
        (numbered(4, 2, 3, 1), 2, 3, 1),
        hints=[
            "nn.Flatten reads a map (C, H, W) channel by channel, and in a channel row by row. A"
            " row of the matrix has its weights in that order.",
            "No weight moves: weight.reshape(len(weight), channels, height, width).",
        ],
        mistakes={
            "Height and width have changed places.": across,
            "Channels come first in torch: (classes, channels, height, width).": channels_last,
            "The kernels lie on their side: rows and columns are transposed.": upright,
            "The kernels are flipped. torch's convolution does not flip, so neither need you.": (
                flipped
            ),
        },
    )


def kernels(weight, channels, height, width):
    return weight.reshape(len(weight), channels, height, width)


def numbered(classes, *shape):
    """A matrix of as many rows as classes, its numbers all different."""
    columns = int(np.prod(shape))
    return np.arange(classes * columns, dtype=np.float32).reshape(classes, columns)


@exercise("02.4")
def a_finer_map(answer):
    """What gives heat maps with eight times as many rows and columns."""
    return quiz(
        answer,
        "The windows of the heat map lie 8 pixels apart. You want the scores of windows that lie 1"
        " pixel apart, from the same trained weights. What gives exactly those?",
        [
            "enlarge the heat maps 8 times, bilinearly",
            "run the network on the image shifted by 0 to 7 rows and 0 to 7 columns, and sort the"
            " answers into one another",
            "leave out the three poolings",
        ],
        right="b",
        reasons={
            "a": "That makes 8 times as many rows, but no window more: what lies between two cells"
            " is guessed from these two.",
            "b": "Each shift gives the windows that lie in between, 64 passes in all. Long et al."
            ' call it "shift and stitch" (section 3.2). It is exact, and dear: learning to'
            " upsample is cheaper.",
            "c": "Then the kernels behind them meet neighbours that are 1 pixel apart, not 2, 4 or"
            " 8: they see another picture than they were trained on. (With dilation in place of"
            " the stride it can be done: notebook 11.)",
        },
        hints=[
            "Which of the three has the network look at windows that it has not looked at yet, and"
            " at the same scale as in training?",
            "A cell of the map belongs to a window. Move the image by a pixel, and every window"
            " lies one pixel further.",
        ],
    )
