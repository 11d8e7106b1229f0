import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from segviz.data import DataError, InMemory, Scenes, scene
from segviz.data import composition as composing
from segviz.data.painting import paint, paint_mask

FINGERPRINTS = json.loads(Path(__file__).with_name("fingerprints.json").read_text())


@pytest.mark.parametrize("case", FINGERPRINTS, ids=lambda c: f"{c['seed']}-{c['size']}")
def test_a_seed_is_the_same_scene_on_every_machine(case):
    image, mask = scene(case["seed"], tuple(case["size"]))
    assert hashlib.sha256(mask.tobytes()).hexdigest() == case["mask"]
    assert hashlib.sha256(image.tobytes()).hexdigest() == case["image"]


def test_scenes_differ_from_seed_to_seed():
    images = [scene(seed, 32)[0] for seed in (0, 1, 2**32, 2**32 + 1)]
    assert len({image.tobytes() for image in images}) == 4


def test_the_composition_does_not_depend_on_the_size():
    for seed in range(6):
        small, large = scene(seed, 128)[1], scene(seed, 384)[1]
        assert (large[1::3, 1::3] == small).mean() > 0.985


@pytest.mark.parametrize("size", [1, 7, (23, 57), (200, 41)])
def test_any_size(size):
    height, width = size if isinstance(size, tuple) else (size, size)
    image, mask = scene(4, size)
    assert (image.dtype, image.shape) == (np.uint8, (3, height, width))
    assert (mask.dtype, mask.shape) == (np.uint8, (height, width))


def test_class_shares_are_those_the_course_speaks_of():
    masks = np.stack([Scenes(800).mask(i).numpy() for i in range(800)])
    shares = np.bincount(masks.ravel(), minlength=6) / masks.size
    np.testing.assert_allclose(shares, [0.779, 0.059, 0.051, 0.029, 0.041, 0.041], atol=0.007)


def test_things_in_front_hide_things_behind():
    planned = composing.plan(2, 128, 128)
    alone = [paint_mask(planned._replace(things=(thing,))) for thing in planned.things]
    expected = np.zeros((128, 128), np.uint8)
    for one in alone:
        expected[one > 0] = one[one > 0]
    assert sum((one > 0).sum() for one in alone) > (expected > 0).sum()  # some do overlap
    np.testing.assert_array_equal(paint_mask(planned), expected)


def test_image_and_mask_show_the_same_things():
    planned = composing.plan(2, 128, 128)
    empty = paint(planned._replace(things=()))[0]
    changed = (paint(planned)[0] != empty).any(axis=0)
    thing = paint_mask(planned) > 0
    assert not (changed & ~thing).any()
    assert changed[thing].mean() > 0.97  # a pixel may be of the background's colour by chance


def test_a_plain_scene_is_the_colour_it_was_given():
    ground = composing.Surface((800, 400, 1600), (0, 0, 0), 0, 0, 0)
    image = paint(composing.Plan(1, 64, 96, ground, (0, 0), ()))[0]
    np.testing.assert_allclose(image.mean(axis=(1, 2)), [100, 50, 200], atol=0.7)
    np.testing.assert_allclose(image.std(axis=(1, 2)), 0.03 * 255, rtol=0.05)  # the noise


def test_light_grows_to_the_right_and_downwards():
    ground = composing.Surface((1000, 1000, 1000), (0, 0, 0), 0, 0, 0)
    image = paint(composing.Plan(1, 64, 96, ground, (500, -200), ()))[0].astype(float)
    assert image[:, :, -8:].mean() - image[:, :, :8].mean() == pytest.approx(500 / 8, rel=0.12)
    assert image[:, -8:].mean() - image[:, :8].mean() == pytest.approx(-200 / 8, rel=0.15)


@pytest.mark.parametrize("hue", [0, 100, 256, 512, 700, 1024, 1300, 1535])
def test_hues_agree_with_colorsys(hue):
    import colorsys

    expected = colorsys.hsv_to_rgb(hue / 1536, 180 / 255, 220 / 255)
    got = np.array(composing.rgb(hue, 180, 220)) / (255 * 8)
    np.testing.assert_allclose(got, expected, atol=0.001)


def test_scenes_is_a_data_set():
    scenes = Scenes(5, first_seed=900_000, size=(40, 56))
    image, mask = scenes[3]
    expected_image, expected_mask = scene(900_003, (40, 56))
    assert (image.dtype, mask.dtype) == (torch.uint8, torch.int64)
    np.testing.assert_array_equal(image, expected_image)
    np.testing.assert_array_equal(mask, expected_mask)
    assert torch.equal(scenes.mask(3), mask)
    assert torch.equal(scenes[-2][0], image)
    assert scenes.name(3) == "scene 900003"
    assert scenes.classes == ("background", "ball", "box", "star", "cat", "pole")
    assert scenes.palette.shape == (6, 3) and scenes.palette.dtype == np.uint8
    assert scenes.ignore_index == 255
    assert len(scenes) == len(list(scenes)) == 5
    with pytest.raises(IndexError, match="there are 5"):
        scenes[5]
    with pytest.raises(IndexError):
        scenes.mask(-6)


def test_a_palette_belongs_to_its_data_set():
    changed = Scenes(1)
    changed.palette[0] = 7
    assert Scenes(1).palette[0, 0] != 7


def test_scenes_go_through_a_data_loader():
    images, masks = next(iter(DataLoader(Scenes(4, size=(24, 40)), batch_size=3)))
    assert images.shape == (3, 3, 24, 40) and masks.shape == (3, 24, 40)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (dict(length=0), "length=0"),
        (dict(length=2.5), "length=2.5"),
        (dict(length=3, first_seed=-1), "-1"),
        (dict(length=3, first_seed=1.5), "1.5"),
        (dict(length=3, size=0), "size"),
        (dict(length=3, size=(3, 4, 5)), "height, width"),
        (dict(length=3, size="big"), "big"),
    ],
)
def test_impossible_scenes_are_refused(wrong, said):
    with pytest.raises(DataError, match=said):
        Scenes(**wrong)


class Counting(Scenes):
    reads = 0

    def __getitem__(self, index):
        self.reads += 1
        return super().__getitem__(index)


def test_in_memory_reads_once_and_gives_the_same_items():
    source = Counting(3, size=(20, 28))
    kept = InMemory(source)
    for _ in range(2):
        for index in (0, 2, -1):
            image, mask = kept[index]
            assert torch.equal(image, Scenes(3, size=(20, 28))[index][0])
            assert torch.equal(mask, Scenes(3, size=(20, 28))[index][1])
            assert mask.dtype == torch.int64
            image.zero_()  # what was given out is the caller's
            mask.zero_()
    assert source.reads == 2
    assert torch.equal(kept.mask(2), source.mask(2))
    assert (len(kept), kept.name(1), kept.classes) == (3, "scene 1", source.classes)
    with pytest.raises(IndexError):
        kept[3]
