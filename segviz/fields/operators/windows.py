"""Operators that slide along the axes: convolutions, poolings, resampling, pads and crops."""

from dataclasses import replace

import numpy as np

from segviz.fields.operators.calls import Call, UnknownOperatorError, rule
from segviz.fields.operators.channels import through_channels
from segviz.fields.sources import Product, Sources
from segviz.relations.steps import (
    Adaptive,
    Antialiased,
    Interpolation,
    Nearest,
    Spread,
    Window,
    mirrored,
    nearest_cell,
    nothing,
    ratio_of,
)


def slid(call: Call, sources: Sources, steps: list) -> Sources:
    """One step for each of the last dimensions; None where nothing happens."""
    first = call.input.dim() - len(steps)
    for dim, step in enumerate(steps, start=first):
        if step is not None:
            sources = sources.through(step, dim, call.input.shape[dim], call.trace.follow)
    place = None
    if len(steps) == 2:  # what slides in two directions slides on a map
        place = Product.places_of(call.output.shape, turned=_is_turned(sources.place, first))
    return replace(sources, place=place)


def _is_turned(place: Product | None, first: int) -> bool:
    """Whether the columns of the image come before its rows, as after a transposition."""
    return place is not None and (place.rows.home == first + 1 or place.columns.home == first)


@rule("convolution")
def convolution(call: Call) -> Sources:
    if call.trace.knows(call["weight"]):
        raise UnknownOperatorError("its kernel is computed from the image")
    kernel_size = call["weight"].shape[2:]
    channels = call.input.shape[1], call.output.shape[1]
    sources = through_channels(call.sources, call["groups"], *channels)
    make = Spread if call["transposed"] else Window
    geometry = zip(
        call.output.shape[2:],
        kernel_size,
        _for_each(call["stride"], kernel_size),
        _for_each(call["padding"], kernel_size),
        _for_each(call["dilation"], kernel_size),
        strict=True,
    )
    sources = slid(call, sources, [make(*numbers) for numbers in geometry])
    return sources


def _for_each(values, axes) -> list[int]:
    """One value for every axis: torch lets a list of one stand for all."""
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    return values * len(axes) if len(values) == 1 else values


@rule("max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d")
@rule("avg_pool1d", "max_pool1d", "max_pool2d", "max_pool3d")
def pool(call: Call) -> Sources | list[Sources]:
    axes = range(call.name.count("1d") + 2 * call.name.count("2d") + 3 * call.name.count("3d"))
    kernel_size = _for_each(call["kernel_size"], axes)
    stride = _for_each(call.get("stride") or kernel_size, axes)
    padding = _for_each(call["padding"], axes)
    dilation = _for_each(call.get("dilation", 1), axes)
    cells = call.output.shape[call.output.dim() - len(axes) :]
    windows = list(map(Window, cells, kernel_size, stride, padding, dilation))
    sources = slid(call, call.sources, windows)
    if "with_indices" not in call.name:
        return sources
    call.trace.windows[id(call.result[1])] = windows  # un-pooling is told nothing but indices
    return [sources, sources]


@rule("max_unpool2d", "max_unpool3d")
def unpool(call: Call) -> Sources:
    """Which cell of a window gets the value is decided by the image: any may, so all count."""
    windows = call.trace.windows.get(id(call["indices"]))
    if windows is None:
        raise UnknownOperatorError("its indices come straight from no max-pooling")
    steps = [
        Spread(cells, w.kernel_size, w.stride, w.padding, w.dilation)
        for cells, w in zip(call.output.shape[-len(windows) :], windows, strict=True)
    ]
    return slid(call, call.trace.union(call.tensors, call.input.shape), steps)


@rule("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d")
@rule("adaptive_max_pool2d", "adaptive_max_pool3d", "adaptive_avg_pool3d")
def adaptive_pool(call: Call) -> Sources | list[Sources]:
    sizes = call["output_size"]
    first = call.input.dim() - len(sizes)
    sources = call.sources.pooled(first + i for i, size in enumerate(sizes) if size == 1)
    steps = [
        None if size in (1, given) else Adaptive(size, given)
        for size, given in zip(sizes, call.input.shape[first:], strict=True)
    ]
    sources = slid(call, sources, steps)
    return [sources, sources] if "max" in call.name else sources


@rule("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d")
@rule("_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d")
def nearest(call: Call) -> Sources:
    exact = "exact" in call.name

    def step(cells, given, scale):
        ratio = np.float32(1 / scale) if scale else np.float32(given) / np.float32(cells)
        return Nearest(cells, ratio, exact)

    return _resampled(call, step)


@rule("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d")
def interpolation(call: Call) -> Sources:
    reach = 2 if "cubic" in call.name else 1

    def step(cells, given, scale):
        return Interpolation.between(cells, given, reach, call["align_corners"], scale)

    return _resampled(call, step)


@rule("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa")
def antialiased(call: Call) -> Sources:
    reach = 2 if "cubic" in call.name else 1

    def step(cells, given, scale):
        if call["align_corners"]:
            raise UnknownOperatorError("antialias together with align_corners")
        return Antialiased(cells, ratio_of(cells, given, scale), reach)

    return _resampled(call, step)


def _resampled(call: Call, step) -> Sources:
    sizes = call["output_size"]
    scales = [call.get(name) for name in ("scales_d", "scales_h", "scales_w")][-len(sizes) :]
    if len(sizes) == 1:
        scales = [call.get("scales")]
    given = call.input.shape[-len(sizes) :]
    # these copy an axis that keeps its size, whatever the scale; others go by the scale
    copies = "exact" not in call.name and call.name != "upsample_bicubic2d"
    steps = [
        None if cells == size and (copies or not scale) else step(cells, size, scale)
        for cells, size, scale in zip(sizes, given, scales, strict=True)
    ]
    return slid(call, call.sources, steps)


@rule("constant_pad_nd")
def pad(call: Call) -> Sources:
    return _padded(call, nothing)


@rule("reflection_pad1d", "reflection_pad2d", "reflection_pad3d")
def reflection_pad(call: Call) -> Sources:
    return _padded(call, mirrored)


@rule("replication_pad1d", "replication_pad2d", "replication_pad3d")
def replication_pad(call: Call) -> Sources:
    return _padded(call, nearest_cell)


def _padded(call: Call, edge) -> Sources:
    """Pads and, where they are negative, crops: a window of one cell. They are listed from the
    last dimension to the first: before, after, before, after, ..."""
    befores, afters = call["padding" if "padding" in call.arguments else "pad"], ()
    befores, afters = befores[::2][::-1], befores[1::2][::-1]
    sizes = call.output.shape[call.output.dim() - len(befores) :]
    steps = [
        Window(size, 1, padding=before, edge=edge) if before or after else None
        for size, before, after in zip(sizes, befores, afters, strict=True)
    ]
    return slid(call, call.sources, steps)
