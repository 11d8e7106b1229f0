"""An explainer: a function that draws a Scene, its parameters, and one predicate for the legal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segviz.relations.sizes import Operation
from segviz.scenes import Scene


@dataclass(frozen=True)
class Parameter:
    """An integer from `first` to `last`, set for the rows and for the columns."""

    name: str
    label: str
    first: int
    last: int
    start: int

    @property
    def values(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class NumberGrid:
    """Numbers that a learner may type over: a pattern, cut to the size that a parameter says."""

    name: str
    size: str
    pattern: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Explainer:
    """draw(**number grids, **the other parameters) -> Scene.

    parameters: in the order of the sliders. Those further back yield: where an earlier one moves
    and leaves a later one without a legal value, the later one moves to the nearest that is legal.
    operation: its `legal` is asked once per axis, with every parameter.
    """

    name: str
    draw: Callable[..., Scene]
    parameters: tuple[Parameter, ...]
    grids: tuple[NumberGrid, ...]
    operation: Operation

    @cached_property
    def limits(self) -> dict[str, np.ndarray]:
        """name -> integer array (values of all earlier parameters ..., 2): the least and the
        greatest value of this parameter from which the later ones can still be chosen legally."""
        return limits_of(self, {})


def limits_of(explainer: Explainer, fixed: dict[str, int]) -> dict[str, np.ndarray]:
    """The limits where some parameters are held at one value; read from the one predicate."""
    parameters = explainer.parameters
    choices = [[fixed[p.name]] if p.name in fixed else list(p.values) for p in parameters]
    table = np.meshgrid(*map(np.asarray, choices), indexing="ij", sparse=True)
    legal = explainer.operation.legal(**{p.name: t for p, t in zip(parameters, table, strict=True)})
    legal = np.broadcast_to(legal, [len(choice) for choice in choices])

    limits = {}
    for position, parameter in enumerate(parameters):
        later = tuple(range(position + 1, len(parameters)))
        possible = legal.any(axis=later)  # (values of the earlier ones ..., values of this one)
        least = possible.argmax(axis=-1)
        greatest = possible.shape[-1] - 1 - possible[..., ::-1].argmax(axis=-1)
        values = np.asarray(choices[position])
        limits[parameter.name] = np.stack([values[least], values[greatest]], axis=-1)
    return limits
