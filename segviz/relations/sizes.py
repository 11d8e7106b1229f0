"""Output sizes along one axis, and what is legal: torch's own rules, each with its sentence.

A size formula is kept as one expression. It is evaluated for the size, and the same expression,
with the numbers filled in, is what a picture prints.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import numpy as np


class SizeFormula:
    """An arithmetic expression in the names of parameters, for one axis."""

    def __init__(self, expression: str):
        self.expression = expression
        self._code = compile(expression, "<size formula>", "eval")

    def __call__(self, **values):
        """The size; integers in, an integer out (arrays in, an array out)."""
        return eval(self._code, {"__builtins__": {}}, values)

    def in_words(self) -> str:
        """The expression as a person writes it."""
        return _typeset(self.expression)

    def filled(self, **values: int) -> str:
        """The expression with the numbers in place of the names."""
        return _typeset(re.sub(r"[a-z_]+", lambda name: str(values[name[0]]), self.expression))


def _typeset(expression: str) -> str:
    whole = re.sub(r"\((.*)\) // (\w+)(.*)", r"⌊(\1) / \2⌋\3", expression)
    return whole.replace(" * ", "·").replace("-", "−").replace("_size", "")


@dataclass(frozen=True)
class Rule:
    """`holds(**values)` must be true; else `blame` is the parameter to change and `reason` says
    why."""

    blame: str
    holds: Callable
    reason: str


_NO_OUTPUT = "the output would have {size} cells, and needs at least 1"


class Operation:
    """An operation along one axis: its size formula and the rules that torch holds it to.

    size: None for one whose output has no size of its own to be checked.
    words: name -> what its values 0, 1, ... are called, for parameters that are a choice of names.
        The first is what is usual: a refusal only speaks of others.
    """

    def __init__(self, name: str, size: SizeFormula | None, *rules: Rule, words=None):
        self.name, self.size, self.rules, self.words = name, size, rules, words or {}
        if size:
            # it comes last: a size only makes sense once its ingredients do
            self.rules = (*rules, Rule("padding", lambda **v: size(**v) >= 1, _NO_OUTPUT))

    def legal(self, **values):
        """Whether torch accepts these values; arrays give an array of answers."""
        answer = True
        for rule in self.rules:
            answer = answer & rule.holds(**values)
            if not np.any(answer):
                break
        return answer

    def check(self, **values: int) -> None:
        """Raises ValueError with what was given, why it cannot be, and the nearest legal value."""
        for name, value in values.items():
            if not is_whole(value):
                raise ValueError(f"{name} is {value!r}: give a whole number.")
        for rule in self.rules:
            if not rule.holds(**values):
                raise ValueError(self._sentence(rule, values))

    def check_axes(self, rows: dict[str, int], columns: dict[str, int]) -> None:
        """`check` for both axes; where they differ, the sentence says which one it is about."""
        for axis, values in (("rows", rows), ("columns", columns)):
            try:
                self.check(**values)
            except ValueError as refusal:
                if rows == columns:
                    raise
                raise ValueError(f"For the {axis}: {refusal}") from None

    def nearest(self, name: str, **values: int) -> int | None:
        """The legal value of `name` closest to the given one, which is not legal, all else
        unchanged; None if none is.

        The legal values of one parameter have no gaps: from one that is legal the nearest to the
        given one is found by halving.
        """
        given = values.pop(name)

        def legal(value):
            return bool(self.legal(**values, **{name: value}))

        least = 0 if name.endswith("padding") else 1
        ways = (*range(least, 33), *(2**n for n in range(6, 40)))
        inside = next((value for value in ways if legal(value)), None)
        return None if inside is None else _halved(inside, given, legal)

    def _sentence(self, rule: Rule, values: dict[str, int]) -> str:
        given = ", ".join(
            f"{name} {repr(self.words[name][value]) if name in self.words else value}"
            for name, value in values.items()
            if value or name not in self.words
        )
        size = self.size(**values) if rule.reason is _NO_OUTPUT else None
        sentence = f"{self.name} with {given}: {rule.reason.format(**values, size=size)}."
        nearest = self.nearest(rule.blame, **values)
        if nearest is None:
            return f"{sentence} No other {rule.blame} alone mends this: change one more parameter."
        return f"{sentence} The nearest legal {rule.blame} is {nearest}."


def _halved(inside: int, outside: int, legal: Callable[[int], bool]) -> int:
    """The last legal value on the way from `inside`, which is legal, to `outside`, which is not."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        inside, outside = (middle, outside) if legal(middle) else (inside, middle)
    return inside


