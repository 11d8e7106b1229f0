"""Weights that torchvision has published, fitted to the images of this course."""

from collections.abc import Callable

import torch
from torch import nn
from torchvision.models import WeightsEnum

from .checks import check_choice


def build_with_weights(
    build: Callable[..., nn.Module], published: WeightsEnum, weights: str | None
) -> nn.Module:
    """A network of torchvision: `build(weights=published)`, or with drawn weights.

    torchvision downloads the file once, into ``torch.hub.get_dir()``, and compares its hash with
    the published one.

    Args:
        weights: "imagenet" for the published weights, None to draw them.

    Raises:
        ValueError: for any other `weights`.
        ConnectionError: if the file cannot be fetched, or what arrives has another hash.
    """
    check_choice("weights", weights, (None, "imagenet"))
    if weights is None:
        return build(weights=None)
    try:
        return build(weights=published)
    except OSError as error:  # urllib's errors are kinds of it
        raise ConnectionError(_why_not(published, f"cannot be fetched ({error})")) from None
    except RuntimeError as error:
        if "invalid hash" not in str(error):
            raise
        fault = "arrived damaged: its hash is not the published one"
        raise ConnectionError(_why_not(published, fault)) from None


def _why_not(published: WeightsEnum, fault: str) -> str:
    return (
        f"The pretrained weights {published} {fault}. Try again when {published.url} can be "
        f"reached, put that file into {torch.hub.get_dir()}/checkpoints by hand, or start from "
        f"drawn weights with weights=None."
    )


@torch.no_grad()
def fold_colours(published: WeightsEnum, first: nn.Conv2d, norm: nn.BatchNorm2d | None) -> None:
    """Make a pretrained first convolution take images in -1..1, in place.

    ImageNet's networks were trained on ``(pixel / 255 - mean) / deviation``. The course's images
    are ``x = pixel / 127.5 - 1``, which makes that ``x * scale + offset`` for each colour: the
    scale goes into the kernel, what the offsets add up to into the bias (or, where batch norm
    follows instead of a bias, into its running mean). So the network stays plain, and its saved
    weights need no note of where they came from. Only the frame that padding touches differs by
    a trace: zero is no longer ImageNet's mean colour there, but grey.

    Args:
        first: the convolution that sees the image, (O, 3, k, k).
        norm: the batch norm behind it, if it has no bias of its own.
    """
    preset = published.transforms()
    mean, deviation = (first.weight.new_tensor(three) for three in (preset.mean, preset.std))
    scale, offset = 0.5 / deviation, (0.5 - mean) / deviation  # (3,), (3,)
    added = (first.weight * offset[:, None, None]).sum(dim=(1, 2, 3))  # (O,)
    first.weight *= scale[:, None, None]  # (O, 3, k, k)
    if norm is None:
        first.bias += added
    else:
        norm.running_mean -= added
