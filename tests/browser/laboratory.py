"""A real JupyterLab and a real Chromium, for the fixtures in conftest and for the benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import chromium  # beside this file
import nbformat

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
KERNEL_IS_THERE = """async () => {
    await jupyterapp.restored;
    const notebook = jupyterapp.shell.currentWidget;
    await notebook.context.ready;
    await notebook.sessionContext.ready;
    await notebook.sessionContext.session.kernel.info;
}"""


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

    def open(self, page, notebook):
        """Add a notebook and open it on the page; returns when its kernel has answered."""
        page.goto(f"{self.url}/lab/tree/{self.add(notebook)}?reset")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
        page.evaluate(KERNEL_IS_THERE)


def launch_chromium(playwright):
    """Playwright's Browser: the machine's own Chromium, else the one that Playwright installed."""
    path = chromium.on_this_machine()
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)


def watched_page(browser, local="", **options):
    """An empty page in a context of its own, which keeps `page.errors` and `page.outside`.

    `local` is the address that counts as this machine; files always do. `options` are those of
    Playwright's `browser.new_context`, such as `color_scheme="dark"`.
    """
    viewport = {"width": 1400, "height": 1000}
    page = browser.new_context(**{"viewport": viewport} | options).new_page()
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_lab(home):
    """A JupyterLab of its own in the folder `home`: free port, none of the user's settings."""
    folder = home / "notebooks"
    folder.mkdir()
    port = free_port()
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name.lower()) for name in own}
    _ask_for_no_news(Path(environment["JUPYTER_CONFIG_DIR"]))
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
                _wait_until_it_answers(running.url, server, log)
                yield running
            finally:
                server.terminate()  # Jupyter ends its kernels on this signal


def _ask_for_no_news(config):
    """Else Lab asks whether to fetch some, in a corner where it lies over the notebook."""
    settings = config / "lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def _wait_until_it_answers(url, server, log, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, f"JupyterLab ended:\n{log.read_text()}"
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer within {seconds} s:\n{log.read_text()}")