def _at_least(name: str, least: int) -> Rule:
    return Rule(
        name,
        lambda **values: values[name] >= least,
        f"{name} is {{{name}}}, it must be at least {least}",
    )


_COMMON = (
    _at_least("input_size", 1),
    _at_least("kernel_size", 1),
    _at_least("stride", 1),
    _at_least("dilation", 1),
    _at_least("padding", 0),
)

CONVOLUTION = Operation(
    "a convolution",
    # Dumoulin and Visin 2016, "A guide to convolution arithmetic", relationship 15
    SizeFormula("(input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1"),
    *_COMMON,
    Rule(
        "kernel_size",
        lambda input_size, kernel_size, padding, dilation, **_: (
            dilation * (kernel_size - 1) + 1 <= input_size + 2 * padding
        ),
        "the kernel reaches over more cells than the padded input has",
    ),
)

PADDED_CONVOLUTION = Operation(
    "a convolution",
    # the same with a padding that is larger at the end of an axis, as padding="same" may need
    SizeFormula(
        "(input_size + 2 * padding + extra_padding - dilation * (kernel_size - 1) - 1)"
        " // stride + 1"
    ),
    *_COMMON,
    _at_least("extra_padding", 0),
    Rule(
        "kernel_size",
        lambda input_size, kernel_size, padding, extra_padding, dilation, **_: (
            dilation * (kernel_size - 1) + 1 <= input_size + 2 * padding + extra_padding
        ),
        "the kernel reaches over more cells than the padded input has",
    ),
)

TRANSPOSED_CONVOLUTION = Operation(
    "a transposed convolution",
    # the inverse of the above, solved for the input; torch.nn.ConvTranspose2d, "Shape"
    SizeFormula(
        "(input_size - 1) * stride - 2 * padding"
        " + dilation * (kernel_size - 1) + output_padding + 1"
    ),
    *_COMMON,
    _at_least("output_padding", 0),
    Rule(
        "output_padding",
        lambda stride, dilation, output_padding, **_: (
            (output_padding < stride) | (output_padding < dilation)
        ),
        "output_padding must be smaller than stride or smaller than dilation",
    ),
)


def convolution_size(input_size, kernel_size, stride=1, padding=0, dilation=1) -> int:
    """The output size of `torch.nn.functional.conv2d` along one axis.

    All integers; ValueError, in a sentence, where torch refuses them.
    (Dumoulin and Visin 2016, relationship 15.)
    """
    values = dict(
        input_size=input_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    CONVOLUTION.check(**values)
    return CONVOLUTION.size(**values)


def transposed_convolution_size(
    input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1
) -> int:
    """The output size of `torch.nn.functional.conv_transpose2d` along one axis.

    All integers; ValueError, in a sentence, where torch refuses them.
    """
    values = dict(
        input_size=input_size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    TRANSPOSED_CONVOLUTION.check(**values)
    return TRANSPOSED_CONVOLUTION.size(**values)


def is_whole(value) -> bool:
    """Whether it is an integer of Python or NumPy (and no bool)."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def pair(value, name: str) -> tuple[int, int]:
    """`value` for (rows, columns): one integer stands for both; ValueError for anything else."""
    both = (value, value) if isinstance(value, Integral) else value
    try:
        both = tuple(both)
    except TypeError:
        both = ()
    if len(both) != 2 or not all(map(is_whole, both)):
        raise ValueError(
            f"{name} is {value!r}: give one integer, or two as (rows, columns),"
            f" such as {name}=(2, 1)."
        )
    return int(both[0]), int(both[1])


def per_axis(**parameters) -> list[dict[str, int]]:
    """[{name: rows' value}, {name: columns' value}] of parameters given as integers or pairs."""
    pairs = {name: pair(value, name) for name, value in parameters.items()}
    return [{name: both[axis] for name, both in pairs.items()} for axis in range(2)]
