"""The scene that the explainers show is the library's own, made as its README says."""

import re

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from segviz.data import scene
from segviz.data.composition import CLASSES as CLASSES_OF_SCENES
from segviz.data.composition import plan
from segviz.explainers.example_scene import CLASSES, PICTURES, example_scene

README = (PICTURES / "README.md").read_text("utf-8")
SEED = int(re.search(r"SEED = (\d+)", README)[1])


@pytest.mark.parametrize("size", [128, 32])
def test_it_is_the_librarys_own(size):
    image, mask = scene(SEED, size)
    np.testing.assert_array_equal(example_scene(size).image, image.transpose(1, 2, 0))
    np.testing.assert_array_equal(example_scene(size).mask, mask)
    assert CLASSES == CLASSES_OF_SCENES


@pytest.mark.parametrize("size", [128, 32])
def test_every_thing_has_the_class_that_was_planned_and_hides_what_is_behind(size):
    things = plan(SEED, size, size).things
    shown = example_scene(size)
    assert shown.labels.tolist() == [thing.label for thing in things]
    assert np.unique(shown.things).tolist() == list(range(-1, len(things)))  # all can be seen
    expected = np.append(shown.labels, 0)[shown.things]
    np.testing.assert_array_equal(expected, shown.mask)


def test_the_files_are_made_as_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(re.search(r"```python\n(.*?)```", README, re.S)[1], {})
    made = sorted(tmp_path.glob("*.png"))
    assert [path.name for path in made] == sorted(p.name for p in PICTURES.glob("*.png"))
    for path in made:
        np.testing.assert_array_equal(Image.open(path), Image.open(PICTURES / path.name))


def test_it_shows_what_the_explainers_speak_of():
    shown = example_scene()
    assert {"ball", "star", "cat", "pole"} <= set(shown.names)
    balls = [n for n, name in enumerate(shown.names) if name == "ball"]
    touching = [
        (a, b)
        for a in balls
        for b in balls
        if a < b and (ndimage.binary_dilation(shown.masks[a]) & shown.masks[b]).any()
    ]
    assert touching  # semantic segmentation merges these two
    _, pieces = ndimage.label(shown.masks[shown.names.index("cat")])
    assert pieces > 1  # and yet it is one cat: a pole stands before it
    area = shown.masks.sum((1, 2))
    assert area.argmax() == shown.names.index("cat")
