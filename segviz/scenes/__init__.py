"""Scenes: pictures as plain data, and the painter that turns them into SVG."""

from segviz.scenes.frame import frame
from segviz.scenes.image import address
from segviz.scenes.painter import layer_names, paint, shell, svg
from segviz.scenes.palette import heat
from segviz.scenes.scene import Board, BuildUp, Label, Scene, number, written

__all__ = [
    "Board",
    "BuildUp",
    "Label",
    "Scene",
    "address",
    "frame",
    "heat",
    "number",
    "layer_names",
    "paint",
    "shell",
    "svg",
    "written",
]
