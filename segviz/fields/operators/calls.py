"""One operator call as the rules see it, and the list of rules."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

from segviz.fields.sources import Sources

RULES: dict[str, Callable[["Call"], Sources | list[Sources]]] = {}


class UnknownOperatorError(Exception):
    """A rule meets parameters of its operator that it cannot follow; says why, in words."""


def rule(*names: str):
    """The decorated function follows these operators of torch.ops.aten: Call -> Sources of the
    result, or a list of them if there are several results."""

    def register(function):
        for name in names:
            RULES[name] = function
        return function

    return register


class Call:
    """An operator that is called during the trace.

    function: the overload, such as torch.ops.aten.relu.default. name: the operator's, without the
    underscore of one that works in place. trace: the `Trace` that knows the tensors. tensors: all
    among the arguments. layout: shape and strides of the first of them before the call, which may
    have changed them. result: what the operator returned, on the meta device.
    """

    def __init__(self, function, args: tuple, kwargs: dict, trace):
        self.function, self.args, self.kwargs, self.trace = function, args, kwargs, trace
        self.name = _name(function)
        self.tensors = list(tensors_among((*args, *kwargs.values())))
        self.layout = (self.input.shape, self.input.stride()) if self.tensors else None
        self.result: Any = None

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """All arguments by the names of the schema, defaults filled in."""
        schema = self.function._schema.arguments
        given = dict(zip((argument.name for argument in schema), self.args, strict=False))
        defaults = {argument.name: argument.default_value for argument in schema}
        return {**defaults, **given, **self.kwargs}

    def __getitem__(self, argument: str):
        return self.arguments[argument]

    def get(self, argument: str, default=None):
        value = self.arguments.get(argument)
        return default if value is None else value

    @property
    def written(self) -> Tensor | None:
        """The argument that the operator writes into, if it works in place."""
        name = _written(self.function)
        return None if name is None else self.arguments[name]

    @property
    def input(self) -> Tensor:
        """The first tensor: for most operators what they work on."""
        return self.tensors[0]

    @property
    def output(self) -> Tensor:
        """The first tensor of the result."""
        return next(tensors_among([self.result]))

    @property
    def sources(self) -> Sources:
        """Of `input`; empty for one that no image cell reaches."""
        return self.sources_of(self.input)

    def sources_of(self, tensor: Tensor) -> Sources:
        return self.trace.sources.get(id(tensor)) or Sources(())

    def value_of(self, tensor: Tensor) -> Tensor:
        """The numbers in a tensor that does not depend on the image, such as indices."""
        value = self.trace.values.of(tensor)
        if value is None:
            raise UnknownOperatorError("its indices are known only when the model really runs")
        return value


@cache
def _name(function) -> str:
    name = function.overloadpacket.__name__
    return name[:-1] if name.endswith("_") and not name.startswith("__") else name


@cache
def _written(function) -> str | None:
    """Name of the argument that an operator writes into."""
    written = (a.name for a in function._schema.arguments if a.alias_info and a.alias_info.is_write)
    return next(written, None) if function._schema.is_mutable else None


def tensors_among(values: Iterable) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_among(value)


def is_pointwise(function) -> bool:
    """Whether torch itself says that the operator treats every element by itself."""
    return torch.Tag.pointwise in function.tags
