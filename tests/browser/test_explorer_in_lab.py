"""The explorer in a real JupyterLab under a real mouse: the numbers in the page are torch's."""

import json
import os
import re
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from explored import CELLS, KERNEL, NAMES, Explored, torchs  # beside this file


@pytest.fixture
def explored(open_notebook):
    page = open_notebook(CELLS)
    yield Explored(page)
    assert not page.errors and not page.outside


def test_dragging_a_slider_through_all_its_values_shows_torchs_numbers(explored):
    page = explored.page
    for name, first, last in (("kernel size", 1, 5), ("input size", 2, 5), ("stride", 1, 3)):
        explored.press(name, "Home")
        handle = explored.handle(name).bounding_box()
        rail = explored.handle(name).locator("xpath=ancestor::*[contains(@class,'noUi-target')]")
        rail = rail.bounding_box()
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        seen = set()
        for step in range(1, 25):
            page.mouse.move(rail["x"] + rail["width"] * step / 24, handle["y"] + 5)
            explored.settled()
            values = explored.values()
            seen.add(values[name][0])
            expected = torchs(values)
            assert explored.numbers("output") == expected, values
            assert explored.numbers("result") == expected and explored.numbers("y") == expected
        page.mouse.up()
        assert seen == set(range(first, last + 1))


def test_hovering_an_output_cell_lights_what_it_gathers(explored):
    explored.cell("output", 5).hover()
    assert explored.sentence.startswith("output[1, 1] = 2·4 + 1·1 + 4·4 + 4·1 = 29")
    assert explored.lit("input") == [0, 1, 2, 3]
    assert explored.lit("kernel") == [0, 1, 3, 4]
    assert explored.lit("stretched") == [7, 8, 9, 13, 14, 15, 19, 20, 21]
    assert explored.lit("rows") == [5] and explored.lit("y") == [5]


def test_hovering_the_other_boards_lights_the_same_relation(explored):
    explored.cell("input", 3).hover()
    assert explored.lit("output") == [5, 6, 7, 9, 10, 11, 13, 14, 15]
    assert explored.lit("columns") == [3] and explored.lit("x") == [3]
    explored.cell("kernel", 8).hover()
    assert explored.lit("output") == [10, 11, 14, 15]
    assert "used 4 times" in explored.sentence
    explored.cell("columns", 3).hover()
    assert explored.lit("output") == [5, 6, 7, 9, 10, 11, 13, 14, 15]
    assert explored.sentence.startswith("Column 3 of C.T")
    explored.cell("rows", 0).hover()
    assert explored.lit("matrix") == [0] and explored.lit("input") == [0]
    explored.cell("matrix", 0).hover()
    assert explored.lit("output") == [0] and explored.lit("kernel") == [0]
    assert "C.T[0, 0] = kernel[0, 0] = 1" in explored.sentence
    explored.cell("stretched", 0).hover()
    assert "padded" in explored.sentence and explored.lit("result") == [0]
    assert explored.lit("output") == []  # a padded zero adds nothing to a stamp


def test_pinning_stepping_and_clearing_by_mouse_and_keyboard(explored):
    page = explored.page
    explored.cell("output", 0).click()
    page.mouse.move(2, 2)
    assert explored.sentence.startswith("output[0, 0]") and explored.lit("input") == [0]
    page.keyboard.press("ArrowRight")
    assert explored.sentence.startswith("output[0, 1]")
    page.keyboard.press("ArrowDown")
    assert explored.sentence.startswith("output[1, 1]")
    explored.cell("input", 0).hover()
    assert explored.sentence.startswith("input[0, 0]")
    page.mouse.move(2, 2)
    assert explored.sentence.startswith("output[1, 1]")  # back to the pinned cell
    page.keyboard.press("Escape")
    assert explored.lit("input") == [] and explored.sentence.startswith("Point at any cell")


def test_a_pin_stays_on_its_row_and_column_when_the_size_changes(explored):
    explored.cell("input", 2).click()
    explored.page.mouse.move(2, 2)
    explored.press("input size", "ArrowRight", "ArrowRight")
    assert explored.sentence.startswith("input[1, 0]") and explored.values()["input size"] == (4, 4)
    explored.cell("input", 15).click()
    explored.press("input size", "ArrowLeft")
    assert explored.sentence.startswith("Point at any cell")  # input[3, 3] is gone


