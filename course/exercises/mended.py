"""The functions of `broken`, mended: what stands in until a learner has found the bug.

The tests hold each of them against the library, which computes the same for whole data sets.
"""

import torch
from torch import nn
from torch.nn import functional as F

from segviz.relations import iou, mean_over_classes
from segviz.training import confusion_matrix


def resize_mask(mask, size):
    """Labels, int64 (H, W), at another size (height, width)."""
    resized = F.interpolate(mask[None, None].float(), size=size, mode="nearest")
    return resized[0, 0].long()


def load_trimap(trimap):
    """The labels 0 pet, 1 background, 2 border, int64 (H, W), of a trimap as stored, uint8."""
    return torch.from_numpy(trimap).long() - 1


def loss_with_void(logits, masks):
    """The mean loss of logits (N, K, H, W); 255 in the masks (N, H, W) stands for void."""
    return F.cross_entropy(logits, masks, ignore_index=255)


def dice(probabilities, mask):
    """Of one thing: its probabilities, float (H, W), and its mask as the PNG holds it, uint8."""
    mask = mask / 255
    overlap = (probabilities * mask).sum()
    return 2 * overlap / (probabilities.sum() + mask.sum())


def make_head(channels, num_classes):
    """From features to the logits that cross-entropy is given."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, num_classes, kernel_size=1),
    )


def loss_of(logits, masks):
    """The mean cross-entropy of logits (N, K, H, W) and labels (N, H, W)."""
    return F.cross_entropy(logits, masks)


def mean_iou(batches, num_classes):
    """Of a data set that comes in batches of (predicted, truth), labels of equal shape."""
    confusion = 0
    for predicted, truth in batches:
        confusion = confusion + confusion_matrix(predicted, truth, num_classes)  # (K, K)
    return mean_over_classes(iou(confusion))
