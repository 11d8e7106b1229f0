"""Three layers of 3×3 at chosen rates: which cells one output is made of, and how often."""

import numpy as np

from segviz.explainers.rows import Rows
from segviz.relations import FIELD, Composition, Layer
from segviz.scenes import Board, Label, address, heat
from segviz.scenes.palette import ROLES

STACKS = ("2, 2, 2", "1, 2, 3", "1, 2, 5", "1, 3, 9", "1, 2, 9", "2, 4, 8", "1, 1, 1")
LENGTH = 31  # cells on an axis: one more than the widest field, and an odd number
LEFT, TOP, CELL, PITCH = 364, 76, 20, 86
TABLE = (12, 430)


def of_rates(rates: str) -> tuple[int, ...]:
    """The numbers in "1, 2, 5"."""
    return tuple(map(int, rates.split(",")))


def composed(rates) -> Composition:
    """The layers over one axis, padded so that all maps are of one size."""
    return Composition(LENGTH, [Layer(3, dilation=rate, padding=rate) for rate in rates])


def coverage(rates) -> tuple[int, int]:
    """(cells used, cells spanned) on an axis by an output far from the border."""
    field = composed(rates).fields[-1][LENGTH // 2]
    return len(field.cells), field.span


def draw_stack(stack: str) -> dict:
    """The parts of a Scene."""
    rates = of_rates(stack)
    layers = composed(rates)
    asked = LENGTH // 2
    rows = Rows(layers, asked, ["input", "layer_1", "layer_2", "output"])
    titles = [_input_title(rates), *(_title(layers, n, rows) for n in (1, 2, 3))]
    maps = [
        rows.board(
            number,
            titles[number],
            (LEFT, TOP + PITCH * (3 - number)),
            CELL,
            drawn=rows.within(number),
        )
        for number in range(4)
    ]
    used, span = coverage(rates)
    call = "y"
    for rate in reversed(rates):
        call = f"F.conv_transpose1d({call}, w, dilation={rate})"
    return dict(
        title=f"A stack of the rates {stack}",
        description=(
            f"Three layers of 3×3 at the rates {stack}: on an axis an output uses {used} of the"
            f" {span} cells that it spans, on the plane {used**2} of {span**2}. {call}"
        ),
        boards=(_plane(rows, used, span), *maps),
        labels=(
            Label(_heading(used, span), 12, 24, "heading"),
            *_known(stack),
            Label("how often, by PyTorch (y: a single 1; w: three ones):", 12, 506, "title"),
        ),
        relation=layers.relation,
        call=call,
        steps="map_0",
    )


def _heading(used: int, span: int) -> str:
    if used == span:
        return f"No holes: one output uses all {span} cells that it spans on an axis"
    return f"Gridding: one output uses {used} of the {span} cells that it spans on an axis"


def _input_title(rates) -> str:
    return f"input: how often each cell is used, {3 ** len(rates)} paths in all"


def _title(layers: Composition, number: int, rows: Rows) -> str:
    """A layer, and how the field grows by it."""
    layer = layers.layers[number - 1]
    before, step, _ = layers.recurrence[number - 1]
    values = dict(
        field_size=before, kernel_size=layer.kernel_size, dilation=layer.dilation, step=step
    )
    field = layers.fields[number][LENGTH // 2]
    return (
        f"{rows.names[number]}, rate {layer.dilation}: field {FIELD.filled(**values)} ="
        f" {FIELD(**values)}, made of {len(field.cells)} input cells"
    )


def _plane(rows: Rows, used: int, span: int) -> Board:
    """The field on the plane: a path for each pair of a path along the rows and one along the
    columns."""
    ways, within = (np.outer(each, each) for each in (rows.ways(0), rows.within(0)))
    roles = np.where(within, heat(ways), "padding")
    colours = {role: list(bytes.fromhex(ROLES[role].tint[1:])) for role in np.unique(roles)}
    pixels = np.array([[colours[role] for role in row] for row in roles], np.uint8)
    return Board(
        "plane",
        f"on the plane: {used**2} of {span**2} cells are used",
        np.full(ways.shape, np.nan),
        {},
        "glass",
        (12, TOP),
        (10, 10),
        image=address(pixels),
    )


def _known(stack: str) -> tuple[Label, ...]:
    """All stacks beside each other."""
    left, top = TABLE
    table = [Label("rates", left, top, "title"), Label("cells used", left, top + 24, "title")]
    for place, each in enumerate(STACKS):
        used, span = coverage(of_rates(each))
        x, kind = left + 112 + 124 * place, "heading" if each == stack else "formula"
        table += [Label(each, x, top, kind), Label(f"{used} of {span}", x, top + 24, kind)]
    return tuple(table)
