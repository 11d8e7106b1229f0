"""What networks are trained on: cross-entropy, Dice, both, and the focal loss.

All take logits and masks alike, so each can be given to `fit(..., loss=...)`. Pixels that are
ignored count nowhere; where nothing is labelled the loss is 0 and its gradient is zeros.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from segviz.data import IGNORE_INDEX
from segviz.relations import dice, mean_over_labelled, pixel_weights

from .labels import check_labels


def cross_entropy(
    logits: Tensor,
    masks: Tensor,
    class_weights: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """Mean cross-entropy over the labelled pixels, each weighted by its class.

    sum of w[y] * -log softmax(logits)[y] over all labelled pixels, divided by the sum of w[y]:
    what :func:`torch.nn.functional.cross_entropy` computes, but for two cases. A batch without
    any labelled pixel (or with weight-0 classes only) gives 0 and a gradient of zeros where torch
    divides 0 by 0; and a label out of range is named before a GPU stops at it.

    Args:
        logits: float ``(N, K, H, W)``; half precision is computed in float32.
        masks: int64 ``(N, H, W)`` labels ``0 .. K-1`` or ``ignore_index``.
        class_weights: float ``(K,)``, or None for 1 each.
        ignore_index: the label of pixels that are left out.

    Returns:
        A float32 scalar.

    Raises:
        ValueError: for labels that are no class.
    """
    class_weights = _checked_weights(logits, masks, class_weights, ignore_index)
    total = F.cross_entropy(
        logits.float(), masks, class_weights, ignore_index=ignore_index, reduction="sum"
    )
    weights = pixel_weights(masks, class_weights, ignore_index)  # (N, H, W)
    return mean_over_labelled(total, weights.sum())


def focal_loss(
    logits: Tensor,
    masks: Tensor,
    class_weights: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
    gamma: float = 2.0,
) -> Tensor:
    """Cross-entropy in which pixels that are easy already hardly count: (1 - p)^gamma * -log p.

    p is the probability given to the true class; gamma = 0 is :func:`cross_entropy`. (Lin et al.
    2017, "Focal loss for dense object detection", equation 4. The mean is the same weighted one as
    in cross-entropy; the paper divides by the number of anchors.) Arguments, result and errors as
    there.
    """
    class_weights = _checked_weights(logits, masks, class_weights, ignore_index)
    surprise = F.cross_entropy(
        logits.float(), masks, ignore_index=ignore_index, reduction="none"
    )  # (N, H, W), 0 where ignored
    weights = pixel_weights(masks, class_weights, ignore_index)  # (N, H, W)
    missing = -torch.expm1(-surprise)  # 1 - p, exact where p is nearly 1
    # at p = 1 the power's slope is infinite for gamma below 1, and the loss itself is flat
    total = (weights * missing.clamp(min=1e-12) ** gamma * surprise).sum()
    return mean_over_labelled(total, weights.sum())


def dice_loss(
    logits: Tensor,
    masks: Tensor,
    class_weights: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """1 - soft Dice, averaged over the classes that the batch's masks hold.

    Of class k: 2 sum(t p) / (sum t + sum p) over all labelled pixels of the batch, t being 1 where
    k is true and p its probability: :func:`segviz.relations.dice` of the soft confusion matrix.
    (Milletari et al. 2016, "V-Net", section 3, with squares in the denominator; without, here.)

    class_weights weigh the mean over classes. Arguments, result and errors as in
    :func:`cross_entropy`.
    """
    class_weights = _checked_weights(logits, masks, class_weights, ignore_index)
    chances = logits.float().softmax(1).movedim(1, -1)  # (N, H, W, K)
    labelled = masks != ignore_index
    truth = F.one_hot(masks * labelled, logits.shape[1]) * labelled[..., None]  # (N, H, W, K)
    confusion = truth.flatten(0, -2).T.float() @ chances.flatten(0, -2)  # (K true, K given)
    weights = class_weights * (confusion.sum(1) > 0)  # (K,), 0 where a class is nowhere true
    # a class neither true nor given is 0 / 0, whose gradient is NaN whatever weight it has
    confusion = confusion + torch.diag((confusion.sum(0) + confusion.sum(1) == 0).float())
    lost = torch.where(weights > 0, 1 - dice(confusion), 0.0)
    return mean_over_labelled((weights * lost).sum(), weights.sum())


def cross_entropy_and_dice(
    logits: Tensor,
    masks: Tensor,
    class_weights: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """The sum of both: each pixel's answer, and each class's overlap. Arguments as for both."""
    arguments = (logits, masks, class_weights, ignore_index)
    return cross_entropy(*arguments) + dice_loss(*arguments)


def _checked_weights(logits, masks, class_weights, ignore_index) -> Tensor:
    check_labels(masks, logits.shape[1], ignore_index)
    if class_weights is None:
        return torch.ones(logits.shape[1], device=logits.device)
    return class_weights
