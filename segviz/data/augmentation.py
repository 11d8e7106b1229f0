"""Images and masks changed together at random, so that no epoch sees the same picture twice."""

import torch
from torch.nn import functional as F

from .dataset import IGNORE_INDEX, SegmentationDataset
from .errors import DataError

GREY = 127  # what lies beyond an image that is smaller than the crop: the middle of normalise


class Augmented(SegmentationDataset):
    """Another data set, its items flipped, scaled, cropped and tinted at random.

    Image and mask are moved by the same numbers; the mask by nearest neighbour, and where a crop
    reaches beyond the picture it is void. Colours change in the image alone. All by torchvision's
    transforms (v2), which draw from torch's global random numbers.

    Args:
        source: images (3, H, W) with masks; masks of another size are brought to the image's.
        size: (height, width) of what comes out; the same for all, so batches can be made.
        scale: from ... to, how much larger the picture becomes, as a share of `size`; the crop is
            taken from that.
        flip: whether half of the items are mirrored.
        colour: how much brightness, contrast and saturation change, 0 to 1; hue a tenth of that.

    Raises:
        DataError: for numbers that cannot be.
    """

    def __init__(
        self,
        source: SegmentationDataset,
        size: tuple[int, int],
        *,
        scale: tuple[float, float] = (0.5, 2.0),
        flip: bool = True,
        colour: float = 0.3,
    ) -> None:
        from torchvision import tv_tensors
        from torchvision.transforms import v2

        size, scale = tuple(size), tuple(scale)
        if len(size) != 2 or any(side < 1 for side in size):
            raise DataError(f"size is (height, width) of the crop in pixels; you gave {size!r}.")
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise DataError(
                f"scale is a pair, the smaller one first and above 0; you gave {scale!r}."
            )
        if not 0 <= colour <= 1:
            raise DataError(f"colour is {colour!r}: give a number from 0 (none) to 1.")
        self.classes, self.palette = source.classes, source.palette
        self.ignore_index, self._source = source.ignore_index, source
        self._size, self._scale = size, scale
        beyond = {tv_tensors.Image: GREY, tv_tensors.Mask: IGNORE_INDEX}
        self._transform = v2.Compose(
            [
                v2.RandomHorizontalFlip(0.5 if flip else 0.0),
                v2.RandomCrop(size, pad_if_needed=True, fill=beyond),
                v2.ColorJitter(colour, colour, colour, colour / 10),
            ]
        )

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        return self._source.name(index)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        from torchvision import tv_tensors
        from torchvision.transforms.v2 import functional as transforms

        image, mask = self._source[index]
        height, width = image.shape[-2:]
        # (not v2.ScaleJitter: with unequal sides it takes the height for the width)
        least, most = self._scale
        fitting = min(self._size[0] / height, self._size[1] / width)
        factor = fitting * (least + (most - least) * torch.rand(()).item())
        scaled = [max(1, round(height * factor)), max(1, round(width * factor))]
        image = transforms.resize(tv_tensors.Image(image), scaled, antialias=True)
        mask = tv_tensors.Mask(_nearest(mask, scaled))
        image, mask = self._transform(image, mask)
        return image.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)


def _nearest(mask: torch.Tensor, size: list[int]) -> torch.Tensor:
    """int64 (h, w), each pixel the label at its own centre.

    (torchvision resizes masks by `mode="nearest"`, which takes the label at the corner: made three
    times smaller, a mask would lie a whole pixel of the photograph beside it.)
    """
    labels = mask[None, None].to(torch.uint8)  # (1, 1, H, W)
    return F.interpolate(labels, size, mode="nearest-exact")[0, 0].long()  # (h, w)
