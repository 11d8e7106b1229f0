"""Masks as pictures: colours for classes, and images ready for `imshow` or Pillow."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from .dataset import IGNORE_INDEX
from .errors import DataError

VOID_COLOURS = np.array([(255, 255, 255), (120, 120, 120)], np.uint8)
"""Void is drawn as diagonal stripes of these two: no class is ever striped."""

_STRIPE = 4  # pixels


def colour(mask: torch.Tensor | np.ndarray, palette: np.ndarray) -> np.ndarray:
    """A mask as a picture.

    Args:
        mask: (H, W) of whole numbers, labels 0..K-1 or 255 for void.
        palette: uint8 (K, 3).

    Returns:
        uint8 (H, W, 3). Void is striped in white and grey.

    Raises:
        DataError: for a mask that is not 2-D or holds labels outside the palette.
    """
    labels = np.asarray(mask)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise DataError(
            "A mask to be coloured is a table (H, W) of whole numbers; you gave shape "
            f"{tuple(labels.shape)} and {labels.dtype}. For logits take argmax over the classes."
        )
    void = labels == IGNORE_INDEX
    outside = np.unique(labels[~void & ((labels < 0) | (labels >= len(palette)))])
    if outside.size:
        raise DataError(
            f"The mask holds the label {outside[0]}, but the palette has colours for "
            f"0..{len(palette) - 1} only."
        )
    picture = np.asarray(palette, np.uint8)[np.where(void, 0, labels)]  # (H, W, 3)
    row, column = np.nonzero(void)
    picture[row, column] = VOID_COLOURS[(row + column) // _STRIPE % 2]
    return picture


def picture(image: torch.Tensor | np.ndarray) -> np.ndarray:
    """An image of a data set, uint8 (3, H, W), as plotting libraries want it: (H, W, 3)."""
    pixels = np.asarray(image)
    if pixels.ndim != 3 or pixels.shape[0] != 3 or pixels.dtype != np.uint8:
        raise DataError(
            "An image here is uint8 of shape (3, H, W), values 0..255; you gave "
            f"{pixels.dtype} of shape {tuple(pixels.shape)}."
        )
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def overlay(
    image: torch.Tensor | np.ndarray,
    mask: torch.Tensor | np.ndarray,
    palette: np.ndarray,
    opacity: float = 0.5,
) -> np.ndarray:
    """The coloured mask laid over its image.

    Args:
        image: uint8 (3, H, W). If it is not as large as the mask, it is resized to it: masks are
            never smoothed.
        mask: (h, w) of whole numbers, labels 0..K-1 or 255 for void.
        palette: uint8 (K, 3).
        opacity: 0 shows the image alone, 1 the mask alone.

    Returns:
        uint8 (h, w, 3).
    """
    if not 0 <= opacity <= 1:
        raise DataError(f"opacity goes from 0 (image only) to 1 (mask only); you gave {opacity}.")
    colours = colour(mask, palette)
    height, width = colours.shape[:2]
    below = Image.fromarray(picture(image)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(Image.blend(below, Image.fromarray(colours), opacity))


def contact_sheet(pictures: Sequence[np.ndarray], columns: int = 4, gap: int = 4) -> np.ndarray:
    """Pictures of one size side by side on white: uint8 (rows, columns, 3)."""
    if not len(pictures) or len({np.shape(p) for p in pictures}) != 1 or columns < 1:
        sizes = sorted({np.shape(p)[:2] for p in pictures})
        raise DataError(
            "A contact sheet needs at least one picture, all of one size, and at least one "
            f"column; you gave sizes {sizes} and columns={columns}."
        )
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for index, one in enumerate(pictures):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = one
    return sheet
