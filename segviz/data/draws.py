"""Random whole numbers that are the same on every machine.

NumPy may change how a `Generator` turns random bits into a distribution from one version to the
next (NEP 19); what it does promise for ever is the integer stream of a seeded bit generator
(numpy.random.PCG64, "Compatibility Guarantee"). So we take that raw stream and derive everything
from it by integer arithmetic.
"""

from collections.abc import Sequence
from itertools import count

import numpy as np

BELL_SPREAD = 148
"""Standard deviation of `bell`: sqrt(4 * (256**2 - 1) / 12) = 147.8."""

_BLOCK = 128  # a scene needs about a hundred numbers, so one block usually does


class Draws:
    """An endless row of random whole numbers, fixed by `seed` and the number of the `stream`.

    Two streams of one seed have nothing to do with each other: taking more numbers from the
    first leaves the second as it was.
    """

    def __init__(self, seed: int, stream: int) -> None:
        self._bits = np.random.PCG64([stream, seed])
        self._numbers = (raw for _ in count() for raw in self._bits.random_raw(_BLOCK).tolist())

    def below(self, limit: int) -> int:
        """A whole number in [0, limit), all equally likely (to one part in 2**32)."""
        return ((next(self._numbers) >> 32) * limit) >> 32

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high], both ends included."""
        return low + self.below(high - low + 1)

    def one_of(self, choices: Sequence):
        """One of the choices, all equally likely."""
        return choices[self.below(len(choices))]

    def bell(self) -> int:
        """A number from a bell-shaped distribution around 0, with deviation `BELL_SPREAD`."""
        return sum(self.below(256) for _ in range(4)) - 510


def bytes_from(seed: int, stream: int, count: int) -> np.ndarray:
    """`count` random bytes as a uint8 array, from one stream of the seed."""
    raw = np.random.PCG64([stream, seed]).random_raw(-(-count // 8))
    return raw.astype("<u8").view(np.uint8)[:count]  # the byte order must not be the machine's


def bell_noise(seed: int, stream: int, height: int, width: int) -> np.ndarray:
    """An int16 array (height, width) of independent numbers distributed as `Draws.bell`."""
    # (4, H, W): four bytes for every pixel, added
    dice = bytes_from(seed, stream, 4 * height * width).reshape(4, height, width)
    return dice.sum(axis=0, dtype=np.int16) - np.int16(510)
