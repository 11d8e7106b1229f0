"""How soon the explorer paints what was asked, beside the same picture as a plotly FigureWidget.

Run it with: python tests/benchmarks/explorer_latency.py

In a real JupyterLab, in one run: from a key press or a mouse move to the paint after the last
change of the picture, measured in the page. Three pages take turns, so that whatever else the
machine does weighs on all alike: the explorer, plotly, and the explorer over a connection with
50 ms added in each direction, 100 ms there and back.
"""

import os
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles

HERE = Path(__file__).parent
sys.path += [str(HERE / "latency"), str(HERE.parent / "browser")]

import chromium  # noqa: E402
from delayed import delayed  # noqa: E402
from display import Display  # noqa: E402
from laboratory import launch_chromium, running_lab  # noqa: E402
from playwright.sync_api import Error, sync_playwright  # noqa: E402

EACH_WAY = 0.05  # seconds added to the connection
DISPLAYS = 3  # first displays, each in a fresh notebook with a fresh kernel
ROUNDS = 8  # in which the pages take turns
# from kernel size 3 to 5, to 1, and back
THERE_AND_BACK = ["ArrowRight"] * 2 + ["ArrowLeft"] * 4 + ["ArrowRight"] * 2
STEPS = ["ArrowRight"] * 3 + ["ArrowLeft"] * 3  # along the four cells of the input
SLIDERS = ("input size", "kernel size", "stride", "dilation")  # these can always move
NEW_STATES = 60  # tries; those whose picture was there already are not counted

EXPLORER = ("import segviz.explain", "segviz.explain.transposed_convolution()")
RIVAL = (
    f"import sys\nsys.path.append({str(HERE / 'latency')!r})\nfrom plotly_rival import rival",
    "rival()",
)


@dataclass
class Figures:
    """What was measured on one page; times in ms."""

    displays: list[tuple[float, float, float]] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    new_states: list[float] = field(default_factory=list)
    hovers: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    messages: int = 0  # while hovering and stepping

    @property
    def first_display(self) -> tuple[float, float, float]:
        """ms, KB until the paint, KB in all: the medians."""
        return tuple(map(median, zip(*self.displays, strict=True)))


def measure(browser, lab, far) -> dict[str, Figures]:
    asked = {
        "explorer": (lab, EXPLORER, ".sv-picture"),
        "plotly": (lab, RIVAL, ".js-plotly-plot"),
        "explorer, far": (far, EXPLORER, ".sv-picture"),
    }
    figures = {name: Figures() for name in asked}
    pages = {name: _show(browser, figures[name], *what) for name, what in asked.items()}
    for page in pages.values():
        page.ticks(page.slider("kernel size"), THERE_AND_BACK)  # to warm up
        page.wait_for_silence()
    for _ in range(ROUNDS):
        for name, page in pages.items():
            figures[name].ticks += page.ticks(page.slider("kernel size"), THERE_AND_BACK)
    for name in ("explorer", "explorer, far"):
        _point_and_step(pages[name], figures[name])
        draw = random.Random(0)
        figures[name].new_states = pages[name].new_states(draw.choices(SLIDERS, k=NEW_STATES))
    return figures


def _show(browser, figures, lab, cells, picture) -> Display:
    """Several times anew; the last one stays."""
    for turn in range(DISPLAYS):
        page = Display(browser, lab, cells, picture)
        figures.displays.append(page.show())
        if turn < DISPLAYS - 1:
            page.close()
    return page


def _point_and_step(page, figures) -> None:
    def both():
        figures.hovers = page.hovers(".sv-picture .c > path")
        page.steps(["ArrowRight"])  # pins the first cell
        figures.steps = page.steps(STEPS * 10)

    figures.messages = page.messages_during(both)


def print_table(measured) -> None:
    print(f"\n{'event to paint, ms':<40}{'p25':>8}{'median':>8}{'p95':>8}{'count':>7}")
    rows = {"slider": "ticks", "to a new state": "new_states", "hover": "hovers", "step": "steps"}
    for name, figures in measured.items():
        for what, attribute in rows.items():
            times = getattr(figures, attribute)
            if len(times) > 1:
                cuts = quantiles(times, n=20)
                row = f"{name}: {what}"
                print(f"{row:<40}{cuts[4]:8.1f}{cuts[9]:8.1f}{cuts[18]:8.1f}{len(times):7}")

    print(f"\n{'first display':<40}{'ms':>8}{'KB then':>10}{'KB in all':>10}   each, ms")
    for name, figures in measured.items():
        time, until, total = figures.first_display
        each = ", ".join(f"{time:.0f}" for time, *_ in figures.displays)
        print(f"{name:<40}{time:8.0f}{until:10.0f}{total:10.0f}   {each}")


def print_bounds(measured) -> None:
    """The bounds of the explorer; those in ms are meant for a machine with nothing else to do."""
    near, rival, far = measured.values()
    messages = near.messages + far.messages
    tick = median(near.ticks)
    ratio, delay = median(rival.ticks) / tick, median(far.ticks) / tick
    time, until, total = near.first_display
    bounds = [
        ("at least 5 times faster than plotly", ratio >= 5, f"{ratio:.1f} times"),
        ("median at most 25 ms on a quiet machine", tick <= 25, f"{tick:.1f} ms"),
        ("within 20% with 100 ms added", delay <= 1.2, f"{delay - 1:+.0%}"),
        ("first display below 0.6 s", time < 600, f"{time:.0f} ms"),
        ("first display at most 400 KB", until <= 400, f"{until:.0f} KB, {total:.0f} in all"),
        ("no message while hovering and stepping", not messages, f"{messages}"),
    ]
    print()
    for bound, holds, figure in bounds:
        print(f"{'holds:' if holds else 'DOES NOT HOLD:':<16}{bound} ({figure})")


def load() -> str:
    """Over the last minute, and the cores it falls on."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        try:
            browser = launch_chromium(playwright)
        except Error:
            print(chromium.HOW_TO_GET_ONE)
            return
        stack.callback(browser.close)
        print(f"load at the start: {load()}", flush=True)
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(running_lab(home))
        far = replace(lab, url=stack.enter_context(delayed(lab.url, EACH_WAY)))
        measured = measure(browser, lab, far)
        print_table(measured)
        print_bounds(measured)
        print(f"load at the end: {load()}")


if __name__ == "__main__":
    main()
