"""Where boards go: cells as large as their area allows, and no larger than looks well."""

import numpy as np

from segviz.scenes import Board


def board(name, title, numbers, columns, role, *, at, area, largest=46, **more) -> Board:
    """A Board with square cells that fits into `area` (width, height) at `at` (x, y).

    columns: names of the relation's grids that the cells stand for, in reading order; or name ->
    index array where the order is another one.
    """
    numbers = np.asarray(numbers, float)
    in_order = np.arange(numbers.size).reshape(numbers.shape)
    if not isinstance(columns, dict):
        columns = {column: in_order for column in columns}
    rows, across = numbers.shape
    side = min(area[0] / across, area[1] / rows, largest)
    return Board(name, title, numbers, columns, role, at, (side, side), **more)


def by(shape: tuple[int, ...]) -> str:
    """4×3"""
    return "×".join(map(str, shape))


def absent(name: str) -> Board:
    """A board that this state of an explainer does not show: it has no cells, and takes no room."""
    return Board(name, "", np.full((1, 1), np.nan), {}, "zero", (0, 0), (0, 0))
