"""The outlines of the things in a scene, as polygons with whole-number corners.

Sines and powers are computed in floating point and differ between machines in their last bit, so
they are used in two tables only, and rounded there; a test shows that no entry lies near enough
to the middle between two whole numbers for the last bit to matter. Everything after the tables is
integer arithmetic.
"""

from math import isqrt
from typing import NamedTuple

import numpy as np

from .raster import SUBPIXELS

TURN = 1024
"""Angles are whole numbers; `TURN` of them make a full turn."""

UNIT = 1 << 14
"""The radius of an outline before it is placed."""

UNROUNDED_DIRECTIONS = UNIT * np.stack(
    [np.cos(2 * np.pi * np.arange(TURN) / TURN), np.sin(2 * np.pi * np.arange(TURN) / TURN)], axis=1
)
DIRECTIONS = np.rint(UNROUNDED_DIRECTIONS).astype(np.int64)  # (TURN, 2)

SMALLEST, LARGEST = 5, 42  # radii in pixels where the picture's short side is REFERENCE pixels
REFERENCE = 128
UNROUNDED_RADII = SUBPIXELS * SMALLEST * (LARGEST / SMALLEST) ** (np.arange(256) / 255)
RADII = np.rint(UNROUNDED_RADII).astype(np.int64).tolist()
"""256 radii in 1/16 pixel, in equal ratios: small things are as frequent as large ones."""


class Outline(NamedTuple):
    """Closed polygons of radius `UNIT` around the origin, y downwards, all in the same sense."""

    corners: np.ndarray  # int64 (corners, 2), all polygons one after another
    following: np.ndarray  # int64 (corners,), the index of the next corner of the same polygon


class Edges(NamedTuple):
    """What `segviz.data.raster.fill` takes."""

    starts: np.ndarray  # int64 (edges, 2), (x, y) in 1/16 pixel
    ends: np.ndarray


def place(outline: Outline, centre, radius: int, angle: int = 0, mirrored: bool = False) -> Edges:
    """The outline mirrored left to right if asked, turned by `angle`, scaled and moved."""
    corners = outline.corners * np.array([-1 if mirrored else 1, 1], np.int64)
    cos, sin = DIRECTIONS[angle % TURN].tolist()
    corners = corners @ np.array([[cos, sin], [-sin, cos]], np.int64) // UNIT
    corners = corners * radius // UNIT + np.array(centre, np.int64)
    edges = Edges(corners, corners[outline.following])
    # A mirror image runs round the other way; swapping the ends restores the sense.
    return Edges(edges.ends, edges.starts) if mirrored else edges


def strokes(points: np.ndarray, width: int) -> Edges:
    """Straight strokes of one width, with square ends, between pairs of points.

    Args:
        points: int64 (strokes, 2, 2), the two end points (x, y) of each, in 1/16 pixel.
        width: in 1/16 pixel.
    """
    along = points[:, 1] - points[:, 0]
    length = np.array([max(1, isqrt(x * x + y * y)) for x, y in along.tolist()], np.int64)[:, None]
    # Half the width along the stroke, rounded away from zero: never thinner than asked for.
    along = np.sign(along) * -(-np.abs(along) * width // (2 * length))
    aside = along[:, ::-1] * np.array([-1, 1], np.int64)
    first, last = points[:, 0] - along, points[:, 1] + along
    corners = np.stack([first + aside, first - aside, last - aside, last + aside], axis=1)
    return Edges(corners.reshape(-1, 2), np.roll(corners, -1, axis=1).reshape(-1, 2))


def united(*parts: Edges) -> Edges:
    return Edges(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _outline(*polygons) -> Outline:
    corners, following, done = [], [], 0
    for polygon in polygons:
        polygon = np.array(polygon, np.int64)
        corners.append(polygon)
        following.append(done + np.roll(np.arange(len(polygon), dtype=np.int64), -1))
        done += len(polygon)
    return Outline(np.concatenate(corners), np.concatenate(following))


def _ellipse(x: int, y: int, half_width: int, half_height: int) -> np.ndarray:
    """A polygon of 64 corners: less than 1/10 of a pixel inside an ellipse of radius 42."""
    radii = np.array([half_width, half_height], np.int64)
    return np.array([x, y], np.int64) + DIRECTIONS[:: TURN // 64] * radii // UNIT


def _percent(*numbers) -> np.ndarray:
    """Percents of a radius as parts of `UNIT`."""
    return np.array(numbers, np.int64) * UNIT // 100


def _star() -> Outline:
    """Five points at 1.3 radii, the corners between them at 0.585 radii."""
    tenths = DIRECTIONS[np.arange(10) * TURN // 10]
    reach = np.where(np.arange(10) % 2 == 0, 1300, 585).astype(np.int64)[:, None]
    return _outline(tenths * reach // 1000)


BALL = _outline(_ellipse(0, 0, UNIT, UNIT))
BOX = _outline(DIRECTIONS[:: TURN // 4] * 115 // 100)
STAR = _star()

# A cat seen from the side, looking right.
_CAT_BODY = _outline(
    _ellipse(*_percent(0, 10, 100, 65)),  # body
    _ellipse(*_percent(80, -60, 50, 50)),  # head
    _percent((85, -100), (118, -140), (130, -65)),  # ears
    _percent((30, -65), (42, -140), (75, -100)),
)
_CAT_LEGS = _percent(*[[(x, 40), (x, 115)] for x in (-60, -20, 25, 60)])
_CAT_WHISKERS = _percent(*[[(-5, -42 - tilt), (165, -42 + tilt)] for tilt in (-18, 0, 18)])
_TAIL_STEPS = np.arange(9, dtype=np.int64)


def cat(centre, radius: int, mirrored: bool, curl: int, pixel: int) -> Edges:
    """A cat: body and head as outlines; legs, tail and whiskers as strokes.

    Args:
        centre: (x, y) of the middle of the body, in 1/16 pixel.
        radius: half the length of the body, in 1/16 pixel.
        mirrored: it looks left.
        curl: how high the tail is, in percent of 1.6 radii.
        pixel: the thinnest stroke, in 1/16 pixel, so that small cats keep their whiskers.
    """

    def placed(lines: np.ndarray, width: int) -> Edges:
        lines = lines * np.array([-1 if mirrored else 1, 1], np.int64)
        return strokes(lines * radius // UNIT + np.array(centre, np.int64), width)

    # The tail is a parabola that starts at the back of the body.
    tail = _percent(-80, 0) + np.stack(
        [-90 * UNIT * _TAIL_STEPS // 800, -160 * UNIT * curl * _TAIL_STEPS**2 // 640_000], axis=1
    )
    return united(
        place(_CAT_BODY, centre, radius, mirrored=mirrored),
        placed(_CAT_LEGS, max(2 * pixel, radius * 16 // 100)),
        placed(np.stack([tail[:-1], tail[1:]], axis=1), max(2 * pixel, radius * 12 // 100)),
        placed(_CAT_WHISKERS, pixel),
    )


def pole(centre, reach: int, angle: int, width: int) -> Edges:
    """A straight stroke through the centre, `reach` long to either side.

    The angle 0 is upright; a positive one leans the foot to the right.
    """
    cos, sin = DIRECTIONS[angle % TURN].tolist()
    half = np.array([sin, cos], np.int64) * reach // UNIT
    middle = np.array(centre, np.int64)
    return strokes(np.stack([middle - half, middle + half])[None], width)
