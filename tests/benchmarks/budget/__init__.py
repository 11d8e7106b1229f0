"""As many epochs as a span of time has room for, on whatever machine the benchmark runs."""

from collections.abc import Callable, Sequence

#: Epochs differ in length; this share of the span is planned for.
PLANNED = 0.96


def epochs_within(seconds: float, train: Callable[[int], Sequence[float]]) -> int:
    """How many epochs of training fit into `seconds`.

    `train(epochs)` trains a network that is thrown away, and returns each epoch's seconds. The
    first of two epochs warms the machine up and the second is measured.
    """
    _, measured = train(2)
    return max(1, int(PLANNED * seconds / measured))
