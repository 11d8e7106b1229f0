"""FCN: the paper's counts, VGG's weights, what starts at zero and what starts bilinear."""

from itertools import pairwise

import pytest
import torch
from model_contract import ModelContract, count, shake
from torch import nn
from torch.nn import functional as F
from torchvision.models import vgg16
from torchvision.models.vgg import cfgs, make_layers

from segviz.models import FCN, Classifier, bilinear_deconvolution, conv_relu
from segviz.models.fcn import _copy_vgg

SMALL = {"widths": (4, 6, 8), "depths": (1, 2, 1), "head_width": 7}


class TestFCN2s(ModelContract):
    alone_too_small = (8, 3)

    def build(self, num_classes, in_channels=3):
        return FCN(num_classes, in_channels=in_channels, stride=2, **SMALL)


class TestFCN8s(ModelContract):
    """No skip at all, as in FCN-32s, no batch norm and a wide window, as in the paper's."""

    def build(self, num_classes, in_channels=3):
        return FCN(
            num_classes,
            in_channels=in_channels,
            stride=8,
            convolution=conv_relu,
            head_size=5,
            **SMALL,
        )


def test_the_paper_networks_have_the_papers_parameters_and_sizes():
    with torch.device("meta"):
        for stride, parameters in ((32, 136_152_917), (16, 134_815_994), (8, 134_489_759)):
            network = FCN.paper(21, stride)
            assert count(network) == parameters
            assert network(torch.empty(2, 3, 37, 353)).shape == (2, 21, 37, 353)
            maps = network.encode(torch.empty(1, 3, 96, 320))
            assert [tuple(m.shape[1:]) for m in maps] == [
                (64, 48, 160),
                (128, 24, 80),
                (256, 12, 40),
                (512, 6, 20),
                (512, 3, 10),
                (4096, 3, 10),
            ]


def test_the_paper_networks_backbone_is_vgg16s():
    """Layer by layer of one shape with torchvision's, fully connected ones flattened."""
    with torch.device("meta"):
        theirs, ours = vgg16(), FCN.paper(21)
    shapes = [p.shape for p in ours.backbone.parameters()]
    given = [p.shape for p in theirs.parameters()][:-2]  # not the thousand classes
    assert [(s[0], s.numel()) for s in shapes] == [(s[0], s.numel()) for s in given]


