"""What is drawn over a picture lies where it is said to lie, and nowhere else."""

import numpy as np
import pytest

from segviz.explainers.overlay import DARK, Overlay, tints
from segviz.scenes.palette import ROLES


def drawn(overlay):
    return overlay.pixels[..., 3] > 0


def test_areas_colour_their_pixels_and_leave_the_others_clear():
    numbers = np.array([[-1, 0, 1], [1, -1, -1]])
    overlay = Overlay(2, 3, scale=4)
    overlay.areas(numbers, ["class-1", "class-2"], 0.5)
    at_pixels = overlay.pixels[1::4, 2::4]
    assert (at_pixels[..., 3] > 0).tolist() == (numbers >= 0).tolist()
    assert at_pixels[0, 2].tolist() == [*bytes.fromhex(ROLES["class-2"].tint[1:]), 128]


def test_a_frame_lies_inside_the_pixels_that_it_frames():
    overlay = Overlay(10, 12, scale=6)
    overlay.box((2, 3, 7, 8), "class-4")  # columns 2 to 7, rows 3 to 8
    rows, columns = np.nonzero(drawn(overlay))
    assert (rows.min(), rows.max()) == (18, 53) and (columns.min(), columns.max()) == (12, 47)
    middle = overlay.pixels[36, 12:18]
    assert middle[0].tolist() == middle[4].tolist() == list(DARK)
    assert middle[2, :3].tolist() == tints(["class-4"])[0].tolist() and not middle[5].any()


def test_lines_run_where_numbers_change():
    numbers = np.array([[0, 0, 5], [0, 0, 5]])
    overlay = Overlay(2, 3, scale=4)
    overlay.outlines(numbers)
    assert np.flatnonzero(drawn(overlay).any(0)).tolist() == [8, 9]


def test_tags_stay_inside_and_cover_no_other():
    overlay = Overlay(64, 64)
    overlay.tag("cat", "class-4", (-3, 60))
    first = drawn(overlay)
    assert first[0].any() and first[:, -1].any()  # moved into the corner
    overlay.tag("ball", "class-1", (2, 58), (30, 10))
    second = drawn(overlay) & ~first
    rows, _ = np.nonzero(second)
    assert rows.min() == 30 * 4
    np.testing.assert_array_equal(drawn(overlay)[first], True)


def test_what_has_an_address_is_finished():
    overlay = Overlay(4, 4)
    assert overlay.address() == overlay.address()
    with pytest.raises(ValueError, match="read-only"):
        overlay.box((0, 0, 3, 3), "class-1")
