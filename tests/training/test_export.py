"""Networks as torch.export and ONNX have them: the same logits, at other sizes too."""

import logging
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from segviz.data import normalise
from segviz.models import FCN, AtrousBackbone, Classifier, DeepLabV3Plus, SegNet, UNet
from segviz.training import export, export_onnx, export_program

DEEP = (4, 6, 8, 10, 12)


def small_deeplab():
    backbone = AtrousBackbone(DEEP)
    return DeepLabV3Plus(5, backbone, aspp_channels=8, reduced_channels=3, decoder_channels=6)


NETWORKS = {
    "FCN-32s": lambda: FCN(5, DEEP, stride=32, depths=1, head_width=7),
    "FCN-16s": lambda: FCN(5, DEEP, stride=16, depths=1, head_width=7),
    "FCN-8s": lambda: FCN(5, DEEP, stride=8, depths=1, head_width=7),
    "SegNet": lambda: SegNet(5, (4, 6, 8), depths=1),
    "SegNet without indices": lambda: SegNet.without_indices(5, (4, 6, 8)),
    "UNet": lambda: UNet(5, (4, 6, 8)),
    "UNet light": lambda: UNet.light(5, (4, 6, 8)),
    "UNet without skips": lambda: UNet.without_skips(5, (4, 6, 8), in_channels=1),
    "DeepLabV3Plus": small_deeplab,
}

#: Those of which every operator is in another of them are left to torch.export: ONNX is slow.
IN_ONNX = [name for name in NETWORKS if "without" not in name]

#: The images' number, height and width: as exported, smaller and even, larger and odd.
SHAPES = [(2, 37, 53), (1, 34, 40), (3, 65, 71)]


@pytest.fixture(autouse=True)
def seeds():
    torch.manual_seed(0)


def shaken(build):
    """Away from weights and statistics at which a fault would not show."""
    model = build()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.add_(0.2 * torch.randn_like(tensor))
                if name.endswith("running_var"):
                    tensor.abs_().add_(0.1)
    return model


def pixels(model, count, height, width):
    return torch.randint(0, 256, (count, model.in_channels, height, width), dtype=torch.uint8)


def expected_of(model, images):
    with torch.no_grad():
        return model.eval()(normalise(images))


def assert_near(answer, expected):
    """To a hundred-thousandth of the largest logit."""
    assert answer.shape == expected.shape and answer.dtype == torch.float32
    assert (answer - expected).abs().max() <= 1e-5 * expected.abs().max()


def in_onnx(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_a_program_gives_the_networks_logits_at_any_size(build, tmp_path):
    model = shaken(build)
    export_program(model, (37, 53), tmp_path / "new" / "network.pt2")
    exported = torch.export.load(tmp_path / "new" / "network.pt2").module()
    for shape in SHAPES:
        images = pixels(model, *shape)
        assert_near(exported(images), expected_of(model, images))


@pytest.mark.parametrize("name", IN_ONNX)
def test_onnx_gives_the_networks_logits_at_any_size(name, tmp_path, caplog):
    model = shaken(NETWORKS[name])
    path = export_onnx(model, (37, 53), tmp_path / "network.onnx")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    exported = in_onnx(path)
    for shape in SHAPES:
        images = pixels(model, *shape)
        assert_near(exported(images), expected_of(model, images))


def test_a_network_of_the_papers_size_is_exported_too():  # in ONNX it takes half a minute
    model = shaken(lambda: DeepLabV3Plus.paper(21))
    exported = export_program(model, (64, 96)).module()
    images = pixels(model, 1, 49, 70)
    assert_near(exported(images), expected_of(model, images))


def test_a_network_for_one_size_is_exported_for_that_size(tmp_path):
    model = shaken(lambda: Classifier(5, (4, 6), input_size=16, hidden=7))
    images = pixels(model, 3, 16, 16)
    expected = expected_of(model, images)
    assert_near(export_program(model, (16, 16)).module()(images), expected)
    assert_near(in_onnx(export_onnx(model, (16, 16), tmp_path / "classifier"))(images), expected)
    with pytest.raises(ValueError, match="takes images of 16x16 pixels"):
        export_program(model, (16, 17))


def test_the_model_stays_as_it_is(tmp_path):
    model = shaken(NETWORKS["UNet"]).train().to(memory_format=torch.channels_last)
    model.bridge.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    random_state = torch.get_rng_state()
    export_program(model, (16, 24))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_graph_takes_pixels_and_nothing_else(tmp_path):
    model = shaken(NETWORKS["UNet"])
    path = export_onnx(model, (16, 24), tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (images,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.type, images.shape[1]) == ("images", "tensor(uint8)", 3)
    assert (logits.name, logits.type, logits.shape[1]) == ("logits", "tensor(float)", 5)
    with pytest.raises(Exception, match="Unexpected input data type"):
        session.run(None, {"images": np.zeros((1, 3, 16, 24), np.float32)})


class Chance(nn.Module):
    """What it says is another each time, so no export of it can be right."""

    in_channels = 3

    def forward(self, images):
        return images + torch.rand_like(images)


class Counting(nn.Module):
    """Its answer depends on numbers in Python, which no graph can follow."""

    in_channels = 3

    def forward(self, images):
        return images * (2 if images.mean().item() > 0 else 3)


@pytest.mark.parametrize("write", [export_program, export_onnx])
def test_an_export_that_went_wrong_is_not_written(write, tmp_path):
    path = tmp_path / "network"
    with pytest.raises(export.ExportError, match="2 images of 16x24 pixels its logits lie up to"):
        write(Chance(), (16, 24), path)
    with pytest.raises(export.ExportError, match="PyTorch cannot export this Counting: "):
        write(Counting(), (16, 24), path)
    with pytest.raises(ValueError, match="size=.*2 whole numbers"):
        write(UNet(2, (4, 6)), (16,), path)
    with pytest.raises(ValueError, match="too small"):
        write(UNet(2, (4, 6)), (1, 24), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named(missing, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"{missing} is missing: pip install 'segviz-course\[e"):
        export_onnx(UNet(2, (4, 6)), (16, 24), tmp_path / "network")
