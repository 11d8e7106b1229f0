"""Exercises of notebook 03."""

import numpy as np
import torch
import torch.nn.functional as F

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.explainers.max_unpooling import LEFT_OUT
from segviz.relations import MAX_POOLING, UNPOOLED_SIZE, bilinear, nearest

ROW = np.array([[4, 8, 0]])


@exercise("03.1")
def row_by_hand(answer):
    """The row [4, 8, 0], enlarged bilinearly by 2."""
    small, large = ROW.shape, (1, 2 * ROW.size)
    return check_value(
        answer,
        bilinear(small, large).apply(ROW)[0],
        hints=[
            "Output o lies at (o + 0.5) / 2 − 0.5: at −0.25, which is before the first middle, so"
            " it is read at 0; then at 0.25, 0.75, 1.25, 1.75, and 2.25, read at 2.",
            "At 0.25: three quarters of 4 and one quarter of 8.",
        ],
        mistakes={
            "These are the values for align_corners=True: here a step is 1/2, not 2/5.": (
                bilinear(small, large, align_corners=True).apply(ROW)[0]
            ),
            "Output o is read at o / 2 here. A cell has its value in the middle, so it is"
            " (o + 0.5) / 2 − 0.5.": [4, 6, 8, 4, 0, 0],
            "This is nearest neighbour: every value repeated.": nearest(small, large).apply(ROW)[0],
            "Beyond the border there is no zero: the outermost value itself is taken.": (
                [3, 5, 7, 6, 2, 0]
            ),
            "The two weights are exchanged: at 0.25 input 0 is the nearer one.": [4, 7, 5, 2, 6, 0],
        },
    )


@exercise("03.2")
def order(answer):
    """From coarse logits to a mask."""
    return quiz(
        answer,
        "A network gives logits of 1×21×32×32 for an image of 512×512, and you want a mask of"
        " 512×512. What first, what then?",
        [
            "argmax over the classes, then bilinear to 512×512, then round",
            "argmax over the classes, then bed of nails to 512×512",
            "bilinear to 512×512, then argmax over the classes",
            "argmax over the classes, then nearest to 512×512",
        ],
        right="c",
        reasons={
            "a": "Between labels 3 and 7 this paints 4, 5 and 6: classes that nobody predicted.",
            "b": "A nail keeps one pixel of each block; all others become class 0.",
            "c": "Logits are amounts, so they have something in between, and how sure each cell is"
            " decides where the boundary runs.",
            "d": "No class is invented, but the boundary can only run along blocks of 16 pixels:"
            " how sure each cell was has been thrown away by argmax.",
        },
        hints=[
            "Which of the two, labels or logits, may be mixed?",
            "Enlarge while the numbers are still amounts; name the class at the very end.",
        ],
    )


def pool_and_back(image):
    """The maxima of 2×2 windows where they stood, zeros elsewhere, as large as the image."""
    pooled, indices = F.max_pool2d(image, 2, return_indices=True)
    return F.max_unpool2d(pooled, indices, 2, output_size=image.shape[-2:])


@exercise("03.3")
def odd_sizes(stub):
    """pool_and_back(image) for images with an odd number of rows or columns."""

    def padded_afterwards(image):
        rows, columns = image.shape[-2:]
        pooled, indices = F.max_pool2d(image, 2, return_indices=True)
        size = 2 * pooled.shape[-2], 2 * pooled.shape[-1]
        unpooled = F.max_unpool2d(pooled, indices, 2, output_size=size)
        return F.pad(unpooled, (0, columns - size[1], 0, rows - size[0]))

    def without_size(image):
        pooled, indices = F.max_pool2d(image, 2, return_indices=True)
        return F.max_unpool2d(pooled, indices, 2)

    def cut_windows_too(image):
        pooled, indices = F.max_pool2d(image, 2, ceil_mode=True, return_indices=True)
        return F.max_unpool2d(pooled, indices, 2, output_size=image.shape[-2:])

    return check(
        stub,
        pool_and_back,
        (_one_channel([[1, 7, 3, 6, 2], [8, 2, 4, 1, 5], [0, 3, 1, 2, 4]]),),
        (_one_channel([[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7], [9, 3, 2, 3, 8, 4, 6]]),),
        (_one_channel([[2, 7, 1, 8], [2, 8, 1, 8]]),),
        hints=[
            "How large is what comes back from an image of 3×5? The indices count through rows of"
            " 5; are they read in rows of 5 as well?",
            "max_unpool2d takes output_size: image.shape[-2:].",
        ],
        mistakes={
            "This still writes into an even number of rows and columns.": (without_size),
            "The zeros are added after unpooling, but the indices count through the rows of the"
            " whole image: its size has to be known before.": padded_afterwards,
            "ceil_mode pools the windows that the border cuts, too. Here only whole windows count;"
            " what is over stays 0.": cut_windows_too,
        },
    )


def _one_channel(rows) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)[None, None]  # (1, 1, H, W)


@exercise("03.4")
def way_back(unpooling):
    """An input of 5×5 that is unpooled to 5×5 although nobody says so."""

    def fits(settings):
        window = {name: settings[name] for name in ("kernel_size", "stride", "padding")}
        if settings["output_size"] != LEFT_OUT:
            return "The output has the input's size because it was told so: leave output_size out."
        if settings["input_size"] != 5:
            return f"The input has {settings['input_size']} cells on an axis; wanted 5."
        if min(window["kernel_size"], window["stride"]) < 2:
            return "Kernel and stride are to be larger than 1."
        pooled = MAX_POOLING.size(input_size=5, **window)
        back = UNPOOLED_SIZE(pooled_size=pooled, **window)
        return back == 5 or f"5 cells are pooled to {pooled}, and come back as {back}."

    return goal(
        unpooling,
        fits,
        for_example={"input_size": 5, "kernel_size": 3, "stride": 2, "output_size": LEFT_OUT},
        hints=[
            "The way back is exact where the windows end just at the border, with no cell left"
            " over.",
            "Kernel 2 and stride 2 cover 4 of the 5 cells. Which windows cover 5? Two of 3 cells"
            " that overlap in one, for example.",
        ],
    )
