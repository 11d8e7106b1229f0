"""As many epochs as a span of time has room for, on whatever machine the benchmark runs."""

from collections.abc import Callable, Sequence

#: Most epochs take longer than the shortest; this share of the span is planned for.
PLANNED = 0.86


def epochs_within(seconds: float, train: Callable[[int], Sequence[float]]) -> int:
    """How many epochs of training fit into `seconds`; 0 if there can be none.

    `train(epochs)` trains a network that is thrown away, and returns each epoch's seconds, or
    nothing if that failed. The shortest of three is taken: the first warms the machine up, and
    interruptions only lengthen.
    """
    taken = train(3)
    return max(1, int(PLANNED * seconds / min(taken))) if taken else 0
