"""Masks for a folder of photographs, in Python and from a shell."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from toys import Blots

from segviz.data.reading import read_mask
from segviz.models import Classifier, UNet
from segviz.training import (
    NetworkFacts,
    flipped_logits,
    predict,
    predict_folder,
    save_network,
    sliding_logits,
)
from segviz.training.predict_command import main

PALETTE = Blots.palette


@pytest.fixture
def network(tmp_path):
    return saved(tmp_path / "network.safetensors")


def saved(path, in_channels=3, image_size=(16, 24)):
    """A UNet whose answers differ from place to place."""
    torch.manual_seed(0)
    model = UNet(3, (4, 6), in_channels)
    nn.init.normal_(model.head.weight, std=5)
    nn.init.zeros_(model.head.bias)
    arguments = {"num_classes": 3, "widths": [4, 6], "in_channels": in_channels}
    description = {"name": "UNet", "arguments": arguments}
    facts = NetworkFacts(description, Blots.classes, PALETTE, image_size)
    save_network(path, model, facts)
    return path, model.eval()


@pytest.fixture
def folder(tmp_path):
    """Two photographs of different sizes, one held sideways."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    noise(33, 50).save(folder / "lake.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    noise(20, 37, seed=1).save(folder / "Tree.JPG", exif=exif, quality=95)
    return folder


def noise(height, width, seed=0):
    rough = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)


def as_images(picture, size=None):
    """uint8 (1, 3, H, W), resized as the training's folder does it."""
    if size is not None:
        picture = picture.resize(size[::-1], Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]


def upright_tree(folder):
    with Image.open(folder / "Tree.JPG") as stored:
        return stored.transpose(Image.Transpose.ROTATE_270)


def test_each_photograph_gets_a_mask_of_its_own_size(network, folder, tmp_path):
    path, model = network
    result = predict_folder(path, str(folder), tmp_path / "new" / "masks", device="cpu")
    assert result.written == tuple(tmp_path / "new" / "masks" / n for n in ("Tree.png", "lake.png"))
    assert result.problems == () and "2 masks written" in str(result)
    with Image.open(folder / "lake.png") as lake:
        for mask, upright in zip(result.written, (upright_tree(folder), lake), strict=True):
            height, width = upright.height, upright.width
            expected = predict(model, as_images(upright, (16, 24)), (height, width))[0].numpy()
            assert len(np.unique(expected)) > 1
            assert np.array_equal(read_mask(mask), expected)
    assert upright_tree(folder).size == (20, 37)


def test_a_mask_shows_the_colours_of_the_network(network, folder, tmp_path):
    mask, _ = predict_folder(network[0], folder, tmp_path / "masks").written
    with Image.open(mask) as picture:
        assert (picture.format, picture.mode) == ("PNG", "P")
        labels, colours = np.array(picture), np.array(picture.convert("RGB"))
    assert np.array_equal(colours, PALETTE[labels])


def test_through_windows_a_photograph_keeps_its_scale(network, folder, tmp_path):
    path, model = network
    result = predict_folder(path, folder, tmp_path / "masks", window=(16, 24), flip=True)
    windows = partial(flipped_logits, logits=partial(sliding_logits, window=(16, 24)))
    expected = predict(model, as_images(upright_tree(folder)), logits=windows)[0].numpy()
    assert np.array_equal(read_mask(result.written[0]), expected)
    plain = predict_folder(path, folder, tmp_path / "resized")
    assert not np.array_equal(read_mask(plain.written[0]), expected)


def test_a_network_that_was_trained_on_unresized_images_gets_them_unresized(folder, tmp_path):
    path, model = saved(tmp_path / "network", image_size=None)
    result = predict_folder(path, folder, tmp_path / "masks")
    expected = predict(model, as_images(upright_tree(folder)))[0].numpy()
    assert np.array_equal(read_mask(result.written[0]), expected)


def test_a_grey_network_sees_grey(folder, tmp_path):
    path, model = saved(tmp_path / "network", in_channels=1, image_size=None)
    result = predict_folder(path, folder, tmp_path / "masks")
    grey = np.array(upright_tree(folder).convert("L"))
    expected = predict(model, torch.from_numpy(grey)[None, None])[0].numpy()
    assert np.array_equal(read_mask(result.written[0]), expected)


