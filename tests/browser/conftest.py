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
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import chromium  # beside this file
import nbformat
import pytest
from playwright.sync_api import Error, sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox",  # root in a container has no sandbox; the tests open only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL_SCHEMES = ("data:", "blob:", "file:", "about:", "chrome:")

# Runs in the page. Lab says "idle" before the session has its kernel, and cells that are run
# then are lost; a kernel that has answered an info request is really there.
RUN_ALL_CELLS = """async () => {
    await jupyterapp.restored;
    const notebook = jupyterapp.shell.currentWidget;
    await notebook.context.ready;
    await notebook.sessionContext.ready;
    await notebook.sessionContext.session.kernel.info;
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
            running = playwright.chromium.launch(
                executable_path=chromium.on_this_machine(), args=CHROMIUM_FLAGS
            )
        except Error as error:
            without_browser(f"(Playwright said: {error.message.splitlines()[0]})")
        yield running
        running.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address and the folder that it serves."""

    url: str
    folder: Path

    def add(self, notebook):
        """Write a notebook (a list of code cells, or the path of one to copy); return its name."""
        name = f"notebook-{len(list(self.folder.glob('*.ipynb')))}.ipynb"
        if isinstance(notebook, (str, Path)):
            shutil.copy(notebook, self.folder / name)
        else:
            cells = [nbformat.v4.new_code_cell(source) for source in notebook]
            # Without a kernelspec Lab would open its "Select Kernel" dialog.
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(content, self.folder / name)
        return name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_answers(url, server, log, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, f"JupyterLab ended:\n{log.read_text()}"
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer within {seconds} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab of its own: free port, empty folder, none of the user's settings."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    port = free_port()
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name.lower()) for name in own}
    log = home / "log"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"),
        *("--LabApp.news_url=", "--expose-app-in-browser"),
    ]
    with log.open("w") as out:
        with subprocess.Popen(command, env=environment, stdout=out, stderr=out) as server:
            try:
                running = Lab(f"http://127.0.0.1:{port}", folder)
                wait_until_it_answers(running.url, server, log)
                yield running
            finally:
                server.terminate()  # Jupyter ends its kernels on this signal


@pytest.fixture
def new_page(browser):
    """`new_page(local="", **options)`: an empty page that keeps its `errors` and `outside`.

    `local` is the address that counts as this machine; files always do. `options` are those of
    Playwright's `browser.new_context`, such as `color_scheme="dark"`.
    """
    contexts = []

    def make(local="", **options):
        viewport = {"width": 1400, "height": 1000}
        contexts.append(browser.new_context(**{"viewport": viewport} | options))
        page = contexts[-1].new_page()
        page.errors, page.outside = [], set()
        inside = LOCAL_SCHEMES + ((local, local.replace("http", "ws", 1)) if local else ())

        def note_message(message):
            if message.type == "error":
                page.errors.append(f"console: {message.text} ({message.location['url']})")

        def note_address(request):
            if not request.url.startswith(inside):
                page.outside.add(request.url)

        page.on("console", note_message)
        page.on("pageerror", lambda error: page.errors.append(f"uncaught: {error}"))
        page.on("request", note_address)
        page.on("websocket", note_address)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_notebook(lab, new_page):
    """`open_notebook(cells_or_path, **options) -> page`: opened in Lab, all cells run.

    Returns when the last cell has ended; an exception in a cell fails the test. What widgets paint
    comes a little later: wait for it with the page's own locators. `options` as for `new_page`.
    """

    def open_and_run(notebook, **options):
        page = new_page(lab.url, **options)
        page.goto(f"{lab.url}/lab/tree/{lab.add(notebook)}?reset")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
        raised = page.evaluate(RUN_ALL_CELLS)
        assert not raised, f"a cell of the notebook raised {raised[0]}"
        return page

    return open_and_run
