"""What is in a scene, and where: everything that is decided before a pixel is painted."""

from typing import NamedTuple

from . import shapes
from .draws import BELL_SPREAD, Draws
from .raster import SUBPIXELS
from .textures import TEXTURE_COUNT

CLASSES = ("background", "ball", "box", "star", "cat", "pole")
BACKGROUND, BALL, BOX, STAR, CAT, POLE = range(6)

LEVELS = 8
"""Brightness is computed in 1/8 grey level: white is 255 * LEVELS."""

_STREAM = 1  # of the scene's seed; the painter's noise has another
# Hues go from 0 (red) over 512 (green) and 1024 (blue) round to 1536.
_HUES = {BALL: 15, BOX: 138, STAR: 891, CAT: 1167, POLE: 553}
_HUE_SPREAD = 61  # standard deviation
_FIGURES = (BALL, BALL, BALL, BOX, BOX, BOX, STAR, STAR, CAT, CAT)  # how often each is drawn
_TEXTURE_REACH = 204  # 10 % of the way from black to white, for one deviation of the texture


class Surface(NamedTuple):
    """How something is coloured: an even colour plus a piece of texture."""

    colour: tuple[int, int, int]  # in 1/8 grey level
    strength: tuple[int, int, int]  # 1/8 grey levels for one deviation of the texture
    texture: int  # which of the bank's
    top: int  # where the piece begins
    left: int


class Thing(NamedTuple):
    label: int
    edges: shapes.Edges
    surface: Surface


class Plan(NamedTuple):
    """A scene before it is painted."""

    seed: int
    height: int
    width: int
    ground: Surface
    light: tuple[int, int]  # how much brighter the right and the lower border are, 1/8 grey level
    things: tuple[Thing, ...]  # the last one is in front


def plan(seed: int, height: int, width: int) -> Plan:
    """Decide where everything is. The same seed gives the same composition at every size."""
    draws = Draws(seed, _STREAM)
    ground = _surface(draws, BACKGROUND)
    light = draws.between(-510, 510), draws.between(-510, 510)  # up to 25 % across the picture

    figures = [
        (shapes.RADII[draws.below(256)], draws.one_of(_FIGURES)) for _ in range(draws.between(2, 5))
    ]
    figures.sort(reverse=True)  # large ones first: the small ones stand in front
    things = [_figure(draws, label, radius, height, width) for radius, label in figures]
    things += [_pole(draws, height, width) for _ in range(draws.between(0, 4))]
    return Plan(seed, height, width, ground, light, tuple(things))


def _figure(draws: Draws, label: int, radius: int, height: int, width: int) -> Thing:
    short = min(height, width)
    radius = radius * short // shapes.REFERENCE
    centre = _somewhere(draws, height, width)
    angle, curl, mirrored = draws.below(shapes.TURN), draws.between(50, 100), draws.below(2) == 1
    if label == CAT:
        pixel = max(SUBPIXELS, SUBPIXELS * short // shapes.REFERENCE)
        edges = shapes.cat(centre, radius, mirrored, curl, pixel)
    else:
        outline = {BALL: shapes.BALL, BOX: shapes.BOX, STAR: shapes.STAR}[label]
        edges = shapes.place(outline, centre, radius, angle)
    return Thing(label, edges, _surface(draws, label))


def _pole(draws: Draws, height: int, width: int) -> Thing:
    centre = _somewhere(draws, height, width)
    lean = draws.between(-41, 41)  # 41 of 1024: a quarter of a radian
    angle = lean + (0 if draws.below(10) < 6 else shapes.TURN // 4)
    # 1.5 to 4 pixels at the reference size: the thinnest things that a mask can hold.
    thickness = max(SUBPIXELS, draws.between(24, 64) * min(height, width) // shapes.REFERENCE)
    reach = 2 * max(height, width) * SUBPIXELS  # beyond the borders on both sides
    return Thing(POLE, shapes.pole(centre, reach, angle, thickness), _surface(draws, POLE))


def _somewhere(draws: Draws, height: int, width: int) -> tuple[int, int]:
    """(x, y) anywhere in the picture, in 1/16 pixel."""
    x = (draws.below(1 << 16) * width * SUBPIXELS) >> 16
    y = (draws.below(1 << 16) * height * SUBPIXELS) >> 16
    return x, y


def _surface(draws: Draws, label: int) -> Surface:
    if label == BACKGROUND:
        colour = rgb(draws.below(1536), draws.between(0, 89), draws.between(51, 229))
    else:
        anything = draws.below(20) == 0
        near = _HUES[label] + draws.bell() * _HUE_SPREAD // BELL_SPREAD
        hue = draws.below(1536) if anything else near
        colour = rgb(hue, draws.between(89, 242), draws.between(76, 242))
    return textured(draws, colour)


def textured(draws: Draws, colour: tuple[int, int, int]) -> Surface:
    """A colour with a piece of one of the textures, some of it or much."""
    reach = _TEXTURE_REACH * draws.between(40, 100) // 100
    strength = tuple(reach * draws.between(60, 100) // 100 for _ in range(3))
    top, left = draws.below(1024), draws.below(1024)
    return Surface(colour, strength, draws.below(TEXTURE_COUNT), top, left)


def rgb(hue: int, saturation: int, value: int) -> tuple[int, int, int]:
    """A colour in 1/8 grey level. Hue of 1536, saturation and value of 255, to red, green, blue."""

    def channel(shift: int) -> int:
        place = (hue + shift) % 1536
        away = max(0, min(place, 1024 - place, 256))  # 0..256: how far from the channel's hue
        return LEVELS * value - LEVELS * value * saturation * away // (255 * 256)

    return channel(1280), channel(768), channel(256)
