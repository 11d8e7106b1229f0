"""The picture of what a network gets wrong: three charts in a row, and the worst images below."""

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segviz.data import colour, picture

from .failure_measures import AREA_EDGES, DISTANCE_EDGES, bin_names
from .progress import MOST_LETTERS, shortened

if TYPE_CHECKING:  # failures.py imports this file
    from .failures import Example, Failures

#: What is shown of each example, from left to right.
PANELS = ("image", "truth", "prediction", "wrong")

_WRONG, _RIGHT, _IGNORED = (200, 30, 30), (235, 235, 235), (255, 255, 255)
_HIGHEST_PANEL = 1.4  # inches
_WIDTH = 10  # inches
_PER_ROW = 2  # examples beside each other: more make the figure higher than a laptop's screen


def failure_picture(failures: "Failures") -> Figure:
    """Draw ``failures``: each image's mIoU, errors by distance, recall by size, the worst images.

    The figure is matplotlib's own, not pyplot's: a notebook shows it where it is a cell's last
    value, and nothing is kept alive.
    """
    rows = max(1, ceil(len(failures.examples) / _PER_ROW))
    height, width = failures.examples[0].truth.shape if failures.examples else (1, 1)
    panel = min(_HIGHEST_PANEL, (_WIDTH - 0.5) / (_PER_ROW * len(PANELS)) * height / width)
    heights = [0.62 + np.clip(0.19 * len(failures.classes), 1.7, 3), rows * (panel + 0.4)]
    figure = Figure((_WIDTH, sum(heights)), layout="constrained", dpi=100)
    charts, strip = figure.subfigures(2, 1, height_ratios=heights)
    scores, distances, sizes = charts.subplots(1, 3, width_ratios=[1, 1, 1.25])
    _draw_scores(scores, failures)
    _draw_distances(distances, failures)
    _draw_sizes(sizes, failures)
    _draw_examples(strip, failures)
    return figure


def wrong_pixels(example: "Example", ignore_index: int) -> np.ndarray:
    """uint8 ``(h, w, 3)``: red where the prediction is wrong, white where there is no truth."""
    drawn = np.full((*example.truth.shape, 3), _RIGHT, np.uint8)  # (h, w, 3)
    drawn[example.predicted != example.truth] = _WRONG
    drawn[example.truth == ignore_index] = _IGNORED
    return drawn


def _draw_scores(axis: Axes, failures: "Failures") -> None:
    scores = [score.miou for score in failures.images]
    axis.hist(scores, bins=np.linspace(0, 1, 21), color="grey", edgecolor="white")
    axis.set_xlim(0, 1)
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel("mean IoU of the classes in an image", fontsize=8)
    axis.set_ylabel("images", fontsize=8)
    _style(axis, "images by mean IoU")


def _draw_distances(axis: Axes, failures: "Failures") -> None:
    errors = failures.error_by_distance
    bars = axis.bar(bin_names(DISTANCE_EDGES), np.nan_to_num(errors), color="grey")
    texts = ["" if np.isnan(share) else f"{share:.0%}" for share in errors]
    axis.bar_label(bars, texts, fontsize=8)
    axis.set_ylim(0, max(0.01, np.nan_to_num(errors).max() * 1.15))
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.set_xlabel("pixels to the nearest boundary", fontsize=8)
    _style(axis, "wrong pixels")


def _draw_sizes(axis: Axes, failures: "Failures") -> None:
    recall = failures.recall_by_area  # (K, 6)
    axis.imshow(recall, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in zip(*np.nonzero(failures.objects_by_area), strict=True):
        share = recall[row, column]
        ink = "white" if share > 0.6 else "black"
        axis.text(column, row, f"{share:.0%}", ha="center", va="center", color=ink, fontsize=7)
    names = [shortened(name) for name in failures.classes]
    axis.set_yticks(range(len(names)), names)
    sizes = bin_names(AREA_EDGES, last=1)
    axis.set_xticks(range(len(sizes)), sizes, rotation=30)
    axis.set_xlabel("pixels of an object", fontsize=8)
    _style(axis, "how much of an object is found")


def _draw_examples(strip, failures: "Failures") -> None:
    if not failures.examples:
        strip.text(0.5, 0.5, "No image has a labelled pixel.", ha="center")
        return
    rows = ceil(len(failures.examples) / _PER_ROW)
    axes = strip.subplots(rows, _PER_ROW * len(PANELS), squeeze=False)
    places = axes.reshape(-1, len(PANELS))  # one row for each example
    for place in places[len(failures.examples) :].flat:
        place.set_axis_off()
    for place, example in zip(places, failures.examples, strict=False):
        _draw_example(place, example, failures)


def _draw_example(place: np.ndarray, example: "Example", failures: "Failures") -> None:
    panels = (
        picture(example.image),
        colour(example.truth, failures.palette),
        colour(example.predicted, failures.palette),
        wrong_pixels(example, failures.ignore_index),
    )
    for axis, pixels, name in zip(place, panels, PANELS, strict=True):
        axis.imshow(pixels, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.set_xlabel(name, fontsize=7, labelpad=2)
    name = example.score.name
    if len(name) > MOST_LETTERS:  # files of a folder differ at the ends of their names
        name = "…" + name[1 - MOST_LETTERS :]
    title = f"{name}: mIoU {example.score.miou:.2f}"
    place[0].set_title(title, fontsize=8, pad=3, loc="left")


def _style(axis: Axes, title: str) -> None:
    axis.set_title(title, fontsize=9)
    axis.tick_params(labelsize=7)
