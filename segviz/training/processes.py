"""One process or several that train one network together, each on its share of every batch.

``torchrun --nproc-per-node 2 -m segviz.training ...`` starts the same program twice. Each process
takes its share of the images, and the gradients are averaged over all of them before every step,
so that all hold the same weights all the time. Hugging Face's Accelerate does the work, over
torch.distributed: it finds the device, wraps the network and lets the processes talk.
"""

import os

import torch
from torch import Tensor, nn

from .devices import pick_device


class OneProcess:
    """The usual case: everything is here."""

    rank, count, is_first = 0, 1, True

    def __init__(self, device: str | torch.device | None):
        self.device = pick_device(device)

    def prepare(self, network: nn.Module) -> nn.Module:
        """The network as it is to be called in training."""
        return network

    def total(self, tensor: Tensor) -> Tensor:
        """The sum of the processes' tensors, in each of them."""
        return tensor

    def wait(self) -> None:
        """Until all processes are here."""


class ManyProcesses:
    """What torchrun started; members as in :class:`OneProcess`.

    On GPUs batch norm becomes torch's SyncBatchNorm, which takes its means over all processes. On
    the CPU there is none, and each process normalises its own share.
    """

    def __init__(self, device: str | torch.device | None):
        try:
            from accelerate import Accelerator
        except ImportError:
            raise ValueError(
                "Training in several processes needs the package accelerate: "
                "pip install 'segviz-course[many]'. Or start one process, without torchrun."
            ) from None
        cpu = device is not None and torch.device(device).type == "cpu"
        self._accelerator = Accelerator(cpu=cpu, mixed_precision="no")  # devices.py sees to that
        self.device = self._accelerator.device
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes
        self.is_first = self.rank == 0

    def prepare(self, network: nn.Module) -> nn.Module:
        if self.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return self._accelerator.prepare_model(network)

    def total(self, tensor: Tensor) -> Tensor:
        return self._accelerator.reduce(tensor.to(self.device), reduction="sum")

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()


def processes_of(device: str | torch.device | None) -> OneProcess | ManyProcesses:
    """One process, unless torchrun says that there are more.

    Raises:
        ValueError: for a device that is not there, or several processes without accelerate.
    """
    started = int(os.environ.get("WORLD_SIZE", 1))
    return ManyProcesses(device) if started > 1 else OneProcess(device)
