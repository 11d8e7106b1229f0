"""The pages around the notebooks: their links, and those of the notebooks, lead somewhere."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "course"
PAGES = [ROOT / "README.md", *sorted(COURSE.glob("*.md")), *sorted(COURSE.glob("*.ipynb"))]

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)[^)]*\)|\b(?:href|src)=[\"']([^\"']+)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)  # https:, mailto:, attachment:
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE_IN_CODE = re.compile(r"`((?:course|tests|segviz|data|binder)/[\w./-]*)`")
TERM = re.compile(r"^\*\*(.+?)\.\*\* .*\[\d\d\]\(\d\d_\w+\.ipynb\)$")


def text_of(page):
    """What a reader of the page reads as markdown."""
    if page.suffix == ".ipynb":
        cells = nbformat.read(page, as_version=4).cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return page.read_text(encoding="utf-8")


def links_in(text):
    """The relative targets of its links and pictures, without what follows a #."""
    found = (one or other for one, other in LINK.findall(FENCED.sub("", text)))
    targets = (target.partition("#")[0] for target in found if not ELSEWHERE.match(target))
    return [target for target in targets if target]


every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@every_page
def test_every_relative_link_leads_to_a_file(page):
    dead = [target for target in links_in(text_of(page)) if not (page.parent / target).exists()]
    assert dead == []


@every_page
def test_every_file_that_is_named_in_code_is_there(page):
    named = FILE_IN_CODE.findall(text_of(page))
    assert [file for file in named if not (ROOT / file).exists()] == []


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("see [05](05_x.ipynb) and [two](a/b.md#part)", ["05_x.ipynb", "a/b.md"]),
        ("![a picture](images/x.png 'title')", ["images/x.png"]),
        ("<img src='images/y.png'>", ["images/y.png"]),
        ("[out](https://host.org/x) [mail](mailto:a@b.org) [here](#part)", []),
        ("```\n[x](not_a_link.md)\n```", []),
    ],
)
def test_links_are_seen(text, targets):
    assert links_in(text) == targets


def test_there_are_links_to_look_at():
    glossary = links_in(text_of(COURSE / "GLOSSARY.md"))
    assert len(glossary) > 50 and any(target.endswith(".ipynb") for target in glossary)


@pytest.mark.parametrize("page", ["00_welcome.ipynb", "TEACHERS.md"])
def test_no_notebook_is_missing_on_the_maps(page):
    notebooks = {path.name for path in COURSE.glob("*.ipynb")}
    assert notebooks - {page} <= set(links_in(text_of(COURSE / page)))


def terms():
    text = text_of(COURSE / "GLOSSARY.md")
    return [line for line in text.splitlines() if line.startswith("**")]


@pytest.mark.parametrize("line", terms(), ids=lambda line: line[2:].partition(".")[0])
def test_every_term_is_told_and_names_its_notebook(line):
    assert TERM.match(line)


def test_the_terms_stand_in_order_and_once():
    names = [TERM.match(line)[1].lower() for line in terms()]
    assert names == sorted(set(names), key=lambda name: re.sub(r"[^a-z]", "", name))
