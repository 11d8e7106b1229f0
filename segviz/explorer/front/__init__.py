"""The browser's half of the explorer: plain scripts that together make one module, and its
tables."""

from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent
_PIECES = (
    "frames",
    "limits",
    "relation",
    "sliders",
    "editor",
    "brush",
    "patch",
    "outside",
    "stage",
)


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


CODE = "\n".join(_read(f"{piece}.js") for piece in _PIECES)
PAGE_CODE = _read("page.js")
STYLE = _read("stage.css")


def parameter_tables(explainer, limits, shown, vary) -> list[dict]:
    """What limits.js reads: for every parameter and axis the steps it may take, and its limits by
    those of the earlier coupled parameters.

    limits: `limits_of` for the rows and for the columns. Parameters not in `vary` have one step,
    the shown one.
    """

    def steps(parameter, axis):
        return list(parameter.values) if parameter.name in vary else [shown[parameter.name][axis]]

    def table(parameter, axis):
        least_and_most = np.reshape(limits[axis][parameter.name], -1).tolist()
        return {"values": steps(parameter, axis), "limits": least_and_most}

    return [
        {
            "name": p.name,
            "perAxis": p.per_axis,
            "unit": p.unit,
            "choices": len(p.choices),
            "coupled": p in explainer.coupled,
            # one table where both axes have the same: they can be long
            "axes": [table(p, 0)] if table(p, 0) == table(p, 1) else [table(p, 0), table(p, 1)],
        }
        for p in explainer.parameters
    ]
