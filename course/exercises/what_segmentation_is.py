"""Exercises of notebook 01."""

import io
from itertools import product

import numpy as np
from PIL import Image

from segviz.classroom import check, check_value, exercise, quiz
from segviz.data.palettes import voc_colours


@exercise("01.1")
def which_answer(choice):
    """Cells that touch: their number, and the size of each."""
    return quiz(
        choice,
        "Which answer is enough to know how many cells there are and how large each of them is?",
        [
            "classification of the image",
            "detection: a box for every cell",
            "semantic segmentation",
            "instance segmentation",
        ],
        right="d",
        reasons={
            "a": "One class for the image says neither how many nor how large.",
            "b": "Boxes can be counted, but a box is not a size: a round cell fills about three"
            " quarters of its box, a long one that lies askew much less.",
            "c": "Cells that touch become one region: you get their area in total, and no number.",
            "d": "There is a mask for every cell: count the masks, and add up the pixels of each.",
        },
        hints=[
            "Two questions are asked. Try each answer on two cells that touch: can you count them,"
            " and can you measure each?",
            "A box for each gives a number and no areas; one mask for all gives an area and no"
            " number. Which answer has a mask for every cell?",
        ],
    )


@exercise("01.2")
def run_lengths_by_hand(answer, mask):
    """The run lengths of a mask as COCO stores them."""
    columns = run_lengths(mask)
    return check_value(
        answer,
        columns,
        hints=[
            "Read down the first column, then down the second, as one long row of 12 pixels.",
            "The long row is 0 0 1 1 1 0 1 1 1 0 0 1. How long is each run of equal numbers?",
        ],
        mistakes={
            "These are the runs along the rows; COCO goes down the columns.": run_lengths(mask.T),
            "The first number counts zeros.": columns[1:],
            "These are the pixels themselves; count how many equal ones follow each other.": (
                mask.T.ravel().tolist()
            ),
        },
    )


def run_lengths(mask):
    """How many zeros, ones, zeros ... follow each other down the columns of a mask (H, W)."""
    pixels = mask.T.ravel()  # (W * H,)
    changes = np.flatnonzero(np.diff(pixels, prepend=0))
    return np.diff([0, *changes, pixels.size]).tolist()


@exercise("01.3")
def mended_reading(stub):
    """load_mask(path, size) for palette and grey files, larger and smaller."""
    labels = np.random.default_rng(0).choice([0, 1, 2, 4, 255], (5, 7)).astype(np.uint8)
    labels = labels.repeat(3, axis=0).repeat(3, axis=1)  # (15, 21)
    # Of three pixels the first and the middle one agree: so do all ways to take the nearest, and
    # all ways to average notice the third.
    labels[:, 2::3] = 7
    return check(
        stub,
        load_mask,
        ("grey", labels, (5, 7)),  # first: Pillow smooths no palette picture, but this one
        ("palette", labels[:, :12], (5, 4)),
        ("palette", labels[:6], (12, 63)),
        run=answer_of_reading,
        hints=[
            "One mistake each: what does convert do to the numbers? In which order does Pillow want"
            " a size? What does bilinear do to names? What are labels divided by 255?",
            "np.array(Image.open(path).resize((width, height), Image.Resampling.NEAREST)), with"
            " height, width = size.",
        ],
        mistakes=readings_with_mistakes(),
    )


def load_mask(path, size):
    """The labels of a palette or grey PNG, resized to size = (height, width)."""
    height, width = size
    stored = Image.open(path)  # converted to nothing: its numbers are the labels
    small = stored.resize((width, height), Image.Resampling.NEAREST)
    return np.array(small)  # (height, width)


def readings_with_mistakes():
    """{sentence: reading with the mistakes that it names}, for every choice of mistakes."""
    said = (
        "convert replaces labels by colours",
        "Pillow wants (width, height)",
        "bilinear mixes labels",
        "labels divided by 255 are labels no more",
    )
    readings = {}
    for made in product((False, True), repeat=len(said)):
        there = [sentence for sentence, is_there in zip(said, made, strict=True) if is_there]
        if there:
            readings[f"Still there: {'; '.join(there)}."] = spoilt_reading(*made)
    return readings


def spoilt_reading(converts, swaps, smooths, divides):
    """A `load_mask` with some of the four mistakes of the notebook's."""

    def reading(path, size):
        stored = Image.open(path)
        if converts:
            stored = stored.convert("L")
        way = Image.Resampling.BILINEAR if smooths else Image.Resampling.NEAREST
        small = np.array(stored.resize(size if swaps else size[::-1], way))
        return small / 255 if divides else small

    return reading


def answer_of_reading(function, kind, labels, size):
    """What the function reads of a PNG that holds the labels."""
    stored = Image.fromarray(labels)
    if kind == "palette":
        stored.putpalette(voc_colours(256).tobytes())
    file = io.BytesIO()
    stored.save(file, "PNG")
    file.seek(0)
    return function(file, size)
