"""Which cells of a picture belong to which region: a map of numbers, read as a relation.

The regions are the things in a picture, or its classes. Their areas are taps that are counted,
their boxes the outermost cells that their taps meet.
"""

from math import prod

import numpy as np

from segviz.relations.taps import NOTHING, Relation, listed


def regions(numbers: np.ndarray, count: int, block: int = 1) -> Relation:
    """The taps between the cells of a picture and the regions that have pixels in them.

    numbers: integer array (rows, columns), for every pixel the number of its region, 0 to
        count - 1, or NOTHING. block: the side of a cell in pixels.
    Grids: input, the cells (rows / block, columns / block), and output, the regions (count,). A
    tap's share is how many pixels of the cell belong to the region.
    ValueError where the pixels do not come out as whole cells.
    """
    rows, columns = numbers.shape
    if rows % block or columns % block:
        raise ValueError(f"{rows} rows and {columns} columns are no whole blocks of {block}.")
    across = columns // block
    row, column = np.indices(numbers.shape) // block
    cells = (row * across + column)[numbers != NOTHING]
    met = cells * count + numbers[numbers != NOTHING]
    pairs, pixels = np.unique(met, return_counts=True)
    taps = listed(
        {"input": (rows // block, across), "output": (count,)},
        input=pairs // count,
        output=pairs % count,
    )
    return Relation(taps.sizes, taps.axes, (pixels.astype(float),))


def areas(taps: Relation) -> np.ndarray:
    """The pixels of every region, integer array (regions,)."""
    return taps.apply(np.ones(prod(taps.sizes["input"]))).astype(int)


def boxes(taps: Relation) -> np.ndarray:
    """The outermost cells of every region: integer array (regions, 4) of left, top, right, bottom.

    All four lie inside, as in `torchvision.ops.masks_to_boxes`; -1 where a region has no cell.
    """
    row, column = np.divmod(taps.column("input"), taps.sizes["input"][1])
    region, count = taps.column("output"), prod(taps.sizes["output"])
    found = np.full((count, 4), NOTHING)
    for side, (places, outermost, start) in enumerate(
        (
            (column, np.minimum, np.iinfo(int).max),
            (row, np.minimum, np.iinfo(int).max),
            (column, np.maximum, NOTHING),
            (row, np.maximum, NOTHING),
        )
    ):
        extreme = np.full(count, start)
        outermost.at(extreme, region, places)
        found[:, side] = np.where(extreme == start, NOTHING, extreme)
    return found
