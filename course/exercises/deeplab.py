"""Exercises of notebook 12."""

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.models import atrous_conv, separable_conv
from segviz.relations import pyramid, same_padding, taps_on_map


@exercise("12.1")
def only_the_middle_is_left(explorer):
    """On the map of 16x16 cells the branch of the largest rate reads its middle tap alone."""

    def middle_alone(settings):
        size = max(map(int, settings["feature_map"].split("x")))
        if settings["feature_map"] != "16x16":
            return f"The map is {settings['feature_map']}; choose 16x16."
        taps = taps_on_map(pyramid(size, [3 * settings["rate"]]), 1, "output")
        return bool(taps.max() == 1) or (
            f"At rate {3 * settings['rate']} there are outputs with {taps.max()} taps on the map."
        )

    return goal(
        explorer,
        middle_alone,
        for_example={"feature_map": "16x16", "rate": 6},
        hints=[
            "The last branch has rate 3r. A tap that is as far from the middle as the map is wide"
            " always falls into the padding.",
            "3r must be at least 16, so r is 6 or more.",
        ],
    )


@exercise("12.2")
def padding_that_keeps_the_size(stub):
    """padding(kernel_size, rate) -> zeros at each end of an axis, for odd kernels"""

    return check(
        stub,
        padding_at_each_end,
        (3, 1),
        (3, 6),
        (5, 3),
        (1, 4),
        hints=[
            "The taps of a kernel of 3 at rate r span 2r + 1 cells. How far do they reach beyond"
            " the cell in their middle?",
            "A kernel of k has (k − 1) steps of length rate, half of them on each side: rate *"
            " (kernel_size - 1) // 2.",
        ],
        mistakes={
            "That is right for rate 1 only: at rate r the taps lie r cells apart.": (
                lambda kernel_size, rate: padding_at_each_end(kernel_size, 1)
            ),
            "That is the zeros of both ends together; half of them belong to each.": (
                lambda kernel_size, rate: 2 * padding_at_each_end(kernel_size, rate)
            ),
            "The rate alone is right for a kernel of 3 only.": lambda kernel_size, rate: rate,
        },
    )


def padding_at_each_end(kernel_size, rate):
    return same_padding(kernel_size, rate)[0]


@exercise("12.4")
def weights_by_hand(answer):
    """Weights of a 3x3 convolution from 96 to 32 channels: dense, and depthwise separable."""
    dense, separable = (
        sum(weight.numel() for weight in layer(96, 32).parameters() if weight.ndim == 4)
        for layer in (atrous_conv, separable_conv)
    )
    return check_value(
        answer,
        [dense, separable],
        hints=[
            "Dense: a 3x3 kernel for each pair of an input and an output channel. Separable: one"
            " 3x3 kernel for each input channel, and then a single weight for each pair.",
            "9 · 96 · 32, and 9 · 96 + 96 · 32.",
        ],
        mistakes={
            "The two steps come one after the other: their weights add up.": [
                dense,
                9 * 96 * 96 * 32,
            ],
            "The depthwise step alone mixes no channels; the 1x1 after it has weights too.": [
                dense,
                9 * 96,
            ],
            "The depthwise step has a kernel for each input channel, and there are 96.": [
                dense,
                9 * 32 + 96 * 32,
            ],
        },
    )


@exercise("12.3")
def why_reduce_the_fine_map(answer):
    """Why the decoder makes few channels of the fine map before it joins them."""
    return quiz(
        answer,
        "The backbone's fine map is reduced to few channels before it is joined with the answer of"
        " ASPP. Why?",
        [
            "torch.cat needs the same number of channels on both sides",
            "it would otherwise have more to say than the map that knows what things are",
            "to make it as small as the coarse map",
        ],
        right="b",
        reasons={
            "a": "Concatenation along the channels needs equal height and width; the numbers of"
            " channels may differ, and do here.",
            "b": "256 channels of edges beside 256 of meaning make it harder to learn; table 1 of"
            " the paper finds 48 best on a ResNet.",
            "c": "A 1×1 convolution changes the channels and leaves height and width alone. It is"
            " the coarse map that is enlarged.",
        },
        hints=[
            "Which of the two maps knows classes, and which only knows edges?",
            "The reduction is a 1×1 convolution: it changes nothing but the channels.",
        ],
    )
