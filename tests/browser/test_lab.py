"""The fixtures themselves: a notebook runs in a real Lab, and trouble in a page is noticed."""

import json
import urllib.request

import nbformat
import pytest

SLIDER = "import ipywidgets\nslider = ipywidgets.IntSlider(3, 0, 7)\nslider"

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def test_a_notebook_runs_and_its_widgets_listen_to_the_mouse(open_notebook):
    page = open_notebook([SLIDER, "print('six times', 7)"])
    assert page.locator(".jp-OutputArea-output", has_text="six times 7").is_visible()
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".widget-readout", has_text="4").wait_for()
    assert not page.errors and not page.outside


def test_a_saved_notebook_keeps_its_widgets(lab, open_notebook):
    page = open_notebook([SLIDER])
    page.locator(".noUi-handle").wait_for()
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    name = page.url.split("/tree/")[1].split("?")[0]
    state = nbformat.read(lab.folder / name, 4).metadata.widgets[WIDGET_STATE]["state"]
    assert "IntSliderModel" in {model["model_name"] for model in state.values()}


def test_lab_takes_that_setting_from_the_installed_course(lab):
    address = f"{lab.url}/lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin"
    with urllib.request.urlopen(address) as answer:
        assert json.load(answer)["schema"]["properties"]["saveState"]["default"] is True


def test_an_exception_in_a_cell_fails_the_test(open_notebook):
    with pytest.raises(AssertionError, match="raised ZeroDivisionError: division by zero"):
        open_notebook(["1 / 0"])


def test_errors_and_requests_to_other_hosts_are_noticed(new_page, tmp_path):
    saved = tmp_path / "page.html"
    saved.write_text(
        "<title>x</title><script>console.error('a word'); throw new Error('thrown')</script>"
        "<img src='http://nowhere.invalid/picture.png'>"
    )
    page = new_page()
    page.goto(saved.as_uri())
    said = "\n".join(page.errors)
    assert "console: a word" in said and "uncaught: thrown" in said
    assert page.outside == {"http://nowhere.invalid/picture.png"}
