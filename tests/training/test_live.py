"""The live view: what it draws, what it leaves in the notebook, how it ends."""

import base64
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from toys import Blots, small_network

from segviz.training import fit, live
from segviz.training.failures import analyse
from segviz.training.live import LiveView, replay, watch
from segviz.training.matplotlib_view import as_png, matplotlib_figure
from segviz.training.progress import NO_CONFUSION, TITLES, Progress

STRIP = np.zeros((30, 44, 3), np.uint8)


@pytest.fixture(scope="module")
def records():
    return list(fit(small_network(), Blots(8), Blots(4), epochs=3, device="cpu"))


@pytest.fixture
def outputs(monkeypatch):
    """What a notebook's cell would be sent, in order."""
    sent = []

    class Handle:
        def display(self, bundle, raw):
            sent.append(bundle)

        update = display

    monkeypatch.setattr(live, "DisplayHandle", Handle)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    return sent


def shown(view):
    """The plotly figure that the widget holds."""
    (output,) = view._widget.outputs
    return output["data"]["application/vnd.plotly.v1+json"]


def axes(view, letter):
    """The axes of the widget's figure: letter is "xaxis" or "yaxis"."""
    return [axis for name, axis in shown(view)["layout"].items() if name.startswith(letter)]


def test_the_curves_are_the_records_and_have_the_colours_of_the_masks(outputs, records):
    view = LiveView(Blots.classes, Blots.palette)
    for record in records[:2]:
        view.show(record, STRIP)
    traces = {trace["name"]: trace for trace in shown(view)["data"] if "name" in trace}
    assert traces["loss"]["y"] == [record.loss for record in records[:2]]
    assert traces["mean"]["y"] == [record.miou for record in records[:2]]
    assert traces["green"]["y"] == [record.iou["green"] for record in records[:2]]
    assert traces["green"]["line"]["color"] == "rgb(0, 200, 0)"
    assert "epoch 2 of 3" in shown(view)["layout"]["title"]["text"]


def test_it_is_redrawn_with_every_record(outputs, records):
    view = LiveView(Blots.classes, Blots.palette)
    lengths = []
    for record in records:
        view.show(record, STRIP)
        lengths.append(len(shown(view)["data"][0]["x"]))
    assert lengths == [1, 2, 3]


def test_the_strip_is_in_the_figure_and_its_masks_keep_their_colours(outputs, records):
    colours = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    strip = colours.repeat(16, axis=0).repeat(24, axis=1)  # flat patches, as in a mask
    view = LiveView(Blots.classes, Blots.palette)
    view.show(records[0], strip)
    (source,) = [trace["source"] for trace in shown(view)["data"] if trace["type"] == "image"]
    kind, encoded = source.split(",")
    assert kind == "data:image/jpeg;base64"
    there = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    assert there.shape == strip.shape
    assert np.abs(there[8::16, 12::24].astype(int) - colours).max() <= 6


def test_a_class_has_a_bar_of_its_iou_in_its_colour(outputs, records):
    view = LiveView(Blots.classes, Blots.palette)
    for record in records:
        view.show(record, STRIP)
    (bars,) = [trace for trace in shown(view)["data"] if trace["type"] == "bar"]
    assert bars["x"] == pytest.approx([records[-1].miou, *records[-1].iou.values()])
    colours = ["rgb(0, 0, 0)", "rgb(200, 0, 0)", "rgb(0, 200, 0)", "rgb(0, 0, 200)"]
    assert bars["marker"]["color"] == colours
    names = [axis.get("ticktext") for axis in axes(view, "yaxis")]
    assert ["mean", *Blots.classes] in names


def test_the_confusion_matrix_is_drawn_by_rows_of_the_truth(outputs, records):
    record = replace(records[0], confusion=[[6, 2, 0], [0, 0, 0], [1, 0, 3]])
    view = LiveView(Blots.classes, Blots.palette)
    view.show(record, STRIP)
    (heat,) = [trace for trace in shown(view)["data"] if trace["type"] == "heatmap"]
    assert heat["z"] == [[0.75, 0.25, 0], [None] * 3, [0.25, 0, 0.75]]
    assert heat["text"] == [["75", "25", ""], [""] * 3, ["25", "", "75"]]
    for letter in ("xaxis", "yaxis"):
        assert list(Blots.classes) in [axis.get("ticktext") for axis in axes(view, letter)]


def test_a_record_without_confusion_says_so_in_its_place(outputs, records):
    record = replace(records[0], confusion=None)
    view = LiveView(Blots.classes, Blots.palette)
    view.show(record, STRIP)
    assert "heatmap" not in [trace["type"] for trace in shown(view)["data"]]
    assert NO_CONFUSION in [note["text"] for note in shown(view)["layout"]["annotations"]]
    view.finish()
    assert "image/png" in outputs[-1]


