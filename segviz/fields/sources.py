"""For every element of a tensor: which cells of the image reach it.

The answer is kept as a union of products: rows of the image times columns of it. One product is
enough for most networks. Where branches differ between the axes (1x7 beside 7x1) or are misaligned,
several stay side by side, and where channels differ (branches that were concatenated) each says for
which elements it holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from segviz.fields.placed import Placed
from segviz.relations.taps import NOTHING

MOST_PRODUCTS = 32  # for one element; beyond, they are replaced by one that holds them all
GROUP_FROM = 8  # so many products are first grouped by equal rows and by equal columns


@dataclass(frozen=True, eq=False)
class Product:
    """rows, columns: two relations in the same tensor. where: the elements for which it holds, a
    bool array that broadcasts to the tensor's shape, or None for all."""

    rows: Placed
    columns: Placed
    where: np.ndarray | None = None

    @classmethod
    @cache
    def places_of(cls, shape, turned: bool = False) -> "Product":
        """The row and the column of every element of a map, whose rows and columns come last in
        its shape, or, if it is turned, its columns and rows."""
        ndim = len(shape)
        dims = (ndim - 1, ndim - 2) if turned else (ndim - 2, ndim - 1)
        return cls(*(Placed.counting(shape[dim], dim, ndim) for dim in dims))

    @property
    def parts(self) -> tuple[Placed, Placed]:
        return self.rows, self.columns

    def each(self, move: Callable[[Placed], Placed], where="same") -> "Product":
        """The same change made to the rows and to the columns."""
        where = self.where if isinstance(where, str) else where
        return Product(move(self.rows), move(self.columns), where)

    @cached_property
    def folded(self) -> "Product":
        """`where` turned into pointers to nothing, of the columns if it changes with them alone."""
        if self.where is None:
            return self
        changing = {dim for dim, size in enumerate(self.where.shape) if size > 1}
        if changing <= self.columns.dims and not changing <= self.rows.dims:
            return Product(self.rows, self.columns.masked(self.where))
        return Product(self.rows.masked(self.where), self.columns)

    @cached_property
    def extent(self) -> int:
        """A measure of how much it covers, to begin a comparison with the largest."""
        return sum(part.reach.extent for part in self.parts)

    @cached_property
    def on_grid(self) -> bool:
        """Whether rows and columns lie on dimensions of their own, so that boxes make sense."""
        lone = all(part.home is not None or not part.dims for part in self.parts)
        return lone and (self.rows.home is None or self.rows.home != self.columns.home)

    @cached_property
    def places(self) -> int:
        """How many elements its pointers tell apart."""
        return self.rows.pointer.size * self.columns.pointer.size

    def changes_along(self, dim: int) -> list[Placed]:
        return [part for part in self.parts if dim in part.dims or part.home == dim]

    def masked_along(self, dim: int) -> bool:
        return self.where is not None and self.where.shape[dim] > 1


@dataclass(frozen=True, eq=False)
class Sources:
    """products: their union is what reaches an element. exact: False where the union was replaced
    by something larger. mixers: the modules that mixed whole maps, or windows of them, on the way
    here, in order. unknown: the first operator on the way that nobody knows, in words, or None.
    mixing: whether the latest operator mixed elements at different places. place: for every element
    the row and the column of the map that it belongs to, where it still does; its products forget
    that where many elements see the same."""

    products: tuple[Product, ...]
    exact: bool = True
    mixers: tuple[str, ...] = ()
    unknown: str | None = None
    mixing: bool = False
    place: Product | None = None

    @classmethod
    def lost(cls, unknown: str) -> "Sources":
        return cls((), exact=False, unknown=unknown)

    def with_products(self, products: Iterable[Product]) -> "Sources":
        products, exact = simplified(list(products))
        return replace(self, products=products, exact=self.exact and exact)

    def each(self, change: Callable[[Product], Product]) -> "Sources":
        """A change that keeps the products apart."""
        place = self.place and change(self.place)
        return replace(self, products=tuple(map(change, self.products)), place=place)

    @property
    def mixed(self) -> bool:
        """Whether rows and columns are mixed already."""
        return all(
            any(product.parts[axis].reach.mixed for product in self.products) for axis in (0, 1)
        )

    def after(self, name: str, before: list["Sources"]) -> "Sources":
        """When a module's operator is done: its name is noted, if it mixed what was not mixed."""
        if not self.mixing:
            return self
        new = name not in self.mixers and not any(sources.mixed for sources in before)
        return replace(self, mixers=(*self.mixers, name) if new else self.mixers, mixing=False)

    def pooled(self, dims: Iterable[int]) -> "Sources":
        """The union of all elements along dimensions, each of which keeps one cell."""
        sources = self
        for dim in sorted(dims):
            if sources.place and sources.place.changes_along(dim):
                first = sources.place.each(lambda part, dim=dim: part.first(dim))
                sources = replace(sources, place=first)
            if all(not p.changes_along(dim) and not p.masked_along(dim) for p in sources.products):
                continue
            places = any(product.changes_along(dim) for product in sources.products)
            pooled = [new for product in sources.products for new in _pooled(product, dim)]
            sources = replace(sources.with_products(pooled), mixing=sources.mixing or places)
        return sources

    def through(self, step, dim: int, size: int, follow) -> "Sources":
        """One layer further on along a dimension, which has `size` cells; see `Placed.through`."""
        stepped = [
            new for product in self.products for new in _through(product, step, dim, size, follow)
        ]
        if len(stepped) == len(self.products) == 1:
            return replace(self, products=tuple(stepped))
        return self.with_products(stepped)


