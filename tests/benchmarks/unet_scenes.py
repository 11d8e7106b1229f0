"""How well UNet learns the procedural scenes, with skips and without, as notebook 08 trains it.

    python tests/benchmarks/unet_scenes.py [seed ...]       default: seeds 0 1 2

Wanted, on two CPU cores: mIoU >= 0.65 within 90 s of training, and at least 0.15 less without
skips, for every seed. The script prints a table and exits with 1 if a row misses.
"""

import argparse
import os
import time

import torch

from segviz.data import InMemory, Scenes, class_frequencies, median_frequency_weights
from segviz.models import UNet
from segviz.training import fit

# What course/08_unet.ipynb does.
TRAIN = {"length": 1300, "first_seed": 10_000}
VAL = {"length": 200, "first_seed": 900_000}
EPOCHS, LEARNING_RATE = 4, 5e-3

WANTED_MIOU, WANTED_SECONDS, WANTED_GAP = 0.65, 90, 0.15


def train(build, train_set, val_set, weights, seed):
    """mIoU of the last epoch, seconds of training, seconds with scoring, images per second."""
    torch.manual_seed(seed)
    network = build(len(train_set.classes))
    began = time.perf_counter()
    records = list(
        fit(
            network,
            train_set,
            val_set,
            epochs=EPOCHS,
            learning_rate=LEARNING_RATE,
            class_weights=weights,
            seed=seed,
        )
    )
    whole = time.perf_counter() - began
    training = sum(record.seconds for record in records)
    return records[-1].miou, training, whole, records[-1].images_per_second


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds

    began = time.perf_counter()
    train_set, val_set = InMemory(Scenes(**TRAIN)), InMemory(Scenes(**VAL))
    weights = median_frequency_weights(class_frequencies(train_set))
    painting = time.perf_counter() - began
    print(f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} before the start")
    print(f"{len(train_set)} scenes painted and counted in {painting:.0f} s, {EPOCHS} epochs\n")
    print("seed  skips  mIoU   training  with scoring  images/s")
    missed = False
    for seed in seeds:
        miou = {}
        for name, build in (("yes", UNet), ("no", UNet.without_skips)):
            miou[name], seconds, whole, rate = train(build, train_set, val_set, weights, seed)
            row = f"{seed:4}  {name:5}  {miou[name]:.3f}  {seconds:6.0f} s  {whole:10.0f} s"
            print(f"{row}  {rate:8.0f}", flush=True)
            missed |= name == "yes" and (miou[name] < WANTED_MIOU or seconds > WANTED_SECONDS)
        missed |= miou["yes"] - miou["no"] < WANTED_GAP
    print(f"\nload {os.getloadavg()[0]:.1f} at the end (this run alone makes about 2)")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
