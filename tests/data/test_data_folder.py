import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from segviz.data import DataError, Folder

CLASSES = ("ground", "tree", "sky")


def refusal(album, **options) -> str:
    with pytest.raises(DataError) as caught:
        Folder(album.root, CLASSES, **options)
    return str(caught.value)


def test_items_are_the_files_sorted_by_name(album):
    pixels = {n: album.photograph(n, size=s) for n, s in [("b.png", (6, 9)), ("a b.png", (5, 4))]}
    labels = {n: album.mask(n, size=s) for n, s in [("b.png", (6, 9)), ("a b.png", (5, 4))]}
    folder = Folder(album.root, CLASSES)
    assert len(folder) == 2
    assert [folder.name(i) for i in range(2)] == ["a b", "b"]
    for index, name in enumerate(["a b.png", "b.png"]):
        image, mask = folder[index]
        assert (image.dtype, mask.dtype) == (torch.uint8, torch.int64)
        np.testing.assert_array_equal(image.permute(1, 2, 0), pixels[name])
        np.testing.assert_array_equal(mask, labels[name])
        assert torch.equal(folder.mask(index), mask)
    assert folder.stored_size(0) == (5, 4)
    assert (folder.classes, folder.ignore_index) == (CLASSES, 255)
    assert folder.palette.shape == (3, 3) and folder.palette.dtype == np.uint8
    with pytest.raises(IndexError):
        folder[2]


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.Png"])
def test_photographs_may_be_jpeg_or_png(album, name):
    pixels = np.full((16, 24, 3), (200, 40, 90), np.uint8)
    Image.fromarray(pixels).save(album.root / "images" / name)
    album.mask("a.png", size=(16, 24))
    image, _ = Folder(album.root, CLASSES)[0]
    np.testing.assert_allclose(image.permute(1, 2, 0), pixels, atol=3)


def test_void_labels_become_255(album):
    album.photograph()
    stored = album.mask(labels=np.array([[0, 1, 9], [200, 255, 2]], np.uint8).repeat(3, 0))
    album.photograph(size=stored.shape)
    mask = Folder(album.root, CLASSES, void=(9, 200))[0][1]
    assert mask[::3].tolist() == [[0, 1, 255], [255, 255, 2]]


def test_images_are_resized_smoothly_and_masks_by_nearest_neighbour(album):
    rough = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    smooth = Image.fromarray(rough).resize((71, 47), Image.Resampling.BICUBIC)
    smooth.save(album.root / "images" / "a.png")
    stored = np.random.default_rng(1).choice(np.array([0, 1, 2, 255], np.uint8), (47, 71))
    album.mask(labels=stored)

    image, mask = Folder(album.root, CLASSES, image_size=(20, 31), mask_size=(11, 25))[0]
    pixels = torch.from_numpy(np.array(smooth)).permute(2, 0, 1)[None].float()
    expected = F.interpolate(pixels, (20, 31), mode="bicubic", antialias=True)[0].clip(0, 255)
    assert image.shape == (3, 20, 31)
    assert (image.float() - expected).abs().max() <= 1.01

    # With odd sizes no centre of a new pixel falls between two old ones.
    labels = torch.from_numpy(stored)[None, None].float()
    nearest = F.interpolate(labels, (11, 25), mode="nearest-exact")[0, 0].long()
    assert torch.equal(mask, nearest)


def test_a_mask_keeps_its_size_when_only_the_image_is_resized(album):
    album.photograph(size=(8, 12))
    stored = album.mask(size=(8, 12))
    image, mask = Folder(album.root, CLASSES, image_size=(4, 6))[0]
    assert image.shape == (3, 4, 6)
    np.testing.assert_array_equal(mask, stored)


def test_files_without_a_partner_are_all_named(album):
    album.photograph("street_1.jpg")
    album.photograph("street_2.jpg")
    album.mask("street_2.png")
    album.mask("street_1_mask.png")
    said = refusal(album)
    assert "2 problems" in said
    assert "images/street_1.jpg has no mask" in said and "masks/street_1.png" in said
    assert "masks/street_1_mask.png has no image" in said
    assert "is it 'street_1_mask', under another name?" in said


def test_many_problems_are_counted_not_listed(album):
    for number in range(25):
        album.photograph(f"p{number:02}.png")
    said = refusal(album)
    assert "25 problems" in said and "and 15 more" in said
    assert said.count("has no mask") == 10


def test_a_jpeg_mask_is_refused_once_with_the_reason(album):
    album.photograph("a.png")
    Image.new("L", (9, 6)).save(album.root / "masks" / "a.jpg")
    said = refusal(album)
    assert "masks/a.jpg is a JPEG" in said and "lossy" in said and "no mask" not in said


def test_two_images_of_one_name_are_refused(album):
    album.photograph("a.png")
    album.photograph("a.jpg")
    album.mask("a.png")
    assert "the same name" in refusal(album)


@pytest.mark.parametrize("stray", ["a.tif", "notes.txt"])
def test_other_files_are_named(album, stray):
    album.photograph("b.png")
    album.mask("b.png")
    (album.root / "images" / stray).write_bytes(b"x")
    assert f"images/{stray} is not a PNG or JPEG file" in refusal(album)


