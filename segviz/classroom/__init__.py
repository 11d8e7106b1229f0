"""What notebooks show: exercises that check themselves, the library's source, rows of pictures.

For the author of an exercise
-----------------------------
An exercise is a cell of the notebook with a stub, and a function with the check in
`course/exercises/<topic>.py`, so that the cell does not show its own answer. The decorator gives
the exercise its number, which `progress` counts. Hints come in two steps: a nudge, then nearly the
solution. Whatever the learner did, the function returns something to go on with.

    @exercise("04.1")                      # code: the learner's function against the library's
    def matrix_of(stub):
        return check(stub, segviz.conv_matrix, (KERNEL, (3, 5)), (OTHER, (4, 3)),
                     hints=[..., ...], mistakes={"This is C.T.": transposed})

    @exercise("04.2")                      # by hand: numbers in place of the dots
    def sum_by_hand(answer):
        return check_value(answer, [[6, 14], [2, 17]], hints=[..., ...],
                           mistakes={"The kernel was flipped.": [[1, 2], [3, 4]]})

    @exercise("04.3")                      # choose and argue: answer = "b"
    def what_widens(answer):
        return quiz(answer, "What widens the field most?", ["padding", "stride"], right="b",
                    reasons={"a": "It only moves the taps.", "b": "All later steps grow."},
                    hints=[..., ...])

    @exercise("04.4")                      # predict, then drag: the check reads the sliders
    def seven_cells(explorer):
        return goal(explorer, gives_seven, for_example={"input_size": 6, "padding": 1},
                    hints=[..., ...])

The notebook imports the module as `exercises`, and each exercise is one call:
`choice = exercises.what_widens(choice)`. Its last cell is `progress("04")`.

The cell of a stub has the tag "exercise", and in its metadata the answers, as whole sources of the
cell: {"segviz": {"reference": "...", "wrong": ["..."]}}. The tests
run every notebook with each kind put in (`segviz.classroom.answers`). Cells keep their ids for
ever, for by them a learner's answers are carried into a new version of the course.

For the learner
---------------
`python -m segviz.classroom copy ~/my-course` makes a copy of the course to work in. Said again
after an update, it brings in what is new and leaves your answers where they are. What is solved
stands in the copy's `.progress.json`; `reset()` forgets it.
"""

from .exercises import check, check_value
from .goal import goal
from .pictures import show_maps, show_pictures
from .quiz import quiz
from .record import exercise, progress, reset
from .verdict import show_source

__all__ = [
    "check",
    "check_value",
    "exercise",
    "goal",
    "progress",
    "quiz",
    "reset",
    "show_maps",
    "show_pictures",
    "show_source",
]
