"""Published weights: fetched by torchvision, checked, and fitted to images in -1..1."""

import io
from email.message import Message
from functools import partial
from urllib.error import URLError

import pytest
import torch
from model_contract import shake
from torch import nn
from torchvision.models import MobileNet_V2_Weights, VGG16_Weights, mobilenet_v2
from torchvision.transforms.functional import convert_image_dtype, normalize

from segviz.data import normalise
from segviz.models import FCN, DeepLabV3Plus, MobileNetV2, SegNet
from segviz.models.pretrained import fold_colours

BUILDERS = {
    "deeplab resnet50": partial(DeepLabV3Plus.paper, 5, weights="imagenet"),
    "deeplab mobilenet_v2": partial(DeepLabV3Plus.paper, 5, "mobilenet_v2", weights="imagenet"),
    "fcn vgg16": partial(FCN.paper, 5, weights="imagenet"),
    "segnet vgg16_bn": partial(SegNet.paper, 5, weights="imagenet"),
}


class Response(io.BytesIO):
    """What urlopen returns."""

    def info(self):
        return Message()


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    """An empty store of downloaded files, and no way out to the network."""

    def refuse(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    return tmp_path / "checkpoints"


def as_imagenet(published, pixels):
    """The images that published weights were trained on, by torchvision's own transforms."""
    preset = published.transforms()
    return normalize(convert_image_dtype(pixels), preset.mean, preset.std)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_offline_a_sentence_says_what_can_be_done(build, checkpoints):
    with torch.device("meta"), pytest.raises(ConnectionError) as refusal:
        build()
    sentence = str(refusal.value)
    assert "no route to host" in sentence and "weights=None" in sentence
    assert "https://download.pytorch.org/models/" in sentence and str(checkpoints) in sentence
    assert refusal.value.__suppress_context__, "urllib's errors are not shown"


def test_a_file_with_another_hash_is_not_taken(checkpoints, monkeypatch):
    monkeypatch.setattr(torch.hub, "urlopen", lambda *_, **__: Response(b"not the weights"))
    with pytest.raises(ConnectionError, match="hash is not the published one.*weights=None"):
        MobileNetV2(weights="imagenet")
    assert not list(checkpoints.iterdir())


def test_the_published_weights_are_loaded(checkpoints):
    published = MobileNet_V2_Weights.IMAGENET1K_V1
    theirs = shake(mobilenet_v2()).eval()
    checkpoints.mkdir()
    torch.save(theirs.state_dict(), checkpoints / published.url.rpartition("/")[2])
    ours = MobileNetV2(weights="imagenet").eval()

    values = dict(theirs.features[1:18].named_parameters()).values()
    assert all(map(torch.equal, list(ours.parameters())[3:], values))
    # The first block takes what `normalise` makes, theirs what ImageNet's preset makes.
    pixels = torch.randint(256, (2, 3, 20, 32), dtype=torch.uint8)
    with torch.no_grad():
        expected = theirs.features[0](as_imagenet(published, pixels))
        answer = ours.fine[0](normalise(pixels))
    inner = (..., slice(1, None), slice(1, None))  # padding is grey here and brownish there
    torch.testing.assert_close(answer[inner], expected[inner], rtol=1e-4, atol=1e-4)


def test_colours_are_folded_into_a_bias_too():
    published = VGG16_Weights.IMAGENET1K_V1
    pixels = torch.randint(256, (2, 3, 7, 9), dtype=torch.uint8)
    convolution = nn.Conv2d(3, 4, 3)
    expected = convolution(as_imagenet(published, pixels))
    fold_colours(published, convolution, None)
    torch.testing.assert_close(convolution(normalise(pixels)), expected, rtol=1e-4, atol=1e-4)
