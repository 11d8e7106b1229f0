"""DeepLabv3+: the paper's counts, torchvision's parts with the same weights, ASPP and rates."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from model_contract import ModelContract, count, shake
from torch import nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2, resnet50
from torchvision.models.segmentation import deeplabv3_resnet50
from torchvision.ops import Conv2dNormActivation

from segviz.models import (
    ASPP,
    AtrousBackbone,
    DeepLabV3Plus,
    ImagePooling,
    MobileNetV2,
    ResNet50,
    atrous_conv,
    separable_conv,
)


class TestDeepLab(ModelContract):
    alone_too_small = (8, 5)

    def build(self, num_classes, in_channels=3):
        backbone = AtrousBackbone((4, 6, 8, 10, 12), in_channels)
        return DeepLabV3Plus(
            num_classes, backbone, aspp_channels=8, reduced_channels=3, decoder_channels=6
        )


class TestSeparableDeepLab(ModelContract):
    alone_too_small = (4, 3)

    def build(self, num_classes, in_channels=3):
        rates = ((1,), (2, 1), (2,))
        backbone = AtrousBackbone((4, 6, 8), in_channels, output_stride=4, rates=rates)
        return DeepLabV3Plus(
            num_classes, backbone, rates=(3,), aspp_channels=5, decoder_channels=6, separable=True
        )


@pytest.fixture(scope="module")
def torchvisions():
    """torchvision's DeepLabv3, output stride 8, rates 12, 24, 36."""
    torch.manual_seed(0)
    network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=21)
    return shake(network).eval().double()


def carry_over(source, target):
    """Weights and statistics, in the order in which the modules hold them."""
    values = list(source.state_dict().values())
    names = target.state_dict()
    assert [v.shape for v in values] == [v.shape for v in names.values()]
    target.load_state_dict(dict(zip(names, values, strict=True)))


def dense_head(fine, coarse, classes, reduced, aspp, decoder):
    """Weights behind a backbone with these channels, written out from the paper's figure 2:
    convolutions without bias, two numbers of batch norm for each of their channels."""
    branches = 2 * coarse * aspp + 3 * 9 * coarse * aspp + 5 * aspp * aspp + 6 * 2 * aspp
    first, second = 9 * (aspp + reduced) * decoder, 9 * decoder * decoder
    refined = fine * reduced + 2 * reduced + first + second + 2 * 2 * decoder
    return branches + refined + decoder * classes + classes


PAPER = {"classes": 21, "reduced": 48, "aspp": 256, "decoder": 256}


def test_the_paper_networks_have_the_papers_parameters():
    with torch.device("meta"):
        resnet, mobilenet = count(resnet50()), count(mobilenet_v2().features[:18])
        classifier = 2048 * 1000 + 1000
        for output_stride in (16, 8):
            dense = count(DeepLabV3Plus.paper(21, output_stride=output_stride))
            assert dense == 40_352_181 == resnet - classifier + dense_head(256, 2048, **PAPER)
        small = count(DeepLabV3Plus.paper(21, "mobilenet_v2"))
        assert small == mobilenet + dense_head(24, 320, **PAPER)

        # Separable: 9 weights for each input channel, and a batch norm more, in 3 + 2 places.
        saved = sum(
            9 * channels * 256 - (9 * channels + channels * 256 + 2 * channels)
            for channels in (2048, 2048, 2048, 256 + 48, 256)
        )
        assert count(DeepLabV3Plus.paper(21, separable=True)) == 40_352_181 - saved


