"""The live view as a plotly figure; what it draws comes from :mod:`.progress`."""

import base64
import html
import io

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from .gallery import STRIP_ROWS, row_centres
from .progress import NO_CONFUSION, TITLES, Progress, letter_size, percent, shortened

HEIGHT = 740  # pixels, of a page that is about 1,000 wide

_BAR_FONT = {"family": "monospace", "size": 13}
_PATTERN = {"solid": "", "dot": ".", "dash": "-"}  # of a bar, by its curve's dash
_FIRST, _SECOND = 1, 2

# Where a panel begins and how wide it is, in twentieths of the width. The gaps hold names.
_COLUMNS = 20
_PLACES = {
    "loss": (_FIRST, 1, 5),
    "iou": (_FIRST, 7, 6),
    "bars": (_FIRST, 15, 6),
    "confusion": (_SECOND, 2, 7),
    "strip": (_SECOND, 11, 10),
}


def plotly_figure(progress: Progress, strip: np.ndarray) -> go.Figure:
    """The run so far as a figure that answers to the mouse.

    Args:
        progress: at least one record.
        strip: uint8 ``(H, W, 3)``, the predictions of its last epoch, from ``prediction_strip``.
    """
    figure = _empty_panels()
    _draw_curves(figure, progress)
    _draw_bars(figure, progress)
    _draw_confusion(figure, progress)
    _draw_strip(figure, strip)
    bar = html.escape(progress.bar(100))
    return figure.update_layout(
        template="plotly_white",
        height=HEIGHT,
        margin={"l": 50, "r": 20, "t": 70, "b": 40},
        title={"text": f"<b>{bar}</b>", "font": _BAR_FONT, "x": 0.5},
        font={"size": 11},
        showlegend=False,  # the bars tell the colours
        bargap=0.25,
    )


def _empty_panels() -> go.Figure:
    specs = [[None] * _COLUMNS for _ in (_FIRST, _SECOND)]
    for row, column, width in _PLACES.values():
        specs[row - 1][column - 1] = {"colspan": width}
    figure = make_subplots(
        rows=2,
        cols=_COLUMNS,
        specs=specs,
        row_heights=[0.44, 0.56],
        horizontal_spacing=0,
        vertical_spacing=0.16,
        subplot_titles=[TITLES[name] for name in _PLACES],
    )
    return figure.update_annotations(font_size=13)


def _at(name: str) -> dict:
    """The arguments that place a trace or an axis in a panel."""
    row, column, _ = _PLACES[name]
    return {"row": row, "col": column}


def _draw_curves(figure: go.Figure, progress: Progress) -> None:
    black = {"color": "black", "width": 3}
    figure.add_scatter(x=progress.epochs, y=progress.losses, name="loss", line=black, **_at("loss"))
    for curve in progress.curves():
        line = {"color": f"rgb{curve.colour}", "width": curve.width, "dash": curve.dash}
        figure.add_scatter(
            x=progress.epochs, y=curve.values, name=curve.name, line=line, **_at("iou")
        )
    figure.update_traces(mode="lines+markers")
    for name in ("loss", "iou"):
        figure.update_xaxes(
            title={"text": "epoch", "standoff": 4},
            range=[0.5, progress.last.epochs + 0.5],
            **_at(name),
        )
    figure.update_yaxes(rangemode="tozero", **_at("loss"))
    figure.update_yaxes(range=[0, 1], **_at("iou"))


def _draw_bars(figure: go.Figure, progress: Progress) -> None:
    curves = progress.curves()
    values = [curve.values[-1] for curve in curves]
    figure.add_bar(
        orientation="h",
        x=values,
        y=list(range(len(curves))),  # names may be equal once they are shortened
        name="IoU",
        text=["absent" if np.isnan(value) else f"{value:.2f}" for value in values],
        textposition="outside",
        textfont={"size": letter_size(len(curves), most=11, least=9)},
        cliponaxis=False,
        customdata=[curve.name for curve in curves],
        hovertemplate="%{customdata}: %{x:.3f}<extra></extra>",
        marker={
            "color": [f"rgb{curve.colour}" for curve in curves],
            "line": {"color": "grey", "width": 0.5},  # a white class is seen too
            "pattern": {
                "shape": [_PATTERN[curve.dash] for curve in curves],
                "fillmode": "overlay",
                "size": 7,
                "solidity": 0.2,
            },
        },
        **_at("bars"),
    )
    figure.update_xaxes(range=[0, 1.15], tickvals=[0, 0.5, 1], **_at("bars"))
    _name_rows(figure, [curve.name for curve in curves], "bars")


def _draw_confusion(figure: go.Figure, progress: Progress) -> None:
    shares, names = progress.confusion_shares, list(progress.classes)
    if shares is None:
        figure.add_annotation(
            text=NO_CONFUSION, x=0.5, y=0.5, showarrow=False, xref="x domain", yref="y domain",
            **_at("confusion"),
        )  # fmt: skip
        figure.update_xaxes(visible=False, **_at("confusion"))
        figure.update_yaxes(visible=False, **_at("confusion"))
        return
    figure.add_heatmap(
        z=shares.tolist(),
        name="confusion",
        zmin=0,
        zmax=1,
        colorscale="Blues",
        showscale=False,
        text=[[percent(share) for share in row] for row in shares],
        texttemplate="%{text}",
        textfont={"size": letter_size(len(names), most=12, least=9)},
        customdata=[[(true, given) for given in names] for true in names],
        hovertemplate="%{z:.1%} of %{customdata[0]} taken for %{customdata[1]}<extra></extra>",
        hoverongaps=False,
        **_at("confusion"),
    )
    ticks = list(range(len(names)))
    figure.update_xaxes(
        title={"text": "predicted", "standoff": 4},
        tickvals=ticks,
        ticktext=[shortened(name) for name in names],
        tickangle=-40,
        tickfont={"size": letter_size(len(names), most=11, least=9)},
        showgrid=False,
        zeroline=False,
        **_at("confusion"),
    )
    _name_rows(figure, names, "confusion")


def _name_rows(figure: go.Figure, names: list[str], panel: str) -> None:
    """Class names from the top downwards."""
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[shortened(name) for name in names],
        tickfont={"size": letter_size(len(names), most=11, least=9)},
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        **_at(panel),
    )


def _draw_strip(figure: go.Figure, strip: np.ndarray) -> None:
    # Saved in the notebook with the widget's state; a PNG would be three times as large.
    source = "data:image/jpeg;base64," + base64.b64encode(_as_jpeg(strip)).decode()
    figure.add_image(source=source, hoverinfo="skip", **_at("strip"))
    figure.update_xaxes(visible=False, **_at("strip"))
    figure.update_yaxes(tickvals=row_centres(strip), ticktext=STRIP_ROWS, **_at("strip"))


def _as_jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="jpeg", quality=80, subsampling=0)
    return file.getvalue()
