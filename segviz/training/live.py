"""Watch a training run: curves and predictions that grow with every epoch.

    records = list(watch(fit(model, train, val, epochs=8), model, val))

In JupyterLab the picture is a plotly figure, drawn by the extension that plotly installs: nothing
is fetched from the network, and no script is saved into the notebook. When the run ends, the same
picture is stored with it as a PNG, which is what places without plotly show: GitHub, nbviewer,
paper.

Why not simpler? A FigureWidget saves 5 MB of its own script into every notebook. A plotly figure
that is displayed and updated is drawn only once: JupyterLab's renderer leaves a figure that it
has drawn alone. And beside a PNG in one output JupyterLab prefers the PNG. An Output widget that
holds the figure is small, redraws it, and is preferred to the PNG wherever there are widgets.
"""

import base64
import html
import io
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import ipywidgets
import numpy as np
import plotly.graph_objects as go
from IPython import get_ipython
from IPython.display import DisplayHandle
from matplotlib.figure import Figure
from PIL import Image
from plotly.subplots import make_subplots
from torch import nn
from tqdm import tqdm

from segviz.data import SegmentationDataset

from .gallery import STRIP_ROWS, prediction_strip, spread_over
from .records import Record

logger = logging.getLogger(__name__)

_HEIGHT = 720  # pixels
_BAR_FORMAT = "epoch {n_fmt} of {total_fmt} |{bar}| {elapsed} gone, {remaining} to go{postfix}"
_BAR_FONT = {"family": "monospace", "size": 13}
_LOSS_TITLE = "training loss"
_IOU_TITLE = "IoU on the validation set"
_MATPLOTLIB = {"solid": "-", "dot": ":", "dash": "--"}  # plotly's names of dashes: matplotlib's
_DASHES = tuple(_MATPLOTLIB)  # so that close colours can be told apart


def watch(
    records: Iterable[Record],
    model: nn.Module,
    dataset: SegmentationDataset,
    samples: Sequence[int] | int = 4,
) -> Iterator[Record]:
    """Pass on the records of :func:`segviz.training.fit`, and show each one as it comes.

    A progress bar counts the epochs; below it grow the curves of the loss and of the IoU of every
    class, and a strip shows what the network makes of a few images by now. All of it is one
    output of the cell.

    Args:
        records: what ``fit`` returned.
        model: the network in training.
        dataset: where the images of the strip come from; all of one size.
        samples: which items, or how many, spread over the data set.

    Yields:
        The records, unchanged. If the run is stopped by hand, so is this, without an error.
    """
    chosen = spread_over(dataset, samples) if isinstance(samples, int) else list(samples)
    view = LiveView(dataset.classes, dataset.palette)
    try:
        for record in records:
            view.show(record, prediction_strip(model, dataset, chosen))
            yield record
    except KeyboardInterrupt:  # it came while drawing; fit handles its own
        logger.warning("Stopped by hand. The model is as it was at the end of the last epoch.")
    finally:
        view.finish()


@dataclass(frozen=True)
class Curve:
    """A line of the IoU plot, whatever draws it."""

    name: str
    values: list[float]
    colour: tuple[int, int, int]  # red, green, blue, 0 to 255
    width: float
    dash: str  # one of _MATPLOTLIB


