"""Batches of a data set, read by worker processes or by this one, with mistakes told the same way.

PyTorch puts a worker's exception into a page of traceback. Here a worker hands the sentence over
like a batch, and it is raised in the process that asked for the batch.
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

Item = tuple[Tensor, Tensor]


def load(
    dataset: Dataset,
    order: Iterable[int],
    batch_size: int,
    collate: Callable[[list[Item]], object] = list,
    *,
    generator: torch.Generator,
    drop_last: bool = False,
    workers: int = 0,
) -> Iterator:
    """Yield ``collate([dataset[i], dataset[j], ...])`` batch by batch.

    Args:
        order: the numbers of the items, in the order in which they are wanted.
        collate: makes a batch of a list of items; a function that workers can import.
        generator: seeds the workers; one of its own leaves the caller's random numbers alone.
        drop_last: leave out a last batch that is not full.
        workers: processes that read ahead; 0: none.

    Raises:
        ValueError: as raised by ``dataset`` (a :class:`segviz.data.DataError`) or ``collate``.
    """
    loader = DataLoader(
        _Batches(dataset, collate),
        batch_size=None,  # one "item" of _Batches is a batch already
        sampler=BatchSampler(order, batch_size, drop_last),
        num_workers=workers,
        collate_fn=_unchanged,
        generator=generator,
    )
    for batch in loader:
        if isinstance(batch, ValueError):
            raise batch
        yield batch


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
