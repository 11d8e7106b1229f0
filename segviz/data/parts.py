"""A data set divided in two: one part to learn from, the other to be scored on."""

from collections.abc import Sequence

import numpy as np
import torch

from .dataset import SegmentationDataset
from .errors import DataError


class Part(SegmentationDataset):
    """Some items of another data set, in the order of `indices`."""

    def __init__(self, source: SegmentationDataset, indices: Sequence[int]) -> None:
        self.classes, self.palette = source.classes, source.palette
        self.ignore_index = source.ignore_index
        self._source, self._indices = source, list(indices)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self._source[self._indices[self._position(index)]]

    def mask(self, index: int) -> torch.Tensor:
        return self._source.mask(self._indices[self._position(index)])

    def name(self, index: int) -> str:
        return self._source.name(self._indices[self._position(index)])


def split(ds: SegmentationDataset, val_share: float = 0.2, *, seed: int = 0) -> tuple[Part, Part]:
    """Divide a data set at random into a training and a validation part.

        train, val = split(Folder("my_photos", ("grass", "path", "dog")))

    The division depends on the number of items, the share and the seed only. So two views of one
    folder (photographs at two sizes, say) are divided alike.

    Args:
        ds: what to divide.
        val_share: the share of the items that goes into the validation part.
        seed: another seed, another division.

    Returns:
        (training part, validation part), both in the order of `ds`.

    Raises:
        DataError: if either part would be empty, or for a share or seed that cannot be.
    """
    if not 0 <= val_share <= 1:  # NaN is refused too
        raise DataError(f"val_share={val_share}: a share is a number between 0 and 1, as in 0.2.")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise DataError(f"seed={seed}: a seed is a whole number, 0 or more.")
    count = len(ds)
    val_count = round(count * val_share)
    if not 0 < val_count < count:
        raise DataError(
            f"A validation share of {val_share:g} of {count} images leaves {count - val_count} "
            f"to train on and {val_count} to score on; both need at least one. Give a share "
            f"between 0 and 1, or keep images in a folder of their own to score on."
        )
    shuffled = np.random.default_rng(seed).permutation(count).tolist()
    return Part(ds, sorted(shuffled[val_count:])), Part(ds, sorted(shuffled[:val_count]))
