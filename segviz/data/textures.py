"""Surfaces: cut-outs of real photographs, as deviations from an even colour.

The photographs come inside the scikit-image package (see data/README.md for who made them).
PNG is lossless, and grey values and deviations are computed in integers here, so a texture is the
same array on every machine.
"""

import warnings
import zlib
from functools import lru_cache
from math import isqrt

import numpy as np

from .draws import bytes_from

PHOTOGRAPHS = ("brick", "grass", "gravel", "coffee", "chelsea", "astronaut")
DEVIATION = 32
"""Texture values are in units of 1/32 standard deviation of the photograph's grey values."""

TEXTURE_COUNT = 16  # eight surfaces, each in its own size and twice as large
_CLOUD_CELLS = (4, 12)  # pixels between the random values of the two procedural surfaces
_CLOUD_STREAM = 90  # apart from the streams of the scenes
_KNOWN_CHECKSUM = 1229885826


@lru_cache(maxsize=1)
def bank() -> tuple[np.ndarray, ...]:
    """The textures: int16 arrays (height, width) within -127..127, mean 0, deviation 32."""
    surfaces = [_grey(_photograph(name)) for name in PHOTOGRAPHS]
    surfaces += [_clouds(cell) for cell in _CLOUD_CELLS]
    surfaces += [_twice_as_large(surface) for surface in surfaces]
    textures = tuple(_deviations(surface) for surface in surfaces)
    if _checksum(textures) != _KNOWN_CHECKSUM:
        warnings.warn(
            "This scikit-image ships other photographs than the ones the course was made with: "
            "the scenes will not look like those in the notebooks. scikit-image 0.22 to 0.26 "
            "have the expected ones.",
            stacklevel=2,
        )
    return textures


def crop(texture: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """A (height, width) piece from any place; beyond the border the texture is mirrored."""
    rows = _mirrored(top, height, texture.shape[0])
    columns = _mirrored(left, width, texture.shape[1])
    return texture[rows[:, None], columns]  # (height, width)


def _mirrored(start: int, count: int, length: int) -> np.ndarray:
    place = np.arange(start, start + count, dtype=np.int64) % (2 * length)
    return np.minimum(place, 2 * length - 1 - place)


def _photograph(name: str) -> np.ndarray:
    from skimage import data  # half a second, paid only by those who draw a scene

    return getattr(data, name)()


def _grey(photograph: np.ndarray) -> np.ndarray:
    """Grey values, int64 (height, width), with the weights of ITU-R BT.601 in thousandths."""
    pixels = photograph.astype(np.int64)
    if pixels.ndim == 2:
        return pixels
    return (pixels @ np.array([299, 587, 114], np.int64)) // 1000


def _clouds(cell: int) -> np.ndarray:
    """Random values on a coarse lattice, blurred until the lattice is gone; (512, 512)."""
    side = -(-512 // cell)
    lattice = bytes_from(cell, _CLOUD_STREAM, side * side).reshape(side, side).astype(np.int64)
    fine = lattice.repeat(cell, axis=0).repeat(cell, axis=1)
    return _blurred(fine, cell)[:512, :512]


def _twice_as_large(surface: np.ndarray) -> np.ndarray:
    return _blurred(surface.repeat(2, axis=0).repeat(2, axis=1), 2)


def _blurred(surface: np.ndarray, window: int) -> np.ndarray:
    """The mean over a window, taken twice along each axis; the borders wrap around."""
    for axis in (0, 1, 0, 1):
        surface = sum(np.roll(surface, shift, axis) for shift in range(window))
    return surface // window**4


def _deviations(surface: np.ndarray) -> np.ndarray:
    """(value - mean) / standard deviation in units of 1/`DEVIATION`, without a float."""
    count, total = surface.size, int(surface.sum())
    squares = int((surface * surface).sum())
    spread = isqrt(count * squares - total * total)  # count * standard deviation
    scaled = (surface * count - total) * DEVIATION // spread
    return scaled.clip(-127, 127).astype(np.int16)


def _checksum(textures: tuple[np.ndarray, ...]) -> int:
    total = 0
    for texture in textures:
        total = zlib.crc32(texture.astype(np.int8).tobytes(), total)
    return total
