"""A network's answer: logits at the size that is asked for, labels, and scores on a data set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segviz.data import SegmentationDataset, normalise

from .devices import autocast_dtype, memory_format
from .loading import load
from .scores import Scores

#: logits(model, images uint8 (N, C, H, W)) -> (N, K, H, W): how a network is asked. The simplest
#: way is :func:`compute_logits`; :mod:`segviz.training.windows` has others.
LogitsOf = Callable[[nn.Module, Tensor], Tensor]


def compute_logits(model: nn.Module, images: Tensor) -> Tensor:
    """Run ``model`` on its own device, in the precision that suits the device.

    On a CPU only training is done in half precision: what a trained network answers should be the
    same on every laptop, and one pass costs little.

    Args:
        images: uint8 ``(N, C, H, W)`` on any device.

    Returns:
        Logits ``(N, K, H, W)`` on the model's device; float32, or half precision.

    Raises:
        ValueError: if the logits are not as high and wide as the images.
    """
    device = device_of(model)
    images = images.to(device, non_blocking=True)
    inputs = normalise(images).contiguous(memory_format=memory_format(device))  # (N, C, H, W)
    is_precise = device.type == "cpu" and not model.training
    dtype = None if is_precise else autocast_dtype(device)
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        logits = model(inputs)  # (N, K, H, W)
    if logits.shape[-2:] != images.shape[-2:]:
        raise ValueError(
            f"For images of {_size(images)} pixels the network gave logits of {_size(logits)}. "
            f"Training and scoring need one answer per pixel: use a padded network, such as "
            f"UNet(num_classes)."
        )
    return logits


def resize_logits(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits ``(N, K, H, W)`` interpolated bilinearly to ``(N, K, *size)``.

    Logits are interpolated, never labels: half way between class 2 and class 4 is not class 3.
    """
    if tuple(logits.shape[-2:]) == tuple(size):
        return logits
    return F.interpolate(logits.float(), tuple(size), mode="bilinear", align_corners=False)


@torch.no_grad()
def predict(
    model: nn.Module,
    images: Tensor,
    size: tuple[int, int] | None = None,
    logits: LogitsOf = compute_logits,
) -> Tensor:
    """The most probable class of every pixel.

    Args:
        model: a network, on any device; it is left in the mode (training or not) it was in.
        images: uint8 ``(N, C, H, W)``.
        size: height and width of the answer; None: as large as the images.
        logits: how the network is asked, such as :func:`compute_logits` or
            ``partial(sliding_logits, window=(96, 128))``.

    Returns:
        int64 ``(N, *size)`` on the model's device.
    """
    with evaluating(model):
        answer = logits(model, images)  # (N, K, H, W)
        return resize_logits(answer, size or images.shape[-2:]).argmax(dim=1)  # (N, *size)


def predictions(
    model: nn.Module,
    dataset: SegmentationDataset,
    batch_size: int = 8,
    workers: int = 0,
    logits: LogitsOf = compute_logits,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Predict a whole data set, every image at the full size of its mask.

    Images and masks may be of any size; neighbours of one size are predicted together. ``logits``
    is as in :func:`predict`.

    Yields:
        Images uint8 ``(n, C, H, W)`` and masks int64 ``(n, h, w)``, on the CPU, and the predicted
        labels int64 ``(n, h, w)``, on the model's device; in the order of the data set.

    Raises:
        ValueError: for an item that cannot be read.
    """
    order, generator = range(len(dataset)), torch.Generator()
    for items in load(dataset, order, batch_size, generator=generator, workers=workers):
        for (_, size), group in groupby(items, key=_sizes):
            images, masks = (torch.stack(column) for column in zip(*group, strict=True))
            yield images, masks, predict(model, images, size, logits)


def evaluate(
    model: nn.Module,
    dataset: SegmentationDataset,
    batch_size: int = 8,
    workers: int = 0,
    logits: LogitsOf = compute_logits,
) -> Scores:
    """Score ``model`` on ``dataset``; its arguments are those of :func:`predictions`.

    Raises:
        ValueError: for an item that cannot be read, or labels that are no class.
    """
    scores = Scores(dataset.classes, dataset.ignore_index)
    for _, masks, predicted in predictions(model, dataset, batch_size, workers, logits):
        scores.update(predicted, masks.to(predicted.device))
    return scores


def device_of(model: nn.Module) -> torch.device:
    """Where the model's weights are (the CPU for a model without weights)."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and back into the mode each of them was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, was_training in modes:
            module.training = was_training


def _sizes(item: tuple[Tensor, Tensor]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    image, mask = item
    return tuple(image.shape[-2:]), tuple(mask.shape)


def _size(images: Tensor) -> str:
    return f"{images.shape[-2]}x{images.shape[-1]}"
