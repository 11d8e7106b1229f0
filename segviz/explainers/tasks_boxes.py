"""The answers of `segviz.explainers.tasks` that name classes and boxes."""

from functools import lru_cache

from segviz.explainers.example_scene import CLASSES
from segviz.explainers.overlay import Overlay
from segviz.explainers.tasks_told import (
    BLOCK,
    LEFT,
    NAMES,
    TOP,
    WIDTH,
    Ties,
    Told,
    row_names,
    table,
    truth,
)

SIDES = ("left", "top", "right", "bottom")
OUTERMOST = ("the first column", "the first row", "the last column", "the last row")


@lru_cache(maxsize=1)
def classification() -> Told:
    main = truth().main
    name, role = CLASSES[truth().labels[main]], truth().class_roles[main]
    rows, columns = truth().mask.shape
    overlay, ties = Overlay(rows, columns), Ties()
    overlay.box((0, 0, columns - 1, rows - 1), role)
    overlay.tag(name, role, (2, 2))
    ties.add(truth().cells, 0)
    sentence = (
        f"label = {truth().labels[main]}, {name}: the class of the largest thing, said of the"
        " picture as a whole."
    )
    return Told(
        heading="Classification: one class for the whole picture",
        says=f"It says: {name}, the class of the largest thing.",
        leaves_open="It leaves open: where it is, and all that is there besides.",
        size="1 class",
        call="labels[masks.sum((1, 2)).argmax()]",
        ties=ties,
        overlay=overlay,
        picture_says=(sentence,) * truth().cells.size,
        table=table([[name]], [[sentence]], [[role]], LEFT + NAMES, TOP, (96, 34)),
        labels=row_names(["class"], TOP, 34),
    )


@lru_cache(maxsize=1)
def localisation() -> Told:
    name = CLASSES[truth().labels[truth().main]]
    return _boxed(
        [truth().main],
        heading="Localisation: one class and one box",
        says=f"It says: {name}, the class of the largest thing, and the box around it.",
        leaves_open=f"It leaves open: all other things, and which pixels of the box are {name}.",
        size="1 class + 4 sides of a box",
        call="torchvision.ops.masks_to_boxes(masks)[masks.sum((1, 2)).argmax()]",
    )


@lru_cache(maxsize=1)
def detection() -> Told:
    count = len(truth().labels)
    return _boxed(
        list(range(count)),
        heading="Detection: a class and a box for every thing",
        says="It says: what things there are, how many, and the box around each.",
        leaves_open="It leaves open: which pixels of a box belong to the thing.",
        size=f"{count} things · (1 class + 4 sides of a box)",
        call="torchvision.ops.masks_to_boxes(masks)",
    )


def _boxed(shown: list[int], **told) -> Told:
    """The answer that has a box for each of the things shown."""
    roles = [truth().class_roles[thing] for thing in shown]
    overlay, ties = Overlay(*truth().mask.shape), Ties()
    inside = [[] for _ in range(truth().cells.size)]
    for place, thing in enumerate(shown):
        left, top, right, bottom = truth().boxes[thing] // BLOCK
        cells = truth().cells[top : bottom + 1, left : right + 1]
        ties.add(cells, place)
        for row, side in enumerate((cells[:, 0], cells[0], cells[:, -1], cells[-1]), start=1):
            ties.add(side, row * len(shown) + place)
        for cell in cells.flat:
            inside[cell].append(truth().named(thing))
        overlay.box(truth().boxes[thing], roles[place])
    for thing, role in zip(shown, roles, strict=True):
        left, top, right, bottom = truth().boxes[thing]
        corners = (top, left), (top, right - 12), (bottom - 5, left), (bottom - 5, right - 12)
        overlay.tag(truth().named(thing), role, *corners)
    sides = truth().boxes[shown].T  # (sides, things)
    says = [
        [
            f"{side} = {value}: {outermost} in which {truth().named(thing)} has a pixel."
            for thing, value in zip(shown, values, strict=True)
        ]
        for side, outermost, values in zip(SIDES, OUTERMOST, sides, strict=True)
    ]
    return Told(
        **told,
        ties=ties,
        overlay=overlay,
        picture_says=tuple(map(_in_boxes, inside)),
        table=table(
            [[truth().named(thing) for thing in shown], *sides.astype(str)],
            [[_of_box(thing) for thing in shown], *says],
            [roles, *[["output"] * len(shown)] * len(SIDES)],
            LEFT + NAMES,
            TOP,
            (min(96, (WIDTH - NAMES) / len(shown)), 34),
        ),
        labels=row_names(["class", *SIDES], TOP, 34),
    )


def _of_box(thing: int) -> str:
    left, top, right, bottom = truth().boxes[thing].tolist()
    size = (right - left + 1) * (bottom - top + 1)
    return (
        f"{truth().named(thing)}, label {truth().labels[thing]}. Of the {size:,} pixels in its box"
        f" {truth().areas[thing]:,} show it; which ones, the answer does not say."
    )


def _in_boxes(names: list[str]) -> str:
    if not names:
        return "In no box: the answer says nothing of these pixels."
    boxes_ = "the box" if len(names) == 1 else "the boxes"
    return f"In {boxes_} of {' and '.join(names)}: whether they show it, the answer does not say."
