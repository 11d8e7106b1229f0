"""The summary of a network: hand counts, torchvision's published figures, real runs."""

import sys

import pytest
import torch
from torch import nn
from torchvision.models import AlexNet_Weights, ResNet50_Weights, VGG16_Weights, get_model

from segviz.models import DeepLabV3Plus, SegNet, UNet, summary


def test_multiply_adds_by_hand():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),  # 21 x 30 -> 11 x 15
        nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4, bias=False),
        nn.BatchNorm2d(8),
        nn.ConvTranspose2d(8, 5, 4, stride=2, padding=1),  # every input cell meets all 16 weights
        nn.Flatten(),
        nn.Linear(5 * 22 * 30, 7),
    )
    by_hand = [
        9 * 3 * 8 * 11 * 15,
        9 * 2 * 8 * 11 * 15,
        0,
        16 * 8 * 5 * 11 * 15,
        0,
        5 * 22 * 30 * 7,
    ]
    table = summary(network, (21, 30))
    assert [table[str(i)].multiply_adds for i in range(6)] == by_hand
    assert table.multiply_adds == sum(by_hand)
    parameters = [9 * 3 * 8 + 8, 9 * 2 * 8, 16, 16 * 8 * 5 + 5, 0, 5 * 22 * 30 * 7 + 7]
    assert [table[str(i)].parameters for i in range(6)] == parameters
    assert table.parameters == sum(parameters)


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("resnet50", ResNet50_Weights.IMAGENET1K_V1),
        ("vgg16", VGG16_Weights.IMAGENET1K_V1),
        ("alexnet", AlexNet_Weights.IMAGENET1K_V1),
    ],
)
def test_the_figures_that_torchvision_publishes(name, weights):
    with torch.device("meta"):
        table = summary(get_model(name), 224)
    assert table.parameters == weights.meta["num_params"]
    assert table.multiply_adds / 1e9 == pytest.approx(weights.meta["_ops"], abs=0.0006)


@pytest.mark.parametrize("build", [UNet, SegNet, DeepLabV3Plus])
def test_the_shapes_are_those_of_a_real_run(build):
    network = build(5).eval()
    shapes = {}
    for name, module in network.named_modules():
        module.register_forward_hook(lambda m, i, output, n=name: shapes.update({n: output}))
    network(torch.zeros(1, 3, 37, 53))
    table = summary(network, (37, 53))
    assert [row.name for row in table.rows] == [name for name, _ in network.named_modules()]
    for row in table.rows:
        output = shapes.get(row.name)
        output = output[-1] if isinstance(output, tuple) else output
        assert row.output_shape == (None if output is None else tuple(output.shape))


def test_parts_add_up():
    network = UNet(5)
    table = summary(network, 64)
    parts = [row for row in table.rows if row.depth == 1]
    assert sum(row.parameters for row in parts) == table.parameters
    encoder, decoder = (
        sum(r.multiply_adds for r in table.rows if r.depth == 2 and r.name.startswith(part))
        for part in ("encoder", "decoder")
    )
    rest = table["bridge"].multiply_adds + table["head"].multiply_adds
    assert encoder + decoder + rest == table.multiply_adds


def test_the_network_is_left_as_it_was():
    network = SegNet(5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.encoder[2].eval()
    modes = [module.training for module in network.modules()]
    summary(network, 40)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(before[n], value) for n, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("size", [(20, 32), [20, 32], (2, 20, 32), (7, 2, 20, 32)])
def test_a_size_in_several_manners(size):
    assert summary(UNet(5, (4, 6), in_channels=2), size).input_shape == (1, 2, 20, 32)


def test_receptive_fields_where_they_are_known():
    pytest.importorskip("segviz.fields")
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Conv2d(2, 3, (3, 5)))
    table = summary(network, (40, 50))
    fields = [table[name].receptive_field for name in ("0", "1", "2", "")]
    assert fields == [(3, 3), (4, 4), (8, 12), (8, 12)]


def test_without_receptive_fields_the_rest_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "segviz.fields", None)  # importing it fails
    table = summary(UNet(5), 64)
    assert all(row.receptive_field is None for row in table.rows)
    assert table["head"].output_shape == (1, 5, 64, 64)


def test_as_text_and_as_html():
    network = UNet(5, (4, 6))
    table = summary(network, (20, 32), depth=1)
    text, html = str(table), table._repr_html_()
    names = [name for name, _ in network.named_children()]
    for name in names:
        row = table[name]
        line = next(line for line in text.splitlines() if line.split()[:1] == [name])
        assert f"{row.parameters:,}" in line
        assert f"{name}</td>" in html
    assert "encoder.0" not in text and len(text.splitlines()) == 1 + 1 + 1 + len(names) + 2
    for shown in (text, html):
        assert f"{table.parameters:,} parameters" in shown
        assert f"{table.multiply_adds:,} multiply-adds for an image of 20x32 pixels" in shown
    assert len(str(summary(network, 20, depth=0)).splitlines()) == 5


def test_what_cannot_be_summed_up_is_refused_in_a_sentence():
    with pytest.raises(TypeError, match="model is a str"):
        summary("unet")
    for size in (0, 2.5, "ab", (3,), (1, 2, 3, 4, 5), (20, -1)):
        with pytest.raises(ValueError, match="input_size=.*give rows and columns"):
            summary(UNet(2), size)
    with pytest.raises(ValueError, match="cannot run on an image of 2x2 pixels"):
        summary(nn.Conv2d(3, 4, 5), 2)
    with pytest.raises(ValueError, match="too small"):
        summary(UNet(2), 3)
    with pytest.raises(KeyError, match="No module is called 'tail'"):
        summary(UNet(2), 32)["tail"]
