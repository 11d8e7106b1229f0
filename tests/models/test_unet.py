"""UNet: sizes, parameter counts and what the skips carry."""

import pytest
import torch
from model_contract import ModelContract, count
from torch import nn

from segviz.models import DoubleConv, SingleConv, UNet

SMALL = (4, 6, 10)


class TestUNet(ModelContract):
    alone_too_small = (7, 4)

    def build(self, num_classes, in_channels=3):
        return UNet(num_classes, SMALL, in_channels)


class TestLightUNet(ModelContract):
    alone_too_small = (7, 4)

    def build(self, num_classes, in_channels=3):
        return UNet.light(num_classes, SMALL, in_channels)


class TestUNetWithoutSkips(ModelContract):
    alone_too_small = (7, 4)

    def build(self, num_classes, in_channels=3):
        return UNet.without_skips(num_classes, SMALL, in_channels)


def test_the_paper_network_has_the_papers_parameters_and_sizes():
    network = UNet.paper()
    assert count(network) == 31_030_658
    with torch.no_grad(), torch.device("meta"):
        assert network.to("meta")(torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)


def test_the_paper_network_has_no_padding_and_no_batch_norm():
    modules = list(UNet.paper().modules())
    assert all(m.padding == (0, 0) for m in modules if isinstance(m, nn.Conv2d))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in modules)
    ups = [m for m in modules if isinstance(m, nn.ConvTranspose2d)]
    assert [m.kernel_size for m in ups] == [(2, 2)] * 4 == [m.stride for m in ups]


def test_the_signal_keeps_its_strength_through_the_paper_network():
    torch.manual_seed(0)
    network = UNet.paper()
    with torch.no_grad():
        maps = network.encode(torch.randn(1, 1, 188, 188))
        maps += network.decode(maps)
    # He initialisation keeps the mean square of a ReLU network's maps (here 1), and each of four
    # max poolings raises it about twofold. PyTorch's own divides it by 6 at every convolution.
    mean_squares = [float(feature.square().mean()) for feature in maps]
    assert all(0.5 < mean_square < 50 for mean_square in mean_squares), mean_squares


@pytest.mark.parametrize("widths", [(3, 5), (4, 4, 4, 4, 4, 4), (12, 24, 48, 64, 96)])
def test_any_widths(widths):
    network = UNet(3, widths)
    size = network.smallest_size
    assert size == 2 ** (len(widths) - 1)
    maps = network.encode(torch.zeros(2, 3, size + 1, 2 * size + 3))
    assert [feature.shape[1] for feature in maps] == list(widths)
    decoded = network.decode(maps)
    assert [d.shape for d in decoded] == [m.shape for m in reversed(maps[:-1])]


def test_forward_is_encode_decode_and_head():
    network = UNet(7, SMALL).eval()
    images = torch.randn(2, 3, 21, 34)
    maps = network.encode(images)
    x = maps[-1]
    for block, skip in zip(network.decoder, maps[-2::-1], strict=True):
        x = block.convolutions(block.join(x, skip))
    assert torch.equal(network(images), network.head(x))


def test_the_light_network_has_one_convolution_where_maps_are_large_and_in_the_decoder():
    def convolutions(network):
        kernels = [m.kernel_size for m in network.modules() if isinstance(m, nn.Conv2d)]
        return kernels.count((3, 3))

    widths = (4, 6, 10, 12, 14)
    assert convolutions(UNet(7, widths)) == 2 * (4 + 1 + 4)
    light = UNet.light(7, widths)
    assert convolutions(light) == 2 * 1 + 3 * 2 + 4  # fine levels, coarse ones, decoder
    assert not any(isinstance(m, nn.ConvTranspose2d) for m in light.modules())


def test_only_skips_carry_what_the_bridge_cannot_see():
    """Cut the bridge's map out: with skips the image still decides the output, without it can't."""
    images = torch.randn(2, 3, 16, 24)  # two images
    for build, differ in ((UNet, True), (UNet.without_skips, False)):
        network = build(5, SMALL).eval()
        maps = network.encode(images)
        maps[-1] = torch.zeros_like(maps[-1])
        first, second = network.decode(maps)[-1]
        assert torch.equal(first, second) != differ


@pytest.mark.parametrize(("build", "channels"), [(UNet.paper, 1), (UNet, 3)])
def test_the_smallest_size_is_the_smallest(build, channels):
    network = (build() if build == UNet.paper else build(2)).to("meta")
    size = network.smallest_size
    with torch.device("meta"):
        assert min(network(torch.empty(2, channels, size, size)).shape) > 0
        with pytest.raises(ValueError, match=f"needs at least {size} pixels"):
            network(torch.empty(2, channels, size, size - 1))
        # And torch agrees that one pixel less leaves nothing.
        network._check_images = lambda images: None
        with pytest.raises(RuntimeError):
            network(torch.empty(2, channels, size - 1, size - 1))


def test_with_fewer_levels_a_single_small_image_can_be_normalised():
    assert UNet(2, (4, 6))(torch.randn(1, 3, 7, 4)).shape == (1, 2, 7, 4)


def test_there_is_a_class_of_convolutions_for_each_width():
    with pytest.raises(ValueError, match="2 classes for 3 widths"):
        UNet(2, SMALL, convolutions=[DoubleConv, SingleConv])


@pytest.mark.parametrize("build", [UNet, UNet.light])
@pytest.mark.parametrize(
    "arguments",
    [
        {"widths": (8,)},
        {"widths": (8, 0)},
        {"widths": 16},
        {"widths": (16.0, 32.0)},
        {"widths": "ab"},
        {"num_classes": ("a", "b")},
    ],
    ids=str,
)
def test_impossible_networks_are_refused(build, arguments):
    with pytest.raises(ValueError, match="1 or more"):
        build(**{"num_classes": 2, **arguments})
