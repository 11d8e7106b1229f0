"""Six ways to enlarge one input, side by side: what each output cell is made of."""

import numpy as np

from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import board, by
from segviz.explainers.upsampling_told import Told
from segviz.relations import (
    NOTHING,
    Relation,
    bed_of_nails,
    bilinear,
    bilinear_kernel,
    grid,
    listed,
    max_pooling,
    max_unpooling,
    nearest,
    pair,
    transposed_convolution,
)
from segviz.relations.sizes import Operation, Rule
from segviz.relations.upsampling import ENLARGED_SIZE
from segviz.scenes import Board, Label, Scene, heat, number

SIZE = (1000, 556)
TOP, BOTTOM = 62, 293  # where the boards of the upper and the lower row begin
LEFT, BESIDE, COLUMNS = 12, 180, (356, 572, 788)
SMALL, LARGE = (144, 144), (192, 175)  # room for a board on the left, and for one of the six
MOST = 9  # cells on an axis of the output
ROOMY = 30  # units: a smaller cell shows fewer digits; its sentence has them all

LEARNED, ONES, NAIL, BILINEAR = "learned", "all ones", "one nail", "bilinear"

TITLES = {
    "nearest": "nearest",
    "nails": "bed of nails",
    "unpooled": "max unpooling",
    "bilinear": "bilinear, align_corners=False",
    "aligned": "bilinear, align_corners=True",
    "transposed": "transposed convolution",
}

# What the encoder pooled, to be remembered by max unpooling; made up, no two neighbours alike.
EARLIER = np.array(
    [
        [int(digit) for digit in row]
        for row in (
            "280416375",
            "613950284",
            "704283619",
            "159672840",
            "846015927",
            "320794158",
            "975138462",
            "041826793",
            "568340271",
        )
    ]
)

ENLARGING = Operation(
    "enlarging",
    None,
    Rule(
        "factor",
        lambda input_size, factor: ENLARGED_SIZE(input_size=input_size, factor=factor) <= MOST,
        f"the output would have more than {MOST} cells on an axis, too small to read",
    ),
)


def draw(input, kernel, *, factor=2, weights=LEARNED) -> Scene:
    """The Scene of six enlargements of `input` by `factor`.

    input: 2-D array of finite numbers. factor: an integer or a pair (rows, columns). weights: which
    kernel the transposed convolution has: LEARNED (the upper left corner of `kernel`, `factor`
    cells on each axis), ONES, NAIL or BILINEAR. ValueError, in a sentence, for what cannot be.
    """
    input, factor = grid(input, "input").astype(float), pair(factor, "factor")
    kernel, padding = _weights(weights, grid(kernel, "kernel").astype(float), factor)
    size = tuple(
        ENLARGED_SIZE(input_size=cells, factor=times)
        for cells, times in zip(input.shape, factor, strict=True)
    )
    indices = max_pooling(EARLIER[: size[0], : size[1]], factor).indices
    ways = {
        "nearest": nearest(input.shape, size),
        "nails": bed_of_nails(input.shape, factor),
        "unpooled": max_unpooling(indices, size),
        "bilinear": bilinear(input.shape, size),
        "aligned": bilinear(input.shape, size, align_corners=True),
        "transposed": transposed_convolution(
            input.shape, kernel.shape, stride=factor, padding=padding
        ),
    }
    outputs = {
        # what is left of thirds that should add up to nothing is nothing to show
        name: way.apply(input, kernel if name == "transposed" else None).round(12) + 0
        for name, way in ways.items()
    }
    told = Told(ways, outputs, input, kernel, indices, fractions=weights == BILINEAR)
    calls = _calls(factor, padding)
    return Scene(
        title="Upsampling",
        description=(
            f"An input of {by(input.shape)} cells becomes an output of {by(size)} in six ways:"
            " nearest neighbour, bed of nails, max unpooling, bilinear with align_corners=False and"
            f" True, transposed convolution with a kernel of {by(kernel.shape)}. {calls[0]}"
        ),
        size=SIZE,
        boards=(
            *_left_boards(input, indices, kernel, weights, factor, told),
            *(
                _enlarged(name, input, outputs[name], told, (x, y))
                for name, (y, x) in zip(
                    TITLES, ((y, x) for y in (TOP, BOTTOM) for x in COLUMNS), strict=True
                )
            ),
        ),
        labels=(
            *_headings(input.shape, size),
            *_formula(input.shape, factor),
            Label(_compared(outputs, weights), LEFT, 492, "title"),
            *_placed(calls),
        ),
        relation=_together(ways, input.shape, kernel.shape),
        call=calls[0],
        steps="input",
    )


