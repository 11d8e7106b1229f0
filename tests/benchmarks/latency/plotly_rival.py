"""The explorer's picture as a plotly FigureWidget that Python updates: the rival.

Every board of the same Scene is a heatmap with its numbers as texts, at the same place and in the
same colours. The scenes are made once and kept, so that the rival pays for plotly alone.
"""

from functools import cache

import ipywidgets
import numpy as np
import plotly.graph_objects as go

from segviz import explain
from segviz.scenes import Board, Scene, number
from segviz.scenes.palette import ROLES

TINTS = {name: ink.tint[:7] for name, ink in ROLES.items()} | {"nothing": "#ffffff"}
NAMES = list(TINTS)
# n colours in n equal steps
COLOURS = [
    [(step + end) / len(NAMES), tint] for step, tint in enumerate(TINTS.values()) for end in (0, 1)
]


def rival() -> ipywidgets.VBox:
    """Sliders for the same parameters, rows and columns alike, over the same picture."""
    explorer = explain.transposed_convolution()
    parameters = explorer.explainer.parameters

    @cache
    def scene(*state) -> Scene:
        return explorer.scene_of({p.name: (v, v) for p, v in zip(parameters, state, strict=True)})

    sliders = [
        ipywidgets.IntSlider(p.start, p.first, p.last, description=p.label) for p in parameters
    ]
    figure = go.FigureWidget(_figure(scene(*(p.start for p in parameters))))

    def moved(_change):
        _update(figure, scene(*(slider.value for slider in sliders)))

    for slider in sliders:
        slider.observe(moved, "value")
    return ipywidgets.VBox([*sliders, figure])


def _figure(scene: Scene) -> go.Figure:
    width, height = scene.size
    return go.Figure(
        [go.Heatmap(**_heatmap(board)) for board in scene.boards],
        {
            "annotations": _annotations(scene),
            "width": width,
            "height": height,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "xaxis": {"range": [0, width], "visible": False},
            "yaxis": {"range": [height, 0], "visible": False},
            "plot_bgcolor": "white",
        },
    )


def _update(figure: go.FigureWidget, scene: Scene) -> None:
    """Sends what differs."""
    with figure.batch_update():
        for trace, board in zip(figure.data, scene.boards, strict=True):
            for name, value in _heatmap(board).items():
                if not np.array_equal(trace[name], value):
                    trace[name] = value
        for shown, annotation in zip(figure.layout.annotations, _annotations(scene), strict=True):
            if shown.text != annotation["text"]:
                shown.text = annotation["text"]


def _heatmap(board: Board) -> dict:
    (left, top), (width, height) = board.place, board.cell
    drawn = ~np.isnan(board.numbers)
    return {
        "z": np.vectorize(NAMES.index)(np.where(drawn, board.roles(), "nothing")),
        "text": np.where(drawn, np.vectorize(number)(np.nan_to_num(board.numbers)), ""),
        "texttemplate": "%{text}",
        "x0": left + width / 2,
        "dx": width,
        "y0": top + height / 2,
        "dy": height,
        "zmin": -0.5,
        "zmax": len(NAMES) - 0.5,
        "colorscale": COLOURS,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverinfo": "skip",
    }


def _annotations(scene: Scene) -> list[dict]:
    titles = [(board.title, *board.place, 0, -8) for board in scene.boards]
    labels = [(label.text, label.x, label.y, 0, 0) for label in scene.labels]
    return [
        {"text": text, "x": x + right, "y": y + down, "showarrow": False, "xanchor": "left"}
        for text, x, y, right, down in titles + labels
    ]
