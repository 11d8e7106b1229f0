"""What the tests of training share."""

import pytest


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    """Numbers are compared in float32, on every machine. Training in bfloat16, which some
    processors gain from, has tests of its own."""
    monkeypatch.setattr("segviz.training.devices._bfloat16_is_faster", lambda: False)
