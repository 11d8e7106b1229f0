"""What is solved is remembered in the learner's folder, and never stands in a learner's way."""

import json

import pytest

from segviz.classroom import check_value, exercise, progress, quiz, record, reset
from segviz.classroom.record import FILE


@pytest.fixture(autouse=True)
def two_exercises(monkeypatch):
    """Nothing but 77.1 and 77.10 is numbered, nothing was told yet."""
    monkeypatch.setattr(record, "_numbers", {})
    monkeypatch.setattr(record, "_told", set())


def exercises():
    @exercise("77.1")
    def sum_by_hand(answer):
        return check_value(answer, 7)

    @exercise("77.10")
    def letter(answer):
        return quiz(answer, "?", ["x", "y"], right="a", reasons={"a": "yes", "b": "no"})

    return sum_by_hand, letter


def line(capsys):
    capsys.readouterr()
    progress("77")
    return capsys.readouterr().out


def test_solved_exercises_are_counted_and_survive_a_restart(in_a_notebook, capsys, monkeypatch):
    sum_by_hand, letter = exercises()
    assert line(capsys) == "77: 0 of 2 solved ○○\n"
    assert letter("a") == "a"
    assert line(capsys) == "77: 1 of 2 solved ○●\n"
    monkeypatch.setattr(record, "_numbers", {})  # a new kernel, which loads them again
    sum_by_hand, letter = exercises()
    assert sum_by_hand(7) == 7
    assert line(capsys) == "77: 2 of 2 solved ●●\n"


def test_the_last_attempt_counts_and_no_attempt_changes_nothing(in_a_notebook, capsys):
    sum_by_hand, _ = exercises()
    sum_by_hand(7)
    sum_by_hand(...)
    assert line(capsys) == "77: 1 of 2 solved ●○\n"
    sum_by_hand(8)
    assert line(capsys) == "77: 0 of 2 solved ○○\n"


def test_an_unattempted_run_writes_no_file(in_a_notebook):
    for each in exercises():
        each(...)
    assert list(in_a_notebook.iterdir()) == []


def test_outside_of_a_notebook_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sum_by_hand, _ = exercises()
    sum_by_hand(7)
    assert list(tmp_path.iterdir()) == []


def test_a_check_without_a_number_is_not_remembered(in_a_notebook):
    sum_by_hand, _ = exercises()
    sum_by_hand(7)
    check_value(1, 2)
    assert json.loads((in_a_notebook / FILE).read_text()) == {"77.1": "right"}


def test_one_notebook_is_forgotten_or_all(in_a_notebook, capsys):
    (in_a_notebook / FILE).write_text('{"77.1": "right", "78.1": "right"}')
    exercises()
    reset("77")
    assert json.loads((in_a_notebook / FILE).read_text()) == {"78.1": "right"}
    assert line(capsys).startswith("77: 0 of 2")
    reset()
    assert json.loads((in_a_notebook / FILE).read_text()) == {}
    with pytest.raises(ValueError, match='like "05"'):
        reset(5)


@pytest.mark.parametrize("damage", [b"{", b"[1, 2]", b"\xff\xfe\x00"])
def test_a_damaged_file_is_told_once_and_breaks_nothing(in_a_notebook, damage, capsys):
    (in_a_notebook / FILE).write_bytes(damage)
    sum_by_hand, letter = exercises()
    assert sum_by_hand(8) == 7 and letter("a") == "a"
    assert capsys.readouterr().out.count("is damaged") == 1
    assert line(capsys) == "77: 1 of 2 solved ○●\n"


def test_a_file_that_cannot_be_written_is_told_once_and_breaks_nothing(in_a_notebook, capsys):
    (in_a_notebook / FILE).mkdir()  # what no one may write, root neither
    sum_by_hand, letter = exercises()
    assert sum_by_hand(7) == 7 and letter("a") == "a"
    said = capsys.readouterr().out
    assert said.count("cannot be read") == 1 and said.count("cannot be written") == 1
    assert [path.name for path in in_a_notebook.iterdir()] == [FILE]  # no draft is left


def test_all_notebooks_have_a_line_each(in_a_notebook, capsys):
    (in_a_notebook / FILE).write_text('{"79.1": "right"}')
    exercises()
    progress()
    first, second = capsys.readouterr().out.splitlines()
    assert first == "77: 0 of 2 solved ○○"
    assert second.startswith("79: its exercises are not loaded")


@pytest.mark.parametrize("number", ["5.1", "05", "05.x", "first", "05.1 "])
def test_a_number_that_is_none_is_refused(number):
    with pytest.raises(ValueError, match='like "05.1"'):
        exercise(number)


def test_a_number_is_given_once(in_a_notebook):
    exercises()
    exercises()  # the same functions again: a cell that was run twice
    with pytest.raises(ValueError, match="has the number 77.1 already"):

        @exercise("77.1")
        def another(answer): ...
