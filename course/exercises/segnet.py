"""Exercises of notebook 09."""

import torch
from torch import nn
from torch.nn import functional as F

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.relations import MAX_POOLING, UNPOOLED_SIZE

FLOAT_BITS = 32
INDEX_BITS = 2  # enough for four places: section 3 of the paper


@exercise("09.1")
def one_in_nine(explorer):
    """Of an input of 6x6 one cell in nine is written again, and every cell was looked at once."""

    def sparse(settings):
        window = {name: settings[name] for name in ("kernel_size", "stride", "padding")}
        if settings["input_size"] != 6:
            return f"The input has {settings['input_size']} cells on an axis; wanted 6."
        if window["kernel_size"] > window["stride"]:
            return "The windows overlap: some cells are looked at twice."
        pooled = MAX_POOLING.size(input_size=6, **window)
        if window["padding"] or UNPOOLED_SIZE(pooled_size=pooled, **window) != 6:
            return "The windows do not cover the 6 cells exactly: some are left out, or padded."
        return 3 * pooled == 6 or f"{pooled} of 6 cells are kept on an axis; wanted 2."

    return goal(
        explorer,
        sparse,
        for_example={"input_size": 6, "kernel_size": 3, "stride": 3},
        hints=[
            "Each window writes one cell. How many cells must a window have, so that one in nine"
            " is written?",
            "Windows of 3×3 that lie side by side: kernel and stride are both 3.",
        ],
    )


@exercise("09.2")
def bits_by_hand(answer):
    """Bits to keep of a map of 16x60x44: SegNet's indices, a UNet's skip, and their ratio."""
    before = torch.empty(1, 16, 60, 44, device="meta")  # shapes only, no numbers
    indices = F.max_pool2d(before, 2, return_indices=True)[1]  # (1, 16, 30, 22)
    kept, skip = INDEX_BITS * indices.numel(), FLOAT_BITS * before.numel()
    return check_value(
        answer,
        [kept, skip, skip // kept],
        hints=[
            "There is one index for each cell of the pooled map, and the skip is the map before"
            " the pooling.",
            "16 · 30 · 22 · 2 bits, and 16 · 60 · 44 · 32 bits.",
        ],
        mistakes={
            "There is an index for each window, not for each cell before the pooling.": [
                INDEX_BITS * before.numel(),
                skip,
                FLOAT_BITS // INDEX_BITS,
            ],
            "The skip is the map before the pooling: it has four times as many cells.": [
                kept,
                FLOAT_BITS * indices.numel(),
                FLOAT_BITS // INDEX_BITS,
            ],
            "These are bytes; a byte has 8 bits.": [kept // 8, skip // 8, skip // kept],
            "Each channel has maxima of its own: there are 16 times as many.": [
                kept // 16,
                skip // 16,
                skip // kept,
            ],
        },
    )


def decoder_step(x, poolings, convolution):
    """The values of x go back to where the last pooling found its maxima, then a convolution."""
    indices, size = poolings[-1]
    return convolution(F.max_unpool2d(x, indices, 2, output_size=size))


@exercise("09.3")
def step_of_the_decoder(stub):
    """decoder_step(x, poolings, convolution) -> (N, C, rows and columns before the pooling)"""

    def doubled(x, poolings, convolution):
        size = 2 * x.shape[-2], 2 * x.shape[-1]
        return convolution(F.max_unpool2d(x, poolings[-1][0], 2, output_size=size))

    def of_another_level(x, poolings, convolution):
        return decoder_step(x, poolings[:1], convolution)

    def interpolated(x, poolings, convolution):
        return convolution(F.interpolate(x, size=tuple(poolings[-1][1]), mode="bilinear"))

    def repeated(x, poolings, convolution):
        return convolution(F.interpolate(x, size=tuple(poolings[-1][1])))

    def convolution_first(x, poolings, convolution):
        return decoder_step(convolution(x), poolings, nn.Identity())

    def no_convolution(x, poolings, convolution):
        return decoder_step(x, poolings, nn.Identity())

    bilinear = "interpolate asks nobody where the maxima were; max_unpool2d takes the indices."
    return check(
        stub,
        decoder_step,
        _case((6, 10)),
        _case((6, 10), (5, 9)),
        hints=[
            "The list runs from fine to coarse, so the last pooling is the first to be undone. It"
            " is a pair: the indices, and the size before the pooling.",
            "indices, size = poolings[-1]; then F.max_unpool2d(x, indices, 2, output_size=size),"
            " and the convolution of that.",
        ],
        mistakes={
            "Doubling gives an even size always; the size before the pooling is in the list.": (
                doubled
            ),
            "These are the indices of another level: the last pooling is undone first.": (
                of_another_level
            ),
            bilinear: interpolated,
            f"Repeated values lie on all four cells. {bilinear}": repeated,
            "First unpool, then the convolution: it is there to fill the gaps.": convolution_first,
            "The gaps are still there: the convolution is missing.": no_convolution,
        },
    )


def _case(*sizes):
    """A map of 3x5 cells, two channels, poolings that all lead to 3x5, and a convolution."""
    drawn = torch.Generator().manual_seed(len(sizes))

    def random(*shape):
        return torch.randn(shape, generator=drawn, dtype=torch.float64)

    poolings = [
        (F.max_pool2d(random(1, 2, *size), 2, ceil_mode=True, return_indices=True)[1], size)
        for size in sizes
    ]
    convolution = nn.Conv2d(2, 2, 3, padding="same", bias=False, dtype=torch.float64)
    convolution.weight = nn.Parameter(random(2, 2, 3, 3), requires_grad=False)
    return random(1, 2, 3, 5), poolings, convolution


@exercise("09.4")
def what_indices_tell(answer):
    """What of a brighter map reaches the decoder through the indices."""
    return quiz(
        answer,
        "Every value of a map is doubled before it is pooled. What happens to the indices?",
        [
            "they are doubled too",
            "nothing: they stay as they are",
            "they move towards the brightest edges",
        ],
        right="b",
        reasons={
            "a": "An index is the number of a place. Doubled, it would name another place.",
            "b": "The largest of four stays the largest. Indices tell where it stood; a skip of a"
            " UNet would be doubled, for it tells how much as well.",
            "c": "Every window has its own maximum, and the order within a window has not changed.",
        },
        hints=[
            "Take one window, say 1, 7, 8, 2. Which of them is the largest, before and after?",
            "Try it in the explorer at the top: make every number of a window twice as large.",
        ],
    )
