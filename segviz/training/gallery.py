"""Predictions to look at: pictures beside truth, with a legend, as one PNG."""

import io
from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import nn

from segviz.data import SegmentationDataset, colour, contact_sheet, picture
from segviz.data.colours import VOID_COLOURS

from .prediction import predict
from .scores import Scores

#: What the rows of a strip show.
STRIP_ROWS = ("image", "truth", "prediction")


def spread_over(dataset: SegmentationDataset, count: int) -> list[int]:
    """``count`` items at even distances (all of them if there are fewer)."""
    return np.unique(np.linspace(0, len(dataset) - 1, count).round().astype(int)).tolist()


def picture_rows(
    dataset: SegmentationDataset,
    indices: Sequence[int],
    models: Mapping[str, nn.Module] | None = None,
) -> dict[str, list[np.ndarray]]:
    """Images, their truth, and what networks make of them, to be shown one below the other.

    Args:
        dataset: where the items come from.
        indices: which items.
        models: ``{name of the row: network}``.

    Returns:
        ``{"image": pictures, "truth": pictures, name: pictures, ...}`` with one picture for each
        item, uint8 ``(h, w, 3)``. Truth and predictions have the size of the mask, the image has
        its own.
    """
    items = [dataset[index] for index in indices]
    rows = {
        "image": [picture(image) for image, _ in items],
        "truth": [colour(mask, dataset.palette) for _, mask in items],
    }
    for name, model in (models or {}).items():
        predicted = (predict(model, image[None], mask.shape)[0].cpu() for image, mask in items)
        rows[name] = [colour(labels, dataset.palette) for labels in predicted]
    return rows


def prediction_strip(
    model: nn.Module, dataset: SegmentationDataset, indices: Sequence[int]
) -> np.ndarray:
    """A column for each item, the rows being :data:`STRIP_ROWS`: uint8 ``(H, W, 3)``.

    Every panel is as large as the first item's mask.
    """
    rows = picture_rows(dataset, indices, {STRIP_ROWS[-1]: model})
    height, width = rows["truth"][0].shape[:2]
    panels = [
        np.asarray(Image.fromarray(panel).resize((width, height), Image.Resampling.NEAREST))
        for name in STRIP_ROWS
        for panel in rows[name]
    ]
    return contact_sheet(panels, columns=len(rows["truth"]))


def row_centres(strip: np.ndarray) -> list[float]:
    """Where the rows of a strip have their middles, in pixels from the top."""
    rows = len(STRIP_ROWS)
    return [(row + 0.5) * len(strip) / rows for row in range(rows)]


def gallery(
    model: nn.Module, dataset: SegmentationDataset, indices: Sequence[int] | None = None
) -> bytes:
    """A sheet with image, truth and prediction of each item, two in a row, and a legend.

    Args:
        model: a trained network.
        dataset: where the items come from.
        indices: which items; None: eight, spread over the data set.

    Returns:
        The bytes of a PNG.
    """
    # Not at the top: training without a gallery should not wait for matplotlib. Figure rather
    # than pyplot: nothing is kept alive, and no window system is asked for.
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    indices = spread_over(dataset, 8) if indices is None else list(indices)
    mask_height, mask_width = dataset.mask(indices[0]).shape
    panel_width = 2.6  # inches
    panel_height = panel_width * mask_height / mask_width + 0.28  # and a line of text
    rows = ceil(len(indices) / 2)  # two items side by side
    figure = Figure((6 * panel_width, rows * panel_height + 0.9), layout="constrained")
    axes = figure.subplots(rows, 6, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for row, index in zip(axes.reshape(-1, 3), indices, strict=False):
        titles = (dataset.name(index), "truth", _title_of_prediction(model, dataset, index))
        panels = picture_rows(dataset, [index], {"prediction": model}).values()
        for axis, (pixels,), title in zip(row, panels, titles, strict=True):
            axis.imshow(pixels, interpolation="nearest")
            axis.set_title(title, fontsize=9, pad=2)

    colours = [*zip(dataset.classes, dataset.palette / 255, strict=True)]
    patches = [Patch(facecolor=rgb, edgecolor="grey", label=name) for name, rgb in colours]
    white, grey = VOID_COLOURS / 255
    patches.append(Patch(facecolor=white, edgecolor=grey, hatch="////", label="void (not scored)"))
    figure.legend(handles=patches, loc="outside lower center", ncols=12, fontsize=8, frameon=False)

    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def _title_of_prediction(model: nn.Module, dataset: SegmentationDataset, index: int) -> str:
    image, mask = dataset[index]
    scores = Scores(dataset.classes, dataset.ignore_index)
    scores.update(predict(model, image[None], mask.shape).cpu(), mask[None])
    if torch.equal(scores.confusion, torch.zeros_like(scores.confusion)):
        return "prediction (nothing labelled)"
    return f"prediction ({scores.pixel_accuracy:.0%} right)"
