"""An explainer: a function that draws a Scene, its parameters, and one predicate for the legal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from segviz.relations import pair
from segviz.relations.sizes import Operation, is_whole
from segviz.scenes import Scene


@dataclass(frozen=True)
class Parameter:
    """An integer from `first` to `last`, set for the rows and for the columns.

    coupled: whether what is legal for it depends on others, so that the explainer's predicate reads
        it. One that stands for itself needs no tables.
    follows: where Python code sets others and leaves this one alone, it moves to the nearest value
        that is then legal, as the sliders do; without it that is refused in a sentence. For what
        another parameter may settle.
    """

    name: str
    label: str
    first: int
    last: int
    start: int
    coupled: bool = True
    follows: bool = field(default=False, kw_only=True)

    per_axis = True  # rows and columns may differ
    unit = 1  # what one step of its slider is worth
    choices = ()

    @property
    def values(self) -> range:
        """The steps of its slider."""
        return range(self.first, self.last + 1)

    def step_of(self, value) -> tuple[int, int]:
        """The slider's steps (rows, columns) of a value; ValueError, in a sentence, if none."""
        return pair(value, self.name)

    def value_of(self, steps: tuple[int, int]):
        """What `draw` is given for the slider's steps (rows, columns)."""
        return steps

    def shown(self, steps: tuple[int, int]):
        """What the explorer's trait shows: one value where both axes agree."""
        return steps[0] if steps[0] == steps[1] else steps

    def allowed(self) -> str:
        """In words, for sentences and documentation."""
        return f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Single(Parameter):
    """An integer that is not split into rows and columns; `draw` is given the number."""

    coupled: bool = False
    per_axis = False

    def step_of(self, value) -> tuple[int, int]:
        if not is_whole(value):
            raise ValueError(f"{self.name} is {value!r}: give one whole number, {self.allowed()}.")
        return int(value), int(value)

    def value_of(self, steps: tuple[int, int]):
        return steps[0]

    def shown(self, steps: tuple[int, int]):
        return self.value_of(steps)


@dataclass(frozen=True)
class Measure(Single):
    """A number in steps of `unit`, such as 0.5; `first`, `last` and `start` count steps."""

    unit: float = 1

    def step_of(self, value) -> tuple[int, int]:
        try:
            steps = float(value) / self.unit
        except (TypeError, ValueError):
            steps = float("nan")
        if not abs(steps - np.round(steps)) < 1e-6:  # NaN and infinities too
            raise ValueError(
                f"{self.name} is {value!r}: give a number in steps of {self.unit:g},"
                f" {self.allowed()}."
            )
        return (round(steps),) * 2

    def value_of(self, steps: tuple[int, int]):
        return round(steps[0] * self.unit, 10)

    def allowed(self) -> str:
        return f"{self.first * self.unit:g} to {self.last * self.unit:g}"


@dataclass(frozen=True)
class Choice(Single):
    """One of a few names; `draw` is given the name. Made by `choice`."""

    choices: tuple[str, ...] = ()

    def step_of(self, value) -> tuple[int, int]:
        if value not in self.choices:
            raise ValueError(f"{self.name} is {value!r}: give one of {self.allowed()}.")
        return (self.choices.index(value),) * 2

    def value_of(self, steps: tuple[int, int]):
        return self.choices[steps[0]]

    def shown(self, steps: tuple[int, int]):
        return self.choices[steps[0]] if steps[0] in self.values else f"choice {steps[0]}"

    def allowed(self) -> str:
        return ", ".join(map(repr, self.choices))


def choice(name: str, label: str, *choices: str, coupled: bool = False) -> Choice:
    """A parameter that is one of these names, the first at the start."""
    return Choice(name, label, 0, len(choices) - 1, 0, coupled, choices)


@dataclass(frozen=True)
class NumberGrid:
    """Numbers that a learner may type or paint over: a pattern, cut to the size that a parameter
    says (to no size, if `size` is empty).

    labels: where not 0, the numbers are labels 0 to labels - 1 and nothing else is taken.
    corner: where there is no `size`: fewer numbers than the pattern's may be given, and take its
        upper left corner. For grids of which `draw` shows as much as it needs.
    """

    name: str
    size: str
    pattern: tuple[tuple[float, ...], ...]
    labels: int = 0
    corner: bool = False


