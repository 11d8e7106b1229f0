"""A pretended GPU that computes: real numbers on the CPU, behind a device of its own.

Inside `strict_device()` there is a device "strict". Its tensors refuse to meet tensors of the CPU,
`numpy()`, and float64 (which MPS lacks); gradients, optimizers and schedules are torch's own. It
is torch's "private use" backend: once registered it stays for the life of the process.
"""

import contextlib

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

try:
    from torch.utils.backend_registration import (
        _DummyBackendModule,
        _setup_privateuseone_for_python_backend,
    )
except ImportError:  # PyTorch before 2.10
    _setup_privateuseone_for_python_backend = None

aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default, aten._copy_from.default)
_kept = []  # the library must outlive its registration


def is_possible():
    return _setup_privateuseone_for_python_backend is not None


def strict_device():
    """A context manager inside which tensors can be on the device "strict"."""
    if not _kept:

        class Backend(_DummyBackendModule):
            device = contextlib.nullcontext

            def get_amp_supported_dtype(self):
                return [torch.bfloat16]

        _setup_privateuseone_for_python_backend("strict", backend_module=Backend())
        library = torch.library.Library("_", "IMPL")
        library.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
        _kept.append(library)
    return _Mode()


class _Mode(TorchDispatchMode):
    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})


class Strict(torch.Tensor):
    """A tensor of the CPU that claims to be on "strict"."""

    @staticmethod
    def __new__(cls, inner):
        if inner.dtype == torch.float64:
            raise TypeError("this device has no float64")
        wrapper = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device="strict:0",
        )
        wrapper.inner = inner
        return wrapper

    def __repr__(self, **_):
        return f"strict({self.inner!r})"

    def numpy(self, **_):
        raise TypeError("numpy() of a tensor that is not on the CPU")

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})


def _run(operation, args, kwargs):
    tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if torch.is_tensor(leaf)]
    strict = [tensor for tensor in tensors if isinstance(tensor, Strict)]
    strangers = [t for t in tensors if not isinstance(t, Strict) and t.dim()]
    if strict and strangers and operation not in COPIES:
        raise RuntimeError(f"{operation}: tensors on different devices, strict and cpu")

    asked = kwargs.get("device")
    asked = torch.device(asked).type if asked is not None else None
    if kwargs.get("pin_memory") is None:
        kwargs.pop("pin_memory", None)
    result = operation(*pytree.tree_map(_inner, args), **pytree.tree_map(_inner, kwargs))
    if operation is aten.copy_.default:
        return args[0]
    is_on_strict = asked == "strict" if asked is not None else bool(strict)
    wrappers = {id(tensor.inner): tensor for tensor in strict}  # results in place keep theirs

    def wrapped(value):
        if not is_on_strict or not torch.is_tensor(value):
            return value
        return wrappers[id(value)] if id(value) in wrappers else Strict(value)

    return pytree.tree_map(wrapped, result)


def _inner(value):
    if isinstance(value, Strict):
        return value.inner
    is_device = isinstance(value, torch.device) and value.type == "strict"
    return torch.device("cpu") if is_device else value
