"""The networks beside those of other libraries, with the same weights.

Where a library builds a network otherwise, the test says where, and undoes it on one side:

- segmentation_models_pytorch's DeepLabV3Plus (version 0.6): a convolution whose stride is left out
  is dilated itself already (torchvision and the course dilate from the next one on); between the
  two steps of a separable convolution there is no batch norm and no ReLU; ASPP is followed by one
  convolution more and the decoder has one less; enlarging aligns corners; on a MobileNetV2, ASPP
  is handed the 1280 channels made for classification, not the 320 before them.
- its Unet has a ResNet for an encoder, enlarges by nearest neighbours, and has no bridge: no layer
  of the course's lies at its place, so there is nothing to carry over.
- MONAI's BasicUNet halves the channels when it enlarges, but not at the last level, and continues
  odd sizes by their last row where the course has zeros.
- No installed library has a SegNet; it is written out from torch's layers.
"""

import pytest
import torch
from model_contract import shake
from test_deeplab import carry_over
from torch import nn
from torchvision.models.vgg import cfgs

from segviz.models import ASPP, DeepLabV3Plus, MobileNetV2, ResNet50, SegNet, UNet, separable_conv

DOUBLE = torch.float64


@pytest.fixture(scope="module")
def smp():
    return pytest.importorskip("segmentation_models_pytorch")


@pytest.fixture(autouse=True)
def seeds():
    torch.manual_seed(0)


def images_of(*shape):
    return torch.randn(*shape, dtype=DOUBLE)


def dilate_from_the_next_on(encoder, output_stride):
    """The first 3x3 convolution of each stage at the rate of the stage before it."""
    rate = 1
    for stride, stage in encoder.get_stages().items():
        if stride <= output_stride:
            continue
        layers = (layer for part in stage for layer in part.modules())
        first = next(m for m in layers if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3))
        assert first.dilation == (2 * rate, 2 * rate)
        first.dilation = first.padding = (rate, rate)
        rate *= 2


@pytest.mark.parametrize("output_stride", [16, 8])
@pytest.mark.parametrize(
    ("name", "build", "layers"), [("resnet50", ResNet50, None), ("mobilenet_v2", MobileNetV2, 18)]
)
def test_backbones_are_those_of_segmentation_models(smp, name, build, layers, output_stride):
    encoder = smp.encoders.get_encoder(name, weights=None, output_stride=output_stride)
    if layers is not None:  # not the layer that makes 1280 channels of 320
        encoder.features = encoder.features[:layers]
        encoder._out_indexes[-1] = layers - 1
    theirs, ours = shake(encoder).eval().double(), build(output_stride).eval().double()
    carry_over(theirs, ours)
    images = images_of(1, 3, 65, 97)
    with torch.no_grad():
        fine, coarse = ours(images)
        assert not torch.allclose(theirs(images)[-1], coarse)
        dilate_from_the_next_on(theirs, output_stride)
        features = theirs(images)
    torch.testing.assert_close(fine, features[2])  # at stride 4
    torch.testing.assert_close(coarse, features[-1])


def as_separable_as_theirs(network):
    """Without the batch norm and the ReLU between depthwise and pointwise convolutions."""
    for parent in network.modules():
        for name, child in parent.named_children():
            layers = list(child) if isinstance(child, nn.Sequential) else []
            if layers and isinstance(layers[0], nn.Conv2d) and layers[0].groups > 1:
                setattr(parent, name, nn.Sequential(layers[0], *layers[3:]))
    return network


@pytest.mark.parametrize("is_separable", [False, True], ids=["dense", "separable"])
def test_aspp_is_that_of_segmentation_models(smp, is_separable):
    from segmentation_models_pytorch.decoders.deeplabv3 import decoder

    rates = (2, 4, 7)
    theirs = decoder.ASPP(12, 8, rates, separable=is_separable, dropout=0.5)
    theirs = shake(theirs).eval().double()
    convolution = {"convolution": separable_conv} if is_separable else {}
    ours = as_separable_as_theirs(ASPP(12, 8, rates, **convolution)).eval().double()
    carry_over(theirs, ours)
    x = images_of(2, 12, 17, 23)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


