"""A network that has looked at one image: its layers, and what their units see of it."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from segviz.fields import EffectiveField, Field, receptive_field
from segviz.fields.effective import strength
from segviz.fields.watching import evaluating, keep_output

PLACES = 7  # units that are shown along each axis of a map
TILES = 16  # parts of the image along each axis, for what a unit reads in rough
MOST = 13  # layers that a list has room for


class Watched:
    """A network, run once on an image of one (1, channels, rows, columns).

    names: of the layers to show; by default the outermost modules that change the field, and the
        output, as many as there is room for.
    ValueError, KeyError: in a sentence, for a network that does not run on the image, that has no
        maps whose field is known, or layers that it does not have.
    """

    def __init__(self, title: str, model: nn.Module, batch: Tensor, names=None):
        self.title = title
        self.size = tuple(batch.shape[-2:])
        network = receptive_field(model, example_inputs=batch)
        self.layers = _chosen(network) if names is None else _asked(network, names)
        if not self.layers:
            raise ValueError(
                f"{title} has no layer that is a map with rows and columns and whose field is"
                f" known{_because(network)}."
            )
        self._batch = batch.detach().clone().requires_grad_()
        self._outputs: dict[str, Tensor] = {}
        self._run(model)
        self.effective = lru_cache(maxsize=None)(self._effective)
        self.reached = lru_cache(maxsize=None)(self._reached)

    def _run(self, model: nn.Module) -> None:
        """Keeps the layers' outputs, with all that their gradients need."""
        handles = [keep_output(model, field.name, self._outputs) for field in self.layers]
        try:
            with evaluating(model), torch.enable_grad():
                model(self._batch)
        finally:
            for handle in handles:
                handle.remove()

    def name(self, layer: int) -> str:
        return self.layers[layer].name or "output"

    def units(self, layer: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows and the columns of the units that are shown, spread over the map."""
        return tuple(
            np.round(np.linspace(0, count - 1, PLACES)).astype(int)
            for count in self.layers[layer].positions
        )

    def unit(self, layer: int, row: int, column: int) -> tuple[int, int]:
        """The unit at a place, counted from 0 to PLACES - 1."""
        rows, columns = self.units(layer)
        return int(rows[row]), int(columns[column])

    def _effective(self, layer: int, unit: tuple[int, int]) -> EffectiveField:
        """By the convention of `effective_receptive_field`."""
        field = self.layers[layer]
        channels = self._outputs[field.name][field.index(unit)]
        with torch.enable_grad():
            return EffectiveField(strength(channels, self._batch, again=True), field.name, unit, 1)

    @property
    def tiles(self) -> tuple[int, int]:
        return tuple(min(TILES, length) for length in self.size)

    def tile_of(self, axis: int) -> np.ndarray:
        """In which tile each row (axis 0) or column (1) of the image lies, integers (pixels,)."""
        return np.arange(self.size[axis]) * self.tiles[axis] // self.size[axis]

    def _reached(self, layer: int) -> np.ndarray:
        """Whether any pixel of a tile reaches a unit: bool (places down, places across, tiles
        down, tiles across)."""
        field = self.layers[layer]
        tile_of_row, tile_of_column = self.tile_of(0), self.tile_of(1)
        reached = np.zeros((PLACES, PLACES, *self.tiles), bool)
        for a, row in enumerate(self.units(layer)[0]):
            for b, column in enumerate(self.units(layer)[1]):
                for rows, columns in field.products(row, column):
                    reached[a, b][np.ix_(tile_of_row[rows], tile_of_column[columns])] = True
        return reached


def _is_shown(field: Field) -> bool:
    return bool(field.known and field.size and field.on_map)


def _chosen(network) -> list[Field]:
    """The outermost modules first; as deep into the network as there is room for."""
    maps = [field for field in network.values() if _is_shown(field)]
    depths = sorted({0} | {field.name.count(".") for field in maps}, reverse=True)
    chosen: list[Field] = []
    for depth in depths:
        chosen = _changing([field for field in maps if field.name.count(".") <= depth], network)
        if len(chosen) <= MOST:
            return chosen
    kept = np.round(np.linspace(0, len(chosen) - 1, MOST)).astype(int) if chosen else []
    return [chosen[n] for n in kept]


def _changing(fields: list[Field], network) -> list[Field]:
    """Without those that only pass on what the one before them sees; the output is the last."""

    def seen(field):
        return field.size, field.stride, field.padding, field.positions

    ends = [field for field in network.outputs.values() if _is_shown(field)][:1]
    changing: list[Field] = []
    for field in [*fields, *ends]:
        if not changing or seen(field) != seen(changing[-1]):
            changing.append(field)
    return changing


def _asked(network, names) -> list[Field]:
    fields = [network[name] for name in names]
    unseen = [field.name for field in fields if not _is_shown(field)]
    if unseen:
        raise ValueError(
            f"{', '.join(unseen)}: what is shown are maps with rows and columns, whose field is"
            f" known{_because(network)}."
        )
    if len(fields) > MOST:
        raise ValueError(f"layers names {len(fields)} layers, and there is room for {MOST}.")
    return fields


def _because(network) -> str:
    unknown = network.unknown
    return f" (it is not known after {unknown[0]})" if unknown else ""
