"""The transposed convolution as stamps, with inserted zeros, and as a matrix: one relation."""

import numpy as np

from segviz.explainers.explainer import Explainer, NumberGrid, Parameter
from segviz.explainers.layout import board, by
from segviz.explainers.sentences import Products, counted, sum_of
from segviz.relations import (
    NOTHING,
    TRANSPOSED_CONVOLUTION,
    Relation,
    ZeroInsertion,
    grid,
    per_axis,
    transposed_convolution,
    zero_insertion,
)
from segviz.relations.zero_insertion import CROPPED, INPUT, INSERTED, PADDING
from segviz.scenes import Board, BuildUp, Label, Scene, written

SIZE = (1000, 706)
TOP, MIDDLE = 66, 402  # where the boards of the upper and the lower row begin
ROLES = {INPUT: "input", INSERTED: "zero", PADDING: "padding", CROPPED: "cut"}
ZEROS = {
    INSERTED: "0, inserted between two input cells: stride − 1 zeros go between neighbours.",
    PADDING: "0, padded: dilation·(kernel − 1) − padding zeros go around the input, and"
    " output_padding more at the bottom and on the right.",
    CROPPED: "Cut off: padding is larger than dilation·(kernel − 1), and takes from the input.",
}


def draw(input, kernel, *, stride=1, padding=0, output_padding=0, dilation=1) -> Scene:
    """The Scene of `torch.nn.functional.conv_transpose2d(input, kernel, ...)`, one channel each.

    input, kernel: 2-D arrays of finite numbers. The other parameters are integers or pairs
    (rows, columns). ValueError, in a sentence, for whatever torch refuses.
    """
    input, kernel = grid(input, "input").astype(float), grid(kernel, "kernel").astype(float)
    settings = dict(
        stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    taps = transposed_convolution(input.shape, kernel.shape, **settings)
    zeros = zero_insertion(input.shape, kernel.shape, **settings)
    story = _Story(taps, input, kernel)
    values = per_axis(input_size=input.shape, kernel_size=kernel.shape, **settings)
    call = _call(values)
    return Scene(
        title="Transposed convolution",
        description=(
            f"An input of {by(input.shape)} cells and a kernel of {by(kernel.shape)} give an output"
            f" of {by(taps.sizes['output'])}, in three ways: stamps of the kernel that add up; a"
            " convolution of the input stretched with zeros; the matrix C.T times the flattened"
            f" input. {call}"
        ),
        size=SIZE,
        boards=(
            *_stamp_boards(taps, input, kernel, story),
            *_zero_boards(zeros, input, kernel, story),
            *_matrix_boards(taps, input, kernel, story),
        ),
        labels=(*_headings(input.size), *_formula(values), Label(call, 12, 694, "call")),
        relation=zeros.relation,
        call=call,
        steps="input",
        build_up=_build_up(taps, input, kernel),
    )


class _Story:
    """What is said about each cell."""

    def __init__(self, taps: Relation, input: np.ndarray, kernel: np.ndarray):
        products = Products(taps, input, kernel)
        output = taps.apply(input, kernel)
        self.outputs = tuple(
            f"{products.named('output', o)} = {sum_of([products.texts[t] for t in reached], total)}"
            f"   ({_overlap(len(reached))})"
            for o, (reached, total) in enumerate(
                zip(products.of("output"), output.flat, strict=True)
            )
        )
        self.inputs = tuple(
            f"{products.named('input', i)} = {written(value)} stamps the kernel"
            f"{_cut(sent, kernel.size)}: {products.sent(sent) or 'nothing is left of it'}"
            for i, (sent, value) in enumerate(zip(products.of("input"), input.flat, strict=True))
        )
        self.weights = tuple(
            f"{products.named('kernel', k)} = {written(value)} is used"
            f" {counted(len(used), 'time')}: "
            + (products.sent(used) or "padding cuts it off wherever it lands")
            for k, (used, value) in enumerate(zip(products.of("kernel"), kernel.flat, strict=True))
        )
        self.entries = {
            (o, i): f"C.T[{o}, {i}] = {products.named('kernel', k)} = {written(kernel.flat[k])}: "
            f"{products.named('input', i)} → {products.named('output', o)} as {text}"
            for i, k, o, text in products
        }


def _overlap(stamps: int) -> str:
    return {0: "no stamp reaches it", 1: "one stamp"}.get(stamps, f"{stamps} stamps overlap here")


def _cut(sent: list[int], weights: int) -> str:
    lost = weights - len(sent)
    return f", padding cuts off {lost} of its {counted(weights, 'cell')}" if lost else ""


def _stamp_boards(taps, input, kernel, story) -> tuple[Board, ...]:
    """The first view: input value times kernel, added where stamps overlap."""
    output = taps.apply(input, kernel)
    return (
        board(
            "input",
            f"input {by(input.shape)}",
            input,
            ["input"],
            "input",
            at=(12, TOP),
            area=(190, 190),
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
            area=(190, 190),
            says=story.weights,
            editable="kernel",
            only="input",
        ),
        board(
            "output",
            f"output {by(output.shape)}",
            output,
            ["output"],
            "output",
            at=(452, TOP),
            area=(240, 250),
            says=story.outputs,
            only="input",
        ),
    )


def _zero_boards(zeros: ZeroInsertion, input, kernel, story) -> tuple[Board, ...]:
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
            area=(250, 212),
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
            area=(240, 212),
            says=story.outputs,
        ),
    )


