"""Image and mask move together, whatever is drawn."""

import numpy as np
import pytest
import torch

from segviz.data import Augmented, DataError, SegmentationDataset

SHADES = (40, 120, 200)


class Twins(SegmentationDataset):
    """Images whose brightness tells the mask's label, in stripes and blocks."""

    classes = ("dark", "middle", "bright")
    palette = np.zeros((3, 3), np.uint8)

    def __init__(self, mask_scale=1):
        self.mask_scale = mask_scale

    def __len__(self):
        return 5

    def __getitem__(self, index):
        draw = torch.Generator().manual_seed(index)
        labels = torch.randint(0, 3, (4, 6), generator=draw)
        labels = labels.repeat_interleave(8, 0).repeat_interleave(8, 1)  # (32, 48)
        image = torch.tensor(SHADES, dtype=torch.uint8)[labels].expand(3, -1, -1).clone()
        scale = self.mask_scale
        return image, labels.repeat_interleave(scale, 0).repeat_interleave(scale, 1)

    def name(self, index):
        return f"twins {index}"


def read_off(image):
    """The label that each pixel's brightness tells; -1 between two shades, 255 for the filling."""
    values = image[0].int()
    labels = torch.full(values.shape, -1)
    for label, shade in enumerate(SHADES):
        labels[(values - shade).abs() <= 2] = label
    labels[(values - 127).abs() <= 2] = 255
    return labels


@pytest.mark.parametrize("mask_scale", [1, 2], ids=["same size", "masks at twice the size"])
@pytest.mark.parametrize("size", [(24, 40), (40, 24)])
def test_the_mask_goes_where_the_image_goes(size, mask_scale):
    torch.manual_seed(0)
    dataset = Augmented(Twins(mask_scale), size, colour=0)
    shares = []
    for _ in range(20):
        for image, mask in dataset:
            assert image.shape == (3, *size) and image.dtype == torch.uint8
            assert mask.shape == size and mask.dtype == torch.int64
            assert type(image) is type(mask) is torch.Tensor
            told = read_off(image)
            sure = told >= 0  # away from edges, which are blurred
            shares.append((mask[sure] == told[sure]).float().mean())
            assert sure.float().mean() > 0.5
    # at an edge a blurred pixel may have a third class's shade
    assert min(shares) > 0.9 and torch.stack(shares).mean() > 0.98


def test_a_smaller_mask_holds_the_labels_in_the_middle_of_its_pixels():
    class Noise(Twins):
        def __getitem__(self, index):
            labels = torch.randint(0, 3, (15, 21), generator=torch.Generator().manual_seed(3))
            return torch.zeros(3, 15, 21, dtype=torch.uint8), labels

    labels = Noise()[0][1]
    _, mask = Augmented(Noise(), (5, 7), scale=(1, 1), flip=False)[0]
    assert torch.equal(mask, labels[1::3, 1::3])


def test_no_label_is_invented_and_void_is_what_lies_beyond():
    torch.manual_seed(1)
    dataset = Augmented(Twins(), (64, 64), scale=(0.3, 0.4), colour=0.5)
    labels = {label for _, mask in dataset for label in mask.unique().tolist()}
    assert labels <= {0, 1, 2, 255} and 255 in labels


def test_every_time_it_is_another_picture_and_the_seed_decides():
    dataset = Augmented(Twins(), (24, 40))
    torch.manual_seed(7)
    first, second = dataset[0], dataset[0]
    assert not torch.equal(first[0], second[0])
    torch.manual_seed(7)
    again = dataset[0]
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


def test_without_chance_nothing_but_the_size_changes():
    dataset = Augmented(Twins(), (32, 48), scale=(1, 1), flip=False, colour=0)
    for ours, plain in zip(dataset, Twins(), strict=False):
        assert torch.equal(ours[0], plain[0]) and torch.equal(ours[1], plain[1])


def test_colours_change_the_image_alone():
    torch.manual_seed(2)
    dataset = Augmented(Twins(), (32, 48), scale=(1, 1), flip=False, colour=0.8)
    image, mask = dataset[3]
    assert torch.equal(mask, Twins()[3][1]) and not torch.equal(image, Twins()[3][0])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": (0, 4)}, "size is"),
        ({"size": (8,)}, "size is"),
        ({"size": (8, 8), "scale": (2, 1)}, "scale is a pair"),
        ({"size": (8, 8), "scale": (0, 1)}, "scale is a pair"),
        ({"size": (8, 8), "colour": 2}, "colour is 2"),
    ],
)
def test_numbers_that_cannot_be_are_refused(options, sentence):
    with pytest.raises(DataError, match=sentence):
        Augmented(Twins(), **options)
