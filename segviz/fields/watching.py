"""Looking into a running model, and leaving it as it was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode for as long as a `with` lasts."""
    training = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in training:
            module.training = False
        yield
    finally:
        for module, was_training in training:
            module.training = was_training


def tensors_by_key(output, key: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a module's output, with "[key]" for each step into a dict or a list."""
    if isinstance(output, Tensor):
        yield key, output
    elif isinstance(output, Mapping):
        for name, value in output.items():
            yield from tensors_by_key(value, f"{key}[{name}]")
    elif isinstance(output, (list, tuple)):
        for number, value in enumerate(output):
            yield from tensors_by_key(value, f"{key}[{number}]")


def keep_output(model: nn.Module, name: str, outputs: dict[str, Tensor]):
    """A hook that keeps a module's output in `outputs`; the handle removes it. name: as in a
    `NetworkField`, "module" or "module[key]"."""
    module, bracket, key = name.partition("[")

    def keep(_, inputs, output):
        # a copy: a later layer may work in place
        outputs[name] = dict(tensors_by_key(output))[bracket + key].clone()

    return model.get_submodule(module).register_forward_hook(keep)
