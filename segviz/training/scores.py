"""How good a segmentation is: one confusion matrix for a data set, and three numbers read off it.

Every pixel of the data set counts once, whichever image it is in. Averaging scores image by image
instead would give a class that is rare or absent in most images a quite different weight; see
Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", IJCV 2015,
section 2.4. The formulas themselves are those of :mod:`segviz.relations.scores`, which the
explainers show too.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from segviz import relations
from segviz.data import IGNORE_INDEX
from segviz.relations import confusion_entry

from .labels import check_labels, check_predicted


def confusion_matrix(
    predicted: Tensor, truth: Tensor, num_classes: int, ignore_index: int = IGNORE_INDEX
) -> Tensor:
    """Count the pixels of every pair (true class, predicted class).

    Args:
        predicted: integer labels ``0 .. num_classes - 1``, any shape.
        truth: integer labels of the same shape and device; pixels equal to ``ignore_index`` are
            counted nowhere.
        num_classes: the number of classes K.
        ignore_index: the label of pixels without a truth.

    Returns:
        int64 ``(K, K)`` on the labels' device; row: true class, column: predicted class.

    Raises:
        ValueError: for unequal shapes, or labels that are no class.
    """
    if predicted.shape != truth.shape:
        raise ValueError(
            f"The prediction has shape {tuple(predicted.shape)} and the truth "
            f"{tuple(truth.shape)}; they must be the same, pixel for pixel."
        )
    check_labels(truth, num_classes, ignore_index)
    check_predicted(predicted, num_classes)
    pairs = confusion_entry(predicted.long(), truth.long(), num_classes)
    # Ignored pixels go into one extra bin, which is cut off: the shapes stay the same everywhere.
    pairs = torch.where(truth == ignore_index, num_classes**2, pairs).flatten()
    counts = torch.bincount(pairs, minlength=num_classes**2 + 1)  # (K*K + 1,)
    return counts[:-1].reshape(num_classes, num_classes)


class Scores:
    """The confusion matrix of a data set, filled batch by batch, and what it says.

    Args:
        classes: the names of the K classes, in the order of their labels.
        ignore_index: the label of pixels that count nowhere.
    """

    def __init__(self, classes: Sequence[str], ignore_index: int = IGNORE_INDEX):
        self.classes = tuple(classes)
        self.ignore_index = ignore_index
        #: int64 (K, K), on the CPU; row: true class, column: predicted class.
        self.confusion = torch.zeros(len(self.classes), len(self.classes), dtype=torch.int64)

    def update(self, predicted: Tensor, truth: Tensor) -> None:
        """Add the pixels of one batch; see :func:`confusion_matrix`."""
        batch = confusion_matrix(predicted, truth, len(self.classes), self.ignore_index)
        self.confusion += batch.cpu()

    @property
    def iou(self) -> np.ndarray:
        """Intersection over union of every class, float64 ``(K,)``.

        NaN for a class that occurs neither in the truth nor in the prediction: there is nothing to
        be right or wrong about.
        """
        return relations.iou(self.confusion.numpy())

    @property
    def mean_iou(self) -> float:
        """Mean of :attr:`iou` over the classes that have one (NaN when none has).

        A class that is predicted but never true has IoU 0 and counts: inventing it is an error.
        """
        return float(relations.mean_over_classes(self.iou))

    @property
    def dice(self) -> np.ndarray:
        """Dice's coefficient of every class, float64 ``(K,)``; NaN as for :attr:`iou`."""
        return relations.dice(self.confusion.numpy())

    @property
    def frequency_weighted_iou(self) -> float:
        """Mean of :attr:`iou`, weighted by the classes' true pixels (NaN without any)."""
        return float(relations.frequency_weighted(self.iou, self.confusion.numpy()))

    @property
    def pixel_accuracy(self) -> float:
        """Share of the labelled pixels whose class is right (NaN when no pixel is labelled)."""
        return float(relations.pixel_accuracy(self.confusion.numpy()))
