"""CUDA on a machine without it: devices, data types and shapes are real, the numbers are not.

Inside `pretend_cuda()` tensors are torch's fake tensors: every operation checks that its arguments
are on one device and says which device, type and shape come out, and computes nothing. Whatever
is read from the GPU is 0, and from the CPU 1: the optimizer counts its steps there, and divides by
what depends on them. (MPS cannot be pretended like this: builds without it refuse its name.)
"""

from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode


class _Mode(FakeTensorMode):
    avoid_device_init = True  # the original would ask the driver


@contextmanager
def pretend_cuda(capability):
    """Inside, there is a CUDA device: (8, 0) is Ampere, (7, 5) the last without bfloat16.

    Gives the list of the tensors that were put into pinned memory, which fake tensors cannot be.
    """
    pinned = []

    def pin(tensor, device=None):
        assert tensor.device.type == "cpu"
        pinned.append(tensor)
        return tensor

    with ExitStack() as stack:

        def replace(owner, name, substitute):
            stack.enter_context(mock.patch.object(owner, name, substitute))

        replace(torch.cuda, "is_available", lambda: True)
        replace(torch.cuda, "get_device_capability", lambda device=None: capability)
        replace(torch.cuda, "is_bf16_supported", lambda *_: capability >= (8, 0))
        for name in ("synchronize", "reset_peak_memory_stats"):
            replace(torch.cuda, name, lambda *_: None)
        replace(torch.cuda, "max_memory_allocated", lambda *_: 123)
        replace(torch.Tensor, "pin_memory", pin)
        replace(torch.Tensor, "item", _item)
        replace(torch.Tensor, "numpy", _numpy)
        replace(torch.Tensor, "tolist", lambda tensor: _numpy(tensor).tolist())
        replace(torch.Tensor, "backward", _backward)
        replace(torch, "bincount", _bincount)
        replace(torch.nn.Module, "_apply", _apply)
        stack.enter_context(_Mode(allow_non_fake_inputs=True))
        yield pinned


_real_item, _real_numpy, _real_bincount = torch.Tensor.item, torch.Tensor.numpy, torch.bincount


def _item(tensor):
    if not isinstance(tensor, FakeTensor):
        return _real_item(tensor)
    kind = {torch.bool: bool, torch.float32: float}.get(tensor.dtype, int)
    return kind(tensor.device.type == "cpu")


def _numpy(tensor, **options):
    if not isinstance(tensor, FakeTensor):
        return _real_numpy(tensor, **options)
    if tensor.device.type != "cpu" or tensor.requires_grad:
        raise TypeError(f"numpy() of a tensor on {tensor.device}, gradient {tensor.requires_grad}")
    return np.ones(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _bincount(labels, minlength=0):
    """The size of the result depends on the numbers, so the original refuses fake ones."""
    if not isinstance(labels, FakeTensor):
        return _real_bincount(labels, minlength=minlength)
    assert labels.dim() == 1 and not labels.is_floating_point()
    return torch.zeros(minlength, dtype=torch.int64, device=labels.device)


def _backward(loss):
    """The engine wants a real device. Follow the graph and give every leaf a gradient."""
    assert loss.requires_grad and loss.numel() == 1
    nodes, seen = [loss.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is not None and node not in seen:
            seen.add(node)
            nodes += [following for following, _ in node.next_functions]
            if hasattr(node, "variable"):
                node.variable.grad = torch.empty_like(node.variable)


def _apply(module, change, recurse=True):
    """Module.to() would swap the storage of parameters, which fake tensors do not allow."""
    for child in module.children():
        child._apply(change)
    for tensors in (module._parameters, module._buffers):
        for name, tensor in tensors.items():
            if tensor is not None:
                with torch.no_grad():
                    changed = change(tensor)
                is_parameter = isinstance(tensor, torch.nn.Parameter)
                tensors[name] = torch.nn.Parameter(changed) if is_parameter else changed
    return module
