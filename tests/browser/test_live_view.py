"""The live view of a training run in a real JupyterLab: it grows, and it stays small."""

import nbformat

PREPARE = """
from segviz.data import Scenes, colour, contact_sheet, picture
from segviz.training import Record
from segviz.training.live import LiveView

val = Scenes(2, first_seed=900_000)
images = [picture(image) for image, _ in val]
masks = [colour(mask, val.palette) for _, mask in val]
strip = contact_sheet([*images, *masks, *masks], columns=2)


def record(epoch):
    iou = {name: 0.1 * epoch for name in val.classes}
    confusion = [[30 if i == j else i + j for j in range(6)] for i in range(6)]
    scores = (iou, 0.1 * epoch, 0.5)
    return Record(epoch, 3, 1 / epoch, 0.003, *scores, 100.0, 1.0, 0.1, None, confusion)


view = LiveView(val.classes, val.palette)
view.show(record(1), strip)
"""


def test_the_picture_grows_while_later_records_come(lab, open_notebook):
    # Later cells add to the output of the first, as a running loop does.
    page = open_notebook([PREPARE, "view.show(record(2), strip)", "view.show(record(3), strip)"])
    plot = page.locator(".jp-OutputArea-output.js-plotly-plot")
    plot.get_by_text("epoch 3 of 3").wait_for()
    assert plot.count() == 1
    # Three points on each of the curves: loss, mean IoU and six classes.
    assert plot.locator(".scatterlayer .point").count() == 3 * 8
    assert plot.locator(".imagelayer image").count() == 1
    assert plot.locator(".barlayer .point").count() == 7  # the mean and six classes
    # The numbers in the confusion matrix; its first row is 30 0 + 1 2 3 4 5 of 45 pixels.
    assert plot.locator(".heatmap-label").first.text_content() == "67"


def test_no_words_of_the_picture_are_cut_off_on_a_laptop(lab, open_notebook):
    page = open_notebook([PREPARE], viewport={"width": 1366, "height": 768})
    plot = page.locator(".jp-OutputArea-output.js-plotly-plot")
    plot.get_by_text("epoch 1 of 3").wait_for()
    whole = plot.bounding_box()
    assert whole["height"] <= 900
    plot.locator(".heatmap-label").first.wait_for()
    words = plot.locator(".infolayer text, .xaxislayer-above text, .yaxislayer-above text").all()
    boxes = [word.bounding_box() for word in words if word.is_visible()]
    assert len(boxes) > 30
    for box in boxes:
        assert box["x"] >= whole["x"] and box["y"] >= whole["y"]
        assert box["x"] + box["width"] <= whole["x"] + whole["width"]
    assert not page.errors and not page.outside


def test_the_saved_notebook_is_small_and_has_a_picture_for_readers_without_plotly(
    lab, open_notebook
):
    page = open_notebook([PREPARE, "view.finish()"])
    page.locator(".jp-OutputArea-output.js-plotly-plot").wait_for()
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    name = page.url.split("/tree/")[1].split("?")[0]
    assert (lab.folder / name).stat().st_size < 1_500_000
    (output,) = nbformat.read(lab.folder / name, 4).cells[0].outputs
    assert {"image/png", "text/plain"} < output.data.keys()
