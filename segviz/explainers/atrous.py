"""The atrous convolution: its taps, the responses that a stride leaves out, and stacks of rates.

Source of the comparison with samples: Chen et al. 2018, "DeepLab", section 3.1; of the stacks and
their gridding: Wang et al. 2018, "Understanding Convolution for Semantic Segmentation".
"""

import numpy as np

from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import absent, board, by
from segviz.explainers.rate_stack import STACKS, draw_stack
from segviz.explainers.sentences import Products, cell, counted, sum_of
from segviz.relations import (
    CONVOLUTION,
    NOTHING,
    SPAN,
    Relation,
    atrous,
    grid,
    over_samples,
    pair,
)
from segviz.scenes import Board, Label, Scene, written

SIZE = (1000, 540)
VIEWS = ("one layer", "every r-th cell", "a stack")
BOARDS = (
    *("input", "kernel", "spread", "output", "sampled", "response", "placed"),
    *("plane", "map_0", "map_1", "map_2", "map_3"),
)
FEW = 12  # rows and columns of the map in the second view


def draw(input, kernel, *, show=VIEWS[0], rate=2, stack=STACKS[0]) -> Scene:
    """One of three pictures: the taps of `conv2d(input, kernel, padding=rate, dilation=rate)`; this
    beside the ordinary convolution over every rate-th cell; three layers of the rates `stack`.

    input: 2-D array; kernel: 2-D array (3, 3). rate: an integer or a pair (rows, columns).
    """
    input, kernel = grid(input, "input").astype(float), grid(kernel, "kernel").astype(float)
    if show == VIEWS[0]:
        parts = _one_layer(input, kernel, pair(rate, "rate"))
    elif show == VIEWS[1]:
        parts = _beside_samples(input[:FEW, :FEW], kernel, pair(rate, "rate"))
    else:
        parts = draw_stack(stack)
    given = {each.name: each for each in parts.pop("boards")}
    labels, call = parts.pop("labels"), parts["call"]
    return Scene(
        size=SIZE,
        boards=tuple(given.get(name) or absent(name) for name in BOARDS),
        labels=(*labels, Label(call, 12, 530, "call")),
        **parts,
    )


