"""Colours of the pictures: Okabe and Ito's palette (2008), safe for colour-blind eyes.

A cell's role in the operation gives its colour, the same in every explainer: what goes in is
orange, what it is weighted with is green, what comes out is blue. Cells stay light in a dark theme
too, so that dark numbers keep their contrast (WCAG AA; a test measures it). Colour never stands
alone: a cell that has room for a number or a name shows it, and its sentence tells the rest.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ink:
    """tint: a cell at rest; lit: a cell that takes part in what is pointed at. Stronger ones for
    cells too small to carry a number: small at rest, deep when lit. Those left out are the tint;
    a lit cell has a dark border besides."""

    tint: str
    lit: str = ""
    small: str = ""
    deep: str = ""


STEPS = 9  # of a heat scale

ROLES = {
    "input": Ink("#fdf3df", "#f2b233", "#f2b233", "#a86e00"),
    "kernel": Ink("#e1f4ec", "#35bd93", "#35bd93", "#00563f"),
    "output": Ink("#e3f1fb", "#6bbdee", "#9fd3f5", "#00508a"),
    "zero": Ink("#f7f7f5", "#d6d6d0", "#f7f7f5", "#8a8a86"),
    "padding": Ink("#e4e4e0", "#c2c2bc", "#e4e4e0", "#6f6f6b"),
    "cut": Ink("#ffffff", "#e8e8e4", "#ffffff", "#c2c2bc"),
    "index": Ink("#fbfbf8", "#f6e27a", "#efefec", "#b39b00"),
    # over a photograph: what lies below shows through
    "glass": Ink("#ffffff00", "#ffe14d80", "#ffffff00", "#ffe14dc0"),
    # classes: background first; the last one is void
    "class-0": Ink("#efefec"),
    "class-1": Ink("#f7b267"),
    "class-2": Ink("#8ecdf2"),
    "class-3": Ink("#6fcfb0"),
    "class-4": Ink("#f4e05a"),
    "class-5": Ink("#e3a9c8"),
    "void": Ink("#ffffff"),
    # how much or how often, from nothing to most: white to a strong orange
    **{
        f"heat-{step}": Ink(
            "#" + "".join(f"{255 + (c - 255) * step // (STEPS - 1):02x}" for c in (233, 138, 21))
        )
        for step in range(STEPS)
    },
}

FAINT_ROLES = ("zero", "padding", "cut")  # numbers that are there, but not the point

PAPER = "#ffffff"
INK = "#1c1c1c"
FAINT = "#62625e"
LINE = "#b9b9b4"
FOCUS = "#111111"


def heat(values: np.ndarray, most: float | None = None) -> np.ndarray:
    """The role of every value on a scale from 0 to `most` (the largest, unless given).

    Any shape in, the same shape of palette keys out. Only 0 and less is white.
    """
    values = np.asarray(values, float)
    most = (values.max(initial=0) if most is None else most) or 1
    steps = np.ceil(np.clip(values / most, 0, 1) * (STEPS - 1)).astype(int)
    return np.array([f"heat-{step}" for step in range(STEPS)], object)[steps]
