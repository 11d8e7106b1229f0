"""The check for real GPUs, as far as a CPU can take it: it would be a pity if it failed there."""

import gpu_check
import pytest
import torch
from torch import nn

from segviz.data import Scenes

CPU = torch.device("cpu")


def test_without_a_gpu_it_says_so_and_ends_well(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gpu_check.py"])
    monkeypatch.setattr(gpu_check, "pick_device", lambda: CPU)
    assert gpu_check.main() == 0
    assert "No GPU here" in capsys.readouterr().out


def test_a_network_that_answers_otherwise_elsewhere_is_found(capsys):
    class Moody(nn.Conv2d):
        def to(self, device):
            self.weight.data += 0.1
            return self

    assert gpu_check.agrees("honest", lambda: nn.Conv2d(3, 4, 3), CPU)
    assert not gpu_check.agrees("moody", lambda: Moody(3, 4, 3), CPU)
    assert "moody                      NOT as on the CPU" in capsys.readouterr().out


def test_speed_is_printed_with_its_size(capsys):
    gpu_check.speed("conv", lambda: nn.Conv2d(3, 21, 1), CPU, size=24, batch_size=2, steps=2)
    assert "images/s at 24x24" in capsys.readouterr().out


@pytest.mark.parametrize(("wanted", "reached"), [(0.0, True), (1.1, False)])
def test_learning_is_held_against_what_is_wanted(wanted, reached, capsys):
    train, val = Scenes(2, size=(32, 48)), Scenes(2, first_seed=9, size=(32, 48))
    torch.manual_seed(0)
    network = nn.Conv2d(3, 6, 1)
    given = gpu_check.learn("conv", network, train, val, wanted, CPU, epochs=1, batch_size=2)
    assert given is reached
    assert f"wanted {wanted}" in capsys.readouterr().out


def test_without_pets_the_scenes_take_their_place(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(gpu_check, "learn", lambda what, *rest, **recipe: asked.append(what))

    class Options:
        pets, download, epochs = tmp_path, False, 1

    gpu_check.learn_something(Options, CPU)
    assert asked == ["UNet on the scenes"]
    assert "So the scenes take their place" in capsys.readouterr().out
