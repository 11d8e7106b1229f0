"""What is said about each cell of a pooling and its unpooling."""

import numpy as np

from segviz.explainers.sentences import cell, counted
from segviz.scenes import written


class Told:
    """What the boards show, and what is said about each cell."""

    def __init__(self, input, decoded, pooling, unpooling, size):
        self.input, self.decoded, self.indices, self.size = input, decoded, pooling.indices, size
        self.pooled = pooling.relation.apply(input)
        self.output = unpooling.apply(decoded) if unpooling else np.full(size, np.nan)
        self.refused = unpooling is None
        self.moved = size[1] != input.shape[1]  # the indices then mean other places
        taps = pooling.relation
        self.windows = _groups(taps.column("output"), taps.column("input"))
        self.seen_by = _groups(taps.column("input"), taps.column("output"))
        self.writers = _groups(pooling.indices.ravel(), np.arange(pooling.indices.size))
        self.ties = sum(len(self.equals(window)) > 1 for window in range(self.indices.size))
        self.collisions = sum(len(writers) > 1 for writers in self.writers.values())

    def equals(self, window: int) -> list[int]:
        """The cells that share the maximum of a window."""
        return [i for i in self.windows[window] if self.input.flat[i] == self.pooled.flat[window]]

    def of_pooled(self, window: int) -> str:
        numbers = ", ".join(written(self.input.flat[i]) for i in self.windows[window])
        place, equals = self.indices.flat[window], len(self.equals(window))
        return (
            f"{self._at('pooled', window)} = max({numbers}) = {written(self.pooled.flat[window])},"
            f" which stands at {cell('input', place, self.input.shape)}"
            + (f", the first of {equals} equal ones" if equals > 1 else "")
            + f": index {_counted_out(place, self.input.shape[1])}. {self.of_decoded(window)}"
        )

    def of_decoded(self, window: int) -> str:
        value = f"{self._at('decoded', window)} = {written(self.decoded.flat[window])}"
        if self.refused:
            return f"{value} is not written: PyTorch refuses to unpool."
        place = self.indices.flat[window]
        last = self.writers[place][-1]
        lost = "" if last == window else f", where {self._at('decoded', last)} overwrites it"
        return f"{value} is written to index {place}, {cell('output', place, self.size)}{lost}."

    def of_input(self, i: int) -> str:
        value = f"{cell('input', i, self.input.shape)} = {written(self.input.flat[i])}"
        windows, won = self.seen_by.get(i, []), self.writers.get(i, [])
        if not windows:
            return f"{value} is in no window: it is neither pooled nor remembered."
        seen = f"{value} is in {counted(len(windows), 'window')}"
        tied = [window for window in windows if self.pooled.flat[window] == self.input.flat[i]]
        if tied and not won:
            return f"{seen} and ties in {self._all('pooled', tied)}: an earlier cell is remembered."
        if not won:
            return f"{seen} and the maximum of none: its value and its place are forgotten."
        index = _counted_out(i, self.input.shape[1])
        return f"{seen} and the maximum of {self._all('pooled', won)}: index {index} is remembered."

    def of_output(self, o: int) -> str:
        value = f"{cell('output', o, self.size)} = {written(self.output.flat[o])}"
        writers = self.writers.get(o, [])
        if not writers:
            return f"{value}: no index points here."
        values = [f"{self._at('decoded', w)} = {written(self.decoded.flat[w])}" for w in writers]
        sentence = f"{value}: index {o} points here, and {values[0]} is written."
        if len(writers) > 1:
            sentence = (
                f"{value}: index {o} stands {len(writers)} times. {', '.join(values)} are not"
                " added, the last one is kept. (PyTorch promises no order: on a GPU another may"
                " win.)"
            )
        return f"{sentence} {self._moved_from(o)}" if self.moved else sentence

    def _moved_from(self, o: int) -> str:
        before, now = self.input.shape[1], self.size[1]
        return (
            f"The maximum stood at {cell('input', o, self.input.shape)},"
            f" {_counted_out(o, before)} in rows of {before};"
            f" in rows of {now} it is {_counted_out(o, now)}."
        )

    def _at(self, name: str, window: int) -> str:
        return cell(name, window, self.indices.shape)

    def _all(self, name: str, windows: list[int]) -> str:
        return ", ".join(self._at(name, window) for window in windows)


def _groups(keys: np.ndarray, members: np.ndarray) -> dict[int, list[int]]:
    """key -> its members, in order."""
    groups = {}
    for key, member in zip(keys.tolist(), members.tolist(), strict=True):
        groups.setdefault(key, []).append(member)
    return groups


def _counted_out(place: int, width: int) -> str:
    """1·4 + 0 = 4"""
    return f"{place // width}·{width} + {place % width} = {place}"
