"""One picture, five answers: what each task of recognition says about it, and what it leaves open.

The picture is a procedural scene whose whole truth is known, so each answer is the true one.
"""

import numpy as np

from segviz.explainers.example_scene import example_image
from segviz.explainers.explainer import Explainer, choice
from segviz.explainers.layout import by
from segviz.explainers.sentences import counted
from segviz.explainers.tasks_boxes import classification, detection, localisation
from segviz.explainers.tasks_masks import instances, semantic
from segviz.explainers.tasks_told import LEFT, WIDTH, Told, truth
from segviz.scenes import Board, Label, Scene

TOLD = {
    "classification": classification,
    "localisation": localisation,
    "detection": detection,
    "instance segmentation": instances,
    "semantic segmentation": semantic,
}
SIZE = (1000, 508)


def draw(*, answer="classification") -> Scene:
    """The Scene of one of the answers in TOLD."""
    told = TOLD[answer]()
    place = list(TOLD).index(answer)
    size = f"size: {told.size} = {_amount(answer)}"
    return Scene(
        title="One picture, five answers",
        description=(
            f"A picture of {by(truth().mask.shape)} pixels with {len(truth().labels)} things in it,"
            f" and the answer of {answer}. {told.says} {told.leaves_open} Its {size}."
        ),
        size=SIZE,
        boards=(_picture(told), told.masks, told.table, told.magnified, _sizes(answer)),
        labels=(
            Label(told.heading, LEFT, 24, "heading"),
            Label(told.says, LEFT, 48, "title"),
            Label(told.leaves_open, LEFT, 68, "title"),
            Label(size[0].upper() + size[1:], LEFT, 91, "formula"),
            *told.labels,
            *_names_of_sizes(),
            Label(told.call, 12, 500, "call"),
        ),
        relation=told.ties.relation(place, len(TOLD)),
        call=told.call,
        steps="table",
    )


def numbers_in(answer: str) -> int:
    """How many numbers an answer holds: those of its arrays."""
    main = truth().main
    arrays = {
        "classification": (truth().labels[main],),
        "localisation": (truth().labels[main], truth().boxes[main]),
        "detection": (truth().labels, truth().boxes),
        "instance segmentation": (truth().labels, truth().masks),
        "semantic segmentation": (truth().mask,),
    }
    return sum(np.size(array) for array in arrays[answer])


def _amount(answer: str) -> str:
    """16,384 numbers"""
    size = numbers_in(answer)
    return counted(size, "number").replace(str(size), f"{size:,}")


def _picture(told: Told) -> Board:
    cells = truth().cells
    return Board(
        "picture",
        f"the picture, {by(truth().mask.shape)} pixels",
        np.zeros(cells.shape),
        {"cell": cells},
        "glass",
        (12, 40),
        (13, 13),
        told.picture_says,
        image=example_image(),
        overlay=told.overlay.address(),
        figures=False,
    )


def _sizes(answer: str) -> Board:
    """How many numbers each answer holds, the shown one marked."""
    shown = list(TOLD).index(answer)
    sizes = [numbers_in(name) for name in TOLD]
    return Board(
        "sizes",
        "",
        np.array([sizes], float),
        {"answer": np.arange(len(sizes))[None]},
        np.array([["output" if place == shown else "index" for place in range(len(sizes))]]),
        (LEFT, 452),
        (WIDTH / len(sizes), 26),
        tuple(f"The answer of {name} holds {_amount(name)}." for name in TOLD),
        texts=tuple(f"{'▸ ' * (n == shown)}{size:,}" for n, size in enumerate(sizes)),
    )


def _names_of_sizes() -> tuple[Label, ...]:
    names = [name.removesuffix(" segmentation") for name in TOLD]
    return (
        Label("how many numbers each answer holds:", LEFT, 426, "title"),
        *(
            Label(name, LEFT + 4 + place * WIDTH / len(names), 446, "title")
            for place, name in enumerate(names)
        ),
    )


TASKS = Explainer(
    name="One picture, five answers",
    about=(
        "Classification, localisation, detection, instance and semantic segmentation of one picture"
        " whose truth is known: what each answer says, what it leaves open, how large it is."
    ),
    draw=draw,
    parameters=(choice("answer", "answer", *TOLD),),
)
