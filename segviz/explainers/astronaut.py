"""A photograph that scikit-image ships: the astronaut Eileen Collins, by NASA, public domain."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from segviz.scenes import address

WHOLE = 512  # pixels of either side
SHOWN = 192  # pixels of the longer side: the panels are hardly larger
# where a crop lies: the share of what is cut off that is cut above, and on the left
FACE = (0.16, 0.42)


@lru_cache(maxsize=16)
def photograph(rows: int, columns: int) -> str:
    """The address of a crop of the photograph, of 512×512 pixels at most, with the face in it."""
    crop = _crop(rows, columns)
    crop.thumbnail((SHOWN, SHOWN))
    return address(np.asarray(crop), lossless=False)


def pixels(side: int) -> np.ndarray:
    """The whole photograph made smaller: uint8 (side, side, 3)."""
    return np.asarray(_crop(WHOLE, WHOLE).resize((side, side)))


def _crop(rows: int, columns: int):
    from PIL import Image  # the file is read without scikit-image, which takes long to load

    folder = Path(find_spec("skimage").origin).parent / "data"
    with Image.open(folder / "astronaut.png") as file:
        whole = file.convert("RGB")
    top, left = round(FACE[0] * (WHOLE - rows)), round(FACE[1] * (WHOLE - columns))
    return whole.crop((left, top, left + columns, top + rows))
