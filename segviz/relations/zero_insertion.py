"""The transposed convolution seen as an ordinary one, over a stretched input.

Between the cells of the input stride - 1 zeros are inserted, around them zeros are padded, and a
convolution of stride 1 with the flipped kernel gives the output (Dumoulin and Visin 2016, section
4). Written as taps this is the transposed convolution's own table, with the products by zero added.
"""

from dataclasses import dataclass

import numpy as np

from segviz.relations.sizes import TRANSPOSED_CONVOLUTION, pair, per_axis
from segviz.relations.taps import NOTHING, Relation, taps_on_axis

INPUT, INSERTED, PADDING, CROPPED = range(4)


@dataclass(frozen=True)
class ZeroInsertion:
    """relation: grids input, stretched, kernel, flipped, output; input is NOTHING under a zero.
    source: for every cell of the stretched grid the flat index of the input cell that stands there,
    or
        NOTHING; integer array (rows, columns).
    kinds: for every cell of the stretched grid INPUT, INSERTED, PADDING or CROPPED, integer array
        (rows, columns). CROPPED cells are those that padding cuts off before the convolution.
    """

    relation: Relation
    source: np.ndarray
    kinds: np.ndarray

    def stretch(self, values: np.ndarray) -> np.ndarray:
        """The stretched grid filled with an input's values, zeros between and around; float64."""
        return np.where(self.source == NOTHING, 0.0, np.asarray(values, float).ravel()[self.source])

    @property
    def plain(self) -> Relation:
        """The ordinary convolution it is: grids input (the stretched one), kernel (flipped),
        output."""
        names = {
            "input": "source",
            "stretched": "input",
            "kernel": "unflipped",
            "flipped": "kernel",
        }
        return self.relation.renamed(names)


def zero_insertion(
    input_size, kernel_size, *, stride=1, padding=0, output_padding=0, dilation=1
) -> ZeroInsertion:
    """The taps of `conv_transpose2d` as a convolution over the stretched input.

    Parameters and errors as for `transposed_convolution`. The stretched grid shows everything that
    is there: the input's cells, the inserted and the padded zeros, and what a padding larger than
    dilation * (kernel_size - 1) crops away.
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
    axes, sizes, sources, kinds = [], [], [], []
    for values in both:
        source, kind, taps = _on_axis(TRANSPOSED_CONVOLUTION.size(**values), **values)
        sources.append(source)
        kinds.append(kind)
        axes.append(taps)
        sizes.append(len(source))
    row, column = sources[0][:, None], sources[1][None, :]
    source = row * pair(input_size, "input_size")[1] + column
    kernel_size = pair(kernel_size, "kernel_size")
    grids = {
        "input": pair(input_size, "input_size"),
        "stretched": tuple(sizes),
        "kernel": kernel_size,
        "flipped": kernel_size,
        "output": tuple(int(taps["output"].max()) + 1 for taps in axes),
    }
    return ZeroInsertion(
        relation=Relation(grids, tuple(axes)),
        source=np.where((row == NOTHING) | (column == NOTHING), NOTHING, source),
        # a cell is what its stranger axis says: a zero wins over an input, a cut over a zero
        kinds=np.maximum(kinds[0][:, None], kinds[1][None, :]),
    )


def _on_axis(output_size, *, input_size, kernel_size, stride, padding, output_padding, dilation):
    before = dilation * (kernel_size - 1) - padding  # zeros in front; negative: cells cut off
    after = before + output_padding
    core = (input_size - 1) * stride + 1

    position = np.arange(-max(before, 0), core + max(after, 0))
    on_input = (position >= 0) & (position < core) & (position % stride == 0)
    source = np.where(on_input, position // stride, NOTHING)
    kind = np.select(
        [
            (position < -before) | (position >= core + after),
            on_input,
            (position < 0) | (position >= core),
        ],
        [CROPPED, INPUT, PADDING],
        INSERTED,
    )
    taps = taps_on_axis(
        output_size,
        input_size=len(position),
        kernel_size=kernel_size,
        stride=1,
        padding=min(before, 0),
        dilation=dilation,
    )
    stretched, flipped = taps["input"], taps["kernel"]
    return (
        source,
        kind,
        {
            "input": source[stretched],
            "stretched": stretched,
            "kernel": kernel_size - 1 - flipped,
            "flipped": flipped,
            "output": taps["output"],
        },
    )
