"""Tiny roots in the published formats of Pets and VOC, read by the real loaders."""

import urllib.error

import numpy as np
import pytest
import torch
from PIL import Image

from segviz.data import VOC, DataError, OxfordPet, check
from segviz.data.palettes import voc_colours

DRAW = np.random.default_rng(3)
SIZES = [(11, 17), (14, 9), (12, 12)]  # (rows, columns), unequal on purpose
PETS = ["Abyssinian_201", "beagle_7", "Abyssinian_34"]


def save(array, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


@pytest.fixture
def pets(tmp_path):
    """root/oxford-iiit-pet as the two archives unpack; returns (root, images, trimaps)."""
    home = tmp_path / "oxford-iiit-pet"
    images = [DRAW.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]
    trimaps = [DRAW.integers(1, 4, size, np.uint8) for size in SIZES]
    for name, image, trimap in zip(PETS, images, trimaps, strict=True):
        save(image, home / "images" / f"{name}.jpg", quality=100, subsampling=0)
        save(trimap, home / "annotations" / "trimaps" / f"{name}.png")
    # name, class (from 1), species, number of the breed within the species
    (home / "annotations" / "trainval.txt").write_text(
        "Abyssinian_201 1 1 1\nbeagle_7 5 2 4\nAbyssinian_34 1 1 1\n"
    )
    (home / "annotations" / "test.txt").write_text("beagle_7 5 2 4\n")
    return tmp_path, images, trimaps


@pytest.fixture
def voc(tmp_path):
    """root/VOCdevkit/VOC2012 as the archive unpacks; returns (root, masks)."""
    home = tmp_path / "VOCdevkit" / "VOC2012"
    masks = []
    for n, size in enumerate(SIZES):
        name = f"2007_00000{n}"
        save(DRAW.integers(0, 256, (*size, 3), np.uint8), home / "JPEGImages" / f"{name}.jpg")
        labels = DRAW.choice(np.array([0, 1, 15, 20, 255], np.uint8), size)
        palette = Image.fromarray(labels).convert("P")
        palette.putpalette(voc_colours(256).tobytes())
        path = home / "SegmentationClass" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        palette.save(path)
        masks.append(labels)
    lists = home / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_000000\n2007_000002\n")
    (lists / "val.txt").write_text("2007_000001\n")
    return tmp_path, masks


def test_trimaps_of_1_2_3_become_labels_0_1_2(pets):
    root, images, trimaps = pets
    dataset = OxfordPet(root)
    assert len(dataset) == 3 and dataset.name(-1) == "Abyssinian_34"
    for n, (image, mask) in enumerate(dataset):
        assert image.dtype == torch.uint8 and image.shape == (3, *SIZES[n])
        assert np.abs(image.permute(1, 2, 0).numpy().astype(int) - images[n]).mean() < 8  # JPEG
        assert mask.dtype == torch.int64
        np.testing.assert_array_equal(mask.numpy() + 1, trimaps[n])
    assert [dataset.breed(n) for n in range(3)] == [0, 4, 0]
    assert dataset.breeds[0] == "Abyssinian"
    assert [OxfordPet(root, "test").name(0)] == ["beagle_7"]


def test_a_trimap_with_another_value_is_named(pets):
    root, _, trimaps = pets
    trimaps[1][2, 3] = 0
    save(trimaps[1], root / "oxford-iiit-pet" / "annotations" / "trimaps" / "beagle_7.png")
    with pytest.raises(DataError, match="trimap of beagle_7 holds other values"):
        OxfordPet(root)[1]


def test_voc_keeps_its_labels_and_void(voc):
    root, masks = voc
    train = VOC(root)
    assert len(train) == 2 and train.name(1) == "2007_000002"
    np.testing.assert_array_equal(train[0][1], masks[0])
    np.testing.assert_array_equal(train[1][1], masks[2])
    np.testing.assert_array_equal(VOC(root, "val")[0][1], masks[1])
    assert len(train.classes) == 21 and train.classes[15] == "person"
    assert train.ignore_index == 255
    assert not check(train).problems


def test_vocs_colours_are_the_published_ones():
    # from the development kit's table: background, aeroplane, bicycle, person, tvmonitor, void
    expected = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (192, 128, 128), (0, 64, 128), (224, 224, 192)]
    np.testing.assert_array_equal(voc_colours(256)[[0, 1, 2, 15, 20, 255]], expected)


@pytest.mark.parametrize("kind", ["pets", "voc"])
def test_sizes_may_be_chosen_and_masks_stay_labels(kind, request):
    root, *_ = request.getfixturevalue(kind)
    dataset = {"pets": OxfordPet, "voc": VOC}[kind](root, image_size=(6, 10), mask_size=(5, 7))
    for image, mask in dataset:
        assert image.shape == (3, 6, 10) and mask.shape == (5, 7)
        assert set(mask.unique().tolist()) <= {0, 1, 2, 15, 20, 255}


@pytest.mark.parametrize("kind", [OxfordPet, VOC])
def test_what_is_not_there_is_said_with_what_to_do(kind, tmp_path):
    with pytest.raises(DataError, match="is not in .*Pass download=True"):
        kind(tmp_path / "nowhere")
    with pytest.raises(DataError, match="split is 'training': give one of 'train"):
        kind(tmp_path, "training")
    with pytest.raises(DataError, match="image_size is"):
        kind(tmp_path, image_size=128)


@pytest.mark.parametrize("kind", [OxfordPet, VOC])
def test_offline_a_download_fails_in_a_sentence(kind, tmp_path, monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    with pytest.raises(DataError, match="could not be fetched: .*Is this machine online"):
        kind(tmp_path, download=True)


def test_half_a_download_is_named(pets):
    root, *_ = pets
    (root / "oxford-iiit-pet" / "annotations" / "test.txt").unlink()
    with pytest.raises(DataError, match=r"not complete in .*test\.txt is missing"):
        OxfordPet(root, "test")