def test_the_logits_are_those_of_segmentation_models_deeplab(smp):
    theirs = smp.DeepLabV3Plus(
        "resnet50",
        encoder_weights=None,
        encoder_output_stride=16,
        decoder_atrous_rates=(6, 12, 18),
        classes=21,
    )
    shake(theirs).eval().double()
    images = images_of(2, 3, 64, 96)
    with torch.no_grad():
        as_they_have_it = theirs(images)
    dilate_from_the_next_on(theirs.encoder, 16)
    theirs.decoder.aspp = theirs.decoder.aspp[:1]
    for part, name in ((theirs.decoder, "up"), (theirs.segmentation_head, "1")):
        assert getattr(part, name).align_corners
        setattr(part, name, nn.Upsample(scale_factor=4, mode="bilinear"))

    ours = as_separable_as_theirs(DeepLabV3Plus.paper(21, separable=True))
    ours.decoder.refine = ours.decoder.refine[:1]
    ours.eval().double()
    carry_over(theirs, ours)
    with torch.no_grad():
        logits = ours(images)
        torch.testing.assert_close(logits, theirs(images))
    assert not torch.allclose(logits, as_they_have_it, rtol=0.1)


def test_the_logits_are_those_of_monais_unet():
    """Widths at which halving the channels, and not doing so at the last level, are the same."""
    nets = pytest.importorskip("monai.networks.nets")
    widths = (6, 6, 12, 24, 48)
    theirs = nets.BasicUNet(
        spatial_dims=2,
        in_channels=3,
        out_channels=5,
        features=(*widths, widths[0]),
        act="relu",
        norm="batch",
        bias=False,
    )
    theirs, ours = shake(theirs).eval().double(), UNet(5, widths).eval().double()
    carry_over(theirs, ours)
    with torch.no_grad():
        images = images_of(2, 3, 48, 80)
        torch.testing.assert_close(ours(images), theirs(images))
        images = images_of(2, 3, 49, 83)  # odd at levels below too: only the padding differs
        logits, expected = ours(images), theirs(images)
    assert logits.shape == expected.shape
    near = (..., slice(0, 16), slice(0, 16))  # the far corner from the padded rows and columns
    assert not torch.allclose(logits, expected)
    assert (logits - expected)[near].abs().max() < (logits - expected).abs().max() / 10


class WrittenOut(nn.Module):
    """SegNet from figure 2 and table 3 of its paper: VGG-16's convolutions, there and back."""

    def __init__(self, num_classes):
        super().__init__()
        there = [3, *(width for width in cfgs["D"] if width != "M")]
        self.there = nn.ModuleList(map(self.layer, there, there[1:]))
        back = there[::-1]
        self.back = nn.ModuleList(map(self.layer, back[:-2], back[1:-1]))
        self.scores = nn.Conv2d(64, num_classes, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    @staticmethod
    def layer(in_channels, out_channels):
        convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())

    def forward(self, x):
        remembered, layers = [], iter(self.there)
        for width in cfgs["D"]:
            if width != "M":
                x = next(layers)(x)
            else:
                size = x.shape
                x, indices = self.pool(x)
                remembered.append((indices, size))
        layers = iter(self.back)
        for count in (3, 3, 3, 2, 1):  # and the scores are the last of the finest level
            indices, size = remembered.pop()
            x = self.unpool(x, indices, output_size=size)
            for _ in range(count):
                x = next(layers)(x)
        return self.scores(x)


def test_segnet_of_the_paper_is_the_one_written_out_from_torchs_layers():
    theirs, ours = shake(WrittenOut(11)).eval().double(), SegNet.paper(11).eval().double()
    carry_over(theirs, ours)
    images = images_of(1, 3, 45, 70)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))
