"""The networks that ship with the course: they are there, they are what they say, they see."""

import pytest
import torch

from segviz.data import Scenes
from segviz.training import course, evaluate, load_network


@pytest.mark.parametrize("name", course.NETWORKS)
def test_a_network_that_ships_reaches_what_is_said_of_it(name, one_thread):
    model, records = course.load_trained(name)
    network = course.NETWORKS[name]
    scores = evaluate(model, course.validation_set(network.lesson))
    assert scores.mean_iou >= network.wanted
    # the file holds half precision: three digits of each weight
    assert scores.mean_iou == pytest.approx(records[-1].miou, abs=0.005)
    _, facts = load_network(course.FOLDER / f"{name}.safetensors")
    assert facts.network == network.describe(len(facts.classes))
    assert facts.classes == tuple(course.validation_set(network.lesson).classes)


def test_all_that_ship_are_known_and_small():
    files = sorted(course.FOLDER.glob("*.safetensors"))
    assert [path.stem for path in files] == sorted(course.NETWORKS)
    assert sum(path.stat().st_size for path in files) < 12e6


def test_a_network_that_is_not_there_is_told_how_to_get(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="unet.safetensors should lie in data/networks"):
        course.load_trained("unet")
    with pytest.raises(ValueError, match="no network 'u-net' here; there are fcn_32s"):
        course.load_trained("u-net")


@pytest.fixture
def tiny(monkeypatch):
    lesson = course.Lesson(lambda: Scenes(40, size=(32, 48)), lambda: Scenes(3, first_seed=50))
    monkeypatch.setitem(course.LESSONS, "scenes", lesson)
    monkeypatch.setitem(course.RECIPE, "epochs", 1)
    caches = (course.training_set, course.validation_set, course.class_weights)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_the_script_remakes_them(tiny, tmp_path, capsys):
    assert course.main(["fcn_16s", "--out", str(tmp_path), "--seed", "3"]) == 0
    model, facts = load_network(tmp_path / "fcn_16s.safetensors")
    assert facts.notes["made by"] == "python -m segviz.training.course fcn_16s --seed 3"
    assert len(facts.records) == 1 and facts.records[0].miou >= 0
    again = course.build("fcn_16s", 3)
    list(course.train("fcn_16s", again, 3, device="cpu"))
    for name, tensor in again.state_dict().items():
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        torch.testing.assert_close(model.state_dict()[name], expected, rtol=1e-2, atol=1e-3)
    assert "fcn_16s: mIoU" in capsys.readouterr().out


def test_trained_here_is_trained_as_the_script_does(tiny):
    model, records = course.train_and_watch("segnet", seed=2)
    by_hand = course.build("segnet", 2)
    (record,) = course.train("segnet", by_hand, 2)
    assert record.loss == pytest.approx(records[0].loss, rel=1e-5)
    assert all(map(torch.is_tensor, model.state_dict().values()))
