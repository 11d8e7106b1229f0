"""Boundary IoU: how well outlines are met, whatever the size of the things.

IoU forgives large things a rough outline: a band of two pixels around a large disc is a small part
of it. Boundary IoU compares only the bands along the outlines. (Cheng, Girshick, Dollár, Berg,
Kirillov 2021, "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", equation 2,
https://arxiv.org/abs/2103.16562.)
"""

from collections.abc import Sequence
from math import hypot

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from segviz import relations
from segviz.data import IGNORE_INDEX

from .labels import check_labels, check_predicted

#: The paper's width of the bands, as a share of the image's diagonal.
DISTANCE = 0.02


def boundary_bands(labels: Tensor, void: Tensor, num_classes: int, width: int) -> Tensor:
    """The pixels of each class from which a pixel of no such class is at most ``width`` away.

    Away is counted along rows or columns, whichever is more, as in the authors' program, which
    erodes the mask by a square; the image's border is an outline there and here. Void pixels are
    in no band, and no outline runs along them: nobody knows what is there.

    Args:
        labels: integer ``(N, H, W)``.
        void: bool ``(N, H, W)``.
        width: in pixels, 1 or more.

    Returns:
        bool ``(N, K, H, W)``.
    """
    classes = torch.arange(num_classes, device=labels.device)[:, None, None]  # (K, 1, 1)
    inside = (labels[:, None] == classes) & ~void[:, None]  # (N, K, H, W)
    outside = ~(inside | void[:, None])
    outside = F.pad(outside.float(), [width] * 4, value=1.0)  # (N, K, H + 2 width, W + 2 width)
    near = F.max_pool2d(outside, 2 * width + 1, stride=1) > 0  # (N, K, H, W)
    return inside & near


class BoundaryScores:
    """Boundary IoU of a data set, counted batch by batch as in :class:`segviz.training.Scores`.

    Args:
        classes: the names of the K classes, in the order of their labels.
        ignore_index: the label of pixels that count nowhere.
        distance: the bands' width as a share of the image's diagonal; at least one pixel.
    """

    def __init__(
        self,
        classes: Sequence[str],
        ignore_index: int = IGNORE_INDEX,
        distance: float = DISTANCE,
    ):
        if not 0 < distance < 1:
            raise ValueError(
                f"distance={distance!r}: it is a share of the image's diagonal between 0 and 1, "
                f"such as 0.02."
            )
        self.classes, self.ignore_index = tuple(classes), ignore_index
        self.distance = distance
        #: int64 (K,): pixels of the truth's bands, of the prediction's, and of both.
        self.truth, self.predicted, self.both = torch.zeros(3, len(self.classes), dtype=torch.int64)

    def update(self, predicted: Tensor, truth: Tensor) -> None:
        """Add the pixels of one batch: integer labels, both ``(N, H, W)``.

        Raises:
            ValueError: for unequal shapes, or labels that are no class.
        """
        if predicted.shape != truth.shape or predicted.dim() != 3:
            raise ValueError(
                f"The prediction has shape {tuple(predicted.shape)} and the truth "
                f"{tuple(truth.shape)}; both must be (N, H, W), and the same."
            )
        check_labels(truth, len(self.classes), self.ignore_index)
        check_predicted(predicted, len(self.classes))
        void = truth == self.ignore_index  # (N, H, W)
        width = max(1, round(self.distance * hypot(*truth.shape[-2:])))
        bands = [
            boundary_bands(labels, void, len(self.classes), width) for labels in (truth, predicted)
        ]
        for counted, band in (
            (self.truth, bands[0]),
            (self.predicted, bands[1]),
            (self.both, bands[0] & bands[1]),
        ):
            counted += band.sum(dim=(0, 2, 3)).cpu()

    @property
    def iou(self) -> np.ndarray:
        """Boundary IoU of every class, float64 ``(K,)``; NaN for one that occurs nowhere."""
        size = len(self.classes)
        # A confusion matrix with one more class, "not in this band", so that IoU has one formula.
        confusion = torch.zeros(size + 1, size + 1, dtype=torch.int64)
        confusion[:size, :size] = torch.diag(self.both)
        confusion[:size, size] = self.truth - self.both
        confusion[size, :size] = self.predicted - self.both
        return relations.iou(confusion.numpy())[:size]

    @property
    def mean_iou(self) -> float:
        """Mean of :attr:`iou` over the classes that have one."""
        return float(relations.mean_over_classes(self.iou))
