"""UNet: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015, https://arxiv.org/abs/1505.04597.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import (
    DecoderBlock,
    DecoderBlockWithoutSkip,
    DoubleConv,
    LightDecoderBlock,
    SingleConv,
    ValidDecoderBlock,
    ValidDoubleConv,
    draw_weights_as_he_et_al,
)
from .checks import check_images, check_positive_whole, is_positive_whole
from .course_size import COURSE_WIDTHS


class UNet(nn.Module):
    """An encoder that halves the size level by level, a bridge, and a decoder that climbs back.

    At every level the decoder is handed the encoder's map of the same size: the *skip*. The maps
    from below know what is in the picture, the skips know where its edges are.

    This is the padded network of the course: the logits are as high and wide as the image,
    whatever its size. :meth:`paper` builds the network of the paper, :meth:`without_skips` one
    whose decoder ignores the skips, :meth:`light` one of fewer convolutions.

    Args:
        num_classes: channels of the output, one score (logit) per class and pixel.
        widths: channels of the levels, from the image's own size down to the bridge; the size is
            halved between one and the next, so five widths halve it four times.
        in_channels: 3 for colour, 1 for grey.
        convolutions: a class built as ``convolutions(in_channels, out_channels)`` that has
            ``shrinks_by``; it makes the encoder's levels and the bridge. Or a list with one for
            each.
        decoder_block: a class built as ``decoder_block(in_channels, skip_channels,
            out_channels)`` and called as ``block(x, skip)``; it makes the decoder's levels.

    Shapes: ``(N, in_channels, H, W)`` float -> ``(N, num_classes, H, W)`` logits.

    Raises:
        ValueError: for an argument no network can be built from, and in ``forward`` for images
            of another number of channels, of whole numbers or smaller than
            :attr:`smallest_size`, and for a single image in training whose bridge is 1x1.
    """

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
        *,
        convolutions: type[nn.Module] | Sequence[type[nn.Module]] = DoubleConv,
        decoder_block: type[nn.Module] = DecoderBlock,
    ):
        super().__init__()
        _check_arguments(num_classes, widths, in_channels)
        self.num_classes, self.widths, self.in_channels = num_classes, tuple(widths), in_channels
        *encoder, bridge = [
            build(above, here)
            for build, (above, here) in zip(
                _one_for_each(convolutions, self.widths),
                pairwise([in_channels, *self.widths]),
                strict=True,
            )
        ]
        self.encoder, self.bridge = nn.ModuleList(encoder), bridge
        self.decoder = nn.ModuleList(
            decoder_block(below, skip_channels=here, out_channels=here)
            for below, here in pairwise(reversed(self.widths))
        )
        self.head = nn.Conv2d(self.widths[0], num_classes, kernel_size=1)

    @classmethod
    def paper(cls, in_channels: int = 1, num_classes: int = 2) -> "UNet":
        """The network of the paper's figure 1: 31,030,658 parameters, 572 pixels -> 388.

        Convolutions without padding, no batch normalisation, 2x2 transposed convolutions, weights
        drawn as section 3 asks (He et al. 2015: a normal of variance 2 / fan-in). The dropout at
        the end of the contracting path, which the paper mentions without a rate, is left out.

        Sizes at which every pooled map is even (572 among them) make crops that sit exactly in
        the middle; others work and sit half a pixel off.
        """
        network = cls(
            num_classes,
            widths=(64, 128, 256, 512, 1024),
            in_channels=in_channels,
            convolutions=ValidDoubleConv,
            decoder_block=ValidDecoderBlock,
        )
        network.apply(draw_weights_as_he_et_al)
        return network

    @classmethod
    def without_skips(
        cls,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
    ) -> "UNet":
        """The same encoder and bridge with a decoder that sees nothing but the map from below."""
        return cls(num_classes, widths, in_channels, decoder_block=DecoderBlockWithoutSkip)

    @classmethod
    def light(
        cls,
        num_classes: int,
        widths: Sequence[int] = COURSE_WIDTHS,
        in_channels: int = 3,
    ) -> "UNet":
        """Fewer convolutions, 12 of 18 at five widths, for photographs on a slow machine.

        One in each of the two finest levels, where the maps are large, and one in every step of
        the decoder, which enlarges bilinearly. The others have two, as VGG does and the course's
        FCN and SegNet.
        """
        _check_arguments(num_classes, widths, in_channels)
        return cls(
            num_classes,
            widths,
            in_channels,
            convolutions=[SingleConv] * 2 + [DoubleConv] * (len(widths) - 2),
            decoder_block=LightDecoderBlock,
        )

    def encode(self, images: Tensor) -> list[Tensor]:
        """The encoder's maps from fine to coarse, and the bridge's map last.

        Shapes (padded): level ``i`` is ``(N, widths[i], H // 2**i, W // 2**i)``.
        """
        self._check_images(images)
        maps = []
        x = images  # (N, in_channels, H, W)
        for level in self.encoder:
            maps.append(level(x))  # (N, widths[i], H_i, W_i)
            x = F.max_pool2d(maps[-1], kernel_size=2)  # (N, widths[i], H_i/2, W_i/2)
        self._check_can_normalise(x)
        maps.append(self.bridge(x))  # (N, widths[-1], h, w)
        return maps

    def decode(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """The decoder's maps from coarse to fine, made of what :meth:`encode` returned.

        Shapes (padded): ``widths[i]`` channels at the size of the encoder's level ``i``, for
        ``i = len(widths) - 2, ..., 0``. What goes into a level's convolutions, after the
        concatenation, is ``model.decoder[0].join(maps[-1], maps[-2])``, and so on upwards.
        """
        *skips, x = maps
        decoded = []
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            x = block(x, skip)  # (N, widths[i], H_i, W_i)
            decoded.append(x)
        return decoded

    def forward(self, images: Tensor) -> Tensor:
        finest = self.decode(self.encode(images))[-1]  # (N, widths[0], H, W)
        return self.head(finest)  # (N, num_classes, H, W)

    @property
    def smallest_size(self) -> int:
        """The smallest height and width for which at least one pixel of logits is left."""
        size = 1
        for block in self.decoder:  # from the logits down to the bridge
            size = ceil((size + block.convolutions.shrinks_by) / 2)
        size += self.bridge.shrinks_by
        for level in self.encoder:  # and up again to the image
            size = 2 * size + level.shrinks_by
        return size

    def _check_images(self, images: Tensor) -> None:
        check_images(self, images)
        height, width = images.shape[-2:]
        if min(height, width) < self.smallest_size:
            raise ValueError(
                f"An image of {height}x{width} pixels is too small: this UNet halves the size "
                f"{len(self.encoder)} times and needs at least {self.smallest_size} pixels on "
                f"each axis. Enlarge the image, or build the network with fewer widths."
            )

    def _check_can_normalise(self, coarsest: Tensor) -> None:
        """Raise ValueError where the bridge would have to normalise a batch of one value."""
        is_one_value = coarsest.shape[0] * coarsest.shape[2] * coarsest.shape[3] == 1
        if is_one_value and any(
            isinstance(module, nn.BatchNorm2d) and module.training
            for module in self.bridge.modules()
        ):
            raise ValueError(
                f"In training, batch normalisation compares the values of a channel, and at the "
                f"bridge only one is left: this UNet halves the size {len(self.encoder)} times, "
                f"down to 1x1 pixel, and the batch holds one image. Train with two images per "
                f"batch or more, on larger images, or build the network with fewer widths."
            )


def _one_for_each(convolutions, widths: Sequence[int]) -> Sequence[type[nn.Module]]:
    """A class for each level and the bridge, where one is given for all or a list of them."""
    if not isinstance(convolutions, Sequence):
        return [convolutions] * len(widths)
    if len(convolutions) != len(widths):
        raise ValueError(
            f"convolutions holds {len(convolutions)} classes for {len(widths)} widths: give one "
            f"for each, or a single one for all."
        )
    return convolutions


def _check_arguments(num_classes: int, widths: Sequence[int], in_channels: int) -> None:
    is_list = isinstance(widths, Sequence) and all(map(is_positive_whole, widths))
    if not is_list or len(widths) < 2:
        raise ValueError(
            f"widths={widths!r}: a UNet needs at least two widths, one for the encoder and one "
            f"for the bridge, all of them whole numbers, 1 or more; (8, 16, 32, 64, 96) is a "
            f"good start."
        )
    check_positive_whole(num_classes=num_classes, in_channels=in_channels)
