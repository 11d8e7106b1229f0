"""Relations between cells, as tables of taps: one row for each product that is added.

A convolution is the table (input cell, kernel cell, output cell). Its matrix, its transpose, its
gradient and every picture of it are this table read in different ways.

On a grid the table is the product of small ones, one for each axis: tap (i, k, o) exists where
(i_row, k_row, o_row) and (i_column, k_column, o_column) do. Relations keep the small tables, and
multiply them out when asked. A relation that does not come apart into axes (where the maximum of a
window stood, say) has one table of flat indices, see `listed`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from segviz.relations.sizes import CONVOLUTION, TRANSPOSED_CONVOLUTION, pair, per_axis

NOTHING = -1  # stands in a column where a tap meets no cell of it, such as a padding zero


@dataclass(frozen=True)
class Relation:
    """Named grids of cells and the taps between them.

    sizes: name -> shape of that grid, such as (rows, columns) or (channels, rows, columns).
    axes: for each axis, name -> integer array, one entry per tap on that axis: the coordinate of
        the cell, or NOTHING. A single table holds flat indices, whatever the shapes of the grids.
    shares: for each axis a float array with the weight that each of its taps carries by itself (in
        bilinear interpolation, say), or nothing where all are 1.
    walk: grids from the first to the last, where every tap leads from a cell of one of them to a
        cell of a later one (layers of a network, say). What belongs to a cell are then not only its
        own taps but all paths that pass through it, on to the last grid and back to the first.
    """

    sizes: Mapping[str, tuple[int, ...]]
    axes: tuple[Mapping[str, np.ndarray], ...]
    shares: tuple[np.ndarray, ...] = ()
    walk: tuple[str, ...] = ()

    def column(self, name: str) -> np.ndarray:
        """The flat index (as ravel counts) of this grid's cell in every tap, int array (taps,)."""
        if len(self.axes) == 1:
            return np.asarray(self.axes[0][name])
        index, nowhere = np.zeros((), int), np.zeros((), bool)
        for axis, length in zip(self.axes, self.sizes[name], strict=True):
            coordinate = np.asarray(axis[name])
            index = index[..., None] * length + coordinate  # (taps on the axes so far ..., on this)
            nowhere = nowhere[..., None] | (coordinate < 0)
        return np.where(nowhere, NOTHING, index).ravel()

    def weight(self, weights: np.ndarray | None = None) -> np.ndarray:
        """What each tap multiplies by, shape (taps,): weights[k], and the tap's own share.

        Without weights, for relations that have no kernel, the shares alone (1 where none are).
        """
        weight = np.ones(len(self)) if weights is None else np.ravel(weights)[self.column("kernel")]
        if not self.shares:
            return weight
        share = np.ones(())
        for own in self.shares:
            share = share[..., None] * own  # (taps on the axes so far ..., on this)
        return weight * share.ravel()

    def __len__(self) -> int:
        return prod(len(next(iter(axis.values()))) for axis in self.axes)

    def renamed(self, names: Mapping[str, str]) -> "Relation":
        """The same taps with grids called differently: {"input": "output", ...} old to new."""

        def rename(mapping):
            return {names.get(name, name): value for name, value in mapping.items()}

        walk = tuple(names.get(name, name) for name in self.walk)
        return Relation(rename(self.sizes), tuple(map(rename, self.axes)), self.shares, walk)

    def apply(self, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """out[o] = sum over taps of values[i] * weights[k] * share; the output's shape, float64.

        Without weights, for relations that have no kernel, the taps' own shares weigh.
        """
        return np.bincount(
            self.column("output"),
            weights=self.products(values, weights),
            minlength=prod(self.sizes["output"]),
        ).reshape(self.sizes["output"])

    def products(self, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """values[i] times the tap's weight for every tap, float64, shape (taps,)."""
        return np.asarray(values, float).ravel()[self.column("input")] * self.weight(weights)

    def matrix(self, weights: np.ndarray | None = None) -> np.ndarray:
        """The matrix M with M @ values.ravel() == apply(values, weights).ravel().

        Shape (output cells, input cells), dtype of `weights`. Where two cells meet in several taps,
        their weights are added.
        """
        entries = self.weight(weights)
        shape = [prod(self.sizes[name]) for name in ("output", "input")]
        matrix = np.zeros(shape, entries.dtype)
        np.add.at(matrix, (self.column("output"), self.column("input")), entries)
        return matrix


def listed(sizes: Mapping[str, tuple[int, ...]], **columns) -> Relation:
    """A relation written out tap by tap: for every grid the flat indices of its cells.

    sizes: name -> shape of that grid. columns: name -> integers, one per tap, or NOTHING.
    """
    return Relation(sizes, ({name: np.asarray(cells, int) for name, cells in columns.items()},))


def convolution(input_size, kernel_size, *, stride=1, padding=0, dilation=1) -> Relation:
    """The taps of `torch.nn.functional.conv2d` with one channel in and one out.

    Every parameter is an integer or a pair (rows, columns). Grids: input, kernel, output.
    ValueError, in a sentence, where torch refuses the parameters.
    """
    both = per_axis(
        input_size=input_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    CONVOLUTION.check_axes(*both)
    axes, sizes = [], []
    for values in both:
        sizes.append(CONVOLUTION.size(**values))
        axes.append(taps_on_axis(sizes[-1], **values))
    return _relation(input_size, kernel_size, sizes, axes)


def transposed_convolution(
    input_size, kernel_size, *, stride=1, padding=0, output_padding=0, dilation=1
) -> Relation:
    """The taps of `torch.nn.functional.conv_transpose2d` with one channel in and one out.

    It is the convolution from the output's size down to the input's, with the columns input and
    output swapped. Every parameter is an integer or a pair (rows, columns). ValueError, in a
    sentence, where torch refuses the parameters.
    """
    both = per_axis(
        input_size=input_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    TRANSPOSED_CONVOLUTION.check_axes(*both)
    axes, sizes = [], []
    for values in both:
        sizes.append(TRANSPOSED_CONVOLUTION.size(**values))
        values.pop("output_padding")  # it has done its work: it is cells of the output
        down = taps_on_axis(values.pop("input_size"), input_size=sizes[-1], **values)
        axes.append({"input": down["output"], "kernel": down["kernel"], "output": down["input"]})
    return _relation(input_size, kernel_size, sizes, axes)


def conv_matrix(kernel, input_size, *, stride=1, padding=0, dilation=1) -> np.ndarray:
    """The matrix C of a convolution: C @ image.ravel() is the flattened output.

    kernel: array (kernel rows, kernel columns); input_size: integer or (rows, columns).
    Returns an array (out_h * out_w, in_h * in_w) with the kernel's dtype. C.T is the transposed
    convolution. ValueError, in a sentence, for a kernel that is not a grid of numbers and where
    torch refuses the parameters. (Dumoulin and Visin 2016, section 4.1.)
    """
    kernel = grid(kernel, "kernel")
    relation = convolution(
        input_size, kernel.shape, stride=stride, padding=padding, dilation=dilation
    )
    return relation.matrix(kernel)


def grid(values, name: str) -> np.ndarray:
    """`values` as a 2-D array of finite numbers; ValueError, in a sentence, if they are not one.

    A torch tensor will do, wherever it lives and whether or not it has a gradient.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
        numeric = array.dtype.kind in "biuf"
    except (ValueError, TypeError):
        numeric = False
    if not numeric or array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"{name} is {values!r}: give a grid of numbers with equally long rows,"
            f" such as {name}=[[1, 2, 3], [4, 5, 6]]."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a number that is not finite: {values!r}.")
    return array


def taps_on_axis(output_size, *, input_size, kernel_size, stride, padding, dilation):
    """Tap (i, k, o) where i = o * stride - padding + k * dilation lies inside the input."""
    o, k = np.divmod(np.arange(output_size * kernel_size), kernel_size)
    i = o * stride - padding + k * dilation
    inside = (i >= 0) & (i < input_size)
    return {"input": i[inside], "kernel": k[inside], "output": o[inside]}


def _relation(input_size, kernel_size, output_size, axes) -> Relation:
    sizes = {
        "input": pair(input_size, "input_size"),
        "kernel": pair(kernel_size, "kernel_size"),
        "output": tuple(output_size),
    }
    return Relation(sizes, tuple(axes))
