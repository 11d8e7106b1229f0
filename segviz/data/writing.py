"""A data set written out as a folder of images and masks."""

import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from .colours import VOID_COLOURS, picture
from .dataset import IGNORE_INDEX, SegmentationDataset
from .errors import DataError


def write_folder(ds: SegmentationDataset, root: str | Path) -> Path:
    """Write images/NAME.png and masks/NAME.png for every item, as `Folder` reads them.

    Masks become palette PNGs: the pixel values are the labels, and viewers show the colours of
    `ds.palette`. Both files are lossless, so reading them back gives the same items.

    The folder appears only when everything is written: after an error or an interruption there
    is none, or the empty one that was there before.

    Args:
        ds: any data set whose images are as large as their masks.
        root: a folder that does not exist yet or is empty.

    Returns:
        root as a Path.

    Raises:
        DataError: if root holds something, or two items would have the same file name, or an
            image and its mask differ in size.
    """
    root = Path(root)
    require_free(root)
    stems = _file_stems(ds)
    root.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        _write_items(ds, stems, unfinished)
        if root.exists():
            root.rmdir()  # it is empty; Windows renames onto nothing that exists
        unfinished.chmod(0o755)  # mkdtemp lets only the owner in
        unfinished.rename(root)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return root


def require_free(root: Path) -> None:
    """DataError unless root is an empty folder or does not exist."""
    if root.is_dir() and not any(root.iterdir()):
        return
    if root.exists():
        raise DataError(
            f"{root} exists and is not an empty folder; nothing was written, so that nothing of "
            "yours is overwritten. Give another name, or remove it first."
        )


def _file_stems(ds: SegmentationDataset) -> list[str]:
    stems = [re.sub(r"[^\w.-]+", "_", ds.name(index)) for index in range(len(ds))]
    seen: dict[str, int] = {}
    for index, stem in enumerate(stems):
        # Case does not count: the folder may be read on Windows or macOS.
        other = seen.setdefault(stem.lower(), index)
        if other != index:
            raise DataError(
                f"Items {other} and {index} are named {ds.name(other)!r} and {ds.name(index)!r} "
                f"and would both become {stem}.png. Give them different names."
            )
    return stems


def _write_items(ds: SegmentationDataset, stems: list[str], folder: Path) -> None:
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for index, stem in enumerate(stems):
        image, mask = ds[index]
        if image.shape[1:] != mask.shape:
            raise DataError(
                f"{ds.name(index)}: the image is {tuple(image.shape[1:])} and the mask "
                f"{tuple(mask.shape)} (height, width); a folder needs both of one size. Use a data "
                "set with the same image_size and mask_size."
            )
        Image.fromarray(picture(image)).save(folder / "images" / f"{stem}.png")
        label_picture(mask.numpy(), ds.palette).save(folder / "masks" / f"{stem}.png")


def label_picture(labels: np.ndarray, palette: np.ndarray) -> Image.Image:
    """A palette picture of 8 bits: its pixel values are the labels (H, W), and viewers show the
    colours of palette, uint8 (K, 3), void light."""
    paletted = Image.fromarray(labels.astype(np.uint8))
    paletted.putpalette(_palette_of_256(palette).tobytes())
    return paletted


def _palette_of_256(palette: np.ndarray) -> np.ndarray:
    """uint8 (256, 3): a PNG's palette with the class colours, void light, the rest black."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(palette)] = palette
    colours[IGNORE_INDEX] = VOID_COLOURS[0]
    return colours
