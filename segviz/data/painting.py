"""From a plan to pixels, in integers of a stated width."""

import numpy as np

from . import raster, textures
from .composition import BACKGROUND, LEVELS, Plan, Surface
from .draws import BELL_SPREAD, bell_noise

_STREAM = 2  # of the scene's seed
_NOISE_SPREAD = 61  # standard deviation: 3 % of the way from black to white, in 1/8 grey level


def paint_mask(plan: Plan) -> np.ndarray:
    """uint8 (H, W): the label of every pixel."""
    mask = np.full((plan.height, plan.width), BACKGROUND, np.uint8)
    for thing in plan.things:
        area = raster.fill(*thing.edges, plan.height, plan.width)
        if area is not None:
            rows, columns, inside = area
            mask[rows, columns][inside] = thing.label
    return mask


def paint_image(plan: Plan) -> np.ndarray:
    """uint8 (3, H, W), red, green and blue."""
    height, width = plan.height, plan.width
    picture = _painted(plan.ground, height, width) + _daylight(plan.light, height, width)
    for thing in plan.things:
        area = raster.fill(*thing.edges, height, width)
        if area is not None:
            rows, columns, inside = area
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
