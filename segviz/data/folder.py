"""A folder of photographs and masks of one's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .dataset import IGNORE_INDEX, SegmentationDataset, int64_mask
from .errors import DataError
from .pairs import find_pairs
from .palettes import distinct_colours
from .reading import is_turned_by_exif, read_image, read_mask, stored_size

Size = tuple[int, int]

_OUTSIDE = 256  # neither a label nor void


class Folder(SegmentationDataset):
    """Photographs in root/images and their masks in root/masks, paired by file name.

    `images/street_1.jpg` belongs to `masks/street_1.png`. Images are PNG or JPEG, in colour or
    grey, and are turned upright where the camera noted how it was held (EXIF). Masks are grey or
    palette PNG whose pixel values are class numbers. Items are sorted by name.

    Names and pairs are checked here; sizes, labels and the files themselves when an item is read.
    `segviz.data.check(ds)` reads everything once and reports all that is wrong.

    Args:
        root: the folder.
        classes: names of the classes, in the order of their labels: label k means classes[k].
        image_size: (height, width) to which images are resized, antialiased; None keeps them.
        mask_size: (height, width) to which masks are resized, by nearest neighbour; None keeps
            them. Keep them to score at full size while the network sees smaller images.
        void: labels in the files that stand for "no class". They become 255, as 255 itself does.
        palette: uint8 (K, 3) for pictures; None takes colours that are easy to tell apart.

    Raises:
        DataError: for a missing folder, a file without its partner, or arguments that cannot be.
    """

    def __init__(
        self,
        root: str | Path,
        classes: Sequence[str],
        *,
        image_size: Size | None = None,
        mask_size: Size | None = None,
        void: Iterable[int] = (),
        palette: np.ndarray | None = None,
    ) -> None:
        self.classes = _checked_classes(classes)
        self.palette = _checked_palette(palette, len(self.classes))
        self._image_size = checked_size("image_size", image_size)
        self._mask_size = checked_size("mask_size", mask_size)
        self._meaning = _meanings(len(self.classes), _checked_void(void))
        self._pairs = find_pairs(Path(root))

    def __len__(self) -> int:
        return len(self._pairs)

    def name(self, index: int) -> str:
        return self._pairs[self._position(index)].image.stem

    def stored_size(self, index: int) -> Size:
        """(height, width) of the photograph before any resizing; reads the file's head only."""
        return stored_size(self._pairs[self._position(index)].image)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Image uint8 (3, H, W) and mask int64 (h, w).

        Raises:
            DataError: with a sentence for everything that is wrong with either file.
        """
        image_path, mask_path = self._pairs[self._position(index)]
        attempt = _Attempts()
        image = attempt(read_image, image_path)
        stored = attempt(read_mask, mask_path)
        labels = None
        if stored is not None:
            labels = attempt(self._labels, mask_path, stored)
            if image is not None:
                attempt(_require_one_size, image_path, image, mask_path, stored)
        if attempt.problems:
            raise DataError("\n".join(attempt.problems))
        return as_image(image, self._image_size), as_mask(labels, self._mask_size)

    def mask(self, index: int) -> torch.Tensor:
        path = self._pairs[self._position(index)].mask
        return as_mask(self._labels(path, read_mask(path)), self._mask_size)

    def _labels(self, path: Path, stored: np.ndarray) -> np.ndarray:
        """The labels as uint8 (H, W), void as 255."""
        labels = self._meaning[stored]
        outside = labels == _OUTSIDE
        if outside.any():
            raise DataError(_label_problem(path, stored, outside, self.classes))
        return labels.astype(np.uint8)


def _meanings(num_classes: int, void: tuple[int, ...]) -> np.ndarray:
    """What each value that a PNG can hold means: a label, 255 for void, or `_OUTSIDE`."""
    meaning = np.full(1 << 16, _OUTSIDE, np.uint16)
    meaning[:num_classes] = np.arange(num_classes)
    meaning[[*void, IGNORE_INDEX]] = IGNORE_INDEX
    return meaning


class _Attempts:
    """Carries on after a problem, so that one reading tells everything that is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, step, *arguments):
        """What the step returns, or None where it raised a DataError."""
        try:
            return step(*arguments)
        except DataError as error:
            self.problems.append(str(error))
            return None


