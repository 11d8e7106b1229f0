"""SegNet: the paper's counts, VGG16-BN's weights, and what the indices carry."""

from itertools import pairwise

import pytest
import torch
from model_contract import ModelContract, count, shake
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from segviz.models import SegNet, unpool_with_indices
from segviz.models.segnet import _copy_vgg_bn, biased_conv_norm_relu

SMALL = (4, 6, 8)


class TestSegNet(ModelContract):
    alone_too_small = (4, 3)

    def build(self, num_classes, in_channels=3):
        return SegNet(num_classes, SMALL, in_channels, depths=(1, 2, 3))


class TestSegNetWithoutIndices(ModelContract):
    alone_too_small = (4, 3)

    def build(self, num_classes, in_channels=3):
        return SegNet.without_indices(num_classes, SMALL, in_channels)


def test_the_paper_network_has_the_papers_parameters_and_sizes():
    with torch.device("meta"):
        network = SegNet.paper(11)
        assert count(network) == 29_449_355
        images = torch.empty(2, 3, 360, 480)
        x, poolings = network.encode(images)
        assert x.shape == (2, 512, 12, 15)  # 360 / 32 rounded up
        assert [tuple(size) for _, size in poolings] == [
            (360, 480),
            (180, 240),
            (90, 120),
            (45, 60),
            (23, 30),
        ]
        assert network(images).shape == (2, 11, 360, 480)


def test_the_papers_decoder_is_the_encoder_in_the_mirror():
    with torch.device("meta"):
        network = SegNet.paper(11)
    convolutions = [
        [(m.in_channels, m.out_channels) for m in part.modules() if isinstance(m, nn.Conv2d)]
        for part in (network.encoder, network.decoder)
    ]
    vgg16 = [m for m in make_layers(cfgs["D"]) if isinstance(m, nn.Conv2d)]
    encoder = [(m.in_channels, m.out_channels) for m in vgg16]
    assert convolutions[0] == encoder
    assert convolutions[1] == [(o, i) for i, o in reversed(encoder)][:-1]
    assert (network.head.in_channels, network.head.out_channels) == (64, 11)


def test_the_courses_network_is_small():
    widths = [3, 8, 16, 32, 32, 64, 64, 96, 96]  # of the encoder's eight convolutions
    encoder = sum(9 * i * o + 2 * o for i, o in pairwise(widths))
    decoder = sum(9 * i * o + 2 * o for i, o in pairwise(widths[:0:-1]))
    assert count(SegNet(6)) == encoder + decoder + 9 * 8 * 6 + 6 < 500_000


def test_with_a_vggs_weights_the_encoder_is_the_vgg():
    torch.manual_seed(0)
    features = shake(make_layers([4, 4, "M", 6, "M", 8, 8, "M"], batch_norm=True)).eval()
    network = SegNet(5, SMALL, depths=(2, 1, 2), convolution=biased_conv_norm_relu).eval()
    _copy_vgg_bn(features, network.encoder)
    images = torch.randn(2, 3, 24, 40)
    x, _ = network.encode(images)
    assert torch.equal(x, features(images))


def test_values_go_back_to_where_the_maxima_were():
    """The worked case: pooled by 2, and other values put back."""
    x = torch.tensor([[1.0, 7, 3, 6], [8, 2, 4, 1], [2, 3, 4, 5], [6, 1, 1, 9]])
    _, indices = nn.functional.max_pool2d(x[None, None], 2, return_indices=True)
    back = unpool_with_indices(torch.tensor([[[[1.0, 7], [9, 5]]]]), indices, (4, 4))
    assert back[0, 0].tolist() == [[0, 0, 0, 7], [1, 0, 0, 0], [0, 0, 0, 0], [9, 0, 0, 5]]


def test_the_indices_are_kept_at_odd_sizes():
    """Each value of the coarsest map lands on a cell that held the maximum, by its own level."""
    network = TestSegNet().shaken().eval()
    images = torch.randn(2, 3, 37, 53)
    x = images
    for level, (indices, size) in zip(network.encoder, network.encode(images)[1], strict=True):
        x = level(x)
        assert x.shape[-2:] == size
        taken = x.flatten(2).gather(2, indices.flatten(2))
        for row in range(indices.shape[2]):  # by hand: the maximum over each 2x2, cut at the edge
            for column in range(indices.shape[3]):
                window = x[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                place = row * indices.shape[3] + column
                assert torch.equal(taken[:, :, place], window.amax(dim=(2, 3)))
        back = unpool_with_indices(torch.ones_like(indices, dtype=x.dtype), indices, size)
        assert back.shape == x.shape and back.sum() == indices.numel()
        x = taken.reshape(indices.shape)


def test_only_indices_carry_what_the_coarsest_map_cannot_see():
    """The same coarsest map for two images: with indices they still differ, without they don't."""
    images = torch.randn(2, 3, 16, 24)
    for tests, differ in ((TestSegNet(), True), (TestSegNetWithoutIndices(), False)):
        network = tests.shaken().eval()
        x, poolings = network.encode(images)
        first, second = network.decode(x[:1].expand_as(x), poolings)
        assert torch.equal(first, second) != differ


def test_both_have_the_same_layers():
    one, other = SegNet(5).state_dict(), SegNet.without_indices(5).state_dict()
    assert {n: v.shape for n, v in one.items()} == {n: v.shape for n, v in other.items()}


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: SegNet(2, (4, 6), depths=0), "depths=0.*2 whole numbers"),
        (lambda: SegNet(2, (4, 6), depths=(1, 2, 1)), "depths=.*2 whole numbers"),
        (lambda: SegNet(2, (4,), depths=(1,)), "widths=.*2 whole numbers"),
        (lambda: SegNet(2, (4, 6.5), depths=(1, 1)), "widths=.*1 or more"),
        (lambda: SegNet(2, (4, 6), depths=(1, 0)), "depths=.*1 or more"),
        (lambda: SegNet(2, 16), "widths=16"),
        (lambda: SegNet.paper(2, weights="coco"), "None or 'imagenet'"),
    ],
)
def test_impossible_networks_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
