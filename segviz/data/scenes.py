"""Procedural scenes: balls, boxes, stars, cats and poles on real textures.

The same seed gives the same scene on every machine, to the last bit, because nothing that decides
about a pixel is a float:

* random numbers are derived from the raw integer stream of PCG64, the part of `numpy.random` that
  NumPy promises never to change, read in a fixed byte order (`segviz.data.draws`);
* shapes have whole-number corners in 1/16 pixel and are filled by exact integer division, not by
  an imaging library's rasteriser (`segviz.data.shapes`, `segviz.data.raster`);
* sines and powers appear in two tables, rounded to whole numbers far from any tie;
* textures are lossless PNG files, brought to mean 0 and deviation 32 by integer arithmetic
  (`segviz.data.textures`);
* colours, light and noise are added as int16 in 1/8 grey level, with explicit dtypes.

The tests compare SHA-256 sums of scenes with stored ones.

A class is no giveaway: ball and box share the warm hues, star and cat the cold ones, and every
twentieth thing has any hue at all. So the colour narrows the class down and the shape decides.
"""

import numpy as np
import torch

from .composition import CLASSES, plan
from .dataset import SegmentationDataset, int64_mask
from .errors import DataError
from .painting import paint, paint_mask
from .palettes import SCENE_PALETTE


class Scenes(SegmentationDataset):
    """Procedural scenes as a data set: item i is the scene of seed first_seed + i.

    Nothing is stored; each item is painted when it is asked for, about 2 ms at 128 x 128.
    By convention training seeds start at 10_000 and validation seeds at 900_000.

    Args:
        length: how many scenes.
        first_seed: the seed of item 0.
        size: of a square picture in pixels, or (height, width).

    Raises:
        DataError: for a length, seed or size that cannot be.
    """

    classes, palette = CLASSES, SCENE_PALETTE
    _compose = staticmethod(plan)

    def __init__(
        self, length: int, *, first_seed: int = 0, size: int | tuple[int, int] = 128
    ) -> None:
        if not _is_whole(length) or length < 1:
            raise DataError(
                f"{type(self).__name__} needs at least 1 scene; you gave length={length!r}."
            )
        self.palette = self.palette.copy()
        self._length = int(length)
        self._first_seed = checked_seed(first_seed)
        self._size = checked_size(size)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = paint(self._plan(index))
        return torch.from_numpy(image), int64_mask(mask)

    def mask(self, index: int) -> torch.Tensor:
        return int64_mask(paint_mask(self._plan(index)))

    def name(self, index: int) -> str:
        return f"scene {self._first_seed + self._position(index)}"

    def _plan(self, index: int):
        return self._compose(self._first_seed + self._position(index), *self._size)


def scene(seed: int, size: int | tuple[int, int] = 128) -> tuple[np.ndarray, np.ndarray]:
    """Paint one scene.

    Args:
        seed: a whole number, 0 or more; the same seed gives the same scene on every machine.
        size: of a square picture, or (height, width). Things scale with the shorter side; at 128
            their radii go from 5 to 42 pixels.

    Returns:
        image uint8 (3, H, W) and mask uint8 (H, W) with the labels of `CLASSES`.

    Raises:
        DataError: for a seed or a size that cannot be.
    """
    return paint(plan(checked_seed(seed), *checked_size(size)))


def checked_seed(seed) -> int:
    if not _is_whole(seed) or seed < 0:
        raise DataError(f"A scene's seed is a whole number, 0 or more; you gave {seed!r}.")
    return int(seed)


def checked_size(size) -> tuple[int, int]:
    """(height, width) from one number or two."""
    both = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(both) != 2 or not all(map(_is_whole, both)) or min(both) < 1:
        raise DataError(
            f"A scene's size is a whole number of pixels, or (height, width); you gave {size!r}. "
            "Try size=128 or size=(96, 160)."
        )
    return int(both[0]), int(both[1])


def _is_whole(number) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
