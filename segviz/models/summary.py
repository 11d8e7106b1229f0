"""A network at a glance: its layers, and what each costs at an image's size.

Shapes, multiply-adds and receptive fields are those of a run without numbers, on torch's meta
device, so that a network of a hundred million parameters is no more work than a small one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .checks import is_positive_whole
from .numberless import without_numbers

COLUMNS = ("layer", "class", "output shape", "parameters", "multiply-adds", "receptive field")
NETWORK = "network"  # what the whole is called in the table


@dataclass(frozen=True)
class Row:
    """A module, with everything inside it.

    name: as in ``model.get_submodule(name)``; "" is the network itself. output_shape: of what it
    returns when it is called last, and of several tensors the last; None if it is not called
    itself, as a list of layers is not. receptive_field: rows and columns of the image that a cell
    of that output sees, the whole image's where a mean over a map takes part; None if not known.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, int] | None

    @property
    def depth(self) -> int:
        """0 for the network, 1 for its parts, ..."""
        return self.name.count(".") + 1 if self.name else 0


@dataclass(frozen=True)
class Summary:
    """What :func:`summary` returns. It prints as a table, of text or HTML.

    rows: the network first, then its modules in the order in which they were made, to the end.
    input_shape: (1, C, H, W).
    depth: how deep into the modules the table goes; the rows go all the way.
    """

    rows: tuple[Row, ...]
    input_shape: tuple[int, int, int, int]
    depth: int

    @property
    def parameters(self) -> int:
        """Of the whole network; what is shared counts once."""
        return self.rows[0].parameters

    @property
    def multiply_adds(self) -> int:
        """Products that are summed up in convolutions and matrix products, for one image."""
        return self.rows[0].multiply_adds

    def __getitem__(self, name: str) -> Row:
        """The row of a module, by its name; KeyError, in a sentence, if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(
            f"No module is called {name!r}; [row.name for row in summary.rows] shows all names."
        )

    def _table(self) -> list[tuple[str, ...]]:
        return [_in_words(row) for row in self.rows if row.depth <= self.depth]

    def __str__(self) -> str:
        table = [COLUMNS, *self._table()]
        widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in table]
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join([*lines, lines[1], self._totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{column}</th>" for column in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._table()
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(self._totals())}</p>"
        )

    def _totals(self) -> str:
        _, channels, height, width = self.input_shape
        return (
            f"{self.parameters:,} parameters, {self.multiply_adds:,} multiply-adds for an image "
            f"of {height}x{width} pixels and {channels} channels"
        )


def summary(model: nn.Module, input_size: int | Sequence[int] = 128, *, depth: int = 2) -> Summary:
    """What a network is made of: output shapes, parameters, multiply-adds, receptive fields.

    >>> print(summary(UNet(6), (120, 160)))

    The network runs once, in evaluation mode, as a copy without numbers. Multiply-adds are
    counted by torch's own ``FlopCounterMode``, which calls each of them two operations. It is
    exact for convolutions and matrix products, and counts nothing else. (torchinfo, too, would
    list layers; but it counts transposed convolutions at their output, as if every kernel cell
    met every output cell: with stride 2, four times too many.) Receptive fields are those of
    :func:`segviz.fields.receptive_field`.

    Args:
        model: a network from an image (N, C, H, W) to a tensor, or to several.
        input_size: (rows, columns), one number for both, or a whole shape (C, H, W) or
            (N, C, H, W). C is otherwise what the first convolution takes; N is always 1.
        depth: of the modules that the table shows; 0 shows the network alone.

    Raises:
        TypeError: for what is no network.
        ValueError: for a size that is none, and where the network cannot run at it.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}: give a torch.nn.Module.")
    shape = _image_shape(model, input_size)
    copy = without_numbers(model).eval()
    shapes, counter = _run(copy, shape)
    counts = counter.get_flop_counts()
    fields = _receptive_fields(model, shape)
    rows = []
    for name, module in model.named_modules():
        counted = counts.get(f"{type(model).__name__}.{name}" if name else "Global", {})
        rows.append(
            Row(
                name,
                type(module).__name__,
                shapes.get(name),
                sum(parameter.numel() for parameter in module.parameters()),
                sum(counted.values()) // 2,
                fields.get(name),
            )
        )
    return Summary(tuple(rows), shape, depth)


def _image_shape(model: nn.Module, input_size: int | Sequence[int]) -> tuple[int, int, int, int]:
    size = (input_size, input_size) if is_positive_whole(input_size) else input_size
    is_list = isinstance(size, Sequence) and all(map(is_positive_whole, size))
    if not is_list or len(size) not in (2, 3, 4):
        raise ValueError(
            f"input_size={input_size!r}: give rows and columns, such as (120, 160), one number "
            f"for both, or a whole shape (C, H, W) or (N, C, H, W)."
        )
    if len(size) > 2:
        return (1, *size[-3:])
    convolutions = (m for m in model.modules() if isinstance(m, nn.modules.conv._ConvNd))
    return (1, next((m.in_channels for m in convolutions), 3), *size)


def _run(network: nn.Module, shape: Sequence[int]) -> tuple[dict, FlopCounterMode]:
    """The shapes of the modules' tensors by name, and what torch has counted."""
    shapes = {}

    def record(name):
        def hook(module, inputs, output):
            tensor = _last_tensor(output)
            shapes[name] = None if tensor is None else tuple(tensor.shape)

        return hook

    for name, module in network.named_modules():
        module.register_forward_hook(record(name))
    counter = FlopCounterMode(display=False, depth=None)
    try:
        with torch.no_grad(), counter:
            network(torch.empty(shape, device="meta"))
    except RuntimeError as error:
        size = "x".join(map(str, shape[2:]))
        raise ValueError(
            f"This {type(network).__name__} cannot run on an image of {size} pixels and "
            f"{shape[1]} channels: {error}. Try another input_size."
        ) from error
    return shapes, counter


def _last_tensor(output: object) -> Tensor | None:
    """The tensor that a module returned; of several, in lists or dicts, the last."""
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, (tuple, list)):
        tensors = map(_last_tensor, reversed(output))
        return next((tensor for tensor in tensors if tensor is not None), None)
    return output if isinstance(output, Tensor) else None


def _receptive_fields(model: nn.Module, shape: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Rows and columns by the modules' names; empty where nobody can tell."""
    try:
        from segviz.fields import receptive_field
    except ImportError:
        return {}
    try:
        seen = receptive_field(model, tuple(shape[2:]), channels=shape[1])
    except ValueError:  # its path depends on the image's numbers
        return {}
    # Several outputs are called "name[0]", "name[1]", ...: the last of them stays.
    fields = {name.partition("[")[0]: field.size for name, field in seen.items()}
    return {**fields, "": list(seen.outputs.values())[-1].size}


def _in_words(row: Row) -> tuple[str, ...]:
    indent = "  " * row.depth
    return (
        indent + (row.name.rpartition(".")[2] or NETWORK),
        row.kind,
        " x ".join(map(str, row.output_shape)) if row.output_shape else "",
        f"{row.parameters:,}" if row.parameters else "",
        f"{row.multiply_adds:,}" if row.multiply_adds else "",
        " x ".join(map(str, row.receptive_field)) if row.receptive_field else "",
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Words to the left, numbers to the right."""
    return [
        text.ljust(width) if i < 3 else text.rjust(width)
        for i, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
