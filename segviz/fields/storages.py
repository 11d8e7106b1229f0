"""Tensors that share memory: what is written into one is seen in the others."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from segviz.fields.placed import Placed
from segviz.fields.sources import Product, Sources, combined
from segviz.relations.taps import NOTHING

MOST_ELEMENTS = 2**26


class Storages:
    """The tensors of a trace by the memory they look at."""

    def __init__(self):
        self._tensors: dict[int, list[Tensor]] = {}

    def add(self, tensor: Tensor) -> None:
        self._tensors.setdefault(_memory(tensor), []).append(tensor)

    def write(self, tensor: Tensor, new: Sources, known: dict[int, Sources]) -> None:
        """A tensor was written in place: `known` (by id) is brought up to date, for it and for
        every tensor that shares memory with it."""
        nothing = Sources(())
        if known.get(id(tensor), nothing) is new:
            return
        for other in [*self._tensors.get(_memory(tensor), []), tensor]:
            if _layout(other) == _layout(tensor):
                sources = new
            else:
                sources = _overwritten(other, known.get(id(other), nothing), tensor, new)
            if sources.products or sources.unknown:
                known[id(other)] = sources
            else:
                known.pop(id(other), None)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _layout(tensor: Tensor):
    return tensor.shape, tensor.stride(), tensor.storage_offset()


def _overwritten(other: Tensor, old: Sources, written: Tensor, new: Sources) -> Sources:
    """What reaches `other` after `new` was written into a part of the memory it looks at."""
    if old.unknown or new.unknown or not (old.products or new.products):
        return combined([old, new], [])
    elements = other.untyped_storage().nbytes() // other.element_size()
    if elements > MOST_ELEMENTS:
        return Sources.lost(f"a tensor of {elements} elements that was written in part")
    index = _index_in(other, written, elements)
    kept = index == NOTHING
    if kept.all():
        return old
    products = [_confined(product, kept) for product in old.products]
    products += [_scattered(product, written.shape, index) for product in new.products]
    return combined([old, new], products, old.place or _widened(new.place, other))


def _widened(place: Product | None, other: Tensor) -> Product | None:
    """Rows and columns of a part, taken for those of all of the other tensor."""
    if place is None or None in (place.rows.home, place.columns.home):
        return None
    if place.rows.pointer.ndim != other.dim():
        return None
    return place.each(lambda part: Placed.counting(other.shape[part.home], part.home, other.dim()))


def _index_in(other: Tensor, written: Tensor, elements: int) -> np.ndarray:
    """For every element of `other` the flat index of that element of `written` which lies in the
    same place, or NOTHING; int array of other's shape."""
    memory = torch.full((elements,), NOTHING, dtype=torch.int32)
    place = torch.arange(elements, dtype=torch.int32)
    place = place.as_strided(written.shape, written.stride(), written.storage_offset())
    memory[place.reshape(-1).long()] = torch.arange(written.numel(), dtype=torch.int32)
    return memory.as_strided(other.shape, other.stride(), other.storage_offset()).numpy()


def _confined(product: Product, kept: np.ndarray) -> Product:
    """A product that holds no longer where other things were written."""
    alive = (product.rows.pointer != NOTHING) & (product.columns.pointer != NOTHING)
    if product.where is not None:
        alive = alive & product.where
    if not (alive & ~kept).any():
        return product
    where = kept if product.where is None else kept & product.where
    return replace(product, where=_shrunk(where))


def _scattered(product: Product, shape, index: np.ndarray) -> Product:
    """A product of the written tensor, in the other one: element j holds what index[j] held."""
    folded = product.folded
    alive = index != NOTHING
    pointers = []
    for part in folded.parts:
        flat = np.broadcast_to(part.pointer, shape).reshape(-1)
        pointer = np.where(alive, flat[index], NOTHING)
        alive = alive & (pointer != NOTHING)
        pointers.append(pointer)
    parts = [
        Placed.pointing(part.reach, _shrunk_where_it_points(pointer)).settled(index.shape)
        for part, pointer in zip(folded.parts, pointers, strict=True)
    ]
    implied = (parts[0].pointer != NOTHING) & (parts[1].pointer != NOTHING)
    is_implied = np.array_equal(np.broadcast_to(implied, alive.shape), alive)
    return Product(*parts, None if is_implied else _shrunk(alive))


def _shrunk(array: np.ndarray) -> np.ndarray:
    """One cell of every dimension along which nothing changes."""
    for dim in range(array.ndim):
        first = array.take([0], axis=dim)
        if (array == first).all():
            array = first
    return array


def _shrunk_where_it_points(pointer: np.ndarray) -> np.ndarray:
    """The same, where it does not matter what stands in the elements that point to nothing."""
    for dim in range(pointer.ndim):
        most = pointer.max(axis=dim, keepdims=True)
        if ((pointer == most) | (pointer == NOTHING)).all():
            pointer = most
    return pointer
