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
    return Record(epoch, 3, 1 / epoch, 0.003, iou, 0.1 * epoch, 0.5, 100.0, 1.0, 0.1, None)


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
