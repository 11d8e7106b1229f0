"""The picture that several explainers share: a procedural scene of which the whole truth is known.

It is one of `segviz.data.scene`, which needs torch, hence the files in `pictures/`. Their README
says how they are made; a test says that they are the library's own. The surfaces are cut from
photographs that scikit-image ships, all CC0 or in the public domain: data/README.md names them.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segviz.scenes import address

PICTURES = Path(__file__).parent / "pictures"
CLASSES = ("background", "ball", "box", "star", "cat", "pole")


class ExampleScene(NamedTuple):
    """image: uint8 (rows, columns, 3). mask: the class of every pixel, integers (rows, columns).
    things: the number of the thing that every pixel shows, 0 to n - 1, or -1 for the background.
    labels: the class of every thing, integers (n,).
    """

    image: np.ndarray
    mask: np.ndarray
    things: np.ndarray
    labels: np.ndarray

    @property
    def names(self) -> list[str]:
        """The class of every thing by name."""
        return [CLASSES[label] for label in self.labels]

    @property
    def masks(self) -> np.ndarray:
        """One for each thing: bool (n, rows, columns)."""
        return self.things == np.arange(len(self.labels))[:, None, None]


@lru_cache(maxsize=2)
def example_scene(size: int = 128) -> ExampleScene:
    """The scene from its files; size: 128 or 32 pixels in rows and columns."""
    from PIL import Image  # only the explainers with pictures pay for it

    image, mask, numbers = (
        np.asarray(Image.open(PICTURES / f"scene-{size}-{part}.png"))
        for part in ("image", "mask", "things")
    )
    things = numbers.astype(int) - 1  # in the file 0 is the background
    _, first = np.unique(things[things >= 0], return_index=True)
    return ExampleScene(image, mask.astype(int), things, mask[things >= 0][first].astype(int))


@lru_cache(maxsize=2)
def example_image(size: int = 128) -> str:
    """The address of its image, for a Board."""
    return address(example_scene(size).image)
