"""The exercises of notebook 01: right answers pass, usual mistakes are called by their name."""

import numpy as np
import pytest
from PIL import Image

from exercises import what_segmentation_is as exercises
from segviz.data import Folder, Scenes, write_folder

SMALL = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
COUNTS = [2, 3, 1, 3, 2, 1]  # worked by hand


def run_lengths_by_hand(answer):
    return exercises.run_lengths_by_hand(answer, SMALL)


def load_mask(path, size):
    """Another way than the reference's: arrays, and no Pillow after opening."""
    stored = np.array(Image.open(path))
    places = (
        np.arange(new) * 2 * old // (2 * new) + old // (2 * new)
        for new, old in zip(size, stored.shape, strict=True)
    )
    return stored[np.ix_(*places)]


def as_grey(path, size):
    return np.array(Image.open(path).convert("L").resize(size[::-1], Image.Resampling.NEAREST))


def width_first(path, size):
    return np.array(Image.open(path).resize(size, Image.Resampling.NEAREST))


def smoothed(path, size):
    stored = Image.fromarray(np.array(Image.open(path)))
    return np.array(stored.resize(size[::-1], Image.Resampling.BILINEAR))


def averaged(path, size):
    return np.array(Image.open(path).resize(size[::-1], Image.Resampling.BOX))


def by_the_first_pixel(path, size):
    """Nearest neighbour as OpenCV and torch's "nearest" take it: not the middle one."""
    stored = np.array(Image.open(path))
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(size, stored.shape, strict=True)
    )
    return stored[rows[:, None], columns]


def divided(path, size):
    return np.array(Image.open(path).resize(size[::-1], Image.Resampling.NEAREST)) / 255


def all_four(path, size):
    small = Image.open(path).convert("L").resize(size, Image.Resampling.BILINEAR)
    return np.array(small) / 255


@pytest.mark.parametrize("kind", ["palette", "grey"])
@pytest.mark.parametrize("size", [(3, 4), (6, 5), (12, 16), (31, 23)])
def test_the_reference_reads_what_the_library_reads(size, kind, tmp_path):
    folder = write_folder(Scenes(1, size=(24, 32)), tmp_path / "scene")
    (path,) = (folder / "masks").iterdir()
    if kind == "grey":
        Image.fromarray(np.array(Image.open(path))).save(path)
    read = Folder(folder, Scenes(1).classes, mask_size=size)[0][1]
    assert np.array_equal(exercises.load_mask(path, size), read)


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        (SMALL, COUNTS),
        (np.array([[1, 0], [1, 1], [0, 1]]), [0, 2, 2, 2]),  # begins with a 1: no zeros first
        (np.zeros((2, 5), int), [10]),
    ],
)
def test_run_lengths_go_down_the_columns_and_begin_with_zeros(mask, counts):
    assert exercises.run_lengths(mask) == counts


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.which_answer, "d"),
        (exercises.which_answer, "D."),
        (run_lengths_by_hand, COUNTS),
        (exercises.mended_reading, load_mask),
        (exercises.mended_reading, by_the_first_pixel),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.which_answer, "a", "neither how many"),
        (exercises.which_answer, "b", "a box is not a size"),
        (exercises.which_answer, "c", "become one region"),
        (exercises.which_answer, "f", "none of the letters"),
        (run_lengths_by_hand, [1, 2, 2, 2, 1, 1, 1, 2], "along the rows"),
        (run_lengths_by_hand, COUNTS[1:], "counts zeros"),
        (run_lengths_by_hand, [0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1], "how many equal ones"),
        (exercises.mended_reading, as_grey, "convert replaces"),
        (exercises.mended_reading, width_first, "(width, height)"),
        (exercises.mended_reading, smoothed, "bilinear mixes"),
        (exercises.mended_reading, averaged, "entries of the answer differ"),
        (exercises.mended_reading, divided, "labels no more"),
        (
            exercises.mended_reading,
            all_four,
            "(width, height); bilinear mixes",
        ),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(
    "exercise",
    [
        lambda: exercises.which_answer(...),
        lambda: run_lengths_by_hand([...]),
        lambda: exercises.mended_reading(lambda path, size: ...),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, capsys):
    assert exercise() is not None
    assert capsys.readouterr().out.startswith("○")
