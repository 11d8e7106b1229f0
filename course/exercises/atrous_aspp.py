"""Exercises of notebook 11."""

import numpy as np

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.relations import FIELD, SPAN

RATES = (1, 2, 4)  # of three layers of 3x3, one after another


@exercise("11.1")
def nine_cells(explorer):
    """The rate at which a 3x3 kernel spans 9 cells on each axis."""

    def spans_nine(settings):
        span = SPAN(rate=settings["rate"], kernel_size=3)
        return bool(span == 9) or f"That spans {span} cells on an axis; wanted 9."

    return goal(
        explorer,
        spans_nine,
        for_example={"rate": 4},
        hints=[
            "Three taps have two gaps between them, and each step from tap to tap is r cells.",
            "3 + 2(r − 1) = 9, so 2(r − 1) = 6.",
        ],
    )


@exercise("11.3")
def fields_by_hand(answer):
    """The field after each of three 3x3 layers of RATES."""
    return check_value(
        answer,
        fields_of(RATES),
        hints=[
            "There is no stride: a layer adds (3 − 1) times its rate to the field before it.",
            "Begin with 1. The first layer adds 2 · 1, the second 2 · 2.",
        ],
        mistakes={
            "Those are the kernels' own spans. Each layer reads a map whose cells have a field"
            " already: add them up.": [SPAN(rate=rate, kernel_size=3) for rate in RATES],
            "Those are three layers of rate 1; a rate multiplies what a layer adds.": fields_of(
                (1, 1, 1)
            ),
            "A layer adds its rate on both sides: (3 − 1) · rate.": [2, 4, 8],
        },
    )


def fields_of(rates) -> list[int]:
    fields = [1]
    for rate in rates:
        fields.append(FIELD(field_size=fields[-1], kernel_size=3, dilation=rate, step=1))
    return fields[1:]


@exercise("11.2")
def holes(stub):
    """spread(kernel, rate) -> the kernel with rate - 1 zeros between its taps"""

    def zeros_behind_too(kernel, rate):
        spread = np.zeros([rate * length for length in kernel.shape])
        spread[::rate, ::rate] = kernel
        return spread

    def repeated(kernel, rate):
        return np.kron(kernel, np.ones((rate, rate)))

    return check(
        stub,
        with_holes,
        (np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), 2),
        (np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), 1),
        (np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 1], [2, 3, 4, 5, 6]]), 3),
        hints=[
            "Make zeros of the right size first: on an axis k + (k − 1)(r − 1) cells.",
            "spread[::rate, ::rate] = kernel puts the taps in their places.",
        ],
        mistakes={
            "The zeros lie between the taps, not behind the last one.": zeros_behind_too,
            "The weights are not repeated; between them are zeros.": repeated,
            "There are rate − 1 zeros between two taps: at rate 1 none.": (
                lambda kernel, rate: with_holes(kernel, rate + 1)
            ),
            "The kernel was flipped or turned; its first weight stays in its corner.": (
                lambda kernel, rate: with_holes(kernel[::-1, ::-1], rate)
            ),
        },
    )


def with_holes(kernel, rate):
    """The kernel (rows, columns) as it lies over the map at that rate."""
    spread = np.zeros([SPAN(rate=rate, kernel_size=length) for length in kernel.shape])
    spread[::rate, ::rate] = kernel
    return spread


@exercise("11.4")
def stack_without_holes(answer):
    """Which rates of three 3x3 layers leave no cell out."""
    return quiz(
        answer,
        "Three layers of 3×3, one after another. At which rates does an output use every cell that"
        " it spans?",
        ["2, 4, 8", "1, 3, 9", "1, 4, 9"],
        right="b",
        reasons={
            "a": "All its taps lie an even number of cells away: on the plane about three cells of"
            " four are never read.",
            "b": "The first layer covers 3 cells, the second lays three such blocks side by side,"
            " which makes 9, and the third three blocks of 9: 27 cells without a hole.",
            "c": "The first layer covers 3 cells, and the second moves that block by 4: one cell"
            " between the blocks is never read.",
        },
        hints=[
            "On an axis: what do the first two layers cover, and how far does the third move it?",
            "Choose each stack in the explorer above and read its heading.",
        ],
    )
