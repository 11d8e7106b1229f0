"""``python -m segviz.training``: train a UNet from a shell."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from segviz.data import SegmentationDataset, class_frequencies, median_frequency_weights
from segviz.models import UNet

from . import sources
from .checkpoint import write_whole
from .devices import pick_device
from .divergence import DivergenceError
from .fit import fit
from .gallery import gallery
from .recipe import SEEDS
from .records import Record

DESCRIPTION = """\
Train a UNet on photographs with masks, or on the procedural scenes of the course.

DATA is the word "scenes", or a folder in one of these layouts:
  images/ masks/                     a random share is kept for scoring (--val-share)
  images/ masks/ val/images val/masks
  train/images train/masks val/images val/masks
Images and masks belong together by their names: images/street_1.jpg, masks/street_1.png.
A mask's pixel values are the numbers of the classes, from 0; 255 means "no class" (void).

Into the folder --out go
  checkpoint.pt   everything --resume needs; the network's weights are under the key "model"
  metrics.jsonl   one line of JSON for each epoch
  gallery.png     images, truth and predictions of the validation set, to look at
"""

EPILOG = """\
examples:
  python -m segviz.training scenes --epochs 4
  python -m segviz.training photos --classes grass,path,dog --size 120x160 --epochs 20
"""

#: Arguments of the library that its sentences name, and the options that set them.
SHELL_NAMES = {
    "image_size": "--size HEIGHTxWIDTH",
    "mask_size": "--size HEIGHTxWIDTH",
    "batch_size": "--batch-size",
    "learning_rate": "--learning-rate",
    "void=": "--void LABELS",
    "val_share": "--val-share",
    "num_classes": "--classes",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for an error, 130 if stopped by hand."""
    options = _parser().parse_args(arguments)
    try:
        return _train(options)
    except KeyboardInterrupt:  # while reading or drawing; the training ends by itself
        print("Stopped by hand.", file=sys.stderr)
        return 130
    except torch.OutOfMemoryError:
        return _refuse(
            f"The device has not enough memory. Try a --batch-size below {options.batch_size}, a "
            f"smaller --size or narrower --widths."
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
    device = pick_device(options.device)
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists() and not options.resume:
        raise ValueError(
            f"{checkpoint} exists already. Add --resume to go on with that run, or choose another "
            f"folder with --out."
        )
    train, val = (sources.kept_if_small(part) for part in _open_data(options))
    _read_once(val)
    weights = None
    if not options.unweighted:
        weights = median_frequency_weights(class_frequencies(train), train.classes)
    torch.manual_seed(options.seed)
    network = UNet(len(train.classes), options.widths)
    print(f"{len(train)} images to train on, {len(val)} to score on, on {device}")

    records = []
    for record in fit(
        network,
        train,
        val,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        class_weights=weights,
        seed=options.seed,
        device=device,
        checkpoint=checkpoint,
        workers=options.workers,
    ):
        print(record, flush=True)
        records.append(record)
        _write_metrics(options.out / "metrics.jsonl", records)
    write_whole(options.out / "gallery.png", lambda file: file.write(gallery(network, val)))
    _print_result(records, options)
    return 0 if len(records) == options.epochs else 130


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
    )


def _write_metrics(path: Path, records: Sequence[Record]) -> None:
    text = "".join(record.to_json() + "\n" for record in records)
    write_whole(path, lambda file: file.write(text.encode()))


def _print_result(records: Sequence[Record], options: argparse.Namespace) -> None:
    if records:
        last = records[-1]
        print(f"\nIoU after epoch {last.epoch}, mean {last.miou:.3f}:")
        for name, iou in last.iou.items():
            print(f"  {iou:6.3f}  {name}")
    print(f"\nWrote {options.out}: checkpoint.pt, metrics.jsonl, gallery.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m segviz.training",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", metavar="DATA", help='"scenes" or a folder')
    add("--out", type=Path, default=Path("run"), help="folder for the results (default: run)")
    add("--resume", action="store_true", help="go on with the run in --out, if there is one")
    add("--classes", type=_classes, help="names in the order of the labels: a,b,c; or how many")
    add("--void", type=_numbers, default=(), help='labels that mean "no class", such as 11')
    add("--val", type=Path, help="folder to score on, with images/ and masks/")
    add("--val-share", type=float, default=0.2, help="share to score on without one (0.2)")
    add("--size", type=_size, help="HEIGHTxWIDTH the network sees, such as 120x160 (as stored)")
    add("--train-scenes", type=int, default=2000, help="how many scenes to train on (2000)")
    add("--val-scenes", type=int, default=200, help="how many scenes to score on (200)")
    add("--widths", type=_numbers, default=(8, 16, 32, 64, 96), help="channels per level")
    add("--epochs", type=int, default=8, help="passes over the training images (8)")
    add("--batch-size", type=int, default=8, help="images per step (8)")
    add("--learning-rate", type=float, default=3e-3, help="highest learning rate (0.003)")
    add("--unweighted", action="store_true", help="do not weight rare classes more in the loss")
    add("--seed", type=_seed, default=0, help="decides weights, order, flips and split (0)")
    add("--device", help="cuda, mps or cpu (the fastest there is)")
    add("--workers", type=int, default=0, help="processes that read images ahead (0)")
    return parser


def _size(text: str) -> tuple[int, int]:
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        height = width = 0
    if height < 1 or width < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no HEIGHTxWIDTH such as 120x160")
    return height, width


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of whole numbers such as 16,24,48"
        ) from None


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no seed: a whole number, 0 or more and below 2**64"
        )
    return int(text)


def _classes(text: str) -> tuple[str, ...]:
    if text.isdecimal():
        return tuple(f"class {label}" for label in range(int(text)))
    return tuple(name.strip() for name in text.split(","))
