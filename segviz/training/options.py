"""What ``python -m segviz.training`` can be told."""

import argparse
from pathlib import Path

from segviz.models.course_size import COURSE_WIDTHS

from .losses import cross_entropy, cross_entropy_and_dice, dice_loss, focal_loss
from .recipe import SEEDS
from .schedules import SCHEDULES

DESCRIPTION = """\
Train a network on photographs with masks, or on the procedural scenes of the course.

DATA is the word "scenes", or a folder in one of these layouts:
  images/ masks/                     a random share is kept for scoring (--val-share)
  images/ masks/ val/images val/masks
  train/images train/masks val/images val/masks
Images and masks belong together by their names: images/street_1.jpg, masks/street_1.png.
A mask's pixel values are the numbers of the classes, from 0; 255 means "no class" (void).

Into the folder --out go
  network.safetensors   the trained network, for "python -m segviz.training predict"
  checkpoint.pt         everything --resume needs
  metrics.jsonl         one line of JSON for each epoch
  gallery.png           images, truth and predictions of the validation set, to look at
"""

EPILOG = """\
examples:
  python -m segviz.training scenes --epochs 3
  python -m segviz.training predict run/network.safetensors holiday --out masks
  python -m segviz.training photos --classes grass,path,dog --size 120x160 --epochs 20
  torchrun --nproc-per-node 2 -m segviz.training photos --classes grass,path,dog \\
      --network deeplab-resnet50 --pretrained --backbone-rate 0.1 --augment 0.5-2
"""

#: Arguments of the library that its sentences name, and the options that set them.
SHELL_NAMES = {
    "image_size": "--size HEIGHTxWIDTH",
    "mask_size": "--size HEIGHTxWIDTH",
    "batch_size": "--batch-size",
    "learning_rate": "--learning-rate",
    "weight_decay": "--weight-decay",
    "backbone_rate": "--backbone-rate",
    "clip_norm": "--clip-norm",
    "void=": "--void LABELS",
    "val_share": "--val-share",
    "num_classes": "--classes",
}

LOSSES = {
    "cross-entropy": cross_entropy,
    "dice": dice_loss,
    "cross-entropy+dice": cross_entropy_and_dice,
    "focal": focal_loss,
}

#: Networks of the course's size: name in the shell, name in NETWORKS, arguments.
COURSE_SIZE = {
    "unet": ("UNet", {}),
    "unet-light": ("UNet.light", {}),
    "fcn-8s": ("FCN", {"stride": 8}),
    "fcn-16s": ("FCN", {"stride": 16}),
    "fcn-32s": ("FCN", {"stride": 32}),
    "segnet": ("SegNet", {}),
    "deeplab": ("DeepLabV3Plus", {}),
}
#: Networks of the papers' size.
PAPER_SIZE = {
    "fcn-8s-vgg16": ("FCN.paper", {"stride": 8}),
    "segnet-vgg16": ("SegNet.paper", {}),
    "deeplab-resnet50": ("DeepLabV3Plus.paper", {"backbone": "resnet50"}),
    "deeplab-mobilenet": ("DeepLabV3Plus.paper", {"backbone": "mobilenet_v2"}),
}


def describe_network(
    name: str, num_classes: int, widths: tuple[int, ...] | None
) -> dict[str, object]:
    """The description, for :func:`segviz.training.build_network`, of a name of the shell.

    Raises:
        ValueError: for widths of a network that has its own.
    """
    if name in PAPER_SIZE:
        if widths is not None:
            raise ValueError(f"{name} has the widths of its paper; leave out --widths.")
        known, arguments = PAPER_SIZE[name]
        return {"name": known, "arguments": {"num_classes": num_classes, **arguments}}
    known, arguments = COURSE_SIZE[name]
    arguments = {"num_classes": num_classes, **arguments}
    if widths is None:
        return {"name": known, "arguments": arguments}
    if known == "DeepLabV3Plus":
        backbone = {"name": "AtrousBackbone", "arguments": {"widths": list(widths)}}
        return {"name": known, "arguments": {**arguments, "backbone": backbone}}
    return {"name": known, "arguments": {**arguments, "widths": list(widths)}}


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m segviz.training",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = whole.add_argument
    add("data", metavar="DATA", help='"scenes" or a folder')
    add("--out", type=Path, default=Path("run"), help="folder for the results (default: run)")
    add("--resume", action="store_true", help="go on with the run in --out, if there is one")
    _add_data(whole.add_argument_group("data").add_argument)
    _add_network(whole.add_argument_group("network").add_argument)
    _add_recipe(whole.add_argument_group("recipe").add_argument)
    return whole


