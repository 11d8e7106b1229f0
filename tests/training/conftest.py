"""What the tests of training share."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def single_precision():
    """Numbers are compared in float32, on every machine. Training in bfloat16, which some
    processors gain from, has tests of its own. Of the whole module, as a run that several tests
    are compared with is a fixture of the module too and must not come before this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segviz.training.devices._bfloat16_is_faster", lambda: False)
        yield
