"""Max pooling that remembers where its maxima stood, and unpooling that writes there.

Which cell wins a window depends on the numbers, so these relations are made from them, and do not
come apart into axes.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from segviz.relations.sizes import Operation, Rule, SizeFormula, pair, per_axis
from segviz.relations.taps import Relation, convolution, grid

MAX_POOLING = Operation(
    "max pooling",
    # torch.nn.MaxPool2d, "Shape", without dilation
    SizeFormula("(input_size + 2 * padding - kernel_size) // stride + 1"),
    *(
        Rule(name, lambda name=name, **v: v[name] >= 1, f"{name} must be at least 1")
        for name in ("input_size", "kernel_size", "stride")
    ),
    Rule("padding", lambda padding, **_: padding >= 0, "padding must be at least 0"),
    Rule(
        "padding",
        lambda padding, kernel_size, **_: 2 * padding <= kernel_size,
        "padding must be at most half of the kernel, lest a window holds nothing but padding",
    ),
    Rule(
        "kernel_size",
        lambda input_size, kernel_size, padding, **_: kernel_size <= input_size + 2 * padding,
        "the window reaches over more cells than the padded input has",
    ),
)

# torch.nn.MaxUnpool2d, "Shape": the size it takes where output_size does not say another
UNPOOLED_SIZE = SizeFormula("(pooled_size - 1) * stride - 2 * padding + kernel_size")


@dataclass(frozen=True)
class MaxPooling:
    """relation: a tap from every cell of a window to it, padding left out; grids input and output.
        The share is 1 where the window's maximum stands, and 0 elsewhere.
    indices: where that is, as torch counts: row * width + column in the input, int array (rows,
        columns) of the output. Of equal maxima it is the first in reading order.
    """

    relation: Relation
    indices: np.ndarray


def max_pooling(values, kernel_size, *, stride=None, padding=0) -> MaxPooling:
    """The taps of `torch.nn.functional.max_pool2d(values, ..., return_indices=True)`.

    values: 2-D array of finite numbers. The other parameters are integers or pairs (rows, columns);
    stride is the kernel's size where it is not given. ValueError, in a sentence, where torch
    refuses them.
    """
    values = grid(values, "values")
    settings = dict(
        kernel_size=kernel_size, stride=kernel_size if stride is None else stride, padding=padding
    )
    MAX_POOLING.check_axes(*per_axis(input_size=values.shape, **settings))
    windows = convolution(values.shape, **settings)
    cell, window = windows.column("input"), windows.column("output")
    inside = values.ravel()[cell]
    largest = np.full(prod(windows.sizes["output"]), -np.inf)
    np.maximum.at(largest, window, inside)
    best = np.flatnonzero(inside == largest[window])
    winners = best[np.unique(window[best], return_index=True)[1]]  # the first of every window
    shares = np.zeros(len(windows))
    shares[winners] = 1
    sizes = {name: windows.sizes[name] for name in ("input", "output")}
    return MaxPooling(
        Relation(sizes, ({"input": cell, "output": window},), (shares,)),
        cell[winners].reshape(sizes["output"]),
    )


def unpooled_size(pooled_size, kernel_size, *, stride=None, padding=0) -> tuple[int, int]:
    """The (rows, columns) that `torch.nn.functional.max_unpool2d` takes without output_size.

    Every parameter is an integer or a pair; stride is the kernel's size where it is not given.
    """
    both = per_axis(
        pooled_size=pooled_size,
        kernel_size=kernel_size,
        stride=kernel_size if stride is None else stride,
        padding=padding,
    )
    return tuple(UNPOOLED_SIZE(**values) for values in both)


def max_unpooling(indices: np.ndarray, output_size) -> Relation:
    """The taps of `torch.nn.functional.max_unpool2d`, from every pooled cell to its place.

    indices: as `max_pooling` and torch give them, int array (rows, columns); output_size: an
    integer or (rows, columns). Where several values are written to one place the last of them, in
    reading order, has the share 1 and the others 0. (That is what torch does on one thread of a
    CPU; its documentation promises nothing for this case.) ValueError, in a sentence, for an index
    outside of the output.
    """
    indices, size = np.asarray(indices), pair(output_size, "output_size")
    places = indices.ravel()
    if places.max() >= prod(size):
        raise ValueError(
            f"Index {places.max()} lies outside of the output, which has {size[0]}×{size[1]}"
            f" = {prod(size)} cells: give output_size, the size of the pooled input."
        )
    last = np.full(prod(size), -1)
    last[places] = np.arange(places.size)  # NumPy, too, keeps the last of several
    shares = (last[places] == np.arange(places.size)).astype(float)
    taps = {"input": np.arange(places.size), "output": places}
    return Relation({"input": indices.shape, "output": size}, (taps,), (shares,))
