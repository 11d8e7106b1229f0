"""Effective receptive fields: how strongly each image cell moves a unit, by gradient.

Luo, Li, Urtasun and Zemel 2016, "Understanding the effective receptive field in deep convolutional
neural networks": of the cells that reach a unit, those in the middle move it far more than those
at the border, and training widens the region that counts.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from segviz.fields.network import receptive_field
from segviz.fields.watching import evaluating, keep_output

LUO_THRESHOLD = 1 - 0.9545  # of the largest value; Luo et al. 2016, section 3


@dataclass(frozen=True, eq=False)  # arrays: two are the same only if they are one
class EffectiveField:
    """map: mean absolute gradient of the unit, float64 array (image rows, image columns), all zero
    if no gradient arrived (every ReLU on the way was off). layer: name of the module, "" for the
    output. unit: its position. images: how many were averaged."""

    map: np.ndarray
    layer: str
    unit: tuple[int, ...]
    images: int

    @property
    def is_dead(self) -> bool:
        """Whether no gradient reached the image at all."""
        return not self.map.any()

    @property
    def heat(self) -> np.ndarray:
        """The map divided by its largest value: 0 to 1, on a linear scale."""
        return self.map / (self.map.max() or 1.0)

    def heat_in_decades(self, decades: float = 4) -> np.ndarray:
        """The map on a logarithmic scale, 1 for its largest value and 0 for values smaller by so
        many powers of ten, or more."""
        with np.errstate(divide="ignore"):
            return np.clip(1 + np.log10(self.heat) / decades, 0, 1)

    @property
    def center(self) -> tuple[float, float]:
        """The centre of mass, (row, column); cell i of the image lies at i. The middle of the
        image, if no gradient arrived."""
        weights = self.map if not self.is_dead else np.ones_like(self.map)
        rows, columns = np.indices(weights.shape)
        total = weights.sum()
        return float((rows * weights).sum() / total), float((columns * weights).sum() / total)

    def energy_within(self, radius: float, center: tuple[float, float] | None = None) -> float:
        """The part of the map's sum that lies within so many cells of a point, 0 to 1.

        Energy is the absolute gradient itself, not its square. center: by default the centre of
        mass. 0.0 if no gradient arrived.
        """
        distance = self._distance(center)
        return float(self.map[distance <= radius].sum() / (self.map.sum() or 1.0))

    def radius_of(self, energy: float, center: tuple[float, float] | None = None) -> float:
        """The smallest radius, in cells, within which this part of the map's sum lies.

        ValueError if `energy` is not between 0 and 1.
        """
        if not 0 <= energy <= 1:
            raise ValueError(f"energy is {energy}: give a part of the whole, 0 to 1.")
        distance = self._distance(center).ravel()
        order = np.argsort(distance, kind="stable")
        sums = np.cumsum(self.map.ravel()[order])
        wanted = energy * sums[-1] * (1 - 1e-12)  # whatever the order of the sum has rounded
        return float(distance[order][np.searchsorted(sums, wanted)])

    def area(self, threshold: float = LUO_THRESHOLD) -> int:
        """How many cells are above a threshold, given as a part of the largest value."""
        return int((self.map > threshold * self.map.max()).sum())

    @property
    def size(self) -> float:
        """The side of a square with the area above Luo's threshold (4.55 %), in cells."""
        return self.area() ** 0.5

    def _distance(self, center) -> np.ndarray:
        row, column = center or self.center
        rows, columns = np.indices(self.map.shape)
        return np.hypot(rows - row, columns - column)

    def __repr__(self) -> str:
        where = f"unit {self.unit} of {self.layer or 'the output'!r}, {self.images} images"
        if self.is_dead:
            return f"EffectiveField({where}: no gradient reached the image)"
        return (
            f"EffectiveField({where}: {self.size:.1f} cells wide,"
            f" half of its energy within {self.radius_of(0.5):.1f} cells)"
        )


