"""Receptive fields of a stack of layers, cell by cell and layer by layer, along one axis.

Sources: Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks";
the gridding of rates: Wang et al. 2018, "Understanding Convolution for Semantic Segmentation".
"""

import numpy as np

from segviz.explainers.explainer import Explainer, choice
from segviz.explainers.layer_stacks import (
    KINDS,
    LENGTH,
    MOST,
    NONE,
    STACKS,
    UNCHANGED,
    Stack,
    stack_of,
)
from segviz.explainers.layout import absent
from segviz.explainers.rows import Rows
from segviz.explainers.sentences import counted
from segviz.relations import FIELD, Composition, Sum
from segviz.scenes import Label, Scene

SIZE = (1000, 540)
BOARDS = tuple(f"map_{number}" for number in range(MOST + 2))  # two branches have a sum besides
LEFT, TOP, BOTTOM, CELL, PITCH = 12, 60, 436, 24, 126

RULE = (
    f"field = {FIELD.in_words()}, with the field and the step of the map that is read;"
    " step: how far neighbours lie apart"
)
HOW_OFTEN = "how often, by PyTorch (net: these layers in 1-D, all weights 1, poolings as sums):"


def draw(*, stack="VGG", **layers) -> Scene:
    """The maps of a stack as rows of cells, and how one cell of the output is made of the others.

    stack: one of STACKS; layer_1 ... layer_6: UNCHANGED, NONE or the name of one of KINDS.
    """
    changes = [layers.get(f"layer_{number + 1}", UNCHANGED) for number in range(MOST)]
    shown = stack_of(stack, changes)
    composed = shown.composed
    last = len(composed.lengths) - 1
    asked = int(np.abs(composed.centre(last) - (LENGTH - 1) / 2).argmin())
    rows = Rows(composed, asked, shown.names)
    pitch = min(PITCH, (BOTTOM - TOP) / last)
    maps = {
        grid: rows.board(
            number, _title(shown, number), (LEFT, BOTTOM - pitch * number), CELL, paper=False
        )
        for number, grid in enumerate(composed.grids)
    }
    call = f"torch.autograd.grad(net(x)[0, 0, {asked}], x)"
    heading = _heading(shown, asked)
    told = [heading, shown.refused, *(f"{board.title}." for board in maps.values()), call]
    return Scene(
        title=f"Receptive field: {stack}",
        description=" ".join(filter(None, told)),
        size=SIZE,
        boards=tuple(maps.get(name) or absent(name) for name in BOARDS),
        labels=(
            Label(heading, 12, 24, "heading"),
            Label(shown.refused or RULE, 12, 490, "formula"),
            Label(HOW_OFTEN, 12, 524, "title"),
            Label(call, 606, 524, "call"),
        ),
        relation=composed.relation,
        call=call,
        steps=composed.grids[-1],
    )


def _heading(shown: Stack, asked: int) -> str:
    """What the stack shows most of all."""
    fields = shown.composed.fields[-1]
    seen, span, recurrence = len(fields[asked].cells), fields[asked].span, shown.composed.recurrence
    if recurrence[-1] is None:
        spans = [field.span for field in fields]
        return f"Branches of unequal strides: fields from {min(spans)} to {max(spans)} cells wide"
    size, step, _ = recurrence[-1]
    of = f"all {seen}" if seen == span else f"{seen} of the {span}"
    spans = f"{of} input cells that it spans" if span > 1 else "one input cell"
    if span < size:
        then = f"; the border cuts off {size - span} more"
    else:
        then = (
            f"; the next one's field begins {counted(step, 'cell')} on" if len(fields) > 1 else ""
        )
    return f"output[{asked}] is made of {spans}{then}"


def _title(shown: Stack, number: int) -> str:
    """What a map is, how large its cells' fields are, and how that comes about."""
    composed = shown.composed
    told = f"{shown.names[number]}: {shown.words[number]}"
    if number == 0:
        return (
            f"{told}; how often each is used for the orange cell of the output."
            " There: how many input cells each is made of"
        )
    layer, used = composed.layers[number - 1], max(len(f.cells) for f in composed.fields[number])
    if composed.recurrence[number] is None:
        return f"{told}  →  made of up to {counted(used, 'input cell')}"
    field, step, first = composed.recurrence[number]
    grown = "" if isinstance(layer, Sum) else f"{_grown(composed, number)} = "
    holes = f", {used} used" if used < field else ""
    first = str(first).replace("-", "−")
    return f"{told}  →  field {grown}{field}{holes}; step {step}, from input[{first}] on"


def _grown(composed: Composition, number: int) -> str:
    """How a layer's field comes from that of the map it reads, with the numbers."""
    layer = composed.layers[number - 1]
    before, step, _ = composed.recurrence[layer.reads % number]
    return FIELD.filled(
        field_size=before, kernel_size=layer.kernel_size, dilation=layer.dilation, step=step
    )


RECEPTIVE_FIELD = Explainer(
    name="Receptive field",
    about=(
        "A stack of layers along one axis: which cells of every map, back to the input, a cell is"
        " made of, and how often each is used. Choose a stack, and change it layer by layer."
    ),
    draw=draw,
    parameters=(
        choice("stack", "stack", *STACKS),
        *(
            choice(f"layer_{number}", f"layer {number}", UNCHANGED, NONE, *KINDS)
            for number in range(1, MOST + 1)
        ),
    ),
)
