"""Why transposed convolutions draw checkerboards: how many taps reach each output cell.

Input and kernel are all ones, so every output is the number of products that were added in it.
(Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts", Distill.)
"""

import numpy as np

from segviz.explainers.checkerboard_ways import Way, enough, two_ways
from segviz.explainers.explainer import Explainer, Parameter
from segviz.explainers.layout import board, by
from segviz.explainers.sentences import counted
from segviz.relations import (
    NOTHING,
    TRANSPOSED_CONVOLUTION,
    Relation,
    pair,
    per_axis,
)
from segviz.relations.upsampling import ENLARGED_SIZE
from segviz.scenes import Board, BuildUp, Label, Scene, heat

SIZE = (1000, 552)
PANELS, WIDE = (12, 518), 470  # where the two halves begin, and their width
STAIRS, SUMS, PLANE = 54, 182, 238  # where the rows of boards begin
SQUARE, LEGIBLE = 220, 15  # units: the side of a plane, and of a cell with a number in it


def draw(*, kernel_size=3, stride=2) -> Scene:
    """The Scene of the number of taps that reach each output cell, for
    `conv_transpose2d(ones, ones, stride=stride)` and for `interpolate` by `stride` with a
    convolution after it. Both parameters are integers from 1 or pairs (rows, columns); the input is
    as large as it takes to see what repeats inside. ValueError, in a sentence, where torch refuses.
    """
    kernel_size, stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")
    input_size = tuple(map(enough, kernel_size, stride))
    values = per_axis(input_size=input_size, kernel_size=kernel_size, stride=stride)
    ways = two_ways(values, input_size, kernel_size, stride)
    calls = _calls(stride)
    transposed, resized = ways
    return Scene(
        title="Checkerboard",
        description=(
            f"How many taps reach each output cell, with a kernel of {by(kernel_size)} and a stride"
            f" of {by(stride)}: on the left a transposed convolution,"
            f" {_range_of(transposed.counts[transposed.sides])} in the inner part; on the right"
            " nearest-neighbour resizing and a convolution,"
            f" {_range_of(resized.counts[resized.sides])}. {calls[0]}"
        ),
        size=SIZE,
        boards=(
            *_panel(transposed, PANELS[0], 12),
            *_panel(resized, PANELS[1], 768),
            *_ones(transposed, resized),
        ),
        labels=(
            *_headings(kernel_size, stride),
            *_verdicts(ways, values),
            *_formulas(values),
            *(Label(call, 12, 522 + 19 * line, "call") for line, call in enumerate(calls)),
        ),
        relation=_together(transposed, resized),
        call=calls[0],
        steps="input",
        build_up=_build_up(transposed),
    )


def _together(transposed: Way, resized: Way) -> Relation:
    """The taps of both, each with its own grid of outputs; and grids of one row, which a cell of
    the plane meets by its column."""
    axes = []
    for axis in range(2):
        one, other = transposed.taps.axes[axis], resized.taps.axes[axis]
        nowhere = [np.full(len(taps["input"]), NOTHING) for taps in (one, other)]
        table = {name: np.concatenate([one[name], other[name]]) for name in ("input", "kernel")}
        table["transposed"] = np.concatenate([one["output"], nowhere[1]])
        table["resized"] = np.concatenate([nowhere[0], other["output"]])
        for name in ("input", "transposed", "resized"):
            there = np.where(table[name] == NOTHING, NOTHING, 0)
            table[f"{name}_column"] = table[name] if axis else there
        axes.append(table)
    planes = {
        "input": transposed.taps.sizes["input"],
        "transposed": transposed.taps.sizes["output"],
        "resized": resized.taps.sizes["output"],
    }
    rows = {f"{name}_column": (1, size[1]) for name, size in planes.items()}
    return Relation(planes | rows | {"kernel": transposed.taps.sizes["kernel"]}, tuple(axes))


