"""The page of all explainers: what is in the file. That it works is seen in tests/browser."""

import re

import pytest

from segviz.explain import EXPLAINERS
from segviz.gallery import main, write_gallery


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("gallery") / "page.html"
    return write_gallery(path).read_text("utf-8")


def test_all_explainers_are_there_and_can_be_jumped_to(page):
    for name, explainer in EXPLAINERS.items():
        assert f'<a href="#{name}">{explainer.name}</a>' in page
        assert f'<h2 id="{name}">' in page
    assert page.count('class="sv-explorer"') == len(EXPLAINERS)


def test_no_two_things_have_the_same_id(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_it_asks_nobody_for_anything(page):
    addresses = set(re.findall(r"https?://[^\s\"'<>\\]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_a_folder_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["gallery", str(tmp_path / "nowhere" / "page.html")])
    with pytest.raises(ValueError, match="make it first"):
        main()
