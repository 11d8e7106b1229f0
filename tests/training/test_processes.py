"""Two processes that train one network end where one process ends."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from run_together import train
from toys import Blots, small_network

from segviz.training import fit, processes


def run_together(out, *extras):
    """What each of two processes has in the end."""
    script = Path(__file__).with_name("run_together.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    run = subprocess.run(
        [*command, "--standalone", script, out, *extras],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return [torch.load(f"{out}{rank}", weights_only=True) for rank in (0, 1)]


def test_two_processes_give_the_weights_and_records_of_one(tmp_path):
    together = run_together(tmp_path / "out")
    weights, records = train()
    for of_process in together:
        for name, tensor in weights.items():
            torch.testing.assert_close(of_process["weights"][name], tensor, rtol=1e-4, atol=1e-6)
        for record, other in zip(of_process["records"], records, strict=True):
            assert record["loss"] == pytest.approx(other["loss"], rel=1e-5)
            assert record["iou"] == pytest.approx(other["iou"], abs=1e-3)
            assert sum(map(sum, record["confusion"])) == sum(map(sum, other["confusion"]))
    kept = [
        torch.load(tmp_path / f"out.{name}", weights_only=True) for name in ("checkpoint", "best")
    ]
    assert all("model" in state for state in kept) and len(kept[0]["records"]) == 2


def test_two_processes_stay_together_with_all_extras(tmp_path):
    first, second = run_together(tmp_path / "out", "extras")
    assert first["records"] == second["records"]
    for name, tensor in first["weights"].items():
        assert torch.equal(tensor, second["weights"][name])


def test_a_loss_that_one_process_loses_stops_both(tmp_path):
    first, second = run_together(tmp_path / "out", "broken")
    assert first.startswith("The loss became infinite or NaN in another process")
    assert second.startswith("The loss became nan. The logits are finite numbers")
    assert all("as it was at the end of epoch 0" in complaint for complaint in (first, second))


def test_more_processes_than_images_are_refused(monkeypatch):
    monkeypatch.setattr(processes.OneProcess, "count", 3)
    with pytest.raises(ValueError, match="3 processes cannot share a batch of 2 images"):
        fit(small_network(), Blots(8), Blots(2), batch_size=2, device="cpu")


def test_parts_without_an_image_for_every_process_are_refused(monkeypatch):
    monkeypatch.setattr(processes.OneProcess, "count", 2)
    with pytest.raises(ValueError, match="batch of 5 images, in 3 parts: give a batch_size of 6"):
        fit(small_network(), Blots(8), Blots(2), batch_size=5, accumulate=3, device="cpu")


def test_without_accelerate_several_processes_are_told_what_to_install(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ValueError, match="pip install 'segviz-course.many.'"):
        fit(small_network(), Blots(8), Blots(2), device="cpu")
