"""The live view: what it draws, what it leaves in the notebook, how it ends."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from toys import Blots, small_network

from segviz.training import fit, live
from segviz.training.live import LiveView, watch

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
    monkeypatch.setattr(live, "get_ipython", lambda: True)
    return sent


def shown(view):
    """The plotly figure that the widget holds."""
    (output,) = view._widget.outputs
    return output["data"]["application/vnd.plotly.v1+json"]


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


def test_a_notebook_keeps_a_widget_a_png_and_words_and_nothing_large(outputs, records):
    model, val = small_network(), Blots(4)
    assert list(watch(iter(records), model, val)) == records
    assert len(outputs) == 2  # at the start and at the end; between them only the widget changes
    last = outputs[-1]
    with Image.open(io.BytesIO(base64.b64decode(last["image/png"]))) as picture:
        assert picture.width > 600
    assert last["text/plain"].splitlines() == [str(record) for record in records]
    assert last["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert len(json.dumps(last)) < 400_000


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
    traces = {trace["name"]: trace["y"] for trace in shown(view)["data"] if "name" in trace}
    assert (traces["green"], traces["blue"]) == ([None], [0.25])
    assert view.png()


def test_outside_a_notebook_it_prints_the_records(records, capsys):
    list(watch(iter(records), small_network(), Blots(4)))
    assert capsys.readouterr().out.splitlines() == [str(record) for record in records]