@dataclass(frozen=True)
class Explainer:
    """draw(**number grids, **the other parameters) -> Scene.

    name: for headings and file names. about: what it shows, in a sentence or two: its
        documentation.
    parameters: in the order of the controls. Those further back yield: where an earlier one moves
        and leaves a later one without a legal value, the later one moves to the nearest that is
        legal. Coupled ones that are not per axis come before those that are, so that what they may
        be is the same for both axes.
    operation: its rules are asked once per axis, with every coupled parameter; None where every
        combination is legal.
    foremost: names of the parameters that matter most: where not all states fit into a saved page,
        these move in it, and of the others as many as fit then.
    """

    name: str
    about: str
    draw: Callable[..., Scene]
    parameters: tuple[Parameter, ...]
    grids: tuple[NumberGrid, ...] = ()
    operation: Operation | None = None
    foremost: tuple[str, ...] = ()

    def __post_init__(self):
        kinds = [p.per_axis for p in self.coupled]
        assert kinds == sorted(kinds), f"{self.name}: coupled single parameters come first"

    @property
    def coupled(self) -> tuple[Parameter, ...]:
        """The parameters that the predicate reads."""
        return tuple(p for p in self.parameters if p.coupled) if self.operation else ()

    def legal(self, steps: dict[str, tuple[int, int]]) -> bool:
        """Whether these steps (rows, columns) of all parameters make a picture."""
        inside = all(step in p.values for p in self.parameters for step in steps[p.name])
        return inside and all(self._legal_on(axis) for axis in _axes(steps))

    def _legal_on(self, values: dict[str, int]) -> bool:
        coupled = {p.name: values[p.name] for p in self.coupled}
        return not coupled or bool(self.operation.legal(**coupled))

    def check(self, steps: dict[str, tuple[int, int]]) -> None:
        """ValueError, in a sentence, with the nearest legal value, for what is not legal."""
        axes = _axes(steps)
        for parameter in self.parameters:
            for values in axes:
                if values[parameter.name] not in parameter.values:
                    raise ValueError(self._out_of_range(parameter, values))
        if self.coupled:
            self.operation.check_axes(
                *({p.name: values[p.name] for p in self.coupled} for values in axes)
            )

    def settled(self, steps: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """These steps, where every coupled parameter yields to those before it: it moves to the
        nearest value that is legal."""
        axes = [[], []]  # for the rows and for the columns, the steps settled so far
        for p in self.coupled:
            for so_far, step in zip(axes, steps[p.name], strict=True):
                row = tuple(s - q.first for s, q in zip(so_far, self.coupled, strict=False))
                least, most = self.limits[p.name][row].tolist()
                so_far.append(min(max(step, least), most))
        both = zip(*axes, strict=True)
        return steps | {p.name: pair for p, pair in zip(self.coupled, both, strict=True)}

    def _out_of_range(self, parameter: Parameter, values: dict[str, int]) -> str:
        """What the controls allow, and the nearest value that is legal too."""
        given = values[parameter.name]
        legal = [v for v in parameter.values if self._legal_on({**values, parameter.name: v})]
        nearest = min(legal or parameter.values, key=lambda value: abs(value - given))
        given, nearest = (parameter.shown((step, step)) for step in (given, nearest))
        return (
            f"{parameter.name} is {given}, this explorer shows {parameter.allowed()};"
            f" the nearest legal value here is {nearest}."
        )

    @cached_property
    def limits(self) -> dict[str, np.ndarray]:
        """name -> integer array (values of all earlier coupled parameters ..., 2): the least and
        the greatest value of this one from which the later ones can still be chosen legally. Those
        that are not coupled: (2,)."""
        return limits_of(self, {})


def _axes(steps: dict[str, tuple[int, int]]) -> list[dict[str, int]]:
    return [{name: both[axis] for name, both in steps.items()} for axis in range(2)]


def limits_of(explainer: Explainer, fixed: dict[str, int]) -> dict[str, np.ndarray]:
    """The limits where some parameters are held at one value; read from the one predicate."""

    def choices(parameter):
        return [fixed[parameter.name]] if parameter.name in fixed else list(parameter.values)

    limits = {p.name: np.array([choices(p)[0], choices(p)[-1]]) for p in explainer.parameters}
    coupled = explainer.coupled
    if not coupled:
        return limits
    table = np.meshgrid(*(np.asarray(choices(p)) for p in coupled), indexing="ij", sparse=True)
    legal = explainer.operation.legal(**{p.name: t for p, t in zip(coupled, table, strict=True)})
    legal = np.broadcast_to(legal, [len(choices(p)) for p in coupled])
    for position, parameter in enumerate(coupled):
        later = tuple(range(position + 1, len(coupled)))
        possible = legal.any(axis=later)  # (values of the earlier ones ..., values of this one)
        least = possible.argmax(axis=-1)
        greatest = possible.shape[-1] - 1 - possible[..., ::-1].argmax(axis=-1)
        values = np.asarray(choices(parameter))
        limits[parameter.name] = np.stack([values[least], values[greatest]], axis=-1)
    return limits
