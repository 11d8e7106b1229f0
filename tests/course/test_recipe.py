"""Notebook 08 and the benchmark that judges its training follow one recipe."""

import runpy
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]


def test_the_benchmark_trains_as_notebook_08_does():
    recipe = runpy.run_path(str(ROOT / "tests/benchmarks/unet_scenes.py"))
    notebook = nbformat.read(ROOT / "course/08_unet.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for part in (recipe["TRAIN"], recipe["VAL"]):
        assert f"data.Scenes({part['length']}, first_seed={part['first_seed']:_})" in code
    epochs, rate = recipe["EPOCHS"], f"{recipe['LEARNING_RATE'] * 1000:g}e-3"
    settings = f"train, val, epochs={epochs}, learning_rate={rate}, class_weights=weights)"
    for network in ("network", "without"):
        assert f"fit({network}, {settings}" in code
