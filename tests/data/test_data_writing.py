import numpy as np
import pytest
import torch
from PIL import Image

from segviz.data import DataError, Folder, Scenes, SegmentationDataset, write_folder
from segviz.data.colours import VOID_COLOURS


def test_a_folder_that_was_written_reads_back_the_same(tmp_path):
    scenes = Scenes(3, first_seed=40, size=(20, 28))
    root = write_folder(scenes, tmp_path / "new" / "album")
    assert root == tmp_path / "new" / "album"
    back = Folder(root, scenes.classes)
    assert [back.name(i) for i in range(3)] == ["scene_40", "scene_41", "scene_42"]
    for index in range(3):
        for written, read in zip(scenes[index], back[index], strict=True):
            assert torch.equal(written, read)
    assert [p.name for p in root.parent.iterdir()] == ["album"]  # nothing else is left
    assert (root.stat().st_mode & 0o777) == ((tmp_path / "new").stat().st_mode & 0o777)


def test_viewers_show_masks_in_the_colours_of_the_classes(tmp_path):
    scenes = Scenes(1, size=(20, 28))
    root = write_folder(scenes, tmp_path / "album")
    shown = np.asarray(Image.open(root / "masks" / "scene_0.png").convert("RGB"))
    np.testing.assert_array_equal(shown, scenes.palette[scenes.mask(0).numpy()])


class Items(SegmentationDataset):
    """Given items, or an exception to raise in place of one."""

    classes, palette = ("a", "b"), np.zeros((2, 3), np.uint8)

    def __init__(self, *items, names="uvw"):
        self.items, self.names = items, names

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if isinstance(self.items[index], BaseException):
            raise self.items[index]
        return self.items[index]

    def name(self, index):
        return self.names[index]


def item(height=4, width=5, mask_width=5):
    mask = torch.full((height, mask_width), 255)
    mask[0] = 1
    return torch.zeros(3, height, width, dtype=torch.uint8), mask


def test_void_is_written_as_255(tmp_path):
    root = write_folder(Items(item()), tmp_path / "album")
    assert torch.equal(Folder(root, ("a", "b"))[0][1], item()[1])
    shown = np.asarray(Image.open(root / "masks" / "u.png").convert("RGB"))
    assert (shown[1:] == VOID_COLOURS[0]).all()  # light, not the black of the two classes


@pytest.mark.parametrize("failure", [DataError("bad"), KeyboardInterrupt()])
@pytest.mark.parametrize("existed", [False, True])
def test_a_failure_leaves_nothing_behind(tmp_path, failure, existed):
    root = tmp_path / "album"
    if existed:
        root.mkdir()
    with pytest.raises(type(failure)):
        write_folder(Items(item(), failure), root)
    assert root.exists() == existed
    assert list(tmp_path.rglob("*")) == ([root] if existed else [])


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "album").mkdir()
    write_folder(Items(item()), tmp_path / "album")
    assert len(Folder(tmp_path / "album", ("a", "b"))) == 1


@pytest.mark.parametrize("occupied", ["file", "folder"])
def test_what_is_there_is_not_touched(tmp_path, occupied):
    root = tmp_path / "album"
    if occupied == "folder":
        root.mkdir()
        (root / "mine.txt").write_text("mine")
    else:
        root.write_text("mine")
    with pytest.raises(DataError, match="album exists and is not an empty folder"):
        write_folder(Items(item()), root)
    assert (root / "mine.txt" if occupied == "folder" else root).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [root]


@pytest.mark.parametrize("names", ["uu", "uU", ("a b", "a:b")])
def test_names_that_would_collide_are_refused(tmp_path, names):
    with pytest.raises(DataError, match="Items 0 and 1"):
        write_folder(Items(item(), item(), names=names), tmp_path / "album")
    assert list(tmp_path.iterdir()) == []


def test_images_and_masks_of_two_sizes_are_refused(tmp_path):
    with pytest.raises(DataError, match="u: the image is \\(4, 5\\) and the mask \\(4, 7\\)"):
        write_folder(Items(item(mask_width=7)), tmp_path / "album")
    assert list(tmp_path.iterdir()) == []
