"""The boards of a convolution's channels: a table with a row for every input channel and a column
for every output channel. Each plane of the kernel stands where the two meet."""

from dataclasses import dataclass

import numpy as np

from segviz.explainers.convolution_story import PADDING, Story
from segviz.explainers.layout import absent, board, by
from segviz.relations import NOTHING
from segviz.scenes import Board, Label

BOARDS = {"input": 4, "kernel": 6, "output": 3}  # that every scene has, some of them without cells
LARGEST_INPUT, LARGEST_KERNEL = 6, 4
LEFT, TOP, WIDTH, HEIGHT = 12, 40, 438, 406
TITLE, BETWEEN, BELOW = 20, 24, 6  # room above a board, to its right and below it


@dataclass(frozen=True)
class Table:
    """Where the boards of so many channels go, and how large they may be."""

    inputs: int
    outputs: int

    def __post_init__(self):
        narrow = WIDTH / (self.outputs + 1.25)  # inputs, with their padding, get a wider column
        edges = [0, *(1.25 * narrow + narrow * n for n in range(self.outputs + 1))]
        object.__setattr__(self, "lefts", [LEFT + edge for edge in edges])

    def at(self, row: int, column: int) -> dict[str, tuple[float, float]]:
        """Of the board in this row and column; the first column holds the inputs, the last row the
        outputs."""
        left, right = self.lefts[column : column + 2]
        tall = HEIGHT / (self.inputs + 1)
        area = (right - left - BETWEEN, tall - TITLE - BELOW)
        return {"at": (left, TOP + row * tall + TITLE), "area": area}

    def sign(self, text: str, row: int, column: int) -> Label:
        """In front of the board in this row and column."""
        x, y = self.at(row, column)["at"]
        return Label(text, x - BETWEEN / 2, y + 32, "sign")


def sliding_boards(story: Story, cells: np.ndarray) -> tuple[Board, ...]:
    """The first view. cells: which input cell stands in every cell of the padded grid."""
    table = Table(len(cells), len(story.output))
    shown = [
        *_input_boards(story, cells, table),
        *_kernel_boards(story, table),
        *_output_boards(story, table),
    ]
    by_name = {each.name: each for each in shown}
    names = [f"{name}_{n}" for name, count in BOARDS.items() for n in range(count)]
    return tuple(by_name.get(name) or absent(name) for name in names)


def signs(story: Story) -> tuple[Label, ...]:
    """A star in front of the planes of every input, and what adds up to the outputs."""
    table = Table(len(story.image), len(story.output))
    first = {}
    for channel, output in _meetings(story):
        first.setdefault(channel, output)
    stars = [table.sign("∗", channel, output + 1) for channel, output in first.items()]
    equals = table.sign("=", table.inputs, 1)
    added = Label("added down", equals.x - 100, equals.y, "title")
    return (*stars, equals, *([added] if table.inputs > 1 else []))


def _meetings(story: Story) -> list[tuple[int, int]]:
    """(input channel, output channel) of every plane of the kernel."""
    channels = story.taps.axes[0]
    return list(zip(channels["input"].tolist(), channels["output"].tolist(), strict=True))


def _input_boards(story: Story, cells: np.ndarray, table: Table):
    values = np.where(cells == NOTHING, 0.0, story.image.ravel()[cells])
    order = np.arange(cells.size).reshape(cells.shape)
    size = story.image.shape[1:]
    padded = "" if cells.shape == story.image.shape else f", padded to {by(cells.shape[1:])}"
    for channel, own in enumerate(cells):
        name = f"input_{channel}"
        yield board(
            name,
            f"input {by(size)}{padded}" if story.alone else f"input[{channel}]",
            values[channel],
            {"padded": order[channel]},
            np.where(own == NOTHING, "padding", "input").astype(object),
            **table.at(channel, 0),
            says=tuple(PADDING if i == NOTHING else story.inputs[i] for i in own.flat),
            editable="further_inputs" if channel else "input",
            edits=_where(own, channel, size),
        )


def _where(cells: np.ndarray, channel: int, size: tuple[int, int]) -> np.ndarray:
    """Row and column of a channel's numbers in their grid: the first channel has one of its own,
    the others stand one below the other. Integer array (2, rows, columns)."""
    row, column = np.divmod(cells - channel * size[0] * size[1], size[1])
    row = row + max(channel - 1, 0) * LARGEST_INPUT
    return np.where(cells == NOTHING, NOTHING, np.stack([row, column]))


def _kernel_boards(story: Story, table: Table):
    planes, *size = story.weights.shape
    in_group = planes // table.outputs
    order = np.arange(story.weights.size).reshape(story.weights.shape)
    for plane, (channel, output) in enumerate(_meetings(story)):
        name = f"kernel_{plane}"
        yield board(
            name,
            f"kernel {by(size)}" if story.alone else f"kernel[{output}, {plane % in_group}]",
            story.weights[plane],
            {"kernel": order[plane]},
            "kernel",
            **table.at(channel, output + 1),
            says=tuple(story.planes[k] for k in order[plane].flat),
            editable="further_kernels" if plane else "kernel",
            edits=np.indices(size) + np.reshape([max(plane - 1, 0) * LARGEST_KERNEL, 0], (2, 1, 1)),
        )


def _output_boards(story: Story, table: Table):
    order = np.arange(story.output.size).reshape(story.output.shape)
    for channel, values in enumerate(story.output):
        name = f"output_{channel}"
        yield board(
            name,
            f"output {by(values.shape)}" if story.alone else f"output[{channel}]",
            values,
            {"output": order[channel]},
            "output",
            **table.at(table.inputs, channel + 1),
            says=tuple(story.outputs[o] for o in order[channel].flat),
        )
