"""The loss, against torch's own where torch has an answer."""

import pytest
import torch
from torch.nn import functional as F

from segviz.training import cross_entropy

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
