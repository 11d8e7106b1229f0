"""Max pooling remembers where the maxima stood; unpooling writes other values there."""

from textwrap import wrap

import numpy as np

from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import board, by
from segviz.explainers.max_unpooling_told import Told
from segviz.explainers.sentences import counted
from segviz.relations import (
    MAX_POOLING,
    NOTHING,
    UNPOOLED_SIZE,
    MaxPooling,
    Relation,
    grid,
    listed,
    max_pooling,
    max_unpooling,
    per_axis,
    unpooled_size,
)
from segviz.scenes import Board, BuildUp, Label, Scene

SIZE = (1000, 548)
TOP, BOTTOM, AREA = 66, 312, (180, 180)  # where the two rows of boards begin, and a board's room
LEFT, MIDDLE, RIGHT, TEXT = 12, 258, 478, 692  # and where the columns do
LETTERS = 42  # that fit beside the boards
GIVEN, LEFT_OUT = "the input's size", "left out"


def draw(input, decoded, *, kernel_size=2, stride=2, padding=0, output_size=GIVEN) -> Scene:
    """The Scene of `max_pool2d(input, ..., return_indices=True)` and, with its indices, of
    `max_unpool2d(decoded, ...)`, one channel each.

    input, decoded: 2-D arrays of finite numbers; of `decoded` the upper left corner is taken, as
    large as the pooled input. kernel_size, stride, padding: integers or pairs (rows, columns).
    output_size: GIVEN or LEFT_OUT. ValueError, in a sentence, where torch refuses to pool. Where it
    refuses to unpool, the picture says so.
    """
    input = grid(input, "input").astype(float)
    window = dict(kernel_size=kernel_size, stride=stride, padding=padding)
    pooling = max_pooling(input, **window)
    decoded = _corner(grid(decoded, "decoded").astype(float), pooling.indices.shape)
    own = unpooled_size(decoded.shape, **window)
    size = input.shape if output_size == GIVEN else own
    try:
        unpooling, refusal = max_unpooling(pooling.indices, size), ""
    except ValueError as reason:
        unpooling, refusal = None, str(reason)
    told = Told(input, decoded, pooling, unpooling, size)
    calls = _calls(window, size if output_size == GIVEN else None)
    return Scene(
        title="Max unpooling",
        description=(
            f"An input of {by(input.shape)} cells is max-pooled to {by(decoded.shape)}, and the"
            " places of the maxima are kept. Unpooling writes other values to these places of an"
            f" output of {by(size)}, zeros elsewhere. {refusal} {calls[1]}"
        ),
        size=SIZE,
        boards=(*_pooling_boards(told), *_unpooling_boards(told)),
        labels=(
            *_headings(),
            *_formulas(input.shape, decoded.shape, window),
            *_lines(_notes(told, own, refusal), BOTTOM + 84),
            *(Label(call, 12, 520 + 20 * line, "call") for line, call in enumerate(calls)),
        ),
        relation=_relation(pooling, unpooling, size),
        call=calls[1],
        steps="pooled",
        build_up=unpooling and _build_up(unpooling, decoded),
    )


