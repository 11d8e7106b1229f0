"""Receptive fields of a whole network: one run without numbers, and a field for every module."""

import gc
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import torch
from torch import Tensor, nn

from segviz.fields.field import Field
from segviz.fields.sources import Sources
from segviz.fields.tracing import Trace
from segviz.fields.values import RealIndices
from segviz.fields.verification import Verification, verify
from segviz.fields.watching import evaluating, tensors_by_key
from segviz.relations.axis_field import AxisField


class NetworkField(Mapping):
    """The fields of a network's modules by name, in the order in which the modules finish.

    A module that is called several times stands for its last call (`calls` has all). A module with
    several outputs has one entry for each: "backbone[out]". The network itself is `output`, and
    `outputs` where it has several.

    input_size: (rows, columns) of the image that was traced. inputs, keywords: all that the model
    was called with, tensors on the meta device.
    """

    def __init__(self, input_size, seen: dict[str, list[Field]], inputs: tuple, keywords: dict):
        self.input_size = input_size
        self._calls = seen
        self.inputs, self.keywords = inputs, keywords

    def __getitem__(self, name: str) -> Field:
        return self.calls(name)[-1]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._calls if not _is_output(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def calls(self, name: str) -> list[Field]:
        """The fields of each call of a module, in order. KeyError if it has none."""
        if name not in self._calls:
            near = get_close_matches(name, self._calls, n=3, cutoff=0.4)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise KeyError(
                f"No module called {name!r} returned a tensor in this network.{hint}"
                " `list(field)` shows all names."
            )
        return self._calls[name]

    @property
    def outputs(self) -> dict[str, Field]:
        """What the network returns: by key or number ("key.0" where a list is inside of a dict)
        if it is several tensors, else by ""."""
        return {
            name[1:-1].replace("][", "."): fields[-1]
            for name, fields in self._calls.items()
            if _is_output(name)
        }

    @property
    def output(self) -> Field:
        """What the network returns; the first, if it is several tensors."""
        return next(iter(self.outputs.values()))

    @property
    def unknown(self) -> list[str]:
        """The operators that nobody knows, each with the module it came from; empty if all is
        known."""
        fields = [field for fields in self._calls.values() for field in fields]
        return list(dict.fromkeys(field.unknown for field in fields if not field.known))

    def verify(self, model: nn.Module, **options) -> Verification:
        """Compare with what gradients say, cell by cell: see `segviz.fields.verify`."""
        return verify(self, model, **options)

    def to_dict(self) -> dict:
        """Everything in the table, and more, as numbers, strings and lists (JSON can hold it)."""
        from segviz.fields.table import as_dict

        return as_dict(self)

    def table(self, depth: int | None = None) -> str:
        """The table as text. depth: how deep into the modules; None for all of them."""
        from segviz.fields.table import as_text

        return as_text(self, depth)

    def __repr__(self) -> str:
        from segviz.fields.table import as_text, readable_depth

        return as_text(self, readable_depth(self))

    def _repr_html_(self) -> str:
        from segviz.fields.table import as_html, readable_depth

        return as_html(self, readable_depth(self))


def _is_output(name: str) -> bool:
    return name == "" or name.startswith("[")


def receptive_field(
    model: nn.Module,
    input_size: int | tuple[int, int] | None = None,
    *,
    example_inputs=None,
    channels: int | None = None,
) -> NetworkField:
    """What the units of every module of a network see of its input, in theory and exactly.

    The network runs in evaluation mode on tensors without numbers; it is left as it was, wherever
    its parameters are. What reaches a cell is composed operator by operator, for rows and columns
    (Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks",
    give the recurrence for the regular case).

    Args:
        model: any module whose first input is an image (batch, channels, rows, columns).
        input_size: (rows, columns), or one number for both.
        example_inputs: the image, or a tuple of all that the model is called with (the image
            first), or a dict of keyword arguments (the image first). Shapes and dtypes count. It
            is needed if the model takes more than an image.
        channels: of the image; by default as many as the first convolution or linear layer takes.

    Raises:
        TypeError, ValueError: in a sentence, for what is not a module or an image, and where the
            model fails at this size or its path depends on the numbers in the image.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}: give a torch.nn.Module.")
    inputs, keywords = _inputs(model, input_size, example_inputs, channels)
    image = next(iter((*inputs, *keywords.values())))
    trace = Trace()
    trace.begin(image)
    watch = _Watch(model, trace, tuple(image.shape[-2:]))
    with evaluating(model), watch, torch.no_grad():
        try:
            with trace, RealIndices():
                model(*inputs, **keywords)
        except Exception as error:
            raise ValueError(_why_it_failed(error, image, trace)) from error
    return NetworkField(tuple(image.shape[-2:]), watch.seen, inputs, keywords)


class _Watch:
    """Hooks on every module, for as long as a `with` lasts. seen: name -> fields of its calls."""

    def __init__(self, model: nn.Module, trace: Trace, input_size):
        self.model, self.trace, self.input_size = model, trace, input_size
        self.seen: dict[str, list[Field]] = {}
        self._axis_fields: dict[int, AxisField] = {}
        self._fields: dict[tuple, Field] = {}

    def __enter__(self):
        # collecting garbage would mean going through all of torch's objects, several times
        self._collects = gc.isenabled()
        gc.disable()
        self._handles = []
        for name, module in self.model.named_modules():
            self._handles += [
                module.register_forward_pre_hook(self._begin(name)),
                module.register_forward_hook(self._end(name)),
            ]
        return self

    def __exit__(self, *error):
        for handle in self._handles:
            handle.remove()
        if self._collects:
            gc.enable()

    def _begin(self, name: str):
        def begin(module, inputs):
            self.trace.running.append(f"{name or 'the model'} ({type(module).__name__})")

        return begin

    def _end(self, name: str):
        def end(module, inputs, output):
            self.trace.running.pop()
            for key, tensor in tensors_by_key(output):
                field = self._field(f"{name}{key}", type(module).__name__, tensor)
                self.seen.setdefault(f"{name}{key}", []).append(field)

        return end

    def _field(self, name: str, kind: str, tensor: Tensor) -> Field:
        sources = self.trace.sources.get(id(tensor)) or Sources(())
        return Field(name, kind, tensor.shape, sources, self.input_size, self._axis_field)

    def _axis_field(self, reach) -> AxisField:
        """Computed once for each reach: most modules leave it as it is."""
        if reach not in self._axis_fields:
            self._axis_fields[reach] = AxisField(reach)
        return self._axis_fields[reach]


def _inputs(model, input_size, example_inputs, channels) -> tuple[tuple, dict]:
    """Positional and keyword arguments for the model, tensors on the meta device."""
    if example_inputs is None:
        rows, columns = _checked_size(input_size)
        dtype = next(
            (p.dtype for p in model.parameters() if p.is_floating_point()),
            torch.get_default_dtype(),
        )
        shape = (1, channels or _channels(model), rows, columns)
        return (torch.empty(shape, dtype=dtype, device="meta"),), {}
    if channels is not None:
        raise ValueError("Give channels or example_inputs, not both: the example has channels.")
    keywords = dict(example_inputs) if isinstance(example_inputs, Mapping) else {}
    inputs = () if keywords else example_inputs
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    image = next(iter((*inputs, *keywords.values())), None)
    if not isinstance(image, Tensor) or image.dim() not in (3, 4):
        raise ValueError(
            "The first of example_inputs is the image: give a tensor of the shape"
            " (batch, channels, rows, columns)."
        )
    if input_size is not None and _checked_size(input_size) != tuple(image.shape[-2:]):
        raise ValueError(
            f"input_size is {input_size}, and the image in example_inputs has"
            f" {tuple(image.shape[-2:])} rows and columns. Give one of them."
        )
    meta = {
        name: value.to("meta") if isinstance(value, Tensor) else value
        for name, value in {**dict(enumerate(inputs)), **keywords}.items()
    }
    return tuple(meta[i] for i in range(len(inputs))), {name: meta[name] for name in keywords}


def _checked_size(input_size) -> tuple[int, int]:
    both = (input_size, input_size) if isinstance(input_size, int) else input_size
    try:
        rows, columns = (int(size) for size in both if int(size) == size and size > 0)
    except (TypeError, ValueError):
        raise ValueError(
            f"input_size is {input_size!r}: give two positive whole numbers, (rows, columns)."
        ) from None
    return rows, columns


def _channels(model: nn.Module) -> int:
    """What the first layer with weights takes."""
    for module in model.modules():
        if isinstance(module, (nn.modules.conv._ConvNd, nn.modules.conv._ConvTransposeNd)):
            return module.in_channels
        if isinstance(module, nn.Linear):
            break
    return 3


def _why_it_failed(error: Exception, image: Tensor, trace: Trace) -> str:
    words = str(error).strip().split("\n")[0]
    shape = tuple(image.shape)
    if "meta tensor" in words.lower() or "data-dependent" in words.lower():
        return (
            f"In {trace.running[-1]} the network looks at the numbers in a tensor and decides by"
            f" them what to do, so its fields differ from image to image ({words})."
        )
    return (
        f"The network does not run on an input of the shape {shape}: in {trace.running[-1]},"
        f" {type(error).__name__}: {words}. Try another input_size, channels=... or"
        " example_inputs=..."
    )
