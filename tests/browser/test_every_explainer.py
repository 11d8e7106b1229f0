"""Every explainer in a real JupyterLab and as a saved page, operated from end to end by keyboard.

What the page shows is what Python draws for the state of its controls."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from segviz.explain import EXPLAINERS
from segviz.explorer import Explorer
from segviz.gallery import write_gallery
from segviz.scenes import number

DARK = "jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COUNT_MESSAGES = """() => {
    window.sent = 0;
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {direction}) => { if (direction === 'send') window.sent++ });
}"""
QUIET = """() => {
    const now = window.sent, quiet = window.quiet ??= {sent: -1, since: 0};
    if (quiet.sent !== now) Object.assign(quiet, {sent: now, since: performance.now()});
    return performance.now() - quiet.since > 1000;
}"""
SETTLED = "!document.querySelector('.sv-stage[data-waiting], .sv-stage[data-placing]')"


class Shown:
    """An explorer on a page, beside its twin in Python."""

    def __init__(self, page, name):
        self.page, self.explainer = page, EXPLAINERS[name]
        self.twin = Explorer(self.explainer)
        self.stage = page.locator(".sv-stage")
        self.stage.locator("[data-layer] path").first.wait_for()

    def control(self, parameter):
        """The row with its label and what the keyboard moves; the rows' where there are two."""
        side = "rows" if parameter.per_axis else "both"
        of_a_page = self.page.locator(f"[id='{parameter.name}-{side}']")
        if of_a_page.count():
            return of_a_page
        label = self.page.get_by_text(parameter.label, exact=True)
        return self.page.locator(f".sv-{side}", has=label)

    def handle(self, parameter):
        return self.control(parameter).locator(".noUi-handle, input[type=range]")

    def step(self, parameter):
        """The step that the control shows."""
        control = self.control(parameter)
        if parameter.choices:
            selects = control.locator("select")
            if selects.count():
                return selects.evaluate("select => select.selectedIndex")
            classes = control.locator("button").evaluate_all("all => all.map(b => b.className)")
            return next(n for n, each in enumerate(classes) if "mod-active" in each)
        value = self.handle(parameter).evaluate(
            "it => Number(it.value ?? it.getAttribute('aria-valuetext'))"
        )
        return round(value / parameter.unit)

    def operated(self, parameter):
        """Moves the control through all its steps by keyboard; yields after each."""
        control = self.control(parameter)
        if not parameter.choices:
            if self.handle(parameter).is_disabled():
                return
            self.handle(parameter).focus()
            for key in ["Home", *["ArrowRight"] * (len(parameter.values) - 1)]:
                self.page.keyboard.press(key)
                yield
        elif control.locator("select").count():
            if control.locator("select").is_disabled():
                return
            for each in parameter.choices:
                control.locator("select").select_option(each)
                yield
        else:
            for each in parameter.choices:
                button = control.get_by_role("button", name=each, exact=True)
                button.focus()
                self.page.keyboard.press("Enter")
                yield

    def scene(self):
        """What Python draws for the state that the controls show."""
        self.page.wait_for_function(SETTLED)
        steps = {p.name: (self.step(p),) * 2 for p in self.explainer.parameters}
        assert self.explainer.legal(steps), steps
        return self.twin.scene_of(steps)

    def check_picture(self):
        scene = self.scene()
        for board in scene.boards:
            layer = self.stage.locator(f"[data-layer={board.name}]")
            texts = layer.locator(".n text").all_text_contents()
            expected = list(board.texts) or [number(v) for v in board.numbers.flat[board.cells]]
            assert texts == (expected if board.figures else []), board.name
            assert layer.locator(".c path").count() == len(board.cells), board.name
        return scene

    def check_pointing(self, scene):
        """The first, a middle and the last cell of every board: its sentence, and what is lit."""
        for board in scene.boards:
            for n in sorted({0, len(board.cells) // 2, len(board.cells) - 1} & {*range(9999)}):
                if n >= len(board.cells):
                    continue
                self.stage.locator(f"[data-layer={board.name}] .c path").nth(n).hover(force=True)
                said = self.stage.locator(".sv-say").text_content()
                assert said == board.sentence(n)
                lit = self.stage.evaluate(
                    """stage => Object.fromEntries([...stage.querySelectorAll('[data-layer]')].map(
                        layer => [layer.dataset.layer, [...layer.querySelectorAll('.c > path')]
                            .flatMap((path, n) => path.classList.contains('lit') ? [n] : [])]))"""
                )
                lit.pop("labels", None)
                assert lit == touched(scene, board, board.cells[n]), (board.name, n)
        self.page.mouse.move(1, 1)

    def check_stepping(self, scene):
        """Step forward and back, play to the second cell, clear; by mouse and by keyboard."""
        count = self.stage.locator(".sv-count")
        cells = len(scene[scene.steps].cells)
        self.page.get_by_role("button", name="step →").click()
        assert count.inner_text() == f"1 of {cells}"
        if cells > 1:
            self.page.keyboard.press("ArrowRight")
            assert count.inner_text() == f"2 of {cells}"
            self.page.get_by_role("button", name="← back").click()
            self.page.get_by_role("button", name="play").click()
            self.page.wait_for_function(
                "of => document.querySelector('.sv-count').textContent === of",
                arg=f"{min(3, cells)} of {cells}",
            )
            self.stage.locator("[data-do=play]").press(" ")
        self.page.keyboard.press("Escape")
        assert count.inner_text() == ""


def touched(scene, board, cell):
    """Board name -> which of its drawn cells share a tap with this cell; from the definition."""
    relation = scene.relation
    stands = {name: cells.flat[cell] for name, cells in board.columns.items()}
    taps = np.full(len(relation), bool(stands))
    for name, at in stands.items():
        taps &= relation.column(name) == at
    if stands.keys() & set(relation.walk):
        ends = np.stack([relation.column(name) for name in relation.walk])
        (start,) = stands
        taps = paths(ends, relation.walk.index(start), stands[start])
    lit = {}
    for each in scene.boards:
        met = taps & (relation.column(each.only) >= 0) if each.only else taps
        names = list(each.columns)
        tied = set(zip(*(relation.column(name)[met].tolist() for name in names), strict=True))
        stands = [tuple(int(each.columns[name].flat[c]) for name in names) for c in each.cells]
        lit[each.name] = [n for n, at in enumerate(stands) if names and at in tied]
    return lit


def paths(ends, grid, cell):
    """Which taps lie on a path through this cell; ends: the cells of every tap, (grids, taps)."""
    back, on = {(grid, cell)}, {(grid, cell)}  # cells that lead to it, and that it leads to
    taps = np.zeros(ends.shape[1], bool)
    for _ in ends:  # a path has no more taps than there are grids
        for tap, column in enumerate(ends.T):
            (low, high) = [(g, c) for g, c in enumerate(column.tolist()) if c >= 0]
            for known, near, far in ((back, high, low), (on, low, high)):
                if near in known:
                    known.add(far)
                    taps[tap] = True
    return taps


def check_access(page, scope=".sv-explorer"):
    """No finding of axe's rules for WCAG 2.1 A and AA."""
    found = Axe().run(page, context=scope, options=RULES).response["violations"]
    told = [f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes'][:3]]}" for v in found]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_in_a_real_lab(open_notebook, name):
    page = open_notebook(["import segviz.explain", f"explorer = segviz.explain.{name}()\nexplorer"])
    shown = Shown(page, name)
    shown.check_picture()
    for parameter in shown.explainer.parameters:
        for _ in shown.operated(parameter):
            shown.check_picture()
    check_access(page)
    page.evaluate(COUNT_MESSAGES)
    page.wait_for_function(QUIET)
    before = page.evaluate("window.sent")
    scene = shown.scene()
    shown.check_pointing(scene)
    shown.check_stepping(scene)
    assert page.evaluate("window.sent") == before  # the kernel is not asked
    page.evaluate(DARK)
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    check_access(page)
    assert not page.errors and not page.outside


@pytest.mark.parametrize("name", EXPLAINERS)
def test_as_a_saved_page(new_page, tmp_path, name):
    path = Explorer(EXPLAINERS[name]).save(tmp_path / "page.html")
    assert path.stat().st_size <= 2_000_000
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    for options in ({"viewport": {"width": 1366, "height": 768}}, phone):
        page = new_page(**options)
        page.context.set_offline(True)
        page.goto(path.as_uri())
        shown = Shown(page, name)
        for parameter in shown.explainer.parameters:
            for _ in shown.operated(parameter):
                shown.check_picture()
        scene = shown.scene()
        shown.check_pointing(scene)
        shown.check_stepping(scene)
        check_access(page, "body")
        page_fits = "document.scrollingElement.scrollWidth <= window.innerWidth"
        assert page.evaluate(page_fits), options
        assert not page.errors and not page.outside


def test_the_gallery_holds_them_all(new_page, tmp_path):
    page = new_page(viewport={"width": 1366, "height": 768})
    page.context.set_offline(True)
    page.goto(write_gallery(tmp_path / "gallery.html").as_uri())
    for name, explainer in EXPLAINERS.items():
        section = page.locator("section", has=page.locator(f"#{name}"))
        scene = Explorer(explainer).scene
        cells = section.locator(f"[data-layer={scene.steps}] .c path")
        assert cells.count() == len(scene[scene.steps].cells), name
        section.get_by_role("button", name="step →").click()
        assert section.locator(".sv-say").text_content() == scene[scene.steps].sentence(0)
    check_access(page, "body")
    assert not page.errors and not page.outside
