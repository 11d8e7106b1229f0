"""What differs between a CPU, an NVIDIA GPU (CUDA) and Apple's GPU (MPS), in one place."""

import sys
import time
from copy import deepcopy
from functools import cache

import torch
from torch import nn


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device called ``name``, or by default the fastest one there is: CUDA, MPS, CPU.

    Raises:
        ValueError: if this machine or this build of PyTorch has no such device, or one that
            cannot compute ("meta").
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
        "meta": False,  # PyTorch's device for tensors without values
    }
    present = [kind for kind, is_there in available.items() if is_there]
    if name is None:
        return torch.device(present[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    is_there = device is not None and (
        available[device.type] if device.type in available else _works(device)
    )
    if not is_there:
        raise ValueError(
            f"There is no device {str(name)!r} here; this machine has {', '.join(present)}. "
            f"Leave the device out to take the fastest."
        )
    return device


def _works(device: torch.device) -> bool:
    try:
        torch.zeros(1, device=device)
    except Exception:  # builds without the device raise AssertionError, RuntimeError and others
        return False
    return True


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """The half precision in which ``device`` is faster than in float32, or None.

    CUDA: bfloat16 from the Ampere generation on, float16 before. CPU: bfloat16 where the
    processor multiplies it in hardware and a short timing shows the gain (measured with
    AVX512-BF16: the course's networks 1.2 times faster, those of the papers 1.3 to 1.7 times;
    without, 8 times *slower*). MPS: none; its gain is unmeasured, and old systems lack bfloat16.
    """
    if device.type == "cuda":
        is_ampere_or_later = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if is_ampere_or_later else torch.float16
    if device.type == "cpu" and cpu_multiplies_bfloat16() and _bfloat16_is_faster():
        return torch.bfloat16
    return None


def cpu_multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16 (False where PyTorch cannot tell)."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@cache
def _bfloat16_is_faster() -> bool:
    """Whether a block of a network gains from bfloat16 on the CPU: there and back, timed once.

    Instructions alone do not tell: on some machines the conversions eat up the gain. The block is
    one in which the gain is large where there is any (0.67 of the time with AVX512-BF16; a single
    narrow convolution needs 0.77), so that the answer is the same whenever it is asked.
    """
    layers = [
        nn.Conv2d(128, 128, 3, padding=1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(inplace=True),
    ]
    block = nn.Sequential(*layers, *deepcopy(layers)).to(memory_format=torch.channels_last)
    maps = torch.zeros(8, 128, 16, 16).contiguous(memory_format=torch.channels_last)

    def seconds(enabled: bool) -> float:
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            result = block(maps)
        result.float().sum().backward()
        return time.perf_counter() - began

    # In turn: whatever else the machine does then falls on both.
    times = [(seconds(True), seconds(False)) for _ in range(5)]
    return min(half for half, _ in times) < 0.85 * min(single for _, single in times)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was asked for in vain; PyTorch's CPU has no type for it."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )


def free_memory(device: torch.device) -> None:
    """Give back what is held in reserve, where the device holds something."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def memory_format(device: torch.device) -> torch.memory_format:
    """The order of a tensor's axes in memory that convolutions on ``device`` like best.

    Channels last measured 1.2 to 1.8 times faster on CPUs and is what CUDA's half-precision
    kernels want. On MPS it has been slow or wrong (pytorch issues 142344 and 193349).
    """
    is_channels_last_good = device.type in ("cpu", "cuda")
    return torch.channels_last if is_channels_last_good else torch.contiguous_format


def restart_peak_memory(device: torch.device) -> None:
    """Begin to look for a new peak, where the device can (CUDA)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> int | None:
    """Bytes at the peak, or None where nothing can be known.

    CUDA: tensors since :func:`restart_peak_memory`. MPS: what the driver holds now, which only
    grows. CPU: the whole process since it started (None on Windows).
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def wait_for(device: torch.device) -> None:
    """Wait until the device has done all it was given, so that a clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