def union(several: list[Sources], shape) -> Sources:
    """What reaches an element of a tensor of this shape by any of several broadcast tensors."""

    def broadcast(product: Product) -> Product:
        where = product.where
        if where is not None:
            where = where.reshape((1,) * (len(shape) - where.ndim) + where.shape)
        return product.each(lambda part: part.lifted(len(shape)).settled(shape), where)

    several = [sources.each(broadcast) for sources in several]
    return combined(several, [product for sources in several for product in sources.products])


def combined(several: list[Sources], products: list[Product], place="most") -> Sources:
    """Products made from those of several sources, with all else that those know.

    place: by default the one that tells most elements apart.
    """
    unknown = next((sources.unknown for sources in several if sources.unknown), None)
    if unknown:
        return Sources.lost(unknown)
    exact = all(sources.exact for sources in several)
    mixers = tuple(dict.fromkeys(name for sources in several for name in sources.mixers))
    mixing = any(sources.mixing for sources in several)
    if place == "most":
        places = [sources.place for sources in several if sources.place]
        place = max(places, key=lambda place: place.places, default=None)
    return Sources((), exact, mixers, mixing=mixing, place=place).with_products(products)


# One product, changed


def _pooled(product: Product, dim: int) -> Iterable[Product]:
    changing = product.changes_along(dim)
    if product.masked_along(dim):
        if not changing:
            where = product.where.any(axis=dim, keepdims=True)
            return [replace(product, where=None if where.all() else where)]
        product = _folded_into(product, changing[0])
        changing = product.changes_along(dim)
    if len(changing) < 2:
        return [product.each(lambda part: part.pooled(dim) if part in changing else part)]
    return _slices(product, dim)


def _folded_into(product: Product, part: Placed) -> Product:
    masked = part.masked(product.where)
    return Product(*(masked if one is part else one for one in product.parts))


def _slices(product: Product, dim: int) -> Iterable[Product]:
    """Rows and columns both change along it: one product for each different slice of rows."""
    rows, columns = product.parts
    last = np.moveaxis(rows.pointer, dim, 0)
    _, first, which = np.unique(
        last.reshape(len(last), -1), axis=0, return_index=True, return_inverse=True
    )
    for number, index in enumerate(first):
        group = np.flatnonzero(which.ravel() == number)
        yield Product(rows.only(dim, [index]), columns.only(dim, group), product.where)


def _through(product: Product, step, dim: int, size: int, follow) -> Iterable[Product]:
    changing = product.changes_along(dim)
    if product.masked_along(dim):
        product = _folded_into(product, changing[0] if changing else product.rows)
        changing = product.changes_along(dim)
    if len(changing) == 1:
        return [
            product.each(lambda part: part.through(step, dim, follow) if part in changing else part)
        ]
    read = step.edge(step.positions(step.cells), size)  # (outputs, taps)
    if not changing:
        reached = (read != NOTHING).any(axis=1)
        if reached.all():
            return [product]
        mask = reached.reshape([-1 if d == dim else 1 for d in range(product.rows.pointer.ndim)])
        where = mask if product.where is None else product.where & mask
        return [replace(product, where=where)]
    return [product.each(lambda part, tap=tap: _read(part, tap, dim)) for tap in read.T]


