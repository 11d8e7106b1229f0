"""A classifier, and the fully convolutional network with its weights."""

import pytest
import torch
from model_contract import shake
from torch import nn
from torchvision.models import alexnet, mobilenet_v3_small, resnet18, vgg11_bn

from segviz.models import Classifier, classifier_to_fcn


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    network = Classifier(5, (4, 6, 8), in_channels=2, depths=(1, 2, 1), input_size=27, hidden=7)
    return shake(network).eval()


def test_on_its_own_size_the_score_map_is_the_classifiers_answer(classifier):
    network = classifier_to_fcn(classifier)
    images = torch.randn(3, 2, 27, 27)
    scores = network(images)
    assert scores.shape == (3, 5, 1, 1)
    torch.testing.assert_close(scores[:, :, 0, 0], classifier(images), rtol=0, atol=1e-5)


def test_on_a_larger_image_it_answers_for_every_window(classifier):
    """Against the features' windows cut out one by one and given to the linear layers."""
    network = classifier_to_fcn(classifier)
    images = torch.randn(2, 2, 43, 56)
    scores, maps = network(images), classifier.features(images)
    assert maps.shape[-2:] == (6, 7) and scores.shape == (2, 5, 3, 4)
    for row in range(3):
        for column in range(4):
            window = maps[:, :, row : row + 4, column : column + 4]
            expected = classifier.classifier(window)
            torch.testing.assert_close(scores[:, :, row, column], expected, rtol=0, atol=1e-5)


def test_alexnet_on_its_own_size_and_larger():
    torch.manual_seed(0)
    theirs = alexnet(num_classes=11).eval()
    ours = classifier_to_fcn(theirs)
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(images)[:, :, 0, 0], theirs(images), rtol=0, atol=1e-5)
        assert ours(torch.randn(1, 3, 224 + 32, 224 + 2 * 32)).shape == (1, 11, 2, 3)


def test_a_network_that_averages_its_map():
    torch.manual_seed(0)
    theirs = shake(mobilenet_v3_small(num_classes=11)).eval()
    ours = classifier_to_fcn(theirs, 64)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images)[:, :, 0, 0], theirs(images), rtol=1e-4, atol=1e-4)
        assert ours(torch.randn(1, 3, 96, 128)).shape == (1, 11, 2, 3)


def test_vgg_has_the_same_parameters():
    with torch.device("meta"):
        theirs = vgg11_bn()
        ours = classifier_to_fcn(theirs)
        assert ours(torch.empty(1, 3, 320, 384)).shape == (1, 1000, 4, 6)
    numbers = [p.numel() for p in theirs.parameters()]
    assert [p.numel() for p in ours.parameters()] == numbers


def test_the_classifier_stays_as_it_is(classifier):
    network = classifier_to_fcn(classifier)
    before = [p.clone() for p in classifier.parameters()]
    nn.utils.parameters_to_vector(network.parameters())
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    assert all(map(torch.equal, before, classifier.parameters()))
    assert not network.training and classifier_to_fcn(classifier.train()).training


def test_a_larger_image_is_not_for_the_classifier(classifier):
    with pytest.raises(ValueError, match="27x27 pixels, and was given 27x28"):
        classifier(torch.zeros(1, 2, 27, 28))


def test_a_smaller_image_is_not_for_the_score_map(classifier):
    with pytest.raises(ValueError, match="26x40 pixels is smaller than the 27x27"):
        classifier_to_fcn(classifier)(torch.zeros(1, 2, 26, 40))


class Unknown(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.features = nn.Conv2d(3, 2, 1)
        self.classifier = nn.Sequential(*layers)


@pytest.mark.parametrize(
    ("model", "arguments", "sentence"),
    [
        (resnet18, (), "A ResNet has no features and classifier"),
        (alexnet, (350,), "a map of 9x9 cells. Give as input_size="),
        (alexnet, (20,), "cannot be computed for images of 20x20"),
        (alexnet, ((224, 0),), "input_size=.*1 or more"),
        (lambda: Unknown(nn.Linear(8, 5)), (3,), "takes 8 numbers, .* 2 channels, 3x3 cells"),
        (lambda: Unknown(nn.Linear(8, 5), nn.BatchNorm1d(5)), (2,), "a BatchNorm1d, of which"),
        (lambda: Classifier(2, hidden=0), (), "hidden=0"),
        (lambda: Classifier(2, (4, 6), depths=(1,)), (), "depths="),
    ],
)
def test_what_cannot_be_converted_is_refused_in_a_sentence(model, arguments, sentence):
    with torch.device("meta"), pytest.raises(ValueError, match=sentence):
        classifier_to_fcn(model(), *arguments)
