"""The convolution as a sliding window and as a matrix: one relation, in channels and groups."""

import numpy as np

from segviz.explainers.convolution_boards import (
    LARGEST_INPUT,
    LARGEST_KERNEL,
    signs,
    sliding_boards,
)
from segviz.explainers.convolution_matrix import matrix_boards
from segviz.explainers.convolution_story import Story
from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, choice
from segviz.explainers.layout import by
from segviz.explainers.sentences import counted
from segviz.relations import (
    CONVOLUTION,
    PADDED_CONVOLUTION,
    grid,
    padded_cells,
    padded_convolution,
    per_axis,
    same_padding,
)
from segviz.relations.sizes import Operation, Rule
from segviz.scenes import BuildUp, Label, Scene

SIZE = (1000, 542)
NUMBERS, SAME = "numbers", "same"
# (input channels, output channels, groups) by the name of the choice
CHANNELS = {
    "1 to 1": (1, 1, 1),
    "3 to 1": (3, 1, 1),
    "1 to 3": (1, 3, 1),
    "3 to 2": (3, 2, 1),
    "4 to 2 in 2 groups": (4, 2, 2),
    "3 to 3 in 3 groups": (3, 3, 3),
}
LARGEST_OUTPUT = 8
ENTRIES = 1300  # of C that a picture has room for

# The lecture's kernel, and small numbers for the rest. Channels after the first stand one below the
# other: three of the input, five planes of the kernel.
INPUT = ((2, 1, 3, 0, 5, 1), (4, 4, 1, 2, 1, 0), (1, 3, 2, 5, 0, 2))
INPUT += ((0, 2, 4, 1, 3, 1), (5, 1, 0, 3, 2, 4), (1, 0, 2, 1, 4, 3))
KERNEL = ((1, 4, 1, 2), (1, 4, 3, 0), (3, 3, 1, 1), (2, 0, 1, 3))
FURTHER_INPUTS = tuple(
    tuple((3 * row + 2 * column + row * column + 4 * plane) % 6 for column in range(6))
    for plane in range(3)
    for row in range(6)
)
FURTHER_KERNELS = tuple(
    tuple((2 * row + column + row * column + plane) % 5 - 1 for column in range(4))
    for plane in range(5)
    for row in range(4)
)


def draw(
    input,
    kernel,
    further_inputs=FURTHER_INPUTS,
    further_kernels=FURTHER_KERNELS,
    *,
    channels="1 to 1",
    pad=NUMBERS,
    stride=1,
    dilation=1,
    padding=0,
    extra_padding=0,
) -> Scene:
    """The Scene of `torch.nn.functional.conv2d(input, kernel, ...)`.

    input, kernel: 2-D arrays of finite numbers: the first channel of the input, the first plane of
    the kernel. further_inputs, further_kernels: the other ones, one below the other, at the largest
    size; of each the upper left corner is taken. channels: a key of CHANNELS. pad: "same", which
    settles the paddings, or "numbers". The others are integers or pairs (rows, columns);
    extra_padding goes to the bottom and to the right. ValueError, in a sentence, for whatever torch
    refuses.
    """
    inputs, outputs, groups = CHANNELS[channels]
    planes = outputs * inputs // groups
    image = _stacked(grid(input, "input"), further_inputs, LARGEST_INPUT, inputs)
    weights = _stacked(grid(kernel, "kernel"), further_kernels, LARGEST_KERNEL, planes)
    values = per_axis(
        input_size=image.shape[1:],
        kernel_size=weights.shape[1:],
        stride=stride,
        dilation=dilation,
        padding=padding,
        extra_padding=extra_padding,
    )
    for axis in values if pad == SAME else ():
        zeros = same_padding(axis["kernel_size"], axis["dilation"])
        axis["padding"], axis["extra_padding"] = zeros
    chosen = {"channels": list(CHANNELS).index(channels), "pad": int(pad == SAME)}
    SHOWN.check_axes(*(chosen | axis for axis in values))
    settings = {name: (values[0][name], values[1][name]) for name in values[0]}
    taps = padded_convolution(**settings, channels=(inputs, outputs), groups=groups)
    story = Story(taps, image, weights)
    cells = padded_cells(
        settings["input_size"], settings["padding"], settings["extra_padding"], inputs
    )
    call = _call(settings, pad, groups)
    return Scene(
        title="Convolution",
        description=(
            f"An input of {by(story.shapes['input'])} cells and a kernel of"
            f" {by(story.shapes['kernel'])} weights give an output of"
            f" {by(story.shapes['output'])}: as a window that slides, and as the matrix C times the"
            f" flattened input. {call}"
        ),
        size=SIZE,
        boards=(*sliding_boards(story, cells), *matrix_boards(story)),
        labels=(
            *_headings(),
            *signs(story),
            *_formula(values),
            Label(_counts(story, cells), 12, 510, "formula"),
            Label(call, 12, 533, "call"),
        ),
        relation=taps,
        call=call,
        steps="output_0",
        build_up=_build_up(story.output[0]),
    )


def _stacked(first: np.ndarray, further, largest: int, count: int) -> np.ndarray:
    """The first plane and the ones after it, float array (count, rows, columns)."""
    rows, columns = first.shape
    planes = np.reshape(np.asarray(further, float), (-1, largest, largest))
    return np.concatenate([first[None].astype(float), planes[: count - 1, :rows, :columns]])


