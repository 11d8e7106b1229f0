"""Choose and argue: a question with a few answers, and a reason for and against each."""

from string import ascii_lowercase

from .record import settle
from .verdict import Verdict


def quiz(answer, question, options, *, right, reasons, hints=()):
    """Ask a question with lettered options; return the right letter.

        choice = quiz(choice, "What widens a field most?", ["padding", "stride"], right="b",
                      reasons={"a": "It moves the taps.", "b": "All later steps grow."})

    answer: the learner's letter; `...` or None is not answered yet.
    options: two or more texts, shown as a, b, c ... in this order.
    right: the letter of the right one.
    reasons: {letter: sentence} for every option: why it is right, or why it is not. The learner
        sees the one of the option that was chosen.
    hints: sentences, each folded on its own.

    ValueError, for the author, where an option has no reason or `right` is none of the letters.
    """
    letters = ascii_lowercase[: len(options)]
    refuse_unreasoned(letters, right, reasons)
    told = f"Right: {right}. {reasons[right]}"
    chosen = answer.strip().strip(".)(").lower() if isinstance(answer, str) else None
    if answer is None or answer is ... or chosen == "":
        state, sentence = "open", "Not answered yet: put a letter in place of the dots."
    elif chosen == right:
        settle(Verdict("right", told, question=question, options=tuple(options)))
        return right
    elif chosen is not None and len(chosen) == 1 and chosen in letters:
        state, sentence = "wrong", f"Not {chosen}. {reasons[chosen]}"
    else:
        known = ", ".join(letters)
        sentence = f'{answer!r} is none of the letters {known}. Write one in quotes, like "a".'
        state = "wrong"
    settle(Verdict(state, sentence, (), tuple(hints), told, question, tuple(options)))
    return right


def refuse_unreasoned(letters, right, reasons):
    """ValueError where a choice would get no reason: this is for the exercise's author."""
    if len(letters) < 2 or right not in tuple(letters):
        raise ValueError(f"right is {right!r}: give one of two or more options, {list(letters)}.")
    if set(reasons) != set(letters):
        raise ValueError(
            f"There are reasons for {sorted(reasons)}, and options {list(letters)}: give one each."
        )
