"""Stacks of layers along one axis: what they are called, and which ones one may start from."""

from dataclasses import replace
from typing import NamedTuple

from segviz.explainers.sentences import counted
from segviz.relations import Composition, Layer, Sum

LENGTH = 40  # cells of the input
MOST = 6  # layers


class Kind(NamedTuple):
    """A layer, and whether it is a pooling; pooling and convolution read the same cells."""

    pooling: bool
    layer: Layer

    @property
    def name(self) -> str:
        """conv 3x3, stride 2"""
        layer = self.layer
        told = ["pool" if self.pooling else "conv", f"{layer.kernel_size}x{layer.kernel_size}"]
        settings = [f"stride {layer.stride}"] * (layer.stride > 1 or self.pooling)
        settings += [f"rate {layer.dilation}"] * (layer.dilation > 1)
        return ", ".join([" ".join(told), *settings])


def conv(kernel_size: int, stride: int = 1, rate: int = 1) -> Kind:
    """Padded so that a stride of 1 keeps the size."""
    return Kind(False, Layer(kernel_size, stride, rate, rate * (kernel_size - 1) // 2))


def pool(kernel_size: int, stride: int, rate: int = 1) -> Kind:
    return Kind(True, conv(kernel_size, stride, rate).layer)


UNCHANGED, NONE = "as in the stack", "no layer"
KINDS = {
    kind.name: kind
    for kind in (
        *map(conv, (1, 3, 5, 7)),
        *(conv(3, rate=rate) for rate in (2, 3, 4, 5, 8)),
        *(conv(kernel_size, 2) for kernel_size in (3, 5, 7)),
        *(pool(2, 2), pool(3, 2), pool(3, 1)),
    )
}

BRANCHES = "two branches"  # the first layer is one, the second and the third are the other
STACKS = {
    "VGG": (*[conv(3)] * 2, pool(2, 2)) * 2,
    # the same fields at every position: no stride, and the later layers spread by it
    "VGG, rates for strides": (
        *[conv(3)] * 2,
        pool(2, 1),
        *[conv(3, rate=2)] * 2,
        pool(2, 1, rate=2),
    ),
    "ResNet": (conv(7, 2), pool(3, 2), conv(3), conv(3)),
    "three 3x3": (conv(3),) * 3,
    "strides 2, 2, 2": (conv(3, 2),) * 3,
    **{
        f"rates {', '.join(map(str, rates))}": tuple(conv(3, rate=rate) for rate in rates)
        for rates in ((2, 2, 2), (1, 2, 5), (1, 2, 9), (2, 4, 8))
    },
    # after Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural
    # Networks", on branches whose strides differ
    BRANCHES: (conv(5, 2), conv(3), conv(3)),
}


class Stack(NamedTuple):
    """Composed layers; for the input and every layer the name of its map, and what the layer is.

    refused: what is said of a layer that torch refuses, with which the stack ends, if any.
    """

    composed: Composition
    names: list[str]
    words: list[str]
    refused: str = ""

    @property
    def branched(self) -> bool:
        """Whether two of its maps are added."""
        return any(isinstance(layer, Sum) for layer in self.composed.layers)


def stack_of(stack: str, changes: list[str]) -> Stack:
    """One of STACKS, where layer n is what changes[n] says: UNCHANGED, NONE or one of KINDS."""
    kinds = [*STACKS[stack], *[None] * MOST][:MOST]
    for place, change in enumerate(changes):
        if change != UNCHANGED:
            kinds[place] = KINDS.get(change)
    if stack == BRANCHES:
        return _branches(kinds)
    return _stack(*_listed(kinds, 1))


def _branches(kinds: list[Kind | None]) -> Stack:
    """The input goes into two branches, which are added; the other layers come after."""
    one, two, three = (kind or conv(1) for kind in kinds[:3])
    layers = [one.layer, replace(two.layer, reads=0), three.layer, Sum((1, 3))]
    names = ["one_branch", "other_branch_1", "other_branch_2", "sum"]
    words = [*map(_told, (one, two, three)), "one_branch + other_branch_2, cell by cell"]
    if any(kinds[3:]):
        after = _listed(kinds[3:], 4)
        layers, names, words = layers + after[0], names + after[1], words + after[2]
    return _stack(layers, names, words)


def _listed(kinds: list[Kind | None], first: int) -> tuple[list[Layer], list[str], list[str]]:
    """The layers that are there, what their maps are called, and what they are; the first of
    `kinds` has the number `first`."""
    there = [(number, kind) for number, kind in enumerate(kinds, first) if kind]
    there = there or [(first, conv(1))]  # a cell that sees itself
    return (
        [kind.layer for _, kind in there],
        [f"layer_{number}" for number, _ in there],
        [_told(kind) for _, kind in there],
    )


def _stack(layers, names, words) -> Stack:
    composed, refused = Composition(LENGTH, ()), ""
    while len(composed.layers) < len(layers):
        number = len(composed.layers)
        try:
            composed = Composition(LENGTH, layers[: number + 1])
        except ValueError:  # poolings have left too little
            cells = counted(composed.lengths[-1], "cell")
            refused = f"{names[number]} is left out: {words[number]} finds a map of only {cells}."
            break
    kept = len(composed.layers)
    words[kept - 1] = f"{names[kept - 1].replace('_', ' ')}, {words[kept - 1]}"
    return Stack(
        composed,
        ["input", *names[: kept - 1], "output"],
        [f"{LENGTH} cells", *words],
        refused,
    )


def _told(kind: Kind) -> str:
    padding = kind.layer.padding
    return kind.name.replace("x", "×") + (f", padding {padding}" if padding else "")
