"""What make does first, second and after a mishap, with a stand-in for Python and pip."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Answers like a Python of the version $VERSION whose pip fails when $PIP_FAILS is set, and writes
# down what it is asked. `-m venv FOLDER` puts it into the folder.
STAND_IN = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$1 $2" in
    "--version ") echo "Python $VERSION" ;;
    "-c "*) [ "$VERSION" != 3.10.4 ] ;;
    "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip") [ -z "$PIP_FAILS" ] ;;
esac
"""

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="needs make on the PATH")


@pytest.fixture
def make(tmp_path):
    """`make(target, *settings, **environment)`: the finished process; `make.asked()`: of Python."""
    for name in ("Makefile", "pyproject.toml", "segviz/explorer/lab_settings.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    asked = tmp_path / "asked"
    # A make that runs these tests hands its own variables down.
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def run(target, *settings, version="3.12.1", **environment):
        asked.write_text("")
        environment = outer | {"ASKED": str(asked), "VERSION": version} | environment
        command = ["make", target, f"PYTHON={python}", "VENV=.venv", *settings]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    run.asked = lambda: asked.read_text().splitlines()
    run.folder = tmp_path
    return run


def pip_installs(make):
    return [line for line in make.asked() if line.startswith("-m pip")]


def test_the_first_lab_installs_and_says_what_it_does_and_the_second_only_opens(make):
    first = make("lab", "PORT=9123", "LABFLAGS=--no-browser")
    assert first.returncode == 0, first.stderr
    assert "several GB" in first.stdout and "TORCH_INDEX" in first.stdout
    assert pip_installs(make) == ["-m pip install -e .[lab]"]
    assert "--port=9123" in make.asked()[-1] and make.asked()[-1].endswith("--no-browser")
    second = make("lab")
    trusting, opening = make.asked()
    assert trusting.startswith("-m jupyter trust course/")
    assert opening.startswith("-m jupyterlab --notebook-dir=course")
    assert "several GB" not in second.stdout


def test_the_tests_install_what_they_add_and_the_lab_then_has_all_it_needs(make):
    make("lab")
    assert make("test", "PYTESTFLAGS=-k something").returncode == 0
    assert pip_installs(make) == ["-m pip install -e .[test]"]
    assert make.asked()[-2:] == ["-m ruff check", "-m pytest -k something"]
    make("test")
    assert make.asked() == ["-m ruff check", "-m pytest"]
    make("lab")
    assert pip_installs(make) == []


def test_an_install_that_fails_is_done_again(make):
    failed = make("test", PIP_FAILS="yes")
    assert failed.returncode != 0 and "-m pytest" not in make.asked()
    assert make("lab").returncode == 0
    assert pip_installs(make) == ["-m pip install -e .[lab]"]


def test_changed_dependencies_are_installed(make):
    make("test")
    later = (make.folder / ".venv/.test").stat().st_mtime + 10
    os.utime(make.folder / "pyproject.toml", (later, later))
    make("test")
    assert pip_installs(make) == ["-m pip install -e .[test]"]


def test_torch_can_be_taken_from_elsewhere_first(make):
    make("lab", "TORCH_INDEX=an-address", PIP_FAILS="yes")
    make("lab", "TORCH_INDEX=an-address")
    assert pip_installs(make) == [
        "-m pip install --index-url an-address torch torchvision",
        "-m pip install -e .[lab]",
    ]


def test_an_old_python_is_refused_in_a_sentence(make):
    refused = make("lab", version="3.10.4")
    assert refused.returncode != 0 and not (make.folder / ".venv").exists()
    assert "needs Python 3.11 or newer" in refused.stdout
    assert "is Python 3.10.4. Name another one: make lab PYTHON=" in refused.stdout


def test_a_python_that_is_not_there_is_named(make):
    refused = make("lab", "PYTHON=no-such-python")
    assert refused.returncode != 0
    assert "no-such-python is not there." in refused.stdout
