"""The answers of `segviz.explainers.tasks` that say something of every pixel."""

from functools import lru_cache

import numpy as np

from segviz.explainers.example_scene import CLASSES
from segviz.explainers.layout import by
from segviz.explainers.overlay import Overlay, tints
from segviz.explainers.tasks_told import (
    BLOCK,
    LEFT,
    NAMES,
    TOP,
    WIDTH,
    Ties,
    Told,
    row_names,
    table,
    truth,
)
from segviz.relations import NOTHING, Relation, areas, regions
from segviz.scenes import Board, Label, address

MAGNIFIED = np.s_[62:70, 102:118]  # rows and columns of pixels where two balls touch


@lru_cache(maxsize=1)
def instances() -> Told:
    count, roles = len(truth().labels), truth().thing_roles
    names = [truth().named(thing) for thing in range(count)]
    overlay = Overlay(*truth().mask.shape)
    overlay.areas(truth().things, roles, 0.8)
    overlay.outlines(truth().things)
    overlay.box(_magnified_box(), "class-0")
    for thing, name in enumerate(names):
        overlay.tag(name, roles[thing], *_inside(thing))
    parts = regions(truth().things, count, BLOCK)
    width = (WIDTH - NAMES) / count
    sentences = tuple(
        f"{name}: a mask of its own, {by(truth().mask.shape)} pixels that are in or out;"
        f" {area:,} are in."
        for name, area in zip(names, truth().areas, strict=True)
    )
    return Told(
        heading="Instance segmentation: a mask for every thing",
        says="It says: which pixels belong to each thing; things of one class stay apart.",
        leaves_open="It leaves open: what the background is.",
        size=f"{count} things · (1 class + {'·'.join(map(str, truth().mask.shape))} pixels)",
        call=f"things == torch.arange({count})[:, None, None]",
        ties=_pixel_ties(parts, truth().things),
        overlay=overlay,
        picture_says=_of_pixels(parts, names, "no thing"),
        masks=_mask_board(
            _small_masks(), np.arange(count)[None], sentences, LEFT + NAMES, (width, width)
        ),
        table=table(
            [names, [f"{area:,}" for area in truth().areas]],
            [sentences, sentences],
            [roles, ["output"] * count],
            LEFT + NAMES,
            TOP + width,
            (width, 24),
            np.tile(np.arange(count), 2),
        ),
        magnified=_magnified(
            "which thing each pixel shows, 0 for none",
            truth().things + 1,
            ["zero", *roles],
            lambda row, column, number: (
                f"things[{row}, {column}] = {number}: "
                + (f"it belongs to {names[number - 1]}." if number else "it belongs to no thing.")
            ),
        ),
        labels=(
            *row_names(["mask"], TOP, width),
            *row_names(["class", "pixels"], TOP + width, 24),
            *_beside_magnified("1 and 3 are balls.", "They touch, and yet", "they stay two."),
        ),
    )


@lru_cache(maxsize=1)
def semantic() -> Told:
    count, mask = len(CLASSES), truth().mask
    roles = [f"class-{label}" for label in range(count)]
    overlay = Overlay(*mask.shape)
    overlay.areas(mask, roles, 0.8)
    overlay.outlines(mask)
    overlay.box(_magnified_box(), "class-0")
    parts = regions(mask, count, BLOCK)
    amounts = [f"{area:,}" for area in areas(parts)]
    sentences = tuple(
        f"label {label}, {name}: {amount} pixels."
        + (" This class is not in the picture." if amount == "0" else "")
        for label, (name, amount) in enumerate(zip(CLASSES, amounts, strict=True))
    )
    return Told(
        heading="Semantic segmentation: one class for every pixel",
        says="It says: the class of each pixel, the background's too.",
        leaves_open="It leaves open: how many things there are; balls that touch are one region.",
        size=f"{'·'.join(map(str, mask.shape))} pixels · 1 class",
        call="(labels[:, None, None] * masks).sum(0)",
        ties=_pixel_ties(parts, mask),
        overlay=overlay,
        picture_says=_of_pixels(parts, CLASSES),
        masks=_mask_board(
            tints(roles)[mask],
            np.array([[NOTHING]]),
            (f"One mask for all: {by(mask.shape)} pixels, each with the number of a class.",),
            LEFT,
            (120, 120),
        ),
        table=table(
            [
                (f"{k} {name}", text)
                for k, (name, text) in enumerate(zip(CLASSES, amounts, strict=True))
            ],
            [[sentence] * 2 for sentence in sentences],
            [[role] * 2 for role in roles],
            LEFT + 120 + 24,
            TOP,
            (124, 120 / count),
            np.arange(count).repeat(2),
        ),
        magnified=_magnified(
            "which class each pixel shows",
            mask,
            roles,
            lambda row, column, number: f"mask[{row}, {column}] = {number}, {CLASSES[number]}.",
        ),
        labels=_beside_magnified("Two balls touch,", "and all is 1: it is", "one region."),
    )


