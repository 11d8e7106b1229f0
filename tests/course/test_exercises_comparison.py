"""The exercises of notebook 13: right answers pass, usual mistakes are called by their name."""

import pytest

from exercises import comparison as exercises

IOU = [0.75, 0.6, 0.4]  # 60 / 80, 12 / 20, 8 / 20: worked by hand
DICE = [120 / 140, 24 / 32, 16 / 28]


def worth(points):
    """By cost, then each that is better than all before; equals stay together."""
    kept = set()
    for name, (cost, score) in points.items():
        as_cheap = [s for c, s in points.values() if c <= cost]
        as_good = [c for c, s in points.values() if s >= score]
        if score == max(as_cheap) and cost == min(as_good):
            kept.add(name)
    return [name for name in points if name in kept]


@pytest.mark.parametrize(
    ("points", "names"),
    [
        ({"P": (1, 0.2), "Q": (2, 0.1), "R": (3, 0.9)}, ["P", "R"]),
        ({"P": (4, 0.8), "Q": (4, 0.7), "R": (9, 0.8)}, ["P"]),
        ({"P": (4, 0.8), "Q": (4, 0.8)}, ["P", "Q"]),
        (exercises.POINTS, ["A", "B", "E"]),
        (exercises.EQUALS, ["F", "G", "H", "I"]),
    ],
)
def test_the_reference_keeps_what_no_other_beats(points, names):
    assert exercises.not_beaten(points) == names == worth(points)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.scores_by_hand, IOU),
        (exercises.worth_their_cost, worth),
        (exercises.for_thin_things, "b"),
        (exercises.what_a_difference_says, "c"),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓")


def without_equals(points):
    return [n for n in worth(points) if list(points.values()).count(points[n]) == 1]


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.scores_by_hand, [60 / 69, 12 / 15, 8 / 16], "recall"),
        (exercises.scores_by_hand, [60 / 71, 12 / 17, 8 / 12], "precision"),
        (exercises.scores_by_hand, [60 / 140, 12 / 32, 8 / 28], "counts the diagonal twice"),
        (exercises.scores_by_hand, DICE, "That is Dice"),
        (
            exercises.worth_their_cost,
            lambda points: [max(points, key=lambda n: points[n][1])],
            "best",
        ),
        (exercises.worth_their_cost, lambda points: [min(points, key=points.get)], "cheapest"),
        (exercises.worth_their_cost, without_equals, "do not beat each other"),
        (exercises.for_thin_things, "c", "half the resolution"),
        (exercises.for_thin_things, "a", "stride of 8"),
        (exercises.for_thin_things, "d", "indices"),
        (exercises.what_a_difference_says, "a", "drawn by lot"),
        (exercises.what_a_difference_says, "b", "surer"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.scores_by_hand([...] * 3),
        lambda: exercises.worth_their_cost(lambda points: ...),
        lambda: exercises.for_thin_things(...),
        lambda: exercises.what_a_difference_says(...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
