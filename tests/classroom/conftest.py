import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


@pytest.fixture
def in_a_notebook(tmp_path, monkeypatch):
    """As in a notebook that runs in an empty folder, whose path this gives."""
    monkeypatch.chdir(tmp_path)
    InteractiveShell.instance()
    yield tmp_path
    InteractiveShell.clear_instance()


@pytest.fixture
def shown_in_a_notebook(in_a_notebook):
    """A function that calls another, and gives the HTML of the first thing that this shows."""

    def html_of(function):
        with capture_output() as shown:
            function()
        return shown.outputs[0].data["text/html"]

    return html_of
