"""The explorer of fields in a real JupyterLab and as a saved page: a click chooses the unit."""

import numpy as np
import pytest
import torch
from test_every_explainer import check_access
from torch import nn  # noqa: F401

import segviz

MODEL = (
    "nn.Sequential(nn.Conv2d(3, 4, 5, stride=2), nn.MaxPool2d(2),"
    " nn.Conv2d(4, 4, 3, padding=2, dilation=2))"
)
CELLS = [
    "import numpy as np, torch\nfrom torch import nn\nimport segviz\ntorch.manual_seed(0)",
    f"explorer = segviz.explain.fields({MODEL}, np.full((64, 96, 3), 90, np.uint8))\nexplorer",
]


@pytest.fixture(scope="module")
def twin():
    torch.manual_seed(0)
    return segviz.explain.fields(eval(MODEL), np.full((64, 96, 3), 90, np.uint8))


def click(page, board, n):
    page.locator(f".sv-stage [data-layer={board}] .c path").nth(n).click()
    page.wait_for_function(
        "!document.querySelector('.sv-stage[data-waiting], .sv-stage[data-placing]')"
    )


def title(page, board):
    return page.locator(f".sv-stage [data-layer={board}] text.title").text_content()


def lit(page, board):
    return page.locator(f".sv-stage [data-layer={board}] .c path").evaluate_all(
        "paths => paths.flatMap((path, n) => path.classList.contains('lit') ? [n] : [])"
    )


def test_a_click_chooses_the_unit_and_the_layer(open_notebook, twin):
    page = open_notebook(CELLS)
    page.locator(".sv-stage [data-layer] path").first.wait_for()
    click(page, "units_1", 9)
    twin.set(layer=2, row=1, column=2)
    assert title(page, "tiles_1") == twin.scene["tiles_1"].title
    taps = twin.scene.relation.column("units_1") == 9
    assert lit(page, "tiles_1") == sorted(set(twin.scene.relation.column("tiles_1")[taps]))
    overlay = page.locator(".sv-stage [data-layer=tiles_1] image").last.get_attribute("href")
    assert overlay == twin.scene["tiles_1"].overlay
    click(page, "layers_1", 0)
    twin.set(layer=0)
    assert title(page, "strength_1") == twin.scene["strength_1"].title
    assert title(page, "tiles_1") == twin.scene["tiles_1"].title
    page.get_by_text("layer", exact=True).wait_for()
    handles = page.locator(".sv-controls .noUi-handle")
    values = handles.evaluate_all("all => all.map(it => Number(it.getAttribute('aria-valuetext')))")
    assert values == [0, 1, 2]
    check_access(page)
    assert not page.errors and not page.outside


def test_a_saved_page_moves_what_it_holds_and_ignores_other_clicks(new_page, tmp_path, twin):
    twin.set(layer=2, row=3, column=3)
    page = new_page(viewport={"width": 1366, "height": 768})
    page.context.set_offline(True)
    page.goto(twin.save(tmp_path / "page.html", vary=["row", "column"]).as_uri())
    page.locator(".sv-stage [data-layer] path").first.wait_for()
    before = title(page, "tiles_1")
    click(page, "layers_1", 0)  # the layer is fixed here
    assert title(page, "tiles_1") == before
    click(page, "units_1", 44)
    twin.set(row=6, column=2)
    assert title(page, "tiles_1") == twin.scene["tiles_1"].title != before
    check_access(page, "body")
    assert not page.errors and not page.outside
