"""`field.verify`: it agrees where theory is right, and says where it is wrong."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import toy_graphs
from torch import nn

from segviz import receptive_field
from segviz.fields.opened import Opened, positive_copy
from segviz.relations.steps import Window


class SegNet(nn.Module):
    """Everything through which a plain gradient does not pass, or passes one cell."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.gate = nn.Conv2d(4, 4, 1)
        self.act = nn.ReLU6()

    def forward(self, x):
        x = F.hardswish(self.norm(self.first(x)))
        small, indices = F.max_pool2d(x, 2, return_indices=True)
        small = self.act(self.second(small)) * torch.sigmoid(self.gate(small))
        return F.max_unpool2d(small, indices, 2, output_size=x.shape[-2:])


NETWORKS = {
    "segnet": SegNet(),
    "odd max-poolings": nn.Sequential(
        nn.MaxPool2d(3, 2, padding=1, ceil_mode=True), nn.ReLU(), nn.MaxPool2d(2, dilation=2)
    ),
    "norms": nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.PReLU()),
    "layer norm": nn.Sequential(
        toy_graphs.Do("last", lambda x: x.permute(0, 2, 3, 1)), nn.LayerNorm(3), nn.GELU()
    ),
    "batch statistics": nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.SiLU()),
    "adaptive max-pooling": nn.AdaptiveMaxPool2d((3, 4)),
    "softmax": nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softmax2d()),
    "interpolation": nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.Upsample(size=(9, 15), mode="bilinear"), nn.ELU()
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_theory_and_gradient_agree(name):
    network = NETWORKS[name]
    size = (17, 22)
    field = receptive_field(network, size)
    verification = field.verify(network, units=12)
    assert verification, verification
    assert len(verification.compared) > 1 or "whole" in repr(field)
    assert "agree at" in repr(verification)


def wrong_window(cells, kernel_size, stride=1, padding=0, dilation=1, **edge):
    return Window(cells, kernel_size, stride, padding, 1, **edge)  # as if dilation were nothing


def test_it_names_the_first_unit_where_theory_is_wrong():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, dilation=2), nn.ReLU())
    with patch("segviz.fields.operators.windows.Window", wrong_window):
        field = receptive_field(network, (16, 19))
    verification = field.verify(network, modules=["0", "1", "2"], units=3)
    assert not verification
    difference = verification.difference
    assert difference.module == "1" and difference.unit == field["1"].middle
    assert verification.compared[-1] == ("1", difference.unit)
    right = receptive_field(network, (16, 19))["1"].cells(*difference.unit)
    wrong = field["1"].cells(*difference.unit)
    assert (difference.missing == (right & ~wrong)).all() and difference.missing.any()
    assert (difference.extra == (wrong & ~right)).all()
    assert f"unit {difference.unit} of '1'" in repr(verification)


def test_what_is_unknown_is_skipped_and_said_to_be():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), toy_graphs.Do("sort", lambda x: x.sort(2)[0]))
    field = receptive_field(network, 9)
    verification = field.verify(network)
    assert verification and {module for module, _ in verification.compared} == {"0"}
    assert verification.skipped == ("",)
    nothing = field.verify(network, modules=["1"])
    assert not nothing and nothing.difference is None and "Not compared: '1'" in repr(nothing)


def test_the_model_is_left_as_it_was():
    network = SegNet().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    receptive_field(network, 12).verify(network)
    assert network.training
    assert all(torch.equal(before[n], tensor) for n, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


def test_a_model_without_numbers_gets_some():
    with torch.device("meta"):
        network = SegNet()
    assert receptive_field(network, 12).verify(network)


def test_indices_that_are_lost_on_the_meta_device_are_told():
    network = nn.Conv2d(3, 1, 3)
    network.register_buffer("table", torch.arange(4))
    network.to("meta")
    with pytest.raises(ValueError, match="build it on the CPU"):
        receptive_field(network, 9).verify(network)


def test_more_inputs_are_made_up():
    class Masked(nn.Module):
        def forward(self, image, mask):
            return F.avg_pool2d(image * mask, 2)

    example = (torch.rand(1, 3, 8, 10), torch.rand(1, 1, 8, 10))
    network = Masked()
    assert receptive_field(network, example_inputs=example).verify(network)


def test_a_plain_gradient_would_have_missed_cells():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.ReLU())
    torch.manual_seed(0)
    image = torch.rand(1, 1, 12, 12, requires_grad=True)
    (plain,) = torch.autograd.grad(network(image)[0, :, 2, 2].sum(), image)
    copy = positive_copy(network, seed=0)
    with Opened():
        double = image.detach().double().requires_grad_()
        (opened,) = torch.autograd.grad(copy(double)[0, :, 2, 2].sum(), double)
    cells = receptive_field(network, 12).output.cells(2, 2)
    assert (plain[0, 0] != 0).sum() < cells.sum() == 16
    assert np.array_equal((opened[0, 0] > 0).numpy(), cells)