def _headings() -> tuple[Label, ...]:
    return (
        Label("1  A window slides over the input", 12, 24, "heading"),
        Label("2  The same as a matrix: C · x = y", 470, 24, "heading"),
    )


def _formula(values: list[dict[str, int]]) -> tuple[Label, ...]:
    """The size formula in words, and with the numbers of each axis."""
    plain = not any(axis["extra_padding"] for axis in values)
    size = (CONVOLUTION if plain else PADDED_CONVOLUTION).size
    rows, columns = (
        f"{size.filled(**axis)} = {PADDED_CONVOLUTION.size(**axis)}" for axis in values
    )
    words = Label(f"output size = {size.in_words()}", 12, 464, "formula")
    if rows == columns:
        return words, Label(f"= {rows}", 12, 487, "formula")
    return (
        words,
        Label(f"rows: {rows}", 12, 487, "formula"),
        Label(f"columns: {columns}", 500, 487, "formula"),
    )


def _counts(story: Story, cells: np.ndarray) -> str:
    """The tensors' shapes, how many weights there are, and how many products."""
    x, w, y = (by(story.shapes[name]) for name in ("input", "kernel", "output"))
    padded = "" if cells.shape == story.image.shape else f" padded to {by(cells.shape[1:])}"
    places = story.output[0].size
    zeros = len(story.taps) - len(story.real)
    lost = f", {zeros} with padding zeros" if zeros else ""
    return (
        f"x {x}{padded},  w {w},  output {y}:  {counted(story.weights.size, 'weight')} at"
        f" {counted(places, 'place')}, {counted(len(story.taps), 'product')}{lost}"
    )


def _call(settings: dict, pad: str, groups: int) -> str:
    """The PyTorch call; one number where both axes agree."""

    def shown(name):
        rows, columns = settings[name]
        return f"{name}={rows if rows == columns else (rows, columns)}"

    given, padding = "x", shown("padding")
    if pad == SAME:
        padding = "padding='same'"
    elif any(settings["extra_padding"]):
        (top, left), (more_down, more_right) = settings["padding"], settings["extra_padding"]
        around = (left, left + more_right, top, top + more_down)
        given, padding = f"torch.nn.functional.pad(x, {around})", None
    groups = f"groups={groups}" if groups > 1 else None
    named = (shown("stride"), padding, shown("dilation"), groups)
    return f"torch.nn.functional.conv2d({', '.join([given, 'w', *filter(None, named)])})"


def _build_up(output: np.ndarray) -> BuildUp:
    """The first output map, cell by cell, as the window gets to it."""
    steps = tuple(((cell, float(value)),) for cell, value in enumerate(output.flat))
    return BuildUp("output_0", "output_0", steps)


def _fits(channels, kernel_size, **values):
    planes = np.array([outputs * ins // groups for ins, outputs, groups in CHANNELS.values()])
    size = PADDED_CONVOLUTION.size(kernel_size=kernel_size, **values)
    entries = (size * kernel_size) ** 2 * planes[channels]
    return (size <= LARGEST_OUTPUT) & (entries <= ENTRIES)


def _as_same(place: int):
    """Whether this one of the two paddings is what "same" makes it."""
    name = ("padding", "extra_padding")[place]
    return lambda pad, kernel_size, dilation, **values: (
        (pad == 0) | (values[name] == same_padding(kernel_size, dilation)[place])
    )


SHOWN = Operation(
    PADDED_CONVOLUTION.name,
    PADDED_CONVOLUTION.size,
    *PADDED_CONVOLUTION.rules,
    Rule(
        "stride",
        lambda pad, stride, **_: (pad == 0) | (stride == 1),
        "torch has padding='same' for stride 1 only",
    ),
    Rule("padding", _as_same(0), "'same' makes padding half of dilation·(kernel_size − 1)"),
    Rule(
        "extra_padding",
        _as_same(1),
        "'same' makes extra_padding 1 where dilation·(kernel_size − 1) is odd, else 0",
    ),
    Rule(
        "padding",
        _fits,
        f"the picture has room for {LARGEST_OUTPUT} output cells a side and {ENTRIES} entries of C",
    ),
    words={"channels": tuple(CHANNELS), "pad": (NUMBERS, SAME)},
)

CONVOLUTION_EXPLAINER = Explainer(
    name="Convolution",
    about=(
        "The convolution as a window that slides over the input, and as the matrix C.\n\n"
        "Every entry of C is tied to the input cell, the weight and the output cell that it"
        " belongs to. Step through the output to see it filled."
    ),
    draw=draw,
    parameters=(
        choice("channels", "channels", *CHANNELS, coupled=True),
        choice("pad", "padding by", NUMBERS, SAME, coupled=True),
        Parameter("input_size", "input size", 2, LARGEST_INPUT, 4),
        Parameter("kernel_size", "kernel size", 1, LARGEST_KERNEL, 3),
        Parameter("stride", "stride", 1, 3, 1),
        Parameter("dilation", "dilation", 1, 3, 1),
        Parameter("padding", "padding", 0, 4, 0, follows=True),
        Parameter("extra_padding", "extra_padding", 0, 2, 0, follows=True),
    ),
    grids=(
        NumberGrid("input", "input_size", INPUT),
        NumberGrid("kernel", "kernel_size", KERNEL),
        NumberGrid("further_inputs", "", FURTHER_INPUTS),
        NumberGrid("further_kernels", "", FURTHER_KERNELS),
    ),
    operation=SHOWN,
    foremost=("stride", "padding", "pad", "kernel_size", "dilation", "input_size"),
)