def test_with_a_vggs_weights_the_maps_are_the_vggs():
    """A VGG of torchvision, narrower, with the paper's head over a map of 2x3 cells."""
    torch.manual_seed(0)
    vgg = nn.Module()
    vgg.features = features = make_layers([4, 4, "M", 6, "M", 8, 8, "M"], batch_norm=False)
    vgg.classifier = classifier = nn.Sequential(
        nn.Linear(8 * 3 * 3, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 9)
    )
    shake(vgg)
    network = FCN(
        5,
        (4, 6, 8),
        depths=(2, 1, 2),
        head_width=10,
        head_size=3,
        convolution=conv_relu,
        stride=4,
    ).eval()
    _copy_vgg(vgg, network.backbone)
    images = torch.randn(2, 3, 24, 40)
    maps = network.encode(images)
    torch.testing.assert_close(maps[2], features(images))
    torch.testing.assert_close(maps[1], features[:8](images))
    # The head's answer over each 3x3 cells of the map, cut out by hand.
    windows = F.unfold(features(images), kernel_size=3)  # (2, 8 * 9, 1 * 3)
    expected = classifier[:4](windows.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(maps[3][:, :, 1:-1, 1:-1].flatten(2), expected)


def test_the_layers_of_vgg16_are_those_of_its_table():
    convolutions = [m for m in make_layers(cfgs["D"]) if isinstance(m, nn.Conv2d)]
    with torch.device("meta"):
        ours = [m for m in FCN.paper(21).backbone[:5].modules() if isinstance(m, nn.Conv2d)]
    assert [(m.in_channels, m.out_channels) for m in ours] == [
        (m.in_channels, m.out_channels) for m in convolutions
    ]


def test_the_courses_network_is_small():
    widths = [3, 8, 16, 32, 32, 64, 64, 96, 96]  # of the stages' eight convolutions
    backbone = sum(9 * i * o + 2 * o for i, o in pairwise(widths))
    head = 9 * 96 * 128 + 128 * 128 + 2 * 2 * 128
    scores = (128 + 1) * 6 + (64 + 1) * 6 + (32 + 1) * 6
    ups = 6 * 6 * (4**2 + 4**2 + 16**2)
    assert count(FCN(6)) == backbone + head + scores + ups < 400_000


@pytest.mark.parametrize(
    ("depths", "in_stages"),
    [(None, [1, 1, 2, 2, 2, 2]), (3, [3] * 6), ((1, 2, 3, 1, 2, 3), [1, 2, 3, 1, 2, 3])],
)
def test_depths_are_the_convolutions_of_the_stages(depths, in_stages):
    network = FCN(5, (4, 5, 6, 7, 8, 9), depths=depths, stride=64)
    convolutions = [
        sum(isinstance(m, nn.Conv2d) for m in stage.modules()) for stage in network.backbone[:-1]
    ]
    assert convolutions == in_stages


def test_an_untrained_network_says_nothing():
    for stride in (2, 4, 8):
        assert not FCN(5, stride=stride, **SMALL).eval()(torch.randn(2, 3, 21, 34)).any()


def test_a_skip_that_is_added_changes_nothing_at_first():
    """The weights of FCN-32s in FCN-16s and 8s: the same map of scores, enlarged in steps."""
    torch.manual_seed(0)
    coarse = FCN(5, stride=8, **SMALL).eval()
    nn.init.normal_(coarse.score.weight)
    images = torch.randn(1, 3, 64, 96)
    for stride in (4, 2):
        finer = FCN(5, stride=stride, **SMALL).eval()
        missing = finer.load_state_dict(coarse.state_dict() | last_up(finer), strict=False)
        assert {name.split(".")[0] for name in missing.missing_keys} == {"skip_scores", "ups"}
        # Bilinear by 2 and again is a rounder tent than bilinear by 4, at the tips above all.
        away = (finer(images) - coarse(images)).abs().mean() / coarse(images).abs().mean()
        assert away < 0.15


def last_up(network):
    return {f"last_up.{name}": value for name, value in network.last_up.state_dict().items()}


@pytest.mark.parametrize("factor", [2, 8])
def test_a_bilinear_deconvolution_interpolates(factor):
    x = torch.randn(2, 3, 5, 7)
    with torch.no_grad():
        y = bilinear_deconvolution(3, factor)(x)
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert y.shape == expected.shape
    inner = (..., slice(factor // 2, -(factor // 2)), slice(factor // 2, -(factor // 2)))
    torch.testing.assert_close(y[inner], expected[inner])


def test_forward_is_scores_added_and_enlarged():
    network = TestFCN2s().shaken().eval()
    images = torch.randn(2, 3, 37, 53)
    first, second, _, head = network.encode(images)
    up = [layer.weight for layer in (*network.ups, network.last_up)]
    x = network.score(head)  # 5 x 7
    x = F.conv_transpose2d(x, up[0], stride=2, padding=1) + network.skip_scores[0](second)
    x = F.conv_transpose2d(x, up[1], stride=2, padding=1)[..., :19, :27]
    x = F.conv_transpose2d(x + network.skip_scores[1](first), up[2], stride=2, padding=1)
    torch.testing.assert_close(network(images), x[..., :37, :53])


@pytest.mark.parametrize("size", [(37, 53), (33, 49)])  # enlarged to 40x56, and cut
def test_scores_lie_over_what_they_judge(size):
    """Layers that change nothing, so that the scores are the image, pooled and enlarged."""
    network = FCN(
        1,
        (1, 1, 1),
        in_channels=1,
        stride=8,
        depths=(1, 1, 1),
        head_width=1,
        head_size=1,
        convolution=conv_relu,
    )
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight)
            nn.init.zeros_(layer.bias)
    image = torch.zeros(1, 1, *size)
    image[..., 16:24, 24:32] = 1  # one cell of the coarsest map
    with torch.no_grad():
        scores = network(image)[0, 0]
    rows, columns = (torch.arange(length) + 0.5 for length in size)
    assert scores.sum(1) @ rows / scores.sum() == pytest.approx(20)
    assert scores.sum(0) @ columns / scores.sum() == pytest.approx(28)


def test_a_classifiers_stages_can_be_handed_on():
    classifier, network = Classifier(6), FCN(5)
    shake(classifier)
    network.backbone[:5].load_state_dict(classifier.features.state_dict())
    images = torch.randn(2, 3, 64, 64)
    expected = classifier.eval().features(images)
    assert torch.equal(network.eval().encode(images)[4], expected)


def test_dropout_is_the_papers_and_only_in_training():
    with torch.device("meta"):
        rates = [m.p for m in FCN.paper(21).modules() if isinstance(m, nn.Dropout)]
    assert rates == [0.5, 0.5]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: FCN(2, stride=64), "32, 16, 8, 4 or 2"),
        (lambda: FCN(2, stride=1), "32, 16, 8, 4 or 2"),
        (lambda: FCN(2, (4, 6), depths="ab"), "depths='ab'"),
        (lambda: FCN(2, (4, 6), depths=(1,)), "depths=.*2 whole numbers"),
        (lambda: FCN(2, (4,), depths=(1,)), "widths=.*2 whole numbers"),
        (lambda: FCN(2, 16), "widths=16"),
        (lambda: FCN(2, head_width=0), "head_width=0"),
        (lambda: FCN.paper(2, stride=4), "32, 16 or 8"),
        (lambda: FCN.paper(2, weights="coco"), "None or 'imagenet'"),
    ],
)
def test_impossible_networks_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
