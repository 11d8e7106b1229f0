"""What every data set of this course offers, whether it is painted, read or kept in memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import Dataset

IGNORE_INDEX = 255
"""The label of pixels that nobody may learn from or be scored on ("void")."""


class SegmentationDataset(Dataset, ABC):
    """Images with masks, by number.

    Attributes:
        classes: the K class names; label k means classes[k].
        palette: uint8 (K, 3), a colour for each class in pictures.
        ignore_index: 255, the label of pixels without a class.
    """

    classes: tuple[str, ...]
    palette: np.ndarray
    ignore_index: int = IGNORE_INDEX

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Image uint8 (3, H, W) and mask int64 (h, w) with labels 0..K-1 or 255."""

    @abstractmethod
    def name(self, index: int) -> str:
        """A short name of the item for people: a file's stem, "scene 17"."""

    def mask(self, index: int) -> torch.Tensor:
        """The mask alone, int64 (h, w); cheaper than the item where the image is not needed."""
        return self[index][1]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return (self[index] for index in range(len(self)))

    def _position(self, index: int) -> int:
        """The index counted from the start; negative ones count from the end, as in a list."""
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"Item {index} was asked for, but there are {len(self)} items.")
        return position


class InMemory(SegmentationDataset):
    """Keeps every item of another data set once it was read, for training over many epochs.

    An item takes 4 bytes per pixel (3 for the image, 1 for the mask): 2,000 scenes of 128 x 128
    take 131 MB. Use it without worker processes: each worker would fill a memory of its own.
    """

    def __init__(self, source: SegmentationDataset) -> None:
        self.classes, self.palette = source.classes, source.palette
        self.ignore_index = source.ignore_index
        self._source = source
        self._kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = self._item(index)
        # A copy: who draws into an image must not change it for the next epoch.
        return torch.from_numpy(image.copy()), int64_mask(mask)

    def mask(self, index: int) -> torch.Tensor:
        return int64_mask(self._item(index)[1])

    def name(self, index: int) -> str:
        return self._source.name(index)

    def _item(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        position = self._position(index)
        if position not in self._kept:
            image, mask = self._source[position]
            self._kept[position] = image.numpy().copy(), mask.numpy().astype(np.uint8)
        return self._kept[position]


def int64_mask(labels: np.ndarray) -> torch.Tensor:
    """Labels of any whole-number type as a new int64 tensor.

    NumPy does the conversion: torch would wake all its threads for it, which takes many times as
    long as the work itself where the cores are busy.
    """
    return torch.from_numpy(labels.astype(np.int64))
