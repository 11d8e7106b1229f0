"""The answers that a notebook carries for its own exercises: right ones and wrong ones.

The cell of an exercise has the tag "exercise", and in its metadata, where a learner does not meet
them, the sources that may stand in its place:
{"segviz": {"reference": "stride = 2 ...", "wrong": ["stride = 3 ...", ...]}}.
"""

import copy

TAG = "exercise"


def stubs(notebook):
    """The cells of a notebook (nbformat) that a learner is to fill in."""
    return [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]


def with_references(notebook):
    """A copy with the reference answers put in; ValueError for an exercise that has none."""
    return _filled(notebook, "reference", lambda answers: answers["reference"])


def with_wrong_answers(notebook):
    """A copy with the first wrong answer of every exercise; ValueError where there is none."""
    return _filled(notebook, "wrong", lambda answers: answers["wrong"][0])


def verdicts(notebook):
    """What the checks of an executed notebook said, as text, in order."""
    said = []
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        text = output.get("data", {}).get("text/plain", "")
        if text[:1] in ("✓", "✗", "○"):
            said.append(text)
    return said


def _filled(notebook, kind, answer_in):
    filled = copy.deepcopy(notebook)
    for cell in stubs(filled):
        answers = cell.metadata.get("segviz", {})
        if not answers.get(kind):
            raise ValueError(
                f"The exercise in cell {cell.id} has no {kind!r} answer in its metadata: "
                'give {"segviz": {"reference": source, "wrong": [source]}}.'
            )
        cell.source = answer_in(answers)
        cell.outputs = []
    return filled