def _panel(way: Way, x: float, plane_x: float) -> tuple[Board, ...]:
    """Along a row: what each input cell adds, and the sum; below, the plane."""
    line = way.columns
    passed = line.matrix(np.ones(line.sizes["kernel"])).T  # (input cells, output cells)
    sums, counts = way.along(1)[None], way.counts
    cells, length = passed.shape
    wide = min(WIDE / length, 30)
    outputs = np.broadcast_to(np.arange(length), passed.shape)
    inputs = np.broadcast_to(np.arange(cells)[:, None], passed.shape)
    shown = np.where(passed > 0, passed, np.nan)
    return (
        Board(
            f"{way.name}_stairs",
            f"along one row: {cells} input cells ↓ add to {length} output cells →",
            shown,
            {"input_column": inputs, f"{way.name}_column": outputs},
            "kernel",
            (x, STAIRS),
            (wide, min(25, 100 / cells)),
            _told_stairs(line),
        ),
        Board(
            f"{way.name}_sums",
            "the sum: taps that reach each output cell of the row",
            sums,
            {f"{way.name}_column": np.arange(length)[None]},
            heat(sums),
            (x, SUMS),
            (wide, 22),
            _told_sums(line),
        ),
        board(
            way.name,
            f"{way.name} {by(counts.shape)}, in the plane",
            counts,
            [way.name],
            heat(counts),
            at=(plane_x, PLANE),
            area=(SQUARE, SQUARE),
            largest=30,
            figures=SQUARE >= LEGIBLE * max(counts.shape),
            says=_told_plane(way),
            lead=f"{way.name}@: ",
        ),
    )


def _reached(line: Relation) -> dict[tuple[int, int], list[int]]:
    """(input cell, output cell) -> the weights between them, along a row."""
    weights = {}
    columns = (line.column(name).tolist() for name in ("input", "kernel", "output"))
    for i, k, o in zip(*columns, strict=True):
        weights.setdefault((i, o), []).append(k)
    return weights


def _told_stairs(line: Relation) -> tuple[str, ...]:
    return tuple(
        f"input column {i} reaches output column {o} with kernel column"
        f"{'s' if len(weights) > 1 else ''} {', '.join(map(str, weights))}:"
        f" {counted(len(weights), 'tap')}."
        for (i, o), weights in sorted(_reached(line).items())
    )


def _told_sums(line: Relation) -> tuple[str, ...]:
    terms = [[] for _ in range(line.sizes["output"][1])]
    for (i, o), weights in sorted(_reached(line).items()):
        terms[o] += [f"input[{i}]·kernel[{k}]" for k in weights]
    return tuple(
        f"output[{o}] = {' + '.join(products) or '0'}: {counted(len(products), 'tap')}."
        for o, products in enumerate(terms)
    )


def _told_plane(way: Way) -> tuple[str, ...]:
    rows, columns = (way.along(axis).astype(int).tolist() for axis in range(2))
    return tuple(
        f"{row} along the rows × {column} along the columns = {counted(row * column, 'tap')}."
        for row in rows
        for column in columns
    )


def _ones(transposed: Way, resized: Way) -> tuple[Board, ...]:
    """What both ways share: an input and a kernel of ones."""
    boards = []
    for name, short, each, x in (("input", "x", "weight", 278), ("kernel", "w", "input cell", 520)):
        ones = np.ones(transposed.taps.sizes[name])
        taps = [
            np.bincount(way.taps.column(name), minlength=ones.size).tolist()
            for way in (transposed, resized)
        ]
        boards.append(
            board(
                name,
                f"{name} {short}: {by(ones.shape)} ones",
                ones,
                [name],
                name,
                at=(x, PLANE),
                area=(200, 130),
                largest=28,
                says=tuple(
                    f"{counted(stamped, 'tap')} of the transposed convolution, one for each {each};"
                    f" {counted(convolved, 'tap')} after resizing, where the input has copies."
                    for stamped, convolved in zip(*taps, strict=True)
                ),
                lead=f"{name}@ = 1: ",
            )
        )
    return tuple(boards)


def _headings(kernel_size, stride) -> tuple[Label, ...]:
    kernel, step = (both[0] if both[0] == both[1] else by(both) for both in (kernel_size, stride))
    left = f"1  Transposed convolution: kernel {kernel}, stride {step}"
    right = f"2  Resize by {step}, then convolve with kernel {kernel}"
    return Label(left, PANELS[0], 24, "heading"), Label(right, PANELS[1], 24, "heading")


