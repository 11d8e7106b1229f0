"""Sizes, strides and paddings that others have published, or that are quickly counted by hand.

Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks" (Distill)
for the variant of TF-Slim and the misaligned branches. The torchvision networks put their strides
elsewhere than TF-Slim's; their values were measured there by the support of gradients.
"""

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import segmentation

from segviz import receptive_field


def on_meta(build, **options):
    with torch.device("meta"):
        return build(weights=None, **options)


def trunk(network):
    """A ResNet without its head."""
    return nn.Sequential(*list(network.children())[:-2])


NETWORKS = {
    "AlexNet": (lambda: on_meta(torchvision.models.alexnet).features, 195, 32, 66),
    "VGG-16": (lambda: on_meta(torchvision.models.vgg16).features, 212, 32, 90),
    "ResNet-18": (lambda: trunk(on_meta(torchvision.models.resnet18)), 435, 32, 217),
    "ResNet-50": (lambda: trunk(on_meta(torchvision.models.resnet50)), 427, 32, 213),
    "ResNet-50, output stride 8": (
        lambda: trunk(
            on_meta(torchvision.models.resnet50, replace_stride_with_dilation=[False, True, True])
        ),
        *(427, 8, 213),
    ),
    "MobileNetV2": (lambda: on_meta(torchvision.models.mobilenet_v2).features, 491, 32, 245),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("input_size", [(224, 224), (97, 130), (701, 1030)])
def test_networks_of_torchvision(name, input_size):
    build, size, stride, padding = NETWORKS[name]
    field = receptive_field(build(), input_size).output
    assert field.size == (size, size)
    assert field.stride == (stride, stride)
    assert field.padding == (padding, padding)
    assert field.uniform


def test_the_example_of_the_documentation():
    field = receptive_field(on_meta(torchvision.models.resnet50), (224, 224))
    assert field["layer4"].size == (427, 427)
    assert field["layer4"].stride == (32, 32)
    assert field["layer4"].padding == (213, 213)
    assert field["layer4"].positions == (7, 7)
    assert field["layer4"].box(0, 1) == (-213, -213 + 32, 427 - 213, 427 - 213 + 32)
    assert field["layer4"].center(0, 1) == (0, 32)
    assert field.output.whole_image and field.output.size == (224, 224)


def test_the_trunk_of_deeplab_has_output_stride_8():
    network = on_meta(segmentation.deeplabv3_resnet50, weights_backbone=None)
    assert receptive_field(network, 129)["backbone.layer4"].stride == (8, 8)


class Unit(nn.Module):
    """A bottleneck of ResNet v1 as TF-Slim has it: the stride is in the 3x3 convolution, and the
    shortcut, if nothing else changes, is a max-pooling of one cell."""

    def __init__(self, inputs, width, outputs, stride):
        super().__init__()
        self.shortcut = (
            nn.MaxPool2d(1, stride)
            if inputs == outputs
            else nn.Conv2d(inputs, outputs, 1, stride=stride)
        )
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, width, 1),
            nn.Conv2d(width, width, 3, stride=stride, padding=1),
            nn.Conv2d(width, outputs, 1),
        )

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


def slim_resnet50():
    """Of the blocks' strides, the last unit of the first three has them."""
    blocks, inputs = [], 8
    for units, width, stride in ((3, 4, 2), (4, 8, 2), (6, 16, 2), (3, 32, 1)):
        strides = [1] * (units - 1) + [stride]
        block = [
            Unit(inputs if i == 0 else 4 * width, width, 4 * width, s)
            for i, s in enumerate(strides)
        ]
        blocks.append(nn.Sequential(*block))
        inputs = 4 * width
    # TensorFlow's "SAME" pads an even map only behind, for a pooling of 3 cells with stride 2
    pool = [nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2)]
    stem = [nn.Conv2d(3, 8, 7, stride=2, padding=3), *pool]
    return nn.Sequential(*stem, *blocks)


@pytest.mark.parametrize("input_size", [(1024, 1024), (224, 352)])
def test_resnet_50_of_tf_slim(input_size):
    field = receptive_field(slim_resnet50(), input_size).output
    assert (field.size, field.stride, field.padding) == ((483, 483), (32, 32), (239, 239))


class Dilated(nn.Sequential):
    def __init__(self, *rates):
        super().__init__(*(nn.Conv2d(1, 1, 3, padding=rate, dilation=rate) for rate in rates))


@pytest.mark.parametrize(
    ("rates", "reached", "span"),
    [
        ((2, 2, 2), 7, 13),
        ((1, 2, 3), 13, 13),
        ((1, 2, 5), 17, 17),
        ((1, 2, 9), 21, 25),
        ((2, 4, 8), 15, 29),
    ],
)
def test_the_holes_that_dilation_leaves(rates, reached, span):
    field = receptive_field(Dilated(*rates), (61, 75)).output
    assert field.size == (span, span)
    assert field.cells(30, 37).sum() == reached**2
    assert field.coverage == pytest.approx((reached / span) ** 2)
    assert field.uniform


class Misaligned(nn.Module):
    """Araujo et al. 2019, "Unaligned": two paths whose fields have their centres elsewhere."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(1, 1, 5, stride=2, padding=2)
        self.two = nn.Sequential(
            nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.Conv2d(1, 1, 3, padding=0)
        )

    def forward(self, x):
        one, two = self.one(x), self.two(x)
        return one[:, :, : two.shape[2], : two.shape[3]] + two


def test_misaligned_branches_have_a_field_that_holds_both():
    field = receptive_field(Misaligned(), (21, 25)).output
    # on an axis: the one from 2 j - 2 to 2 j + 2, the other from 2 j - 1 to 2 j + 5
    assert field.size == field.union_size == (8, 8)
    assert field.box(3, 4) == (4, 6, 12, 14)
    # yet a corner of that box is in neither branch
    cells = field.cells(3, 4)
    assert not cells[4, 13] and not cells[11, 6] and cells[4, 6] and cells[11, 13]
    assert cells.sum() == 5 * 5 + 7 * 7 - 4 * 4
    assert field.uniform


class UnequalBranches(nn.Module):
    """Every other output of an enlarged map lies nearer to the one neighbour."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 1, 3, stride=2, padding=1)

    def forward(self, x):
        up = nn.functional.interpolate(self.down(x), scale_factor=2, mode="nearest")
        return x + up


def test_where_the_field_differs_from_unit_to_unit_its_range_is_told():
    field = receptive_field(UnequalBranches(), (20, 24)).output
    # unit 2 j sees 2 j - 1 to 2 j + 1, unit 2 j + 1 the same and itself, which is within
    assert field.size_range == ((3, 3), (3, 3))
    assert field.stride == (1, 1)
    assert not field.uniform
    assert field.union_size == (4, 4)  # moved on by 1 at a time: from j - 2 to j + 1
    assert field.box(4, 5) == (3, 3, 6, 6)


def test_a_transposed_convolution_has_fields_of_different_sizes():
    field = receptive_field(nn.ConvTranspose2d(1, 1, 3, stride=2), (9, 11)).output
    # even outputs see two cells, odd ones one (but for the first and the last, at the border)
    assert field.size_range == ((1, 2), (1, 2))
    assert field.box(4, 5) == (1, 2, 3, 3)
    assert field.box(0, 0) == (-1, -1, 1, 1) and field.box(0, 0, clipped=True) == (0, 0, 1, 1)
    assert field.stride == (0.5, 0.5)
    assert not field.uniform
