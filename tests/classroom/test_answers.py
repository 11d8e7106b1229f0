"""The answers that a notebook carries are put in their places, and nowhere else."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from segviz.classroom.answers import verdicts, with_references, with_wrong_answers


def notebook(answers):
    metadata = {"tags": ["exercise"], "segviz": answers}
    return new_notebook(
        cells=[
            new_code_cell("import numpy"),
            new_code_cell("answer = ...", metadata=metadata, outputs=[new_output("stream")]),
        ]
    )


def test_every_answer_stands_in_its_stubs_place():
    given = notebook({"reference": "answer = 3", "wrong": ["answer = 4", "answer = 5"]})
    for fill, answer in ((with_references, "answer = 3"), (with_wrong_answers, "answer = 4")):
        filled = fill(given)
        assert [cell.source for cell in filled.cells] == ["import numpy", answer]
        assert filled.cells[1].outputs == []
    assert given.cells[1].source == "answer = ..." and given.cells[1].outputs


@pytest.mark.parametrize("answers", [{}, {"reference": "", "wrong": []}])
@pytest.mark.parametrize("fill", [with_references, with_wrong_answers])
def test_an_exercise_without_an_answer_is_refused(fill, answers):
    with pytest.raises(ValueError, match="The exercise in cell"):
        fill(notebook(answers))


def test_only_verdicts_are_read_from_what_a_notebook_showed():
    shown = ["✓ Right.", "3 ✓", "✗ Not yet", "", "○ Open"]
    outputs = [new_output("display_data", {"text/plain": text}) for text in shown]
    outputs.append(new_output("stream", text="○ printed"))
    cells = [new_code_cell("x", outputs=outputs)]
    assert verdicts(new_notebook(cells=cells)) == ["✓ Right.", "✗ Not yet", "○ Open"]
