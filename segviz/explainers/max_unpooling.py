"""Max pooling remembers where the maxima stood; unpooling writes other values there."""

from textwrap import wrap

import numpy as np

from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import board, by
from segviz.explainers.sentences import cell, counted
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
from segviz.scenes import Board, BuildUp, Label, Scene, written

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
    story = _Story(input, decoded, pooling, unpooling, size)
    calls = _calls(window, size if output_size == GIVEN else None)
    return Scene(
        title="Max unpooling",
        description=(
            f"An input of {by(input.shape)} cells is max-pooled to {by(decoded.shape)}, and the"
            " places of the maxima are kept. Unpooling writes other values to these places of an"
            f" output of {by(size)}, zeros elsewhere. {refusal} {calls[1]}"
        ),
        size=SIZE,
        boards=(*_pooling_boards(story), *_unpooling_boards(story)),
        labels=(
            *_headings(),
            *_formulas(input.shape, decoded.shape, window),
            *_lines(_notes(story, own, refusal), BOTTOM + 84),
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


class _Story:
    """What the boards show, and what is said about each cell."""

    def __init__(self, input, decoded, pooling, unpooling, size):
        self.input, self.decoded, self.indices, self.size = input, decoded, pooling.indices, size
        self.pooled = pooling.relation.apply(input)
        self.output = unpooling.apply(decoded) if unpooling else np.full(size, np.nan)
        self.refused = unpooling is None
        self.moved = size[1] != input.shape[1]  # the indices then mean other places
        taps = pooling.relation
        self.windows = _groups(taps.column("output"), taps.column("input"))
        self.seen_by = _groups(taps.column("input"), taps.column("output"))
        self.writers = _groups(pooling.indices.ravel(), np.arange(pooling.indices.size))
        self.ties = sum(len(self.equals(window)) > 1 for window in range(self.indices.size))
        self.collisions = sum(len(writers) > 1 for writers in self.writers.values())

    def equals(self, window: int) -> list[int]:
        """The cells that share the maximum of a window."""
        return [i for i in self.windows[window] if self.input.flat[i] == self.pooled.flat[window]]

    def of_pooled(self, window: int) -> str:
        numbers = ", ".join(written(self.input.flat[i]) for i in self.windows[window])
        place, equals = self.indices.flat[window], len(self.equals(window))
        return (
            f"{self._at('pooled', window)} = max({numbers}) = {written(self.pooled.flat[window])},"
            f" which stands at {cell('input', place, self.input.shape)}"
            + (f", the first of {equals} equal ones" if equals > 1 else "")
            + f": index {_counted_out(place, self.input.shape[1])}. {self.of_decoded(window)}"
        )

    def of_decoded(self, window: int) -> str:
        value = f"{self._at('decoded', window)} = {written(self.decoded.flat[window])}"
        if self.refused:
            return f"{value} is not written: PyTorch refuses to unpool."
        place = self.indices.flat[window]
        last = self.writers[place][-1]
        lost = "" if last == window else f", where {self._at('decoded', last)} overwrites it"
        return f"{value} is written to index {place}, {cell('output', place, self.size)}{lost}."

    def of_input(self, i: int) -> str:
        value = f"{cell('input', i, self.input.shape)} = {written(self.input.flat[i])}"
        windows, won = self.seen_by.get(i, []), self.writers.get(i, [])
        if not windows:
            return f"{value} is in no window: it is neither pooled nor remembered."
        seen = f"{value} is in {counted(len(windows), 'window')}"
        tied = [window for window in windows if self.pooled.flat[window] == self.input.flat[i]]
        if tied and not won:
            return f"{seen} and ties in {self._all('pooled', tied)}: an earlier cell is remembered."
        if not won:
            return f"{seen} and the maximum of none: its value and its place are forgotten."
        index = _counted_out(i, self.input.shape[1])
        return f"{seen} and the maximum of {self._all('pooled', won)}: index {index} is remembered."

    def of_output(self, o: int) -> str:
        value = f"{cell('output', o, self.size)} = {written(self.output.flat[o])}"
        writers = self.writers.get(o, [])
        if not writers:
            return f"{value}: no index points here."
        values = [f"{self._at('decoded', w)} = {written(self.decoded.flat[w])}" for w in writers]
        sentence = f"{value}: index {o} points here, and {values[0]} is written."
        if len(writers) > 1:
            sentence = (
                f"{value}: index {o} stands {len(writers)} times. {', '.join(values)} are not"
                " added, the last one is kept. (PyTorch promises no order: on a GPU another may"
                " win.)"
            )
        return f"{sentence} {self._moved_from(o)}" if self.moved else sentence

    def _moved_from(self, o: int) -> str:
        before, now = self.input.shape[1], self.size[1]
        return (
            f"The maximum stood at {cell('input', o, self.input.shape)},"
            f" {_counted_out(o, before)} in rows of {before};"
            f" in rows of {now} it is {_counted_out(o, now)}."
        )

    def _at(self, name: str, window: int) -> str:
        return cell(name, window, self.indices.shape)

    def _all(self, name: str, windows: list[int]) -> str:
        return ", ".join(self._at(name, window) for window in windows)


def _groups(keys: np.ndarray, members: np.ndarray) -> dict[int, list[int]]:
    """key -> its members, in order."""
    groups = {}
    for key, member in zip(keys.tolist(), members.tolist(), strict=True):
        groups.setdefault(key, []).append(member)
    return groups


def _counted_out(place: int, width: int) -> str:
    """1·4 + 0 = 4"""
    return f"{place // width}·{width} + {place % width} = {place}"


def _pooling_boards(story: _Story) -> tuple[Board, ...]:
    input, indices = story.input, story.indices
    roles = np.full(input.size, "cut", object)  # in no window
    roles[list(story.seen_by)] = "input"
    roles[list(story.writers)] = "kernel"
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
            says=tuple(story.of_input(i) for i in range(input.size)),
            editable="input",
        ),
        board(
            "pooled",
            f"pooled {by(indices.shape)}",
            story.pooled,
            ["pooled"],
            "output",
            at=(MIDDLE, TOP),
            area=AREA,
            says=tuple(map(story.of_pooled, of_windows)),
        ),
        board(
            "indices",
            f"indices: row·{input.shape[1]} + column",
            indices,
            ["pooled"],
            "kernel",
            at=(RIGHT, TOP),
            area=AREA,
            says=tuple(map(story.of_pooled, of_windows)),
        ),
    )


