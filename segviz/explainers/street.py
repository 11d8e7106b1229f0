"""A street in a few cells: sky, road, a car and a sign, which can be moved, scaled and grown.

Two large classes and two small ones, the lecture's case for which accuracy is a bad judge.
"""

import numpy as np

CLASSES = ("sky", "road", "car", "sign")
K = len(CLASSES)
SKY, ROAD, CAR, SIGN = range(K)
SIZE = (10, 14)
HORIZON = 5  # the first row of road
# heights and widths of the car and of the sign, smaller and smaller; at last no sign at all
LEVELS = (
    ((5, 7), (5, 5)),
    ((4, 6), (4, 4)),
    ((4, 5), (3, 3)),
    ((3, 4), (3, 2)),
    ((2, 3), (2, 2)),
    ((1, 2), (1, 1)),
    ((1, 2), (0, 0)),
)


def street(level: int) -> np.ndarray:
    """The true labels at this level of imbalance, an index of LEVELS; integers (rows, columns)."""
    (height, width), (sign_height, sign_width) = LEVELS[level]
    labels = backdrop()
    bottom = max(9, HORIZON + height)  # the car stands on the road, near the picture's edge
    _place(labels, CAR, _car(height, width), bottom - height, 4 - width // 2)
    top = max(0, 2 - sign_height // 2)
    _place(labels, SIGN, _sign(sign_height, sign_width), top, 10 - sign_width // 2)
    return labels


def backdrop() -> np.ndarray:
    """Sky above, road below; integers (rows, columns)."""
    labels = np.full(SIZE, SKY)
    labels[HORIZON:] = ROAD
    return labels


def _place(labels, label, shape, top, left):
    window = labels[top : top + shape.shape[0], left : left + shape.shape[1]]
    window[shape] = label


def _car(height: int, width: int) -> np.ndarray:
    """A box, with a narrower cabin on top where there is room for one."""
    shape = np.ones((height, width), bool)
    if height > 2:
        inset = max(1, width // 5)
        shape[: height // 2, :inset] = shape[: height // 2, -inset:] = False
    return shape


def _sign(height: int, width: int) -> np.ndarray:
    """A box without its corners, where it is large enough to have some."""
    shape = np.ones((height, width), bool)
    if min(height, width) > 3:
        shape[[0, 0, -1, -1], [0, -1, 0, -1]] = False
    return shape


def moved(shape: np.ndarray, down: int, right: int, quarters: int) -> np.ndarray:
    """A mask scaled by quarters / 4 around the middle of its box, and moved; what leaves the
    picture is cut off.

    shape: bool (rows, columns). Each cell asks which cell of the old mask its middle came from, as
    nearest-neighbour resampling does. In whole numbers, so that no rounding error decides.
    """
    result = np.zeros_like(shape)
    if not shape.any():
        return result
    came_from = [
        _source(length, np.flatnonzero(shape.any(axis=1 - axis)), by, quarters)
        for axis, (length, by) in enumerate(zip(shape.shape, (down, right), strict=True))
    ]
    (rows, row_is_there), (columns, column_is_there) = came_from
    result[:] = shape[rows[:, None], columns] & row_is_there[:, None] & column_is_there
    return result


def _source(length: int, filled: np.ndarray, by: int, quarters: int):
    """(the old coordinate of every new one, kept inside; whether it was inside)."""
    middle = filled[0] + filled[-1] + 1  # in half cells
    from_middle = 2 * np.arange(length) + 1 - middle - 2 * by  # in half cells, at the new scale
    source = (4 * from_middle + quarters * middle) // (2 * quarters)
    return np.clip(source, 0, length - 1), (source >= 0) & (source < length)


def grown(shape: np.ndarray, times: int) -> np.ndarray:
    """Dilated by a cross of five cells so many times, or eroded where `times` is negative.

    shape: bool (rows, columns). Beyond the border lies more of the same: nothing erodes from there.
    """
    meet = np.logical_or if times > 0 else np.logical_and
    before, after = zip(*map(_neighbours, shape.shape), strict=True)
    for _ in range(abs(times)):
        vertical = meet(shape[before[0]], shape[after[0]])
        horizontal = meet(shape[:, before[1]], shape[:, after[1]])
        shape = meet(shape, meet(vertical, horizontal))
    return shape


def _neighbours(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The coordinate before and after every one; at the border it is the cell itself."""
    here = np.arange(length)
    return np.maximum(here - 1, 0), np.minimum(here + 1, length - 1)


def predicted(truth: np.ndarray, down: int, right: int, quarters: int, grow: int) -> np.ndarray:
    """The truth with its car and sign moved, scaled and grown; integers (rows, columns).

    Where they were there is sky or road, void cells of the truth (any label above 3) too.
    """
    labels = np.where(truth <= ROAD, truth, backdrop())
    for label in (CAR, SIGN):
        labels[grown(moved(truth == label, down, right, quarters), grow)] = label
    return labels
