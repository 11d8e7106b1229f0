import pytest


@pytest.fixture(autouse=True)
def on_one_thread(one_thread):
    """Many small tensors, in all tests of fields."""
