"""The batches of one epoch: shuffled, flipped, and the same for the same seed."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset

from .loading import load


def steps_per_epoch(dataset: Dataset, batch_size: int) -> int:
    """How many batches :func:`training_batches` makes."""
    return max(1, len(dataset) // batch_size)


def training_batches(
    dataset: Dataset,
    batch_size: int,
    generator: torch.Generator,
    workers: int = 0,
    *,
    share: slice = slice(None),
    device: torch.device | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over ``dataset`` in random order, about half of the images mirrored.

    The images left over at the end are dropped unless they are all there are: a batch of one or
    two would give batch normalisation a poor mean and its step the weight of a full one. Another
    order next epoch leaves out other images.

    Args:
        generator: decides the order and the flips, and nothing else does.
        share: which of every batch's images are handed out; several processes draw the same
            batches and the same flips, and each takes its own share.
        device: where the batches will go; for a GPU they lie in pinned memory.

    Yields:
        images uint8 ``(N, 3, H, W)`` and masks int64 ``(N, H, W)``, on the CPU.

    Raises:
        ValueError: for an item that cannot be read, or a batch of several sizes.
    """
    # Drawn at once, before any flip: workers that read ahead must not change what comes next.
    order = torch.randperm(len(dataset), generator=generator).tolist()
    batches = load(
        dataset,
        order,
        batch_size,
        _stack,
        generator=generator,
        drop_last=len(dataset) >= batch_size,
        workers=workers,
        share=share,
        device=device,
    )
    whole = min(batch_size, len(dataset))
    for images, masks in batches:
        yield flip(images, masks, draw_flips(whole, generator)[share])


def draw_flips(count: int, generator: torch.Generator) -> Tensor:
    """bool ``(count,)``: which images to mirror, each with probability 1/2."""
    return torch.rand(count, generator=generator) < 0.5


def flip(images: Tensor, masks: Tensor, mirrored: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror images left to right, and their masks with them, where ``mirrored`` (N,) is True."""
    images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)  # (N, 3, H, W)
    masks = torch.where(mirrored[:, None, None], masks.flip(-1), masks)  # (N, H, W)
    return images, masks


def _stack(items: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    images, masks = zip(*items, strict=True)
    for kind, tensors in (("images", images), ("masks", masks)):
        sizes = sorted({tuple(tensor.shape[-2:]) for tensor in tensors})
        if len(sizes) > 1:
            listed = ", ".join(f"{height}x{width}" for height, width in sizes)
            raise ValueError(
                f"A training batch holds {kind} of different sizes ({listed}), and they cannot be "
                f"stacked. Give the data set one image_size (height, width), or train with "
                f"batch_size=1."
            )
    return torch.stack(images), torch.stack(masks)