def _matrix_boards(taps: Relation, input, kernel, story) -> tuple[Board, ...]:
    """The third view: C.T times the flattened input, with its row and column numbers."""
    matrix = taps.matrix(kernel)  # (output cells, input cells)
    rows, columns = matrix.shape
    present = np.zeros(matrix.shape, bool)
    present[taps.column("output"), taps.column("input")] = True
    of_output, of_input = np.indices(matrix.shape)
    tall, wide = min(30, 530 / rows), min(30, 132 / columns)
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
        strip("x", x, "input", "input", (beside, top), (32, min(30, 530 / columns)), *of_x),
        strip("y", y, "output", "output", (beside + 54, top), (34, tall), *of_y),
    )


def _headings(columns: int) -> tuple[Label, ...]:
    stamps = "1  Stamps: each input value times the kernel, then added"
    zeros = "2  Zeros inserted: an ordinary convolution with the flipped kernel"
    return (
        Label(stamps, 12, 24, "heading"),
        Label("×", 217, TOP + 34, "sign"),
        Label("=", 437, TOP + 34, "sign"),
        Label(zeros, 12, 360, "heading"),
        Label("∗", 278, MIDDLE + 34, "sign"),
        Label("=", 437, MIDDLE + 34, "sign"),
        Label("3  The matrix: C.T · x = y", 726, 24, "heading"),
        Label("x: input, y: output, flattened", 726, 48, "title"),
    )


def _formula(values: list[dict[str, int]]) -> tuple[Label, ...]:
    """The size formula in words, and with the numbers of each axis."""
    size = TRANSPOSED_CONVOLUTION.size
    rows, columns = (f"{size.filled(**axis)} = {size(**axis)}" for axis in values)
    words = Label(f"output size = {size.in_words()}", 12, 644, "formula")
    if rows == columns:
        return words, Label(f"= {rows}", 12, 667, "formula")
    return (
        words,
        Label(f"rows: {rows}", 12, 667, "formula"),
        Label(f"columns: {columns}", 500, 667, "formula"),
    )


def _call(values: list[dict[str, int]]) -> str:
    """The PyTorch call; one number where both axes agree."""
    rows, columns = values
    settings = ", ".join(
        f"{name}={rows[name] if rows[name] == columns[name] else (rows[name], columns[name])}"
        for name in ("stride", "padding", "output_padding", "dilation")
    )
    return f"torch.nn.functional.conv_transpose2d(x, w, {settings})"


def _build_up(taps: Relation, input, kernel) -> BuildUp:
    """The output after each stamp."""
    products = taps.products(input, kernel)
    inputs, outputs = taps.column("input"), taps.column("output")
    so_far = np.zeros(int(np.prod(taps.sizes["output"])))
    steps = []
    for i in range(input.size):
        stamp = inputs == i
        np.add.at(so_far, outputs[stamp], products[stamp])
        steps.append(tuple((int(o), float(so_far[o])) for o in outputs[stamp]))
    return BuildUp("output", "input", tuple(steps))


TRANSPOSED = Explainer(
    name="Transposed convolution",
    about=(
        "The transposed convolution in three views: stamps, inserted zeros, and the matrix C.T.\n\n"
        "Cells too small for a number show their colour alone: pin one and step with the arrow keys"
        " to read its sentence."
    ),
    draw=draw,
    parameters=(
        Parameter("input_size", "input size", 2, 5, 2),
        Parameter("kernel_size", "kernel size", 1, 5, 3),
        Parameter("stride", "stride", 1, 3, 1),
        Parameter("dilation", "dilation", 1, 2, 1),
        Parameter("output_padding", "output_padding", 0, 2, 0),
        Parameter("padding", "padding", 0, 11, 0),
    ),
    grids=(
        # the upper left corner is the lecture's example
        NumberGrid(
            "input",
            "input_size",
            ((2, 1, 3, 0, 5), (4, 4, 1, 2, 1), (1, 3, 2, 5, 0), (0, 2, 4, 1, 3), (5, 1, 0, 3, 2)),
        ),
        NumberGrid(
            "kernel",
            "kernel_size",
            ((1, 4, 1, 2, 0), (1, 4, 3, 0, 1), (3, 3, 1, 1, 2), (2, 0, 1, 3, 1), (0, 1, 2, 1, 4)),
        ),
    ),
    operation=TRANSPOSED_CONVOLUTION,
)