def _corner(decoded: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if decoded.shape[0] < shape[0] or decoded.shape[1] < shape[1]:
        raise ValueError(
            f"decoded has {by(decoded.shape)} values, and the pooled input {by(shape)} cells:"
            " give a value for each."
        )
    return decoded[: shape[0], : shape[1]]


def _relation(pooling: MaxPooling, unpooling: Relation | None, size: tuple[int, int]) -> Relation:
    """A tap from every cell of a window; that of the maximum goes on to its place."""
    windows = pooling.relation
    place = np.full(len(windows), NOTHING)
    if unpooling:
        wins = windows.weight() == 1
        place[wins] = unpooling.column("output")[windows.column("output")[wins]]
    return listed(
        {"input": windows.sizes["input"], "pooled": windows.sizes["output"], "output": size},
        input=windows.column("input"),
        pooled=windows.column("output"),
        output=place,
    )


def _pooling_boards(told: Told) -> tuple[Board, ...]:
    input, indices = told.input, told.indices
    roles = np.full(input.size, "cut", object)  # in no window
    roles[list(told.seen_by)] = "input"
    roles[list(told.writers)] = "kernel"
    of_windows = range(indices.size)
    return (
        board(
            "input",
            f"input {by(input.shape)}",
            input,
            ["input"],
            roles.reshape(input.shape),
            at=(LEFT, TOP),
            area=AREA,
            says=tuple(told.of_input(i) for i in range(input.size)),
            editable="input",
        ),
        board(
            "pooled",
            f"pooled {by(indices.shape)}",
            told.pooled,
            ["pooled"],
            "output",
            at=(MIDDLE, TOP),
            area=AREA,
            says=tuple(map(told.of_pooled, of_windows)),
        ),
        board(
            "indices",
            f"indices: row·{input.shape[1]} + column",
            indices,
            ["pooled"],
            "kernel",
            at=(RIGHT, TOP),
            area=AREA,
            says=tuple(map(told.of_pooled, of_windows)),
        ),
    )


def _unpooling_boards(told: Told) -> tuple[Board, ...]:
    size, decoded = told.size, told.decoded
    roles = np.full(told.output.size, "zero", object)
    roles[[place for place in told.writers if place < roles.size]] = "output"
    return (
        board(
            "output",
            f"no output: {by(size)} is too small" if told.refused else f"output {by(size)}",
            told.output,
            ["output"],
            roles.reshape(size),
            at=(LEFT, BOTTOM),
            area=AREA,
            says=() if told.refused else tuple(map(told.of_output, range(roles.size))),
        ),
        board(
            "decoded",
            f"decoded {by(decoded.shape)}, after other layers",
            decoded,
            ["pooled"],
            "input",
            at=(MIDDLE, BOTTOM),
            area=AREA,
            says=tuple(map(told.of_decoded, range(decoded.size))),
            editable="decoded",
        ),
    )


def _headings() -> tuple[Label, ...]:
    return (
        Label("1  Max pooling keeps the largest of each window, and its place", 12, 24, "heading"),
        Label("→", 225, TOP + 52, "sign"),
        Label(
            "2  Unpooling writes other values to these places, zeros elsewhere", 12, 278, "heading"
        ),
        Label("←", 225, BOTTOM + 52, "sign"),
        Label("green: where a maximum stood", TEXT, TOP + 108, "title"),
        Label("↑ the indices above, kept", RIGHT, BOTTOM + 24, "title"),
        Label("until now, say where", RIGHT, BOTTOM + 44, "title"),
    )


def _formulas(input_size, pooled_size, window) -> tuple[Label, ...]:
    """Both sizes: in words, and with the numbers of each axis."""
    pooled = per_axis(input_size=input_size, **window)
    unpooled = per_axis(pooled_size=pooled_size, **window)
    return (
        *_formula("pooled size", MAX_POOLING.size, pooled, TOP),
        *_formula("size without output_size", UNPOOLED_SIZE, unpooled, BOTTOM),
    )


def _formula(name, size, values, y) -> tuple[Label, ...]:
    rows, columns = (f"{size.filled(**axis)} = {size(**axis)}" for axis in values)
    numbers = [f"= {rows}"] if rows == columns else [f"rows: {rows}", f"columns: {columns}"]
    return _lines([f"{name} =", size.in_words(), *numbers], y)


def _notes(told: Told, own: tuple[int, int], refusal: str) -> list[str]:
    """What is worth a line of its own, beside the lower boards."""
    notes = []
    if refusal:
        return wrap(f"PyTorch stops with an error. {refusal}", LETTERS)
    if told.moved:
        notes.append(
            f"The indices count in rows of {told.input.shape[1]}, this output has rows of"
            f" {told.size[1]}: the values land in wrong places, without an error."
        )
    elif own != told.size:
        notes.append(f"output_size gives the {by(told.size)} of the input back.")
    if told.collisions:
        notes.append(
            f"{counted(told.collisions, 'collision')}: several values for one place; the last"
            " one is kept."
        )
    if told.ties:
        notes.append(f"{counted(told.ties, 'tie')}: the first of equal maxima counts.")
    return [line for note in notes for line in wrap(note, LETTERS)]


def _lines(lines: list[str], y: float) -> tuple[Label, ...]:
    return tuple(Label(line, TEXT, y + 8 + 20 * n, "title") for n, line in enumerate(lines))


def _calls(window: dict, output_size: tuple[int, int] | None) -> tuple[str, str]:
    """The two PyTorch calls; one number where both axes agree."""
    rows, columns = per_axis(**window)
    kernel, *others = (
        rows[name] if rows[name] == columns[name] else (rows[name], columns[name])
        for name in ("kernel_size", "stride", "padding")
    )
    shared = f"{kernel}, stride={others[0]}, padding={others[1]}"
    given = f", output_size={tuple(output_size)}" if output_size else ""
    return (
        f"y, indices = torch.nn.functional.max_pool2d(x, {shared}, return_indices=True)",
        f"torch.nn.functional.max_unpool2d(v, indices, {shared}{given})",
    )


def _build_up(unpooling: Relation, decoded: np.ndarray) -> BuildUp:
    """The output after each value that is written: first zeros, and at last what is kept."""
    places = unpooling.column("output").tolist()
    steps = [[(place, float(value))] for place, value in zip(places, decoded.flat, strict=True)]
    zeros = [(o, 0.0) for o in range(int(np.prod(unpooling.sizes["output"])))]
    steps[0] = zeros + steps[0]
    return BuildUp("output", "pooled", tuple(map(tuple, steps)))


MAX_UNPOOLING = Explainer(
    name="Max unpooling",
    about=(
        "Max pooling with indices, and unpooling: where the maxima stood, other values are written."
        "\n\nWith a stride smaller than the kernel the windows overlap, and several values may meet"
        " in one place; type equal numbers to see ties; leave output_size out for an odd input."
    ),
    draw=draw,
    parameters=(
        Parameter("input_size", "input size", 3, 6, 4),
        Parameter("kernel_size", "kernel size", 1, 3, 2),
        Parameter("stride", "stride", 1, 3, 2),
        Parameter("padding", "padding", 0, 1, 0),
        choice("output_size", "output_size", GIVEN, LEFT_OUT),
    ),
    grids=(
        # the upper left corners are the lecture's example; the lower right one has ties
        NumberGrid(
            "input",
            "input_size",
            (
                (1, 7, 3, 6, 2, 0),
                (8, 2, 4, 1, 3, 5),
                (2, 3, 4, 5, 0, 2),
                (6, 1, 1, 9, 4, 1),
                (3, 0, 2, 4, 5, 5),
                (1, 2, 7, 7, 5, 5),
            ),
        ),
        NumberGrid(
            "decoded",
            "",
            (
                (1, 7, 3, 2, 8, 4, 6),
                (9, 5, 2, 6, 1, 3, 7),
                (4, 8, 6, 1, 5, 2, 9),
                (2, 3, 7, 4, 9, 6, 1),
                (5, 1, 9, 8, 3, 7, 2),
                (7, 6, 4, 3, 2, 8, 5),
                (3, 9, 1, 5, 6, 4, 8),
            ),
            corner=True,
        ),
    ),
    operation=MAX_POOLING,
)
