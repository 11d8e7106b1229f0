"""Exercises of notebook 08."""

import torch
from torch import nn
from torch.nn import functional as F

from segviz.classroom import check, check_value, exercise
from segviz.models import DecoderBlock, DoubleConv, UNet, fit_to


@exercise("08.1")
def double_convolution(stub):
    """double_conv(in_channels, out_channels) -> a module that keeps height and width."""

    def convolution(a, b):
        return nn.Conv2d(a, b, kernel_size=3, padding=1)

    def twice(step):
        return lambda a, b: nn.Sequential(*step(a, b), *step(b, b))

    def valid(a, b):
        return nn.Conv2d(a, b, kernel_size=3), nn.BatchNorm2d(b), nn.ReLU()

    return check(
        stub,
        DoubleConv,
        (3, 4, 6, 9),
        (2, 5, 7, 5),
        run=answer_of_layers,
        hints=[
            "nn.Sequential takes six layers, one after another: convolution, batch norm, ReLU, and"
            " the same again. A 3x3 convolution keeps the size with padding=1.",
            "nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),"
            " nn.BatchNorm2d(out_channels), nn.ReLU(), and then three more, from out_channels to"
            " out_channels.",
        ],
        mistakes={
            "Without padding every 3x3 convolution takes a row and a column from each side: "
            "padding=1 keeps them.": twice(valid),
            "This is one convolution; there are two.": (
                lambda a, b: nn.Sequential(convolution(a, b), nn.BatchNorm2d(b), nn.ReLU())
            ),
            "There is no batch normalisation between convolution and ReLU.": (
                twice(lambda a, b: (convolution(a, b), nn.ReLU()))
            ),
            "There is no ReLU: without it two convolutions are no more than one.": (
                twice(lambda a, b: (convolution(a, b), nn.BatchNorm2d(b)))
            ),
            "Batch normalisation comes before the ReLU, not after it.": (
                twice(lambda a, b: (convolution(a, b), nn.ReLU(), nn.BatchNorm2d(b)))
            ),
        },
    )


def answer_of_layers(function, in_channels, out_channels, height, width):
    """What the module makes of two images, with weights that are the same whoever built it."""
    layers = function(in_channels, out_channels)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in layers.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=draw))
                if layer.bias is not None:
                    layer.bias.zero_()
        return layers(torch.randn(2, in_channels, height, width, generator=draw))


@exercise("08.2")
def join_with_the_skip(stub):
    """join(block, x, skip) for maps that fit, that are too small, and that are too large."""

    return check(
        stub,
        DecoderBlock.join,
        ((3, 5), (6, 10)),
        ((3, 5), (7, 10)),
        ((3, 5), (6, 11)),
        ((4, 2), (9, 5)),
        ((4, 3), (7, 5)),
        run=answer_of_join,
        hints=[
            "After x = block.up(x), skip.shape[-2:] is the size you want and x.shape[-2:] the one"
            " you have. F.pad(x, (left, right, top, bottom)) adds zeros, and crops where a number"
            " is negative. Channels are axis 1.",
            "rows = skip.shape[-2] - x.shape[-2], columns likewise; F.pad(x, (0, columns, 0,"
            " rows)); torch.cat([skip, x], dim=1).",
        ],
        mistakes={
            "The maps lie beside each other now: channels are axis 1, so dim=1.": (
                lambda block, x, skip: torch.cat([skip, fitted(block, x, skip)], dim=2)
            ),
            "The upsampled map comes first here; put the skip first.": (
                lambda block, x, skip: torch.cat([fitted(block, x, skip), skip], dim=1)
            ),
            "The skip is missing: this is the decoder without skips.": fitted,
            "Rows and columns were added or taken at the wrong side: the upper left pixel of x "
            "belongs on the upper left pixel of the skip.": padded_at_the_top,
            "You resized the map, which moves everything in it a little; pad or crop it instead.": (
                interpolated
            ),
            "You cropped or padded the skip. It has the size of the answer: it is x that has to "
            "fit.": cropped_skip,
        },
    )


def fitted(block, x, skip):
    return fit_to(block.up(x), skip.shape[-2:])


def padded_at_the_top(block, x, skip):
    x = block.up(x)
    rows, columns = skip.shape[-2] - x.shape[-2], skip.shape[-1] - x.shape[-1]
    return torch.cat([skip, F.pad(x, (columns, 0, rows, 0))], dim=1)


def interpolated(block, x, skip):
    return torch.cat([skip, F.interpolate(block.up(x), skip.shape[-2:])], dim=1)


def cropped_skip(block, x, skip):
    x = block.up(x)
    return torch.cat([fit_to(skip, x.shape[-2:]), x], dim=1)


def answer_of_join(function, x_size, skip_size):
    """The joined maps of a block with 4 channels below and 3 in the skip."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block = DecoderBlock(in_channels=4, skip_channels=3, out_channels=3)
        x, skip = torch.rand(1, 4, *x_size), torch.rand(1, 3, *skip_size)
    with torch.no_grad():
        return function(block, x, skip)


@exercise("08.3")
def sizes_by_hand(answer):
    """Heights and widths of a UNet's levels 1, 2, 3 and its bridge for an image of 100 x 150."""
    with torch.device("meta"):  # shapes without numbers
        maps = UNet(num_classes=2).encode(torch.empty(1, 3, 100, 150))
    return check_value(
        answer,
        [tuple(level.shape[-2:]) for level in maps[1:]],
        hints=[
            "Pooling takes 2x2 pixels at a time. A row that has no partner is left out.",
            "100, 50, 25, and then half of 25 rounded down.",
        ],
        mistakes={
            "Pooling rounds down: the odd row or column is left out.": [
                [50, 75],
                [25, 38],
                [13, 19],
                [7, 10],
            ],
            "Height comes first: an image of 100x150 has 100 rows.": [
                [75, 50],
                [37, 25],
                [18, 12],
                [9, 6],
            ],
        },
    )


@exercise("08.4")
def parameters_by_hand(answer):
    """Weights in the double convolution from 3 to 16 channels."""
    return check_value(
        answer,
        sum(parameter.numel() for parameter in DoubleConv(3, 16).parameters()),
        hints=[
            "A 3x3 kernel has 9 weights, and there is one kernel for every pair of an input channel"
            " and an output channel. Batch norm has two numbers for each channel.",
            "3·16·9 + 2·16 for the first half; the second half starts from 16 channels.",
        ],
        mistakes={
            "That leaves out batch norm: two numbers per channel, twice.": 2736,
            "These convolutions have no bias: batch norm brings one.": 2832,
            "That is the first half; the second goes from 16 to 16.": 464,
        },
    )


@exercise("08.5")
def class_that_needs_the_skips(answer, iou_with_skips, iou_without):
    """The class that lost most IoU in the two runs just made."""
    lost = {name: iou_with_skips[name] - iou_without[name] for name in iou_with_skips}
    return check_value(
        answer,
        max(lost, key=lost.get),
        hints=[
            "At the bridge one cell stands for 16x16 pixels. What is much smaller than that?",
            "Look for the largest fall in the table above.",
        ],
    )
