"""Every notebook runs to its end unattempted, with the reference answers, and with wrong ones.

nbval runs them unattempted, and what they showed then is committed.
"""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from segviz.classroom.answers import stubs, verdicts, with_references, with_wrong_answers

COURSE = Path(__file__).resolve().parents[2] / "course"
NOTEBOOKS = {
    path: notebook
    for path in sorted(COURSE.glob("*.ipynb"))
    if stubs(notebook := nbformat.read(path, as_version=4)) or verdicts(notebook)
}
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def said_by(tmp_path, monkeypatch):
    """A function that runs a notebook in a folder of its own and gives the verdicts."""
    (tmp_path / "exercises").symlink_to(COURSE / "exercises")
    (tmp_path / "images").symlink_to(COURSE / "images")

    def run(notebook):
        client = NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        )
        client.execute()  # raises where a cell does
        return verdicts(notebook)

    return run


def hints_in(verdict):
    return sum(line.lstrip().startswith("hint ") for line in verdict.splitlines())


@each
def test_unattempted_every_exercise_is_open_and_has_two_hints(path):
    said = verdicts(NOTEBOOKS[path])
    assert len(said) == len(stubs(NOTEBOOKS[path]))
    assert [(verdict[0], hints_in(verdict)) for verdict in said] == [("○", 2)] * len(said), said


@each
def test_with_the_reference_answers_every_exercise_is_right(path, said_by):
    said = said_by(with_references(NOTEBOOKS[path]))
    assert len(said) == len(stubs(NOTEBOOKS[path]))
    assert [verdict for verdict in said if verdict[0] != "✓"] == []


@each
def test_with_wrong_answers_every_exercise_says_so_and_hints(path, said_by):
    said = said_by(with_wrong_answers(NOTEBOOKS[path]))
    assert len(said) == len(stubs(NOTEBOOKS[path]))
    assert [verdict for verdict in said if verdict[0] != "✗" or not hints_in(verdict)] == []