@pytest.mark.parametrize("backbone", ["resnet50", "mobilenet_v2"])
@pytest.mark.parametrize(("output_stride", "rates"), [(16, (6, 12, 18)), (8, (12, 24, 36))])
def test_the_paper_networks_look_at_the_output_stride(backbone, output_stride, rates):
    with torch.device("meta"):
        network = DeepLabV3Plus.paper(19, backbone, output_stride, separable=True)
        images = torch.empty(2, 3, 129, 193)
        low_level, x = network.backbone(images)
        assert low_level.shape[-2:] == (33, 49)
        assert x.shape[-2:] == (128 // output_stride + 1, 192 // output_stride + 1)
        assert network(images).shape == (2, 19, 129, 193)
    atrous = [m.dilation[0] for m in network.aspp.modules() if isinstance(m, nn.Conv2d)]
    assert tuple(rate for rate in atrous if rate > 1) == rates == network.aspp.rates


def test_aspp_is_torchvisions_with_the_same_weights(torchvisions):
    theirs = torchvisions.classifier[0]
    ours = ASPP(2048, 256, (12, 24, 36)).eval().double()
    carry_over(theirs, ours)
    x = torch.randn(2, 2048, 9, 14, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


def test_the_paper_network_is_the_one_made_of_torchvisions_parts(torchvisions):
    """Backbone and ASPP are torchvision's own; the decoder is written out from its blocks."""
    torch.manual_seed(1)
    network = DeepLabV3Plus.paper(21, output_stride=8).eval().double()
    backbone, aspp = torchvisions.backbone, torchvisions.classifier[0]
    carry_over(backbone, network.backbone)
    carry_over(aspp, network.aspp)
    shake(network.decoder)
    reduce = Conv2dNormActivation(256, 48, 1)
    refine = nn.Sequential(Conv2dNormActivation(304, 256), Conv2dNormActivation(256, 256))
    head = nn.Conv2d(256, 21, 1)
    for source, target in (
        (network.decoder.reduce, reduce),
        (network.decoder.refine, refine),
        (network.head, head),
    ):
        carry_over(source, target.eval().double())

    images = torch.randn(2, 3, 65, 97, dtype=torch.float64)
    with torch.no_grad():
        stem = backbone.maxpool(backbone.relu(backbone.bn1(backbone.conv1(images))))
        low_level = backbone.layer1(stem)
        x = aspp(backbone.layer4(backbone.layer3(backbone.layer2(low_level))))
        x = F.interpolate(x, low_level.shape[-2:], mode="bilinear", align_corners=False)
        x = head(refine(torch.cat([x, reduce(low_level)], dim=1)))
        x = F.interpolate(x, (65, 97), mode="bilinear", align_corners=False)
        torch.testing.assert_close(network(images), x)


@pytest.mark.parametrize("build", [ResNet50, MobileNetV2])
def test_dilation_stands_in_for_the_strides_that_are_left_out(build):
    """With the same weights, every second (fourth) cell of the finer map is the coarser map."""
    torch.manual_seed(0)
    as_made = shake(build(output_stride=32)).eval().double()
    images = torch.randn(1, 3, 75, 101, dtype=torch.float64)
    with torch.no_grad():
        low_level, coarse = as_made(images)
        for output_stride in (16, 8):
            network = build(output_stride).eval().double()
            network.load_state_dict(as_made.state_dict())
            step = 32 // output_stride
            finer_low_level, finer = network(images)
            torch.testing.assert_close(finer[:, :, ::step, ::step], coarse)
            torch.testing.assert_close(finer_low_level, low_level)


def test_the_mobilenet_is_torchvisions():
    torch.manual_seed(0)
    theirs = shake(mobilenet_v2().features[:18]).eval()
    ours = MobileNetV2(output_stride=32).eval()
    carry_over(theirs, ours)
    images = torch.randn(1, 3, 65, 97)
    with torch.no_grad():
        torch.testing.assert_close(ours(images)[1], theirs(images))


def test_the_courses_backbone_stops_at_its_output_stride():
    for output_stride, size in ((1, (37, 53)), (4, (10, 14)), (16, (3, 4))):
        network = AtrousBackbone(output_stride=output_stride)
        low_level, x = network(torch.randn(2, 3, 37, 53))
        assert x.shape == (2, 96, *size)
        assert low_level.shape == (2, 16, *((37, 53) if output_stride == 1 else (19, 27)))


def test_the_courses_backbone_has_a_convolution_for_each_rate():
    network = AtrousBackbone((4, 6), output_stride=2, rates=((1, 3), (5, 2, 4)))
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [c.dilation[0] for c in convolutions] == [1, 3, 5, 2, 4]
    assert [c.out_channels for c in convolutions] == [4, 4, 6, 6, 6]


def test_the_courses_network_is_small():
    widths = [3, 8, 16, 32, 32, 64, 64, 96, 96]  # of the eight convolutions
    backbone = sum(9 * i * o + 2 * o for i, o in pairwise(widths))
    head = dense_head(16, 96, classes=6, reduced=16, aspp=32, decoder=24)
    assert count(DeepLabV3Plus(6)) == backbone + head < 500_000


@pytest.mark.parametrize("convolution", [atrous_conv, separable_conv])
def test_an_atrous_convolution_takes_every_rate_th_cell(convolution):
    """A gradient at one cell lands on nine, `rate` apart."""
    block = convolution(2, 3, 4).eval()
    x = torch.randn(1, 2, 13, 15, requires_grad=True)
    block[:2](x)[0, :, 6, 7].sum().backward()  # the first convolution, before any ReLU
    rows, columns = x.grad.abs().sum(dim=(0, 1)).nonzero().T
    assert sorted(set(rows.tolist())) == [2, 6, 10]
    assert sorted(set(columns.tolist())) == [3, 7, 11]
    assert len(rows) == 9


def test_aspp_without_image_pooling_sees_only_its_taps():
    torch.manual_seed(0)
    aspp = shake(ASPP(2, 3, (2, 5), image_pooling=False)).eval()
    seen = {True: set(), False: set()}
    for is_pooled in seen:
        network = shake(ASPP(2, 3, (2, 5), image_pooling=is_pooled)).eval() if is_pooled else aspp
        x = torch.randn(1, 2, 15, 17, requires_grad=True)
        network(x)[0, :, 7, 8].sum().backward()
        seen[is_pooled] = set(map(tuple, x.grad.abs().sum(dim=(0, 1)).nonzero().tolist()))
    taps = {(7 + rate * i, 8 + rate * j) for rate in (2, 5) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert seen[False] <= taps and len(seen[False]) > 9
    assert len(seen[True]) == 15 * 17


def test_image_pooling_is_the_mean_convolved_at_every_place():
    pooling = shake(ImagePooling(4, 3)).eval()
    _, convolution, norm, _ = pooling
    x = torch.randn(2, 4, 5, 7)
    mean = torch.einsum("nchw,oc->no", x / 35, convolution.weight[:, :, 0, 0])
    mean = (mean - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    expected = (mean * norm.weight + norm.bias).clamp(min=0)
    with torch.no_grad():
        torch.testing.assert_close(pooling(x), expected[:, :, None, None].expand(-1, -1, 5, 7))


def test_a_single_image_is_pooled_in_training_as_in_evaluation():
    pooling = shake(ImagePooling(4, 3))
    before = {name: value.clone() for name, value in pooling.state_dict().items()}
    image = torch.randn(1, 4, 5, 7, requires_grad=True)
    answer = pooling.train()(image)
    assert torch.equal(answer, pooling.eval()(image))
    assert all(torch.equal(before[name], value) for name, value in pooling.state_dict().items())
    answer.sum().backward()
    assert image.grad.any() and all(p.grad is not None for p in pooling.parameters())


def test_two_images_are_pooled_in_training_as_torch_does():
    pooling = shake(ImagePooling(4, 3)).train()
    theirs = nn.Sequential(nn.AdaptiveAvgPool2d(1), pooling[1], nn.BatchNorm2d(3), nn.ReLU())
    theirs[2].load_state_dict(pooling[2].state_dict())
    images = torch.randn(2, 4, 5, 7)
    torch.testing.assert_close(pooling(images), theirs(images).expand(-1, -1, 5, 7))
    torch.testing.assert_close(pooling[2].state_dict(), theirs[2].state_dict())


def test_only_the_decoder_brings_the_fine_map_in():
    network = TestDeepLab().shaken().eval()
    low_level, x = network.backbone(torch.randn(2, 3, 32, 48))  # two images
    x = network.aspp(x[:1]).expand(2, -1, -1, -1)  # of which the coarse map is the same
    first, second = network.decoder(x, low_level)
    assert not torch.equal(first, second)
    nn.init.zeros_(network.decoder.reduce[0].weight)
    first, second = network.decoder(x, low_level)
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("build", "fitting"),
    [
        (partial(DeepLabV3Plus.paper, 2, "mobilenet_v2", 8, rates=(6, 12, 18)), "(12, 24, 36)"),
        (partial(DeepLabV3Plus.paper, 2, "mobilenet_v2", 16, rates=(12, 24, 36)), "(6, 12, 18)"),
        (partial(DeepLabV3Plus, 2, rates=(6, 12, 18)), "(12, 24, 36)"),
        (partial(DeepLabV3Plus, 2, AtrousBackbone(output_stride=4)), "(4, 8, 16)"),
    ],
)
def test_rates_of_another_output_stride_are_warned_of(build, fitting):
    with torch.device("meta"), pytest.warns(UserWarning) as warned:
        build()
    (warning,) = warned
    assert f"Give rates={fitting}" in str(warning.message)
    assert warning.filename.endswith(("deeplab.py", "test_deeplab.py"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rates", [(1, 1, 1), (2, 4, 8), (12, 24, 36), (3,)])
def test_other_rates_are_nobodys_business(rates):
    DeepLabV3Plus(2, rates=rates)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: DeepLabV3Plus(2, rates=()), "rates=.*1 or more"),
        (lambda: DeepLabV3Plus(2, rates=(2, 0)), "rates=.*1 or more"),
        (lambda: DeepLabV3Plus(2, rates=6), "rates=6.*1 or more"),
        (lambda: DeepLabV3Plus(2, aspp_channels=0), "aspp_channels=0"),
        (lambda: DeepLabV3Plus(2, (16, 24, 48)), r"AtrousBackbone\(widths="),
        (lambda: DeepLabV3Plus(2, nn.Conv2d(3, 4, 1)), "low_level_channels"),
        (lambda: DeepLabV3Plus.paper(2, "resnet18"), "'resnet50' or 'mobilenet_v2'"),
        (lambda: DeepLabV3Plus.paper(2, output_stride=32), "16 or 8"),
        (lambda: DeepLabV3Plus.paper(2, weights="coco"), "None or 'imagenet'"),
        (lambda: ResNet50(output_stride=4), "32, 16 or 8"),
        (lambda: MobileNetV2(output_stride=4), "32, 16 or 8"),
        (lambda: AtrousBackbone((4,)), "widths=.*2 whole numbers"),
        (lambda: AtrousBackbone((4, 0), rates=((1,), (1,))), "widths=.*1 or more"),
        (lambda: AtrousBackbone((4, 6)), "2 widths need the rates of 2 stages"),
        (lambda: AtrousBackbone((4, 6), rates=((1,), ())), "rates of a stage"),
        (lambda: AtrousBackbone((4, 6), rates=(1, 1)), "rates of a stage=1"),
        (lambda: AtrousBackbone(output_stride=32), "1, 2, 4, 8 or 16"),
    ],
)
def test_impossible_networks_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
