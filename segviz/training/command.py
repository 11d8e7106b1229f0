"""``python -m segviz.training``: train a network from a shell."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from segviz.data import (
    Augmented,
    SegmentationDataset,
    class_frequencies,
    median_frequency_weights,
)
from segviz.whole_file import write_whole

from . import sources
from .devices import pick_device
from .divergence import DivergenceError
from .failures import analyse
from .fit import fit
from .gallery import gallery
from .options import LOSSES, SHELL_NAMES, describe_network, parser
from .records import Record
from .text_view import TextView
from .trained import NETWORKS, NetworkFacts, build_network, save_network


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for an error, 130 if stopped by hand."""
    options = parser().parse_args(arguments)
    try:
        return _train(options)
    except KeyboardInterrupt:  # while reading or drawing; the training ends by itself
        print("Stopped by hand.", file=sys.stderr)
        return 130
    except torch.OutOfMemoryError:
        return _refuse(
            "The device has not enough memory, not even for one image at a time. Try a smaller "
            "--size or a smaller --network."
        )
    except (ValueError, OSError, DivergenceError) as error:
        return _refuse(_with_shell_names(str(error)))


def _with_shell_names(sentence: str) -> str:
    """The sentence, and how the Python arguments in it are called in a shell."""
    named = [f"{name} is {option}" for name, option in SHELL_NAMES.items() if name in sentence]
    return f"{sentence} (In the shell: {', '.join(named)}.)" if named else sentence


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2


def _train(options: argparse.Namespace) -> int:
    device = pick_device(options.device)  # a name that is none is told before anything is read
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists() and not options.resume:
        raise ValueError(
            f"{checkpoint} exists already. Add --resume to go on with that run, or choose another "
            f"folder with --out."
        )
    train, val = (sources.kept_if_small(part) for part in _open_data(options))
    _read_once(val)
    frequencies = class_frequencies(train)
    weights = median_frequency_weights(frequencies, train.classes, power=options.balance)
    description = describe_network(options.network, len(train.classes), options.widths)
    network = _build(description, options)
    is_first = os.environ.get("RANK", "0") == "0"  # of those that torchrun started
    view = TextView(train.classes) if is_first else None
    if is_first:
        print(f"{len(train)} images to train on, {len(val)} to score on, on {device.type}")

    records = []
    for record in fit(
        network,
        _augmented(train, options),
        val,
        epochs=options.epochs,
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        backbone_rate=options.backbone_rate,
        schedule=options.schedule,
        loss=LOSSES[options.loss],
        class_weights=weights,
        auxiliary=options.auxiliary,
        clip_norm=options.clip_norm,
        ema=options.ema,
        patience=options.patience,
        seed=options.seed,
        device=options.device,
        checkpoint=checkpoint,
        workers=options.workers,
    ):
        records.append(record)
        if view is not None:
            view.show(record)
            _write_metrics(options.out / "metrics.jsonl", records)
    if is_first:
        view.finish()
        view.show_failures(analyse(network, val, options.batch_size))
        _write_results(network, description, val, records, options)
    is_done = len(records) == options.epochs or options.patience is not None
    return 0 if is_done else 130


def _build(description: dict, options: argparse.Namespace) -> nn.Module:
    torch.manual_seed(options.seed)
    if not options.pretrained:
        return build_network(description)
    try:
        return NETWORKS[description["name"]](**description["arguments"], weights="imagenet")
    except TypeError:
        raise ValueError(
            f"There are no pretrained weights for --network {options.network}; there are for those "
            f"of the papers' size, such as deeplab-resnet50."
        ) from None


def _augmented(train: SegmentationDataset, options: argparse.Namespace) -> SegmentationDataset:
    if options.augment is None:
        return train
    size = options.size or tuple(train[0][0].shape[-2:])
    changes = {"scale": options.augment, "colour": options.colour}
    return Augmented(train, size, **changes, flip=False)  # fit mirrors anyway


def _read_once(dataset: SegmentationDataset) -> None:
    """Find an item that cannot be read now, not after the first epoch."""
    for index in range(len(dataset)):
        dataset[index]


def _open_data(options: argparse.Namespace) -> sources.Pair:
    if options.data == "scenes":
        return sources.scenes(options.train_scenes, options.val_scenes, options.size)
    if options.classes is None:
        raise ValueError(
            "Which classes do the masks hold? Name them in the order of their labels, as in "
            "--classes grass,path,dog, or give their number, as in --classes 3."
        )
    return sources.folder(
        Path(options.data),
        options.val,
        options.val_share,
        options.seed,
        options.classes,
        options.void,
        options.size,
        scaled_later=options.augment is not None,
    )


def _write_metrics(path: Path, records: Sequence[Record]) -> None:
    text = "".join(record.to_json() + "\n" for record in records)
    write_whole(path, text.encode())


def _write_results(
    network: nn.Module,
    description: dict,
    val: SegmentationDataset,
    records: Sequence[Record],
    options: argparse.Namespace,
) -> None:
    facts = NetworkFacts(description, val.classes, val.palette, options.size, records)
    save_network(options.out / "network.safetensors", network, facts)
    write_whole(options.out / "gallery.png", gallery(network, val))
    print(f"\nWrote {options.out}: network.safetensors, checkpoint.pt, metrics.jsonl, gallery.png")
