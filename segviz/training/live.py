"""Watch a training run: curves and predictions that grow with every epoch.

    records = list(watch(fit(model, train, val, epochs=8), model, val))

In JupyterLab the picture is a plotly figure, drawn by the extension that plotly installs: nothing
is fetched from the network, and no script is saved into the notebook. When the run ends, the same
picture is stored with it as a PNG, which is what places without plotly show: GitHub, nbviewer,
paper. Outside notebooks it is text (:mod:`.text_view`).

Why not simpler? A FigureWidget saves 5 MB of its own script into every notebook. A plotly figure
that is displayed and updated is drawn only once: JupyterLab's renderer leaves a figure that it
has drawn alone. And beside a PNG in one output JupyterLab prefers the PNG. An Output widget that
holds the figure is small, redraws it, and is preferred to the PNG wherever there are widgets.
"""

import base64
import json
import logging
from collections.abc import Iterable, Iterator, Sequence

import ipywidgets
import numpy as np
from IPython import get_ipython
from IPython.display import DisplayHandle
from torch import nn

from segviz.data import SegmentationDataset

from .failures import Failures, analyse
from .gallery import prediction_strip, spread_over
from .matplotlib_view import as_png, matplotlib_figure
from .plotly_view import HEIGHT, plotly_figure
from .progress import Progress
from .records import Record
from .text_view import TextView

logger = logging.getLogger(__name__)


def watch(
    records: Iterable[Record],
    model: nn.Module,
    dataset: SegmentationDataset,
    samples: Sequence[int] | int = 4,
) -> Iterator[Record]:
    """Pass on the records of :func:`segviz.training.fit`, and show each one as it comes.

    In a notebook a bar counts the epochs and tells the time left; below it are the curves of the
    loss and of the IoU, a bar for the IoU of every class, the confusion matrix, and a strip that
    shows what the network makes of a few images by now. All of it is one output of the cell. When
    the records end, a second one shows what still goes wrong, and where
    (:func:`segviz.training.failures.analyse`, one more pass over ``dataset``). A terminal gets the
    same as text, without pictures.

    Args:
        records: what ``fit`` returned.
        model: the network in training.
        dataset: where the images of the strip come from; all of one size. It is also the one that
            the failures are looked for in, so give the validation set.
        samples: which items, or how many, spread over the data set.

    Yields:
        The records, unchanged. If the run is stopped by hand, so is this, without an error.
    """
    chosen = spread_over(dataset, samples) if isinstance(samples, int) else list(samples)
    in_pictures = in_notebook()
    view = LiveView(dataset.classes, dataset.palette) if in_pictures else TextView(dataset.classes)
    came = False
    try:
        try:
            for record in records:
                strip = [prediction_strip(model, dataset, chosen)] if in_pictures else []
                view.show(record, *strip)
                came = True
                yield record
        finally:
            view.finish()
        if came:
            view.show_failures(analyse(model, dataset))
    except KeyboardInterrupt:  # it came while drawing; fit handles its own
        logger.warning("Stopped by hand. The model is as it was at the end of the last epoch.")


def replay(
    records: Sequence[Record],
    model: nn.Module,
    dataset: SegmentationDataset,
    samples: Sequence[int] | int = 4,
) -> None:
    """Show a run that is over as :func:`watch` showed it in the end, without its failures.

    Arguments as there; the strip holds what ``model`` answers now.
    """
    if not in_notebook():
        text = TextView(dataset.classes)
        for record in records:
            text.show(record)
        text.finish()
        return
    chosen = spread_over(dataset, samples) if isinstance(samples, int) else list(samples)
    view = LiveView(dataset.classes, dataset.palette)
    *earlier, last = records
    view.progress.records.extend(earlier)  # drawn once: plotly trips over what is replaced at once
    view.show(last, prediction_strip(model, dataset, chosen))
    view.finish()


class LiveView:
    """One output of a notebook cell that is redrawn with every record.

    Args:
        classes: the classes' names.
        palette: uint8 ``(K, 3)``, the colours of their masks and so of their curves.
    """

    def __init__(self, classes: Sequence[str], palette: np.ndarray):
        self.progress = Progress(tuple(classes), palette)
        self._strip: np.ndarray | None = None  # uint8 (H, W, 3)
        # Its height is fixed so that the page does not jump when the picture is exchanged.
        self._widget = ipywidgets.Output(layout={"height": f"{HEIGHT + 20}px"})
        self._output = DisplayHandle()
        self._output.display(self._static_bundle(), raw=True)

    def show(self, record: Record, strip: np.ndarray) -> None:
        """Add a record and the predictions of its epoch, and redraw."""
        self.progress.records.append(record)
        self._strip = strip
        figure = json.loads(plotly_figure(self.progress, strip).to_json())
        data = {"application/vnd.plotly.v1+json": figure}
        self._widget.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    def finish(self) -> None:
        """Add the PNG for readers without plotly."""
        if self.progress.records:
            png = as_png(matplotlib_figure(self.progress, self._strip))
            self._output.update({**self._static_bundle(), "image/png": _text(png)}, raw=True)

    def show_failures(self, failures: Failures) -> None:
        """Show a picture of what goes wrong, as an output of its own below."""
        png = as_png(failures.figure())
        DisplayHandle().display({"image/png": _text(png), "text/plain": str(failures)}, raw=True)

    def _static_bundle(self) -> dict:
        """The widget, and in words what it shows."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        words = "\n".join(map(str, self.progress.records)) or "The first epoch has begun."
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": words}


def in_notebook() -> bool:
    """Whether this Python is the kernel of a notebook; an IPython terminal shows no pictures."""
    return hasattr(get_ipython(), "kernel")


def _text(picture: bytes) -> str:
    """Bytes as a notebook stores them."""
    return base64.b64encode(picture).decode()