def _one_layer(input, kernel, rate) -> dict:
    """The input, the kernel as it lies over it, and the output."""
    taps = atrous(input.shape, len(kernel), rate)
    output = taps.apply(input, kernel)
    story = _Story(taps, input, kernel)
    side, top = 391, 60
    middle = tuple(length // 2 for length in input.shape)
    marked = int(np.ravel_multi_index(middle, input.shape))
    read = taps.column("input")[taps.column("output") == marked]
    call = f"torch.nn.functional.conv2d(x, w, padding={_one(rate)}, dilation={_one(rate)})"
    return dict(
        title="Atrous convolution",
        description=(
            f"A kernel of {by(kernel.shape)}, its taps {_apart(rate)}, over an input of"
            f" {by(input.shape)}: {kernel.size} weights span {by(_span(rate))} cells. {call}"
        ),
        boards=(
            board(
                "input",
                f"input {by(input.shape)}; green: what {cell('output', marked, input.shape)} reads",
                input,
                ["input"],
                _marked(input.shape, "input", read),
                at=(12, top),
                area=(side, side),
                says=story.inputs,
                editable="input",
            ),
            board(
                "kernel",
                f"kernel {by(kernel.shape)}",
                kernel,
                ["kernel"],
                "kernel",
                at=(445, top),
                area=(108, 108),
                says=story.weights,
                editable="kernel",
            ),
            _spread(kernel, rate, story, at=(426, top + 164)),
            board(
                "output",
                f"output {by(output.shape)}",
                output,
                ["output"],
                _marked(output.shape, "output", [marked]),
                at=(988 - side, top),
                area=(side, side),
                says=story.outputs,
            ),
        ),
        labels=(
            Label(f"One layer at rate {_one(rate)}: the taps move apart", 12, 24, "heading"),
            *_formulas(input.shape, len(kernel), rate),
        ),
        relation=taps,
        call=call,
        steps="output",
    )


def _spread(kernel, rate, story, at) -> Board:
    """The kernel as it lies over the map, with its holes."""
    span = _span(rate)
    numbers, weights = np.full(span, np.nan), np.full(span, NOTHING)
    numbers[:: rate[0], :: rate[1]] = kernel
    weights[:: rate[0], :: rate[1]] = np.arange(kernel.size).reshape(kernel.shape)
    return board(
        "spread",
        f"spread over {by(span)}",
        numbers,
        {"kernel": weights},
        "kernel",
        at=at,
        area=(148, 148),
        largest=36,
        says=story.weights,
    )


def _formulas(size, kernel_size, rate) -> tuple[Label, ...]:
    """The span of the taps and the size of the output, in words and with the numbers."""
    spans, sizes = [], []
    for step, length in zip(rate, size, strict=True):
        spans.append(
            f"{SPAN.filled(rate=step, kernel_size=kernel_size)}"
            f" = {SPAN(rate=step, kernel_size=kernel_size)}"
        )
        values = dict(
            input_size=length,
            kernel_size=kernel_size,
            stride=1,
            padding=step * (kernel_size // 2),
            dilation=step,
        )
        sizes.append(f"{CONVOLUTION.size.filled(**values)} = {CONVOLUTION.size(**values)}")
    both = [
        each[0] if each[0] == each[1] else f"{each[0]} (rows), {each[1]} (columns)"
        for each in (spans, sizes)
    ]
    return (
        Label(f"span = {SPAN.in_words()} = {both[0]}", 12, 476, "formula"),
        Label(f"output = {both[1]}, for padding = rate", 12, 500, "formula"),
        Label(f"{kernel_size**2} weights at any rate", 426, 400, "title"),
    )


def _beside_samples(input, kernel, rate) -> dict:
    """The ordinary convolution over every rate-th cell, put back; the atrous one over all."""
    taps = atrous(input.shape, len(kernel), rate)
    few = over_samples(taps)
    sampled = input[:: rate[0], :: rate[1]]
    responses, output = few.apply(sampled, kernel), taps.apply(input, kernel)
    story = _Story(taps, input, kernel)
    sparse = _Story(few, sampled, kernel, output="response", input="sampled")
    side, top, below = 264, 68, 386
    placed, of_response = np.full(input.shape, np.nan), np.full(input.shape, NOTHING)
    placed[:: rate[0], :: rate[1]] = responses
    of_response[:: rate[0], :: rate[1]] = np.arange(responses.size).reshape(responses.shape)
    every = "every cell" if rate == (1, 1) else f"1 cell of every {by(rate)}"
    step = ", ".join(f"::{each}" for each in rate)
    strided = f"x[..., {step}]"
    dense = f"F.conv2d(x, w, padding={_one(rate)}, dilation={_one(rate)})"
    call = f"F.conv2d({strided}, w, padding=1) == {dense}[..., {step}]"
    return dict(
        title="Atrous convolution: every position, or every r-th",
        description=(
            f"Over a map of {by(input.shape)}, an ordinary convolution of {every} gives"
            f" {responses.size} responses; the atrous one at rate {_one(rate)} gives"
            f" {output.size}, the same at those places. {call}"
        ),
        boards=(
            board(
                "input",
                f"map {by(input.shape)}; green: {every}",
                input,
                ["input"],
                _marked(input.shape, "input", np.flatnonzero(of_response != NOTHING)),
                at=(12, top),
                area=(side, side),
                says=story.inputs,
                editable="input",
            ),
            Board(
                "placed",
                f"put back: {responses.size} of {placed.size} places",
                placed,
                {"response": of_response},
                "output",
                (368, top),
                (side / FEW, side / FEW),
                sparse.outputs,
            ),
            board(
                "output",
                f"atrous, rate {_one(rate)}: all {output.size} places",
                output,
                ["output"],
                _marked(output.shape, "output", np.flatnonzero(of_response != NOTHING)),
                at=(724, top),
                area=(side, side),
                says=story.outputs,
            ),
            board(
                "sampled",
                f"{every}: {by(sampled.shape)}",
                sampled,
                ["sampled"],
                "input",
                at=(12, below),
                area=(114, 114),
                largest=side / FEW,
                says=sparse.inputs,
            ),
            board(
                "kernel",
                "kernel 3×3",
                kernel,
                ["kernel"],
                "kernel",
                at=(216, below),
                area=(96, 96),
                says=story.weights,
                editable="kernel",
            ),
            board(
                "response",
                f"responses {by(responses.shape)}",
                responses,
                ["response"],
                "output",
                at=(368, below),
                area=(114, 114),
                largest=side / FEW,
                says=sparse.outputs,
            ),
        ),
        labels=(
            Label("A stride, or a pooling, leaves responses out", 12, 24, "heading"),
            Label("Atrous: none is left out", 724, 24, "heading"),
            Label("∗", 190, below + 40, "sign"),
            Label("=", 340, below + 40, "sign"),
            *(
                Label(line, 560, below + 16 + 25 * n, "formula")
                for n, line in enumerate(_compared(rate, responses.size, output.size))
            ),
        ),
        relation=taps,
        call=call,
        steps="response",
    )


def _compared(rate, sparse: int, dense: int) -> tuple[str, ...]:
    """What the second view teaches, with its numbers."""
    share = dense / sparse
    about = "" if share == round(share) else "about "
    return (
        f"left: responses at {about}1/{share:.3g} of the positions",
        f"right: at all, {dense - sparse} more, with the same 9 weights",
        f"green: the {sparse} numbers that both have",
        f"a response spans {by(_span(rate))} cells of the map in both",
    )


class _Story:
    """What is said about each cell."""

    def __init__(self, taps: Relation, values, kernel, *, output="output", input="input"):
        products = Products(taps, values, kernel)
        sizes, total = taps.sizes, taps.apply(values, kernel).ravel()
        outputs = taps.column("output")
        self.outputs = tuple(
            f"{cell(output, o, sizes['output'])} = "
            f"{sum_of([products.texts[t] for t in reached], total[o])}"
            f"{_padded(kernel.size - len(reached))}"
            for o, reached in enumerate(products.of("output"))
        )
        self.inputs = tuple(
            f"{cell(input, i, sizes['input'])} = {written(value)} is read by"
            f" {counted(len(sent), 'output')}: {_first_to_last(output, outputs[sent], sizes)}"
            for i, (sent, value) in enumerate(zip(products.of("input"), values.flat, strict=True))
        )
        self.weights = tuple(
            f"{cell('kernel', k, kernel.shape)} = {written(value)} is used {len(used)} times: for"
            f" {counted(int(total.size) - len(used), 'output')} it falls into the padding."
            for k, (used, value) in enumerate(zip(products.of("kernel"), kernel.flat, strict=True))
        )


def _first_to_last(name: str, outputs: np.ndarray, sizes) -> str:
    ends = [cell(name, int(o), sizes["output"]) for o in (outputs.min(), outputs.max())]
    return ends[0] + "." if ends[0] == ends[1] else f"{ends[0]} … {ends[1]}."


def _padded(lost: int) -> str:
    return f"   ({counted(lost, 'tap')} in the padding)" if lost else ""


def _marked(shape, role: str, marked) -> np.ndarray:
    """Roles; that of the marked cells is a green that stands out."""
    roles = np.full(shape, role, object)
    roles.flat[np.asarray(marked, int)] = "class-3"
    return roles


def _span(rate) -> tuple[int, int]:
    return tuple(SPAN(rate=step, kernel_size=3) for step in rate)


def _apart(rate) -> str:
    if rate == (1, 1):
        return "side by side"
    return f"{rate[0]} cells apart" if rate[0] == rate[1] else f"{by(rate)} cells apart"


def _one(rate) -> int | tuple[int, int]:
    """One number where both axes agree."""
    return rate[0] if rate[0] == rate[1] else rate


def _digits(*rows: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row)) for row in rows)


ATROUS = Explainer(
    name="Atrous convolution",
    about=(
        "The atrous (dilated) convolution: its taps move apart, its weights stay; beside it the"
        " responses that a stride leaves out; and what a stack of rates covers."
    ),
    draw=draw,
    parameters=(
        choice("show", "show", *VIEWS),
        Parameter("rate", "rate", 1, 8, 2),
        choice("stack", "rates of the stack", *STACKS),
    ),
    grids=(
        NumberGrid(
            "input",
            "",
            _digits(
                *("11001001010000001", "00110100000100100", "10100122200001000"),
                *("10102233322000101", "00023344433211000", "01023433443210100"),
                *("00234444444321000", "00234344444320100", "01234433444321001"),
                *("00023343443201100", "10023344333200001", "00002233322000010"),
                *("00000022201133330", "10001000010134430", "10010000000034430"),
                *("01110011100033330", "00001000100110000"),
            ),
        ),
        # the lecture's kernel
        NumberGrid("kernel", "", ((1, 4, 1), (1, 4, 3), (3, 3, 1))),
    ),
)
