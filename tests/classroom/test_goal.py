"""Predict, then drag: the check reads the explorer as it is set, wherever it was set from."""

import pytest
import torch
from torch.nn import functional as F

import segviz
from segviz.classroom import goal
from segviz.classroom.goal import steps_of
from segviz.relations import CONVOLUTION

NAMES = ("input_size", "kernel_size", "stride", "padding", "dilation")
EXAMPLE = {"input_size": 6, "padding": 1}
HINTS = ["What does padding add?", "One cell on each side."]


def gives(wanted):
    def reached(settings):
        size = CONVOLUTION.size(**{name: settings[name] for name in NAMES})
        return bool(size == wanted) or f"That gives {size} cells; wanted {wanted}."

    return reached


SIX = gives(6)


def ask(explorer, reached=SIX, for_example=EXAMPLE, **options):
    return goal(explorer, reached, for_example=for_example, hints=HINTS, **options)


@pytest.fixture
def explorer():
    return segviz.explain.convolution()


def test_sliders_that_nobody_moved_are_not_an_attempt(explorer, capsys):
    settings = ask(explorer)
    assert settings["input_size"] == 6 and settings["padding"] == 1 and settings["stride"] == 1
    said = capsys.readouterr().out
    assert said.startswith("○ Not attempted yet: move the sliders. That gives ")
    assert "hint 2: One cell on each side." in said


def test_settings_typed_from_python_are_seen(explorer, capsys):
    explorer.stride = 2
    assert ask(explorer)["stride"] == 1  # the example goes on
    said = capsys.readouterr().out
    assert said.startswith("✗ Not yet: That gives ") and "stride = 2" in said and "hint 1" in said
    explorer.set(input_size=6, kernel_size=3, padding=2, dilation=2, stride=1)
    settings = ask(explorer)
    assert capsys.readouterr().out.startswith("✓ Right, with ")
    sizes = {name: settings[name] for name in ("stride", "padding", "dilation")}
    image, kernel = torch.zeros(1, 1, 6, 6), torch.zeros(1, 1, 3, 3)
    assert F.conv2d(image, kernel, **sizes).shape[-2:] == (6, 6)
    assert settings["dilation"] == 2


def test_sliders_moved_in_the_browser_are_seen(explorer, capsys):
    ask(explorer)
    values = explorer.values | {"input_size": (6, 6), "padding": (1, 1)}
    explorer._stage.state = [step for both in values.values() for step in both]
    ask(explorer)
    first = capsys.readouterr().out.splitlines()[-2:]
    assert "explorer.set(input_size=6, padding=1)" in "".join(first)


def test_rows_and_columns_are_asked_one_by_one(explorer, capsys):
    explorer.set(input_size=6, padding=(1, 0))
    ask(explorer)
    said = capsys.readouterr().out
    assert "✗ Not yet: For the columns: That gives 4 cells; wanted 6." in said
    assert "For the rows" not in said
    settings = ask(explorer, (gives(6), gives(4)), EXAMPLE | {"padding": (1, 0)})
    assert capsys.readouterr().out.startswith("✓") and settings["padding"] == (1, 0)


@pytest.mark.parametrize("thing", [..., 3, "explorer", segviz.explain.overlap_scores])
def test_what_is_not_the_explorer_gets_a_sentence(thing, capsys):
    thing = thing() if callable(thing) else thing
    assert ask(thing) == EXAMPLE
    said = capsys.readouterr().out
    assert said.startswith("✗") and "has no slider for input_size, padding" in said
    assert "explainer" not in said and "Box(" not in said


def test_an_explorer_that_opens_elsewhere_has_its_own_start(capsys):
    start = {"input_size": 6, "stride": 2}
    moved = segviz.explain.convolution(**start)
    ask(moved)
    assert capsys.readouterr().out.startswith("✗")
    ask(moved, start=start, for_example={"stride": 1, "padding": 1})
    assert capsys.readouterr().out.startswith("○")


def test_a_goal_without_words_is_told_apart_too(explorer, capsys):
    explorer.stride = 2
    ask(explorer, lambda settings: settings["padding"] == 1)
    assert "✗ Not yet: these settings do not reach it." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"reached": lambda settings: True}, "The start reaches the goal already"),
        ({"for_example": {"padding": 0}}, "does not reach the goal"),
        ({"for_example": {"padding": 99}}, "padding"),
        ({"start": EXAMPLE}, "The start reaches the goal already"),
    ],
)
def test_a_goal_that_is_none_is_refused(explorer, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask(explorer, **options)


@pytest.mark.parametrize("name", segviz.explain.EXPLAINERS)
def test_the_start_is_where_every_explorer_begins(name):
    opened = getattr(segviz.explain, name)()
    assert steps_of(opened.explainer, {}) == opened.values
