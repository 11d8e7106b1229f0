"""Seven functions as everybody writes them once, each with one bug: the stubs of notebook 15.

The notebook shows the same code, to be mended there; from here it shows what the bug does.
"""

import torch
from torch import nn
from torch.nn import functional as F

from segviz.relations import iou, mean_over_classes
from segviz.training import confusion_matrix


def resize_mask(mask, size):
    """Labels, int64 (H, W), at another size (height, width)."""
    resized = F.interpolate(mask[None, None].float(), size=size, mode="bilinear")
    return resized[0, 0].long()


def load_trimap(trimap):
    """The labels 0 pet, 1 background, 2 border, int64 (H, W), of a trimap as stored, uint8."""
    return torch.from_numpy(trimap).long()


def loss_with_void(logits, masks):
    """The mean loss of logits (N, K, H, W); 255 in the masks (N, H, W) stands for void."""
    masks = torch.where(masks == 255, 0, masks)  # torch stops at 255: it is no class
    return F.cross_entropy(logits, masks)


def dice(probabilities, mask):
    """Of one thing: its probabilities, float (H, W), and its mask as the PNG holds it, uint8."""
    overlap = (probabilities * mask).sum()
    return 2 * overlap / (probabilities.sum() + mask.sum())


def make_head(channels, num_classes):
    """From features to the logits that cross-entropy is given."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, num_classes, kernel_size=1),
        nn.ReLU(),
    )


def loss_of(logits, masks):
    """The mean cross-entropy of logits (N, K, H, W) and labels (N, H, W)."""
    probabilities = logits.softmax(dim=1)
    return F.cross_entropy(probabilities, masks)


def mean_iou(batches, num_classes):
    """Of a data set that comes in batches of (predicted, truth), labels of equal shape."""
    scores = []
    for predicted, truth in batches:
        confusion = confusion_matrix(predicted, truth, num_classes)  # (K, K)
        scores.append(mean_over_classes(iou(confusion)))
    return sum(scores) / len(scores)
