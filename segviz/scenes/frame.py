"""A Scene as strings for a page: what is painted, and what hovering and stepping read.

Equal strings of different scenes are equal parts, so a page with many scenes keeps each only once.
"""

import json

import numpy as np

from segviz.relations import NOTHING, Relation
from segviz.scenes.painter import paint
from segviz.scenes.scene import Board, Scene, number, written


def frame(scene: Scene) -> dict[str, list[str]]:
    """Part name -> strings that joined make it.

    The parts are the layers of `paint(scene)`, and as JSON "relation", "build_up", "about" and for
    every board "<board>:keys" and "<board>:says".
    """
    parts = paint(scene)
    parts["about"] = [_json(_about(scene))]
    parts["relation"] = [_json(_relation(scene.relation))]
    parts["build_up"] = [_json(_build_up(scene))]
    for board in scene.boards:
        # sorted, so that boards which say the same things in another order share one string
        sentences = sorted(set(board.says))
        position = {sentence: place for place, sentence in enumerate(sentences)}
        parts[f"{board.name}:says"] = [_json(sentences)]
        said = np.asarray([position[sentence] for sentence in board.says], int)
        parts[f"{board.name}:keys"] = [_json(_keys(board) | {"says": _list(said)})]
    return parts


def _about(scene: Scene) -> dict:
    """What the page says of the picture, and how its numbers are changed by hand, if at all."""
    hands = {bool(board.paints) for board in scene.boards if board.editable}
    ways = {
        False: "double-click to type over a number",
        True: "drag to paint, double-click for the next label",
    }
    typing = ways[max(hands)] if hands else ""
    return {"description": scene.description, "steps": scene.steps, "typing": typing}


def _json(data) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _relation(relation: Relation) -> dict:
    """The small tables; the page multiplies them out as `Relation.column` does."""
    return {
        "nothing": NOTHING,
        "sizes": {name: list(size) for name, size in relation.sizes.items()},
        "axes": [{name: taps.tolist() for name, taps in axis.items()} for axis in relation.axes],
        "walk": list(relation.walk),
    }


def _keys(board: Board) -> dict:
    """Which cells are drawn, and what each stands for; {"count": n} is short for 0 ... n - 1."""
    drawn = board.cells
    return {
        "width": board.numbers.shape[1],
        "cells": _list(drawn),
        "columns": {name: _list(cells.ravel()[drawn]) for name, cells in board.columns.items()},
        "editable": board.editable,
        "edits": None if board.edits is None else _edits(board),
        # what typing starts from; a cell may show it rounded
        "typed": [written(v) for v in board.numbers.ravel()[drawn]] if board.editable else None,
        "paints": board.paints,
        "lead": board.lead,
        **({"sets": list(board.sets)} if board.sets else {}),
        "only": board.only,
    }


def _edits(board: Board) -> dict:
    """The number that every cell drawn changes, by its place in an array of this width."""
    row, column = board.edits.reshape(2, -1)[:, board.cells]
    width = int(column.max(initial=0)) + 1
    return {"width": width, "cells": np.where(row < 0, NOTHING, row * width + column).tolist()}


def _list(values: np.ndarray) -> list[int] | dict:
    return (
        {"count": len(values)}
        if np.array_equal(values, np.arange(len(values)))
        else values.tolist()
    )


def _build_up(scene: Scene) -> dict | None:
    if scene.build_up is None:
        return None
    steps = [[[cell, number(value)] for cell, value in step] for step in scene.build_up.steps]
    return {"board": scene.build_up.board, "along": scene.build_up.along, "steps": steps}
