"""What `fit` costs beside a bare loop that makes the same steps: at most 3 % is wanted.

    python tests/benchmarks/fit_overhead.py [--rounds 7]

Both train the course's UNet on the same scenes, in turn; the ratio of each pair is taken and the
median of these printed, so that what else the machine does meanwhile hits both. The bare loop has
no labels checked, no loss looked at, no mirrored images, no records.
"""

import argparse
import os
import statistics
import time

import torch
from torch.nn import functional as F

from segviz.data import InMemory, Scenes, normalise
from segviz.models import UNet
from segviz.training import fit

BATCH, IMAGES, RATE = 8, 160, 3e-3
WANTED = 1.03


def bare(train):
    """Seconds of one epoch."""
    torch.manual_seed(0)
    model = UNet(len(train.classes)).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, len(train) // BATCH)
    order = torch.randperm(len(train)).tolist()
    began = time.perf_counter()
    for start in range(0, len(train), BATCH):
        items = [train[index] for index in order[start : start + BATCH]]
        images, masks = (torch.stack(column) for column in zip(*items, strict=True))
        inputs = normalise(images).contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), masks, ignore_index=255).backward()
        optimizer.step()
        scheduler.step()
    return time.perf_counter() - began


def by_fit(train, val):
    torch.manual_seed(0)
    model = UNet(len(train.classes))
    (record,) = fit(model, train, val, epochs=1, batch_size=BATCH, device="cpu")
    return record.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    train, val = InMemory(Scenes(IMAGES)), InMemory(Scenes(2, first_seed=900_000))
    bare(train), by_fit(train, val)  # warm
    print(f"load {os.getloadavg()[0]:.1f}")
    ratios = []
    for turn in range(rounds):
        # each goes first in turn: a machine that gets slower must not favour one
        if turn % 2:
            own, plain = by_fit(train, val), bare(train)
        else:
            plain, own = bare(train), by_fit(train, val)
        ratios.append(own / plain)
        print(f"bare {plain:.2f} s, fit {own:.2f} s, ratio {own / plain:.3f}", flush=True)
    middle = statistics.median(ratios)
    print(f"median ratio {middle:.3f} (wanted: at most {WANTED})")
    return int(middle > WANTED)


if __name__ == "__main__":
    raise SystemExit(main())
