"""A learner's answers survive an update of the course, and nothing of theirs is ever lost."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from segviz.classroom.__main__ import main
from segviz.classroom.own_copy import update

NAME = "01_x.ipynb"
STUB = "answer = ...\nanswer = exercises.first(answer)"
MINE = "answer = 3\nanswer = exercises.first(answer)"


def write(folder, text="Read this.", stub=STUB, demo="stride = 2", extra=(), name=NAME):
    cells = [
        new_markdown_cell(text, id="x-01"),
        new_code_cell(demo, id="x-02"),
        new_code_cell(stub, id="x-03", metadata={"tags": ["exercise"]}),
        *extra,
    ]
    folder.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), folder / name)


def edit(folder, change, name=NAME):
    notebook = nbformat.read(folder / name, as_version=4)
    change(notebook.cells)
    nbformat.write(notebook, folder / name)


def sources(folder, name=NAME):
    return [cell.source for cell in nbformat.read(folder / name, as_version=4).cells]


def backups(folder):
    return sorted(path.name for path in folder.rglob("*.before-update*"))


@pytest.fixture
def folders(tmp_path):
    """The course and a learner's copy, in which the exercise is answered."""
    course, own = tmp_path / "course", tmp_path / "own"
    write(course)
    (course / "exercises").mkdir()
    (course / "exercises" / "x.py").write_text("one")
    assert update(course, own) == [f"{NAME}: new.", "x.py: new."]
    edit(own, lambda cells: cells[2].update(source=MINE))
    return course, own


def test_an_update_brings_the_new_text_and_keeps_the_answer(folders):
    course, own = folders
    write(course, text="Read this, better.", demo="stride = 3")
    write(course, name="02_y.ipynb")
    assert update(course, own) == [f"{NAME}: updated, with your answers in it.", "02_y.ipynb: new."]
    assert sources(own) == ["Read this, better.", "stride = 3", MINE]
    assert backups(own) == []
    assert update(course, own) == []


def test_an_untouched_stub_becomes_the_new_stub(folders):
    course, own = folders
    edit(own, lambda cells: cells[2].update(source=STUB))
    write(course, stub="answer = ...  # a letter")
    update(course, own)
    assert sources(own)[2] == "answer = ...  # a letter" and backups(own) == []


def test_an_answer_to_a_stub_that_changed_stays_and_there_is_a_backup(folders):
    course, own = folders
    was = (own / NAME).read_bytes()
    write(course, stub="reply = ...")
    update(course, own)
    assert sources(own)[2] == MINE
    assert backups(own) == [f"{NAME}.before-update"]
    assert (own / f"{NAME}.before-update").read_bytes() == was


def test_an_answer_to_an_exercise_that_was_dropped_is_in_the_backup(folders):
    course, own = folders
    edit(course, lambda cells: cells.pop())
    update(course, own)
    assert sources(own) == ["Read this.", "stride = 2"]
    assert sources(own, f"{NAME}.before-update")[2] == MINE


def test_what_both_changed_becomes_the_courses_and_every_backup_stays(folders):
    course, own = folders
    for text in ("second", "third"):
        edit(own, lambda cells, text=text: cells[1].update(source=f"mine = '{text}'"))
        write(course, demo=f"{text} = 1")
        update(course, own)
        assert sources(own)[1] == f"{text} = 1"
    assert backups(own) == [f"{NAME}.before-update", f"{NAME}.before-update-2"]
    first, second = (sources(own, name)[1] for name in backups(own))
    assert (first, second) == ("mine = 'second'", "mine = 'third'")


def test_cells_that_a_learner_added_stay_behind_the_cell_they_followed(folders):
    course, own = folders
    notes = [new_markdown_cell("my note"), new_code_cell("my_try = 1")]
    edit(own, lambda cells: cells.__setitem__(slice(1, 1), notes))
    new_cell = new_markdown_cell("The end.", id="x-09")
    write(course, text="Better.", extra=[new_cell])
    update(course, own)
    assert sources(own) == ["Better.", "my note", "my_try = 1", "stride = 2", MINE, "The end."]
    assert backups(own) == []


def test_a_demo_that_only_the_learner_changed_stays(folders):
    course, own = folders
    edit(own, lambda cells: cells[1].update(source="stride = 7"))
    write(course, text="Better.")
    update(course, own)
    assert sources(own) == ["Better.", "stride = 7", MINE] and backups(own) == []


def test_a_copy_made_by_hand_is_taken_over(folders, tmp_path):
    course, _ = folders
    by_hand = tmp_path / "by_hand"
    write(by_hand, stub=MINE)
    write(course, text="Better.")
    update(course, by_hand)
    assert sources(by_hand) == ["Better.", "stride = 2", MINE]
    assert backups(by_hand) == [f"{NAME}.before-update"]  # who changed what is not known


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b"[]", b'{"nbformat": 4, "cells": [{}]}'])
def test_a_damaged_notebook_is_kept_beside_the_new_one(folders, damage):
    course, own = folders
    (own / NAME).write_bytes(damage)
    write(course, text="Better.")
    update(course, own)
    assert sources(own) == ["Better.", "stride = 2", STUB]
    assert (own / f"{NAME}.before-update").read_bytes() == damage


def test_other_files_are_replaced_and_kept_where_the_learner_changed_them(folders):
    course, own = folders
    file = own / "exercises" / "x.py"
    (course / "exercises" / "x.py").write_text("two")
    update(course, own)
    assert file.read_text() == "two" and backups(own) == []
    file.write_text("mine")
    (course / "exercises" / "x.py").write_text("three")
    update(course, own)
    assert file.read_text() == "three"
    assert (own / "exercises" / "x.py.before-update").read_text() == "mine"


def test_what_is_solved_stays_and_is_not_handed_out(folders):
    course, own = folders
    (course / ".progress.json").write_text("{}")
    (own / ".progress.json").write_text('{"01.1": "right"}')
    write(course, text="Better.")
    update(course, own)
    assert (own / ".progress.json").read_text() == '{"01.1": "right"}'


@pytest.mark.parametrize("target", ["course", "course/mine", "."])
def test_folders_in_each_other_are_refused(folders, tmp_path, target, capsys):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="lie in each other"):
        update(tmp_path / "course", tmp_path / target)
    assert main(["copy", str(tmp_path / target), "--course", str(tmp_path / "course")]) == 1
    assert "choose a folder of your own" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_copies_and_says_what_it_did(folders, tmp_path, capsys):
    arguments = ["copy", str(tmp_path / "another"), "--course", str(folders[0])]
    assert main(arguments) == 0 and main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{NAME}: new.",
        "x.py: new.",
        "Everything is up to date already.",
    ]
    assert main(["copy", str(tmp_path / "third"), "--course", str(tmp_path / "nowhere")]) == 1
    assert "no notebooks" in capsys.readouterr().err
