"""Small tensors whose numbers are known although the model runs without numbers: indices."""

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

MOST_NUMBERS = 2**16
FACTORIES = {"arange", "zeros", "ones", "full", "eye", "linspace", "scalar_tensor"}


class Values:
    """What depends on no image and on no parameter is computed for real, beside the trace."""

    def __init__(self):
        self._known: dict[int, Tensor] = {}

    def of(self, tensor: Tensor) -> Tensor | None:
        """Its numbers, on the CPU, or None."""
        return self._known.get(id(tensor)) if tensor.is_meta else tensor.detach().cpu()

    def follow(self, call) -> None:
        """Compute what an operator returned on the meta device, if all it was given is known."""
        result = call.result
        if any(map(call.trace.knows, call.tensors)):
            if call.written is not None:
                self._forget(call.written)
            return
        if not isinstance(result, Tensor) or not result.is_meta:
            return
        inputs = [self.of(tensor) for tensor in call.tensors if self._is_small(tensor)]
        known = len(inputs) == len(call.tensors) and all(value is not None for value in inputs)
        is_repeatable = torch.Tag.nondeterministic_seeded not in call.function.tags
        if known and is_repeatable and self._is_small(result):
            if inputs or call.name in FACTORIES:
                self._known[id(result if call.written is None else call.written)] = self._run(call)
        elif call.written is not None:
            self._forget(call.written)

    def _is_small(self, tensor: Tensor) -> bool:
        return tensor.numel() <= MOST_NUMBERS and (tensor.is_meta or not tensor.is_floating_point())

    def _run(self, call) -> Tensor:
        kwargs = {name: self._real(value) for name, value in call.kwargs.items()}
        if "device" in kwargs:
            kwargs["device"] = torch.device("cpu")
        return call.function(*map(self._real, call.args), **kwargs)

    def _real(self, value):
        if isinstance(value, Tensor):
            return self.of(value)
        return type(value)(map(self._real, value)) if isinstance(value, (list, tuple)) else value

    def _forget(self, tensor: Tensor) -> None:
        """Its numbers, and those of all that share its memory, are known no more."""
        if id(tensor) in self._known:
            memory = self._known[id(tensor)].untyped_storage()._cdata
            self._known = {
                key: value
                for key, value in self._known.items()
                if value.untyped_storage()._cdata != memory
            }


class RealIndices(TorchFunctionMode):
    """While active, lists of numbers are made into tensors on the CPU.

    torch would make them on the device of the tensor that they index, and on the meta device their
    numbers would be lost before any operator is dispatched.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in (Tensor.__getitem__, Tensor.__setitem__):
            tensor, index, *value = args
            return function(tensor, _real_index(index), *value)
        if function is torch.tensor and torch.device(kwargs.get("device") or "cpu").type == "meta":
            kwargs = {**kwargs, "device": "cpu"}
        return function(*args, **kwargs)


def _real_index(index):
    if isinstance(index, tuple):
        return tuple(map(_real_index, index))
    if isinstance(index, list) and not any(isinstance(one, Tensor) for one in index):
        return torch.tensor(index) if index else index
    return torch.from_numpy(index) if isinstance(index, np.ndarray) else index
