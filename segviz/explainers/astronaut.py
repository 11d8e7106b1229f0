"""A photograph that scikit-image ships: the astronaut Eileen Collins, by NASA, public domain."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from segviz.scenes import address

SHOWN = 192  # pixels of the longer side: the panels are hardly larger
FACE = (
    0.16,
    0.42,
)  # where a crop lies: the share of what is cut off that is cut above, on the left


@lru_cache(maxsize=16)
def photograph(rows: int, columns: int) -> str:
    """The address of a crop of the photograph, of 512×512 pixels at most, with the face in it."""
    from PIL import Image  # the file is read without scikit-image, which takes long to load

    folder = Path(find_spec("skimage").origin).parent / "data"
    with Image.open(folder / "astronaut.png") as file:
        whole = file.convert("RGB")
    top, left = round(FACE[0] * (512 - rows)), round(FACE[1] * (512 - columns))
    crop = whole.crop((left, top, left + columns, top + rows))
    crop.thumbnail((SHOWN, SHOWN))
    return address(np.asarray(crop), lossless=False)
