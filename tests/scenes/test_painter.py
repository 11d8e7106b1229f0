"""The painter: well-formed, legible, accessible SVG that shows the scene and nothing else."""

import base64
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from segviz.relations import NOTHING, convolution
from segviz.scenes import Board, Label, Scene, address, frame, heat, number, paint, svg, written
from segviz.scenes.palette import FAINT, FAINT_ROLES, INK, ROLES

SVG = "{http://www.w3.org/2000/svg}"


def scene(numbers, **more):
    """One board of these numbers, with an awkward title."""
    numbers = np.asarray(numbers, float)
    cells = {"input": np.arange(numbers.size).reshape(numbers.shape)}
    board = Board("it", "2 < 3 & 'so'", numbers, cells, "input", (5, 40), (30, 20), **more)
    return Scene(
        title="A <title>",
        description="What & why",
        size=(300, 200),
        boards=(board,),
        labels=(Label("1 < 2", 3, 4, "formula"),),
        relation=convolution(numbers.shape, 1),
        call="f(x)",
        steps="it",
    )


def parsed(picture):
    return ElementTree.fromstring(svg(picture, "some-id"))


def test_title_and_description_are_there_for_screen_readers():
    root = parsed(scene([[1, 2]]))
    assert root.get("role") == "img" and root.get("id") == "some-id"
    children = [child.tag.removeprefix(SVG) for child in root]
    assert children[:2] == ["title", "desc"]  # first, or screen readers do not read them
    assert [child.text for child in root][:2] == ["A <title>", "What & why"]


def test_text_is_escaped():
    texts = [text.text for text in parsed(scene([[1]])).iter(f"{SVG}text")]
    assert texts == ["1 < 2", "2 < 3 & 'so'", "1"]


def test_a_cell_is_one_shape_and_one_number_and_none_where_there_is_nothing():
    root = parsed(scene([[1, np.nan, -2.5], [np.nan, 0, 1e6]]))
    cells = next(g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith("c "))
    places = [re.match(r"M(\d) (\d)", path.get("d")).groups() for path in cells]
    assert places == [("0", "0"), ("2", "0"), ("1", "1"), ("2", "1")]
    numbers = next(g for g in root.iter(f"{SVG}g") if g.get("class") == "n")
    assert [text.text for text in numbers] == ["1", "-2.5", "0", "1000000"]


def test_cells_that_are_not_drawn_leave_white_paper_or_nothing():
    for numbers, more, papers in (
        ([[1, 2]], {}, 0),
        ([[1, np.nan]], {}, 1),
        ([[1, np.nan]], {"paper": False}, 0),
    ):
        paths = parsed(scene(numbers, **more)).iter(f"{SVG}path")
        assert sum(path.get("class") == "paper" for path in paths) == papers


@pytest.mark.parametrize("values", [[[1, 2]], [[-123456, 1]], [[0.12345, 7]]])
def test_numbers_fit_their_cells(values):
    numbers = next(g for g in parsed(scene(values)).iter(f"{SVG}g") if g.get("class") == "n")
    size = float(numbers.get("font-size"))
    longest = max(len(text.text) for text in numbers)
    assert size <= 20  # the cell's height
    assert longest * size * 0.6 <= 30  # its width; a digit is about 0.6 em wide


@pytest.mark.parametrize(
    ("value", "short", "long"),
    [
        (3.0, "3", "3"),
        (-0.0, "0", "0"),
        (123456.0, "123456", "123456"),
        (-999998000001.0, "-999998000001", "-999998000001"),
        (0.1 + 0.2, "0.3", "0.3"),
        (1 / 3, "0.3333", "0.3333333333"),
        (1234.5, "1234", "1234.5"),
        (999999.9, "1000000", "999999.9"),
        (1e-7, "1e-07", "1e-07"),
        (0.1 + 0.2 - 0.3, "0", "0"),
        (float("inf"), "inf", "inf"),
    ],
)
def test_numbers_are_written_in_full_or_to_a_few_digits(value, short, long):
    assert (number(value), written(value)) == (short, long)


def test_figures_too_small_to_read_are_not_shown():
    def figures(cell):
        board = Board(
            "it", "", np.ones((1, 2)), {"input": np.arange(2)[None]}, "input", (0, 0), cell
        )
        root = parsed(Scene(**{**vars(scene([[1]])), "boards": (board,)}))
        return next(g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith("n"))

    assert figures((30, 20)).get("class") == "n"
    assert figures((30, 3)).get("class") == "n tiny" and len(figures((30, 3))) == 2


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", [name for name in ROLES if name != "glass"])
def test_numbers_stand_out_from_their_cells(name):
    for colour in filter(None, (ROLES[name].tint, ROLES[name].lit)):
        assert contrast(colour, INK) >= 4.5  # WCAG AA


@pytest.mark.parametrize("name", FAINT_ROLES)
def test_faint_numbers_can_be_read_too(name):
    assert contrast(ROLES[name].tint, FAINT) >= 4.5


def test_more_is_darker_and_only_nothing_is_white():
    roles = heat(np.array([[-1, 0, 1e-9], [3, 4.1, 8]]), most=8)
    assert roles.tolist() == [["heat-0", "heat-0", "heat-1"], ["heat-3", "heat-5", "heat-8"]]
    shades = [luminance(ROLES[f"heat-{step}"].tint) for step in range(9)]
    assert shades == sorted(shades, reverse=True) and shades[0] == 1
    assert heat(np.zeros((2, 3))).tolist() == [["heat-0"] * 3] * 2


