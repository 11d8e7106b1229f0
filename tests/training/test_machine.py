"""What is told of a machine is what it has, also where little is known of it."""

import os
import subprocess
import sys

import pytest
import torch

from segviz.training import machine

GPU_BYTES = 24_000_000_000


@pytest.fixture
def without_gpu(monkeypatch):
    monkeypatch.setattr(machine, "pick_device", lambda: torch.device("cpu"))


@pytest.fixture
def with_gpu(monkeypatch):
    class Properties:
        total_memory = GPU_BYTES

    monkeypatch.setattr(machine, "pick_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA L4")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Properties)


def test_every_line_says_one_thing(without_gpu):
    found = machine.this_machine()
    lines = dict(line.split(maxsplit=1) for line in repr(found).splitlines())
    assert lines["device"] == "cpu"
    assert torch.__version__.startswith(lines["torch"])
    assert lines["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert lines["cores"].endswith(f"PyTorch uses {torch.get_num_threads()}")
    assert "its" not in lines  # the memory of a GPU


def test_a_gpu_is_named_with_its_memory(with_gpu):
    shown = repr(machine.this_machine())
    assert "cuda, NVIDIA L4" in shown and "24.0 GB" in shown


def test_a_package_that_is_not_there_is_said_to_be_missing(monkeypatch, without_gpu):
    monkeypatch.setattr(machine, "PACKAGES", ("torch", "no-such-package"))
    assert "no-such-package not installed" in repr(machine.this_machine())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_only_cores_that_may_be_used_are_counted():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from segviz.training.machine import usable_cores; print(usable_cores())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "1"


def test_a_container_has_no_more_memory_than_its_limit(tmp_path):
    whole = machine.usable_memory(limits=())
    limit = tmp_path / "memory.max"
    limit.write_text("123456789\n")
    assert machine.usable_memory(limits=(limit,)) == 123456789
    limit.write_text("max\n")
    assert machine.usable_memory(limits=(limit, tmp_path / "none")) == whole


def test_where_nobody_tells_the_memory_it_is_not_known(monkeypatch, without_gpu):
    monkeypatch.delattr(os, "sysconf")
    assert machine.usable_memory() is None
    assert "not known" in repr(machine.this_machine())
