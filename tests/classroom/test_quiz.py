"""Choose and argue: every choice gets its own reason, and nothing that is typed stops it."""

import pytest

from segviz.classroom import quiz

OPTIONS = ["more padding", "a stride of 2", "a deeper <kernel>"]
REASONS = {"a": "It moves taps.", "b": "Later steps grow.", "c": "Depth is no width."}


def ask(answer, **changes):
    options = {"right": "b", "reasons": REASONS, "hints": ["Think of steps.", "Not a."]} | changes
    return quiz(answer, "What widens the field?", OPTIONS, **options)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("b", "✓ Right: b. Later steps grow."),
        (" B) ", "✓ Right: b. Later steps grow."),
        ("a", "✗ Not a. It moves taps."),
        ("c", "✗ Not c. Depth is no width."),
        (..., "○ Not answered yet"),
        (None, "○ Not answered yet"),
        ("", "○ Not answered yet"),
        ("x", "✗ 'x' is none of the letters a, b, c."),
        ("ab", "✗ 'ab' is none of the letters a, b, c."),
        (3, "✗ 3 is none of the letters a, b, c."),
        (quiz, "is none of the letters a, b, c."),
    ],
)
def test_every_choice_gets_its_own_sentence(answer, words, capsys):
    assert ask(answer) == "b"
    said = capsys.readouterr().out
    first, *rest = said.splitlines()
    assert words in first
    assert rest[:4] == ["  What widens the field?"] + [
        f"    {letter}. {text}" for letter, text in zip("abc", OPTIONS, strict=True)
    ]
    assert ("hint 2: Not a." in said) == (not first.startswith("✓"))
    assert first.startswith("✓") or "Later steps grow." not in said  # nothing given away


def test_a_notebook_shows_lettered_options_and_the_reason_folded(shown_in_a_notebook):
    html = shown_in_a_notebook(lambda: ask(...))
    assert "<br>a. more padding<br>b. " in html and "a deeper &lt;kernel&gt;" in html
    assert "<summary>A solution</summary><pre>Right: b. Later steps grow.</pre>" in html


@pytest.mark.parametrize(
    "changes",
    [
        {"right": "d"},
        {"right": ""},
        {"right": "ab"},
        {"reasons": {"a": "no", "b": "yes"}},
        {"reasons": REASONS | {"d": "more"}},
    ],
)
def test_a_question_without_a_reason_for_each_option_is_refused(changes):
    with pytest.raises(ValueError, match="option"):
        ask("b", **changes)
