"""Colours of the pictures: Okabe and Ito's palette (2008), safe for colour-blind eyes.

A cell's role in the operation gives its colour, the same in every explainer: what goes in is
orange, what it is weighted with is green, what comes out is blue. Cells stay light in a dark theme
too, so that dark numbers keep their contrast.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ink:
    """tint: a cell at rest; lit: a cell that takes part in what is pointed at. Stronger ones for
    cells too small to carry a number: small at rest, deep when lit."""

    tint: str
    lit: str
    small: str
    deep: str


ROLES = {
    "input": Ink("#fdf3df", "#f2b233", "#f2b233", "#a86e00"),
    "kernel": Ink("#e1f4ec", "#35bd93", "#35bd93", "#00563f"),
    "output": Ink("#e3f1fb", "#6bbdee", "#9fd3f5", "#00508a"),
    "zero": Ink("#f7f7f5", "#d6d6d0", "#f7f7f5", "#8a8a86"),
    "padding": Ink("#e4e4e0", "#c2c2bc", "#e4e4e0", "#6f6f6b"),
    "cut": Ink("#ffffff", "#e8e8e4", "#ffffff", "#c2c2bc"),
    "index": Ink("#fbfbf8", "#f6e27a", "#efefec", "#b39b00"),
}

FAINT_ROLES = ("zero", "padding", "cut")  # numbers that are there, but not the point

PAPER = "#ffffff"
INK = "#1c1c1c"
FAINT = "#8a8a86"
LINE = "#b9b9b4"
FOCUS = "#111111"
