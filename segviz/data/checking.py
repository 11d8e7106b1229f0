"""Go through a data set once and tell everything that is wrong or looks wrong."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np

from .balance import label_counts
from .dataset import IGNORE_INDEX, SegmentationDataset
from .errors import DataError

_SHOWN = 20  # sentences of one kind in the printed report


@dataclass(frozen=True, repr=False)
class Report:
    """What `check` found. Print it; in a notebook the last line of a cell shows it.

    Attributes:
        count: how many items there are.
        sizes: how many images have which (height, width), before any resizing where known.
        frequencies: float64 (K,), the share of each class in the labelled pixels read.
        void: the share of void in all pixels read.
        problems: one sentence for each thing that stops an item from being read, or all of them
            from being learned from.
        suspicions: one sentence for each thing that can be read but may be a mistake.
    """

    classes: tuple[str, ...]
    count: int
    sizes: dict[tuple[int, int], int]
    frequencies: np.ndarray
    void: float
    problems: tuple[str, ...]
    suspicions: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True if every item can be read and some pixel has a class. Suspicions do not count."""
        return not self.problems

    def __str__(self) -> str:
        sizes = ", ".join(f"{w} x {h} ({n} items)" for (h, w), n in sorted(self.sizes.items()))
        lines = [f"{self.count} items", f"image sizes, width x height: {sizes or 'none readable'}"]
        lines.append("share of the labelled pixels:")
        longest = max(map(len, self.classes))
        for name, share in zip(self.classes, self.frequencies, strict=True):
            lines.append(f"  {name:<{longest}}  {share:7.2%}")
        lines.append(f"void: {self.void:.2%} of all pixels")
        lines += _section("Wrong", self.problems) or [
            "Every item can be read." if self.suspicions else "Nothing is wrong."
        ]
        lines += _section("Perhaps a mistake", self.suspicions)
        return "\n".join(lines)

    __repr__ = __str__


def check(ds: SegmentationDataset) -> Report:
    """Read every item once, whatever happens, and report all that is wrong, not just the first.

    Reads every image, so it takes about as long as one epoch without the network.
    """
    survey = _Survey(len(ds.classes))
    for index in range(len(ds)):
        survey.look_at(ds, index)

    labelled = survey.counts.sum()
    if survey.void and not labelled:
        survey.problems.append(
            f"Every pixel of every mask that can be read is void ({IGNORE_INDEX}): nothing can be "
            "learned. Check the masks and the argument `void`."
        )
    return Report(
        classes=tuple(ds.classes),
        count=len(ds),
        sizes=dict(survey.sizes),
        frequencies=survey.counts / max(1, labelled),
        void=survey.void / max(1, labelled + survey.void),
        problems=tuple(survey.problems),
        suspicions=(*survey.suspicions, *_overall_suspicions(ds, survey)),
    )


class _Survey:
    """What is gathered item by item."""

    def __init__(self, num_classes: int) -> None:
        self.counts = np.zeros(num_classes, np.int64)
        self.void = 0
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.given_sizes: set[tuple[int, int]] = set()
        self.squeezed: list[str] = []
        self.problems: list[str] = []
        self.suspicions: list[str] = []
        self._first_with: dict[bytes, str] = {}

    def look_at(self, ds: SegmentationDataset, index: int) -> None:
        name = ds.name(index)
        try:
            image, mask = ds[index]
        except DataError as error:
            self.problems += str(error).split("\n")
            return
        self._measure(ds, index, name, tuple(image.shape[1:]))
        self._count(name, mask)
        self._compare(name, image)

    def _measure(self, ds, index: int, name: str, given: tuple[int, int]) -> None:
        """Sizes: as stored where the data set knows it, and as given to the network."""
        stored = ds.stored_size(index) if hasattr(ds, "stored_size") else given
        self.sizes[stored] += 1
        self.given_sizes.add(given)
        stretch = (given[1] / given[0]) / (stored[1] / stored[0])
        if not 0.8 < stretch < 1.25:
            self.squeezed.append(name)

    def _count(self, name: str, mask) -> None:
        counts = label_counts(mask, len(self.counts))
        void = mask.numel() - int(counts.sum())
        self.counts += counts
        self.void += void
        if void == mask.numel():
            self.suspicions.append(f"{name}: the whole mask is void; nothing is learned from it.")

    def _compare(self, name: str, image) -> None:
        pixels = image.numpy()
        if pixels.min() == pixels.max():
            self.suspicions.append(f"{name}: every pixel of the image has the same value.")
        fingerprint = hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).digest()
        other = self._first_with.setdefault(fingerprint, name)
        if other != name:
            self.suspicions.append(f"{name}: the same image as {other}; is one a copy?")


def _overall_suspicions(ds: SegmentationDataset, survey: _Survey) -> list[str]:
    found = []
    labelled = survey.counts.sum()
    absent = [name for name, n in zip(ds.classes, survey.counts, strict=True) if n == 0]
    if labelled and survey.counts[0] == labelled and survey.void and len(ds.classes) > 1:
        found.append(
            f"The masks hold only the label 0 and {IGNORE_INDEX}, and {IGNORE_INDEX} is void. If "
            "it was meant as the second class, save the masks with 1 instead: divide them by 255."
        )
    elif absent and labelled:
        found.append(
            f"No pixel belongs to {', '.join(absent)}: nothing can be learned about it. Check the "
            "order and number of the classes."
        )
    if survey.squeezed:
        found.append(
            f"{len(survey.squeezed)} images are squeezed or stretched by more than a quarter (the "
            f"first is {survey.squeezed[0]}). Is image_size given as (height, width)?"
        )
    if len(survey.given_sizes) > 1:
        found.append(
            f"The images have {len(survey.given_sizes)} sizes; to put several into one batch, pass "
            "image_size and mask_size."
        )
    return found


def _section(title: str, sentences: tuple[str, ...]) -> list[str]:
    if not sentences:
        return []
    lines = [f"{title} ({len(sentences)}):"] + [f"  {s}" for s in sentences[:_SHOWN]]
    if len(sentences) > _SHOWN:
        lines.append(f"  and {len(sentences) - _SHOWN} more.")
    return lines
