"""A trained network in one file: its weights, how it is built, and what it was trained on.

The file is in the safetensors format (https://huggingface.co/docs/safetensors): tensors, and a
header of strings that can be read without them. It holds no code, and :func:`load_network` builds
none but the networks of :data:`NETWORKS`, so a file from somebody else can do no harm.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from segviz.models import (
    FCN,
    AtrousBackbone,
    Classifier,
    DeepLabV3Plus,
    MobileNetV2,
    ResNet50,
    SegNet,
    UNet,
)
from segviz.whole_file import write_whole

from .records import Record

#: What a description may name. All arguments are numbers, lists, or descriptions of the parts.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "Classifier": Classifier,
    "DeepLabV3Plus": DeepLabV3Plus,
    "DeepLabV3Plus.paper": DeepLabV3Plus.paper,
    "FCN": FCN,
    "FCN.paper": FCN.paper,
    "SegNet": SegNet,
    "SegNet.paper": SegNet.paper,
    "SegNet.without_indices": SegNet.without_indices,
    "UNet": UNet,
    "UNet.light": UNet.light,
    "UNet.without_skips": UNet.without_skips,
}
PARTS: dict[str, Callable[..., nn.Module]] = {
    "AtrousBackbone": AtrousBackbone,
    "MobileNetV2": MobileNetV2,
    "ResNet50": ResNet50,
}

_FORMAT = "segviz network 1"


@dataclass(frozen=True, eq=False)
class NetworkFacts:
    """What has to be known of a trained network besides its weights.

    Raises:
        ValueError: where classes, colours and network do not fit together.
    """

    #: How it is built: ``{"name": "UNet", "arguments": {"num_classes": 6}}``. The name is one of
    #: :data:`NETWORKS`; an argument that is a network is such a description itself, of
    #: :data:`PARTS`: ``{"backbone": {"name": "AtrousBackbone", "arguments": {}}}``.
    network: Mapping
    #: The names of the K classes, in the order of their labels.
    classes: Sequence[str]
    #: A colour for each class: uint8 (K, 3).
    palette: np.ndarray
    #: Height and width to which images were resized for training; None: they were not.
    image_size: tuple[int, int] | None = None
    #: The epochs of the training, so that its curves can be drawn without it.
    records: Sequence[Record] = ()
    #: Whatever else is worth keeping, as JSON has it: scores, the images' source, their licence.
    notes: Mapping = field(default_factory=dict)

    def __post_init__(self):
        palette = np.asarray(self.palette, np.uint8)
        if palette.shape != (len(self.classes), 3):
            raise ValueError(
                f"palette must hold a colour (red, green, blue) for each of the "
                f"{len(self.classes)} classes, and has shape {palette.shape}."
            )
        scores = dict(self.network.get("arguments", {})).get("num_classes")
        if scores != len(self.classes):
            raise ValueError(
                f"The network is described as one of num_classes={scores}, but there are "
                f"{len(self.classes)} classes ({', '.join(self.classes)})."
            )
        size = None if self.image_size is None else tuple(self.image_size)
        for name, value in (
            ("classes", tuple(self.classes)),
            ("palette", palette),
            ("image_size", size),
            ("records", tuple(self.records)),
        ):
            object.__setattr__(self, name, value)


def save_network(
    path: str | Path,
    model: nn.Module,
    facts: NetworkFacts,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write weights, statistics and facts into one file, whole or not at all.

    Args:
        path: such as ``data/unet_scenes.safetensors``; folders are made where missing.
        model: the network that ``facts.network`` describes, on any device.
        dtype: torch.float16 halves the file; :func:`load_network` makes float32 of it again, with
            three digits. (A SegNet may answer otherwise at single pixels: of two nearly equal
            maxima, the other one can then be the larger.)

    Raises:
        ValueError: if the description does not build such a network, if a fact cannot be written
            as JSON, or if a number does not fit into ``dtype``.
    """
    tensors = {name: _stored(name, value, dtype) for name, value in model.state_dict().items()}
    _check_shapes(build_network(facts.network, "meta"), tensors, "The network that was given")
    try:
        metadata = _as_metadata(facts)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The facts of a network are kept as JSON: texts, numbers, lists and dictionaries of "
            f"them ({error})."
        ) from None
    content = save(tensors, metadata)
    write_whole(path, content)


