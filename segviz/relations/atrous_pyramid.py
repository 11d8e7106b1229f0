"""Atrous spatial pyramid pooling: convolutions of several rates over one map, side by side.

Chen et al. 2018, "DeepLab", section 3.3; Chen et al. 2017, "Rethinking Atrous Convolution", 3.3, on
the weights that fall into the padding.
"""

from collections.abc import Sequence

import numpy as np

from segviz.relations.sizes import pair
from segviz.relations.taps import NOTHING, Relation, taps_on_axis

KERNEL = 3


def pyramid(size, rates: Sequence) -> Relation:
    """The taps of `conv2d(x, w, padding=rate, dilation=rate)` with a 3×3 kernel for every rate.

    size and every rate: an integer or a pair (rows, columns). Taps that fall into the padding are
    left out. Grids: output; for branch n = 1, 2, ... read_n, the cells of the map that it reads,
    and weight_n, its kernel; pool, the one cell that image pooling makes of the map. In a tap, what
    belongs to other branches is NOTHING; all of it is where the product of the axes pairs a row's
    tap of one branch with a column's of another.
    """
    size = pair(size, "size")
    branches = [f"{grid}_{n}" for n in range(1, len(rates) + 1) for grid in ("read", "weight")]
    grids = {"output": size, "pool": (1, 1)}
    for name in branches:
        grids[name] = size if name.startswith("read") else (KERNEL, KERNEL)
    both = [pair(rate, "rate") for rate in rates]
    axes = []
    for axis, length in enumerate(size):
        blocks = [_on_axis(length, n, rate[axis]) for n, rate in enumerate(both, start=1)]
        blocks.append({"output": np.arange(length), "pool": np.zeros(length, int)})
        axes.append(
            {
                name: np.concatenate(
                    [block.get(name, np.full(len(block["output"]), NOTHING)) for block in blocks]
                )
                for name in grids
            }
        )
    return Relation(grids, tuple(axes))


def _on_axis(length: int, branch: int, rate: int) -> dict[str, np.ndarray]:
    taps = taps_on_axis(
        length, input_size=length, kernel_size=KERNEL, stride=1, padding=rate, dilation=rate
    )
    return {
        "output": taps["output"],
        f"read_{branch}": taps["input"],
        f"weight_{branch}": taps["kernel"],
    }


def taps_on_map(relation: Relation, branch: int, by: str) -> np.ndarray:
    """How many taps of this branch fall on the map: by cell of the grid "output", "read" or
    "weight"; integers of the grid's shape.

    The taps of a branch are a product of its taps on the two axes, and so are their counts.
    """
    grid = by if by == "output" else f"{by}_{branch}"
    counts = []
    for taps, length in zip(relation.axes, relation.sizes[grid], strict=True):
        there = taps[f"read_{branch}"] != NOTHING
        counts.append(np.bincount(taps[grid][there], minlength=length))
    return np.outer(*counts)
