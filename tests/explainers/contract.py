"""What every explainer promises, and random parameters to hold it to that.

A test of an explainer inherits `ExplainerContract` and says how its numbers are known otherwise:

    class TestConvolution(ExplainerContract):
        explainer = CONVOLUTION

        def judge(self, scene, settings):
            expected = F.conv2d(...)  # an oracle that shares no code with the explainer
            np.testing.assert_allclose(painted(scene)["output"], expected)
"""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from segviz.scenes import frame, svg

SVG = "{http://www.w3.org/2000/svg}"
ROUNDS = 1000


def random_steps(explainer, rng, beyond=0):
    """Steps for every parameter, rows and columns apart; `beyond` its range by so much."""
    steps = {}
    for p in explainer.parameters:
        rows, columns = rng.integers(p.first - beyond, p.last + 1 + beyond, 2).tolist()
        steps[p.name] = (rows, columns if p.per_axis else rows)
    return steps


def random_numbers(explainer, rng, steps):
    """Random whole numbers in every grid, at the size that the parameters say."""
    grids = {}
    for grid in explainer.grids:
        size = steps[grid.size] if grid.size else np.shape(grid.pattern)
        least, most = (0, grid.labels) if grid.labels else (-9, 10)
        grids[grid.name] = rng.integers(least, most, size).astype(float)
    return grids


def settings_of(explainer, steps, numbers):
    """What `draw` is given, as the explorer gives it."""
    sizes = {grid.size for grid in explainer.grids}
    return numbers | {
        p.name: p.value_of(steps[p.name]) for p in explainer.parameters if p.name not in sizes
    }


def legal_steps(explainer, rng):
    """Random steps that are legal; each axis is drawn until it is, so that unequal ones abound."""
    singles = [p.name for p in explainer.parameters if not p.per_axis]
    while True:
        one, other = random_steps(explainer, rng), random_steps(explainer, rng)
        other |= {name: one[name] for name in singles}
        rows = {name: (both[0], both[0]) for name, both in one.items()}
        columns = {name: (both[1], both[1]) for name, both in other.items()}
        if explainer.legal(rows) and explainer.legal(columns):
            return {name: (rows[name][0], columns[name][0]) for name in rows}


def painted(scene):
    """Board name -> array of the numbers in the SVG at their places, NaN where nothing is painted;
    for boards whose cells show numbers."""
    root = ElementTree.fromstring(svg(scene))
    boards = {}
    for layer in root.iter(f"{SVG}g"):
        name = layer.get("data-layer")
        if name in (None, "labels") or not scene[name].figures or scene[name].texts:
            continue
        groups = {group.get("class", "").split(" ")[0]: group for group in layer.iter(f"{SVG}g")}
        places = [re.match(r"M(\d+) (\d+)h1", path.get("d")).groups() for path in groups["c"]]
        values = [float(text.text) for text in groups["n"] if text.tag == f"{SVG}text"]
        assert len(places) == len(values)
        board = np.full(scene[name].numbers.shape, np.nan)
        for (column, row), value in zip(places, values, strict=True):
            board[int(row), int(column)] = value
        boards[name] = board
    return boards


