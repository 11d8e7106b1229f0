"""Sheets of pictures and feature maps: every pixel stands where it belongs."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from segviz.classroom import show_maps, show_pictures
from segviz.classroom.pictures import GAP, LABELS, LINE, NUMBERS


def seen(sheet, kind):
    """The picture that a notebook would show."""
    encoded = sheet._repr_mimebundle_()[f"image/{kind}"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def is_written_on(pixels):
    return (pixels < 128).any()


def test_pictures_stand_in_their_rows_and_columns():
    flat = [np.full((300, 260, 3), grey, np.uint8) for grey in (0, 60, 120, 180)]  # not enlarged
    picture = seen(show_pictures({"upper": flat[:2], "lower": flat[2:]}), "jpeg")
    assert picture.shape == (2 * (300 + GAP), LABELS + 2 * (260 + GAP), 3)
    for number, one in enumerate(flat):
        top, left = number // 2 * (300 + GAP), LABELS + number % 2 * (260 + GAP)
        off = np.abs(picture[top : top + 300, left : left + 260].astype(int) - one)
        assert off.max() <= 40 and off[9:-9, 9:-9].max() <= 2  # a JPEG rings along edges
    assert picture[300 + GAP // 2].min() > 240  # white between the rows


def test_names_titles_and_legend_are_written_where_they_belong():
    blank = [np.full((270, 280, 3), 255, np.uint8)] * 2
    plain = seen(show_pictures({"": blank}), "jpeg")
    assert not is_written_on(plain)
    full = seen(show_pictures({"row": blank}, titles="ab", legend={"cat": (0, 0, 255)}), "jpeg")
    assert full.shape[0] == plain.shape[0] + 2 * LINE
    assert is_written_on(full[LINE:-LINE, :LABELS])
    assert not is_written_on(full[LINE:-LINE, LABELS:])
    for column in range(2):
        left = LABELS + column * (280 + GAP)
        assert is_written_on(full[:LINE, left : left + 280])
    blue = (full[-LINE:].astype(int) @ [-1, -1, 1]) > 200
    assert blue.any() and not blue.all()


def test_many_rows_of_few_pictures_become_columns():
    shades = np.arange(10, 250, 24).reshape(5, 2)
    rows = {
        f"row {n}": [np.full((150, 140, 3), shade, np.uint8) for shade in row]
        for n, row in enumerate(shades)
    }
    picture = seen(show_pictures(rows), "jpeg")
    assert picture.shape == (LINE + 2 * (150 + GAP), NUMBERS + 5 * (140 + GAP), 3)
    middles = picture[LINE + 75 :: 150 + GAP, NUMBERS + 70 :: 140 + GAP, 0]
    assert np.abs(middles.astype(int) - shades.T).max() <= 2
    for column in range(5):
        left = NUMBERS + column * (140 + GAP)
        assert is_written_on(picture[:LINE, left : left + 140])
    named = seen(show_pictures(rows, titles="ab"), "jpeg")
    assert named.shape[0] == LINE + 5 * (150 + GAP)  # columns that have names stay columns


def test_a_long_name_has_room():
    name = "a photograph that somebody gave a very long name"
    picture = seen(show_pictures({name: [np.full((200, 300, 3), 255, np.uint8)]}), "jpeg")
    assert not is_written_on(picture[:, :3]) and is_written_on(picture[:, 3:-306])


def test_a_map_goes_from_its_least_value_to_its_greatest_and_keeps_its_shape():
    values = torch.tensor([[[-3.0, 0, 5], [1, 2, 4]]], requires_grad=True)  # (1, 2, 3)
    sheet = show_maps({"encoder": values})
    assert repr(sheet) == "encoder: 1 × 2 × 3"
    picture = seen(sheet, "png")[: -GAP or None, LABELS:-GAP]
    height, width = picture.shape[0] // 2, picture.shape[1] // 3
    shown = picture[height // 2 :: height, width // 2 :: width]  # the middle of every cell
    order = shown.astype(int).sum(-1).ravel().argsort()  # viridis grows brighter throughout
    assert order.tolist() == values.detach().flatten().argsort().tolist()
    assert np.abs(shown[0, 0] - np.array([68, 1, 84])).max() <= 2  # viridis' two ends
    assert np.abs(shown[0, 2] - np.array([253, 231, 37])).max() <= 2


def test_maps_under_common_limits_can_be_compared():
    values = torch.stack([torch.zeros(2, 3), torch.ones(2, 3)])
    alone = seen(show_maps({"": values}), "png")[:, LABELS:]
    common = seen(show_maps({"": values}, limits=(0, 2)), "png")[:, LABELS:]
    half = alone.shape[1] // 2
    assert np.array_equal(alone[:, 5], alone[:, half + 5])
    assert not np.array_equal(common[:, 5], common[:, half + 5])


def test_only_the_first_channels_are_shown_and_coarse_maps_are_enlarged():
    rows = {"fine": torch.rand(1, 9, 40, 60), "coarse": torch.rand(9, 3, 7)}
    sheet = show_maps(rows, count=4)
    assert repr(sheet) == "fine: 9 × 40 × 60\ncoarse: 9 × 3 × 7"
    height, width = seen(sheet, "png").shape[:2]
    assert (height / 2 - GAP) / 40 == ((width - LABELS) / 4 - GAP) / 60 == 3


@pytest.mark.parametrize(
    ("show", "rows", "sentence"),
    [
        (show_pictures, {"x": [np.zeros((2, 3, 3))]}, "you gave float64 of shape"),
        (show_pictures, {"x": [np.zeros((3, 4, 5), np.uint8)]}, r"of shape \(3, 4, 5\)"),
        (show_maps, {"x": torch.zeros(2, 3, 4, 5)}, "take one image: maps"),
        (show_maps, {"x": torch.zeros(4, 5)}, r"you gave \(4, 5\)"),
    ],
)
def test_what_is_no_picture_and_no_map_is_refused(show, rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        show(rows)
