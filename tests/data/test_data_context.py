"""Context scenes: the disc says nothing, the ground says all."""

import hashlib

import numpy as np
import pytest
import torch

from segviz.data import ContextScenes, DataError, check
from segviz.data.context import context_plan
from segviz.data.painting import paint


@pytest.fixture(scope="module")
def plans():
    return [context_plan(seed, 96, 128) for seed in range(2000)]


def test_a_seed_is_the_same_scene_on_every_machine():
    digest = hashlib.sha256()
    for item in ContextScenes(4, first_seed=7, size=(60, 91)):
        for part in item:
            digest.update(part.numpy().tobytes())
    assert digest.hexdigest().startswith("ded7fd612daf2405")


def test_boats_and_cars_are_as_frequent(plans):
    labels = np.array([plan.things[0].label for plan in plans])
    assert set(labels.tolist()) == {1, 2}
    assert abs((labels == 1).mean() - 0.5) < 0.04


def test_all_discs_of_a_scene_are_of_one_class(plans):
    assert all(len({thing.label for thing in plan.things}) == 1 for plan in plans)
    assert {len(plan.things) for plan in plans} == {1, 2}


def test_the_colour_and_texture_of_a_disc_do_not_tell_its_class(plans):
    """Means and deviations of both classes agree within what chance makes of 1,500 discs each."""
    discs = [(t.label, *t.surface.colour, t.surface.texture) for p in plans for t in p.things]
    discs = np.array(discs, float)
    boats, cars = (discs[discs[:, 0] == label, 1:] for label in (1, 2))
    error = discs[:, 1:].std(axis=0) * np.sqrt(1 / len(boats) + 1 / len(cars))
    assert (np.abs(boats.mean(axis=0) - cars.mean(axis=0)) < 3.5 * error).all()
    np.testing.assert_allclose(boats.std(axis=0), cars.std(axis=0), rtol=0.08)


def test_the_brightness_of_the_ground_does(plans):
    for plan in plans[:60]:
        image = paint(plan._replace(things=()))[0]
        assert (image.mean() > 128) == (plan.things[0].label == 2)


def test_it_is_a_data_set_of_any_size():
    scenes = ContextScenes(5, first_seed=900_000, size=(40, 57))
    image, mask = scenes[3]
    assert image.shape == (3, 40, 57) and mask.shape == (40, 57)
    assert torch.equal(scenes.mask(3), mask)
    assert scenes.classes == ("ground", "boat", "car") and scenes.palette.shape == (3, 3)
    assert scenes.name(3) == "scene 900003"
    assert check(ContextScenes(20, size=(48, 64))).ok
    with pytest.raises(DataError, match="ContextScenes needs at least 1 scene"):
        ContextScenes(0)
