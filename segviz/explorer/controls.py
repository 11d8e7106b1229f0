"""The controls of an explorer: for every parameter an ipywidget, or one for each axis.

They know nothing of each other: the stage, in the browser, holds them to what is legal.
"""

import ipywidgets

from segviz.explainers.explainer import Parameter

AXES = ("rows", "columns")
BUTTONS = 46  # letters that a row of buttons may have; more go into a list that drops down
ALONE = 80  # letters that it may have where there is no other control


def new_controls(parameters: tuple[Parameter, ...], steps) -> list[list[ipywidgets.Widget]]:
    """For every parameter [rows', columns'] control, or [the one] where it has no axes."""
    # one style and one layout for all sliders: each would be a message more before anything shows
    looks = {
        "style": ipywidgets.SliderStyle(description_width="118px"),
        "layout": ipywidgets.Layout(width="auto"),
    }
    letters = ALONE if len(parameters) == 1 else BUTTONS
    return [
        [
            _control(parameter, step, f"sv-{axis}", looks, letters)
            for axis, step in (
                zip(AXES, steps[parameter.name], strict=True)
                if parameter.per_axis
                else [("both", steps[parameter.name][0])]
            )
        ]
        for parameter in parameters
    ]


def _control(parameter: Parameter, step: int, css_class: str, looks, letters) -> ipywidgets.Widget:
    common = {"description": parameter.label, "_dom_classes": [css_class]}
    if parameter.choices:
        short = sum(map(len, parameter.choices)) <= letters
        kind = ipywidgets.ToggleButtons if short else ipywidgets.Dropdown
        common["_dom_classes"] = [css_class, "sv-choice"]
        return kind(options=parameter.choices, index=step, **common)
    span = {
        "min": parameter.first * parameter.unit,
        # noUiSlider refuses a range of one value
        "max": max(parameter.last, parameter.first + 1) * parameter.unit,
        "step": parameter.unit,
    }
    if parameter.unit == 1:
        return ipywidgets.IntSlider(step, **span, **common, **looks)
    return ipywidgets.FloatSlider(
        step * parameter.unit, **span, readout_format=".4", **common, **looks
    )
