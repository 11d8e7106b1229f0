import pytest

from segviz.classroom import show_source, verdict


def fenced():
    """A docstring with a fence:

    ```
    text
    ```
    """


def test_the_source_is_shown_with_its_address():
    source = show_source(fenced)
    markdown = source._repr_markdown_()
    assert markdown.startswith(f"`{__name__}.fenced`")
    assert "````python\ndef fenced():" in markdown and markdown.endswith("````\n")
    assert repr(source).startswith(f"# {__name__}.fenced\ndef fenced():")


def test_a_method_is_shown_without_its_classes_indent():
    assert show_source(verdict.Verdict.__repr__).code.startswith("def __repr__(self):\n    lines")


def test_classes_and_modules_have_a_source():
    assert "class Verdict:" in show_source(verdict.Verdict).code
    assert "class Verdict:" in show_source(verdict).code


@pytest.mark.parametrize("thing", [len, 3, fenced()])
def test_what_has_no_source_is_refused_in_a_sentence(thing):
    with pytest.raises(TypeError, match="without calling it"):
        show_source(thing)
