"""What UNet learns of the U-Net paper's own data: cell membranes under the electron microscope.

    SEGVIZ_DATA=/path/to/data python tests/benchmarks/isbi.py [--seed 0]

$SEGVIZ_DATA/isbi holds train/ (24 slices of 512x512) and val/ (6), masks 0 membrane, 1 cell. The
course's UNet is trained from nothing on crops of 256x256, mirrored, scaled and tinted at random,
for 6 minutes on two CPU cores; val is scored whole and at full size, plainly and with the
mirror image's vote. Prints both classes' IoU; nothing is wanted of them but that they are told.
"""

import argparse
import os
from pathlib import Path

import torch
from budget import epochs_within

from segviz.data import (
    Augmented,
    Folder,
    InMemory,
    class_frequencies,
    median_frequency_weights,
)
from segviz.models import UNet
from segviz.training import cross_entropy_and_dice, evaluate, fit, flipped_logits

CLASSES = ("membrane", "cell")
CROP = (256, 256)
SECONDS = 6 * 60  # of training


def train(crops, val, weights, seed, epochs):
    """The course's UNet and the records of its training."""
    torch.manual_seed(seed)
    model = UNet(len(CLASSES))
    records = []
    for record in fit(
        model,
        crops,
        val,
        epochs=epochs,
        batch_size=4,
        learning_rate=8e-3,
        class_weights=weights,
        loss=cross_entropy_and_dice,
        seed=seed,
        device="cpu",
    ):
        records.append(record)
        if record.epoch % 10 == 0:
            print(record, flush=True)
    return model, records


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    data = Path(os.environ.get("SEGVIZ_DATA", "data")) / "isbi"
    if not data.is_dir():
        print(f"Skipped: {data} is not there. Set SEGVIZ_DATA to the folder that holds isbi/.")
        return 0
    train_part, val = (InMemory(Folder(data / part, CLASSES)) for part in ("train", "val"))
    weights = median_frequency_weights(class_frequencies(train_part), CLASSES)
    # of a crop: about the slices' own scale
    crops = Augmented(train_part, CROP, scale=(1.6, 2.4), flip=False)

    def seconds_of(epochs):
        return [record.seconds for record in train(crops, val, weights, seed, epochs)[1]]

    model, records = train(crops, val, weights, seed, epochs_within(SECONDS, seconds_of))
    training = sum(record.seconds for record in records)
    print(f"{len(records)} epochs, {training:.0f} s of training")
    for way, scores in (
        ("plain", evaluate(model, val, 1)),
        ("with the mirror image's vote", evaluate(model, val, 1, logits=flipped_logits)),
    ):
        classes = ", ".join(f"{n} {v:.3f}" for n, v in zip(CLASSES, scores.iou, strict=True))
        print(f"{way}: IoU {classes}; mean {scores.mean_iou:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
