"""One control for each kind of parameter, standing where it starts."""

import ipywidgets

from segviz.explainers.explainer import Measure, Parameter, Single, choice
from segviz.explorer.controls import new_controls


def test_every_kind_of_parameter_has_a_control_that_ipywidgets_takes():
    names = ("nearest", "bilinear")
    parameters = (
        Parameter("stride", "stride", 1, 3, 2),
        Single("rate", "rate", 1, 8, 5),
        Measure("weight", "weight", 0, 10, 3, unit=0.5),
        choice("mode", "mode", *names),
        choice("long", "long", *(name * 5 for name in names)),
    )
    steps = {p.name: (p.start, p.start) for p in parameters}
    (rows, columns), (rate,), (weight,), (mode,), (long,) = new_controls(parameters, steps)
    assert (rows.value, columns.value, rate.value, weight.value) == (2, 2, 5, 1.5)
    assert (weight.min, weight.max, weight.step) == (0, 5, 0.5)
    assert isinstance(mode, ipywidgets.ToggleButtons) and mode.value == "nearest"
    assert isinstance(long, ipywidgets.Dropdown) and long.index == 0


def test_a_list_of_names_that_stands_alone_has_room_for_longer_ones():
    tasks = choice("answer", "answer", "detection", *(f"{kind} segmentation" for kind in "abc"))
    ((alone,),) = new_controls((tasks,), {"answer": (1, 1)})
    assert isinstance(alone, ipywidgets.ToggleButtons) and alone.index == 1
    both = (tasks, choice("mode", "mode", "nearest"))
    (beside,), _ = new_controls(both, {"answer": (0, 0), "mode": (0, 0)})
    assert isinstance(beside, ipywidgets.Dropdown)
