"""A fully connected layer is a convolution whose kernels are as large as its input.

Long, Shelhamer, Darrell 2015, "Fully convolutional networks for semantic segmentation", sec. 3.1.
"""

import numpy as np

from segviz.explainers.dense_to_conv_story import CLASSES, Story
from segviz.explainers.explainer import Explainer, NumberGrid, Parameter
from segviz.explainers.layout import absent, board, by
from segviz.explainers.sentences import counted
from segviz.relations import grid, pair, per_axis
from segviz.relations.sizes import Operation, Rule, SizeFormula
from segviz.scenes import Board, BuildUp, Label, Scene, heat

SIZE = (1000, 542)
LEFT, ROW, ACROSS = 104, 20, 810  # of the matrix: where it begins, a row's height, its width
X_TOP, W_TOP, TOP, SCORES_TOP = 58, 106, 252, 382
COLUMN = 150  # of a class: its kernel, its scores
LEGENDS = ("bg", *CLASSES[1:])

# A cat's face, and a dog's below and to the right of it. The cat's and the dog's rows of weights
# are templates; the background's are positive where only one of the two has a mark.
INPUT = (
    (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    (1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0),
    (1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    (1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0),
    (1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    (0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0),
    (0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1),
    (0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1),
    (0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1),
    (0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0),
    (0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0),
)
WEIGHTS = {
    "background": (
        (2, 2, 2, 2, 2, 2),
        (0, 0, 2, 2, 0, 0),
        (0, 2, 0, 0, 2, 0),
        (0, 0, 0, 0, 0, 0),
        (2, 2, 0, 0, 2, 2),
        (0, 2, 0, 0, 2, 0),
    ),
    "cat": (
        (1, -3, -3, -3, -3, 1),
        (1, 1, -3, -3, 1, 1),
        (1, 1, 1, 1, 1, 1),
        (1, -3, 1, 1, -3, 1),
        (1, 1, 1, 1, 1, 1),
        (-3, 1, 1, 1, 1, -3),
    ),
    "dog": (
        (-3, 1, 1, 1, 1, -3),
        (1, 1, 1, 1, 1, 1),
        (1, -3, 1, 1, -3, 1),
        (1, -3, 1, 1, -3, 1),
        (-3, -3, 1, 1, -3, -3),
        (-3, -3, 1, 1, -3, -3),
    ),
}

# Dumoulin and Visin 2016, "A guide to convolution arithmetic", relationship 6
OUTPUT_SIZE = SizeFormula("(input_size - kernel_size + 2 * padding) // stride + 1")


def draw(input, background, cat, dog, *, stride=1) -> Scene:
    """The Scene of `torch.nn.functional.conv2d(input, w.reshape(3, 1, ...))`, w being the matrix of
    a dense layer for three classes.

    input: 2-D array of finite numbers; background, cat, dog: such arrays, all of one size, the
    weights of each class. stride: an integer or a pair (rows, columns). ValueError, in a sentence,
    for whatever torch refuses.
    """
    image = grid(input, "input").astype(float)
    named = dict(zip(CLASSES, (background, cat, dog), strict=True))
    weights = np.stack([grid(plane, name).astype(float) for name, plane in named.items()])
    values = per_axis(input_size=image.shape, kernel_size=weights.shape[1:], stride=stride)
    story = Story(image, weights, pair(stride, "stride"))
    rows, columns = (axis["stride"] for axis in values)
    size = ", ".join(map(str, weights.shape[1:]))
    call = (
        f"torch.nn.functional.conv2d(x, w.reshape(3, 1, {size}),"
        f" stride={rows if rows == columns else (rows, columns)})"
    )
    return Scene(
        title="Dense layer to convolution",
        description=(
            f"The weights of a dense layer for an input of {by(weights.shape[1:])} cells and three"
            " classes, as the rows of a matrix and as three kernels. Sliding over an input of"
            f" {by(image.shape)} cells, the kernels give maps of {by(story.scores.shape[1:])}"
            f" scores. {call}"
        ),
        size=SIZE,
        boards=(*_dense_boards(story), *_convolution_boards(story), _largest(story)),
        labels=(*_dense_labels(story), *_convolution_labels(story, values, call)),
        relation=story.relation,
        call=call,
        steps="score_1",
        build_up=BuildUp(
            "score_1",
            "score_1",
            tuple(((cell, float(value)),) for cell, value in enumerate(story.scores[1].flat)),
        ),
    )


def _dense_boards(story: Story) -> tuple[Board, ...]:
    """The flattened input, the matrix below it, column under column where they fit, and the scores
    beside it."""
    x, matrix = story.image.reshape(1, -1), story.weights.reshape(len(CLASSES), -1)
    widths = [min(22.5, ACROSS / numbers.shape[1]) for numbers in (x, matrix)]
    weights = np.arange(matrix.size).reshape(matrix.shape)
    missing = "" if story.fits else f"; W has weights for {matrix.shape[1]}"
    scores = Board(
        "dense",
        "scores",
        story.scores.reshape(len(CLASSES), -1),
        {"output": np.arange(len(CLASSES))[:, None]},
        "output",
        (LEFT + widths[1] * matrix.shape[1] + 26, W_TOP),
        (46, ROW),
        story.outputs,
        "Row # of W times x:  ",
    )
    return (
        Board(
            "x",
            f"x: the input flattened, {counted(x.size, 'number')}{missing}",
            x,
            {"input": np.arange(x.size).reshape(x.shape)},
            "input",
            (LEFT, X_TOP),
            (widths[0], 22),
            story.inputs,
        ),
        Board(
            "weights",
            f"W {by(matrix.shape)}",
            matrix,
            {"kernel": weights},
            "kernel",
            (LEFT, W_TOP),
            (widths[1], ROW),
            story.entries,
        ),
        scores if story.fits else absent("dense"),
    )


def _convolution_boards(story: Story):
    """The input; for every class its kernel, and its map of scores."""
    yield board(
        "input",
        f"input {by(story.image.shape)}",
        story.image,
        ["input"],
        "input",
        at=(12, TOP),
        area=(230, 230),
        says=story.inputs,
        editable="input",
    )
    size, scores = by(story.weights.shape[1:]), by(story.scores.shape[1:])
    kernels = np.arange(story.weights.size).reshape(story.weights.shape)
    outputs = np.arange(story.scores.size).reshape(story.scores.shape)
    for number, name in enumerate(CLASSES):
        left = 276 + COLUMN * number
        yield board(
            f"kernel_{number}",
            f"{name} {size}",
            story.weights[number],
            {"kernel": kernels[number]},
            "kernel",
            at=(left, TOP),
            area=(COLUMN - 16, 100),
            largest=34,
            says=tuple(story.kernels[k] for k in kernels[number].flat),
            editable=name,
        )
        yield board(
            f"score_{number}",
            f"scores {scores}",
            story.scores[number],
            {"output": outputs[number]},
            heat(story.scores[number], story.scores.max()),
            at=(left, SCORES_TOP),
            area=(COLUMN - 16, 100),
            largest=34,
            says=tuple(story.outputs[o] for o in outputs[number].flat),
        )


def _largest(story: Story) -> Board:
    """Which class has the largest score at each place; of equal ones the first, as torch.argmax."""
    largest = story.scores.argmax(axis=0)
    return board(
        "largest",
        f"largest score {by(largest.shape)}",
        largest,
        ["place"],
        np.array([f"class-{number}" for number in range(len(CLASSES))], object)[largest],
        at=(744, TOP),
        area=(244, 230),
        says=story.places,
        texts=tuple(LEGENDS[number] for number in largest.flat),
    )


def _dense_labels(story: Story) -> tuple[Label, ...]:
    names = [Label(n, 12, W_TOP + ROW * (c + 0.7), "title") for c, n in enumerate(CLASSES)]
    linear = "torch.nn.functional.linear(x.flatten(1), w)"
    refusal = (
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied"
        f" (1x{story.image.size} and {story.weights[0].size}x{len(CLASSES)})"
    )
    return (
        Label(
            "1  The dense layer: scores = W · x, a row of weights for every class",
            12,
            24,
            "heading",
        ),
        *names,
        Label(linear, 12, 190, "call"),
        *([] if story.fits else [Label(refusal, 386, 190, "title")]),
    )


def _convolution_labels(story: Story, values, call: str) -> tuple[Label, ...]:
    heading = "2  The same rows as kernels: an input of any size, a map of scores for every class"
    filled = [
        f"{OUTPUT_SIZE.filled(**axis, padding=0)} = {size}"
        for axis, size in zip(values, story.scores.shape[1:], strict=True)
    ]
    numbers = filled[0] if filled[0] == filled[1] else f"{filled[0]} rows, {filled[1]} columns"
    weights, places = counted(story.weights.size, "weight"), counted(story.scores[0].size, "place")
    return (
        Label(heading, 12, 222, "heading"),
        Label("∗", 259, TOP + 58, "sign"),
        Label("=", 259, SCORES_TOP + 34, "sign"),
        Label(f"output size = {OUTPUT_SIZE.in_words()} = {numbers}", 12, 508, "formula"),
        Label(call, 12, 532, "call"),
        Label(f"{weights} at {places}; darker scores are larger", 600, 532, "formula"),
    )


DENSE_TO_CONV = Explainer(
    name="Dense layer to convolution",
    about=(
        "A dense layer's weights as the rows of a matrix and as kernels: the same numbers.\n\n"
        "The dense layer takes one input size. The convolution takes any, and gives every class a"
        " map of scores: let the input grow to find the dog."
    ),
    draw=draw,
    parameters=(
        Parameter("kernel_size", "kernel size", 2, 6, 6),
        Parameter("input_size", "input size", 2, 11, 6),
        Parameter("stride", "stride", 1, 3, 1),
    ),
    grids=(
        NumberGrid("input", "input_size", INPUT),
        *(NumberGrid(name, "kernel_size", pattern) for name, pattern in WEIGHTS.items()),
    ),
    operation=Operation(
        "a convolution",
        None,
        Rule(
            "input_size",
            lambda kernel_size, input_size, **_: input_size >= kernel_size,
            "the kernel must fit into the input",
        ),
    ),
    foremost=("input_size", "stride"),
)