def _weights(weights: str, kernel: np.ndarray, factor) -> tuple[np.ndarray, tuple[int, int]]:
    """The transposed convolution's kernel, and the padding that belongs to it."""
    if weights == BILINEAR:
        return bilinear_kernel(factor), (factor[0] // 2, factor[1] // 2)
    if weights == LEARNED:
        if kernel.shape[0] < factor[0] or kernel.shape[1] < factor[1]:
            raise ValueError(
                f"kernel has {by(kernel.shape)} weights, factor asks for {by(factor)}."
            )
        return kernel[: factor[0], : factor[1]], (0, 0)
    if weights == ONES:
        return np.ones(factor), (0, 0)
    nail = np.zeros(factor)
    nail[0, 0] = 1
    return nail, (0, 0)


def _together(ways: dict[str, Relation], input_size, kernel_size) -> Relation:
    """The taps of all six, one way after another: each has its own grid of outputs."""
    starts = np.cumsum([0, *map(len, ways.values())])

    def only_in(name, cells):
        column = np.full(starts[-1], NOTHING)
        at = list(ways).index(name)
        column[starts[at] : starts[at + 1]] = cells
        return column

    outputs = {name: only_in(name, way.column("output")) for name, way in ways.items()}
    return listed(
        {
            "input": input_size,
            "index": input_size,
            "kernel": kernel_size,
            **{name: way.sizes["output"] for name, way in ways.items()},
        },
        input=np.concatenate([way.column("input") for way in ways.values()]),
        index=only_in("unpooled", ways["unpooled"].column("input")),
        kernel=only_in("transposed", ways["transposed"].column("kernel")),
        **outputs,
    )


def _left_boards(input, indices, kernel, weights, factor, told) -> tuple[Board, ...]:
    """What goes in: the input, the remembered places, the kernel."""
    parts = 1
    if weights == BILINEAR:
        parts = (factor[0] * factor[1]) * 2 ** sum(1 - times % 2 for times in factor)
    shown = f", in {parts}ths" if parts > 1 else ""
    return (
        board(
            "input",
            f"input {by(input.shape)}",
            input,
            ["input"],
            heat(input),
            at=(LEFT, TOP),
            area=SMALL,
            says=told.of_inputs(),
            editable="input",
        ),
        board(
            "indices",
            "remembered indices",
            indices,
            ["index"],
            "kernel",
            at=(BESIDE, TOP),
            area=SMALL,
            says=told.of_indices(),
        ),
        board(
            "kernel",
            f"kernel {by(kernel.shape)}{shown}",
            kernel,
            ["kernel"],
            "kernel",
            at=(LEFT, BOTTOM),
            area=SMALL,
            says=told.of_weights(),
            editable="kernel" if weights == LEARNED else None,
            texts=tuple(number(weight * parts, 3) for weight in kernel.flat),
        ),
    )


def _enlarged(name, input, output, told, at) -> Board:
    digits = 3 if min(LARGE) / max(output.shape) >= ROOMY else 2
    roles = heat(output, input.max()).ravel()
    empty = [o for o, taps in enumerate(told.taps[name]) if not taps]
    roles[empty] = "zero"
    return board(
        name,
        TITLES[name],
        output,
        [name],
        roles.reshape(output.shape),
        at=at,
        area=LARGE,
        says=told.of(name),
        texts=tuple(number(value, digits) for value in output.flat),
    )


def _headings(input_size, size) -> tuple[Label, ...]:
    return (
        Label(f"From {by(input_size)} to {by(size)}", LEFT, 24, "heading"),
        Label("One value each, copied or put in one place", COLUMNS[0], 24, "heading"),
        Label("Sums of several values, each with its weight", COLUMNS[0], 264, "heading"),
    )


def _formula(input_size, factor) -> tuple[Label, ...]:
    rows, columns = (
        f"{ENLARGED_SIZE.filled(**values)} = {ENLARGED_SIZE(**values)}"
        for values in (
            dict(input_size=cells, factor=times)
            for cells, times in zip(input_size, factor, strict=True)
        )
    )
    numbers = [f"= {rows}"] if rows == columns else [f"rows: {rows}", f"columns: {columns}"]
    lines = ["output size", f"= {ENLARGED_SIZE.in_words()}", *numbers]
    return tuple(
        Label(line, BESIDE, BOTTOM + 20 + 21 * n, "formula") for n, line in enumerate(lines)
    )


LIKE = {ONES: "nearest", NAIL: "nails", BILINEAR: "bilinear"}


def _compared(outputs: dict[str, np.ndarray], weights: str) -> str:
    """What the transposed convolution has become."""
    if weights == LEARNED:
        return (
            "Learned weights: the transposed convolution can become any of the others but the"
            " unpooling. Choose its weights to see."
        )
    other = LIKE[weights]
    same = np.isclose(outputs["transposed"], outputs[other])
    title = TITLES[other]
    if same.all():
        return (
            f"With these weights the transposed convolution is “{title}”, in all {same.size} cells."
        )
    return (
        f"With these weights the transposed convolution is “{title}” in {same.sum()} of {same.size}"
        " cells: at the border its stamps lack neighbours."
    )


def _calls(factor: tuple[int, int], padding: tuple[int, int]) -> tuple[str, ...]:
    """The PyTorch calls of the six; one number where both axes agree."""
    by_factor, by_padding = (both[0] if both[0] == both[1] else both for both in (factor, padding))
    return (
        f'F.interpolate(x, scale_factor={by_factor}, mode="nearest")',
        f"F.max_unpool2d(x, indices, {by_factor})",
        f'F.interpolate(x, scale_factor={by_factor}, mode="bilinear")',
        f"F.conv_transpose2d(x, w, stride={by_factor}, padding={by_padding})",
        f'F.interpolate(x, scale_factor={by_factor}, mode="bilinear", align_corners=True)',
        f"F.conv_transpose2d(x, nail, stride={by_factor})",
    )


def _placed(calls: tuple[str, ...]) -> tuple[Label, ...]:
    """Two to a line."""
    return tuple(
        Label(call, (LEFT, 646 if at == 5 else 510)[at % 2], 513 + 18 * (at // 2), "call")
        for at, call in enumerate(calls)
    )


UPSAMPLING = Explainer(
    name="Upsampling",
    about=(
        "Six ways to enlarge one input, side by side, and what each output cell is made of: nearest"
        " neighbour, bed of nails, max unpooling, bilinear with and without align_corners, and the"
        " transposed convolution, whose weights may make it one of the others."
    ),
    draw=draw,
    parameters=(
        Parameter("input_size", "input size", 2, 4, 2),
        Parameter("factor", "factor", 2, 4, 2),
        choice("weights", "kernel weights", LEARNED, ONES, NAIL, BILINEAR),
    ),
    grids=(
        NumberGrid(
            "input", "input_size", ((4, 8, 0, 12), (12, 16, 4, 8), (0, 8, 12, 4), (8, 4, 16, 0))
        ),
        NumberGrid(
            "kernel",
            "",
            ((1, 0.5, 0.25, 0), (0.5, 0.25, 0, 1), (0.25, 0, 1, 0.5), (0, 1, 0.5, 0.25)),
            corner=True,
        ),
    ),
    operation=ENLARGING,
)
