"""From a plan to pixels, in integers of a stated width."""

import numpy as np

from . import raster, textures
from .composition import BACKGROUND, LEVELS, Plan, Surface, Thing
from .draws import BELL_SPREAD, bell_noise

_STREAM = 2  # of the scene's seed
_NOISE_SPREAD = 61  # standard deviation: 3 % of the way from black to white, in 1/8 grey level


Area = tuple[slice, slice, np.ndarray]


def paint(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 (3, H, W), red, green and blue, and mask uint8 (H, W)."""
    areas = _areas(plan)
    return _image(plan, areas), _mask(plan, areas)


def paint_mask(plan: Plan) -> np.ndarray:
    """The mask alone, uint8 (H, W)."""
    return _mask(plan, _areas(plan))


def _areas(plan: Plan) -> list[tuple[Thing, Area]]:
    """The things that can be seen, each with the rows, columns and pixels that it covers."""
    filled = [(thing, raster.fill(*thing.edges, plan.height, plan.width)) for thing in plan.things]
    return [(thing, area) for thing, area in filled if area is not None]


def _mask(plan: Plan, areas: list[tuple[Thing, Area]]) -> np.ndarray:
    mask = np.full((plan.height, plan.width), BACKGROUND, np.uint8)
    for thing, (rows, columns, inside) in areas:
        mask[rows, columns][inside] = thing.label
    return mask


def _image(plan: Plan, areas: list[tuple[Thing, Area]]) -> np.ndarray:
    height, width = plan.height, plan.width
    picture = _painted(plan.ground, height, width) + _daylight(plan.light, height, width)
    for thing, (rows, columns, inside) in areas:
        piece = _painted(thing.surface, *inside.shape)
        np.copyto(picture[:, rows, columns], piece, where=inside)

    noise = bell_noise(plan.seed, _STREAM, height, width)
    picture += (noise.astype(np.int32) * _NOISE_SPREAD // BELL_SPREAD).astype(np.int16)
    return (picture // np.int16(LEVELS)).clip(0, 255).astype(np.uint8)  # (3, H, W)


def _painted(surface: Surface, height: int, width: int) -> np.ndarray:
    texture = textures.bank()[surface.texture]
    piece = textures.crop(texture, surface.top, surface.left, height, width)  # (H, W)
    strength = np.array(surface.strength, np.int16)[:, None, None]
    colour = np.array(surface.colour, np.int16)[:, None, None]
    # |piece| <= 127 and strength <= 204, so the product fits int16. -> (3, H, W)
    return colour + piece * strength // np.int16(textures.DEVIATION)


def _daylight(light: tuple[int, int], height: int, width: int) -> np.ndarray:
    """int16 (H, W): from -half to +half of the given difference along each axis."""

    def ramp(difference: int, count: int) -> np.ndarray:
        twice_from_middle = 2 * np.arange(count, dtype=np.int64) + 1 - count
        return difference * twice_from_middle // (2 * count)

    return (ramp(light[1], height)[:, None] + ramp(light[0], width)).astype(np.int16)
