"""The losses, against torch's own where torch has an answer, else against loops over pixels."""

import pytest
import torch
from torch.nn import functional as F

from segviz.training import cross_entropy, cross_entropy_and_dice, dice_loss, focal_loss

WEIGHTS = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.0])


def batch(seed=0):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 5, 4, 7, generator=draw, requires_grad=True)
    masks = torch.randint(0, 5, (2, 4, 7), generator=draw)
    masks[torch.rand(masks.shape, generator=draw) < 0.3] = 255
    return logits, masks


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_it_is_torchs_cross_entropy_and_so_is_its_gradient(weights):
    logits, masks = batch()
    ours = cross_entropy(logits, masks, weights)
    torchs = F.cross_entropy(logits, masks, weights, ignore_index=255)
    torch.testing.assert_close(ours, torchs)
    (our_gradient,) = torch.autograd.grad(ours, logits)
    (torchs_gradient,) = torch.autograd.grad(torchs, logits)
    torch.testing.assert_close(our_gradient, torchs_gradient)


def test_ignored_pixels_have_no_gradient():
    logits, masks = batch()
    cross_entropy(logits, masks).backward()
    of_pixels = logits.grad.abs().sum(dim=1)  # (N, H, W)
    assert (of_pixels[masks == 255] == 0).all() and (of_pixels[masks != 255] > 0).all()


@pytest.mark.parametrize("label", [255, 2], ids=["all ignored", "all of weight 0"])
def test_a_batch_without_anything_to_learn_gives_zero_and_not_nan(label):
    logits, masks = batch()
    loss = cross_entropy(logits, torch.full_like(masks, label), WEIGHTS)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_half_precision_is_computed_in_single_precision():
    logits, masks = batch()
    half = (logits * 100).to(torch.bfloat16)
    loss = cross_entropy(half, masks)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, F.cross_entropy(half.float(), masks, ignore_index=255))


def test_labels_out_of_range_are_named():
    logits, masks = batch()
    masks[0, 0, :3] = torch.tensor([9, -1, 5])
    with pytest.raises(ValueError, match=r"labels -1, 5, 9, but there are 5 classes: 0 to 4"):
        cross_entropy(logits, masks)


def dice_by_loops(logits, masks, weights):
    """Class by class and pixel by pixel, in Python's own numbers."""
    chances = logits.detach().double().softmax(1)
    total, weight = 0.0, 0.0
    for k in range(logits.shape[1]):
        both = truths = guesses = 0.0
        for place in torch.cartesian_prod(*map(torch.arange, masks.shape)).tolist():
            label = int(masks[tuple(place)])
            if label == 255:
                continue
            p = float(chances[place[0], k, place[1], place[2]])
            both += p * (label == k)
            truths += label == k
            guesses += p
        if truths:
            total += weights[k] * (1 - 2 * both / (truths + guesses))
            weight += weights[k]
    return total / weight


@pytest.mark.parametrize("weights", [torch.ones(5), WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("without", [None, 3], ids=["all classes", "one is absent"])
def test_dice_is_what_loops_over_pixels_give(weights, without):
    logits, masks = batch()
    masks[masks == without] = 0
    expected = dice_by_loops(logits, masks, weights.tolist())
    assert dice_loss(logits, masks, weights).item() == pytest.approx(expected, rel=1e-5)


def test_dice_of_a_sure_and_right_network_is_nothing_and_of_a_wrong_one_all():
    _, masks = batch()
    labels = torch.where(masks == 255, 0, masks)
    sure = 100 * F.one_hot(labels, 5).movedim(-1, 1).float()
    assert dice_loss(sure, masks).item() == pytest.approx(0, abs=1e-6)
    assert dice_loss(sure.roll(1, 1), masks).item() == pytest.approx(1, abs=1e-6)


def test_dice_has_a_gradient_where_a_class_is_given_no_probability_at_all():
    logits = torch.full((1, 3, 2, 4), -1000.0)
    logits[:, 0] = 0
    logits.requires_grad_()
    dice_loss(logits, torch.zeros(1, 2, 4, dtype=torch.long)).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_is_the_papers_equation(gamma):
    logits, masks = batch()
    p = logits.softmax(1).gather(1, torch.where(masks == 255, 0, masks)[:, None])[:, 0]
    weight = WEIGHTS[torch.where(masks == 255, 0, masks)] * (masks != 255)
    expected = (weight * (1 - p) ** gamma * -p.log()).sum() / weight.sum()
    ours = focal_loss(logits, masks, WEIGHTS, gamma=gamma)
    torch.testing.assert_close(ours, expected)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (ours, expected)]
    torch.testing.assert_close(*gradients)


def test_focal_without_focus_is_cross_entropy():
    logits, masks = batch()
    plain = cross_entropy(logits, masks, WEIGHTS)
    torch.testing.assert_close(focal_loss(logits, masks, WEIGHTS, gamma=0.0), plain)


def test_focal_stays_a_number_where_the_network_is_sure():
    logits, masks = batch()
    sure = (1000 * F.one_hot(torch.where(masks == 255, 0, masks), 5).movedim(-1, 1)).float()
    sure.requires_grad_()
    loss = focal_loss(sure, masks, gamma=0.5)
    loss.backward()
    assert loss.item() == 0 and sure.grad.isfinite().all()


OTHERS = [focal_loss, dice_loss, cross_entropy_and_dice]


@pytest.mark.parametrize("loss", OTHERS)
def test_others_leave_ignored_pixels_alone(loss):
    logits, masks = batch()
    loss(logits, masks).backward()
    assert (logits.grad.abs().sum(dim=1)[masks == 255] == 0).all()
    changed = logits.detach() + 5 * torch.randn(logits.shape) * (masks == 255)[:, None]
    torch.testing.assert_close(loss(changed, masks), loss(logits, masks).detach())


@pytest.mark.parametrize("loss", OTHERS)
def test_others_give_zero_where_nothing_is_labelled(loss):
    logits, masks = batch()
    value = loss(logits, torch.full_like(masks, 255))
    value.backward()
    assert value.item() == 0 and (logits.grad == 0).all()


@pytest.mark.parametrize("loss", OTHERS)
def test_others_name_labels_out_of_range(loss):
    logits, masks = batch()
    masks[0, 0, 0] = 7
    with pytest.raises(ValueError, match="the label 7, but there are 5 classes"):
        loss(logits, masks)


def test_both_are_the_sum_of_both():
    logits, masks = batch()
    both = cross_entropy(logits, masks, WEIGHTS) + dice_loss(logits, masks, WEIGHTS)
    torch.testing.assert_close(cross_entropy_and_dice(logits, masks, WEIGHTS), both)
