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
    kinds = [kind for kind in kinds if kind] or [conv(1)]
    names = [f"layer_{number + 1}" for number in range(len(kinds))]
    return _stack([kind.layer for kind in kinds], names, [_told(kind) for kind in kinds])


def _branches(kinds: list[Kind | None]) -> Stack:
    """The input goes into two branches, which are added; the other layers come after."""
    one, two, three = (kind or conv(1) for kind in kinds[:3])
    after = [kind for kind in kinds[3:] if kind]
    layers = [one.layer, replace(two.layer, reads=0), three.layer, Sum((1, 3))]
    names = ["one_branch", "other_branch_1", "other_branch_2", "sum"]
    words = [*map(_told, (one, two, three)), "one_branch + other_branch_2, cell by cell"]
    return _stack(
        [*layers, *(kind.layer for kind in after)],
        [*names, *(f"layer_{number + 4}" for number in range(len(after)))],
        [*words, *map(_told, after)],
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
    names = ["input", *names[: len(composed.layers) - 1], "output"]
    return Stack(composed, names, [f"{LENGTH} cells", *words], refused)


def _told(kind: Kind) -> str:
    padding = kind.layer.padding
    return kind.name.replace("x", "×") + (f", padding {padding}" if padding else "")