def test_lit_and_unlit_cells_differ_in_lightness_not_only_in_hue():
    for name in ("input", "kernel", "output"):
        tint, lit = luminance(ROLES[name].tint), luminance(ROLES[name].lit)
        assert (tint + 0.05) / (lit + 0.05) >= 1.5


def test_boards_of_the_same_shape_are_the_same_strings():
    here, there = (paint(scene([[1, 2], [3, 4]]))["it"] for _ in range(2))
    other = scene([[1, 2], [3, 4]])
    moved = Board(**{**vars(other.boards[0]), "place": (99, 7), "name": "other"})
    elsewhere = paint(Scene(**{**vars(other), "boards": (moved,)}))["other"]
    assert here == there and here[1:] == elsewhere[1:] and here[0] != elsewhere[0]


def test_a_page_can_swap_any_string_of_a_layer_for_another():
    """The first says where it lies; every other is one element."""
    pictures = dict(image="data:below", overlay="data:above")
    for more in ({}, pictures, {"blocks": (1, 2)}, {"figures": False}, {"role": "cut"}):
        board = scene([[1, np.nan, 3], [4, 5, 6]])
        board = replace(board, boards=(replace(board.boards[0], **more),))
        for name, (place, *elements) in paint(board).items():
            assert place == ("" if name == "labels" else "translate(5 40)")
            for element in elements:
                ElementTree.fromstring(element)  # raises where it is not exactly one
            layer = next(g for g in parsed(board).iter(f"{SVG}g") if g.get("data-layer") == name)
            assert layer.get("transform", "") == place and len(layer) == len(elements)


def test_scenes_compare_by_what_they_show():
    assert scene([[1, 2]]) == scene([[1, 2]])
    assert scene([[1, 2]]) != scene([[1, 3]])
    assert scene([[1, np.nan]]) == scene([[1, np.nan]])


def test_a_picture_lies_under_its_cells_and_names_stand_in_for_numbers():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    root = parsed(scene([[1, 2]], image=address(pixels), texts=("cat & dog", "sky")))
    image = next(root.iter(f"{SVG}image"))
    file = base64.b64decode(image.get("href").removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), pixels)
    assert (image.get("width"), image.get("height")) == ("60", "20")
    numbers = next(g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith("n"))
    assert [text.text for text in numbers] == ["cat & dog", "sky"]
    silent = parsed(scene([[1, 2]], figures=False))
    assert [text.text for text in silent.iter(f"{SVG}text")][2:] == []


def test_an_overlay_lies_over_the_picture_and_under_the_cells():
    root = parsed(scene([[1, 2]], image="data:below", overlay="data:above"))
    board = next(g for g in root.iter(f"{SVG}g") if g.get("data-layer") == "it")
    inside = [each for each in board.iter() if each.tag in (f"{SVG}image", f"{SVG}path")]
    assert [each.get("href") for each in inside] == ["data:below", "data:above", None, None]
    above = inside[1]
    assert (above.get("width"), above.get("height")) == ("60", "20")
    assert "pixelated" not in above.get("style", "")  # lines and letters are smoothed


def test_a_photograph_may_lose_a_little():
    pixels = np.full((16, 24, 3), 90, np.uint8)
    found = address(pixels, lossless=False).removeprefix("data:image/jpeg;base64,")
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(found))))
    assert seen.shape == pixels.shape and np.abs(seen.astype(int) - 90).max() <= 3


def test_lines_part_a_board_into_blocks():
    def line(**more):
        return [p.get("d") for p in parsed(scene(np.ones((4, 5)), **more)).iter(f"{SVG}path")][20:]

    # cells are 30 wide and 20 high: after 2 and 4 columns, after 3 rows, and not at the border
    assert line(blocks=(3, 2)) == ["M0 60h150M60 0v80M120 0v80"]
    assert line(blocks=(2, 0)) == ["M0 40h150"]
    assert line() == line(blocks=(4, 5)) == []


def test_a_board_without_cells_is_a_picture_all_the_same():
    picture = scene([[1]], blocks=(2, 2))
    nothing = dict(numbers=np.zeros((0, 0)), columns={"input": np.zeros((0, 0), int)})
    empty = replace(picture, boards=(replace(picture["it"], **nothing),))
    assert len(list(parsed(empty).iter(f"{SVG}path"))) == 0
    assert json.loads(frame(empty)["it:keys"][0])["cells"] == {"count": 0}


def test_a_cell_may_change_a_number_that_stands_elsewhere():
    edits = np.array([[[NOTHING, 0, 1]], [[NOTHING, 4, 0]]])  # (row, column): none, (0, 4), (1, 0)
    keys = frame(scene([[7, 8, 9]], editable="grid", edits=edits))["it:keys"][0]
    assert json.loads(keys)["edits"] == {"width": 5, "cells": [NOTHING, 4, 5]}


def test_a_lead_names_the_cell_by_its_number_or_by_its_place():
    board = scene([[1, 2, 3], [4, np.nan, 6]], says=("a", "b", "c", "d", "e")).boards[0]
    assert replace(board, lead="Row # of C: ").sentence(3) == "Row 3 of C: d"
    assert replace(board, lead="Pixel @: ").sentence(4) == "Pixel [1, 2]: e"
