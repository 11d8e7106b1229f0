"""What a training finds on this machine: device, cores, memory, and the versions of the packages.

It is the first thing to know, and to send along, when something does not work.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from .devices import pick_device

PACKAGES = ("torch", "torchvision", "numpy", "jupyterlab", "ipywidgets", "anywidget", "plotly")

# Where Linux keeps the limit of a container (Docker, Binder): cgroups of version 2, and of 1.
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Machine:
    """What :func:`this_machine` found; as text, a small table."""

    system: str  #: operating system and processor, such as "Linux x86_64"
    python: str  #: version
    device: str  #: the one that `fit` takes, such as "cpu" or "cuda, NVIDIA L4"
    device_memory: int | None  #: bytes of the GPU; None for a CPU, or where nobody tells
    cores: int  #: processor cores that this process may use
    threads: int  #: how many of them PyTorch uses at once
    memory: int | None  #: bytes that this process may use; None where nobody tells
    versions: Mapping[str, str | None]  #: of each of :data:`PACKAGES`; None: not installed

    def __repr__(self) -> str:
        found = {
            "device": self.device,
            "its memory": None if self.device_memory is None else in_gb(self.device_memory),
            "cores": f"{self.cores}, of which PyTorch uses {self.threads}",
            "memory": "not known" if self.memory is None else in_gb(self.memory),
            "system": self.system,
            "Python": self.python,
        }
        found |= {name: found or "not installed" for name, found in self.versions.items()}
        return "\n".join(f"{name:12} {text}" for name, text in found.items() if text is not None)


def this_machine() -> Machine:
    """Look at the machine that this code runs on; nothing is changed."""
    device = pick_device()
    is_cuda = device.type == "cuda"
    name = f"{device.type}, {torch.cuda.get_device_name(device)}" if is_cuda else device.type
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        device=name,
        device_memory=torch.cuda.get_device_properties(device).total_memory if is_cuda else None,
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        memory=usable_memory(),
        versions={name: _version(name) for name in PACKAGES},
    )


def usable_cores() -> int:
    """Cores that this process may run on; systems that do not tell have all of them."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory(limits=MEMORY_LIMITS) -> int | None:
    """Bytes of memory: the machine's, or a container's where that has less; None: not known."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    return min([memory, *filter(None, map(_limit_in, limits))])


def _limit_in(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such file, or "max": no limit
        return None


def in_gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
