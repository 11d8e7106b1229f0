"""Polygons to pixels, in whole numbers only.

Coordinates are in 1/16 of a pixel; the pixel in row r and column c has its centre at
(x, y) = (16 c + 8, 16 r + 8). A pixel belongs to a shape when its centre does.
Image libraries round their polygons differently from version to version; here every crossing of
an outline with a row of centres is found by exact integer division.
"""

import numpy as np

SUBPIXELS = 16
_HALF = SUBPIXELS // 2


def fill(starts: np.ndarray, ends: np.ndarray, height: int, width: int):
    """Fill closed polygons, given as the starts and ends of all their edges.

    Where polygons overlap they are united (nonzero winding rule), provided that they run in the
    same sense, all clockwise or all anticlockwise.

    Args:
        starts, ends: int64 (edges, 2), (x, y) in 1/16 pixel.
        height, width: of the picture, in pixels; what lies outside is cut off.

    Returns:
        (rows, columns, inside): two slices that bound the shape in the picture and the bool
        array (rows, columns) of the pixels inside; or None where no row or column is touched.
    """
    low, high = starts.min(axis=0), starts.max(axis=0)
    left, top = (max(0, int(v)) for v in _first_centre(low))
    right, bottom = _first_centre(high).tolist()
    right, bottom = min(width, right), min(height, bottom)
    if left >= right or top >= bottom:
        return None

    row, column, sense = _crossings(starts, ends, top, bottom)
    column = column.clip(left, right) - left
    cells = right - left + 1  # one more than the columns: crossings at the right border
    turns = np.bincount(row * cells + column, weights=sense, minlength=(bottom - top) * cells)
    turns = turns.astype(np.int8).reshape(bottom - top, cells)[:, :-1]  # (rows, columns)
    winding = np.cumsum(turns, axis=1, dtype=np.int8)
    return slice(top, bottom), slice(left, right), winding != 0


def _crossings(starts, ends, top: int, bottom: int):
    """Where edges cross the rows' centre lines: row (from `top`), first column to the right of
    the crossing, and +1 or -1 for an edge that goes down or up."""
    goes_down = ends[:, 1] > starts[:, 1]
    upper = np.where(goes_down[:, None], starts, ends)
    lower = np.where(goes_down[:, None], ends, starts)

    centres = np.arange(top, bottom, dtype=np.int64) * SUBPIXELS + _HALF
    # Half open, so that a corner on a centre line is counted once. Level edges never cross.
    crosses = (upper[:, 1:] <= centres) & (centres < lower[:, 1:])  # (edges, rows)
    edge, row = np.nonzero(crosses)

    run, drop = (lower - upper)[edge].T  # drop > 0
    x, y = upper[edge].T
    # The crossing lies at x + (centre - y) * run / drop; both sides are multiplied by drop.
    column = _ceil_divide((x - _HALF) * drop + (centres[row] - y) * run, SUBPIXELS * drop)
    return row, column, np.where(goes_down[edge], 1, -1)


def _first_centre(coordinate):
    """The first pixel whose centre is not before the coordinate."""
    return _ceil_divide(coordinate - _HALF, SUBPIXELS)


def _ceil_divide(numerator, denominator):
    return -(-numerator // denominator)
