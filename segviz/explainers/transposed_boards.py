"""The boards of the transposed convolution's three views: stamps, inserted zeros, the matrix."""

import numpy as np

from segviz.explainers.layout import board, by
from segviz.explainers.transposed_story import Story
from segviz.relations import NOTHING, Relation, ZeroInsertion
from segviz.relations.zero_insertion import CROPPED, INPUT, INSERTED, PADDING
from segviz.scenes import Board

TOP, MIDDLE = 56, 294  # where the boards of the upper and the lower row begin
TALL = 170  # and how high they may be
ROLES = {INPUT: "input", INSERTED: "zero", PADDING: "padding", CROPPED: "cut"}
ZEROS = {
    INSERTED: "0, inserted between two input cells: stride − 1 zeros go between neighbours.",
    PADDING: "0, padded: dilation·(kernel − 1) − padding zeros go around the input, and"
    " output_padding more at the bottom and on the right.",
    CROPPED: "Cut off: padding is larger than dilation·(kernel − 1), and takes from the input.",
}


def stamp_boards(taps, input, kernel, story: Story, typed: bool) -> tuple[Board, ...]:
    """The first view: input value times kernel, added where stamps overlap.

    typed: whether the kernel's numbers may be typed over.
    """
    output = taps.apply(input, kernel)
    return (
        board(
            "input",
            f"input {by(input.shape)}",
            input,
            ["input"],
            "input",
            at=(12, TOP),
            area=(190, TALL),
            says=story.inputs,
            editable="input",
        ),
        board(
            "kernel",
            f"kernel {by(kernel.shape)}",
            kernel,
            ["kernel"],
            "kernel",
            at=(232, TOP),
            area=(190, TALL),
            says=story.weights,
            editable="kernel" if typed else None,
            only="input",
        ),
        board(
            "output",
            f"output {by(output.shape)}",
            output,
            ["output"],
            "output",
            at=(452, TOP),
            area=(240, TALL),
            says=story.outputs,
            only="input",
        ),
    )


def zero_boards(zeros: ZeroInsertion, input, kernel, story: Story) -> tuple[Board, ...]:
    """The second view: an ordinary convolution of the stretched input with the flipped kernel."""
    stretched, flipped = zeros.stretch(input), kernel[::-1, ::-1]
    cut = (zeros.kinds == CROPPED) & (zeros.source != NOTHING)
    stretched = np.where(cut, input.ravel()[zeros.source], stretched)
    output = zeros.plain.apply(stretched, flipped)
    return (
        board(
            "stretched",
            f"input, stretched to {by(stretched.shape)}",
            stretched,
            ["stretched"],
            np.vectorize(ROLES.get, otypes=[object])(zeros.kinds),
            at=(12, MIDDLE),
            area=(250, TALL),
            says=tuple(
                story.inputs[i] if kind == INPUT else ZEROS[kind]
                for i, kind in zip(zeros.source.flat, zeros.kinds.flat, strict=True)
            ),
        ),
        board(
            "flipped",
            "kernel, flipped",
            flipped,
            ["flipped"],
            "kernel",
            at=(294, MIDDLE),
            area=(128, 128),
            says=story.weights[::-1],
        ),
        board(
            "result",
            f"output {by(output.shape)}",
            output,
            ["output"],
            "output",
            at=(452, MIDDLE),
            area=(240, TALL),
            says=story.outputs,
        ),
    )


def matrix_boards(taps: Relation, input, kernel, story: Story) -> tuple[Board, ...]:
    """The third view: C.T times the flattened input, with its row and column numbers."""
    matrix = taps.matrix(kernel)  # (output cells, input cells)
    rows, columns = matrix.shape
    present = np.zeros(matrix.shape, bool)
    present[taps.column("output"), taps.column("input")] = True
    of_output, of_input = np.indices(matrix.shape)
    tall, wide = min(30, 390 / rows), min(30, 132 / columns)
    left, top = 752, TOP + 20
    beside = left + wide * columns + 26

    def strip(name, numbers, column, role, at, size, says, title="", lead=""):
        flat = np.arange(numbers.size).reshape(numbers.shape)
        columns = {column: flat}
        return Board(name, title, numbers, columns, role, at, size, says, lead, only="input")

    down, across = np.arange(float(rows))[:, None], np.arange(float(columns))[None, :]
    x, y = input.reshape(-1, 1), (matrix @ input.ravel()).reshape(-1, 1)
    sent, got = "Column # of C.T:  ", "Row # of C.T times x:  "
    of_x, of_y = (story.inputs, "x", sent), (story.outputs, "y", got)
    return (
        strip(
            "rows", down, "output", "index", (left - 26, top), (24, tall), story.outputs, "", got
        ),
        strip(
            "columns",
            across,
            "input",
            "index",
            (left, top - 19),
            (wide, 17),
            story.inputs,
            "",
            sent,
        ),
        Board(
            "matrix",
            "",
            np.where(present, matrix, np.nan),
            {"output": of_output, "input": of_input},
            "kernel",
            (left, top),
            (wide, tall),
            tuple(story.entries[o, i] for o, i in np.argwhere(present).tolist()),
            only="input",
        ),
        strip("x", x, "input", "input", (beside, top), (32, min(30, 390 / columns)), *of_x),
        strip("y", y, "output", "output", (beside + 54, top), (34, tall), *of_y),
    )