def _read(part: Placed, tap: np.ndarray, dim: int) -> Placed:
    """The pointers that one tap of a layer reads along a dimension."""
    mask = (tap != NOTHING).reshape([-1 if d == dim else 1 for d in range(part.pointer.ndim)])
    if part.pointer.shape[dim] == 1:
        return part.masked(mask)
    return Placed.pointing(part.reach, part.pointer.take(tap, axis=dim)).masked(mask)


# Several products, made fewer


def simplified(products: list[Product]) -> tuple[tuple[Product, ...], bool]:
    """Fewer products with the same union, and whether it is the same: where too many would remain,
    one that holds them all takes their place."""
    products = [product for product in products if product.where is None or product.where.any()]
    if len(products) > GROUP_FROM:
        products = _grouped(products)
    products, before = _joined(products), len(products)
    while len(products) < before:
        before, products = len(products), _joined(products)
    if len(products) <= MOST_PRODUCTS or _most_at_once(products) <= MOST_PRODUCTS:
        return tuple(products), True
    whole = products[0]
    for product in products[1:]:
        unions = map(Placed.union, whole.parts, product.parts)
        whole = Product(*unions, _either(whole.where, product.where))
    return (whole,), False


def _most_at_once(products: list[Product]) -> int:
    """How many of them hold for the same element: of concatenated branches only one does."""
    count = np.zeros((), int)
    for product in products:
        count = count + (1 if product.where is None else product.where)
    return int(count.max())


def _grouped(products: list[Product]) -> list[Product]:
    """Products with equal rows made one, then those with equal columns."""
    for axis in (0, 1):
        groups = {}
        for product in products:
            same = product.parts[axis]
            shape = same.sets.shape
            where = None if product.where is None else product.where.tobytes()
            groups.setdefault((shape, same.sets.tobytes(), where), []).append(product)
        products = [_unite(group, 1 - axis) for group in groups.values()]
    return products


def _unite(group: list[Product], axis: int) -> Product:
    """Products that agree on the other axis."""
    parts = list(group[0].parts)
    for product in group[1:]:
        for one in (0, 1):  # on the axis of agreement the sets are equal, the boxes may differ
            parts[one] = parts[one].union(product.parts[one])
    return Product(*parts, group[0].where)


def _joined(products: list[Product]) -> list[Product]:
    kept: list[Product] = []
    if len(products) > 1:
        products = sorted(products, key=lambda product: -product.extent)
    for product in products:
        for index, other in enumerate(kept):
            both = _join(other, product)
            if both is not None:
                kept[index] = both
                break
        else:
            kept.append(product)
    return kept


def _join(one: Product, two: Product) -> Product | None:
    """One product with the same union, or None where there is none. `one` is the larger."""
    if not _same_where(one, two):
        return _join_elsewhere(one, two)
    rows = two.rows.within(one.rows), one.rows.within(two.rows)
    columns = two.columns.within(one.columns), one.columns.within(two.columns)
    one_holds_the_other = (rows[0] and columns[0]) or (rows[1] and columns[1])
    if one_holds_the_other and not (one.on_grid and two.on_grid):
        one_is_less = rows[1] and columns[1]
        equal = one_is_less and rows[0] and columns[0]
        larger = two if one_is_less and not (equal and one.rows.reach.mixed) else one
        return larger.each(Placed.off_grid)
    if one_holds_the_other or all(rows) or all(columns):
        return Product(one.rows.union(two.rows), one.columns.union(two.columns), one.where)
    return None


def _same_where(one: Product, two: Product) -> bool:
    if one.where is None or two.where is None:
        return one.where is two.where
    return np.array_equal(one.where, two.where)


def _join_elsewhere(one: Product, two: Product) -> Product | None:
    """As `_join`, for products that hold for different elements."""
    if one.rows is two.rows and one.columns is two.columns:
        return Product(*one.parts, _either(one.where, two.where))
    if one.where is None and all(map(Placed.within, two.parts, one.parts)):
        unions = map(Placed.union, one.parts, two.parts)
        if all(union is part for union, part in zip(unions, one.parts, strict=True)):
            return one
    return None


def _either(one: np.ndarray | None, two: np.ndarray | None) -> np.ndarray | None:
    if one is None or two is None:
        return None
    where = one | two
    return None if where.all() else where
