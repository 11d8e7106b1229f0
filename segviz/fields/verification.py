"""Theory against gradients: do they find the same cells?"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from segviz.fields.field import Field
from segviz.fields.opened import Opened, positive_copy
from segviz.fields.watching import keep_output

MOST_MODULES = 8
DUST = 1e-12  # of the largest gradient: what rounding leaves of an interpolation's zero weights


@dataclass(frozen=True)
class Difference:
    """The first unit for which theory and gradient differ. missing: cells with a gradient that the
    theory lacks; extra: cells of the theory without a gradient; bool arrays of the image's size."""

    module: str
    unit: tuple[int, ...]
    missing: np.ndarray
    extra: np.ndarray

    def __str__(self) -> str:
        return (
            f"unit {self.unit} of {self.module or 'the output'!r}:"
            f" {int(self.missing.sum())} cells reach it that the theory lacks,"
            f" {int(self.extra.sum())} cells of the theory do not"
        )


@dataclass(frozen=True)
class Verification:
    """True if all agreed. compared: modules and units, in order. skipped: modules asked for whose
    field is not known or is only bounded, or whose output does not depend on the image."""

    compared: tuple[tuple[str, tuple[int, ...]], ...]
    difference: Difference | None
    skipped: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.difference is None and bool(self.compared)

    def __repr__(self) -> str:
        skipped = f" Not compared: {', '.join(map(repr, self.skipped))}." if self.skipped else ""
        if self.difference:
            return f"Theory and gradient differ at {self.difference}.{skipped}"
        modules = len({module for module, _ in self.compared})
        units = len(self.compared)
        return f"Theory and gradient agree at {units} units of {modules} modules.{skipped}"


def verify(network, model: nn.Module, *, modules=None, units: int = 5, seed: int = 0):
    """Compare a network's fields with the support of gradients, cell by cell.

    A copy of the model runs for real, on the CPU, in evaluation mode, with positive weights and
    opened nonlinearities (`segviz.fields.opened`), on an image of the size that was traced.

    Args:
        network: the `NetworkField` of this model.
        modules: names; by default the output and a few modules from all over the network.
        units: how many units of each module: the corners, the middle, and random ones.

    Returns:
        A `Verification`, which is true if all agree and otherwise names the first unit that does
        not. It stops there.
    """
    names = _spread(network) if modules is None else list(modules)
    fields = {name: network[name] for name in names}
    known = [name for name, field in fields.items() if field.known and field.exact and field.size]
    skipped = tuple(name for name in names if name not in known)
    copy = positive_copy(model, seed)
    generator = torch.Generator().manual_seed(seed)
    inputs, keywords, image = _real_inputs(network, generator)
    outputs = {}
    opened = Opened()
    with opened, sdpa_kernel([SDPBackend.MATH]):
        for name in known:
            keep_output(copy, name, outputs)
        copy(*inputs, **keywords)
        compared = []
        draw = np.random.default_rng(seed)
        for name in known:
            for unit in _units(fields[name], units, draw):
                support = _support(outputs[name], fields[name], unit, image, generator, opened)
                compared.append((name, unit))
                cells = fields[name].cells(*unit)
                if (support != cells).any():
                    difference = Difference(name, unit, support & ~cells, cells & ~support)
                    return Verification(tuple(compared), difference, skipped)
    return Verification(tuple(compared), None, skipped)


def _spread(network) -> list[str]:
    """The outputs, and modules from all over the network whose fields differ."""
    distinct = {}
    for name, field in network.items():
        if field.known and field.exact and field.size:
            distinct.setdefault((field.positions, field.size, field.stride, field.padding), name)
    names = list(distinct.values())
    step = -(-len(names) // MOST_MODULES) or 1
    outputs = [field.name for field in network.outputs.values()]
    return [*dict.fromkeys([*names[::step], *outputs])]


def _real_inputs(network, generator):
    """Numbers in place of the meta tensors that were traced, and the image among them."""

    def real(value):
        if not isinstance(value, Tensor):
            return value
        if not value.is_floating_point():
            return torch.zeros(value.shape, dtype=value.dtype)
        return torch.rand(value.shape, dtype=torch.float64, generator=generator) + 0.5

    inputs = tuple(map(real, network.inputs))
    keywords = {name: real(value) for name, value in network.keywords.items()}
    image = next(iter((*inputs, *keywords.values()))).requires_grad_()
    return inputs, keywords, image


def _units(field: Field, count: int, draw) -> list[tuple[int, ...]]:
    last = tuple(size - 1 for size in field.positions)
    units = [field.middle, tuple(0 for _ in last), last]
    units += [tuple(int(draw.integers(size)) for size in field.positions) for _ in range(count)]
    return list(dict.fromkeys(units))[:count]


def _support(output: Tensor, field: Field, unit, image: Tensor, generator, opened) -> np.ndarray:
    """Where the gradient of a unit is not zero: bool array (image rows, image columns)."""
    channels = output[field.index(unit)]
    # unequal weights, so that channels whose sum is always the same do not cancel
    weights = torch.rand(channels.shape, dtype=channels.dtype, generator=generator) + 0.5
    (gradient,) = torch.autograd.grad((channels * weights).sum(), image, retain_graph=True)
    size = gradient.abs().flatten(0, -3).sum(0)  # (rows, columns)
    dust = DUST * float(size.max()) if opened.interpolates else 0.0
    return (size > dust).numpy()