def load_network(path: str | Path) -> tuple[nn.Module, NetworkFacts]:
    """The network that :func:`save_network` wrote, on the CPU, in float32 and evaluation mode.

    Raises:
        OSError: if there is no file, or it may not be opened.
        ValueError: if it is no such file, is damaged, or describes a network that is not in
            :data:`NETWORKS` or that its weights do not fit.
    """
    with open(path, "rb"):  # OSError in Python's words; safetensors has others
        pass
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is no safetensors file, or a damaged one ({error}). Give the file that "
            f"save_network wrote, or copy it again from where it came from."
        ) from None
    facts = _from_metadata(path, metadata)
    model = build_network(facts.network, "meta")  # no memory is taken before the shapes are right
    _check_shapes(model, tensors, f"The network in {path}")
    tensors = {n: v.float() if v.is_floating_point() else v for n, v in tensors.items()}
    model.load_state_dict(tensors, assign=True)
    return model.eval(), facts


def build_network(description: Mapping, device: str | torch.device = "cpu") -> nn.Module:
    """The network of a description, see :attr:`NetworkFacts.network`, with drawn weights.

    Raises:
        ValueError: for a name that is not in :data:`NETWORKS`, or arguments it does not take.
    """
    with torch.device(device):
        return _build(description, NETWORKS)


def _build(description: object, table: Mapping[str, Callable[..., nn.Module]]) -> nn.Module:
    is_one = isinstance(description, Mapping) and description.keys() == {"name", "arguments"}
    if not is_one or not isinstance(description["arguments"], Mapping):
        raise ValueError(
            f"{description!r} describes no network: that takes a name and arguments, such as "
            f'{{"name": "UNet", "arguments": {{"num_classes": 6}}}}.'
        )
    name, arguments = description["name"], description["arguments"]
    if name not in table:
        raise ValueError(f"There is no network {name!r} here; there are {', '.join(table)}.")
    if arguments.get("weights") is not None:
        raise ValueError(f"{name} would fetch weights={arguments['weights']!r}; leave them out.")
    built = {
        argument: _build(value, PARTS) if isinstance(value, Mapping) else value
        for argument, value in arguments.items()
    }
    try:
        return table[name](**built)
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be built with {dict(arguments)!r}: {error}.") from None


def _stored(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    stored = value.detach().cpu().contiguous()
    if value.is_floating_point():
        stored = stored.to(dtype)
        if value.isfinite().all() and not stored.isfinite().all():
            raise ValueError(f"{name} holds numbers too large for {dtype}. Use torch.float32.")
    return stored


def _check_shapes(model: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in tensors.items()}
    wrong = sorted(n for n in wanted.keys() | given.keys() if wanted.get(n) != given.get(n))
    if wrong:
        first = wrong[0]
        raise ValueError(
            f"{what} is not the one described: {first} has shape {given.get(first, 'none')}, and "
            f"by the description {wanted.get(first, 'none')} ({len(wrong)} of {len(wanted)} "
            f"tensors differ). Describe it with the arguments with which it was built."
        )


def _as_metadata(facts: NetworkFacts) -> dict[str, str]:
    """The header holds texts only; each is JSON."""
    values = {
        "network": facts.network,
        "classes": facts.classes,
        "palette": facts.palette.tolist(),
        "image_size": facts.image_size,
        "records": [record.to_dict() for record in facts.records],
        "notes": facts.notes,
    }
    texts = {n: json.dumps(v, ensure_ascii=False, allow_nan=False) for n, v in values.items()}
    return {"segviz": _FORMAT, **texts}


def _from_metadata(path: str | Path, metadata: Mapping[str, str]) -> NetworkFacts:
    if metadata.get("segviz") != _FORMAT:
        raise ValueError(
            f"{path} holds weights, but not how their network is built. Give a file that "
            f"segviz.training.save_network wrote."
        )
    try:
        values = {name: json.loads(text) for name, text in metadata.items() if name != "segviz"}
        values["records"] = [Record.from_dict(record) for record in values["records"]]
        return NetworkFacts(**values)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"The facts in {path} are damaged ({error}).") from None
