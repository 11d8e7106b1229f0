"""The transposed convolution as stamps, with inserted zeros, and as a matrix: one relation.

With bilinear weights it is set beside `torch.nn.functional.interpolate`.
"""

import numpy as np

from segviz.explainers.beside_interpolate import Comparison
from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import absent, by
from segviz.explainers.transposed_boards import (
    MIDDLE,
    TOP,
    matrix_boards,
    stamp_boards,
    zero_boards,
)
from segviz.explainers.transposed_story import Story
from segviz.relations import (
    TRANSPOSED_CONVOLUTION,
    Relation,
    bilinear_kernel,
    bilinear_settings,
    grid,
    pair,
    per_axis,
    transposed_convolution,
    zero_insertion,
)
from segviz.relations.sizes import Operation, Rule
from segviz.scenes import BuildUp, Label, Scene

SIZE = (1000, 540)
TYPED, BILINEAR = "typed", "bilinear"


def draw(
    input, kernel, *, weights=TYPED, stride=1, padding=0, output_padding=0, dilation=1
) -> Scene:
    """The Scene of `torch.nn.functional.conv_transpose2d(input, kernel, ...)`, one channel each.

    input, kernel: 2-D arrays of finite numbers. weights: "typed", or "bilinear" for the kernel and
    the padding that interpolate by the stride, whatever kernel and padding are. The other
    parameters are integers or pairs (rows, columns). ValueError, in a sentence, for whatever torch
    refuses.
    """
    input, kernel = grid(input, "input").astype(float), grid(kernel, "kernel").astype(float)
    if weights == BILINEAR:
        factors = pair(stride, "stride")
        kernel, padding = bilinear_kernel(factors), tuple(bilinear_settings(f)[1] for f in factors)
    settings = dict(
        stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    values = per_axis(input_size=input.shape, kernel_size=kernel.shape, **settings)
    SHOWN.check_axes(*({"weights": int(weights == BILINEAR)} | axis for axis in values))
    taps = transposed_convolution(input.shape, kernel.shape, **settings)
    zeros = zero_insertion(input.shape, kernel.shape, **settings)
    story = Story(taps, input, kernel)
    call = _call(values)
    if weights == BILINEAR:
        comparison = Comparison(input, taps.apply(input, kernel), pair(stride, "stride"))
        second, beside = "beside interpolate", comparison.boards(MIDDLE)
        lower = (*map(absent, ("stretched", "flipped", "result")), *beside)
        labels = comparison.labels(MIDDLE)
    else:
        second = "a convolution of the input stretched with zeros"
        lower = (*zero_boards(zeros, input, kernel, story), *map(absent, Comparison.NAMES))
        labels = _zero_labels()
    return Scene(
        title="Transposed convolution",
        description=(
            f"An input of {by(input.shape)} cells and a kernel of {by(kernel.shape)} give an output"
            f" of {by(taps.sizes['output'])}: as stamps of the kernel that add up; {second}; the"
            f" matrix C.T times the flattened input. {call}"
        ),
        size=SIZE,
        boards=(
            *stamp_boards(taps, input, kernel, story, weights == TYPED),
            *lower,
            *matrix_boards(taps, input, kernel, story),
        ),
        labels=(*_headings(), *labels, *_formula(values), Label(call, 12, 531, "call")),
        relation=zeros.relation,
        call=call,
        steps="input",
        build_up=_build_up(taps, input, kernel),
    )


def _headings() -> tuple[Label, ...]:
    stamps = "1  Stamps: each input value times the kernel, then added"
    return (
        Label(stamps, 12, 24, "heading"),
        Label("×", 217, TOP + 34, "sign"),
        Label("=", 437, TOP + 34, "sign"),
        Label("3  The matrix: C.T · x = y", 726, 24, "heading"),
        Label("x: input, y: output, flattened", 726, 44, "title"),
    )


def _zero_labels() -> tuple[Label, ...]:
    zeros = "2  Zeros inserted: an ordinary convolution with the flipped kernel"
    return (
        Label(zeros, 12, MIDDLE - 38, "heading"),
        Label("∗", 278, MIDDLE + 34, "sign"),
        Label("=", 437, MIDDLE + 34, "sign"),
    )


def _formula(values: list[dict[str, int]]) -> tuple[Label, ...]:
    """The size formula in words, and with the numbers of each axis."""
    size = TRANSPOSED_CONVOLUTION.size
    rows, columns = (f"{size.filled(**axis)} = {size(**axis)}" for axis in values)
    words = Label(f"output size = {size.in_words()}", 12, 487, "formula")
    if rows == columns:
        return words, Label(f"= {rows}", 12, 508, "formula")
    return (
        words,
        Label(f"rows: {rows}", 12, 508, "formula"),
        Label(f"columns: {columns}", 500, 508, "formula"),
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


SHOWN = Operation(
    TRANSPOSED_CONVOLUTION.name,
    TRANSPOSED_CONVOLUTION.size,
    *TRANSPOSED_CONVOLUTION.rules,
    Rule(
        "stride",
        lambda weights, stride, **_: (weights == 0) | (stride > 1),
        "bilinear weights enlarge by the stride, which must be 2 or more",
    ),
    Rule(
        "kernel_size",
        lambda weights, stride, kernel_size, **_: (
            (weights == 0) | (kernel_size == bilinear_settings(stride)[0])
        ),
        "bilinear weights are 2·stride wide, and one less where the stride is odd",
    ),
    Rule(
        "padding",
        lambda weights, stride, padding, **_: (
            (weights == 0) | (padding == bilinear_settings(stride)[1])
        ),
        "bilinear weights need a padding of half the stride, rounded down",
    ),
    Rule(
        "output_padding",
        lambda weights, output_padding, **_: (weights == 0) | (output_padding == 0),
        "interpolate has no output_padding",
    ),
    Rule(
        "dilation",
        lambda weights, dilation, **_: (weights == 0) | (dilation == 1),
        "interpolate has no dilation",
    ),
    words={"weights": (TYPED, BILINEAR)},
)

TRANSPOSED = Explainer(
    name="Transposed convolution",
    about=(
        "The transposed convolution in three views: stamps, inserted zeros, and the matrix C.T.\n\n"
        "With bilinear weights it is set beside interpolate: equal inside, different at the border."
        " Cells too small for a number show their colour alone: pin one and step with the arrow"
        " keys to read its sentence."
    ),
    draw=draw,
    parameters=(
        choice("weights", "kernel weights", TYPED, BILINEAR, coupled=True),
        Parameter("input_size", "input size", 2, 5, 2),
        Parameter("kernel_size", "kernel size", 1, 5, 3, follows=True),
        Parameter("stride", "stride", 1, 3, 1, follows=True),
        Parameter("dilation", "dilation", 1, 2, 1, follows=True),
        Parameter("output_padding", "output_padding", 0, 2, 0, follows=True),
        Parameter("padding", "padding", 0, 11, 0, follows=True),
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
    operation=SHOWN,
    foremost=("stride", "padding", "kernel_size", "weights"),
)