class LiveView:
    """One output of a notebook cell that is redrawn with every record.

    Args:
        classes: the classes' names.
        palette: uint8 ``(K, 3)``, the colours of their masks and so of their curves.
    """

    def __init__(self, classes: Sequence[str], palette: np.ndarray):
        self.classes, self.palette = tuple(classes), palette
        self.records: list[Record] = []
        self._strip: np.ndarray | None = None  # uint8 (H, W, 3)
        # The bar is drawn into the picture; printed lines would pile up above and below it.
        self._bar = tqdm(bar_format=_BAR_FORMAT, ncols=90, ascii=False, file=io.StringIO())
        # Its height is fixed so that the page does not jump when the picture is exchanged.
        self._widget = ipywidgets.Output(layout={"height": f"{_HEIGHT + 20}px"})
        self._output = DisplayHandle()
        if get_ipython():
            self._output.display(self._static_bundle(), raw=True)

    def show(self, record: Record, strip: np.ndarray) -> None:
        """Add a record and the predictions of its epoch, and redraw."""
        self.records.append(record)
        self._strip = strip
        self._bar.total = record.epochs
        self._bar.set_postfix(loss=f"{record.loss:.3f}", mIoU=f"{record.miou:.3f}")
        self._bar.update()
        figure = {"application/vnd.plotly.v1+json": json.loads(self.figure().to_json())}
        drawn = {"output_type": "display_data", "data": figure, "metadata": {}}
        self._widget.outputs = (drawn,)
        if not get_ipython():  # a plain Python process shows text only
            print(record)

    def finish(self) -> None:
        """Add the PNG for readers without plotly."""
        self._bar.close()
        if self.records and get_ipython():
            png = base64.b64encode(self.png()).decode()
            self._output.update({**self._static_bundle(), "image/png": png}, raw=True)

    def _static_bundle(self) -> dict:
        """The widget, and in words what it shows."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        words = "\n".join(str(record) for record in self.records) or "The first epoch has begun."
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": words}

    def curves(self) -> list[Curve]:
        """The curves of the IoU: the mean, and every class in its mask's colour."""
        mean = Curve("mean", [record.miou for record in self.records], (0, 0, 0), 3.0, "solid")
        return [mean] + [
            Curve(
                name,
                [record.iou[name] for record in self.records],
                tuple(self.palette[label].tolist()),
                1.5,
                _DASHES[label % len(_DASHES)],
            )
            for label, name in enumerate(self.classes)
        ]

    @property
    def epochs(self) -> list[int]:
        return [record.epoch for record in self.records]

    @property
    def losses(self) -> list[float]:
        return [record.loss for record in self.records]

    def figure(self) -> go.Figure:
        """Loss and IoU by epoch, and the strip below, as a plotly figure."""
        figure = make_subplots(
            rows=2,
            cols=2,
            specs=[[{}, {}], [{"colspan": 2}, None]],
            row_heights=[0.42, 0.58],
            vertical_spacing=0.13,
            subplot_titles=(_LOSS_TITLE, _IOU_TITLE),
        )
        loss_style = {"line": {"color": "black", "width": 3}, "showlegend": False}
        figure.add_scatter(x=self.epochs, y=self.losses, name="loss", row=1, col=1, **loss_style)
        for curve in self.curves():
            line = {"color": f"rgb{curve.colour}", "width": curve.width, "dash": curve.dash}
            figure.add_scatter(
                x=self.epochs, y=curve.values, name=curve.name, line=line, row=1, col=2
            )
        figure.update_traces(mode="lines+markers")
        figure.update_xaxes(title="epoch", range=[0.5, self.records[-1].epochs + 0.5], row=1)
        figure.update_yaxes(rangemode="tozero", row=1, col=1)
        figure.update_yaxes(range=[0, 1], row=1, col=2)

        # Saved in the notebook with the widget's state; a PNG would be three times as large.
        source = "data:image/jpeg;base64," + base64.b64encode(_as_jpeg(self._strip)).decode()
        figure.add_image(source=source, hoverinfo="skip", row=2, col=1)
        figure.update_xaxes(visible=False, row=2)
        figure.update_yaxes(tickvals=self._row_centres(), ticktext=STRIP_ROWS, row=2)
        title = {"text": f"<b>{html.escape(str(self._bar))}</b>", "font": _BAR_FONT, "x": 0.5}
        margin = {"l": 80, "r": 20, "t": 80, "b": 10}
        return figure.update_layout(
            template="plotly_white", height=_HEIGHT, margin=margin, title=title
        )

    def png(self) -> bytes:
        """The same picture, drawn by matplotlib, as the bytes of a PNG."""
        figure = Figure((9, 7), layout="constrained")
        axes = figure.subplot_mosaic(
            [["loss", "iou"], ["strip", "strip"]], height_ratios=[0.42, 0.58]
        )
        figure.suptitle(str(self._bar), family="monospace", fontsize=9)
        axes["loss"].plot(self.epochs, self.losses, "ko-")
        axes["loss"].set(title=_LOSS_TITLE, xlabel="epoch", ylim=(0, None))
        for curve in self.curves():
            style = {"color": np.divide(curve.colour, 255), "linestyle": _MATPLOTLIB[curve.dash]}
            axes["iou"].plot(
                self.epochs, curve.values, marker=".", lw=curve.width, label=curve.name, **style
            )
        axes["iou"].set(title=_IOU_TITLE, xlabel="epoch", ylim=(0, 1))
        axes["iou"].legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        for name in ("loss", "iou"):
            axes[name].set_xlim(0.5, self.records[-1].epochs + 0.5)
            axes[name].xaxis.get_major_locator().set_params(integer=True)
        axes["strip"].imshow(self._strip)
        axes["strip"].set(xticks=[], yticks=self._row_centres(), yticklabels=STRIP_ROWS)

        drawn, file = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", dpi=90)
        # 256 colours halve the file, and notebooks are committed with it.
        Image.open(drawn).convert("RGB").quantize(256).save(file, format="png", optimize=True)
        return file.getvalue()

    def _row_centres(self) -> list[float]:
        rows = len(STRIP_ROWS)
        return [(row + 0.5) * len(self._strip) / rows for row in range(rows)]


def _as_jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="jpeg", quality=80, subsampling=0)
    return file.getvalue()
