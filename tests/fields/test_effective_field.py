"""Effective fields against gradients worked out by hand, and their measures."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from segviz import effective_receptive_field
from segviz.fields import EffectiveField, compare_effective_fields, receptive_field


def weighted(kernel, **options):
    """A convolution with the given weights, (rows, columns), for one channel."""
    layer = nn.Conv2d(1, 1, tuple(kernel.shape), bias=False, **options)
    with torch.no_grad():
        layer.weight[:] = kernel
    return layer


KERNEL = torch.tensor([[1.0, -2.0, 0.0, 4.0], [0.5, 0.0, -3.0, 1.0], [2.0, 1.0, 1.0, 0.25]])


def quietly(model, images, **options):
    return effective_receptive_field(model, images, progress=False, **options)


def test_of_a_convolution_it_is_the_size_of_its_weights():
    field = quietly(weighted(KERNEL), torch.rand(3, 1, 9, 10), unit=(2, 5))
    expected = np.zeros((9, 10))
    expected[2:5, 5:9] = KERNEL.abs()
    assert field.map.dtype == np.float64
    np.testing.assert_allclose(field.map, expected)
    assert (field.unit, field.layer, field.images) == ((2, 5), "", 3)


def test_channels_are_summed_before_and_absolute_values_after():
    layer = nn.Conv2d(2, 2, 1, bias=False)
    with torch.no_grad():
        # output channels add up to weights 3 and -1 of the two input channels
        layer.weight[:, :, 0, 0] = torch.tensor([[1.0, 2.0], [2.0, -3.0]])
    field = quietly(layer, torch.rand(1, 2, 3, 4), unit=(1, 1))
    assert field.map[1, 1] == 3 + 1 and field.map.sum() == 4


def test_it_is_the_mean_over_images():
    """A ReLU is on for one image and off for the other two."""
    network = nn.Sequential(weighted(torch.ones(1, 3)), nn.ReLU())
    images = torch.stack([torch.ones(1, 5, 7), -torch.ones(1, 5, 7), -torch.ones(1, 5, 7)])
    field = quietly(network, images, unit=(2, 2))
    assert np.allclose(field.map[2, 2:5], 1 / 3) and field.map.sum() == pytest.approx(1)


def test_images_come_as_a_batch_or_one_by_one_or_in_batches():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 3, 3, stride=2))
    images = torch.rand(5, 1, 14, 15)
    fields = [
        quietly(network, given)
        for given in (images, list(images), iter([images[:2], images[2:]]), images.split(4))
    ]
    for field in fields:
        assert field.images == 5
        np.testing.assert_allclose(field.map, fields[0].map, rtol=1e-5)
    assert quietly(network, images[0]).images == 1


def test_by_default_it_is_the_unit_in_the_middle_of_the_output():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Conv2d(2, 2, 3))
    field = quietly(network, torch.rand(1, 1, 19, 27))
    assert field.unit == receptive_field(network, (19, 27)).output.middle == (3, 5)
    assert quietly(network, torch.rand(1, 1, 19, 27), layer="0").unit == (4, 6)


def test_its_support_lies_within_the_theory():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 5, dilation=2), nn.ReLU(), nn.Conv2d(4, 4, 3))
    field = quietly(network, torch.rand(4, 1, 20, 21), unit=(4, 5))
    cells = receptive_field(network, (20, 21)).output.cells(4, 5)
    assert not field.map[~cells].any() and (field.map > 0).sum() == cells.sum()


def test_a_layer_whose_channels_come_last():
    class Last(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1)

    field = quietly(nn.Sequential(Last(), nn.LayerNorm(6)), torch.rand(1, 6, 4, 5), layer="0")
    assert field.unit == (2, 2) and field.map[2, 2] == 6 == field.map.sum()


def test_a_network_without_positions_has_one_unit():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert quietly(network, torch.rand(2, 1, 6, 7)).unit == ()


def test_dead_relus_make_zeros_and_nothing_else():
    network = nn.Sequential(weighted(-torch.ones(3, 3)), nn.ReLU())
    field = quietly(network, torch.rand(2, 1, 9, 9) + 1)
    assert field.is_dead and not field.map.any()
    for numbers in (field.heat, field.heat_in_decades(), field.map):
        assert np.isfinite(numbers).all() and not numbers.any()
    assert field.energy_within(2) == 0 and field.area() == 0 and field.size == 0
    assert math.isfinite(field.radius_of(0.5)) and field.center == (4, 4)
    assert "no gradient reached" in repr(field)


def test_the_model_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images = torch.rand(2, 1, 8, 8)
    assert np.array_equal(quietly(network, images).map, quietly(network, images).map)
    assert network.training and not any(m._forward_hooks for m in network.modules())
    assert all(torch.equal(before[n], tensor) for n, tensor in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert not images.requires_grad


def test_another_device_leaves_the_model_where_it_is():
    network = nn.Conv2d(1, 1, 3)
    field = quietly(network, torch.rand(1, 1, 5, 5), device="cpu")
    assert field.map.any() and network.weight.device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_on_a_gpu_it_is_the_same():
    network, images = weighted(KERNEL), torch.rand(2, 1, 9, 10)
    on_gpu = quietly(network, images, device="cuda")
    np.testing.assert_allclose(on_gpu.map, quietly(network, images).map, rtol=1e-4)
    assert network.weight.device.type == "cpu"


def test_a_bar_is_shown_if_it_is_wanted(capsys):
    effective_receptive_field(nn.Conv2d(1, 1, 3), torch.rand(3, 1, 5, 5), progress=True)
    assert "3/3" in capsys.readouterr().err
    quietly(nn.Conv2d(1, 1, 3), torch.rand(3, 1, 5, 5))
    assert capsys.readouterr().err == ""


def test_two_networks_see_the_same_images():
    torch.manual_seed(0)
    models = {"trained": nn.Conv2d(1, 1, 5, padding=2), "untrained": nn.Conv2d(1, 1, 3, padding=1)}
    images = iter(torch.rand(3, 1, 9, 8))
    fields = compare_effective_fields(models, images, progress=False, unit=(4, 4))
    assert list(fields) == ["trained", "untrained"]
    assert all(field.images == 3 and field.unit == (4, 4) for field in fields.values())
    assert (fields["trained"].map > 0).sum() == 25 and (fields["untrained"].map > 0).sum() == 9


def test_wrong_images_layers_and_units_are_told_in_sentences():
    network = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match="images of one size"):
        quietly(network, [torch.rand(1, 5, 5), torch.rand(1, 5, 6)])
    with pytest.raises(ValueError, match="give at least one"):
        quietly(network, [])
    with pytest.raises(ValueError, match="Every image is a tensor"):
        quietly(network, [np.zeros((1, 5, 5))])
    with pytest.raises(KeyError, match="No module called 'conv'"):
        quietly(network, torch.rand(1, 1, 5, 5), layer="conv")
    with pytest.raises(IndexError, match="give 0 to 2 and 0 to 2"):
        quietly(network, torch.rand(1, 1, 5, 5), unit=(3, 0))


# Measures


def field_of(values) -> EffectiveField:
    return EffectiveField(np.array(values, float), "", (0, 0), 1)


def test_energy_and_radius_of_four_cells():
    field = field_of([[0, 0, 0, 0, 0], [0, 1, 6, 0, 1], [0, 0, 2, 0, 0]])
    around = (1.0, 2.0)
    assert field.energy_within(0, around) == 0.6
    assert field.energy_within(0.99, around) == 0.6
    assert field.energy_within(1, around) == pytest.approx(0.9)
    assert field.energy_within(2, around) == 1
    assert field.radius_of(0.6, around) == 0
    assert field.radius_of(0.61, around) == 1
    assert field.radius_of(1, around) == 2
    assert field.center == pytest.approx((1.2, 2.1))
    with pytest.raises(ValueError, match="0 to 1"):
        field.radius_of(1.2)


def test_area_and_size_of_a_gaussian():
    """Luo et al. 2016 count cells above 4.55 % of the largest: of a Gaussian, those within
    sigma * sqrt(2 ln(1 / 0.0455)) cells."""
    sigma = 9.0
    rows, columns = np.indices((121, 131)) - np.array([60, 65])[:, None, None]
    field = field_of(5 * np.exp(-(rows**2 + columns**2) / (2 * sigma**2)))
    radius = sigma * math.sqrt(2 * math.log(1 / 0.0455))
    assert field.area() == pytest.approx(math.pi * radius**2, rel=0.01)
    assert field.size == field.area() ** 0.5
    assert field.area(0.5) < field.area()
    # of a two-dimensional Gaussian 1 - exp(-1/2) lies within one sigma
    assert field.energy_within(sigma) == pytest.approx(1 - math.exp(-0.5), abs=0.01)
    assert field.radius_of(1 - math.exp(-0.5)) == pytest.approx(sigma, abs=0.3)


def test_heat_is_linear_unless_decades_are_asked_for():
    field = field_of([[100, 10, 1, 0.01, 0]])
    assert field.heat.tolist() == [[1, 0.1, 0.01, 0.0001, 0]]
    np.testing.assert_allclose(field.heat_in_decades(2), [[1, 0.5, 0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(field.heat_in_decades(), [[1, 0.75, 0.5, 0, 0]], atol=1e-12)
