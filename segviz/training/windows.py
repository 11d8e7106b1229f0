"""Two ways to ask a network more than once: window by window, and of the mirror image too.

Both are called as :func:`compute_logits` is, ``logits(model, images)``, and so can be given to
:func:`predict` and :func:`evaluate`, alone or one inside the other::

    windows = partial(sliding_logits, window=(96, 128))
    predict(model, images, logits=windows)
    predict(model, images, logits=partial(flipped_logits, logits=windows))
"""

from collections.abc import Iterator
from itertools import product
from math import ceil, log

import numpy as np
import torch
from torch import Tensor, nn

from segviz.models.checks import check_list_of_whole

from .prediction import LogitsOf, compute_logits, device_of, evaluating


@torch.no_grad()
def sliding_logits(
    model: nn.Module, images: Tensor, window: tuple[int, int], overlap: float = 0.5
) -> Tensor:
    """The logits of large images, computed in windows that overlap.

    A network knows things at the scale, and within the frame, of the images that it was trained
    on: make the window as large as those. A window goes through the network by itself, so the
    memory needed is that of one window, whatever the image. The windows are spread evenly from
    edge to edge, as few as overlap by ``overlap``, or a little more.

    Where windows overlap, their logits are averaged. Near its edge a window has seen little of
    what lies around a pixel, so its weight falls from the middle to the edge, on each axis in a
    straight line. One window that covers the image is the plain network.

    An axis of the image that is shorter than the window is continued on both sides by its mirror
    image, as in the UNet paper (https://arxiv.org/abs/1505.04597, figure 2), and cut again.

    Args:
        model: a network with one answer for every pixel, on any device; its mode is kept.
        images: uint8 ``(N, C, H, W)``; the N images go through the network together.
        window: height and width of a window.
        overlap: the least share of a window, on each axis, that the next one sees too; 0 or more
            and below 1.

    Returns:
        float32 ``(N, K, H, W)`` on the model's device.

    Raises:
        ValueError: for another window or overlap, or if the network's logits are not as high and
            wide as the window.
    """
    check_list_of_whole("window", window, 2, (96, 128))
    if not 0 <= overlap < 1:
        raise ValueError(
            f"overlap={overlap!r}: it is the share of a window that the next one sees too, 0 or "
            f"more and below 1; 0.5 is a good start."
        )
    padded, inside = _mirrored_to(window, images)  # (N, C, H', W')
    device = device_of(model)
    axes = [
        list(_windows_of_axis(length, extent, overlap, device))
        for length, extent in zip(padded.shape[-2:], window, strict=True)
    ]
    blended = None
    with evaluating(model):
        for (rows, row_weights), (columns, column_weights) in product(*axes):
            logits = compute_logits(model, padded[..., rows, columns])  # (N, K, h, w)
            if blended is None:
                shape = (*logits.shape[:2], *padded.shape[-2:])
                blended = torch.zeros(shape, device=device)  # (N, K, H', W')
            weights = row_weights[:, None] * column_weights  # (h, w)
            blended[..., rows, columns] += logits * weights
    return blended[(..., *inside)]  # (N, K, H, W)


@torch.no_grad()
def flipped_logits(model: nn.Module, images: Tensor, logits: LogitsOf = compute_logits) -> Tensor:
    """What a network says of images and of their mirror images, in one answer.

    The probabilities of both are averaged, as is done where segmentation networks are scored
    (Zhao et al., "Pyramid Scene Parsing Network", CVPR 2017, https://arxiv.org/abs/1612.01105;
    Chen et al. 2017, https://arxiv.org/abs/1706.05587). A probability ends at 1, a logit nowhere:
    in a mean of logits the answer with the larger numbers would have more of a say.

    It helps where left and right may be swapped, as in streets; not for printed letters.

    Args:
        model: a network, on any device; its mode is kept.
        images: uint8 ``(N, C, H, W)``.
        logits: what is asked twice; :func:`sliding_logits` with a window, for example.

    Returns:
        float32 ``(N, K, H, W)`` on the model's device: the logarithms of the mean probabilities,
        which are logits, since softmax makes those probabilities of them again.
    """
    with evaluating(model):
        seen = logits(model, images).float().log_softmax(dim=1)  # (N, K, H, W)
        mirrored = logits(model, images.flip(-1)).float().log_softmax(dim=1).flip(-1)
    return torch.logaddexp(seen, mirrored) - log(2)  # log((p + q) / 2)


def _windows_of_axis(
    length: int, extent: int, overlap: float, device: torch.device
) -> Iterator[tuple[slice, Tensor]]:
    """Where the windows lie on an axis, and their weights (extent,), which add up to 1 at every
    place of the axis."""
    stride = max(1, int(extent * (1 - overlap)))
    count = ceil((length - extent) / stride) + 1
    starts = np.linspace(0, length - extent, count).round().astype(int).tolist()
    places = torch.arange(extent, dtype=torch.float32)
    tent = torch.minimum(places + 1, extent - places)  # 1, 2, 3, 2, 1
    total = torch.zeros(length)
    for start in starts:
        total[start : start + extent] += tent
    for start in starts:
        here = slice(start, start + extent)
        yield here, (tent / total[here]).to(device)


def _mirrored_to(size: tuple[int, int], images: Tensor) -> tuple[Tensor, tuple[slice, slice]]:
    """The images, continued by their mirror image where they are smaller than ``size``, and where
    they themselves are in that: rows and columns."""
    inside = []
    for axis, least in zip((-2, -1), size, strict=True):
        length = images.shape[axis]
        before = max(0, least - length) // 2
        after = max(0, least - length - before)
        inside.append(slice(before, before + length))
        if before + after:
            places = np.pad(np.arange(length), (before, after), mode="reflect")
            images = images.index_select(axis, torch.from_numpy(places).to(images.device))
    return images, tuple(inside)
