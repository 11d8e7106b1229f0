"""One operator call as the rules see it, and the list of rules."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(eq=False)
class Call:
    """An operator that is called during the trace.

    function: the overload, such as torch.ops.aten.relu.default. trace: the `Trace` that knows the
    tensors. result: what it returned, on the meta device. layout: shape and strides of the first
    tensor before the call, which may have changed them.
    """

    function: Any
    args: tuple
    kwargs: dict
    trace: Any
    result: Any = None

    def __post_init__(self):
        self.layout = (self.input.shape, self.input.stride()) if self.tensors else None

    @cached_property
    def name(self) -> str:
        """Without the underscore of an operator that works in place."""
        name = self.function.overloadpacket.__name__
        return name[:-1] if name.endswith("_") and not name.startswith("__") else name

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

    @cached_property
    def tensors(self) -> list[Tensor]:
        return list(tensors_among((*self.args, *self.kwargs.values())))

    @cached_property
    def written(self) -> Tensor | None:
        """The argument that the operator writes into, if it works in place."""
        if not self.function._schema.is_mutable:
            return None
        for argument in self.function._schema.arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                return self.arguments[argument.name]
        return None

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


def tensors_among(values: Iterable) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_among(value)


def is_pointwise(function) -> bool:
    """Whether torch itself says that the operator treats every element by itself."""
    return torch.Tag.pointwise in function.tags
