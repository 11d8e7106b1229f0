"""How long every notebook runs, and how much memory its kernel takes.

    python tests/benchmarks/notebooks.py [number ...]       such as 08 12; all without

Each is run once from top to bottom, unattempted, in a kernel of its own, and is not written back.
Wanted on two CPU cores: less than 25 minutes for all of them together, no kernel above 1.5 GB.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

COURSE = Path(__file__).resolve().parents[2] / "course"
ASK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
WANTED_SECONDS, WANTED_MEMORY = 25 * 60, 1.5e9


def run(path):
    """(seconds, bytes at the kernel's peak)."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK))
    began = time.perf_counter()
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=600, resources=resources).execute()
    seconds = time.perf_counter() - began
    peak = int(notebook.cells[-1].outputs[0]["text"])
    return seconds, peak if sys.platform == "darwin" else peak * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*")
    numbers = tuple(parser.parse_args().numbers)
    print(f"load {os.getloadavg()[0]:.1f} before the start")
    runs = {}
    for path in sorted(COURSE.glob("*.ipynb")):
        if not numbers or path.name.startswith(numbers):
            runs[path.stem] = seconds, memory = run(path)
            print(f"{path.stem:32} {seconds:5.0f} s  {memory / 1e9:.2f} GB", flush=True)
    seconds = sum(seconds for seconds, _ in runs.values())
    memory = max(memory for _, memory in runs.values())
    print(f"{'together, and the largest':32} {seconds:5.0f} s  {memory / 1e9:.2f} GB")
    return int(seconds > WANTED_SECONDS or memory > WANTED_MEMORY)


if __name__ == "__main__":
    raise SystemExit(main())
