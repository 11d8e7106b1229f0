"""A data set and a network so small that a run takes a second."""

import numpy as np
import torch
from torch import nn

from segviz.data import SegmentationDataset
from segviz.models import UNet


class Blots(SegmentationDataset):
    """Blots of three colours: red is class 0, green 1, blue 2, and a stripe is void.

    `on_item(index)` is called before an item is handed out, to count, interrupt or kill.
    """

    classes = ("red", "green", "blue")
    palette = np.array([(200, 0, 0), (0, 200, 0), (0, 0, 200)], np.uint8)

    def __init__(self, length, size=(12, 20), mask_scale=1, first_seed=0, on_item=None):
        self._length, self._size, self._scale = length, size, mask_scale
        self._first_seed, self._on_item = first_seed, on_item or (lambda index: None)

    def __len__(self):
        return self._length

    def __getitem__(self, index):
        self._on_item(index)
        draw = torch.Generator().manual_seed(self._first_seed + self._position(index))
        coarse = torch.randint(0, 3, (self._size[0] // 4, self._size[1] // 4), generator=draw)
        labels = coarse.repeat_interleave(4, 0).repeat_interleave(4, 1)  # (H, W)
        image = torch.randint(0, 120, (3, *self._size), generator=draw, dtype=torch.uint8)
        image.scatter_(0, labels[None], 220)  # the class's channel shines
        mask = labels.repeat_interleave(self._scale, 0).repeat_interleave(self._scale, 1)
        mask[:, 3] = 255
        return image, mask

    def name(self, index):
        return f"blots {self._first_seed + self._position(index)}"


def small_network(seed=0):
    """A UNet behind dropout, which draws random numbers at every step."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Dropout(0.1), UNet(3, widths=(8, 12)))


class Careless(nn.Module):
    """Has a tensor that no `.to(device)` moves."""

    def __init__(self):
        super().__init__()
        self.network = small_network()
        self.offset = torch.zeros(3, 1, 1)

    def forward(self, images):
        return self.network(images) + self.offset


def without_timings(record):
    """What of a record must be the same whenever and wherever it is made."""
    of_the_machine = ("images_per_second", "seconds", "validation_seconds", "peak_memory")
    return {key: value for key, value in record.to_dict().items() if key not in of_the_machine}
