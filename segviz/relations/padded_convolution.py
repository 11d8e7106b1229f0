"""The convolution with its padding drawn in, over several channels and in groups.

Along the channels it is a relation like any other: which input channel meets which plane of the
kernel for which output channel. Each group of output channels sees its own group of input channels
(Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural
networks", section 3.2); a group for every input channel is the depthwise convolution.
"""

import numpy as np

from segviz.relations.sizes import PADDED_CONVOLUTION, pair, per_axis
from segviz.relations.taps import NOTHING, Relation, taps_on_axis


def same_padding(kernel_size, dilation=1):
    """(padding, extra_padding) that keep the size of the input at stride 1.

    They are torch's padding="same": dilation * (kernel_size - 1) zeros are shared out over both
    ends of an axis, and an odd one goes to the end. Integers or integer arrays.
    """
    zeros = dilation * (kernel_size - 1)
    return zeros // 2, zeros % 2


def padded_convolution(
    input_size,
    kernel_size,
    *,
    channels=(1, 1),
    groups=1,
    stride=1,
    padding=0,
    extra_padding=0,
    dilation=1,
) -> Relation:
    """The taps of `torch.nn.functional.conv2d` over a padded input, products by zero included.

    channels: (in, out); groups: an integer that divides both. extra_padding is added at the bottom
    and on the right only. The other parameters are integers or pairs (rows, columns). ValueError,
    in a sentence, where torch refuses the parameters.

    Grids: input (in, rows, columns), NOTHING under a padding zero; padded, the same with its
    padding; kernel (out * in / groups, rows, columns), torch's weight with its first two axes made
    one; output (out, rows, columns).
    """
    both = per_axis(
        input_size=input_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        extra_padding=extra_padding,
        dilation=dilation,
    )
    PADDED_CONVOLUTION.check_axes(*both)
    by_channel = _channel_taps(*pair(channels, "channels"), groups)
    padded, output, axes = [], [], [by_channel]
    for values in both:
        output.append(PADDED_CONVOLUTION.size(**values))
        padded.append(values["input_size"] + 2 * values["padding"] + values.pop("extra_padding"))
        axes.append(_axis_taps(padded[-1], output[-1], **values))
    inputs, outputs = channels
    sizes = {
        "input": (inputs, *pair(input_size, "input_size")),
        "padded": (inputs, *padded),
        "kernel": (len(by_channel["kernel"]), *pair(kernel_size, "kernel_size")),
        "output": (outputs, *output),
    }
    return Relation(sizes, tuple(axes))


def padded_cells(input_size, padding, extra_padding=(0, 0), channels=1) -> np.ndarray:
    """Which input cell stands in every cell of the padded grid, or NOTHING; integer array
    (channels, rows, columns). Sizes and paddings are pairs (rows, columns)."""
    cells = np.arange(channels * input_size[0] * input_size[1]).reshape(channels, *input_size)
    around = [(p, p + extra) for p, extra in zip(padding, extra_padding, strict=True)]
    return np.pad(cells, [(0, 0), *around], constant_values=NOTHING)


def without_padding(relation: Relation) -> Relation:
    """The taps that meet a cell of the input, not a zero around it."""
    axes = []
    for axis in relation.axes:
        met = axis["input"] != NOTHING
        axes.append({name: cells[met] for name, cells in axis.items()})
    return Relation(relation.sizes, tuple(axes), relation.shares)


def _channel_taps(inputs: int, outputs: int, groups: int) -> dict[str, np.ndarray]:
    """One tap for every plane of the kernel."""
    if groups < 1 or inputs % groups or outputs % groups:
        raise ValueError(
            f"groups is {groups}, with {inputs} input and {outputs} output channels:"
            " it must divide both. 1 always does."
        )
    in_group = inputs // groups
    plane = np.arange(outputs * in_group)
    output, place = np.divmod(plane, in_group)
    group = output // (outputs // groups)
    input = group * in_group + place
    return {"input": input, "padded": input, "kernel": plane, "output": output}


def _axis_taps(padded_size, output_size, *, input_size, kernel_size, stride, padding, dilation):
    """The taps on a spatial axis: over the padded axis it is a convolution without padding."""
    taps = taps_on_axis(
        output_size,
        input_size=padded_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=0,
        dilation=dilation,
    )
    input = taps["input"] - padding
    inside = (input >= 0) & (input < input_size)
    return {
        "input": np.where(inside, input, NOTHING),
        "padded": taps["input"],
        "kernel": taps["kernel"],
        "output": taps["output"],
    }
