"""What a network gets wrong on a data set: in which images, near which boundaries, in what size.

failures = analyse(model, val)
print(failures)         # in words
failures.figure()       # charts, and the worst images
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from segviz import relations
from segviz.data import SegmentationDataset

from .failure_measures import (
    AREA_EDGES,
    DISTANCE_EDGES,
    bin_names,
    boundary_counts,
    image_miou,
    object_counts,
)
from .prediction import predictions
from .scores import confusion_matrix

if TYPE_CHECKING:  # loading it takes long, and only the picture needs it
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ImageScore:
    """How well one image is segmented."""

    index: int  #: the item's number in the data set
    name: str
    miou: float  #: over the classes in its truth; see failure_measures.image_miou
    pixel_accuracy: float  #: share of its labelled pixels that are right


@dataclass(frozen=True, eq=False)
class Example:
    """One of the worst images, to look at."""

    score: ImageScore
    image: np.ndarray  #: uint8 (3, H, W)
    truth: np.ndarray  #: int64 (h, w)
    predicted: np.ndarray  #: int64 (h, w)


@dataclass(frozen=True, eq=False)
class Failures:
    """The result of :func:`analyse`. Pixels without a truth count nowhere in it."""

    classes: tuple[str, ...]  #: K names
    palette: np.ndarray  #: uint8 (K, 3)
    ignore_index: int
    images: list[ImageScore]  #: every image that has a labelled pixel, worst mIoU first
    examples: list[Example]  #: the first of them, in the same order
    wrong_by_distance: np.ndarray  #: int64 (6,), pixels, in the bins of DISTANCE_EDGES
    pixels_by_distance: np.ndarray  #: int64 (6,), wrong or right
    objects_by_area: np.ndarray  #: int64 (K, 6), objects, in the bins of AREA_EDGES
    recalls_by_area: np.ndarray  #: float64 (K, 6), their recalls added up

    @property
    def error_by_distance(self) -> np.ndarray:
        """Share of the pixels at each distance from the boundary that are wrong, float64 (6,).

        NaN where there is no pixel.
        """
        return relations.ratio(self.wrong_by_distance, self.pixels_by_distance)

    @property
    def recall_by_area(self) -> np.ndarray:
        """Mean share of an object's pixels that is found, by class and size, float64 (K, 6).

        NaN where there is no object.
        """
        return relations.ratio(self.recalls_by_area, self.objects_by_area)

    def figure(self) -> "Figure":
        """Three charts and the worst images; see :func:`failure_picture`."""
        from .failure_picture import failure_picture  # it needs matplotlib

        return failure_picture(self)

    def _repr_png_(self) -> bytes:
        """The picture, where failures are the last value of a notebook's cell."""
        from .matplotlib_view import as_png

        return as_png(self.figure())

    def __str__(self) -> str:
        if not self.images:
            return "No image has a labelled pixel: there is nothing to be right or wrong about."
        worst = [f"  {score.miou:.3f}  {score.name}" for score in self.images[:5]]
        errors = [
            f"  {share:6.1%}  {distance} px"
            for share, distance in zip(
                self.error_by_distance, bin_names(DISTANCE_EDGES), strict=True
            )
            if not np.isnan(share)
        ]
        objects = self.objects_by_area.sum(0)  # (6,)
        shares = relations.ratio(self.recalls_by_area.sum(0), objects)  # (6,)
        found = [
            f"  {share:6.1%}  of {area} px ({count:,} objects)"
            for share, area, count in zip(
                shares, bin_names(AREA_EDGES, last=1), objects, strict=True
            )
            if count
        ]
        return "\n".join(
            [
                "Worst images, by mean IoU:",
                *worst,
                "Wrong pixels, by distance to the boundary:",
                *errors,
                "Found of an object, by its size:",
                *found,
            ]
        )


def analyse(
    model: nn.Module, dataset: SegmentationDataset, batch_size: int = 8, examples: int = 6
) -> Failures:
    """Predict every image once, at the full size of its mask, and count what is wrong.

    Args:
        model: a trained network, on any device.
        dataset: images and masks of any sizes.
        batch_size: how many neighbours of one size are predicted together.
        examples: how many of the worst images are kept to be looked at.

    Raises:
        ValueError: for an item that cannot be read, or labels that are no class.
    """
    num_classes, ignore_index = len(dataset.classes), dataset.ignore_index
    by_distance = np.zeros((2, len(DISTANCE_EDGES) - 1), np.int64)  # wrong, all
    recalls = np.zeros((num_classes, len(AREA_EDGES) - 1))
    objects = np.zeros_like(recalls, np.int64)
    scores: list[ImageScore] = []
    worst: list[Example] = []
    for index, (image, mask, labels) in enumerate(_one_by_one(model, dataset, batch_size)):
        confusion = confusion_matrix(labels, mask, num_classes, ignore_index).numpy()  # (K, K)
        truth, predicted = mask.numpy(), labels.numpy()  # (h, w)
        if confusion.any():
            accuracy = float(relations.pixel_accuracy(confusion))
            scores.append(ImageScore(index, dataset.name(index), image_miou(confusion), accuracy))
            worst.append(Example(scores[-1], image.numpy(), truth, predicted))
            worst = sorted(worst, key=lambda example: example.score.miou)[:examples]
        by_distance += boundary_counts(predicted, truth, ignore_index)
        found, there = object_counts(predicted, truth, num_classes, ignore_index)
        recalls += found
        objects += there
    return Failures(
        classes=tuple(dataset.classes),
        palette=dataset.palette,
        ignore_index=ignore_index,
        images=sorted(scores, key=lambda score: score.miou),
        examples=worst,
        wrong_by_distance=by_distance[0],
        pixels_by_distance=by_distance[1],
        objects_by_area=objects,
        recalls_by_area=recalls,
    )


def _one_by_one(
    model: nn.Module, dataset: SegmentationDataset, batch_size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Image, mask and predicted labels of every item, on the CPU."""
    for images, masks, predicted in predictions(model, dataset, batch_size):
        yield from zip(images, masks, predicted.cpu(), strict=True)
