"""Where a prediction goes wrong, read off two masks: near which boundary, in objects of which size.

All functions take integer masks ``(h, w)``. Pixels whose truth is ``ignore_index`` count nowhere:
they are not wrong, they belong to no object, and no boundary is theirs.
"""

import numpy as np
from scipy import ndimage

from segviz import relations

#: Edges of the bins of the distance to the boundary, in pixels: 0 to 1, 1 to 2, ..., 16 and more.
DISTANCE_EDGES = (0, 1, 2, 4, 8, 16, np.inf)

#: Edges of the bins of an object's area, in pixels. From bin to bin an object is twice as wide.
AREA_EDGES = (1, 16, 64, 256, 1024, 4096, np.inf)

_TOUCHING = np.ones((3, 3))  # pixels that share a side or a corner belong together


def image_miou(confusion: np.ndarray) -> float:
    """Mean IoU of one image over the classes that are in its truth.

    A class that is only predicted does not count as a class of IoU 0, as it does over a data set
    (:attr:`segviz.training.Scores.mean_iou`): in a single image three stray pixels of a class would
    then weigh as much as the whole street. Its pixels are missing from the other classes anyway.

    Args:
        confusion: int ``(K, K)`` of the image; row: true class, column: predicted class.

    Returns:
        The mean, or NaN when no pixel is labelled.
    """
    present = confusion.sum(axis=1) > 0  # (K,)
    return float(relations.mean_over_classes(relations.iou(confusion)[present]))


def boundary_distance(truth: np.ndarray, ignore_index: int) -> np.ndarray:
    """How far every labelled pixel is from the boundary of its region.

    The boundary runs between pixels of different classes. From a pixel's centre it is half a pixel
    nearer than the nearest centre of a pixel of another class: 0.5 for a pixel with such a
    neighbour, 1.5 for the one behind it. (Exact Euclidean distances of
    ``scipy.ndimage.distance_transform_edt``.) Where ignored pixels lie between two regions, the
    distance is measured across them.

    Args:
        truth: integer ``(h, w)``.
        ignore_index: the label of pixels without a truth.

    Returns:
        float64 ``(h, w)``, in pixels; infinite where the mask has no other class, NaN for ignored
        pixels.
    """
    labelled = truth != ignore_index
    distance = np.full(truth.shape, np.nan)
    for label in np.unique(truth[labelled]):
        own, other = truth == label, labelled & (truth != label)
        to_other = ndimage.distance_transform_edt(~other) if other.any() else np.inf
        distance[own] = np.broadcast_to(to_other, truth.shape)[own] - 0.5
    return distance


def boundary_counts(
    predicted: np.ndarray, truth: np.ndarray, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    """The wrong and all labelled pixels at each distance from the boundary.

    Args:
        predicted, truth: integer ``(h, w)``.
        ignore_index: the label of pixels without a truth.

    Returns:
        Two int64 ``(6,)``, wrong and labelled pixels in the bins of :data:`DISTANCE_EDGES`.
    """
    labelled = truth != ignore_index
    distance = boundary_distance(truth, ignore_index)[labelled]  # (labelled pixels,)
    bins = np.digitize(distance, DISTANCE_EDGES[1:-1])
    wrong = (predicted != truth)[labelled]
    count = len(DISTANCE_EDGES) - 1
    return np.bincount(bins[wrong], minlength=count), np.bincount(bins, minlength=count)


def object_counts(
    predicted: np.ndarray, truth: np.ndarray, num_classes: int, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many objects of each class and size there are, and how much of them is found.

    An object is a connected component of a class's pixels in the truth; pixels that touch at a
    side or at a corner are connected. Its recall is the share of its pixels that are predicted as
    its class, so every object counts once, however large.

    Args:
        predicted, truth: integer ``(h, w)``.
        num_classes: the number of classes K.
        ignore_index: the label of pixels without a truth.

    Returns:
        The recalls added up, float64 ``(K, 6)``, and the number of objects, int64 ``(K, 6)``, in
        the bins of :data:`AREA_EDGES`. Their quotient is the mean recall.
    """
    shape = num_classes, len(AREA_EDGES) - 1
    recalls, objects = np.zeros(shape), np.zeros(shape, np.int64)
    for label in np.unique(truth[truth != ignore_index]):
        own = truth == label
        components, count = ndimage.label(own, _TOUCHING)  # (h, w); 0: another class
        areas = np.bincount(components[own], minlength=count + 1)[1:]  # (count,)
        found = np.bincount(components[own & (predicted == label)], minlength=count + 1)[1:]
        bins = np.digitize(areas, AREA_EDGES[1:-1])
        np.add.at(recalls[label], bins, found / areas)
        np.add.at(objects[label], bins, 1)
    return recalls, objects


def bin_names(edges: tuple[float, ...], last: int = 0) -> list[str]:
    """Bins in words, such as "0-1", "1-2", "16+".

    Args:
        edges: the bins' edges, the last one infinite.
        last: what to take off a bin's upper edge: 1 for whole numbers, as in "1-15", "16-63".
    """
    names = [f"{low}-{high - last}" for low, high in zip(edges[:-2], edges[1:-1], strict=True)]
    return [*names, f"{edges[-2]}+"]