def _unpooling_boards(story: _Story) -> tuple[Board, ...]:
    size, decoded = story.size, story.decoded
    roles = np.full(story.output.size, "zero", object)
    roles[[place for place in story.writers if place < roles.size]] = "output"
    return (
        board(
            "output",
            f"no output: {by(size)} is too small" if story.refused else f"output {by(size)}",
            story.output,
            ["output"],
            roles.reshape(size),
            at=(LEFT, BOTTOM),
            area=AREA,
            says=() if story.refused else tuple(map(story.of_output, range(roles.size))),
        ),
        board(
            "decoded",
            f"decoded {by(decoded.shape)}, after other layers",
            decoded,
            ["pooled"],
            "input",
            at=(MIDDLE, BOTTOM),
            area=AREA,
            says=tuple(map(story.of_decoded, range(decoded.size))),
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


def _notes(story: _Story, own: tuple[int, int], refusal: str) -> list[str]:
    """What is worth a line of its own, beside the lower boards."""
    notes = []
    if refusal:
        return wrap(f"PyTorch stops with an error. {refusal}", LETTERS)
    if story.moved:
        notes.append(
            f"The indices count in rows of {story.input.shape[1]}, this output has rows of"
            f" {story.size[1]}: the values land in wrong places, without an error."
        )
    elif own != story.size:
        notes.append(f"output_size gives the {by(story.size)} of the input back.")
    if story.collisions:
        notes.append(
            f"{counted(story.collisions, 'collision')}: several values for one place; the last"
            " one is kept."
        )
    if story.ties:
        notes.append(f"{counted(story.ties, 'tie')}: the first of equal maxima counts.")
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
