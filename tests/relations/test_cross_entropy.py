"""Softmax, cross-entropy and its gradient in NumPy, against torch and its autograd."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import (
    cross_entropy_gradient,
    exponentials,
    log_softmax,
    mean_over_labelled,
    pixel_cross_entropy,
    pixel_weights,
    softmax,
)

VOID = 255


def masks(seed, classes=4, shape=(3, 5)):
    """Random (logits, labels with void, class weights of which one is 0)."""
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, classes, shape)
    labels[dice.random(shape) < 0.3] = VOID
    weights = dice.random(classes) * 3
    weights[dice.integers(classes)] = 0
    return dice.normal(0, 4, (classes, *shape)), labels, weights


def torchs(logits, labels, weights, reduction="mean"):
    logits = torch.tensor(logits, requires_grad=True)
    loss = F.cross_entropy(
        logits[None],
        torch.tensor(labels)[None],
        torch.tensor(weights),
        ignore_index=VOID,
        reduction=reduction,
    )
    return logits, loss


@pytest.mark.parametrize("seed", range(50))
def test_loss_mean_and_gradient_are_torchs(seed):
    logits, labels, weights = masks(seed)
    np.testing.assert_allclose(softmax(logits), torch.tensor(logits).softmax(0), rtol=1e-12)
    each = torchs(logits, labels, np.ones(4), "none")[1][0].detach()
    np.testing.assert_allclose(
        pixel_cross_entropy(logits, labels, VOID), each, rtol=1e-12, atol=1e-14
    )
    leaf, mean = torchs(logits, labels, weights)
    mean.backward()
    of_pixels = pixel_weights(labels, weights, VOID)
    losses = of_pixels * pixel_cross_entropy(logits, labels, VOID)
    ours = mean_over_labelled(losses.sum(), of_pixels.sum())
    assert ours == pytest.approx(mean.item(), rel=1e-12)
    ours = cross_entropy_gradient(logits, labels, weights, VOID)
    np.testing.assert_allclose(ours, leaf.grad, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("label", [VOID, 2], ids=["all ignored", "all of weight 0"])
def test_where_torch_divides_nothing_by_nothing_the_mean_is_zero(label):
    logits, _, _ = masks(0)
    labels, weights = np.full((3, 5), label), np.array([1.0, 2, 0, 1])
    assert math.isnan(torchs(logits, labels, weights)[1].item())
    of_pixels = pixel_weights(labels, weights, VOID)
    assert mean_over_labelled(0.0, of_pixels.sum()) == 0
    assert (cross_entropy_gradient(logits, labels, weights, VOID) == 0).all()


def test_one_pixel_by_hand():
    logits = np.log([1.0, 2.0, 5.0])
    assert exponentials(logits) == pytest.approx([1, 2, 5])
    assert softmax(logits) == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert pixel_cross_entropy(logits, np.array(1), VOID) == pytest.approx(math.log(4))
    gradient = cross_entropy_gradient(logits, np.array(1), np.ones(3), VOID)
    assert gradient == pytest.approx([1 / 8, -6 / 8, 5 / 8])


def test_scores_too_large_for_an_exponential_are_no_trouble():
    logits = np.array([1000.0, 0.0, -1000.0])
    assert softmax(logits).tolist() == [1, 0, 0]
    assert log_softmax(logits).tolist() == [0, -1000, -2000]
    assert pixel_cross_entropy(logits, np.array(2), VOID) == 2000


def test_a_right_answer_beyond_doubt_costs_zero_and_not_minus_zero():
    assert math.copysign(1, pixel_cross_entropy(np.array([800.0, 0]), np.array(0), VOID)) == 1


def test_weights_of_pixels_are_the_same_for_arrays_and_tensors():
    _, labels, weights = masks(3)
    ours = pixel_weights(labels, weights, VOID)
    expected = [[0 if y == VOID else weights[y] for y in row] for row in labels]
    assert ours.tolist() == expected
    tensor = pixel_weights(torch.tensor(labels), torch.tensor(weights), VOID)
    assert tensor.tolist() == expected