class ExplainerContract:
    explainer = None
    rounds = ROUNDS

    def judge(self, scene, settings):
        """Assert that the scene's numbers are those of an oracle for these settings of `draw`."""
        raise NotImplementedError

    def start(self):
        steps = {p.name: (p.start, p.start) for p in self.explainer.parameters}
        numbers = {}
        for grid in self.explainer.grids:
            rows, columns = steps[grid.size] if grid.size else (None, None)
            numbers[grid.name] = np.asarray(grid.pattern, float)[:rows, :columns]
        return steps, settings_of(self.explainer, steps, numbers)

    def test_random_legal_settings_show_the_oracles_numbers(self):
        rng = np.random.default_rng(1)
        for _ in range(self.rounds):
            steps = legal_steps(self.explainer, rng)
            numbers = random_numbers(self.explainer, rng, steps)
            settings = settings_of(self.explainer, steps, numbers)
            self.judge(self.explainer.draw(**settings), settings)

    def test_random_illegal_settings_are_refused_in_a_sentence(self):
        rng = np.random.default_rng(2)
        refused = 0
        while refused < self.rounds:
            steps = random_steps(self.explainer, rng, beyond=2)
            if self.explainer.legal(steps):
                self.explainer.check(steps)
                continue
            refused += 1
            with pytest.raises(ValueError, match=r"[.]$") as refusal:
                self.explainer.check(steps)
            assert any(p.name in str(refusal.value) for p in self.explainer.parameters)

    def test_it_starts_with_a_picture_that_is_true(self):
        steps, settings = self.start()
        assert self.explainer.legal(steps)
        self.judge(self.explainer.draw(**settings), settings)

    def test_it_can_be_read_by_all(self):
        scene = self.explainer.draw(**self.start()[1])
        root = ElementTree.fromstring(svg(scene))
        assert root.find(f"{SVG}title").text and len(root.find(f"{SVG}desc").text) > 40
        assert scene.call and any(label.text == scene.call for label in scene.labels)
        assert scene.size[0] <= 1000
        names = [board.name for board in scene.boards]
        assert len(set(names)) == len(names) and scene.steps in names
        assert "labels" not in names  # the layer of the labels has this name
        for board in scene.boards:
            assert len(board.says) == len(board.cells) and all(board.says), board.name
            assert set(board.columns) <= set(scene.relation.sizes), board.name

    def test_every_cell_can_be_pointed_at(self):
        """Each board's cells stand for cells of the relation's grids that are there."""
        rng = np.random.default_rng(3)
        for _ in range(20):
            steps = legal_steps(self.explainer, rng)
            numbers = random_numbers(self.explainer, rng, steps)
            scene = self.explainer.draw(**settings_of(self.explainer, steps, numbers))
            lengths = {name: np.prod(size) for name, size in scene.relation.sizes.items()}
            for name in scene.relation.axes[0]:
                assert scene.relation.column(name).max(initial=-1) < lengths[name]
            for board in scene.boards:
                assert len(board.says) == len(board.cells)
                for name, cells in board.columns.items():
                    assert cells.shape == board.numbers.shape
                    assert cells.max(initial=-1) < lengths[name]
            taps = json.loads("".join(frame(scene)["relation"]))
            assert set(taps["axes"][0]) == set(scene.relation.axes[0])

    def test_legal_values_of_a_parameter_have_no_gaps(self):
        """Sliders show them from the least to the greatest; the earlier ones decide which."""
        coupled = self.explainer.coupled
        if not coupled:
            return
        table = np.meshgrid(*(list(p.values) for p in coupled), indexing="ij", sparse=True)
        named = dict(zip((p.name for p in coupled), table, strict=True))
        legal = self.explainer.operation.legal(**named)
        legal = np.broadcast_to(legal, [len(p.values) for p in coupled])
        for place, parameter in enumerate(coupled):
            possible = legal.any(axis=tuple(range(place + 1, len(coupled))))
            runs = possible[..., :1].sum(-1) + (possible[..., 1:] > possible[..., :-1]).sum(-1)
            assert runs.max() == 1, f"{parameter.name} has gaps"

    def test_the_same_settings_give_the_same_picture(self):
        settings = self.start()[1]
        assert self.explainer.draw(**settings) == self.explainer.draw(**settings)

    def test_boards_lie_within_the_picture_and_apart(self):
        rng = np.random.default_rng(4)
        for _ in range(50):
            steps = legal_steps(self.explainer, rng)
            numbers = random_numbers(self.explainer, rng, steps)
            scene = self.explainer.draw(**settings_of(self.explainer, steps, numbers))
            boxes = []
            for board in scene.boards:
                (left, top), (width, height) = board.place, board.cell
                rows, columns = board.numbers.shape
                box = (left, top, left + width * columns, top + height * rows)
                assert left >= 0 and top >= 0, board.name
                assert box[2] <= scene.size[0] + 1 and box[3] <= scene.size[1] + 1, board.name
                for name, other in boxes:
                    apart = (
                        box[0] >= other[2] - 0.5
                        or other[0] >= box[2] - 0.5
                        or box[1] >= other[3] - 0.5
                        or other[1] >= box[3] - 0.5
                    )
                    assert apart, f"{board.name} lies over {name}"
                boxes.append((board.name, box))
