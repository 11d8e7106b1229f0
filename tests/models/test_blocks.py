"""The blocks of the encoder-decoder networks, against torch's own padding and cropping."""

import pytest
import torch

from segviz.models import (
    DecoderBlock,
    DecoderBlockWithoutSkip,
    DoubleConv,
    LightDecoderBlock,
    SingleConv,
    ValidDecoderBlock,
    ValidDoubleConv,
    fit_to,
)


@pytest.mark.parametrize(
    ("block", "lost"),
    [(SingleConv, 0), (DoubleConv, 0), (ValidDoubleConv, 4)],
    ids=["single", "padded", "valid"],
)
def test_convolutions_keep_or_lose_the_rows_that_they_say(block, lost):
    y = block(3, 5)(torch.zeros(2, 3, 11, 17))
    assert y.shape == (2, 5, 11 - lost, 17 - lost)
    assert block.shrinks_by == lost


def test_fit_to_crops_around_the_centre_as_torchvision_does():
    from torchvision.transforms.functional import center_crop

    x = torch.arange(2 * 8 * 12).reshape(1, 2, 8, 12)
    assert torch.equal(fit_to(x, (4, 6)), center_crop(x, [4, 6]))


def test_fit_to_takes_and_adds_the_odd_pixel_at_the_bottom_and_the_right():
    x = torch.tensor([[[1, 2, 3], [4, 5, 6]]])
    assert torch.equal(fit_to(x, (1, 2)), torch.tensor([[[1, 2]]]))
    padded = [[0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 0, 0], [0, 0, 0, 0, 0, 0]]
    assert torch.equal(fit_to(x, (4, 6)), torch.tensor([padded]))


def test_fit_to_can_crop_one_axis_and_pad_the_other():
    x = torch.tensor([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]])
    assert fit_to(x, (1, 5)).tolist() == [[[0, 4, 5, 6, 0]]]


def test_the_joined_map_is_the_skip_beside_the_upsampled_map():
    block = DecoderBlock(6, skip_channels=4, out_channels=5)
    x, skip = torch.randn(2, 6, 9, 13), torch.randn(2, 4, 19, 26)
    joined = block.join(x, skip)
    assert joined.shape == (2, 4 + 5, 19, 26)
    assert torch.equal(joined[:, :4], skip)
    assert torch.equal(joined[:, 4:, :18], block.up(x))
    assert not joined[:, 4:, 18].any()  # the row that pooling 19 rows had lost


def test_a_light_block_puts_the_skip_beside_the_map_enlarged_between_its_pixels():
    block = LightDecoderBlock(1, skip_channels=4, out_channels=5)
    x, skip = torch.tensor([[[[0.0, 4.0, 8.0]]]]), torch.randn(1, 4, 1, 6)
    joined = block.join(x, skip)
    assert torch.equal(joined[:, :4], skip)
    # Half as wide pixels have their centres a quarter of the old width off the old ones.
    assert torch.allclose(joined[0, 4, 0], torch.tensor([0.0, 1.0, 3.0, 5.0, 7.0, 8.0]))
    assert block(x.expand(2, 1, 3, 3), torch.randn(2, 4, 7, 6)).shape == (2, 5, 7, 6)


def test_a_block_without_skip_takes_the_size_of_the_skip_and_nothing_else():
    block = DecoderBlockWithoutSkip(6, skip_channels=4, out_channels=5).eval()
    x = torch.randn(2, 6, 9, 13)
    one, other = torch.randn(2, 4, 19, 26), torch.randn(2, 4, 19, 26)
    assert block(x, one).shape == (2, 5, 19, 26)
    assert torch.equal(block(x, one), block(x, other))


def test_a_valid_block_crops_the_skip_around_its_centre():
    block = ValidDecoderBlock(6, skip_channels=4, out_channels=5)
    x, skip = torch.randn(2, 6, 5, 7), torch.randn(2, 4, 16, 22)
    joined = block.join(x, skip)
    assert torch.equal(joined[:, :4], skip[:, :, 3:13, 4:18])
    assert block(x, skip).shape == (2, 5, 2 * 5 - 4, 2 * 7 - 4)