def _add_data(add) -> None:
    add("--classes", type=_classes, help="names in the order of the labels: a,b,c; or how many")
    add("--void", type=_numbers, default=(), help='labels that mean "no class", such as 11')
    add("--val", type=Path, help="folder to score on, with images/ and masks/")
    add("--val-share", type=float, default=0.2, help="share to score on without one (0.2)")
    add(
        "--size",
        type=height_x_width,
        help="HEIGHTxWIDTH the network sees, such as 120x160 (as stored)",
    )
    add("--train-scenes", type=int, default=1300, help="how many scenes to train on (1300)")
    add("--val-scenes", type=int, default=200, help="how many scenes to score on (200)")
    add("--augment", type=_scales, help="scale, crop and tint at random: FROM-TO, such as 0.5-2")
    add("--colour", type=float, default=0.3, help="how far --augment tints, from 0 to 1 (0.3)")


def _add_network(add) -> None:
    names = [*COURSE_SIZE, *PAPER_SIZE]
    add("--network", choices=names, default="unet", metavar="NAME", help=", ".join(names))
    usual = ",".join(map(str, COURSE_WIDTHS))
    add("--widths", type=_numbers, help=f"channels per level, finest first ({usual})")
    add("--pretrained", action="store_true", help="fetch torchvision's ImageNet backbone")


def _add_recipe(add) -> None:
    add("--epochs", type=int, default=8, help="passes over the training images (8)")
    add("--batch-size", type=int, default=8, help="images per step (8)")
    add("--accumulate", type=int, default=1, help="parts a batch is computed in (1)")
    add("--learning-rate", type=float, default=3e-3, help="highest learning rate (0.003)")
    add("--weight-decay", type=float, default=0.01, help="as in AdamW (0.01)")
    add("--backbone-rate", type=float, default=1.0, help="the backbone's, times that (1)")
    add("--schedule", choices=SCHEDULES, default="one_cycle", help="(one_cycle)")
    add("--loss", choices=LOSSES, default="cross-entropy", help="(cross-entropy)")
    add(
        "--balance",
        type=_power,
        default=0.5,
        metavar="POWER",
        help="how far rare classes weigh more in the loss: 0 not at all, 1 fully (0.5)",
    )
    add("--auxiliary", metavar="LAYER", help="a layer that gets a second head in training")
    add("--clip-norm", type=float, help="longest gradient (any)")
    add("--ema", type=float, help="average the weights, keeping this share, such as 0.99")
    add("--patience", type=int, help="stop after so many epochs without a better mIoU")
    add("--seed", type=_seed, default=0, help="decides weights, order, flips and split (0)")
    add("--device", help="cuda, mps or cpu (the fastest there is)")
    add("--workers", type=int, help="processes that read images ahead (chosen for the machine)")


def height_x_width(text: str) -> tuple[int, int]:
    """Two numbers of an option such as 120x160."""
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        height = width = 0
    if height < 1 or width < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no HEIGHTxWIDTH such as 120x160")
    return height, width


def _scales(text: str) -> tuple[float, float]:
    try:
        least, most = (float(part) for part in text.split("-"))
    except ValueError:
        least = most = 0
    if not 0 < least <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of scales such as 0.5-2")
    return least, most


def _power(text: str) -> float:
    try:
        power = float(text)
    except ValueError:
        power = -1.0
    if not 0 <= power <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no power from 0 to 1, such as 0.5")
    return power


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