def _require_one_size(image_path: Path, image: Image.Image, mask_path: Path, stored) -> None:
    size = image.size[::-1]
    if stored.shape == size:
        return
    problem = f"{image_path} is {_spoken(size)} but its mask {mask_path} is {_spoken(stored.shape)}"
    if stored.shape == size[::-1] and is_turned_by_exif(image_path):
        raise DataError(
            f"{problem}. The photograph is stored on its side with an EXIF note to turn it, and "
            "the mask was drawn on the unturned pixels. Turn the mask by 90 degrees, or remove "
            "the note from the photograph."
        )
    raise DataError(
        f"{problem}. They must show the same pixels: export the mask at the size of the "
        "photograph. (To train at another size, pass image_size and mask_size.)"
    )


def _spoken(size: Size) -> str:
    return f"{size[1]} x {size[0]} (width x height)"


def _label_problem(path: Path, stored, outside, classes: tuple[str, ...]) -> str:
    found, counts = np.unique(stored[outside], return_counts=True)
    listed = ", ".join(
        f"{label} ({count} pixels)" for label, count in zip(found[:5], counts[:5], strict=True)
    )
    more = f" and {len(found) - 5} further labels" if len(found) > 5 else ""
    row, column = np.argwhere(outside)[0]
    hint = ""
    if found.tolist() == [len(classes)] and not (stored == 0).any():
        hint = " Or do your labels start at 1? Then subtract 1 from every mask."
    return (
        f"{path} holds the label {listed}{more}, first at row {row}, column {column}; the "
        f"{len(classes)} classes have the labels 0 to {len(classes) - 1}, and 255 is void. Add the "
        f"missing names to classes, or, if it means no class, pass void=({found[0]},).{hint}"
    )


def as_image(image: Image.Image, size: Size | None) -> torch.Tensor:
    """uint8 (3, H, W) of an RGB picture, resized to (height, width) unless that is None."""
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BICUBIC)  # Pillow antialiases
    pixels = np.asarray(image).transpose(2, 0, 1)  # (3, H, W)
    return torch.from_numpy(np.ascontiguousarray(pixels))


def as_mask(labels: np.ndarray, size: Size | None) -> torch.Tensor:
    """int64 (h, w) of uint8 labels, resized to (height, width) unless that is None."""
    if size is not None:
        # A mean of labels 2 and 4 would be a 3 that nobody drew, hence nearest neighbour.
        picture = Image.fromarray(labels).resize(size[::-1], Image.Resampling.NEAREST)
        labels = np.asarray(picture)
    return int64_mask(labels)  # (h, w)


def _checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    is_list = isinstance(classes, Iterable) and not isinstance(classes, str)
    names = tuple(classes) if is_list else ()
    if not names or len(names) > IGNORE_INDEX or not all(isinstance(n, str) for n in names):
        raise DataError(
            f"classes are 1 to {IGNORE_INDEX} names in the order of their labels, such as "
            f"('road', 'sky', 'tree'); you gave {classes!r}."
        )
    if not all(name.strip() for name in names) or len(set(names)) < len(names):
        # Scores are kept by name: of two classes of one name, one would vanish.
        raise DataError(
            f"Every class needs a name of its own, and none may be empty; you gave {classes!r}. "
            "Two labels that mean the same must be made one label in the masks."
        )
    return names


def _checked_palette(palette: np.ndarray | None, num_classes: int) -> np.ndarray:
    colours = distinct_colours(num_classes) if palette is None else np.asarray(palette)
    if colours.shape != (num_classes, 3) or colours.min() < 0 or colours.max() > 255:
        raise DataError(
            f"palette holds one colour (red, green, blue), 0 to 255, for each of the {num_classes} "
            f"classes: shape ({num_classes}, 3); you gave shape {colours.shape}."
        )
    return colours.astype(np.uint8)


def checked_size(name: str, size: Size | None) -> Size | None:
    """DataError unless it is a pair of positive whole numbers or None."""
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, Sequence) else ()
    if len(pair) != 2 or not all(isinstance(v, int) and v >= 1 for v in pair):
        raise DataError(
            f"{name} is (height, width) in pixels, such as (120, 160), or None to keep the size "
            f"of the files; you gave {size!r}."
        )
    return pair


def _checked_void(void: Iterable[int]) -> tuple[int, ...]:
    labels = tuple(void) if isinstance(void, Iterable) else (void,)
    if not all(isinstance(label, int | np.integer) and 0 <= label < 1 << 16 for label in labels):
        raise DataError(f"void holds labels from 0 to 65535, as in void=(11,); you gave {void!r}.")
    return labels
