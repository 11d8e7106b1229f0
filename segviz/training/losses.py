"""The loss that the networks are trained with."""

import torch
from torch import Tensor
from torch.nn import functional as F

from segviz.data import IGNORE_INDEX
from segviz.relations import mean_over_labelled, pixel_weights

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
    check_labels(masks, logits.shape[1], ignore_index)
    if class_weights is None:
        class_weights = torch.ones(logits.shape[1], device=logits.device)
    total = F.cross_entropy(
        logits.float(), masks, class_weights, ignore_index=ignore_index, reduction="sum"
    )
    weights = pixel_weights(masks, class_weights, ignore_index)  # (N, H, W)
    return mean_over_labelled(total, weights.sum())