def test_the_picture_of_the_saved_notebook_has_every_panel(records):
    record = replace(records[0], confusion=[[6, 2, 0], [0, 0, 0], [1, 0, 3]])
    progress = Progress(Blots.classes, Blots.palette, [*records[1:], record])
    figure = matplotlib_figure(progress, STRIP)
    panels = {axis.get_title(): axis for row in figure.subfigs for axis in row.axes}
    assert list(panels) == list(TITLES.values())
    cells = {text.get_position(): text.get_text() for text in panels[TITLES["confusion"]].texts}
    assert (cells[0, 0], cells[1, 0], cells[0, 2]) == ("75", "25", "25")  # (column, row)
    lengths = [bar.get_width() for bar in panels[TITLES["bars"]].patches]
    assert lengths == pytest.approx([record.miou, *record.iou.values()])
    assert len(panels[TITLES["iou"]].lines) == 1 + len(Blots.classes)
    with Image.open(io.BytesIO(as_png(figure))) as picture:
        assert (picture.format, picture.size) == ("PNG", (945, 720))


def test_it_fits_on_a_laptop(outputs, records):
    view = LiveView(Blots.classes, Blots.palette)
    view.show(records[0], STRIP)
    assert shown(view)["layout"]["height"] <= 900
    assert "width" not in shown(view)["layout"]  # as wide as the page


def test_a_notebook_keeps_a_widget_a_png_and_words_and_nothing_large(outputs, records):
    model, val = small_network(), Blots(4)
    assert list(watch(iter(records), model, val)) == records
    # At the start, at the end, and what goes wrong; between them only the widget changes.
    assert len(outputs) == 3
    last = outputs[1]
    with Image.open(io.BytesIO(base64.b64decode(last["image/png"]))) as picture:
        assert picture.width > 600
    assert last["text/plain"].splitlines() == [str(record) for record in records]
    assert last["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert len(json.dumps(outputs)) < 400_000


def test_it_ends_with_the_failures_of_the_network_as_it_is_then(outputs, records):
    model, val = small_network(), Blots(4)
    list(watch(iter(records), model, val))
    assert outputs[-1]["text/plain"] == str(analyse(model, val))
    with Image.open(io.BytesIO(base64.b64decode(outputs[-1]["image/png"]))) as picture:
        assert picture.format == "PNG" and picture.width <= 1000


def test_a_run_without_an_epoch_is_not_analysed(outputs):
    assert list(watch(iter([]), small_network(), Blots(4))) == []
    assert [bundle["text/plain"] for bundle in outputs] == ["The first epoch has begun."]


def test_a_run_that_is_left_or_fails_has_its_picture_but_no_analysis(outputs, records):
    def failing():
        yield records[0]
        raise ArithmeticError("no number any more")

    with pytest.raises(ArithmeticError):
        list(watch(failing(), small_network(), Blots(4)))
    assert len(outputs) == 2 and "image/png" in outputs[-1]
    left = watch(iter(records), small_network(), Blots(4))
    next(left)
    left.close()
    assert len(outputs) == 4 and "image/png" in outputs[-1]


def test_nothing_is_fetched_from_the_network(outputs, records):
    view = LiveView(Blots.classes, Blots.palette)
    view.show(records[0], STRIP)
    view.finish()
    assert "http" not in json.dumps([outputs, shown(view)])


def test_an_interruption_while_drawing_ends_the_run_in_a_sentence(
    outputs, records, monkeypatch, caplog
):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "prediction_strip", interrupted)
    assert list(watch(iter(records), small_network(), Blots(4))) == []
    assert "Stopped by hand" in caplog.text


def test_a_class_without_score_leaves_a_gap(outputs, records):
    values = vars(records[0]) | {"iou": {"red": 0.5, "green": float("nan"), "blue": 0.25}}
    view = LiveView(Blots.classes, Blots.palette)
    view.show(type(records[0])(**values), STRIP)
    traces = {trace.get("name"): trace.get("y") for trace in shown(view)["data"]}
    assert (traces["green"], traces["blue"]) == ([None], [0.25])
    (bars,) = [trace for trace in shown(view)["data"] if trace["type"] == "bar"]
    assert bars["text"] == [f"{records[0].miou:.2f}", "0.50", "absent", "0.25"]
    view.finish()
    assert "image/png" in outputs[-1]


def test_outside_a_notebook_it_prints_the_records_and_what_goes_wrong(records, capsys):
    model, val = small_network(), Blots(4)
    assert list(watch(iter(records), model, val)) == records
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("epoch")] == [str(r) for r in records]
    assert "most often taken for" in printed
    assert str(analyse(model, val)) in printed


def test_an_ipython_terminal_is_no_notebook(monkeypatch):
    monkeypatch.setattr(live, "get_ipython", lambda: object())
    assert not live.in_notebook()
    monkeypatch.setattr(live, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    assert live.in_notebook()


def test_a_run_that_is_over_is_shown_as_it_ended(outputs, records):
    model, val = small_network(), Blots(4)
    list(watch(iter(records), model, val))
    watched = [bundle for bundle in outputs if "image/png" in bundle][0]
    del outputs[:]
    replay(records, model, val)
    assert outputs[-1]["image/png"] == watched["image/png"]
    assert outputs[-1]["text/plain"] == watched["text/plain"]
    assert len(outputs) == 2  # the view, and its picture; no failures
