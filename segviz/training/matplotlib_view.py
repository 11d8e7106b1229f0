"""The live view by matplotlib, for readers without plotly; its numbers are :mod:`.progress`'s."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from .gallery import STRIP_ROWS, row_centres
from .progress import NO_CONFUSION, TITLES, Progress, letter_size, percent, shortened

_LINE = {"solid": "-", "dot": ":", "dash": "--"}  # plotly's names of dashes: matplotlib's
_HATCH = {"solid": "", "dot": "...", "dash": "--"}  # of a bar, by its curve's dash
# The panels from the top, and how wide they are in proportion to each other.
_ROWS = ({"loss": 5, "iou": 6, "bars": 5}, {"confusion": 4, "strip": 5})


def matplotlib_figure(progress: Progress, strip: np.ndarray) -> Figure:
    """The run so far, drawn by matplotlib.

    Args:
        progress: at least one record.
        strip: uint8 ``(H, W, 3)``, the predictions of its last epoch, from ``prediction_strip``.
    """
    figure = Figure((10.5, 8), layout="constrained", dpi=90)
    axes = {}
    rows = figure.subfigures(len(_ROWS), 1, height_ratios=[0.44, 0.56])
    for row, panels in zip(rows, _ROWS, strict=True):
        drawn = row.subplots(1, len(panels), width_ratios=[*panels.values()])
        axes |= zip(panels, drawn, strict=True)
    figure.suptitle(progress.bar(100), family="monospace", fontsize=9)
    _draw_curves(axes["loss"], axes["iou"], progress)
    _draw_bars(axes["bars"], progress)
    _draw_confusion(axes["confusion"], progress)
    axes["strip"].imshow(strip)
    axes["strip"].set(xticks=[], yticks=row_centres(strip), yticklabels=STRIP_ROWS)
    for name, axis in axes.items():
        axis.set_title(TITLES[name], fontsize=10)
        axis.tick_params(labelsize=8)
        if name in ("bars", "confusion"):
            axis.tick_params(labelsize=letter_size(len(progress.classes), most=8, least=6))
        axis.xaxis.label.set_size(8)
    return figure


def as_png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG of 256 colours: half as large, and notebooks keep it."""
    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256).save(file, format="png", optimize=True)
    return file.getvalue()


def _draw_curves(loss: Axes, iou: Axes, progress: Progress) -> None:
    loss.plot(progress.epochs, progress.losses, "ko-")
    loss.set(xlabel="epoch", ylim=(0, None))
    for curve in progress.curves():
        style = {"color": np.divide(curve.colour, 255), "linestyle": _LINE[curve.dash]}
        iou.plot(
            progress.epochs, curve.values, marker=".", lw=curve.width, label=curve.name, **style
        )
    iou.set(xlabel="epoch", ylim=(0, 1))
    for axis in (loss, iou):
        axis.set_xlim(0.5, progress.last.epochs + 0.5)
        axis.xaxis.get_major_locator().set_params(integer=True)


def _draw_bars(axis: Axes, progress: Progress) -> None:
    curves = progress.curves()
    values = [curve.values[-1] for curve in curves]
    bars = axis.barh(
        range(len(curves)),
        np.nan_to_num(values),
        color=[np.divide(curve.colour, 255) for curve in curves],
        hatch=[_HATCH[curve.dash] for curve in curves],
        edgecolor="grey",  # of the hatch too, and a white class is seen
        linewidth=0.5,
    )
    texts = ["absent" if np.isnan(value) else f"{value:.2f}" for value in values]
    axis.bar_label(bars, texts, padding=2, fontsize=letter_size(len(bars), most=8, least=6))
    axis.set(xlim=(0, 1.15), xticks=[0, 0.5, 1])
    axis.set_yticks(range(len(curves)), [shortened(curve.name) for curve in curves])
    axis.invert_yaxis()


def _draw_confusion(axis: Axes, progress: Progress) -> None:
    shares = progress.confusion_shares  # (K, K)
    if shares is None:
        axis.text(0.5, 0.5, NO_CONFUSION, ha="center", va="center", fontsize=8)
        axis.set_axis_off()
        return
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    size = letter_size(len(shares), most=8, least=6)
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share > 0.6 else "black"
        axis.text(column, row, percent(share), ha="center", va="center", color=ink, fontsize=size)
    names = [shortened(name) for name in progress.classes]
    axis.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
