"""The one widget: it shows the scenes of any explainer, with sliders, and lets cells be pointed at.

The picture is painted in Python. The browser swaps fragments and lights cells, so neither a slider
nor the mouse waits for the kernel: the states next to the shown one are there before they are
needed.
"""

from pathlib import Path
from time import monotonic

import anywidget
import ipywidgets
import numpy as np
import traitlets

from segviz.explainers.explainer import Explainer, NumberGrid
from segviz.explorer.bundle import Bundle, part_names
from segviz.explorer.controls import new_controls
from segviz.explorer.front import CODE, STYLE, parameter_tables
from segviz.explorer.numbers import laid_over, showable, typed_number
from segviz.explorer.page import write_page
from segviz.scenes import Scene, shell, svg

# what travels with the widget; the browser asks for other frames when it has painted
EAGER = 230_000  # bytes of frames
NEIGHBOURS = 24  # states, for each has to be drawn before anything is displayed ...
PATIENCE = 0.2  # ... seconds, after which no further one is begun


class Stage(anywidget.AnyWidget):
    """The picture in the browser; all that it shows arrives in these traits."""

    _esm = CODE
    _css = STYLE

    shell = traitlets.Unicode().tag(sync=True)
    still = traitlets.Unicode().tag(sync=True)
    parts = traitlets.List().tag(sync=True)
    boards = traitlets.List().tag(sync=True)
    parameters = traitlets.List().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True, **ipywidgets.widget_serialization)
    state = traitlets.List().tag(sync=True)
    version = traitlets.Int().tag(sync=True)
    eager = traitlets.Dict().tag(sync=True)
    now = traitlets.Dict(default_value={"pool": {}, "frames": {}}).tag(sync=True)


class Setting(traitlets.TraitType):
    """A parameter of an explorer: assigning it is `explorer.set(name=value)`."""

    def set(self, obj, value):
        obj.set(**{self.name: value})

    def store(self, obj, value):
        """Takes a value that has been checked, and notifies."""
        super().set(obj, value)


