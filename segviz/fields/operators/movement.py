"""Operators that only move elements about. The pointers are moved by the same operator."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from segviz.fields.operators.calls import Call, UnknownOperatorError, rule, tensors_among
from segviz.fields.placed import Placed
from segviz.fields.sources import Product, Sources, combined
from segviz.relations.steps import Window
from segviz.relations.taps import NOTHING

AS_RESHAPE = {"view", "_unsafe_view", "reshape", "_reshape_copy", "_reshape_alias", "view_copy"}
SAME_PLACE = {
    *("slice", "narrow", "flip", "roll", "expand", "repeat", "index_select", "index", "split"),
    *("split_with_sizes", "chunk", "channel_shuffle", "pixel_shuffle", "pixel_unshuffle"),
}


@rule("permute", "transpose", "t", "unsqueeze", "squeeze", "expand", "flip", "rot90", "repeat")
@rule("select", "narrow", "split", "split_with_sizes", "unbind", "chunk", "diagonal")
@rule("unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk", "unfold", "unflatten", "numpy_T")
@rule("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "im2col")
@rule("index_select", "index", "gather", "take_along_dim", "movedim", "swapaxes", "tile")
@rule(*AS_RESHAPE)
def moved(call: Call) -> list[Sources]:
    sources, results = call.sources, list(tensors_among([call.result]))
    moved = [_moved_product(call, product) for product in sources.products]
    places = _moved_product(call, sources.place) if sources.place else [None] * len(results)
    return [
        replace(sources, place=place).with_products(products[number] for products in moved)
        for number, place in enumerate(places)
    ]


def _moved_product(call: Call, product: Product) -> list[Product]:
    """One for each result of the operator."""
    rows, columns = (_moved_part(call, part) for part in product.parts)
    if product.where is None:
        return list(map(Product, rows, columns))
    wheres = _move(call, product.where.astype(int))
    return [
        Product(*parts, _compressed(where) > 0)
        for *parts, where in zip(rows, columns, wheres, strict=True)
    ]


@rule("slice")
def sliced(call: Call) -> list[Sources]:
    """Along rows or columns of a map a crop is a window of one cell: of a map that goes on."""
    sources, (moved_about,) = call.sources, moved(call)
    size, dim = call.input.shape, call["dim"] % call.input.dim()
    parts = [part for product in sources.products for part in product.parts]
    if call.input.shape == call.output.shape or all(part.home != dim for part in parts):
        return [moved_about]
    start, _, stride = slice(call["start"], call["end"], call["step"]).indices(size[dim])
    window = Window(call.output.shape[dim], 1, stride=stride, padding=-start)
    cropped = sources.through(window, dim, size[dim], call.trace.follow)
    return [replace(cropped, place=moved_about.place)]


@rule("as_strided")
def restrided(call: Call) -> Sources:
    """Followed where it changes nothing but the strides of dimensions with a single cell."""
    sizes, strides = call.layout
    kept = all(
        size == 1 or before == after
        for size, before, after in zip(sizes, strides, call["stride"], strict=False)
    )
    if list(sizes) == list(call["size"]) and kept and not call["storage_offset"]:
        return call.sources
    raise UnknownOperatorError("it reads memory in an order of its own")


@rule("roll")
def rolled(call: Call) -> list[Sources]:
    """What went out at one end came in at the other: the boxes do not go on beyond the image."""
    dims = call["dims"] or range(call.input.dim())
    homes = {dim % call.input.dim() for dim in dims}
    (sources,) = moved(call)

    def end(part: Placed) -> Placed:
        return part.ended() if part.reach and part.home in homes else part

    return [sources.each(lambda product: product.each(end))]


def _moved_part(call: Call, part: Placed) -> list[Placed]:
    hint = _home_afterwards(call, part)
    moved = []
    results = tensors_among([call.result])
    for tensor, pointer in zip(results, _move(call, part.pointer + 1), strict=True):
        pointer = _compressed(pointer) - 1
        changing = sum(size > 1 for size in pointer.shape)
        if changing > 1 and part.reach and part.reach.firsts is not None:
            # windows side by side see the same rows: seen so, the pointers may change less
            same = np.append(part.reach.firsts, NOTHING)
            pointer = _compressed(same[pointer])
        moved.append(Placed.pointing(part.reach, pointer, hint).settled(tensor.shape))
    return moved


def _move(call: Call, pointers: np.ndarray) -> list[np.ndarray]:
    """The operator at work on pointers in place of its first tensor; 0 points to nothing."""
    if call.name in AS_RESHAPE:
        return [_reshaped(pointers, call.input.shape, call.output.shape)]
    tensor = torch.from_numpy(pointers.astype(np.int32)).expand(call.input.shape)
    if call.name == "im2col":  # it pads with zeros, and is not made for integers
        moved = call.function(tensor.double(), *call.args[1:], **call.kwargs).int()
    else:
        rest = [_with_values(call, argument) for argument in call.args[1:]]
        moved = call.function(tensor, *rest, **call.kwargs)
    return [tensor.numpy() for tensor in tensors_among([moved])]


def _reshaped(pointers: np.ndarray, before, after) -> np.ndarray:
    """Reshaped from one shape of the tensor to another, and small where the pointers are: only
    dimensions that are split or joined with one along which they change are laid out in full."""
    if 0 in before:
        return np.broadcast_to(pointers, before).reshape(after)
    full, shape = [], []
    for old, new in _split_and_joined(before, after):
        constant = all(pointers.shape[dim] == 1 for dim in old)
        full += [1 if constant else before[dim] for dim in old]
        shape += [1 if constant else after[dim] for dim in new]
    return np.broadcast_to(pointers, full).reshape(shape)


def _split_and_joined(before, after) -> Iterator[tuple[list[int], list[int]]]:
    """Groups of dimensions that hold the same elements before and after a reshape."""
    i = j = 0
    while i < len(before) or j < len(after):
        old, new, counts = [i] * (i < len(before)), [j] * (j < len(after)), [1, 1]
        if old:
            counts[0] = before[i]
        if new:
            counts[1] = after[j]
        while counts[0] != counts[1]:
            if counts[0] < counts[1]:
                old.append(i + len(old))
                counts[0] *= before[old[-1]]
            else:
                new.append(j + len(new))
                counts[1] *= after[new[-1]]
        i, j = i + len(old), j + len(new)
        yield old, new


def _with_values(call: Call, argument):
    """Indices as numbers, where they are tensors."""
    if isinstance(argument, Tensor):
        return call.value_of(argument)
    if isinstance(argument, (list, tuple)):
        return [_with_values(call, one) for one in argument]
    return argument


def _compressed(array: np.ndarray) -> np.ndarray:
    """With one cell left of every dimension along which nothing changes."""
    for dim, size in enumerate(array.shape):
        if size > 1:
            before = (slice(None),) * dim
            first = array[(*before, slice(0, 1))]
            if array.strides[dim] == 0 or (
                np.array_equal(first, array[(*before, slice(-1, None))]) and (array == first).all()
            ):
                array = first
    return array.astype(np.int64)


def _home_afterwards(call: Call, part: Placed) -> int | None:
    """Where the image's axis goes that has a single cell, which no pointer shows."""
    home, before, after = part.home, call.input.dim(), call.output.dim()
    if home is None:
        return None
    if call.name == "permute":
        return [dim % before for dim in call["dims"]].index(home)
    if call.name in ("transpose", "t"):
        pair = (0, 1) if call.name == "t" else (call["dim0"] % before, call["dim1"] % before)
        return pair[1 - pair.index(home)] if home in pair else home
    if call.name == "unsqueeze":
        return home + (call["dim"] % after <= home)
    return home if call.name in SAME_PLACE and before == after else None


