"""A widget in a real JupyterLab with a clock in its page: what is done to it is timed there."""

from collections.abc import Callable
from pathlib import Path

from laboratory import Lab, watched_page
from playwright.sync_api import Browser, Locator

CLOCK = Path(__file__).with_name("paint_clock.js").read_text(encoding="utf-8")
QUIET = 150  # ms without a change of the picture: then the last one was the last
SILENT = 1500  # ms without a message from the kernel: then nothing more is on its way
WINDOW = {"width": 1500, "height": 1300}


class Display:
    """A notebook of two cells, imports and the widget. Times are ms from event to paint."""

    def __init__(self, browser: Browser, lab: Lab, cells: tuple[str, str], picture: str):
        self.picture = picture
        self.page = watched_page(browser, lab.url, viewport=WINDOW)
        self.page.set_default_timeout(60_000)
        self.page.add_init_script(CLOCK)
        lab.open(self.page, list(cells))
        self.page.locator(".jp-CodeCell .cm-content").first.click()
        self.page.keyboard.press("Shift+Enter")  # the imports; it goes on to the next cell
        self.page.locator(".jp-InputPrompt", has_text="[1]:").wait_for()

    def show(self) -> tuple[float, float, float]:
        """Runs the cell of the widget: time until the sliders and the picture are painted, KB from
        the kernel until then, and KB in all."""
        self.wait_for_silence()
        self._listen("keydown", ".jp-CodeCell", f".widget-slider, {self.picture}")
        shown = self._timed(lambda: self.page.keyboard.press("Shift+Enter"), quiet=1000)
        self.wait_for_silence()
        received = [m for m in self.messages() if not m["sent"] and m["at"] > shown["at"]]
        until = sum(m["bytes"] for m in received if m["at"] <= shown["painted"])
        total = sum(m["bytes"] for m in received)
        return shown["painted"] - shown["at"], until / 1000, total / 1000

    def slider(self, label: str) -> Locator:
        """The handle; two where rows and columns differ."""
        label = self.page.get_by_text(label, exact=True)
        return self.page.locator(".widget-slider:visible", has=label).locator(".noUi-handle")

    def ticks(self, slider: Locator, keys: list[str]) -> list[float]:
        """Key presses on a slider's handle."""
        self._listen("keydown", ".noUi-handle", self.picture)
        slider.focus()
        presses = [lambda key=key: self.page.keyboard.press(key) for key in keys]
        return [_time(self._timed(press)) for press in presses]

    def steps(self, keys: list[str]) -> list[float]:
        """Key presses on the picture itself."""
        self._listen("keydown", self.picture, self.picture)
        self.page.locator(self.picture).focus()
        presses = [lambda key=key: self.page.keyboard.press(key) for key in keys]
        return [_time(self._timed(press)) for press in presses]

    def hovers(self, cells: str, most: int | None = None) -> list[float]:
        """The mouse over one cell after the other, over the first `most` of them."""
        self._listen("pointerover", cells, self.picture)
        shapes = self.page.locator(cells)
        shapes.first.scroll_into_view_if_needed()
        middles = shapes.evaluate_all(
            "all => all.map(one => one.getBoundingClientRect())"
            ".map(box => [box.x + box.width / 2, box.y + box.height / 2])"
        )
        moves = [lambda x=x, y=y: self.page.mouse.move(x, y) for x, y in middles[:most]]
        times = [_time(self._timed(move)) for move in moves]
        self.page.mouse.move(1, 1)
        return times

    def new_states(self, labels: list[str]) -> list[float]:
        """Sliders moved by one, rows and columns in turn, to pictures that are not there yet: as a
        hand does that is quicker than the explorer fetches ahead. What was there is left out."""
        self.page.evaluate("() => { paintClock.lost = '\"want\"' }")
        self.page.get_by_label("rows and columns differ").check()
        self._listen("keydown", ".noUi-handle", self.picture)
        sliders = [self.slider(label).nth(turn % 2) for turn, label in enumerate(labels)]
        moved = [self._timed(lambda s=slider: s.press(_key_of(s))) for slider in sliders]
        return [_time(move) for move in moved if move["waited"]]

    def messages(self) -> list[dict]:
        """All messages from and to the kernel so far: {"at", "bytes", "sent"}."""
        return self.page.evaluate("paintClock.messages")

    def messages_during(self, action: Callable[[], object]) -> int:
        """How many go either way."""
        self.wait_for_silence()
        before = len(self.messages())
        action()
        self.wait_for_silence()
        return len(self.messages()) - before

    def wait_for_silence(self) -> None:
        """Until the kernel has said all that it had to say."""
        self.page.wait_for_function("ms => paintClock.silent(ms)", arg=SILENT, polling=100)

    def close(self) -> None:
        self.page.context.close()

    def _listen(self, event, target, picture) -> None:
        self.page.evaluate(
            "now => Object.assign(paintClock, now)",
            {"event": event, "target": target, "picture": picture},
        )

    def _timed(self, action, quiet=QUIET) -> dict:
        self.page.evaluate("() => { paintClock.open = null }")
        action()
        self.page.wait_for_function("ms => paintClock.settled(ms)", arg=quiet, polling=20)
        return self.page.evaluate("paintClock.open")


def _time(measured: dict) -> float:
    return measured["painted"] - measured["at"]


def _key_of(slider: Locator) -> str:
    """The key that moves it towards its farther end."""
    least, now, most = slider.evaluate(
        "handle => ['min', 'now', 'max'].map("
        "name => Number(handle.getAttribute(`aria-value${name}`)))"
    )
    return "ArrowRight" if most - now >= now - least else "ArrowLeft"
