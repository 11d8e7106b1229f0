"""A trained network in one file, and files that are none."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from segviz.data import SCENE_PALETTE
from segviz.models import FCN, AtrousBackbone, Classifier, DeepLabV3Plus, SegNet, UNet
from segviz.training import NetworkFacts, Record, load_network, save_network
from segviz.training.trained import NETWORKS, build_network

CLASSES = ("background", "ball", "box", "star", "cat", "pole")


def described(name, **arguments):
    return {"name": name, "arguments": arguments}


def small_deeplab():
    backbone = AtrousBackbone((4, 6), output_stride=2, rates=((1,), (1, 2)))
    return DeepLabV3Plus(6, backbone, rates=(3,), aspp_channels=5, separable=True)


BACKBONE = described("AtrousBackbone", widths=[4, 6], output_stride=2, rates=[[1], [1, 2]])

#: By the name in the file: how Python builds it, and how the file describes that.
BUILT = {
    "Classifier": (
        lambda: Classifier(6, (4, 6), input_size=16, hidden=9),
        {"widths": [4, 6], "input_size": 16, "hidden": 9},
    ),
    "DeepLabV3Plus": (
        small_deeplab,
        {"backbone": BACKBONE, "rates": [3], "aspp_channels": 5, "separable": True},
    ),
    "FCN": (
        lambda: FCN(6, (4, 6, 8), stride=2, head_width=7),
        {"widths": [4, 6, 8], "stride": 2, "head_width": 7},
    ),
    "SegNet": (lambda: SegNet(6, (4, 6), depths=(1, 3)), {"widths": [4, 6], "depths": [1, 3]}),
    "SegNet.without_indices": (lambda: SegNet.without_indices(6, (4, 6)), {"widths": [4, 6]}),
    "UNet": (lambda: UNet(6, (4, 6)), {"widths": [4, 6]}),
    "UNet.light": (lambda: UNet.light(6, (4, 6, 5)), {"widths": [4, 6, 5]}),
    "UNet.without_skips": (
        lambda: UNet.without_skips(6, (4, 6), 1),
        {"widths": (4, 6), "in_channels": 1},
    ),
}


def facts_of(name="UNet", **changes):
    facts = {
        "network": described(name, num_classes=6, **BUILT[name][1]),
        "classes": CLASSES,
        "palette": SCENE_PALETTE,
        "image_size": (24, 32),
    }
    return NetworkFacts(**{**facts, **changes})


def trained(name="UNet"):
    """A network whose statistics and weights are not those it is born with."""
    torch.manual_seed(0)
    model = BUILT[name][0]()
    in_channels = getattr(model, "in_channels", 3)
    for _ in range(3):
        model.train()(torch.randn(4, in_channels, 16, 16))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def logits_of(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        return model.eval()(torch.randn(2, model.in_channels, 16, 16, generator=generator))


def record(epoch):
    return Record(
        epoch=epoch,
        epochs=2,
        loss=0.5 / epoch,
        learning_rate=1e-3,
        iou={"background": 0.25, "ball": float("nan")},
        miou=0.25,
        pixel_accuracy=0.5,
        images_per_second=3.5,
        seconds=2.0,
        validation_seconds=1.0,
        peak_memory=None,
    )


def test_every_network_that_may_be_built_is_tried_here():
    of_papers = {name for name in NETWORKS if name.endswith(".paper")}
    assert BUILT.keys() | of_papers == NETWORKS.keys()


@pytest.mark.parametrize(
    ("name", "build", "arguments"),
    [
        ("FCN.paper", FCN.paper, {"stride": 16}),
        ("SegNet.paper", SegNet.paper, {}),
        (
            "DeepLabV3Plus.paper",
            DeepLabV3Plus.paper,
            {"backbone": "mobilenet_v2", "output_stride": 8, "separable": True},
        ),
    ],
)
def test_networks_of_the_papers_are_built_without_fetching_weights(name, build, arguments):
    with torch.device("meta"):
        expected = build(6, **arguments).state_dict()
    described_so = build_network(described(name, num_classes=6, **arguments), "meta")
    shapes = {key: value.shape for key, value in described_so.state_dict().items()}
    assert shapes == {key: value.shape for key, value in expected.items()}
    with pytest.raises(ValueError, match=f"{name} would fetch weights='imagenet'"):
        build_network(described(name, num_classes=6, weights="imagenet"), "meta")


@pytest.mark.parametrize("name", BUILT)
def test_what_was_saved_is_loaded(name, tmp_path):
    model, path = trained(name), tmp_path / "new" / "network.safetensors"
    save_network(path, model, facts_of(name))
    random_state = torch.get_rng_state()
    loaded, facts = load_network(path)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert type(loaded) is type(model) and not loaded.training
    assert torch.equal(logits_of(loaded), logits_of(model))
    assert all(p.device.type == "cpu" and p.requires_grad for p in loaded.parameters())
    assert facts.network["name"] == name


def test_every_fact_comes_back(tmp_path):
    records = [record(1), record(2)]
    notes = {"test mIoU": 0.75, "licence": "CC BY 4.0 © Zoë", "seeds": [1, 2]}
    saved = facts_of(records=records, notes=notes)
    save_network(tmp_path / "network", trained(), saved)
    _, facts = load_network(tmp_path / "network")
    assert facts.classes == CLASSES and facts.image_size == (24, 32) and facts.notes == notes
    assert facts.palette.dtype == np.uint8 and np.array_equal(facts.palette, SCENE_PALETTE)
    assert [r.to_dict() for r in facts.records] == [r.to_dict() for r in records]
    assert facts.network == described("UNet", num_classes=6, widths=[4, 6])


def test_the_facts_can_be_read_by_anybody_without_the_weights(tmp_path):
    save_network(tmp_path / "network", trained(), facts_of(image_size=None))
    metadata = metadata_of(tmp_path / "network")
    assert json.loads(metadata["classes"]) == list(CLASSES)
    assert json.loads(metadata["image_size"]) is None


def test_half_precision_halves_the_file_and_keeps_three_digits(tmp_path):
    model = trained("FCN")
    whole, half = tmp_path / "whole", tmp_path / "half"
    save_network(whole, model, facts_of("FCN"))
    save_network(half, model, facts_of("FCN"), torch.float16)
    weights = sum(value.numel() for value in model.state_dict().values())
    assert whole.stat().st_size - half.stat().st_size == pytest.approx(2 * weights, rel=0.02)
    loaded, _ = load_network(half)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    expected = logits_of(model)
    difference = (logits_of(loaded) - expected).abs().max() / expected.abs().max()
    assert 0 < difference < 2e-3


def test_weights_in_the_order_of_channels_last_are_saved_too(tmp_path):
    model = trained().to(memory_format=torch.channels_last)
    save_network(tmp_path / "network", model, facts_of())
    assert torch.equal(load_network(tmp_path / "network")[0].head.weight, model.head.weight)


def test_what_cannot_be_loaded_again_is_not_saved(tmp_path):
    path = tmp_path / "network"
    path.write_bytes(b"what was there before")
    with pytest.raises(ValueError, match="not the one described: bridge.0.0.weight has shape"):
        save_network(path, UNet(6, (4, 8)), facts_of())
    with pytest.raises(ValueError, match="kept as JSON.*set"):
        save_network(path, trained(), facts_of(notes={"seeds": {1, 2}}))
    with pytest.raises(ValueError, match="kept as JSON"):
        save_network(path, trained(), facts_of(notes={"score": float("nan")}))
    model = trained()
    model.encoder[0][0][1].running_var[2] = 1e5
    with pytest.raises(ValueError, match="encoder.0.0.1.running_var .*too large for torch.float16"):
        save_network(path, model, facts_of(), torch.float16)
    assert path.read_bytes() == b"what was there before" and os.listdir(tmp_path) == ["network"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": CLASSES[:5]}, "palette must hold a colour .* 5 classes"),
        ({"classes": CLASSES[:5], "palette": SCENE_PALETTE[:5]}, "num_classes=6, but there are 5"),
        ({"network": described("UNet")}, "num_classes=None"),
    ],
)
def test_facts_that_do_not_fit_together_are_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        facts_of(**changes)


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (described("os.system"), "no network 'os.system' here; there are Class"),
        (described("AtrousBackbone"), "no network 'AtrousBackbone'"),
        (described("UNet", depth=3), "cannot be built with .*'depth'"),
        (described("UNet", num_classes=0), "num_classes=0.*1 or more"),
        ({"name": "UNet"}, "describes no network"),
        ("UNet", "describes no network"),
        (
            described("DeepLabV3Plus", num_classes=6, backbone=described("UNet")),
            "no network 'UNet' here; there are AtrousBackbone",
        ),
        (
            described("DeepLabV3Plus", backbone=described("ResNet50", weights="imagenet")),
            "would fetch weights='imagenet'",
        ),
    ],
)
def test_only_networks_of_the_course_are_built(description, sentence):
    with pytest.raises(ValueError, match=sentence):
        build_network(description)


def test_files_that_are_none_are_refused_in_a_sentence(tmp_path):
    path = tmp_path / "network"
    with pytest.raises(FileNotFoundError):
        load_network(path)
    with pytest.raises(OSError):
        load_network(tmp_path)
    path.write_bytes(b"<html>404</html>")
    with pytest.raises(ValueError, match="no safetensors file, or a damaged one"):
        load_network(path)
    save_network(path, trained(), facts_of())
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="damaged one"):
        load_network(path)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="not how their network is built"):
        load_network(path)
    path.write_bytes(whole)
    metadata = metadata_of(path)
    save_file({"weight": torch.zeros(2)}, path, metadata)
    with pytest.raises(ValueError, match="The network in .*network is not the one described"):
        load_network(path)
    save_file({"weight": torch.zeros(2)}, path, {**metadata, "records": "[{}]"})
    with pytest.raises(ValueError, match="facts in .* are damaged"):
        load_network(path)


def metadata_of(path):
    with safe_open(path, framework="np") as file:
        return file.metadata()


def test_a_description_of_something_huge_takes_no_memory(tmp_path):
    path = tmp_path / "network"
    save_network(path, trained(), facts_of())
    metadata = metadata_of(path)
    huge = described("UNet", num_classes=6, widths=[10**6, 10**6])
    save_file({"weight": torch.zeros(2)}, path, {**metadata, "network": json.dumps(huge)})
    with pytest.raises(ValueError, match="not the one described"):
        load_network(path)
