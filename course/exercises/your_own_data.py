"""Exercises of notebook 14."""

import tempfile
from pathlib import Path

import torch
from torch import nn

from segviz import data
from segviz.classroom import check, check_value, exercise, quiz
from segviz.training import sliding_logits

from . import mishaps

CLASSES = mishaps.Photographs.classes
SIZE = (96, 128)


def opened(root):
    return data.Folder(root, CLASSES, void=(mishaps.VOID,), image_size=SIZE, mask_size=SIZE)


@exercise("14.1")
def folder_as_it_is_meant(stub):
    """open_folder(root) -> a Folder about which `check` has nothing to say."""

    def turned(root):
        size = SIZE[::-1]
        return data.Folder(root, CLASSES, void=(mishaps.VOID,), image_size=size, mask_size=size)

    def small_masks(root):
        return data.Folder(root, CLASSES, void=(mishaps.VOID,), image_size=SIZE)

    def exchanged(root):
        names = CLASSES[:1] + CLASSES[:0:-1]
        return data.Folder(root, names, void=(mishaps.VOID,), image_size=SIZE, mask_size=SIZE)

    def outlines_as_a_class(root):
        names = (*CLASSES, *(f"class {label}" for label in range(len(CLASSES), mishaps.VOID + 1)))
        return data.Folder(root, names, image_size=SIZE, mask_size=SIZE)

    return check(
        stub,
        opened,
        (400,),
        (410,),
        run=items_of,
        hints=[
            "Three things are in the way: a label without a name, a label that means no class, and"
            " two sizes. Each is an argument of data.Folder; mend one, and check again.",
            'data.Folder(root, ("background", "toy", "cat"), void=(11,), image_size=(96, 128),'
            " mask_size=(96, 128))",
        ],
        mistakes={
            "Height comes first: image_size and mask_size are (96, 128).": turned,
            "The masks keep their own sizes; give mask_size too.": small_masks,
            "The names stand in the order of the labels: 1 is the toy, 2 the cat.": exchanged,
            "The outlines have become a class, which the network would learn; they are void.": (
                outlines_as_a_class
            ),
        },
    )


def items_of(function, first_seed):
    """A row for every item: image height and width, mask height and width, and the pixels of
    background, toy, cat, and void: int (6, 8)."""
    with tempfile.TemporaryDirectory() as shelf:
        folder = function(mishaps.write_as_another_tool(Path(shelf) / "photos", first_seed))
        if folder is None or folder is ...:
            return folder
        rows = []
        for image, mask in folder:
            named = {name: (mask == label).sum() for label, name in enumerate(folder.classes)}
            counts = [int(named.get(name, 0)) for name in CLASSES]
            void = int((mask == folder.ignore_index).sum())
            rows.append([*image.shape[1:], *mask.shape, *counts, void])
    return rows


@exercise("14.2")
def what_the_backbone_rate_does(answer):
    return quiz(
        answer,
        "Your network has a pretrained backbone and a head that was drawn at random. What does"
        " backbone_rate=0.1 do, and what for?",
        [
            "The backbone's steps are a tenth as long: it adapts, but does not lose what it knows"
            " to the wild gradients of a head that knows nothing yet.",
            "The backbone is frozen, and only the head learns: nothing can be lost.",
            "A tenth of the backbone's layers learn, those next to the head.",
            "The head learns at a tenth of the learning rate, since it has fewer weights.",
        ],
        right="a",
        reasons={
            "a": "Both learn all the time, at two rates. In the first steps the head's errors are"
            " large and say little about the backbone; long steps would follow them all the same.",
            "b": "That would be a rate of 0. It is the safe choice with very few pictures, but the"
            " backbone then never gets to know yours.",
            "c": "It is a factor for the learning rate, the same for each of the backbone's"
            " layers.",
            "d": "The other way round: the head has everything to learn and takes the full"
            " learning rate.",
        },
        hints=[
            "The optimizer has two groups of weights. Look at the two rates in the table above the"
            " question.",
            "Who has something to lose, and who has everything to learn?",
        ],
    )


BATCH, CAPACITY, FIXED, PER_IMAGE = 16, 12.0, 3.0, 1.5  # images, and gigabytes


@exercise("14.3")
def parts_by_hand(answer):
    """The smallest `accumulate` with which a batch fits."""

    def fits(parts):
        most = max(len(part) for part in torch.arange(BATCH).tensor_split(parts))
        return FIXED + PER_IMAGE * most <= CAPACITY

    return check_value(
        answer,
        next(parts for parts in range(1, BATCH + 1) if fits(parts)),
        hints=[
            "What is left for images when the network has taken its share? How many images is"
            " that?",
            "(12 − 3) / 1.5 = 6 images fit at once. Into how many parts must 16 images be divided,"
            " so that none has more than 6?",
        ],
        mistakes={
            "Two parts of 8 images take 3 + 8 · 1.5 = 15 GB. The network needs its share beside"
            " every part, and what does not fit is rounded up to a further part.": 2,
            "It fits, but with more parts than it needs, and every part costs time.": 4,
            "So many images fit at once; asked is the number of parts.": 6,
            "One image at a time fits, but it is the slowest way, and batch norm then sees one"
            " image at a time.": BATCH,
        },
    )


PHOTOGRAPH, WINDOW = (1500, 2000), 512  # pixels


class _Counting(nn.Module):
    """Answers 0 for every pixel, and counts how often it was asked."""

    asked = 0

    def forward(self, images):
        self.asked += 1
        return images[:, :1]  # (N, 1, h, w)


def _windows_along(length):
    network = _Counting()
    strip = torch.zeros(1, 3, WINDOW, length, dtype=torch.uint8)
    sliding_logits(network, strip, (WINDOW, WINDOW), overlap=0.5)
    return network.asked


@exercise("14.4")
def windows_by_hand(answer):
    """Windows along the height and along the width."""
    rows, columns = (_windows_along(length) for length in PHOTOGRAPH)
    return check_value(
        answer,
        [rows, columns],
        hints=[
            "The first window begins at pixel 0. How far is it from there to the place where the"
            " last one begins, and how long may a step be at most?",
            "Height: from 0 to 1500 − 512 = 988 in steps of at most 256: four steps, five windows.",
        ],
        mistakes={
            "One too few: there is a window at both ends of every step, and a step that is left"
            " over counts as one.": [rows - 1, columns - 1],
            "Height comes first.": [columns, rows],
            "That is without overlap: a step may be half a window at most.": [3, 4],
        },
    )
