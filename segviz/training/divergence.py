"""When a loss is no number any more: which layer was the first."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .prediction import compute_logits


class DivergenceError(ArithmeticError):
    """The loss or a weight became infinite or NaN; the message says where, and what to try."""


def has_lost_a_number(weights: Iterable[Tensor]) -> bool:
    """Whether any of them is infinite or NaN; the device is waited for only once."""
    broken = [~weight.detach().isfinite().all() for weight in weights]
    return torch.stack(broken).any().item()


@torch.no_grad()
def first_bad_layer(model: nn.Module, images: Tensor) -> str:
    """A sentence about the layer where the numbers of a forward pass end.

    The images go through the network once more, and the first module whose result is infinite or
    NaN is named: the innermost one, the first in the order of computation.

    Args:
        model: in training mode, on any device, with the weights it had when the loss was lost.
        images: uint8 ``(N, C, H, W)``, the batch that did it.
    """
    found = []

    def look(name):
        def hook(module, inputs, output):
            if not found and isinstance(output, Tensor) and has_lost_a_number([output]):
                found.append((name, module))

        return hook

    hooks = [
        module.register_forward_hook(look(name))
        for name, module in model.named_modules()
        if not any(module.children())
    ]
    try:
        logits = compute_logits(model, images)
    finally:
        for hook in hooks:
            hook.remove()
    if found:
        (name, module) = found[0]
        lost = [key for key, weight in module.named_parameters() if has_lost_a_number([weight])]
        weights = f", whose {' and '.join(lost)} had become so before" if lost else ""
        return (
            f"The first layer whose result is infinite or NaN is {name or 'the network itself'}, "
            f"a {type(module).__name__}{weights}."
        )
    if has_lost_a_number([logits]):
        return "No single layer's result is infinite or NaN, but the logits are."
    return "The logits are finite numbers; it is the loss that is not."
