import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from segviz.data import (
    SCENE_PALETTE,
    DataError,
    Scenes,
    colour,
    contact_sheet,
    distinct_colours,
    overlay,
    picture,
)

PALETTE = np.array([(10, 20, 30), (200, 0, 0), (0, 0, 250)], np.uint8)
MASK = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])


@pytest.mark.parametrize("kind", [np.uint8, np.int64, torch.int64])
def test_colour_gives_each_label_its_colour(kind):
    mask = torch.tensor(MASK) if kind is torch.int64 else MASK.astype(kind)
    coloured = colour(mask, PALETTE)
    assert coloured.dtype == np.uint8 and coloured.shape == (2, 4, 3)
    for row, column in np.ndindex(2, 4):
        assert coloured[row, column].tolist() == PALETTE[MASK[row, column]].tolist()


def test_void_is_striped_so_that_it_looks_like_no_class():
    mask = np.full((20, 30), 255, np.uint8)
    mask[:, :3] = 1
    coloured = colour(mask, PALETTE)
    assert (coloured[:, :3] == PALETTE[1]).all()
    shades = {tuple(c) for c in coloured[:, 3:].reshape(-1, 3).tolist()}
    assert len(shades) == 2 and shades.isdisjoint(map(tuple, PALETTE.tolist()))
    # Each stripe ends after four pixels, downwards and sideways: they run diagonally.
    assert (coloured[4:, 10] != coloured[:-4, 10]).any(axis=1).all()
    assert (coloured[10, 7:] != coloured[10, 3:-4]).any(axis=1).all()


@pytest.mark.parametrize("label", [3, 254, -1])
def test_labels_without_a_colour_are_refused(label):
    with pytest.raises(DataError, match=f"label {label}"):
        colour(np.array([[0, label]]), PALETTE)


@pytest.mark.parametrize("mask", [np.zeros((1, 2, 3), int), np.zeros((2, 3))])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(DataError, match="argmax"):
        colour(mask, PALETTE)


def test_picture_moves_the_channels_to_the_end():
    image = torch.arange(24, dtype=torch.uint8).reshape(3, 2, 4)
    shown = picture(image)
    assert shown.shape == (2, 4, 3) and shown.flags.c_contiguous
    assert shown[1, 2].tolist() == image[:, 1, 2].tolist()
    with pytest.raises(DataError, match="\\(3, H, W\\)"):
        picture(shown)
    with pytest.raises(DataError, match="float32"):
        picture(image.float())


@pytest.mark.parametrize("opacity", [0, 0.25, 0.5, 1])
def test_overlay_mixes_image_and_colours(opacity):
    image = np.random.default_rng(0).integers(0, 256, (3, 2, 4), dtype=np.uint8)
    mixed = overlay(torch.from_numpy(image), torch.tensor(MASK), PALETTE, opacity)
    expected = (1 - opacity) * image.transpose(1, 2, 0) + opacity * PALETTE[MASK]
    np.testing.assert_allclose(mixed, expected, atol=1)


def test_overlay_fits_the_image_to_the_mask_and_never_the_other_way():
    image = np.full((3, 2, 4), 80, np.uint8)
    large = MASK.repeat(3, 0).repeat(5, 1)
    mixed = overlay(image, large, PALETTE, 0.5)
    assert mixed.shape == (6, 20, 3)
    np.testing.assert_allclose(mixed, PALETTE[large] / 2 + 40, atol=1)


def test_overlay_refuses_an_impossible_opacity():
    with pytest.raises(DataError, match="opacity"):
        overlay(np.zeros((3, 2, 4), np.uint8), MASK, PALETTE, 50)


def test_contact_sheet_sets_pictures_in_rows():
    pictures = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = contact_sheet(pictures, columns=2, gap=1)
    shown = sheet[..., 0].tolist()
    line, white = [10, 10, 10, 255, 20, 20, 20], 255
    assert shown == [line, line, [white] * 7, [30] * 3 + [white] * 4, [30] * 3 + [white] * 4]


@pytest.mark.parametrize("wrong", [[], [np.zeros((2, 3, 3)), np.zeros((3, 2, 3))]])
def test_contact_sheet_refuses_what_does_not_fit(wrong):
    with pytest.raises(DataError, match="contact sheet"):
        contact_sheet(wrong)


def vienot(colours: np.ndarray, missing: str) -> np.ndarray:
    """What a dichromat sees, after Vienot, Brettel and Mollon (Color Research and Application
    24, 1999): another model than the one that chose the colours. uint8 (C, 3) to sRGB 0..1."""
    scaled = colours / 255
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    project = {
        "protan": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        "deutan": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
    }[missing]
    seen = (linear @ to_lms.T @ np.array(project).T @ np.linalg.inv(to_lms).T).clip(0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("eyes", ["normal", "protan", "deutan"])
@pytest.mark.parametrize(("count", "difference"), [(6, 20), (11, 15)])
def test_colours_differ_for_all_eyes(eyes, count, difference):
    colours = distinct_colours(count)
    seen = colours / 255 if eyes == "normal" else vienot(colours, eyes)
    lab = rgb2lab(seen[None])[0]
    distances = np.linalg.norm(lab[:, None] - lab, axis=-1) + 1000 * np.eye(count)
    assert distances.min() > difference  # about 2 is just noticeable side by side


def test_colours_begin_with_those_of_the_scenes_and_never_repeat():
    many = distinct_colours(255)
    assert len(np.unique(many, axis=0)) == 255
    np.testing.assert_array_equal(many[:6], SCENE_PALETTE)
    np.testing.assert_array_equal(many[:3], distinct_colours(3))
    np.testing.assert_array_equal(Scenes(1).palette, SCENE_PALETTE)


@pytest.mark.parametrize("count", [0, 256])
def test_impossible_numbers_of_colours_are_refused(count):
    with pytest.raises(DataError, match="1 to 255"):
        distinct_colours(count)
