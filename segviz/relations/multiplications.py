"""How many multiplications a network of convolutions takes: its taps, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from segviz.relations.taps import convolution


@dataclass(frozen=True)
class ConvolutionLayer:
    """A convolution without padding; a dense layer is one whose kernel is as large as its input.

    kernel_size, stride: integers or pairs (rows, columns).
    """

    kernel_size: int | tuple[int, int]
    channels_in: int
    channels_out: int
    stride: int | tuple[int, int] = 1


@dataclass(frozen=True)
class Work:
    """What a layer does: output_size (rows, columns), and its multiplications."""

    output_size: tuple[int, int]
    multiplications: int


def work_of(input_size, layers: Sequence[ConvolutionLayer]) -> list[Work]:
    """What each layer does to an input of input_size, an integer or (rows, columns).

    Every tap multiplies once for every pair of an input and an output channel. ValueError, in a
    sentence, where a kernel does not fit into its input.
    """
    done, size = [], input_size
    for layer in layers:
        taps = convolution(size, layer.kernel_size, stride=layer.stride)
        size = taps.sizes["output"]
        done.append(Work(size, len(taps) * layer.channels_in * layer.channels_out))
    return done