def test_what_is_pointed_at_stays_lit_when_the_picture_changes_beneath(explored):
    explored.cell("input", 3).hover()
    explored.press("kernel size", "ArrowLeft")
    assert explored.values()["kernel size"] == (2, 2)
    assert explored.sentence.startswith("input[1, 1]")
    assert explored.lit("input") == [3] and explored.lit("output") == [4, 5, 7, 8]
    explored.press("input size", "ArrowRight")
    explored.settled()
    assert explored.sentence.startswith("input[1, 1]") and explored.lit("input") == [4]
    explored.page.mouse.move(2, 2)
    assert explored.lit("input") == []


def test_stepping_stamps_one_input_after_another(explored):
    page, forward = explored.page, explored.page.get_by_role("button", name="step →")
    forward.click()
    assert explored.numbers("output")[:4] == [2, 8, 2, None]
    page.keyboard.press("ArrowRight")  # the button has the focus
    assert explored.numbers("output")[:4] == [2, 9, 6, 1]
    page.get_by_role("button", name="← back").click()
    assert explored.numbers("output")[:4] == [2, 8, 2, None]
    page.get_by_role("button", name="play").click()
    page.get_by_text("4 of 4").wait_for()
    page.get_by_role("button", name="play").wait_for()  # it stops by itself
    assert explored.numbers("output") == torchs(explored.values())
    page.get_by_role("button", name="clear").click()
    assert explored.numbers("output") == torchs(explored.values())


def test_stepping_and_hovering_send_the_kernel_nothing(open_notebook):
    page = open_notebook(CELLS)
    explored = Explored(page)
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status == 'idle'"
    )
    page.evaluate("""() => {
        window.sent = 0;
        const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        kernel.anyMessage.connect((_, {direction}) => { if (direction === 'send') window.sent++ });
    }""")
    before = asked_ahead(page)
    explored.page.get_by_role("button", name="step →").click()
    page.keyboard.press("ArrowRight")
    for board in ("input", "kernel", "output", "matrix", "stretched"):
        for n in range(4):
            explored.cell(board, n).hover()
    assert page.evaluate("window.sent") == before
    assert not page.errors


def asked_ahead(page):
    """Waits until the stage has asked for all it wants ahead; returns how much that was since."""
    page.wait_for_function("""() => {
        const now = window.sent, quiet = window.quiet ??= {sent: -1, since: 0};
        if (quiet.sent !== now) Object.assign(quiet, {sent: now, since: performance.now()});
        return performance.now() - quiet.since > 1000;
    }""")
    return page.evaluate("window.sent")


def test_illegal_states_cannot_be_reached_and_later_sliders_yield(explored):
    explored.press("output_padding", "ArrowRight")
    assert explored.values()["output_padding"] == (0, 0)  # stride 1, dilation 1: it is switched off
    explored.press("stride", "ArrowRight", "ArrowRight")
    explored.press("output_padding", "ArrowRight", "ArrowRight")
    explored.press("padding", *["ArrowRight"] * 12)
    explored.settled()
    values = explored.values()
    assert values["output_padding"] == (2, 2) and values["padding"] == (3, 3)
    assert explored.numbers("output") == torchs(values)
    explored.press("stride", "Home")
    explored.settled()
    values = explored.values()
    assert (values["output_padding"], values["padding"]) == ((0, 0), (1, 1))
    assert explored.numbers("output") == torchs(values)


def test_rows_and_columns_may_differ(explored):
    explored.page.get_by_label("rows and columns differ").check()
    explored.press("kernel size", "ArrowRight", axis="columns")
    explored.press("stride", "ArrowRight", axis="rows")
    explored.settled()
    values = explored.values()
    assert values["kernel size"] == (3, 4) and values["stride"] == (2, 1)
    assert explored.numbers("output") == torchs(values)
    explored.page.get_by_label("rows and columns differ").uncheck()
    explored.settled()
    assert explored.values()["stride"] == (2, 2)
    assert explored.numbers("output") == torchs(explored.values())


def test_typing_a_number_and_a_non_number(explored):
    page = explored.page
    explored.cell("kernel", 4).dblclick()
    page.get_by_label("new number").fill("-7")
    page.keyboard.press("Enter")
    page.locator("[data-layer=kernel] text", has_text="-7").wait_for()
    kernel = [list(row) for row in KERNEL]
    kernel[1][1] = -7
    assert explored.numbers("output") == torchs(explored.values(), kernel=kernel)
    explored.cell("input", 0).click()
    page.keyboard.type("2x")
    page.keyboard.press("Enter")
    page.get_by_text("“2x” is not a number").wait_for()
    assert explored.numbers("output") == torchs(explored.values(), kernel=kernel)
    explored.press("kernel size", "ArrowRight")
    explored.settled()
    assert explored.numbers("output") == torchs(explored.values(), kernel=kernel)


