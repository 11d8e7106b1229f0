"""Predictions to look at: pictures beside truth, with a legend, as one PNG."""

import io
from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import nn

from segviz.data import SegmentationDataset, colour, contact_sheet, picture
from segviz.data.colours import VOID_COLOURS

from .prediction import predict
from .scores import Scores

#: What a triptych and the rows of a strip show.
STRIP_ROWS = ("image", "truth", "prediction")


def spread_over(dataset: SegmentationDataset, count: int) -> list[int]:
    """``count`` items at even distances (all of them if there are fewer)."""
    return np.unique(np.linspace(0, len(dataset) - 1, count).round().astype(int)).tolist()


def triptych(model: nn.Module, dataset: SegmentationDataset, index: int) -> list[np.ndarray]:
    """Image, truth and prediction of one item as pictures, uint8 ``(h, w, 3)`` each.

    Truth and prediction have the size of the mask, the image has its own.
    """
    image, mask = dataset[index]
    predicted = predict(model, image[None], mask.shape)[0].cpu()  # (h, w)
    return [picture(image), colour(mask, dataset.palette), colour(predicted, dataset.palette)]


def prediction_strip(
    model: nn.Module, dataset: SegmentationDataset, indices: Sequence[int]
) -> np.ndarray:
    """A column for each item, the rows being :data:`STRIP_ROWS`: uint8 ``(H, W, 3)``.

    Every panel is as large as the first item's mask.
    """
    columns = [triptych(model, dataset, index) for index in indices]
    height, width = columns[0][1].shape[:2]
    panels = [
        np.asarray(Image.fromarray(column[row]).resize((width, height), Image.Resampling.NEAREST))
        for row in range(len(STRIP_ROWS))
        for column in columns
    ]
    return contact_sheet(panels, columns=len(columns))


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
        for axis, pixels, title in zip(row, triptych(model, dataset, index), titles, strict=True):
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