def effective_receptive_field(
    model: nn.Module,
    images: Tensor | Iterable[Tensor],
    *,
    unit: tuple[int, ...] | None = None,
    layer: str = "",
    device: torch.device | str | None = None,
    progress: bool = True,
) -> EffectiveField:
    """How strongly each cell of the image moves a unit, on average over images.

    The convention: the unit's channels are summed, the sum's gradient with respect to the image is
    taken, absolute values are added over the image's channels and averaged over images, in double
    precision. No logarithm is taken. The model runs in evaluation mode and is left as it was.
    `compare_effective_fields` shows what training has changed.

    Args:
        images: a batch (images, channels, rows, columns), or any iterable of batches or of single
            images (channels, rows, columns), all of one size.
        unit: (row, column) on the layer's map; by default the one in the middle.
        layer: a module's name; by default the model's output.
        device: where to run; by default where the model is.
        progress: whether to show a bar.

    Raises:
        ValueError, KeyError, IndexError: in a sentence, for images of different sizes or none, and
            for layers and units that the model does not have.
    """
    from tqdm.auto import tqdm

    home = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    device = home if device is None else torch.device(device)
    model = model if device == home else deepcopy(model).to(device)
    batches = _batches(images)
    total, count, field = None, 0, None
    with evaluating(model):
        for batch in tqdm(batches, disable=not progress, desc="gradients", unit="batch"):
            if field is None:
                field = _field(model, batch, layer)
                unit = field.middle if unit is None else tuple(unit)
                field.check(unit)
                total = np.zeros(batch.shape[-2:])
            if tuple(batch.shape[-2:]) != total.shape:
                raise ValueError(
                    f"The images have different sizes, {total.shape} and"
                    f" {tuple(batch.shape[-2:])}: give images of one size."
                )
            total += _absolute_gradient(model, batch.to(device), field, unit)
            count += len(batch)
    if not count:
        raise ValueError("There are no images: give at least one.")
    return EffectiveField(total / count, layer, unit, count)


def compare_effective_fields(
    models: Mapping[str, nn.Module], images: Tensor | Iterable[Tensor], **options
) -> dict[str, EffectiveField]:
    """Several networks on the same images, such as {"trained": ..., "untrained": ...}.

    An untrained network is best built anew, as it was before its training: layers by themselves
    draw other weights than the network that owns them. options: as for
    `effective_receptive_field`, the same for all.
    """
    images = images if isinstance(images, Tensor) else list(images)
    return {
        name: effective_receptive_field(model, images, **options) for name, model in models.items()
    }


def _batches(images) -> Iterable[Tensor]:
    """Batches of one or more images; a batch given as a whole comes in pieces of one image."""
    if isinstance(images, Tensor) and images.dim() == 4:
        return images.split(1)
    given = [images] if isinstance(images, Tensor) else images
    return _Checked(given)


class _Checked:
    """Single images made into batches; knows its length if what it was given does."""

    def __init__(self, images):
        self.images = images

    def __iter__(self):
        for image in self.images:
            if not isinstance(image, Tensor) or image.dim() not in (3, 4):
                raise ValueError(
                    "Every image is a tensor (channels, rows, columns) or a batch of them; given"
                    f" was {type(image).__name__} {tuple(getattr(image, 'shape', ()))}."
                )
            yield image if image.dim() == 4 else image[None]

    def __len__(self):
        return len(self.images)


def _field(model, batch, layer):
    """The layer's theoretical field, which knows where its rows and columns are."""
    network = receptive_field(model, example_inputs=batch)
    return network[layer] if layer else network.output


def _absolute_gradient(model, batch: Tensor, field, unit) -> np.ndarray:
    """Summed over the batch and the image's channels: float64 array (rows, columns)."""
    outputs = {}
    batch = batch.detach().clone().requires_grad_()
    handle = keep_output(model, field.name, outputs)
    try:
        with torch.enable_grad():
            model(batch)
            channels = outputs[field.name][field.index(unit)]
            return strength(channels, batch)
    finally:
        handle.remove()


def strength(channels: Tensor, batch: Tensor, again: bool = False) -> np.ndarray:
    """The convention: the absolute gradient of the channels' sum, added over the batch and the
    image's channels. float64 (rows, columns); zeros where nothing depends on the image.

    again: whether the same graph will be asked for another unit.
    """
    (gradient,) = torch.autograd.grad(
        channels.sum(), batch, retain_graph=again, materialize_grads=True
    )
    return gradient.abs().cpu().double().sum((0, 1)).numpy()