def test_reopened_without_a_kernel_the_picture_is_still_there(lab, open_notebook, new_page):
    page = open_notebook(CELLS)
    Explored(page).press("stride", "ArrowRight")
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    name = re.search(r"/tree/([^?]+)", page.url)[1]
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    state = json.loads((lab.folder / name).read_text("utf-8"))["metadata"]
    assert state["widgets"]
    still = new_page(lab.url)
    still.goto(f"{lab.url}/lab/workspaces/other/tree/{name}?reset")
    explored = Explored(still)
    assert explored.numbers("output") == torchs(explored.values())
    explored.cell("output", 5).hover()
    assert explored.lit("input") == [0]  # at stride 2 only one stamp reaches it
    explored.cell("kernel", 0).dblclick()
    assert "read-only" in still.locator(".sv-message").inner_text()
    explored.press("input size", "End")  # not among the states that were saved
    still.get_by_text("drawn by the notebook's kernel").wait_for()
    explored.press("input size", "Home")
    assert still.locator(".sv-message").inner_text() == ""
    assert explored.numbers("output") == torchs(explored.values())


def test_without_the_widgets_state_a_still_stands_in(lab, open_notebook, new_page):
    page = open_notebook(CELLS)
    Explored(page)
    assert page.locator("img[src*=sv-still]").is_hidden()
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    path = lab.folder / re.search(r"/tree/([^?]+)", page.url)[1]
    content = json.loads(path.read_text("utf-8"))
    del content["metadata"]["widgets"]
    path.write_text(json.dumps(content), "utf-8")
    own = os.environ | {"JUPYTER_DATA_DIR": str(lab.folder.parent / "jupyter_data_dir")}
    subprocess.run([sys.executable, "-m", "jupyter", "trust", path], env=own, check=True)
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    still = new_page(lab.url)
    still.goto(f"{lab.url}/lab/workspaces/bare/tree/{path.name}?reset")
    image = still.locator("img[src*=sv-still]")
    image.wait_for()
    assert image.bounding_box()["width"] > 600


@pytest.fixture
def page_of(tmp_path, new_page):
    """Opens the saved page of an explorer; no Jupyter runs."""
    import segviz

    def save_and_open(vary=None, **settings):
        path = segviz.explain.transposed_convolution(**settings).save(tmp_path / "p.html", vary)
        page = new_page()
        page.goto(path.as_uri())
        return page

    return save_and_open


def test_a_saved_page_explores_without_a_kernel(page_of):
    page = page_of(vary=["stride", "padding"])
    stage = Explored(page)
    outputs = page.locator(".sv-rows output").all_inner_texts
    stage.press("stride", "ArrowRight")
    stage.press("padding", "ArrowRight", "ArrowRight", "ArrowRight")
    assert "read-only" in stage.sentence  # said before anybody tries
    assert outputs() == ["2", "3", "2", "1", "0", "2"]  # padding stops at its limit
    values = dict(zip(NAMES, ((int(value),) * 2 for value in outputs()), strict=True))
    assert stage.numbers("output") == torchs(values)
    stage.cell("output", 0).hover()
    assert stage.lit("input") == [0, 1, 2, 3] and len(stage.numbers("output")) == 1
    page.get_by_role("button", name="step →").click()
    assert "1 of 4" in page.locator(".sv-count").inner_text()
    stage.cell("kernel", 0).dblclick()
    assert "read-only" in page.locator(".sv-message").inner_text()
    assert page.locator("#kernel_size-rows").get_by_text("(fixed)").is_visible()
    assert page.locator("#kernel_size-rows input").is_disabled()
    assert not page.errors and not page.outside


def test_a_saved_page_with_unequal_axes(page_of):
    page = page_of(vary=["padding"], stride=(2, 1), kernel=[[1, 2, 0], [0, 1, -3]])
    stage = Explored(page)
    stage.press("padding", "ArrowRight", axis="columns")
    assert page.locator("#padding-columns output").inner_text() == "1"
    output = F.conv_transpose2d(
        torch.tensor([[[[2.0, 1], [4, 4]]]]),
        torch.tensor([[[[1.0, 2, 0], [0, 1, -3]]]]),
        stride=(2, 1),
        padding=(0, 1),
    )
    assert stage.numbers("output") == output.flatten().tolist()
    assert not page.errors
