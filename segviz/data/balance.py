"""How often each class occurs, and the loss weights that make up for it."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from .dataset import SegmentationDataset
from .errors import DataError


def class_frequencies(ds: SegmentationDataset) -> np.ndarray:
    """The share of each class in the labelled pixels of the whole data set.

    Void pixels count nowhere. Reads every mask once.

    Returns:
        float64 (K,), adding up to 1.

    Raises:
        DataError: if no pixel of the data set has a class.
    """
    counts = np.zeros(len(ds.classes), np.int64)
    for index in range(len(ds)):
        counts += label_counts(ds.mask(index), len(ds.classes))
    if counts.sum() == 0:
        raise DataError(
            "There is no labelled pixel in this data set: every mask is void (255) throughout, "
            "or there is no item. Check the masks and the argument `void`."
        )
    return counts / counts.sum()


def label_counts(mask: torch.Tensor, num_classes: int) -> np.ndarray:
    """How many pixels each class has: int64 (K,). Void is left out."""
    return np.bincount(mask.numpy().ravel(), minlength=num_classes)[:num_classes]


def median_frequency_weights(
    frequencies: np.ndarray, classes: Sequence[str] | None = None, *, power: float = 0.5
) -> torch.Tensor:
    """Loss weights w = (median / frequency) ** power: rare classes weigh more.

    Median frequency balancing (Eigen and Fergus, ICCV 2015) weighs a class by
    median / frequency, so that all classes pull equally. Here the frequency is the share of all
    labelled pixels, and by default we take the root, half of the way on a logarithmic scale: at
    full strength a network gains by painting rare classes too thick, since a false pole costs
    little, and mIoU counts such pixels; with no weights small networks give up rare classes
    altogether.

    Args:
        frequencies: float (K,), the shares from `class_frequencies`.
        classes: the K names, for the warning; without them it gives labels.
        power: 1 for full strength, 0.5 for the root, 0 for no weights.

    Returns:
        float32 (K,), for the `weight` of `torch.nn.functional.cross_entropy`. A class that never
        occurs gets 0 and is left out of the median, and a warning names it.

    Raises:
        DataError: for negative or all-zero frequencies.
    """
    frequencies = np.asarray(frequencies, np.float64)
    occurs = frequencies > 0
    if frequencies.ndim != 1 or not np.all(frequencies >= 0) or not occurs.any():
        raise DataError(
            "Class frequencies are one number per class, none negative and not all zero; you gave "
            f"{frequencies.tolist()}. Use class_frequencies(ds)."
        )
    if not occurs.all():
        names = classes or [f"class {label}" for label in range(len(frequencies))]
        absent = ", ".join(names[label] for label in np.flatnonzero(~occurs))
        warnings.warn(
            f"No pixel of these masks belongs to {absent}: nothing can be learned about it, and "
            "its weight is 0. If there should be some, segviz.data.check(ds) shows which labels "
            "the masks hold.",
            stacklevel=2,
        )
    weights = np.zeros(len(frequencies))
    weights[occurs] = (np.median(frequencies[occurs]) / frequencies[occurs]) ** power
    return torch.from_numpy(weights).to(torch.float32)
