"""Batches of a data set, read by worker processes or by this one, with mistakes told the same way.

PyTorch puts a worker's exception into a page of traceback. Here a worker hands the sentence over
like a batch, and it is raised in the process that asked for the batch.
"""

import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

from .machine import usable_cores

Item = tuple[Tensor, Tensor]

_QUICK = 0.001  # seconds for an item: 8 of them are read while a GPU computes a batch


def load(
    dataset: Dataset,
    order: Iterable[int],
    batch_size: int,
    collate: Callable[[list[Item]], object] = list,
    *,
    generator: torch.Generator,
    drop_last: bool = False,
    workers: int = 0,
    share: slice = slice(None),
    device: torch.device | None = None,
) -> Iterator:
    """Yield ``collate([dataset[i], dataset[j], ...])`` batch by batch.

    Args:
        order: the numbers of the items, in the order in which they are wanted.
        collate: makes a batch of a list of items; a function that workers can import.
        generator: seeds the workers; one of its own leaves the caller's random numbers alone.
        drop_last: leave out a last batch that is not full.
        workers: processes that read ahead; 0: none.
        share: which items of every batch are read.
        device: where tensors will go. For CUDA they are put into pinned memory, from which the
            GPU takes them while the processor goes on.

    Raises:
        ValueError: as raised by ``dataset`` (a :class:`segviz.data.DataError`) or ``collate``.
    """
    loader = DataLoader(
        _Batches(dataset, collate),
        batch_size=None,  # one "item" of _Batches is a batch already
        sampler=[batch[share] for batch in BatchSampler(order, batch_size, drop_last)],
        pin_memory=device is not None and device.type == "cuda",
        num_workers=workers,
        collate_fn=_unchanged,
        generator=generator,
    )
    for batch in loader:
        if isinstance(batch, ValueError):
            raise batch
        yield batch


def choose_workers(dataset: Dataset, device: torch.device) -> int:
    """How many processes should read ahead for a training on ``device``.

    On the CPU none: the network needs every core itself, and a process that reads takes it one.
    For a GPU none either where reading is quick, as from memory; else one for each core but one,
    and 8 at most.
    """
    if device.type == "cpu":
        return 0
    began = time.perf_counter()
    dataset[0]
    if time.perf_counter() - began < _QUICK:
        return 0
    return max(0, min(8, usable_cores() - 1))


class _Batches(Dataset):
    """Whole batches by the numbers of their items; a ValueError takes the place of its batch."""

    def __init__(self, source: Dataset, collate: Callable[[list[Item]], object]):
        self._source, self._collate = source, collate

    def __getitem__(self, indices: list[int]) -> object:
        try:
            return self._collate([self._source[index] for index in indices])
        except ValueError as error:
            return error


def _unchanged(batch: object) -> object:
    return batch
