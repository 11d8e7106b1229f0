"""The atrous convolution, and the ordinary one that it holds: over every rate-th cell.

An ordinary convolution over a map of which a stride or a pooling has left every rate-th cell gives
the very numbers that the atrous one gives at those places; the atrous one gives them at all others,
too (Chen et al. 2018, "DeepLab", section 3.1).
"""

import numpy as np

from segviz.relations.sizes import SizeFormula, pair
from segviz.relations.taps import NOTHING, Relation, taps_on_axis

SPAN = SizeFormula("rate * (kernel_size - 1) + 1")  # from a kernel's first tap to its last


def atrous(input_size, kernel_size: int, rate) -> Relation:
    """The taps of `conv2d(x, w, padding=rate * (kernel_size // 2), dilation=rate)`, which keeps the
    size, for an odd kernel_size; input_size, rate: an integer or a pair (rows, columns).

    Grids: input, kernel, output; sampled: the input cells whose row and column are multiples of the
    rate; response: the outputs at these places. Where a tap has no part in them, they are NOTHING.
    """
    axes, sizes = [], []
    for length, step in zip(pair(input_size, "input_size"), pair(rate, "rate"), strict=True):
        taps = taps_on_axis(
            length,
            input_size=length,
            kernel_size=kernel_size,
            stride=1,
            padding=step * (kernel_size // 2),
            dilation=step,
        )
        for sparse, dense in (("sampled", "input"), ("response", "output")):
            taps[sparse] = np.where(taps[dense] % step == 0, taps[dense] // step, NOTHING)
        axes.append(taps)
        sizes.append((length, -(-length // step)))
    full, few = zip(*sizes, strict=True)
    kernel = (kernel_size, kernel_size)
    grids = {"input": full, "kernel": kernel, "output": full, "sampled": few, "response": few}
    return Relation(grids, tuple(axes))


def over_samples(relation: Relation) -> Relation:
    """The ordinary convolution in it: the taps from sampled cells to responses, called input and
    output."""
    axes = tuple(
        {name: cells[axis["sampled"] != NOTHING] for name, cells in axis.items()}
        for axis in relation.axes
    )
    names = {"input": "full", "output": "dense", "sampled": "input", "response": "output"}
    return Relation(relation.sizes, axes).renamed(names)
