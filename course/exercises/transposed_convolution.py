"""Exercises of notebook 05."""

import numpy as np

import segviz
from segviz.classroom import check, check_value, exercise
from segviz.relations import CONVOLUTION, transposed_convolution_size


@exercise("05.1")
def stamps_by_hand(answer):
    """Input [[2, 4], [0, 1]], kernel [[3, 1], [1, 5]], stride 1."""
    taps = segviz.relations.transposed_convolution(2, 2)
    return check_value(
        answer,
        taps.apply([[2, 4], [0, 1]], [[3, 1], [1, 5]]),
        hints=[
            "The first stamp is 2 times the kernel, [[6, 2], [2, 10]], in the upper left corner.",
            "The middle cell is under all four stamps: 2·5 + 4·1 + 0·1 + 1·3.",
        ],
        mistakes={
            "Where stamps overlap they are added; here the last one was kept.": [
                [6, 12, 4],
                [0, 3, 1],
                [0, 1, 5],
            ],
            "The kernel was flipped before it was laid down; lay it down as it is.": (
                taps.apply([[2, 4], [0, 1]], [[5, 1], [1, 3]])
            ),
            "The input was transposed: 4 stands to the right of 2, not below it.": (
                taps.apply([[2, 0], [4, 1]], [[3, 1], [1, 5]])
            ),
        },
    )


@exercise("05.2")
def transpose_by_hand(answer):
    """C.T of the kernel [[5, 7]] on an image of 2×3."""
    matrix = segviz.conv_matrix([[5, 7]], input_size=(2, 3))
    return check_value(
        answer,
        matrix.T,
        hints=[
            "Column 0 belongs to the first output: it looks at image cells 0 and 1, with 5 and 7.",
            "The lower outputs look at image cells 3, 4 and 5; nothing ties them to cells 0 to 2.",
        ],
        mistakes={
            "This is C: its rows and columns are still to be swapped.": matrix,
            "The kernel is flipped here: cell 0 meets weight 5, cell 1 meets weight 7.": (
                segviz.conv_matrix([[7, 5]], input_size=(2, 3)).T
            ),
        },
    )


@exercise("05.3")
def matrix_of_any_kernel(stub):
    """conv_matrix(kernel, input_size) with stride 1 and no padding."""

    def transposed(kernel, input_size):
        return segviz.conv_matrix(kernel, input_size).T

    def flipped(kernel, input_size):
        return segviz.conv_matrix(kernel[::-1, ::-1], input_size)

    def swapped_axes(kernel, input_size):
        return segviz.conv_matrix(kernel.T, input_size[::-1])

    return check(
        stub,
        segviz.conv_matrix,
        (np.array([[1, 2, 3], [4, 5, 6]]), (3, 5)),
        (np.array([[1], [2]]), (4, 3)),
        hints=[
            "Start from zeros of shape (out_h·out_w, in_h·in_w), with out_h = in_h − kernel_h + 1.",
            "Four loops are fine, over r, c of the output and i, j of the kernel:"
            " C[r * out_w + c, (r + i) * in_w + (c + j)] = kernel[i, j].",
        ],
        mistakes={
            "This is C.T: rows belong to outputs, columns to image cells.": transposed,
            "The kernel is flipped here; PyTorch's convolution uses it as it is.": flipped,
            "Rows and columns of the image are swapped: flatten row by row.": swapped_axes,
        },
    )


@exercise("05.4")
def size_formula(stub):
    """The output size along one axis."""

    def padding_once(i, k, s, p, o, d):
        return transposed_convolution_size(i, k, s, p, o, d) + p

    def one_step_too_many(i, k, s, p, o, d):
        return transposed_convolution_size(i, k, s, p, o, d) + s

    def undilated(i, k, s, p, o, d):
        return (i - 1) * s - 2 * p + k + o

    def convolution(i, k, s, p, o, d):
        return CONVOLUTION.size(input_size=i, kernel_size=k, stride=s, padding=p, dilation=d)

    return check(
        stub,
        transposed_convolution_size,
        (5, 4, 3, 2, 1, 2),
        (2, 3, 1, 0, 0, 1),
        (7, 3, 2, 1, 1, 2),
        hints=[
            "Without padding: where does the last stamp start, and how wide is it?",
            "(input − 1)·stride, plus the stamp's width, minus padding on both sides,"
            " plus output_padding.",
        ],
        mistakes={
            "Padding cuts on both sides: subtract it twice.": padding_once,
            "Only the steps between inputs count: (input − 1)·stride.": one_step_too_many,
            "This leaves out dilation, which spreads the stamp's cells.": undilated,
            "This is the size of the ordinary convolution, the way down.": convolution,
        },
    )


@exercise("05.5")
def padding_that_doubles(answer):
    """Kernel 4, stride 2: the padding with which the output is twice the input."""
    return check_value(
        answer,
        1,
        hints=[
            "Set the formula equal to 2·input and solve it for padding.",
            "(input − 1)·2 − 2·padding + 3 + 1 = 2·input",
        ],
        mistakes={
            "That leaves 2 cells too many: one more has to go on each side.": 0,
            "That cuts 2 cells too many: padding counts on both sides.": 2,
        },
    )