@rule("cat", "concatenate")
def cat(call: Call) -> Sources:
    shape = call.output.shape
    dim = call["dim"] % len(shape)
    each = [
        (call.sources_of(tensor), tensor.shape[dim])
        for tensor in call.args[0]
        if tensor.dim() == len(shape)  # torch skips an empty vector among larger ones
    ]
    return _catenated(each, shape, dim)


@rule("stack")
def stack(call: Call) -> Sources:
    dim = call["dim"] % call.output.dim()

    def open_up(product: Product) -> Product:
        where = None if product.where is None else np.expand_dims(product.where, dim)

        def move(part):
            home = None if part.home is None else part.home + (dim <= part.home)
            return part.pointing(part.reach, np.expand_dims(part.pointer, dim), home)

        return product.each(move, where)

    each = [(call.sources_of(tensor).each(open_up), 1) for tensor in call.args[0]]
    return _catenated(each, call.output.shape, dim)


def _catenated(parts: list[tuple[Sources, int]], shape, dim: int) -> Sources:
    """parts: sources, and how many cells they take along the dimension."""
    before, products = 0, []
    for sources, size in parts:
        around = (before, shape[dim] - before - size)
        products += [_widened(product, dim, size, around) for product in sources.products]
        before += size
    places = [sources.place for sources, _ in parts if sources.place]
    place = max(places, key=lambda place: place.places, default=None)
    if place is not None and place.changes_along(dim):  # rows or columns are counted anew
        ndim, total = len(shape), shape[dim]
        place = place.each(lambda p: Placed.counting(total, dim, ndim) if p.home == dim else p)
        if any(dim in part.dims and part.home != dim for part in place.parts):
            place = None
    return combined([sources for sources, _ in parts], products, place)


def _widened(product: Product, dim: int, size: int, around: tuple[int, int]) -> Product:
    """Holding nothing before and after its own cells along a dimension."""

    def pad(array, nothing):
        widths = [(0, 0)] * array.ndim
        widths[dim] = around
        return np.pad(array, widths, constant_values=nothing)

    changing = product.changes_along(dim)
    where = product.where
    if not changing:
        shape = [1] * product.rows.pointer.ndim
        shape[dim] = size
        where = pad(np.ones(shape, bool) if where is None else where & np.ones(shape, bool), False)
    elif product.masked_along(dim):
        where = pad(where, False)

    def widen(part):
        if part not in changing:
            return part
        return Placed.pointing(part.reach, pad(part.pointer, NOTHING), part.home)

    return product.each(widen, where)
