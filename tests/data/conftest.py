"""Small folders of photographs and masks, made for one test each."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


class Album:
    """A data folder under construction."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("images", "masks"):
            (root / part).mkdir(parents=True)

    def photograph(self, name: str = "a.png", size=(6, 9), **options) -> np.ndarray:
        """Store random pixels, uint8 (H, W, 3)."""
        seed = sum(name.encode())
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(self.root / "images" / name, **options)
        return pixels

    def mask(self, name: str = "a.png", labels=None, size=(6, 9)) -> np.ndarray:
        """Store labels as grey PNG; by default all three classes and void."""
        if labels is None:
            labels = np.resize(np.array([0, 1, 2, 2, 255, 1, 0], np.uint8), size)
        Image.fromarray(labels).save(self.root / "masks" / name)
        return labels


@pytest.fixture
def album(tmp_path) -> Album:
    return Album(tmp_path / "album")


@pytest.fixture
def photographs() -> Path:
    """The folder of real data sets, named by the environment variable SEGVIZ_DATA."""
    folder = os.environ.get("SEGVIZ_DATA")
    if not folder:
        pytest.skip(
            "SEGVIZ_DATA is not set; point it at a folder that holds camvid/ and isbi/ to test on "
            "real photographs (see data/README.md)."
        )
    if not Path(folder).is_dir():
        pytest.skip(f"SEGVIZ_DATA names {folder}, which is no folder (see data/README.md).")
    return Path(folder)
