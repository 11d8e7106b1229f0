"""Training and validation data from a name or a folder, as the command line gives them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from segviz.data import Folder, InMemory, Scenes, SegmentationDataset

#: Data sets up to this many bytes are read once and kept.
KEPT_IN_MEMORY = 2 * 1024**3

Pair = tuple[SegmentationDataset, SegmentationDataset]


class Part(SegmentationDataset):
    """Some items of another data set, in the order of ``indices``."""

    def __init__(self, source: SegmentationDataset, indices: Sequence[int]):
        self.classes, self.palette = source.classes, source.palette
        self.ignore_index = source.ignore_index
        self._source, self._indices = source, list(indices)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self._source[self._indices[self._position(index)]]

    def mask(self, index: int) -> Tensor:
        return self._source.mask(self._indices[self._position(index)])

    def name(self, index: int) -> str:
        return self._source.name(self._indices[self._position(index)])


def scenes(train_count: int, val_count: int, size: tuple[int, int] | None) -> Pair:
    """Procedural scenes: the seeds from 10,000 to train on, those from 900,000 to score on."""
    size = size or (128, 128)
    train = Scenes(train_count, first_seed=10_000, size=size)
    return train, Scenes(val_count, first_seed=900_000, size=size)


def folder(
    root: Path,
    val_root: Path | None,
    val_share: float,
    seed: int,
    classes: Sequence[str],
    void: Sequence[int],
    size: tuple[int, int] | None,
) -> Pair:
    """Photographs and masks below ``root``; trained on at ``size``, scored at the masks' own.

    The validation set is ``val_root`` if given, else ``root/val`` if there, else a random share
    of the photographs, chosen by ``seed``.
    """
    train_root = root / "train" if (root / "train").is_dir() else root
    if val_root is None and (root / "val").is_dir():
        val_root = root / "val"
    train = Folder(train_root, classes, image_size=size, mask_size=size, void=void)
    scored = Folder(val_root or train_root, classes, image_size=size, void=void)
    if val_root is not None:
        return train, scored
    train_indices, val_indices = split(len(train), val_share, seed)
    return Part(train, train_indices), Part(scored, val_indices)


def split(count: int, val_share: float, seed: int) -> tuple[list[int], list[int]]:
    """Divide ``0 .. count - 1`` at random into a training and a validation part, both sorted.

    Raises:
        ValueError: if either part would be empty.
    """
    val_count = round(count * val_share)
    if not 0 < val_count < count:
        raise ValueError(
            f"A validation share of {val_share:g} of {count} images leaves {count - val_count} "
            f"to train on and {val_count} to score on; both need at least one. Give a share "
            f"between 0 and 1, or a validation folder with --val."
        )
    shuffled = np.random.default_rng(seed).permutation(count).tolist()
    return sorted(shuffled[val_count:]), sorted(shuffled[:val_count])


def kept_if_small(dataset: SegmentationDataset) -> SegmentationDataset:
    """``dataset``, read only once if it fits into :data:`KEPT_IN_MEMORY`."""
    image, mask = dataset[0]
    bytes_needed = len(dataset) * (image.numel() + mask.numel())  # masks are kept as bytes
    return InMemory(dataset) if bytes_needed <= KEPT_IN_MEMORY else dataset
