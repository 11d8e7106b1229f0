"""Through the channels of a layer, which may come in groups."""

import numpy as np

from segviz.fields.sources import Product, Sources


def through_channels(sources: Sources, groups: int, ins: int, outs: int) -> Sources:
    """Every output channel sees all input channels of its group.

    Tensors (batch, channels, ...), before with `ins` channels, afterwards with `outs`.
    """
    if groups == 1:
        return sources.pooled([1])
    if not any(p.changes_along(1) or p.masked_along(1) for p in sources.products):
        return sources

    def apart(array):  # (batch, channels, ...) -> (batch, groups, channels of a group, ...)
        split = (groups, ins // groups) if array.shape[1] > 1 else (1, 1)
        return array.reshape(array.shape[0], *split, *array.shape[2:])

    def together(array):  # (batch, groups, 1, ...) -> (batch, output channels, ...)
        array = array.reshape(*array.shape[:2], *array.shape[3:])
        return np.repeat(array, outs // groups, axis=1) if array.shape[1] > 1 else array

    parted = sources.each(lambda product: _reshaped(product, apart, +1))
    return parted.pooled([2]).each(lambda product: _reshaped(product, together, -1))


def _reshaped(product: Product, reshape, shift: int) -> Product:
    """Pointers and mask reshaped in front; the homes behind the channels move along."""

    def move(part):
        home = part.home if part.home is None or part.home < 2 else part.home + shift
        return part.pointing(part.reach, reshape(part.pointer), home)

    return product.each(move, None if product.where is None else reshape(product.where))
