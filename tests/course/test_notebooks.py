"""The notebooks as they are committed: executed, small, and showing no trace of one machine.

nbval runs them (it comes with `make test`), but passes a cell without an execution count in
silence, and never looks at what a reader on a web page sees.
"""

import json
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "course").glob("*.ipynb"))
LIMIT = 1_500_000  # bytes; more than this and web pages stop rendering notebooks

CHECKED = "nbval-check-output"
PATH_OF_ONE_MACHINE = re.compile(
    r"(?<![\w.:/])/(?:home|root|Users|work|tmp|private|var|opt|usr|mnt)/\w[^\s'\"\\]*|\b[A-Z]:\\\\\w+"
)
SCRIPT_FROM_ELSEWHERE = re.compile(
    r"<script[^>]*\ssrc=[^>]*>|https?://[^\s'\"<>\\]+\.m?js\b|"
    r"\b(?:import|require)\s*\(?\s*\\?['\"]https?:[^\s)]*"
)


def contents(notebook):
    """The notebook as an object; it is valid in the notebook format."""
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    return content


def code_cells(notebook):
    cells = contents(notebook).cells
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def is_checked(cell):
    return CHECKED in cell.metadata.get("tags", [])


def shown_text(notebook):
    """Everything that the outputs and the saved widgets hold, but for pictures, as text."""
    pieces = [contents(notebook).metadata.get("widgets", {})]
    for output in (output for cell in code_cells(notebook) for output in cell.outputs):
        shown = output.get("data", {"text": output.get("text", "")})
        pieces += [v for kind, v in shown.items() if kind not in ("image/png", "image/jpeg")]
    return json.dumps(pieces)


def test_there_are_notebooks_to_look_at():
    assert NOTEBOOKS


every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
def test_it_was_run_once_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_some_of_its_cells_are_checked_and_these_have_outputs(notebook):
    checked = [cell for cell in code_cells(notebook) if is_checked(cell)]
    assert checked, f"no cell is tagged {CHECKED}: nothing that it shows is compared"
    for cell in checked:
        kinds = {output.output_type for output in cell.outputs}
        assert kinds & {"execute_result", "display_data", "stream"}, cell.source


@every_notebook
def test_no_cell_failed_or_warned(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", f"{output.ename} in: {cell.source}"
            assert "Warning: " not in output.get("text", ""), f"{output.text}\nin: {cell.source}"


@every_notebook
def test_it_is_small(notebook):
    assert notebook.stat().st_size < LIMIT


@every_notebook
def test_it_names_no_path_of_the_machine_it_was_run_on(notebook):
    sources = " ".join(cell.source for cell in contents(notebook).cells)
    assert PATH_OF_ONE_MACHINE.findall(shown_text(notebook) + sources) == []


@every_notebook
def test_it_takes_no_script_from_another_host(notebook):
    assert SCRIPT_FROM_ELSEWHERE.findall(shown_text(notebook)) == []


@pytest.mark.parametrize(
    "text", ["in /home/me/clone/x.py", '"/tmp/ipykernel_1/2.py"', json.dumps(r"C:\Users\me")]
)
def test_a_path_of_one_machine_is_seen(text):
    assert PATH_OF_ONE_MACHINE.search(text)


@pytest.mark.parametrize("text", ["https://host.org/home/page", "a/tmp/b", "1 /2", "</usr>"])
def test_other_slashes_are_not_paths(text):
    assert not PATH_OF_ONE_MACHINE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script charset='utf-8' src='https://host.org/x'></script>",
        "require.config({paths: {plotly: 'https://host.org/plotly-3.js'}})",
        "await import('https://host.org/module')",
    ],
)
def test_a_script_from_another_host_is_seen(text):
    assert SCRIPT_FROM_ELSEWHERE.search(text)
