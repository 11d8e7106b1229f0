"""From pixels to what a network sees."""

import torch

from .errors import DataError


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Pixels 0..255 to float32 in [-1, 1], on the images' device: x / 127.5 - 1.

    The one place where pixels become network input.

    Args:
        images: uint8, (N, 3, H, W) or (3, H, W); the memory format is kept.

    Raises:
        DataError: for anything that is not uint8, such as images that are normalised already.
    """
    if images.dtype != torch.uint8:
        raise DataError(
            f"normalise takes pixels as uint8, 0..255; these are {images.dtype}. If they were "
            "normalised before, use them as they are."
        )
    return images.to(torch.float32).div_(127.5).sub_(1)