def test_an_accent_may_be_stored_as_one_character_or_two(album):
    album.photograph("caf\u00e9.png")
    album.mask("cafe\u0301.png")
    assert len(Folder(album.root, CLASSES)) == 1


def test_files_that_systems_leave_behind_do_no_harm(album):
    album.photograph()
    album.mask()
    for part in ("images", "masks"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._a.png"):
            (album.root / part / name).write_bytes(b"x")
    assert len(Folder(album.root, CLASSES)) == 1


def test_a_folder_within_is_named(album):
    album.photograph()
    album.mask()
    (album.root / "images" / "more").mkdir()
    assert "images/more is a folder" in refusal(album)


def test_missing_and_empty_folders_are_told_apart(album, tmp_path):
    assert "are empty" in refusal(album)
    (album.root / "masks").rmdir()
    said = refusal(album)
    assert "no folder" in said and "album/masks" in said and "holds images" in said
    with pytest.raises(DataError, match="nowhere does not exist"):
        Folder(tmp_path / "nowhere", CLASSES)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        Folder(tmp_path / "file", CLASSES)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (dict(image_size=128), "image_size is \\(height, width\\)"),
        (dict(mask_size=(0, 4)), "mask_size is \\(height, width\\)"),
        (dict(image_size=(4.0, 4)), "image_size"),
        (dict(void=("sky",)), "void holds labels"),
        (dict(void=(-1,)), "void holds labels"),
        (dict(palette=np.zeros((2, 3))), "each of the 3"),
        (dict(palette=np.full((3, 3), 256)), "0 to 255"),
    ],
)
def test_impossible_arguments_are_refused(album, wrong, said):
    album.photograph()
    album.mask()
    with pytest.raises(DataError, match=said):
        Folder(album.root, CLASSES, **wrong)


@pytest.mark.parametrize("classes", [(), "road", (1, 2), [str(n) for n in range(256)]])
def test_impossible_classes_are_refused(album, classes):
    with pytest.raises(DataError, match="classes are 1 to 255 names"):
        Folder(album.root, classes)


def item_refusal(album, **options) -> str:
    folder = Folder(album.root, CLASSES, **options)
    with pytest.raises(DataError) as caught:
        folder[0]
    return str(caught.value)


def test_sizes_that_differ_are_named(album):
    album.photograph(size=(6, 9))
    album.mask(size=(6, 8))
    said = item_refusal(album, image_size=(4, 4), mask_size=(4, 4))
    assert "images/a.png is 9 x 6" in said and "masks/a.png is 8 x 6" in said


def test_a_label_outside_the_classes_is_named_with_its_place(album):
    album.photograph(size=(4, 5))
    labels = np.zeros((4, 5), np.uint8)
    labels[2, 3] = labels[3, 1] = 3
    labels[3, 4] = 77
    album.mask(labels=labels)
    said = item_refusal(album)
    assert "masks/a.png holds the label 3 (2 pixels), 77 (1 pixels)" in said
    assert "row 2, column 3" in said and "void=(3,)" in said and "0 to 2" in said
    with pytest.raises(DataError, match="holds the label 3"):
        Folder(album.root, CLASSES).mask(0)


def test_labels_that_start_at_1_are_guessed(album):
    album.photograph(size=(2, 3))
    album.mask(labels=np.array([[1, 2, 3], [3, 2, 1]], np.uint8))
    assert "start at 1" in item_refusal(album)
    album.mask(labels=np.array([[0, 2, 3], [3, 2, 1]], np.uint8))
    assert "start at 1" not in item_refusal(album)


def test_everything_wrong_with_an_item_is_said_at_once(album):
    album.photograph(size=(4, 5))
    album.mask(labels=np.full((7, 5), 9, np.uint8))
    said = item_refusal(album)
    assert "holds the label 9" in said and "5 x 7" in said


def test_a_mask_drawn_on_the_unturned_photograph_is_recognised(album):
    exif = Image.Exif()
    exif[0x0112] = 6
    album.photograph("a.jpg", size=(8, 12), exif=exif)
    album.mask("a.png", size=(8, 12))
    said = item_refusal(album)
    assert "EXIF" in said and "8 x 12" in said and "12 x 8" in said


def test_the_error_survives_the_workers_of_a_data_loader(album):
    album.photograph(size=(4, 5))
    album.mask(labels=np.full((4, 5), 9, np.uint8))
    loader = torch.utils.data.DataLoader(Folder(album.root, CLASSES), num_workers=1)
    with pytest.raises(DataError, match="holds the label 9"):
        next(iter(loader))


@pytest.mark.parametrize("classes", [("a", "b", "a"), ("a", "", "b"), ("a", " "), 3, None, "abc"])
def test_classes_without_a_name_of_their_own_are_refused(album, classes):
    album.photograph()
    album.mask()
    with pytest.raises(DataError, match="name") as caught:
        Folder(album.root, classes)
    assert repr(classes) in str(caught.value)
