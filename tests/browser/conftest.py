"""A real Chromium on a real JupyterLab.

    def test_something(open_notebook):
        page = open_notebook(["import segviz", "segviz.explain.transposed_convolution()"])
        page.locator("...").hover()
        assert not page.errors and not page.outside

`page` is a Playwright page. Beside Playwright's own methods it has `page.errors` (sentences: what
the console or an uncaught exception said) and `page.outside` (addresses beyond this machine that
the page asked for).
"""

import os

import chromium  # beside this file
import pytest
from laboratory import launch_chromium, running_lab, watched_page  # beside this file
from playwright.sync_api import Error, sync_playwright

RUN_ALL_CELLS = """async () => {
    const notebook = jupyterapp.shell.currentWidget;
    await jupyterapp.commands.execute('notebook:run-all-cells');
    return [...notebook.content.model.cells]
        .filter(cell => cell.type === 'code')
        .flatMap(cell => cell.outputs.toJSON())
        .filter(output => output.output_type === 'error')
        .map(output => `${output.ename}: ${output.evalue}`);
}"""


def without_browser(why):
    """Skip the test, or fail it where a browser is required (in continuous integration)."""
    sentence = f"{chromium.HOW_TO_GET_ONE} {why}".strip()
    if os.environ.get("SEGVIZ_REQUIRE_BROWSER"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def browser():
    """Playwright's Browser: the machine's own Chromium, else the one that Playwright installed."""
    with sync_playwright() as playwright:
        try:
            running = launch_chromium(playwright)
        except Error as error:
            without_browser(f"(Playwright said: {error.message.splitlines()[0]})")
        yield running
        running.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab of its own: free port, empty folder, none of the user's settings."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def new_page(browser):
    """`new_page(local="", **options)`: an empty page, as `laboratory.watched_page` makes it."""
    pages = []

    def make(local="", **options):
        pages.append(watched_page(browser, local, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()


@pytest.fixture
def open_notebook(lab, new_page):
    """`open_notebook(cells_or_path, **options) -> page`: opened in Lab, all cells run.

    Returns when the last cell has ended; an exception in a cell fails the test. What widgets paint
    comes a little later: wait for it with the page's own locators. `options` as for `new_page`.
    """

    def open_and_run(notebook, **options):
        page = new_page(lab.url, **options)
        lab.open(page, notebook)
        raised = page.evaluate(RUN_ALL_CELLS)
        assert not raised, f"a cell of the notebook raised {raised[0]}"
        return page

    return open_and_run
