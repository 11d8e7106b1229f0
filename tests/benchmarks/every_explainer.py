"""How soon every explainer is there, and how soon it answers, in a real JupyterLab.

    python tests/benchmarks/every_explainer.py [name ...]

First display: from the key press that runs the cell to the paint, in a fresh notebook, median of
three. Slider, hover, step: from the event to the paint after the last change of the picture. The
bounds are for a machine with nothing else to do; the script exits with 1 where one is missed.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path += [str(HERE / "latency"), str(HERE.parent / "browser")]

import chromium  # noqa: E402
from display import Display  # noqa: E402
from laboratory import launch_chromium, running_lab  # noqa: E402
from playwright.sync_api import Error, sync_playwright  # noqa: E402

from segviz.explain import EXPLAINERS  # noqa: E402
from segviz.explorer import Explorer  # noqa: E402

DISPLAYS, TICKS = 3, 60
WANTED_DISPLAY, WANTED_KB, WANTED_PAINT = 600, 400, 25  # ms, KB, ms


def there_and_back(explainer):
    """(parameter, keys): the slider that moves furthest alone, and keys that all move it."""
    best, keys = None, []
    start = {p.name: (p.start, p.start) for p in explainer.parameters}
    for parameter in explainer.parameters:
        if parameter.choices:
            continue

        def legal(step, name=parameter.name):
            return explainer.legal({**start, name: (step, step)})

        up = down = parameter.start
        while legal(up + 1):
            up += 1
        while legal(down - 1):
            down -= 1
        rise, fall = up - parameter.start, parameter.start - down
        tour = ["ArrowRight"] * rise + ["ArrowLeft"] * (rise + fall) + ["ArrowRight"] * fall
        if len(tour) > len(keys):
            best, keys = parameter, tour
    return best, (keys * TICKS)[: -(-TICKS // max(len(keys), 1)) * len(keys)]


def _cells_to_step_along(explainer):
    scene = Explorer(explainer).scene
    return len(scene[scene.steps].cells)


def measure(browser, lab, name):
    cells = ("import segviz.explain", f"segviz.explain.{name}()")
    displays = []
    for turn in range(DISPLAYS):
        page = Display(browser, lab, cells, ".sv-picture")
        displays.append(page.show())
        if turn < DISPLAYS - 1:
            page.close()
    parameter, keys = there_and_back(EXPLAINERS[name])
    ticks = page.ticks(page.slider(parameter.label), keys) if parameter else []
    hovers = page.hovers(".sv-picture .c > path", most=200)
    page.steps(["ArrowRight"])
    away = min(2, _cells_to_step_along(EXPLAINERS[name]) - 1)
    steps = page.steps((["ArrowRight"] * away + ["ArrowLeft"] * away) * 8)
    page.close()
    display, until, _ = map(median, zip(*displays, strict=True))
    return (
        display,
        until,
        *(median(times) if times else float("nan") for times in (ticks, hovers, steps)),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(EXPLAINERS))
    names = parser.parse_args().names
    missed = []
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        try:
            browser = launch_chromium(playwright)
        except Error:
            print(chromium.HOW_TO_GET_ONE)
            return 0
        stack.callback(browser.close)
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(running_lab(home))
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start\n")
        print(f"{'':<24}{'first display':>16}{'':>8}{'slider':>9}{'hover':>8}{'step':>8}")
        for name in names:
            display, size, tick, hover, step = measure(browser, lab, name)
            print(
                f"{name:<24}{display:13.0f} ms{size:5.0f} KB{tick:9.1f}{hover:8.1f}{step:8.1f}",
                flush=True,
            )
            slow = max(filter(lambda t: t == t, (tick, hover, step)))
            if display >= WANTED_DISPLAY or size > WANTED_KB or slow > WANTED_PAINT:
                missed.append(name)
        print(f"\nload {os.getloadavg()[0]:.1f} at the end; missed: {', '.join(missed) or 'none'}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