class Explorer(ipywidgets.VBox):
    """Shows an explainer. Its parameters are traits: numbers or names, or pairs where rows and
    columns differ; its number grids are traits too, as lists of rows.

    ValueError, in a sentence, for values that torch refuses or that the sliders do not reach;
    nothing has changed then.
    """

    def __init__(self, explainer: Explainer, **settings):
        self.explainer = explainer
        self._parameters = {p.name: p for p in explainer.parameters}
        self._grids = {g.name: g for g in explainer.grids}
        self._patterns = {g.name: np.asarray(g.pattern, float) for g in explainer.grids}
        self._values = {p.name: (p.start, p.start) for p in explainer.parameters}
        self._version = 0
        super().__init__()
        self.add_class("sv-explorer")
        self.add_traits(**{name: Setting() for name in (*self._values, *self._patterns)})
        self._stage = Stage()
        self._take(settings)
        self._first = self._patterns  # never changed in place
        self._build()

    # -- from Python

    def set(self, **settings) -> None:
        """Changes several parameters or grids at once, such as set(stride=3, output_padding=2)."""
        values, version = dict(self._values), self._version
        self._take(settings)
        if self._values == values and self._version == version:
            return
        self._note_unequal()
        self._show()

    @property
    def values(self) -> dict[str, tuple[int, int]]:
        """The steps of every parameter's slider for (rows, columns): integers; for a number or a
        size they are its value, for a name its place among the choices."""
        return dict(self._values)

    @property
    def scene(self) -> Scene:
        """The picture that is shown, as data."""
        return self.scene_of(self._values)

    def save(self, path, vary=None) -> Path:
        """Writes one self-contained page: the same explorer, without a kernel or a network.

        vary: names of the parameters whose sliders still move in it; by default as many as fit into
        2 MB, in the order of the sliders. The others are shown as fixed. ValueError, in a sentence,
        for a name that is not a parameter, or when all the states would be too much for a page.
        """
        return write_page(self, Path(path).expanduser(), vary)

    def still(self) -> str:
        """The picture that is shown, as one SVG."""
        return svg(self.scene, self._stage.still)

    # -- the state: what is set, and the scenes of it

    def _take(self, settings) -> None:
        """Checks all, then changes all."""
        patterns, values = dict(self._patterns), dict(self._values)
        for name, value in settings.items():
            if name in self._grids:
                grid = self._grids[name]
                numbers = showable(value, name, grid.labels)
                patterns[name] = laid_over(numbers, patterns[name])
                self._fit(grid, numbers, values)
            elif name not in values:
                known = ", ".join((*values, *patterns))
                raise ValueError(f"There is no parameter {name}. The parameters are {known}.")
        for name, value in settings.items():
            if name in values:
                values[name] = self._parameters[name].step_of(value)
        followers = {p.name for p in self.explainer.coupled if p.follows} - set(settings)
        if followers:
            settled = self.explainer.settled(values)
            values |= {name: settled[name] for name in followers}
        self.explainer.check(values)
        changed = any(not np.array_equal(patterns[n], self._patterns[n]) for n in patterns)
        self._patterns, self._values = patterns, values
        self._version += changed
        self._store()

    def _fit(self, grid: NumberGrid, numbers: np.ndarray, values) -> None:
        """Numbers bring their size with them, where a parameter says it."""
        if grid.size:
            values[grid.size] = numbers.shape
            return
        rows, columns = np.shape(grid.pattern)
        fits = numbers.shape[0] <= rows and numbers.shape[1] <= columns
        if not (fits if grid.corner else numbers.shape == (rows, columns)):
            most = "at most " if grid.corner else ""
            raise ValueError(
                f"{grid.name} has {numbers.shape[0]} rows of {numbers.shape[1]}:"
                f" give {most}{rows} rows of {most}{columns} numbers."
            )

    def _store(self) -> None:
        traits = self.traits()
        with self.hold_trait_notifications():
            for name, steps in self._values.items():
                traits[name].store(self, self._parameters[name].shown(steps))
            for name, numbers in self._numbers(self._values).items():
                traits[name].store(self, numbers.tolist())

    def _numbers(self, values) -> dict[str, np.ndarray]:
        """The grids, cut to the size that their parameter says."""
        cut = {}
        for each in self.explainer.grids:
            rows, columns = values[each.size] if each.size else (None, None)
            cut[each.name] = self._patterns[each.name][:rows, :columns]
        return cut

    def scene_of(self, values) -> Scene:
        """The picture of another state with the same numbers; values as in `Explorer.values`."""
        sizes = {each.size for each in self.explainer.grids}
        others = {
            name: self._parameters[name].value_of(steps)
            for name, steps in values.items()
            if name not in sizes
        }
        return self.explainer.draw(**self._numbers(values), **others)

    # -- to the browser

    def _build(self) -> None:
        controls = new_controls(self.explainer.parameters, self._values)
        self._unequal = ipywidgets.Checkbox(description="rows and columns differ", indent=False)
        self._unequal.add_class("sv-unequal")
        self._note_unequal()
        with self._stage.hold_sync():
            self._fill_stage(controls)
        shown = [each for both in controls for each in both]
        if any(p.per_axis for p in self.explainer.parameters):
            shown.append(self._unequal)
        box = ipywidgets.Box(shown)
        box.add_class("sv-controls")
        self.children = [box, self._stage]

    def _fill_stage(self, controls) -> None:
        scene, stage = self.scene, self._stage
        stage.still = f"sv-still-{stage.model_id}"
        stage.shell = shell(scene, {})
        stage.parts = part_names(scene)
        stage.boards = [board.name for board in scene.boards]
        limits = [self.explainer.limits] * 2
        stage.parameters = parameter_tables(self.explainer, limits, {}, list(self._values))
        stage.controls = {"sliders": controls, "unequal": self._unequal}
        stage.observe(self._moved, "state")
        stage.on_msg(self._heard)
        self._show()

    def _show(self) -> None:
        """Tells the browser the state; with it a frame, where it might not have one."""
        stage = self._stage
        if self._version != stage.version or not stage.eager:
            if stage.eager:  # new numbers: first what is looked at
                stage.now = self._bundle([self._values])
            stage.version = self._version
            stage.eager = self._bundle(self._neighbours(), EAGER)
        elif self.key(self._values) not in stage.eager["frames"]:
            stage.now = self._bundle([self._values])
        stage.state = [value for both in self._values.values() for value in both]

    def key(self, values) -> str:
        """The name of a state, the same here and in the browser."""
        return f"{self._version}:" + ",".join(str(v) for both in values.values() for v in both)

    def _bundle(self, states, most: float = float("inf")) -> dict:
        """What the browser needs to show these states: the first, and of those that follow as many
        as fit into `most` bytes."""
        bundle = Bundle()
        bundle.add(self.key(states[0]), self.scene_of(states[0]))
        begun = monotonic()
        for values in states[1:]:
            if most < float("inf") and monotonic() - begun > PATIENCE:
                break
            if not bundle.add(self.key(values), self.scene_of(values), most):
                break  # drawing more takes longer than asking for them when all is shown
        return bundle.to_dict()

    def _neighbours(self) -> list[dict]:
        """The state shown, and those that moving one slider leads to, the nearest steps first."""
        steps = [(p.name, value) for p in self.explainer.parameters for value in p.values]
        steps.sort(key=lambda step: abs(step[1] - self._values[step[0]][0]))
        states = [self._values]
        for name, value in steps:
            values = self.explainer.settled({**self._values, name: (value, value)})
            if values not in states and len(states) <= NEIGHBOURS:
                states.append(values)
        return states

    def _note_unequal(self) -> None:
        """Opens the columns' sliders where they are needed; closing them is left to the hand."""
        if any(rows != columns for rows, columns in self._values.values()):
            self._unequal.value = True

    def picture_traits(self) -> dict:
        """What a stage needs to know of the picture, whoever its sliders are."""
        names = ("shell", "still", "parts", "boards", "state", "version")
        return {name: getattr(self._stage, name) for name in names}

    # -- from the browser

    def _moved(self, change) -> None:
        """The sliders were moved to a state that is legal, for the browser has the limits."""
        names = list(self._values)
        values = {n: tuple(change.new[2 * i : 2 * i + 2]) for i, n in enumerate(names)}
        if values == self._values:
            return
        self.explainer.check(values)
        self._values = values
        self._store()
        self._show()

    def _heard(self, _widget, message, _buffers) -> None:
        if "hello" in message:
            self._stage.send({"ready": True})
        if "want" in message:
            states = self._states(message["want"])
            self._stage.send({"bundle": self._bundle(states) if states else Bundle().to_dict()})
        if "edit" in message:
            self._stage.send({"tell": self._edited(**message["edit"])})
        if "reset" in message:
            self._reset()
        if "paint" in message:
            self._stage.send({"tell": self._painted(**message["paint"])})

    def _states(self, keys) -> list[dict]:
        """The states of these keys; those of older numbers are left out."""
        states = []
        for key in keys:
            version, values = key.split(":")
            numbers = [int(value) for value in values.split(",")]
            if int(version) == self._version:
                pairs = zip(numbers[::2], numbers[1::2], strict=True)
                states.append(dict(zip(self._values, pairs, strict=True)))
        return states

    def _edited(self, grid: str, cell: int, width: int, text: str) -> str:
        """Takes a typed number; returns the sentence to show, empty if all is well."""
        try:
            return self._painted(grid, [cell], width, typed_number(text))
        except ValueError as refusal:
            return str(refusal)

    def _painted(self, grid: str, cells: list[int], width: int, value: float) -> str:
        """Puts one number into some cells; returns the sentence to show, empty if all is well."""
        numbers = np.asarray(getattr(self, grid), float)
        numbers[np.divmod(cells, width)] = value
        try:
            self.set(**{grid: numbers})
        except ValueError as refusal:
            return str(refusal)
        return ""

    def _reset(self) -> None:
        """The numbers as they were when the explorer was opened; the sliders stay."""
        self._patterns, self._version = self._first, self._version + 1
        self._store()
        self._show()

    # -- where no widget can be shown

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/plain": f"{self.scene.title}: {self.scene.call}"}

    def _ipython_display_(self) -> None:
        """The widget, and after it the still picture, which the stage hides wherever it runs."""
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)
        display({"image/svg+xml": self.still(), "text/plain": self.scene.description}, raw=True)
