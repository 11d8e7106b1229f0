"""Two data sets that everybody knows, through torchvision's own loaders: Pets and VOC.

Both are fetched only if asked for (`download=True`), with a bar and a check of the files' sums.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from .dataset import SegmentationDataset
from .errors import DataError
from .folder import Size, as_image, as_mask, checked_size
from .palettes import SCENE_PALETTE, voc_colours


class OxfordPet(SegmentationDataset):
    """The Oxford-IIIT Pet set: 7,349 photographs of 37 breeds, each with a trimap.

    The trimap's 1, 2, 3 become the labels 0, 1, 2: pet, background, border (the pixels that the
    annotators left open). Images differ in size. (Parkhi, Vedaldi, Zisserman and Jawahar 2012,
    "Cats and dogs"; licence CC BY-SA 4.0.)

    Args:
        root: the folder that holds, or will hold, `oxford-iiit-pet/`.
        split: "trainval" (3,680 images) or "test" (3,669), the official ones.
        image_size, mask_size: as for `Folder`. Batches need images of one size.
        download: fetch the files, about 0.8 GB, if they are not there.

    Raises:
        DataError: for files that are not there or cannot be fetched, and another split.
    """

    classes = ("pet", "background", "border")
    palette = SCENE_PALETTE[[1, 0, 3]]  # pets stand out from the dark

    def __init__(
        self,
        root: str | Path,
        split: str = "trainval",
        *,
        image_size: Size | None = None,
        mask_size: Size | None = None,
        download: bool = False,
    ) -> None:
        from torchvision.datasets import OxfordIIITPet

        _check_split(split, ("trainval", "test"))
        self._sizes = checked_size("image_size", image_size), checked_size("mask_size", mask_size)
        self._source = _opened(
            lambda: OxfordIIITPet(root, split, target_types="segmentation", download=download),
            f"Oxford-IIIT Pet, split {split},",
            root,
        )
        listed = Path(root, "oxford-iiit-pet", "annotations", f"{split}.txt")
        # in a line: name, number of the breed from 1, cat or dog, number among these
        lines = [line.split() for line in listed.read_text().splitlines()]
        self._names, self._breeds = zip(
            *((line[0], int(line[1]) - 1) for line in lines), strict=True
        )
        #: names of the 37 breeds; `breed(index)` counts from 0 in this order
        self.breeds = tuple(self._source.classes)

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, trimap = self._source[self._position(index)]
        labels = np.asarray(trimap, np.uint8) - 1
        if labels.max() > 2:  # 0 has become 255: no trimap has it
            raise DataError(
                f"The trimap of {self.name(index)} holds other values than 1, 2 and 3: it is not"
                " the one that was published. Remove the folder and download it again."
            )
        return as_image(image, self._sizes[0]), as_mask(labels, self._sizes[1])

    def breed(self, index: int) -> int:
        """The number of the breed, 0 to 36; breeds[...] is its name."""
        return self._breeds[self._position(index)]

    def name(self, index: int) -> str:
        return self._names[self._position(index)]


class VOC(SegmentationDataset):
    """Pascal VOC 2012, segmentation: 20 classes and background; void (255) is ignored.

    (Everingham et al. 2015, "The PASCAL Visual Object Classes Challenge: A Retrospective".)

    Args:
        root: the folder that holds, or will hold, `VOCdevkit/VOC2012/`.
        split: "train" (1,464 images), "val" (1,449) or "trainval", the official ones.
        image_size, mask_size: as for `Folder`. Batches need images of one size.
        download: fetch the files, about 2 GB, if they are not there.

    Raises:
        DataError: for files that are not there or cannot be fetched, and another split.
    """

    classes = (
        *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
        *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
        *("sheep", "sofa", "train", "tvmonitor"),
    )
    palette = voc_colours(len(classes))

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        *,
        image_size: Size | None = None,
        mask_size: Size | None = None,
        download: bool = False,
    ) -> None:
        from torchvision.datasets import VOCSegmentation

        _check_split(split, ("train", "val", "trainval"))
        self._sizes = checked_size("image_size", image_size), checked_size("mask_size", mask_size)
        self._source = _opened(
            lambda: VOCSegmentation(root, "2012", split, download=download),
            f"Pascal VOC 2012, split {split},",
            root,
        )

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = self._source[self._position(index)]
        labels = np.asarray(mask, np.uint8)
        return as_image(image, self._sizes[0]), as_mask(labels, self._sizes[1])

    def name(self, index: int) -> str:
        return Path(self._source.images[self._position(index)]).stem


def _check_split(split: str, known: tuple[str, ...]) -> None:
    if split not in known:
        raise DataError(f"split is {split!r}: give one of {', '.join(map(repr, known))}.")


def _opened(make: Callable[[], Dataset], name: str, root) -> Dataset:
    """torchvision's data set, or a sentence for what it could not do."""
    try:
        return make()
    except RuntimeError as error:
        if "download" not in str(error):  # a sum that does not fit, say
            raise DataError(f"{name} in {root} cannot be used: {error}") from error
        raise DataError(
            f"{name} is not in {Path(root).absolute()}. Pass download=True to fetch it, or name the"
            " folder that holds it."
        ) from error
    except FileNotFoundError as error:
        raise DataError(
            f"{name} is not complete in {Path(root).absolute()}: {error.filename} is missing."
            " Remove what is there and pass download=True."
        ) from error
    except OSError as error:  # urllib's errors among them
        raise DataError(
            f"{name} could not be fetched: {error}. Is this machine online? You can fetch it"
            f" elsewhere and put it into {Path(root).absolute()}."
        ) from error
