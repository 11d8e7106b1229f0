"""Scenes in which only the surroundings tell what a thing is: where a network must look far.

The ground is grey, discs are coloured. A disc on dark ground is a boat, the same disc on bright
ground is a car. Its own colour and texture say nothing, and most discs are so large that a unit in
their middle sees nothing else unless its field reaches beyond the rim. Painted as the procedural
scenes are, to the last bit the same on every machine (:mod:`segviz.data.scenes`).
"""

from . import shapes
from .composition import Plan, Surface, Thing, rgb, textured
from .draws import Draws
from .palettes import SCENE_PALETTE
from .raster import SUBPIXELS
from .scenes import Scenes

CLASSES = ("ground", "boat", "car")
_STREAM = 3  # of the scene's seed
_DARK, _BRIGHT = (38, 102), (153, 217)  # of 255
_RADII = (36 * SUBPIXELS, 60 * SUBPIXELS)  # where the picture's short side is REFERENCE pixels
_MARGIN = 20  # pixels between the discs' centres and the border, at that size


class ContextScenes(Scenes):
    """Discs on dark or bright ground as a data set: item i is the scene of seed first_seed + i.

    Ground is class 0; discs are boats (1) where the ground is dark, cars (2) where it is bright.
    Boats and cars are equally frequent and equally coloured. Arguments and errors as for `Scenes`.
    """

    classes, palette = CLASSES, SCENE_PALETTE[[0, 4, 1]]

    @staticmethod
    def _compose(seed: int, height: int, width: int) -> Plan:
        return context_plan(seed, height, width)


def context_plan(seed: int, height: int, width: int) -> Plan:
    """Decide where everything is. The same seed gives the same composition at every size."""
    draws = Draws(seed, _STREAM)
    label = draws.between(1, 2)
    value = draws.between(*(_DARK if label == 1 else _BRIGHT))
    ground = textured(draws, rgb(draws.below(1536), draws.between(0, 30), value))
    things = tuple(_disc(draws, label, height, width) for _ in range(draws.between(1, 2)))
    return Plan(seed, height, width, ground, (0, 0), things)


def _disc(draws: Draws, label: int, height: int, width: int) -> Thing:
    radius = draws.between(*_RADII) * min(height, width) // shapes.REFERENCE
    centre = _inside(draws, width), _inside(draws, height)
    edges = shapes.place(shapes.BALL, centre, radius)
    return Thing(label, edges, _paint_of_any_colour(draws))


def _paint_of_any_colour(draws: Draws) -> Surface:
    return textured(draws, rgb(draws.below(1536), draws.between(100, 255), draws.between(26, 230)))


def _inside(draws: Draws, side: int) -> int:
    """Somewhere along a side, not too near its ends, in 1/16 pixel."""
    share = draws.between(_MARGIN, shapes.REFERENCE - _MARGIN)
    return share * side * SUBPIXELS // shapes.REFERENCE
