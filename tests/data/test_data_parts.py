import pytest
import torch

from segviz.data import DataError, Folder, Part, Scenes, split, write_folder


def names(ds):
    return [ds.name(index) for index in range(len(ds))]


def test_a_split_leaves_nothing_out_and_shares_nothing():
    scenes = Scenes(20, size=(8, 12))
    train, val = split(scenes, 0.25)
    assert (len(train), len(val)) == (15, 5)
    assert sorted(names(train) + names(val)) == sorted(names(scenes))


def test_it_follows_from_the_seed():
    scenes = Scenes(20, size=(8, 12))
    once, again, other = (names(split(scenes, seed=seed)[1]) for seed in (3, 3, 4))
    assert once == again != other


def test_two_views_of_one_folder_are_divided_alike(tmp_path):
    root = write_folder(Scenes(7, size=(8, 12)), tmp_path / "album")
    small = Folder(root, Scenes(1).classes, image_size=(4, 6), mask_size=(4, 6))
    full = Folder(root, Scenes(1).classes, image_size=(4, 6))
    train, val = split(small, 0.4)[0], split(full, 0.4)[1]
    assert sorted(names(train) + names(val)) == names(full)
    assert [tensor.shape[-2:] for tensor in train[0]] == [(4, 6), (4, 6)]
    assert [tensor.shape[-2:] for tensor in val[0]] == [(4, 6), (8, 12)]


def test_a_part_hands_on_the_items_it_names():
    scenes = Scenes(5, first_seed=30, size=(8, 12))
    part = Part(scenes, [4, 1])
    assert names(part) == ["scene 34", "scene 31"] and part.classes == scenes.classes
    for own, whole in zip(part[1], scenes[1], strict=True):
        assert torch.equal(own, whole)
    assert torch.equal(part.mask(-2), scenes.mask(4))
    with pytest.raises(IndexError, match="Item 2 was asked for, but there are 2"):
        part[2]


@pytest.mark.parametrize("share", [0, 1, 0.01])
def test_neither_part_may_be_empty(share):
    with pytest.raises(DataError, match="both need at least one"):
        split(Scenes(10), share)


@pytest.mark.parametrize("share", [-0.2, 1.5, float("nan"), float("inf")])
def test_a_share_is_between_0_and_1(share):
    with pytest.raises(DataError, match="a number between 0 and 1"):
        split(Scenes(10), share)


@pytest.mark.parametrize("seed", [-1, 1.5])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataError, match=f"seed={seed}: a seed is a whole number"):
        split(Scenes(10), seed=seed)
