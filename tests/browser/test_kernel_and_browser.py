"""Both the kernel and the browser move the sliders: no late message undoes a newer one."""

from explored import CELLS, Explored, torchs  # beside this file

IN_THE_KERNEL = """(code) => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    window.ran = kernel.requestExecute({ code }).done;
}"""
KERNEL_HAS_HEARD_ALL = """async () => {
    await window.ran;
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    await kernel.requestExecute({ code: 'pass' }).done;
}"""


def test_python_moves_the_sliders_and_reads_them(open_notebook):
    before = (
        "import segviz\nexplorer = segviz.explain.transposed_convolution()\nexplorer.padding = 1"
    )
    cells = [before, "explorer", "explorer.set(stride=3, output_padding=(2, 0))"]
    page = open_notebook(cells)
    explored = Explored(page)
    page.locator(".sv-stage[data-equal=false]").wait_for()
    explored.settled()
    page.wait_for_function("document.querySelectorAll('[data-layer=output] .n text').length == 24")
    values = explored.values()
    assert values["stride"] == (3, 3) and values["output_padding"] == (2, 0)
    assert values["padding"] == (1, 1)
    assert explored.numbers("output") == torchs(values)
    explored.press("padding", *["ArrowRight"] * 9, axis="rows")
    assert explored.values()["padding"] == (3, 1)  # its range is that of the new state
    assert not page.errors


def test_a_state_that_overtakes_the_tick_for_unequal_axes_is_kept(open_notebook):
    # the checkbox is a widget of its own: which of the two messages comes first is not said
    unequal = "explorer._stage.state = [0, 0, 2, 2, 3, 3, 3, 3, 1, 1, 2, 0, 1, 1]"
    page = open_notebook([*CELLS, unequal])
    explored = Explored(page)
    page.locator(".sv-stage[data-equal=false]").wait_for()
    values = explored.values()
    assert values["stride"] == (3, 3) and values["output_padding"] == (2, 0)
    assert explored.numbers("output") == torchs(values)
    assert page.get_by_role("checkbox", name="rows and columns differ").is_checked()
    assert not page.errors


def test_a_state_set_while_the_sliders_take_their_places_is_kept(lab, new_page):
    set_when_placed = (
        "import pathlib\nwhile not pathlib.Path('placed').exists():\n    pass\n"
        "explorer.set(stride=3, output_padding=(2, 0))"
    )
    page = new_page(lab.url)
    lab.open(page, [*CELLS, set_when_placed])
    page.evaluate("() => void (window.ran = jupyterapp.commands.execute('notebook:run-all-cells'))")
    explored = Explored(page)
    page.locator(".sv-rows .noUi-target[disabled]").first.wait_for()  # output_padding
    page.evaluate("new Promise(painted => requestAnimationFrame(() => setTimeout(painted)))")
    (lab.folder / "placed").touch()  # what has been posted until now is heard after the cell
    page.evaluate(KERNEL_HAS_HEARD_ALL)
    values = explored.values()
    assert values["stride"] == (3, 3) and values["output_padding"] == (2, 0)
    assert explored.numbers("output") == torchs(values)
    assert not page.errors


def test_the_echo_of_an_earlier_move_does_not_pull_the_picture_back(lab, open_notebook):
    page = open_notebook(CELLS)
    explored = Explored(page)
    for key in ("ArrowRight", "ArrowRight", "Home"):  # so that no picture has to be fetched below
        explored.press("stride", key)
        explored.settled()
    page.evaluate(KERNEL_HAS_HEARD_ALL)
    page.evaluate(IN_THE_KERNEL, "import pathlib\nwhile not pathlib.Path('moved').exists(): pass")
    explored.press("stride", "ArrowRight")
    values = explored.values()  # painted, and posted to a kernel that is busy
    assert values["stride"] == (2, 2)
    page.evaluate("""() => {
        const paint = window.requestAnimationFrame.bind(window);
        const unpainted = [];
        window.requestAnimationFrame = (then) => unpainted.push(then);
        window.paint = () => unpainted.splice(0).forEach((then) => paint(then));
    }""")
    explored.press("stride", "ArrowRight")
    (lab.folder / "moved").touch()
    page.evaluate(KERNEL_HAS_HEARD_ALL)  # and its echo of stride 2 is here
    expected = torchs(values | {"stride": (3, 3)})
    assert explored.numbers("output") == expected
    explored.press("stride", "ArrowLeft")  # to where the echo was, and still unpainted
    assert explored.numbers("output") == torchs(values)
    page.evaluate("window.paint()")
    page.evaluate(KERNEL_HAS_HEARD_ALL)
    assert explored.numbers("output") == torchs(values)
    assert explored.values() == values
    assert not page.errors


def test_reloaded_beside_its_running_kernel_the_sliders_stand_where_they_stood(open_notebook):
    page = open_notebook([*CELLS, "explorer.set(input_size=(3, 2))"])
    explored = Explored(page)
    explored.press("stride", "ArrowRight", "ArrowRight")
    explored.press("output_padding", "ArrowRight")
    before = explored.values()
    page.evaluate(KERNEL_HAS_HEARD_ALL)
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.reload()
    explored = Explored(page)
    page.locator(".sv-stage[data-equal=false]").wait_for()
    assert explored.values() == before
    assert explored.numbers("output") == torchs(before)
    explored.press("kernel size", "ArrowLeft")
    assert explored.numbers("output") == torchs(explored.values())
    assert not page.errors
