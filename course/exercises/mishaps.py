"""What notebook 14 works on: photographs in miniature, and the mishaps that befall folders and
trainings, to be had on demand."""

import shutil
from functools import wraps
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from segviz import data
from segviz.training import cross_entropy

TOY, CAT = 1, 2
_KINDS = torch.tensor([0, TOY, TOY, TOY, CAT, TOY])  # of background, ball, box, star, cat, pole
VOID = 11  # as some tools for drawing masks write it


class Photographs(data.Scenes):
    """Scenes with other classes: what is no cat is a toy."""

    classes, palette = ("background", "toy", "cat"), data.SCENE_PALETTE[[0, 2, 4]]

    def __getitem__(self, index):
        image, labels = super().__getitem__(index)
        return image, _KINDS[labels]

    def mask(self, index):
        return _KINDS[super().mask(index)]

    def name(self, index):
        return f"photo_{index:02d}"


def write_with_wrong_names(root):
    """A folder with a mask under another name, one as JPEG, and none for a third photograph."""
    root = data.write_folder(Photographs(6, first_seed=300, size=(48, 64)), root)
    masks = root / "masks"
    (masks / "photo_01.png").rename(masks / "photo-01.png")
    with Image.open(masks / "photo_02.png") as mask:
        mask.convert("L").save(masks / "photo_02.jpg")
    (masks / "photo_02.png").unlink()
    (masks / "photo_04.png").unlink()
    return root


def write_with_wrong_files(root):
    """A folder whose names are in order, and whose files are not."""
    root = data.write_folder(Photographs(8, first_seed=300, size=(48, 64)), root)
    images, masks = root / "images", root / "masks"
    with Image.open(masks / "photo_01.png") as mask:
        mask.resize((128, 96), Image.Resampling.NEAREST).save(masks / "photo_01.png")
    _relabel(masks / "photo_02.png", lambda labels: labels + 1)
    (masks / "photo_03.png").write_bytes((masks / "photo_03.png").read_bytes()[:60])
    shutil.copy(images / "photo_04.png", images / "photo_05.png")
    _relabel(masks / "photo_06.png", lambda labels: np.full_like(labels, data.IGNORE_INDEX))
    return root


def write_as_another_tool(root, first_seed=400):
    """A folder that is in order if one knows how it is meant: outlines are 11, and every second
    photograph is larger."""
    small, large = (
        Photographs(3, first_seed=first_seed, size=(48, 64)),
        Photographs(3, first_seed=first_seed + 3, size=(96, 128)),
    )
    parts = [data.write_folder(part, Path(f"{root}_{i}")) for i, part in enumerate((small, large))]
    for kind in ("images", "masks"):
        (Path(root) / kind).mkdir(parents=True)
        for number, part in enumerate(parts):
            for file in sorted((part / kind).iterdir()):
                target = Path(root) / kind / f"photo_{2 * int(file.stem[-2:]) + number:02d}.png"
                file.replace(target)
                if kind == "masks":
                    _relabel(target, _outlined)
    for part in parts:
        shutil.rmtree(part)
    return Path(root)


def _outlined(labels):
    """Labels (H, W) with VOID where the next pixel to the right or below has another."""
    labels, before = labels.copy(), labels
    labels[:, :-1][before[:, :-1] != before[:, 1:]] = VOID
    labels[:-1][before[:-1] != before[1:]] = VOID
    return labels


def _relabel(path, change):
    with Image.open(path) as mask:
        labels = np.asarray(mask)
    Image.fromarray(change(labels).astype(np.uint8)).save(path)


class Stopped(data.SegmentationDataset):
    """Another data set; when its item number `after` is asked for, somebody presses stop."""

    def __init__(self, source, after):
        self.classes, self.palette = source.classes, source.palette
        self._source, self._left = source, after

    def __len__(self):
        return len(self._source)

    def __getitem__(self, index):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return self._source[index]

    def name(self, index):
        return self._source.name(index)


def memory_for(images):
    """Cross-entropy on a device whose memory is full with more images than these at once."""

    @wraps(cross_entropy)
    def loss(logits, *rest):
        if len(logits) > images:
            raise torch.OutOfMemoryError("The rehearsed device is full.")
        return cross_entropy(logits, *rest)

    return loss
