"""The boards of a convolution's matrix: C times the flattened input is the flattened output."""

import numpy as np

from segviz.explainers.convolution_story import Story
from segviz.explainers.layout import by
from segviz.scenes import Board

LEFT, TOP, WIDTH, HEIGHT = 496, 86, 378, 358  # of the matrix itself
LARGEST = 30


def matrix_boards(story: Story) -> tuple[Board, ...]:
    """C with its row and column numbers, x and y; lines part the channels."""
    entries = story.real.matrix(story.weights)  # (output cells, input cells)
    rows, columns = entries.shape
    present = np.zeros(entries.shape, bool)
    present[story.real.column("output"), story.real.column("input")] = True
    wide, tall = min(LARGEST, WIDTH / columns), min(LARGEST, HEIGHT / rows)
    of_output, of_input = np.indices(entries.shape)
    per_output, per_input = (plane[0].size for plane in (story.output, story.image))
    beside = LEFT + wide * columns + 22
    x, y = story.image.reshape(-1, 1), story.output.reshape(-1, 1)
    rows_say = (story.outputs, "Row # of C times x:  ")
    columns_say = (story.inputs, "Column # of C:  ")

    def strip(name, title, numbers, stands_for, role, at, size, says, blocks=(0, 0)):
        cells = {stands_for: np.arange(numbers.size).reshape(numbers.shape)}
        return Board(name, title, numbers, cells, role, at, size, *says, blocks=blocks)

    down, across = np.arange(float(rows))[:, None], np.arange(float(columns))[None, :]
    return (
        strip("rows", "", down, "output", "index", (LEFT - 26, TOP), (24, tall), rows_say),
        strip(
            "columns",
            f"C {by(entries.shape)}",
            across,
            "input",
            "index",
            (LEFT, TOP - 19),
            (wide, 17),
            columns_say,
        ),
        Board(
            "matrix",
            "",
            np.where(present, entries, np.nan),
            {"output": of_output, "input": of_input},
            "kernel",
            (LEFT, TOP),
            (wide, tall),
            tuple(story.entries[o, i] for o, i in np.argwhere(present).tolist()),
            blocks=(per_output, per_input),
        ),
        strip(
            "x",
            "x",
            x,
            "input",
            "input",
            (beside, TOP),
            (34, min(LARGEST, HEIGHT / columns)),
            columns_say,
            (per_input, 0),
        ),
        strip(
            "y",
            "y",
            y,
            "output",
            "output",
            (beside + 56, TOP),
            (40, tall),
            rows_say,
            (per_output, 0),
        ),
    )
