"""Training and validation data from a name or a folder, as the command line gives them."""

from collections.abc import Sequence
from pathlib import Path

from segviz.data import Folder, InMemory, Scenes, SegmentationDataset, split

#: Data sets up to this many bytes are read once and kept.
KEPT_IN_MEMORY = 2 * 1024**3

Pair = tuple[SegmentationDataset, SegmentationDataset]


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
    scaled_later: bool = False,
) -> Pair:
    """Photographs and masks below ``root``; trained on at ``size``, scored at the masks' own.

    Photographs that are ``scaled_later``, at random, keep their own size: what is made smaller
    first and larger then is blurred, and teaches a network to expect blur.

    The validation set is ``val_root`` if given, else ``root/val`` if there, else a random share
    of the photographs, chosen by ``seed``.
    """
    train_root = root / "train" if (root / "train").is_dir() else root
    if val_root is None and (root / "val").is_dir():
        val_root = root / "val"
    train_size = None if scaled_later else size
    train = Folder(train_root, classes, image_size=train_size, mask_size=train_size, void=void)
    scored = Folder(val_root or train_root, classes, image_size=size, void=void)
    if val_root is not None:
        return train, scored
    return split(train, val_share, seed=seed)[0], split(scored, val_share, seed=seed)[1]


def kept_if_small(dataset: SegmentationDataset) -> SegmentationDataset:
    """``dataset``, read only once if it fits into :data:`KEPT_IN_MEMORY`."""
    image, mask = dataset[0]
    bytes_needed = len(dataset) * (image.numel() + mask.numel())  # masks are kept as bytes
    return InMemory(dataset) if bytes_needed <= KEPT_IN_MEMORY else dataset