def _inside(thing: int) -> list[tuple[int, int]]:
    """Where the tag of a thing may begin, (row, column): on the thing, first where the tag hides
    little of others."""
    things = truth().things
    row, column = np.nonzero(things == thing)
    along = len(row) * np.array([4, 3, 5, 2, 6, 1, 7, 0]) // 8  # from its middle outwards
    places = [
        (r - 2, c - 7) for r, c in zip(row[along].tolist(), column[along].tolist(), strict=True)
    ]

    def hidden(place):
        r, c = (max(0, start) for start in place)
        under = things[r : r + 6, c : c + 14]
        return ((under != thing) & (under != NOTHING)).sum()

    return sorted(places, key=hidden)


def _pixel_ties(parts: Relation, numbers: np.ndarray) -> Ties:
    """Each cell belongs to the regions that have pixels in it; the magnified pixels besides to the
    cell around them."""
    ties = Ties()
    ties.add(parts.column("input"), parts.column("output"))
    row, column = np.mgrid[MAGNIFIED]
    around = truth().cells[row // BLOCK, column // BLOCK].ravel()
    ties.add(around, numbers[MAGNIFIED].ravel(), (row * numbers.shape[1] + column).ravel())
    return ties


def _of_pixels(parts: Relation, names, nothing: str = "") -> tuple[str, ...]:
    """For every cell of the picture, how many of its pixels belong to which region."""
    told = [[] for _ in range(truth().cells.size)]
    rest = np.full(len(told), BLOCK**2)
    pixels = parts.weight().astype(int)
    for cell, region, count in zip(
        parts.column("input"), parts.column("output"), pixels, strict=True
    ):
        told[cell].append(f"{count} of {names[region]}")
        rest[cell] -= count
    for cell in np.flatnonzero(rest):
        told[cell].append(f"{rest[cell]} of {nothing}")
    return tuple(f"These {by((BLOCK, BLOCK))} pixels: {', '.join(each)}." for each in told)


def _mask_board(pixels, entries, says, left, cell) -> Board:
    """Masks as small pictures in a row."""
    return Board(
        "masks",
        "",
        np.zeros(entries.shape),
        {"entry": entries},
        "glass",
        (left, TOP),
        cell,
        says,
        image=address(pixels),
        figures=False,
    )


def _small_masks() -> np.ndarray:
    """All masks side by side at half their size, in colours on white; a pixel that is half in is
    half as strong. uint8 (rows / 2, things * columns / 2, 3)."""
    count, rows, columns = truth().masks.shape
    share = truth().masks.reshape(count, rows // 2, 2, columns // 2, 2).mean((2, 4))[..., None]
    colours = 0.8 * tints(truth().thing_roles)[:, None, None].astype(float)  # seen on white
    pixels = (255 + (colours - 255) * share).round().astype(np.uint8)
    pixels[:, :, [0, -1]] = pixels[:, [0, -1]] = tints(["cut"])[0] // 5 * 4  # a frame for each
    return np.concatenate(list(pixels), axis=1)


def _beside_magnified(*lines: str) -> tuple[Label, ...]:
    return tuple(
        Label(line, LEFT + 24 * 16 + 14, 279 + 20 * place, "title")
        for place, line in enumerate(lines)
    )


def _magnified_box() -> tuple[int, int, int, int]:
    rows, columns = MAGNIFIED
    return columns.start, rows.start, columns.stop - 1, rows.stop - 1


def _magnified(title: str, numbers: np.ndarray, roles: list[str], said) -> Board:
    """A piece of the picture so large that each pixel's number can be read. roles: of the numbers;
    said(row, column, number) is a sentence."""
    row, column = np.mgrid[MAGNIFIED]
    piece = numbers[MAGNIFIED]
    return Board(
        "magnified",
        f"in the white frame: {title}",
        piece.astype(float),
        {"pixel": row * numbers.shape[1] + column},
        np.array(roles, object)[piece],
        (LEFT, 264),
        (24, 18),
        tuple(map(said, row.flat, column.flat, piece.flat)),
    )
