import numpy as np
import pytest
from skimage.measure import label

from segviz.data import raster, shapes

HEIGHT, WIDTH = 61, 83
MIDDLE = (WIDTH * 8 + 3, HEIGHT * 8 - 5)  # in 1/16 pixel, off the lattice


def filled(edges) -> np.ndarray:
    """bool (HEIGHT, WIDTH)."""
    picture = np.zeros((HEIGHT, WIDTH), bool)
    area = raster.fill(*edges, HEIGHT, WIDTH)
    if area is not None:
        rows, columns, inside = area
        picture[rows, columns] = inside
    return picture


def closed(points) -> tuple[np.ndarray, np.ndarray]:
    points = np.array(points, np.int64)
    return points, np.roll(points, -1, axis=0)


def winding(starts, ends):
    """The oracle: the angle under which each pixel's centre sees the outline go round, in turns;
    and whether the centre lies exactly on an edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    centres = np.stack([columns, rows], -1)[..., None, :] * 16 + 8  # (H, W, 1, 2)
    first, second = starts - centres, ends - centres  # (H, W, edges, 2)
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    dot = (first * second).sum(-1)
    turns = np.arctan2(cross, dot).sum(-1) / (2 * np.pi)
    return turns.round().astype(int), ((cross == 0) & (dot <= 0)).any(-1)


@pytest.mark.parametrize("seed", range(30))
def test_fill_agrees_with_the_winding_number(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(-300, 1700, (rng.integers(3, 9), 2))  # partly outside, self-crossing
    starts, ends = closed(corners)
    turns, on_edge = winding(starts, ends)
    got = filled((starts, ends))
    assert got[~on_edge].any()
    np.testing.assert_array_equal(got[~on_edge], (turns != 0)[~on_edge])


def test_neighbours_that_share_an_edge_neither_overlap_nor_leave_a_gap():
    a, b, c, d = (80, 80), (968, 104), (1000, 808), (56, 840)
    one, other, both = (filled(closed(p)) for p in ([a, b, c], [a, c, d], [a, b, c, d]))
    assert not (one & other).any()
    np.testing.assert_array_equal(one | other, both)


@pytest.mark.parametrize("shift", [(-5000, 0), (5000, 0), (0, -5000), (0, 5000)])
def test_what_lies_outside_is_not_drawn(shift):
    edges = shapes.place(shapes.BALL, np.add(MIDDLE, shift), 20 * 16)
    assert not filled(edges).any()


def test_fill_in_a_picture_that_misses_the_shape_returns_none():
    assert raster.fill(*closed([(-90, 0), (-20, 0), (-20, 90)]), HEIGHT, WIDTH) is None


def areas(starts, ends) -> float:
    """The signed area by the shoelace formula, in pixels."""
    return (starts[:, 0] * ends[:, 1] - starts[:, 1] * ends[:, 0]).sum() / 2 / 256


@pytest.mark.parametrize(
    ("outline", "area"),
    [
        (shapes.BALL, np.pi),
        (shapes.BOX, 2 * 1.15**2),
        (shapes.STAR, 5 * 1.3 * 0.585 * np.sin(np.pi / 5)),
    ],
)
@pytest.mark.parametrize("angle", [0, 100, 777])
def test_area_and_size(outline, area, angle):
    radius = 18
    edges = shapes.place(outline, MIDDLE, radius * 16, angle)
    assert areas(*edges) == pytest.approx(area * radius**2, rel=0.02)
    assert filled(edges).sum() == pytest.approx(area * radius**2, rel=0.03)


def test_turning_a_box_by_an_eighth_sets_it_on_its_side():
    upright = filled(shapes.place(shapes.BOX, (320, 320), 16 * 16, shapes.TURN // 8))
    rows, columns = np.nonzero(upright)
    side = 16 * 1.15 * np.sqrt(2)
    assert np.ptp(rows) + 1 == pytest.approx(side, abs=1.5)
    assert upright.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)  # it fills its bounding box


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("radius", [5, 12, 24])
def test_a_cat_is_in_one_piece_and_all_its_polygons_run_in_one_sense(mirrored, radius):
    cat = shapes.cat(MIDDLE, radius * 16, mirrored, curl=80, pixel=16)
    assert label(filled(cat), connectivity=2).max() == 1
    # United by the winding number, parts of opposite sense would cancel where they overlap.
    turns, on_edge = winding(*cat)
    assert (turns[~on_edge] >= 0).all()
    np.testing.assert_array_equal(filled(cat)[~on_edge], (turns > 0)[~on_edge])


def test_a_mirrored_cat_is_the_mirror_image():
    middle = (WIDTH * 8, HEIGHT * 8)
    right, left = (filled(shapes.cat(middle, 300, m, curl=60, pixel=16)) for m in (False, True))
    assert not np.array_equal(right, left)
    differing = (right[:, ::-1] != left).sum()
    assert differing < 0.03 * right.sum()  # whole numbers round one way only


@pytest.mark.parametrize(("angle", "thickness"), [(0, 2), (0, 5), (256, 3), (30, 4)])
def test_a_pole_crosses_the_picture_at_its_thickness(angle, thickness):
    pole = filled(shapes.pole(MIDDLE, 4000, angle, thickness * 16))
    cosine = abs(np.cos(2 * np.pi * angle / shapes.TURN))
    upright = cosine > 0.5
    length = HEIGHT / cosine if upright else WIDTH
    assert pole.sum() == pytest.approx(length * thickness, rel=0.06)
    assert pole[0].any() and pole[-1].any() if upright else pole[:, 0].any() and pole[:, -1].any()


def test_a_positive_angle_leans_the_foot_of_a_pole_to_the_right():
    pole = filled(shapes.pole((WIDTH * 8, HEIGHT * 8), 4000, 40, 48))
    assert np.nonzero(pole[-1])[0].mean() > np.nonzero(pole[0])[0].mean() + 5


@pytest.mark.parametrize("table", ["UNROUNDED_DIRECTIONS", "UNROUNDED_RADII"])
def test_no_entry_of_a_rounded_table_is_near_a_tie(table):
    # cos, sin and pow are good to an ulp or two, 1e-11 here; a tie is 1e-4 away or more.
    values = np.abs(getattr(shapes, table))
    assert np.abs(values % 1 - 0.5).min() > 1e-4


def test_radii_go_from_5_to_42_pixels_in_equal_ratios():
    radii = np.array(shapes.RADII) / raster.SUBPIXELS
    assert (radii[0], radii[-1]) == (5, 42)
    ratios = radii[32:] / radii[:-32]
    np.testing.assert_allclose(ratios, (42 / 5) ** (32 / 255), rtol=0.015)
