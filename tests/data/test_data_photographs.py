"""On real photographs, where SEGVIZ_DATA names a folder that holds camvid/ and isbi/."""

import numpy as np
import pytest

from segviz.data import Folder, class_frequencies

STREET = "sky building pole road pavement tree sign fence car pedestrian bicyclist".split()


def part(photographs, name):
    root = photographs / name
    if not root.is_dir():
        pytest.skip(f"{root} is missing; data/README.md says how the folder is laid out.")
    return root


@pytest.mark.parametrize(("split", "count"), [("train", 367), ("val", 101)])
def test_camvid(photographs, split, count):
    root = part(photographs, f"camvid/{split}")
    street = Folder(root, STREET, image_size=(120, 160), void=(11,))
    assert len(street) == count
    for index in (0, count // 2, count - 1):
        image, mask = street[index]
        assert image.shape == (3, 120, 160) and mask.shape == (360, 480)
        assert set(mask.unique().tolist()) <= {*range(11), 255}
    counts = sum(np.bincount(street.mask(i).flatten(), minlength=256) for i in range(count))
    assert np.flatnonzero(counts).tolist() == [*range(11), 255]


def test_camvid_frequencies(photographs):
    street = Folder(part(photographs, "camvid/train"), STREET, void=(11,))
    frequencies = class_frequencies(street)
    assert frequencies.sum() == pytest.approx(1)
    assert STREET[int(frequencies.argmax())] == "road"
    assert STREET[int(frequencies.argmin())] == "bicyclist"


@pytest.mark.parametrize(("split", "count"), [("train", 24), ("val", 6)])
def test_isbi(photographs, split, count):
    slices = Folder(part(photographs, f"isbi/{split}"), ("membrane", "cell"))
    assert len(slices) == count
    for image, mask in slices:
        assert image.shape == (3, 512, 512) and mask.shape == (512, 512)
        assert (image[0] == image[2]).all()  # grey
        assert np.unique(mask.numpy()).tolist() == [0, 1]