def _verdicts(ways: tuple[Way, Way], values) -> tuple[Label, ...]:
    """Whether the inner part is even, along the axes and in the plane."""
    labels = []
    for way, x in zip(ways, PANELS, strict=True):
        inside = [way.along(axis)[way.sides[axis]] for axis in range(2)]
        taps = [_range_of(counts) for counts in inside]
        if way.name == "transposed":
            taps = [f"{_division(axis)}: {each}" for axis, each in zip(values, taps, strict=True)]
        line = f"Inside, {taps[0]} along each axis"
        if taps[0] != taps[1]:
            line = f"Inside, rows {taps[0]}; columns {taps[1]}"
        plane = f"In the plane {_range_of(way.counts[way.sides])}, {_pattern_of(inside)}"
        labels += [
            Label(line, x, PLANE + 241, "title"),
            Label(plane, x, PLANE + 261, "title"),
        ]
    return tuple(labels)


def _pattern_of(inside: list[np.ndarray]) -> str:
    """What the counts along the axes make of the plane."""
    uneven = sum(len(np.unique(counts)) > 1 for counts in inside)
    holes = " with holes" if any((counts == 0).any() for counts in inside) else ""
    return ("even", "uneven: stripes", "uneven: a checkerboard")[uneven] + holes


def _division(axis: dict[str, int]) -> str:
    """How the kernel's size divides by the stride, in which all lies: 3 = 1·2 + 1."""
    whole, rest = divmod(axis["kernel_size"], axis["stride"])
    return f"{axis['kernel_size']} = {whole}·{axis['stride']} + {rest}"


def _range_of(counts: np.ndarray) -> str:
    """1, 2 or 4 taps"""
    *most, last = np.unique(counts.astype(int)).tolist()
    listed = f"{', '.join(map(str, most))} or {last}" if most else str(last)
    return f"{listed} tap" if listed == "1" else f"{listed} taps"


def _formulas(values) -> tuple[Label, ...]:
    """Both sizes with their numbers, for each axis where they differ."""
    size = TRANSPOSED_CONVOLUTION.size
    stamped, enlarged = [], []
    for axis in values:
        all_of_it = axis | dict(padding=0, dilation=1, output_padding=0)
        stamped.append(f"{size.filled(**all_of_it)} = {size(**all_of_it)}")
        factor = dict(input_size=axis["input_size"], factor=axis["stride"])
        enlarged.append(f"{ENLARGED_SIZE.filled(**factor)} = {ENLARGED_SIZE(**factor)}")
    lines = []
    for name, both in (("transposed", stamped), ("resized", enlarged)):
        rows, columns = both
        lines += (
            [f"{name} size: {rows}"]
            if rows == columns
            else [f"{name} size, rows: {rows}", f"columns: {columns}"]
        )
    return tuple(Label(line, 278, PLANE + 160 + 19 * n, "title") for n, line in enumerate(lines))


def _calls(stride: tuple[int, int]) -> tuple[str, str]:
    step = stride[0] if stride[0] == stride[1] else stride
    functional = "torch.nn.functional"
    return (
        f"{functional}.conv_transpose2d(x, w, stride={step})",
        f'{functional}.conv2d({functional}.interpolate(x, scale_factor={step}), w, padding="same")',
    )


def _build_up(way: Way) -> BuildUp:
    """The counts after each stamp."""
    inputs, outputs = way.taps.column("input"), way.taps.column("output")
    so_far = np.zeros(way.counts.size, int)
    steps = []
    for i in range(int(np.prod(way.taps.sizes["input"]))):
        stamp = outputs[inputs == i]
        so_far[stamp] += 1
        steps.append(tuple(zip(stamp.tolist(), so_far[stamp].tolist(), strict=True)))
    return BuildUp("transposed", "input", tuple(steps))


CHECKERBOARD = Explainer(
    name="Checkerboard",
    about=(
        "How many taps reach each output cell of a transposed convolution, along a row and in the"
        " plane, and of resizing with a convolution after it.\n\n"
        "A kernel that is a multiple of the stride overlaps evenly, others draw a checkerboard."
        " Even overlap does not keep the weights themselves from being uneven; resizing first"
        " discourages that, too."
    ),
    draw=draw,
    parameters=(
        Parameter("kernel_size", "kernel size", 1, 7, 3),
        Parameter("stride", "stride", 1, 4, 2),
    ),
)
