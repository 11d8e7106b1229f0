"""Workers for the machine: none where they would only be in the way."""

import time

import pytest
import torch
from toys import Blots

from segviz.training import loading


@pytest.fixture
def cores(monkeypatch):
    return lambda count: monkeypatch.setattr(loading, "usable_cores", lambda: count)


@pytest.fixture
def slow(monkeypatch):
    """Data that takes 10 ms for an item, on a clock that needs no waiting."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def wait(index):
        now[0] += 0.01

    return Blots(4, on_item=wait)


def test_the_cpu_keeps_its_cores_and_nothing_is_read(cores):
    cores(16)
    asked = []
    assert loading.choose_workers(Blots(4, on_item=asked.append), torch.device("cpu")) == 0
    assert not asked


@pytest.mark.parametrize(("count", "workers"), [(1, 0), (2, 1), (6, 5), (64, 8)])
def test_a_gpu_gets_all_cores_but_one(cores, slow, count, workers):
    cores(count)
    assert loading.choose_workers(slow, torch.device("cuda")) == workers


def test_what_is_read_in_no_time_needs_none(cores, monkeypatch):
    cores(16)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    assert loading.choose_workers(Blots(4), torch.device("cuda")) == 0
