"""An image as a learner has it, made into what networks take and what a board shows."""

import numpy as np
import torch
from torch import Tensor, nn

from segviz.data import normalise
from segviz.explainers.astronaut import pixels as astronaut
from segviz.scenes import address

SIDE = 224  # pixels of the photograph that stands in where no image is given
SHOWN = 320  # pixels of the longer side of what is shown


def pictured(image, models: dict[str, nn.Module]) -> tuple[str, list[Tensor]]:
    """The address of the image, and for every network a batch of it, on its device and in its
    dtype: (1, channels, rows, columns).

    TypeError, ValueError: in a sentence, for what is not an image or not a network.
    """
    for name, model in models.items():
        if not isinstance(model, nn.Module):
            raise TypeError(
                f"{name} is {type(model).__name__}: give a torch.nn.Module, or a dict of them."
            )
    tensor = _as_tensor(astronaut(SIDE) if image is None else image)
    batches = [_for(model, tensor)[None] for model in models.values()]
    return _address(tensor), batches


def _as_tensor(image) -> Tensor:
    """(channels, rows, columns), uint8 or float32."""
    if not isinstance(image, Tensor):
        numbers = np.asarray(image)
        if numbers.ndim == 2:
            numbers = numbers[..., None]
        if numbers.ndim != 3 or numbers.dtype == object:
            raise ValueError(
                f"image is {type(image).__name__} of shape {numbers.shape}: give an array (rows,"
                " columns, channels), a PIL image, or a tensor (channels, rows, columns)."
            )
        image = torch.from_numpy(numbers.copy()).permute(2, 0, 1)
    if image.dim() == 4 and len(image) == 1:
        image = image[0]
    if image.dim() != 3:
        raise ValueError(
            f"image has the shape {tuple(image.shape)}: give one image, a tensor (channels, rows,"
            " columns)."
        )
    image = image.detach().cpu()
    return image if image.dtype == torch.uint8 else image.float()


def _for(model: nn.Module, image: Tensor) -> Tensor:
    """With as many channels as the first convolution takes: grey is repeated, colours are mixed.
    Pixels become what the course's networks are trained on."""
    image = normalise(image) if image.dtype == torch.uint8 else image
    convolution = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    channels = image.shape[0] if convolution is None else convolution.in_channels
    if channels != image.shape[0]:
        image = image.mean(0, keepdim=True).expand(channels, -1, -1)
    like = next((p for p in model.parameters() if p.is_floating_point()), image)
    return image.to(like.device, like.dtype)


def _address(image: Tensor) -> str:
    from PIL import Image

    is_pixels, image = image.dtype == torch.uint8, image.float()
    least, most = float(image.min()), float(image.max())
    if is_pixels:
        image = image / 255
    elif least < 0 or most > 1:  # a normalised image: shown as bright as it can be
        image = (image - least) / max(most - least, 1e-12)
    colours = image if image.shape[0] == 3 else image.mean(0, keepdim=True).expand(3, -1, -1)
    shown = Image.fromarray((colours.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
    shown.thumbnail((SHOWN, SHOWN))
    return address(np.asarray(shown), lossless=False)
