"""A run that was killed and continued ends exactly like the run that was not."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from run_and_die import IMAGES, RUN
from toys import Blots, small_network, without_timings

from segviz.training import fit

# Items asked for in an epoch: 16 of 18 to train on (whole batches of 4), and 5 to score on.
ITEMS = 16 + IMAGES["val"]


def run_to_the_end(checkpoint=None, **changes):
    model = small_network()
    train, val = Blots(IMAGES["train"]), Blots(IMAGES["val"], first_seed=1000)
    records = list(fit(model, train, val, checkpoint=checkpoint, **{**RUN, **changes}))
    return model.state_dict(), [without_timings(record) for record in records]


@pytest.fixture(scope="module")
def undisturbed():
    return run_to_the_end()


@pytest.mark.parametrize(
    ("where", "earliest", "latest"),
    [
        ("item", 1, ITEMS),  # in the first epoch: there is no checkpoint yet
        ("item", ITEMS + 1, RUN["epochs"] * ITEMS),
        ("write", 2, 2),
    ],
    ids=["in the first epoch", "in a later epoch", "while writing"],
)
def test_killed_and_continued_is_as_if_never_killed(tmp_path, undisturbed, where, earliest, latest):
    count = random.randint(earliest, latest)
    print(f"killed at {where} {count}")  # pytest shows it if the test fails
    epochs_kept = (count - 1) // (ITEMS if where == "item" else 1)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    script = Path(__file__).with_name("run_and_die.py")
    command = [sys.executable, script, checkpoint, where, str(count)]
    died = subprocess.run(command, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr
    assert checkpoint.exists() == (epochs_kept > 0)
    if checkpoint.exists():
        assert len(torch.load(checkpoint, weights_only=True)["records"]) == epochs_kept

    weights, records = run_to_the_end(checkpoint)
    undisturbed_weights, undisturbed_records = undisturbed
    assert records == undisturbed_records
    assert weights.keys() == undisturbed_weights.keys()
    different = [n for n in weights if not torch.equal(weights[n], undisturbed_weights[n])]
    assert not different


def test_a_finished_run_yields_its_records_again_and_trains_nothing(tmp_path, undisturbed):
    checkpoint = tmp_path / "checkpoint.pt"
    run_to_the_end(checkpoint)
    written = checkpoint.stat().st_mtime_ns
    weights, records = run_to_the_end(checkpoint)
    assert records == undisturbed[1]
    assert all(torch.equal(weights[name], undisturbed[0][name]) for name in weights)
    assert checkpoint.stat().st_mtime_ns == written


def test_another_seed_is_another_run(undisturbed):
    _, records = run_to_the_end(seed=8)
    assert records[0]["loss"] != undisturbed[1][0]["loss"]


def test_a_checkpoint_of_other_settings_is_refused_and_left_alone(tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    run_to_the_end(checkpoint, epochs=1)
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match="another run: epochs was 1 and is now 2; seed was 7 and"):
        run_to_the_end(checkpoint, epochs=2, seed=8)
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1))
    with pytest.raises(ValueError, match="network was 'Sequential with .* is now 'Sequential wit"):
        fit(other, Blots(18), Blots(5), checkpoint=checkpoint, **{**RUN, "epochs": 1})
    assert checkpoint.read_bytes() == before


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    junk = tmp_path / "checkpoint.pt"
    junk.write_text("not a checkpoint")
    with pytest.raises(ValueError, match="checkpoint.pt is no checkpoint") as caught:
        run_to_the_end(junk)
    assert "weights_only" not in str(caught.value)  # PyTorch's own advice, which would not help
    torch.save({"model": {}}, junk)
    with pytest.raises(ValueError, match="no checkpoint of segviz.training.fit"):
        run_to_the_end(junk)
