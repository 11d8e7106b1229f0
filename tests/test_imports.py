"""Imports point one way, and a picture of numbers needs no deep-learning framework to load."""

import ast
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

import segviz

PACKAGE = Path(segviz.__file__).parent

# What each room may import from the others; a room that is not listed is free.
MAY_IMPORT = {
    "whole_file": set(),
    "relations": set(),
    "scenes": {"relations"},
    "explainers": {"relations", "scenes"},
    "explorer": {"whole_file", "relations", "scenes", "explainers"},
    "fields": {"relations"},
    "networks_explained": {"relations", "scenes", "explainers", "fields", "data"},
    "models": {"fields"},
    "data": set(),
    "training": {"whole_file", "models", "data", "relations"},
    "classroom": {"whole_file"},
}
LIGHT = ("whole_file", "relations", "scenes", "explainers", "explorer", "classroom")
HEAVY = {"torch", "torchvision", "matplotlib", "plotly"}


def source_files(room):
    home = PACKAGE / room
    return sorted(home.rglob("*.py")) if home.is_dir() else [home.with_suffix(".py")]


def rooms_there():
    return [room for room in MAY_IMPORT if any(path.exists() for path in source_files(room))]


def imported_names(nodes, package):
    """Full names of the modules that the import statements among the nodes ask for."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def package_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1])


@pytest.mark.parametrize("room", rooms_there())
def test_a_room_imports_only_from_the_rooms_below_it(room):
    for path in source_files(room):
        names = imported_names(ast.walk(ast.parse(path.read_text("utf-8"))), package_of(path))
        rooms = {
            parts[1] for name in names if (parts := name.split("."))[0] == "segviz" and parts[1:]
        }
        above = (rooms & MAY_IMPORT.keys()) - MAY_IMPORT[room] - {room}
        assert not above, f"{path.relative_to(PACKAGE)} imports segviz.{min(above)}"


@pytest.mark.parametrize("room", [room for room in rooms_there() if room in LIGHT])
def test_the_light_rooms_ask_for_nothing_heavy_when_loaded(room):
    for path in source_files(room):
        body = ast.parse(path.read_text("utf-8")).body  # what stands inside functions comes later
        heavy = {name.split(".")[0] for name in imported_names(body, package_of(path))} & HEAVY
        assert not heavy, f"{path.relative_to(PACKAGE)} imports {heavy} at load time"


@pytest.mark.parametrize("name", ["segviz", *(f"segviz.{r}" for r in rooms_there() if r in LIGHT)])
def test_loading_it_loads_nothing_heavy(name):
    assert not HEAVY & modules_after_loading(name)


def modules_after_loading(name):
    """All modules that a fresh Python has in memory after this import."""
    code = f"import sys, {name}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("room", [room for room in rooms_there() if room not in LIGHT])
def test_the_other_rooms_load_no_charts(room):
    assert not {"matplotlib", "plotly"} & modules_after_loading(f"segviz.{room}")


def test_the_statements_are_read_as_python_reads_them():
    code = "import a.b\nfrom . import c\nfrom ..d import e\ndef f():\n    import torch"
    read = set(imported_names(ast.walk(ast.parse(code)), "segviz.scenes"))
    assert {"a.b", "segviz.scenes.c", "segviz.d", "segviz.d.e", "torch"} <= read
