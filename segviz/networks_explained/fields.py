"""What the units of any network see of an image: in theory, and how strongly, by gradient.

Theory: `segviz.receptive_field`. By gradient: Luo, Li, Urtasun and Zemel 2016, "Understanding the
effective receptive field in deep convolutional neural networks".
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from segviz.explainers.explainer import Explainer, Single, choice
from segviz.networks_explained.image import pictured
from segviz.networks_explained.panel import ROW, Panel
from segviz.networks_explained.watched import PLACES, Watched
from segviz.relations import NOTHING, Relation, listed
from segviz.scenes import Label, Scene

SCALES = ("linear", "logarithmic")
MOST_NETWORKS = 3
TOP = 64


def draw(networks: tuple[Watched, ...], picture: str, *, row, column, scale, **layers) -> Scene:
    """One row of panels for every network.

    picture: the image's address. row, column: the place of the unit, 0 to PLACES - 1. scale: one
    of SCALES. layers: for every network the place of its layer in its list, under the name that
    `layer_name` gives.
    """
    panels = []
    for number, watched in enumerate(networks, start=1):
        name = layer_name(number, len(networks))
        place, top = (row, column), TOP + ROW * (number - 1)
        logarithmic = scale == SCALES[1]
        panels.append(Panel(watched, picture, number, name, layers[name], place, logarithmic, top))
    bottom = TOP + ROW * len(panels)
    call = panels[0].call
    return Scene(
        title="What does this unit see?",
        description=" ".join([*(panel.told for panel in panels), call]),
        size=(1000, bottom + 4),
        boards=tuple(board for panel in panels for board in panel.boards),
        labels=(
            Label("What does this unit see?", 12, 24, "heading"),
            *(label for panel in panels for label in panel.labels),
            Label(call, 12, bottom - 10, "call"),
        ),
        relation=_relation(panels),
        call=call,
        steps=panels[0].boards[-1].name,
    )


def layer_name(number: int, networks: int) -> str:
    """What the parameter for the layer of a network is called."""
    return "layer" if networks == 1 else f"layer_{number}"


def _relation(panels: list[Panel]) -> Relation:
    """Which units read which tiles, network by network."""
    sizes = {name: size for panel in panels for name, size in panel.grids.items()}
    taps = [panel.separate_taps for panel in panels]
    if None in taps:
        return listed(sizes, **_side_by_side(sizes, [panel.taps for panel in panels]))
    axes = (_side_by_side(sizes, [both[axis] for both in taps]) for axis in (0, 1))
    return Relation(sizes, tuple(axes))


def _side_by_side(names, tables: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """One table of all; what belongs to other networks is NOTHING."""
    lengths = [len(next(iter(table.values()))) for table in tables]
    return {
        name: np.concatenate(
            [
                table.get(name, np.full(length, NOTHING))
                for table, length in zip(tables, lengths, strict=True)
            ]
        )
        for name in names
    }


def fields_explainer(model, image=None, layers=None) -> Explainer:
    """The explainer for a network, or for a few by name; see `segviz.explain.fields`."""
    models = dict(model) if isinstance(model, Mapping) else {type(model).__name__: model}
    if not 1 <= len(models) <= MOST_NETWORKS:
        raise ValueError(
            f"model holds {len(models)} networks: give one, or a dict of up to {MOST_NETWORKS} by"
            " name."
        )
    pixels, batches = pictured(image, models)
    count = len(models)
    networks = tuple(
        Watched(title if count == 1 else f"{number} · {title}", each, batch, layers)
        for number, ((title, each), batch) in enumerate(
            zip(models.items(), batches, strict=True), start=1
        )
    )
    sliders = [
        Single(
            layer_name(number, count),
            "layer" if count == 1 else f"layer of {number}",
            0,
            len(watched.layers) - 1,
            len(watched.layers) - 1,
        )
        for number, watched in enumerate(networks, start=1)
    ]
    return Explainer(
        name="Fields",
        about="What a unit of a network sees of an image: its box, the pixels in it that reach the"
        " unit, and how strongly each moves it.",
        draw=partial(draw, networks, pixels),
        parameters=(
            *sliders,
            Single("row", "unit: row", 0, PLACES - 1, PLACES // 2),
            Single("column", "unit: column", 0, PLACES - 1, PLACES // 2),
            choice("scale", "heat", *SCALES),
        ),
    )
