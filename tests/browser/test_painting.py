"""Painting labels with a mouse, a finger and the keyboard, in a real JupyterLab."""

import numpy as np
import pytest

from segviz.explain import overlap_scores, pixel_loss

OPEN = "import segviz.explain\nexplorer = segviz.explain.{}()\nexplorer"
MARKS = ".sv-picture .painted"


class Canvas:
    """A board that is painted on, and its twin in Python."""

    def __init__(self, page, twin, grid):
        self.page, self.twin, self.grid = page, twin, grid
        self.board = twin.scene[grid]
        self.stage = page.locator(".sv-stage")
        self.cell(0).wait_for()

    def cell(self, n, board=None):
        return self.stage.locator(f"[data-layer={board or self.grid}] .c path").nth(n)

    def middle(self, n, board=None):
        box = self.cell(n, board).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def texts(self):
        return self.stage.locator(f"[data-layer={self.grid}] .n text").all_text_contents()

    def stroke(self, *cells):
        """Drags the mouse over these cells of the board, (board, n) for those of another."""
        points = [self.middle(*(n[::-1] if isinstance(n, tuple) else (n,))) for n in cells]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=3)

    def paint_twin(self, cells, label):
        numbers = np.array(getattr(self.twin, self.grid))
        numbers.ravel()[list(cells)] = label
        self.twin.set(**{self.grid: numbers})

    def check(self):
        """The whole picture is the one that Python draws for what has been painted."""
        scene = self.twin.scene
        texts = list(scene[self.grid].texts)
        self.page.wait_for_function(
            """([grid, texts]) => [...document.querySelectorAll(
                `.sv-stage [data-layer=${grid}] .n text`)].map(t => t.textContent).join() === texts
            """,
            arg=[self.grid, ",".join(texts)],
        )
        for board in scene.boards:
            if board.texts:
                shown = self.stage.locator(f"[data-layer={board.name}] .n text")
                assert shown.all_text_contents() == list(board.texts), board.name
        self.page.wait_for_function(f"!document.querySelector('{MARKS}')")


@pytest.fixture
def prediction(open_notebook):
    page = open_notebook([OPEN.format("overlap_scores")])
    canvas = Canvas(page, overlap_scores(), "predicted")
    page.get_by_text("drag to paint").wait_for()  # said once the kernel has answered
    yield canvas
    assert not page.errors and not page.outside


def test_a_stroke_paints_what_it_runs_over(prediction):
    page = prediction.page
    prediction.stroke(0, 1, 2, 16)
    assert page.locator(MARKS).count() == 4  # 16 is below 2
    page.mouse.up()
    prediction.paint_twin([0, 1, 2, 16], 1)  # the first was sky
    prediction.check()
    prediction.stroke(1, 3)
    page.mouse.up()
    prediction.paint_twin([1, 2, 3], 2)  # the first was road; what lies between is met too
    prediction.check()
    # sliders move the rest, the paint stays
    label = page.get_by_text("moved right", exact=True)
    page.locator(".sv-both", has=label).locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    prediction.twin.right = 2
    prediction.check()
    page.get_by_role("button", name="reset numbers").click()
    prediction.twin.predicted = np.full((10, 14), 4)
    prediction.check()


def test_a_stroke_keeps_to_its_board_and_ends_outside_the_picture(prediction):
    page = prediction.page
    prediction.stroke(30, 29, 28, ("truth", 41))
    assert page.locator(MARKS).count() == 3
    page.mouse.move(2, 2)  # that ends it
    prediction.paint_twin([28, 29, 30], 1)
    prediction.check()
    page.mouse.move(*prediction.middle(60))
    page.mouse.up()
    prediction.check()


def test_one_cell_is_pinned_by_a_click_and_painted_by_a_double_click_or_enter(prediction):
    page, say = prediction.page, prediction.stage.locator(".sv-say")
    prediction.cell(20).click()
    assert say.inner_text().startswith("Pixel [1, 6]: sky in both")
    assert page.locator(MARKS).count() == 0
    page.keyboard.press("Enter")
    prediction.paint_twin([20], 1)
    prediction.check()
    page.mouse.move(2, 2)
    assert say.inner_text().startswith("Pixel [1, 6]: sky, but called road")  # still pinned
    prediction.cell(33).dblclick()
    prediction.paint_twin([33], 1)
    prediction.check()
    for label in (2, 3, 0):  # round and round
        prediction.cell(33).dblclick()
        prediction.paint_twin([33], label)
        prediction.check()


def test_a_finger_paints_and_a_tap_pins(open_notebook):
    page = open_notebook([OPEN.format("overlap_scores")], has_touch=True)
    canvas = Canvas(page, overlap_scores(), "truth")
    page.get_by_text("drag to paint").wait_for()
    fingers = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.touchscreen.tap(*canvas.middle(17))
    assert page.locator(".sv-say").inner_text().startswith("Pixel [1, 3]")
    before = canvas.middle(5)
    touch("touchStart", before)
    for n in (6, 7, 8):
        touch("touchMove", canvas.middle(n))
    touch("touchEnd")
    canvas.paint_twin([5, 6, 7, 8], 1)
    canvas.check()
    assert canvas.middle(5) == before  # nothing was scrolled
    assert not page.errors


def test_a_quick_hand_leaves_no_gaps(prediction):
    prediction.page.mouse.move(*prediction.middle(13))
    prediction.page.mouse.down()
    prediction.page.mouse.move(*prediction.middle(2))  # one event, eleven cells further
    prediction.page.mouse.move(*prediction.middle(30))
    prediction.page.mouse.up()
    prediction.paint_twin([*range(2, 14), 16, 30], 1)
    prediction.check()


def test_the_pixel_of_the_sliders_cannot_be_painted(open_notebook):
    page = open_notebook([OPEN.format("pixel_loss")])
    canvas = Canvas(page, pixel_loss(), "mask")
    page.get_by_text("drag to paint").wait_for()
    canvas.cell(0).dblclick()
    canvas.stroke(2, 1, 0, 4)
    page.mouse.up()
    canvas.paint_twin([2, 1, 4], 1)
    canvas.check()
    assert canvas.texts()[0] == "1"
    canvas.cell(10).dblclick()  # void is followed by background
    canvas.paint_twin([10], 0)
    canvas.check()
    assert not page.errors


def test_paint_that_cannot_be_seen_leaves_no_marks(open_notebook):
    page = open_notebook([OPEN.format("pixel_loss"), "explorer.void_rows = 3"])
    canvas = Canvas(page, pixel_loss(void_rows=3), "mask")
    page.get_by_text("drag to paint").wait_for()
    canvas.check()
    canvas.stroke(4, 5, 6)
    assert page.locator(MARKS).count() == 3
    page.mouse.up()
    canvas.check()  # all is void, whatever was painted


def test_a_saved_page_says_that_it_cannot_be_painted(new_page, tmp_path):
    path = overlap_scores().save(tmp_path / "page.html", vary=[])
    page = new_page()
    page.goto(path.as_uri())
    canvas = Canvas(page, overlap_scores(), "predicted")
    canvas.stroke(0, 1, 2)
    assert page.locator(MARKS).count() == 0
    page.mouse.up()
    canvas.cell(5).dblclick()
    assert "read-only" in page.locator(".sv-message").inner_text()
    assert page.get_by_role("button", name="reset numbers").is_hidden()
    assert canvas.texts() == list(canvas.board.texts)
    assert not page.errors and not page.outside
