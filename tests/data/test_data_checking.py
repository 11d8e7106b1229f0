import numpy as np
import pytest
from PIL import Image

from segviz.data import Folder, Scenes, check

CLASSES = ("ground", "tree", "sky")


def test_sound_data_is_reported_as_sound():
    report = check(Scenes(12, size=(30, 50)))
    assert report.ok and report.problems == ()
    assert report.sizes == {(30, 50): 12}
    assert report.frequencies.sum() == pytest.approx(1)
    text = str(report)
    assert "12 items" in text and "50 x 30 (12 items)" in text and "Nothing is wrong" in text
    assert repr(report) == text  # a notebook's cell shows it


def test_everything_wrong_is_reported_not_just_the_first(album):
    for name in ("a", "b", "c", "d", "e"):
        album.photograph(f"{name}.png", size=(6, 9))
        album.mask(f"{name}.png", size=(6, 9))
    album.mask("a.png", labels=np.full((6, 9), 3, np.uint8))
    album.mask("b.png", size=(6, 8))
    (album.root / "images" / "c.png").write_bytes(b"nothing")
    Image.new("RGB", (9, 6)).save(album.root / "masks" / "d.png")
    (album.root / "images" / "d.png").write_bytes(b"nothing")

    report = check(Folder(album.root, CLASSES))
    assert not report.ok
    expected = [
        ("masks/a.png", "label 3"),
        ("masks/b.png", "8 x 6"),
        ("images/c.png", "not an image"),
        ("images/d.png", "not an image"),
        ("masks/d.png", "holds colours"),
    ]
    assert len(report.problems) == len(expected)
    for problem, (path, fault) in zip(report.problems, expected, strict=True):
        assert path in problem and fault in problem
    assert "Wrong (5):" in str(report)
    # The one sound item still counts: 54 pixels of which 0 1 2 2 void 1 0 repeat.
    labels = np.resize([0, 1, 2, 2, 255, 1, 0], 54)
    counts = np.array([(labels == k).sum() for k in range(3)])
    np.testing.assert_allclose(report.frequencies, counts / counts.sum())
    assert report.void == pytest.approx((labels == 255).mean())


def suspicions(album, classes=CLASSES, **options) -> str:
    report = check(Folder(album.root, classes, **options))
    assert report.ok
    return "\n".join(report.suspicions)


def test_0_and_255_masks_are_suspected(album):
    album.photograph(size=(4, 5))
    labels = np.zeros((4, 5), np.uint8)
    labels[1] = 255
    album.mask(labels=labels)
    assert "divide them by 255" in suspicions(album, classes=("back", "front"))


def test_classes_that_never_occur_are_named(album):
    album.photograph(size=(4, 5))
    album.mask(labels=np.resize(np.array([0, 2], np.uint8), (4, 5)))
    assert "No pixel belongs to tree:" in suspicions(album)


def test_void_flat_and_doubled_items_are_named(album):
    album.photograph("a.png", size=(4, 5))
    album.mask("a.png", size=(4, 5))
    Image.open(album.root / "images" / "a.png").save(album.root / "images" / "b.png")
    album.mask("b.png", labels=np.full((4, 5), 255, np.uint8))
    Image.new("RGB", (5, 4), (9, 9, 9)).save(album.root / "images" / "c.png")
    album.mask("c.png", size=(4, 5))
    said = suspicions(album)
    assert "b: the whole mask is void" in said
    assert "b: the same image as a" in said
    assert "c: every pixel" in said


def test_a_swapped_size_and_mixed_sizes_are_suspected(album):
    album.photograph("a.png", size=(6, 9))
    album.mask("a.png", size=(6, 9))
    assert suspicions(album) == ""
    assert suspicions(album, image_size=(4, 6)) == ""
    assert "(height, width)?" in suspicions(album, image_size=(6, 4))
    album.photograph("b.png", size=(8, 9))
    album.mask("b.png", size=(8, 9))
    assert "2 sizes" in suspicions(album)
    assert "2 sizes" not in suspicions(album, image_size=(6, 9), mask_size=(6, 9))


def test_nothing_is_called_right_where_all_is_void(album):
    for name in ("a.png", "b.png"):
        album.photograph(name, size=(4, 5))
        album.mask(name, labels=np.full((4, 5), 255, np.uint8))
    report = check(Folder(album.root, CLASSES))
    assert not report.ok and "Nothing is wrong" not in str(report)
    assert "Every pixel of every mask that can be read is void" in str(report)
    album.mask("a.png", size=(4, 5))  # now only b is void: readable, but worth a look
    report = check(Folder(album.root, CLASSES))
    assert report.ok and "Nothing is wrong" not in str(report)
    assert "Every item can be read." in str(report) and "b: the whole mask" in str(report)