def test_what_cannot_be_predicted_is_told_of_and_the_others_go_on(network, folder, tmp_path):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    noise(9, 11).save(folder / "lake.jpg")
    Image.fromarray(np.zeros((5, 5, 4), np.uint8)).save(folder / "glass.png")
    (folder / "notes.txt").write_text("not a photograph")
    (folder / ".hidden.png").write_bytes(b"of the system")
    (folder / "inside.png").mkdir()
    out = tmp_path / "masks"
    result = predict_folder(network[0], folder, out)
    assert sorted(path.name for path in out.iterdir()) == ["Tree.png", "lake.png"]
    broken, glass, lake = result.problems
    assert "broken.jpg cannot be read" in broken and "glass.png has transparent pixels" in glass
    assert "lake.png and" in lake and "lake.jpg have the same name" in lake
    assert str(result).startswith("2 masks written, 3 photographs left out.\n  ")


def test_a_photograph_that_the_network_cannot_take_is_named(folder, tmp_path):
    path, _ = saved(tmp_path / "network", image_size=None)
    noise(1, 40).save(folder / "line.png")
    result = predict_folder(path, folder, tmp_path / "masks")
    (problem,) = result.problems
    assert problem.startswith(f"{folder / 'line.png'}: An image of 1x40 pixels is too small")


def test_too_little_memory_is_told_in_a_sentence(network, folder, tmp_path, monkeypatch):
    def forward(self, images):
        if images.shape[-1] == 50:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.zeros(len(images), 3, *images.shape[-2:])

    monkeypatch.setattr(UNet, "forward", forward)
    path, _ = saved(tmp_path / "network", image_size=None)
    result = predict_folder(path, folder, tmp_path / "masks")
    assert len(result.written) == 1
    assert "lake.png needs more memory than the device has" in result.problems[0]


def test_nothing_of_yours_is_overwritten(network, folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="not an empty folder; nothing was written"):
        predict_folder(network[0], folder, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"folder": "nowhere"}, "nowhere does not exist"),
        ({"folder": "network.safetensors"}, "is a file, not a folder"),
        ({"folder": "empty"}, r"holds no photograph \(.png, .jpg, .jpeg\)"),
        ({"window": (8, 0)}, "window=.*1 or more"),
        ({"device": "abacus"}, "no device 'abacus'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    network, folder, tmp_path, monkeypatch, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=sentence):
        predict_folder(
            **{"network_file": network[0], "folder": folder, "out": "masks", **arguments}
        )
    assert not (tmp_path / "masks").exists()


def test_networks_without_masks_are_refused(folder, tmp_path):
    path = tmp_path / "network"
    arguments = {"num_classes": 3, "widths": [4, 6], "input_size": 16}
    description = {"name": "Classifier", "arguments": arguments}
    facts = NetworkFacts(description, Blots.classes, PALETTE)
    save_network(path, Classifier(3, (4, 6), input_size=16), facts)
    with pytest.raises(ValueError, match="holds a Classifier: it names what is on a whole image"):
        predict_folder(path, folder, tmp_path / "masks")
    saved(path, in_channels=4)
    with pytest.raises(ValueError, match="takes images of 4 channels"):
        predict_folder(path, folder, tmp_path / "masks")


def test_from_a_shell(network, folder, tmp_path):
    (folder / "broken.jpg").write_bytes(b"no picture")
    command = [sys.executable, "-m", "segviz.training", "predict"]
    options = ["--out", tmp_path / "masks", "--window", "16x24", "--flip", "--device", "cpu"]
    run = subprocess.run(
        [*command, network[0], folder, *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stdout == f"Wrote 2 masks into {tmp_path / 'masks'}.\n"
    assert run.stderr.startswith("left out: ") and "broken.jpg cannot be read" in run.stderr
    expected = predict_folder(network[0], folder, tmp_path / "others", (16, 24), flip=True)
    for path in expected.written:
        assert np.array_equal(read_mask(tmp_path / "masks" / path.name), read_mask(path))


def test_mistakes_in_a_shell_are_sentences(network, folder, tmp_path, capsys):
    out = ["--out", str(tmp_path / "masks")]
    assert main([str(tmp_path / "nothing"), str(folder), *out]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main([str(network[0]), str(tmp_path / "nothing"), *out]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    with pytest.raises(SystemExit):
        main([str(network[0]), str(folder), *out, "--window", "96"])
    assert "'96' is no HEIGHTxWIDTH such as 120x160" in capsys.readouterr().err
    assert main([str(network[0]), str(folder), *out]) == 0
    assert "Wrote 2 masks" in capsys.readouterr().out
