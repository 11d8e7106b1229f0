"""What a trained network makes of a folder of photographs: a mask for each."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from segviz.data import DataError
from segviz.data.folder import as_image
from segviz.data.pairs import IMAGE_SUFFIXES
from segviz.data.reading import read_image
from segviz.data.writing import label_picture, require_free
from segviz.models.checks import check_list_of_whole
from segviz.whole_file import write_whole

from .devices import memory_format, pick_device
from .prediction import compute_logits, predict
from .trained import NetworkFacts, load_network
from .windows import flipped_logits, sliding_logits


@dataclass(frozen=True)
class FolderPrediction:
    """The masks that were written, and a sentence for every photograph that has none."""

    written: tuple[Path, ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.written)} masks written, {len(self.problems)} photographs left out."]
        return "\n".join([*lines, *(f"  {problem}" for problem in self.problems)])


def predict_folder(
    network_file: str | Path,
    folder: str | Path,
    out: str | Path,
    window: tuple[int, int] | None = None,
    flip: bool = False,
    device: str | torch.device | None = None,
) -> FolderPrediction:
    """Write a mask for every photograph in a folder: ``out/NAME.png`` for ``folder/NAME.jpg``.

    The masks are as large as the photographs held upright. They are palette PNGs of 8 bits: the
    pixel values are the labels, and viewers show the network's colours. A photograph that cannot
    be read or predicted is told of and left out, and the others go on; no file is ever half there.

    Args:
        network_file: what :func:`save_network` wrote.
        folder: PNG and JPEG files, read as :class:`segviz.data.Folder` reads its images; other
            files and folders in it are passed over.
        out: a folder that does not exist yet or is empty.
        window: None: every photograph is resized to what the network was trained on, and its
            scores are enlarged again. Height and width: the photograph keeps its scale and is
            seen through windows, see :func:`sliding_logits`; for large photographs of which the
            network has seen parts of that size.
        flip: whether the mirror image is asked too, see :func:`flipped_logits`.
        device: as in :func:`pick_device`.

    Raises:
        OSError: for a network file that cannot be opened, or an ``out`` that cannot be written.
        ValueError: for a file that is no network, a missing folder or one without photographs, an
            ``out`` that holds something, an impossible window, or a device that is not there.
    """
    logits, resized = compute_logits, True
    if window is not None:
        check_list_of_whole("window", window, 2, (96, 128))
        logits, resized = partial(sliding_logits, window=tuple(window)), False
    if flip:
        logits = partial(flipped_logits, logits=logits)
    device, out = pick_device(device), Path(out)
    model, facts = load_network(network_file)
    _check_answers_every_pixel(network_file, model, facts)
    paths = _photographs(Path(folder))
    require_free(out)

    model = model.to(device, memory_format=memory_format(device))
    size = facts.image_size if resized else None
    ask = partial(_labels_of, model=model, size=size, logits=logits)
    written, problems = {}, []
    for path in paths:
        mask = out / f"{path.stem}.png"
        if mask in written:
            problems.append(f"{path} and {written[mask]} have the same name; rename one.")
            continue
        try:
            _write_mask(mask, ask(path), facts)
        except (ValueError, torch.OutOfMemoryError) as error:
            problems.append(_sentence(path, error))
        else:
            written[mask] = path
    return FolderPrediction(tuple(written), tuple(problems))


def _labels_of(
    path: Path, *, model: nn.Module, size: tuple[int, int] | None, logits: Callable
) -> np.ndarray:
    """The labels (H, W) of a photograph, at its own size."""
    upright = read_image(path)
    if model.in_channels == 1:
        upright = upright.convert("L").convert("RGB")  # three times the same grey
    image = as_image(upright, size)[: model.in_channels]  # (C, h, w)
    labels: Tensor = predict(model, image[None], upright.size[::-1], logits)  # (1, H, W)
    return labels[0].cpu().numpy()


def _write_mask(path: Path, labels: np.ndarray, facts: NetworkFacts) -> None:
    encoded = io.BytesIO()
    label_picture(labels, facts.palette).save(encoded, "PNG")
    write_whole(path, encoded.getvalue())


def _photographs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {what}. Give the folder that holds the photographs.")
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not paths:
        raise DataError(
            f"{folder} holds no photograph ({', '.join(IMAGE_SUFFIXES)}). Give the folder in which "
            f"they lie; folders inside it are not searched."
        )
    return paths


def _check_answers_every_pixel(
    network_file: str | Path, model: nn.Module, facts: NetworkFacts
) -> None:
    name = facts.network["name"]
    if name == "Classifier":
        raise ValueError(
            f"{network_file} holds a {name}: it names what is on a whole image. Masks take a "
            f"network that answers for every pixel, such as a UNet."
        )
    if model.in_channels not in (1, 3):
        raise ValueError(
            f"The {name} in {network_file} takes images of {model.in_channels} channels, and "
            f"photographs have 3 (colour) or 1 (grey)."
        )


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, torch.OutOfMemoryError):
        return (
            f"{path} needs more memory than the device has. Predict it through a window as large "
            f"as the images of the training, or on the CPU."
        )
    sentence = str(error)
    return sentence if str(path) in sentence else f"{path}: {sentence}"
