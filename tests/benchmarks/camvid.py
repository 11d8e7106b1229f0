"""How well `python -m segviz.training` learns real photographs: CamVid's street scenes.

    SEGVIZ_DATA=/path/to/data python tests/benchmarks/camvid.py [network ...] [--out FOLDER]

$SEGVIZ_DATA/camvid holds train/ and val/, each with images/ and masks/ of eleven classes, 11 being
void. Four networks, UNet also in its light form, are trained from nothing at 160x120, each for 6
minutes on two CPU cores, and scored on val at the masks' full size, plainly and in full: the
mirror image has a vote, and half of the loss's weights are taken back. Wanted: mIoU of 0.52 for
UNet plainly, and of 0.62 for the best in full. (The recipe was chosen by these scores; on a test
set they would be lower.) Prints the runs and a table, and exits with 1 if they miss. Look at
FOLDER/*/gallery.png afterwards.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from budget import epochs_within

from segviz.data import Folder, class_frequencies, median_frequency_weights
from segviz.training import evaluate, flipped_logits, load_network
from segviz.training.command import main as segviz_training

CLASSES = "sky,building,pole,road,pavement,tree,sign,fence,car,pedestrian,bicyclist"
SIZE, VOID = "120x160", "11"
NETWORKS = ("unet-light", "unet", "fcn-8s", "segnet", "deeplab")
#: Small batches, as many steps count more than smooth ones where time is short.
RECIPE = (
    "--widths 12,24,48,64,96 --augment 0.9-1.25 --colour 0.1 --loss cross-entropy+dice "
    "--batch-size 4 --learning-rate 0.003 --weight-decay 0.1"
).split()

WANTED_UNET, WANTED_BEST = 0.52, 0.62
SECONDS = 6 * 60  # of training


def run_command(network, data, out, seed, epochs):
    """The records of a run, as `metrics.jsonl` holds them, or [] if it failed."""
    arguments = [str(data), "--classes", CLASSES, "--void", VOID, "--size", SIZE, *RECIPE]
    arguments += ["--network", network, "--epochs", str(epochs), "--seed", seed, "--out", str(out)]
    if segviz_training([*arguments, "--device", "cpu"]) != 0:
        return []
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def seconds_of(records):
    return [record["seconds"] for record in records]


def train(network, data, out, seed):
    """(scores, scores in full, records), or None if the run failed."""

    def trained_briefly(epochs):
        with tempfile.TemporaryDirectory() as folder:
            return seconds_of(run_command(network, data, Path(folder) / "run", seed, epochs))

    epochs = epochs_within(SECONDS, trained_briefly)
    records = run_command(network, data, out, seed, epochs) if epochs else []
    if not records:
        return None
    model, facts = load_network(out / "network.safetensors")
    parts = (data / "train", data / "val")
    known = {"classes": facts.classes, "image_size": facts.image_size, "void": (int(VOID),)}
    train_part, val = (Folder(part, **known) for part in parts)
    return evaluate(model, val), evaluate(model, val, logits=in_full(train_part)), records


def in_full(train_part):
    """Logits with the mirror image's vote, and nearer to how often the classes occur.

    A loss with the weights w teaches a network to overrate a class by the factor w. It needs that
    to learn the rare ones; mIoU, which counts false pixels too, is best half of the way back.
    """
    weights = median_frequency_weights(class_frequencies(train_part))
    taken_back = 0.5 * weights.log().view(1, -1, 1, 1)  # (1, K, 1, 1)
    return lambda model, images: flipped_logits(model, images) - taken_back


def print_table(runs):
    print("\nnetwork     plain  in full  epochs  training  IoU by class, in full")
    for network, run in runs.items():
        if run is None:
            print(f"{network}: no result")
            continue
        plain, full, records = run
        classes = zip(CLASSES.split(","), full.iou, strict=True)
        print(
            f"{network:10}  {plain.mean_iou:.3f}  {full.mean_iou:7.3f}  {len(records):6}"
            f"  {sum(seconds_of(records)):6.0f} s  "
            + "  ".join(f"{label} {value:.2f}" for label, value in classes)
        )


def has_missed(runs):
    if None in runs.values():
        return True
    best = max(full.mean_iou for _, full, _ in runs.values())
    slow = any(sum(seconds_of(records)) > SECONDS for _, _, records in runs.values())
    poor = "unet" in runs and runs["unet"][0].mean_iou < WANTED_UNET
    return slow or poor or best < WANTED_BEST


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS, help=", ".join(NETWORKS))
    parser.add_argument("--out", type=Path, help="a folder for the results (a new one in /tmp)")
    parser.add_argument("--seed", default="0")
    options = parser.parse_args()
    data = Path(os.environ.get("SEGVIZ_DATA", "data")) / "camvid"
    if not data.is_dir():
        print(f"Skipped: {data} is not there. Set SEGVIZ_DATA to the folder that holds camvid/.")
        return 0
    out = options.out or Path(tempfile.mkdtemp(prefix="camvid-"))
    print(f"load {os.getloadavg()[0]:.1f} before the start")
    runs = {name: train(name, data, out / name, options.seed) for name in options.networks}
    print_table(runs)
    print(f"look at {out}/*/gallery.png")
    return int(has_missed(runs))


if __name__ == "__main__":
    raise SystemExit(main())
