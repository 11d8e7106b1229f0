"""What tests of several folders share."""

import pytest
import torch


@pytest.fixture
def one_thread():
    """On small tensors threads only wait for one another, and where they collide torch's answer is
    a matter of chance."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
