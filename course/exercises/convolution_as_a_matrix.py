"""Exercises of notebook 04."""

import math

import numpy as np

import segviz
from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.relations import PADDED_CONVOLUTION, convolution_size

KERNEL, IMAGE_SIZE = np.array([[1, 2], [3, 4]]), (2, 3)


@exercise("04.1")
def size_formula(stub):
    """The output size of a convolution along one axis."""

    def padded_once(i, k, s, p):
        return (i + p - k) // s + 1

    def without_one(i, k, s, p):
        return convolution_size(i, k, s, p) - 1

    def rounded_up(i, k, s, p):
        return math.ceil((i + 2 * p - k) / s) + 1

    def not_whole(i, k, s, p):
        return (i + 2 * p - k) / s + 1

    def stride_forgotten(i, k, s, p):
        return convolution_size(i, k, 1, p)

    return check(
        stub,
        convolution_size,
        (6, 3, 2, 1),
        (9, 4, 3, 0),
        (11, 5, 1, 2),
        (224, 7, 2, 3),
        hints=[
            "The window's left edge goes from 0 to i + 2p − k, in steps of s. How many steps fit,"
            " and how many places is that?",
            "(input_size + 2 * padding - kernel_size) // stride + 1",
        ],
        mistakes={
            "Padding adds cells on both sides: count it twice.": padded_once,
            "The first place counts as well: one more than the number of steps.": without_one,
            "A step that does not fit is not made: round down, not up.": rounded_up,
            "A number of cells is whole: use // instead of /.": not_whole,
            "The stride is missing: these are the places one cell apart.": stride_forgotten,
        },
    )


@exercise("04.2")
def matrix_by_hand(answer):
    """C of the kernel [[1, 2], [3, 4]] on 2×3 cells with padding 1 and stride 2."""

    def matrix(kernel=KERNEL, size=IMAGE_SIZE, stride=2):
        return segviz.conv_matrix(kernel, size, stride=stride, padding=1)

    by_columns = np.arange(6).reshape(IMAGE_SIZE).T.ravel()
    return check_value(
        answer,
        matrix(),
        hints=[
            "Draw the 4×5 padded image. The four windows begin at its rows 0 and 2, and at its"
            " columns 0 and 2. A weight that meets padding has no place in C.",
            "The first window has only its lower right cell, weight 4, on the image, at image cell"
            " 0: the first row is 4 0 0 0 0 0. The second window meets image cells 1 and 2.",
        ],
        mistakes={
            "The kernel is flipped here: weight 1 belongs to the window's upper left cell.": (
                matrix(KERNEL[::-1, ::-1])
            ),
            "The kernel is transposed here: its first row is 1, 2.": matrix(KERNEL.T),
            "This flattens the image column by column; count along the rows.": (
                matrix()[:, by_columns]
            ),
            "This is C.T: rows belong to outputs, columns to image cells.": matrix().T,
        },
    )


@exercise("04.3")
def nine_rows(explorer):
    """A 3×3 kernel with padding 1 whose C has 9 rows and 25 columns."""

    def three_of_five(settings):
        names = ("input_size", "kernel_size", "stride", "padding", "extra_padding", "dilation")
        values = {name: settings[name] for name in names}
        if settings["channels"] != "1 to 1":
            return "Several channels make C larger: choose 1 to 1."
        if values["input_size"] != 5:
            return f"{values['input_size']} cells on an axis do not flatten to 25."
        if (values["kernel_size"], values["padding"], values["dilation"]) != (3, 1, 1):
            return "The kernel is to be 3×3 with padding 1 and dilation 1."
        size = PADDED_CONVOLUTION.size(**values)
        return (
            bool(size == 3) or f"The output has {size} cells on an axis, so C has {size**2} rows."
        )

    return goal(
        explorer,
        three_of_five,
        for_example={"input_size": 5, "padding": 1, "stride": 2},
        hints=[
            "A row for every output, a column for every input cell: how large are the two maps?",
            "5 cells are to become 3: ⌊(5 + 2·1 − 3) / s⌋ + 1 = 3.",
        ],
    )


@exercise("04.4")
def what_the_transpose_does(answer):
    """C.T on the output of C."""
    return quiz(
        answer,
        "y = C · x takes an image to a small map. What is C.T · y?",
        [
            "the image x again, for C.T undoes what C did",
            "a map of the image's size: each value of y, times its weights, is added to the cells"
            " that it was gathered from",
            "the same as y, flattened column by column",
            "a map of the image's size with the values of y in it, and zeros in between",
        ],
        right="b",
        reasons={
            "a": "Only the shape comes back. 4 numbers cannot hold 16, and C.T · C is not the"
            " identity.",
            "b": "The connections are those of C, walked backwards: where nine cells were gathered"
            " into one, one is scattered to nine.",
            "c": "C.T has a row for each cell of the image, so the result has its size.",
            "d": "That is a bed of nails. C.T holds the weights of the kernel, and where two"
            " stamps overlap it adds them.",
        },
        hints=[
            "Look at a single column of C.T: whose output is it, and what stands in it?",
            "In section 5, C.T was given a single 1 and gave back a stamp of nine weights.",
        ],
    )
