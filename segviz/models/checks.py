"""What every network of the course asks of its arguments and its images, in sentences."""

from collections.abc import Sequence
from numbers import Integral

from torch import Tensor, nn

from .course_size import COURSE_WIDTHS


def is_positive_whole(value: object) -> bool:
    """Whether it is a whole number, 1 or more; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def check_positive_whole(**arguments: object) -> None:
    """Raise ValueError for an argument that is no whole number, 1 or more."""
    for name, value in arguments.items():
        if not is_positive_whole(value):
            raise ValueError(f"{name}={value!r}: it must be a whole number, 1 or more.")


def check_list_of_whole(name: str, values: object, length: int, example: Sequence[int]) -> None:
    """Raise ValueError unless `values` is a list of `length` whole numbers, 1 or more."""
    is_list = isinstance(values, Sequence) and all(map(is_positive_whole, values))
    if not is_list or len(values) != length:
        raise ValueError(
            f"{name}={values!r}: it must be {length} whole numbers, 1 or more, such as "
            f"{tuple(example)}."
        )


def stage_depths(widths: object, depths: object) -> tuple[int, ...]:
    """The depths of stages with these widths; one number stands for all, and None for one in the
    two finest stages, where a convolution costs most, and two in the others.

    Raises:
        ValueError: unless all are whole numbers, 1 or more, for two stages or more.
    """
    count = len(widths) if isinstance(widths, Sequence) else 0
    check_list_of_whole("widths", widths, max(2, count), COURSE_WIDTHS[: max(2, count)])
    if depths is None:
        depths = (1, 1, *[2] * count)[:count]
    elif is_positive_whole(depths):
        depths = (depths,) * count
    check_list_of_whole("depths", depths, count, (2,) * count)
    return tuple(depths)


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Raise ValueError unless the value is one of the choices."""
    if value not in choices:
        listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise ValueError(f"{name}={value!r}: it must be {listed}.")


def check_images(network: nn.Module, images: Tensor) -> None:
    """Raise ValueError for images that the network, by its `in_channels`, cannot take."""
    kind = type(network).__name__
    if images.dim() != 4 or images.shape[1] != network.in_channels:
        raise ValueError(
            f"This {kind} takes images of shape (N, {network.in_channels}, H, W), and was given "
            f"{tuple(images.shape)}. Add the missing axis with images[None], or build the "
            f"network with in_channels= the number of channels of your images."
        )
    if not images.is_floating_point():
        raise ValueError(
            f"This {kind} takes images as floating-point numbers around 0, and was given "
            f"{images.dtype}. Turn pixels 0..255 into such numbers with "
            f"segviz.data.normalise(images)."
        )
    if 0 in images.shape:
        raise ValueError(
            f"Images of shape {tuple(images.shape)} hold no pixel. Give at least one image with "
            f"at least one row and one column."
        )


def check_can_normalise(network: nn.Module, images: Tensor, stride: int) -> None:
    """Raise ValueError where batch norm in training would be given one value for each channel.

    That is so for a single image so small that its map at `stride` pixels is 1x1.
    """
    if images.shape[0] > 1 or max(images.shape[-2:]) > stride:
        return
    if any(isinstance(module, nn.BatchNorm2d) and module.training for module in network.modules()):
        raise ValueError(
            f"In training, batch normalisation compares the values of a channel, and of a single "
            f"image of {images.shape[-2]}x{images.shape[-1]} pixels only one is left where this "
            f"{type(network).__name__} has made it {stride} times smaller. Train with two images "
            f"per batch or more, or on images of more than {stride} pixels."
        )
