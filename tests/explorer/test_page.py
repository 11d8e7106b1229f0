"""The saved page: what is in the file. That it works is seen in tests/browser."""

import json
import re
from dataclasses import replace

import pytest

from segviz.explain import transposed_convolution
from segviz.explainers.transposed_convolution import TRANSPOSED
from segviz.explorer import Explorer
from segviz.explorer.page import as_many_as_fit


def traits(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r'class="traits">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1].replace("<\\/", "</"))


def strides(page):
    return {key.split(",")[6] for key in page["eager"]["frames"]}


def test_a_page_carries_every_legal_state_of_what_varies(tmp_path):
    explorer = transposed_convolution()
    path = explorer.save(tmp_path / "page.html", vary=["padding", "stride"])
    page = traits(path)
    # in 2, kernel 3: stride 1, 2, 3 allow paddings 0 to 1, 0 to 2, 0 to 2
    assert len(page["eager"]["frames"]) == 2 + 3 + 3
    assert strides(page) == {"1", "2", "3"}
    fixed = next(p for p in page["parameters"] if p["name"] == "kernel_size")
    assert fixed["axes"][0]["values"] == [3]


def test_by_default_as_many_as_fit_into_two_megabytes(tmp_path):
    path = transposed_convolution().save(tmp_path / "page.html")
    page = traits(path)
    # stride, padding, kernel size, weights: in 2, kernel k and stride s leave
    # ⌊(s + k - 1) / 2⌋ + 1 paddings; bilinear weights are there for strides 2 and 3; input size is
    # too much
    typed = sum((s + k - 1) // 2 + 1 for s in (1, 2, 3) for k in range(1, 6))
    assert len(page["eager"]["frames"]) == typed + 2
    assert path.stat().st_size <= 2_000_000


def test_the_foremost_parameters_move_before_others_do():
    foremost = replace(TRANSPOSED, foremost=("padding", "stride"))
    vary, frames = as_many_as_fit(Explorer(foremost), 150_000)
    assert vary[:2] == ["padding", "stride"] and len(frames["frames"]) == 2 + 3 + 3


def test_a_fixed_value_narrows_what_varies(tmp_path):
    explorer = transposed_convolution(padding=1)
    page = traits(explorer.save(tmp_path / "page.html", vary=["kernel_size"]))
    kernels = {key.split(",")[4] for key in page["eager"]["frames"]}
    assert kernels == {"2", "3", "4", "5"}  # input 2, padding 1: (2 - 1) - 2 + k - 1 + 1 >= 1


def test_unequal_axes_vary_one_by_one(tmp_path):
    explorer = transposed_convolution(stride=(2, 1))
    page = traits(explorer.save(tmp_path / "page.html", vary=["padding"]))
    assert page["unequal"]
    paddings = {tuple(key.split(",")[12:]) for key in page["eager"]["frames"]}
    assert paddings == {(rows, columns) for rows in "012" for columns in "01"}


def test_a_page_asks_nobody_for_anything(tmp_path):
    text = transposed_convolution().save(tmp_path / "page.html", vary="stride").read_text("utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<>\\]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_refusals_leave_no_file(tmp_path):
    explorer = transposed_convolution()
    with pytest.raises(ValueError, match="'strides', which is no parameter"):
        explorer.save(tmp_path / "page.html", vary=["strides"])
    with pytest.raises(ValueError, match="make it first"):
        explorer.save(tmp_path / "nowhere" / "page.html")
    with pytest.raises(ValueError, match="is a folder"):
        explorer.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("old", "utf-8")

    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("segviz.whole_file.os.replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        transposed_convolution().save(path, vary=[])
    assert list(tmp_path.iterdir()) == [path] and path.read_text("utf-8") == "old"
