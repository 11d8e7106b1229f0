"""A training run that is killed on the way; `test_resume.py` starts it as its own process.

run_and_die.py CHECKPOINT item N       killed when it asks for the N-th item
run_and_die.py CHECKPOINT write N      killed half way through writing the N-th checkpoint
"""

import itertools
import os
import signal
import sys

import torch
from toys import Blots, small_network

from segviz.training import devices, fit

RUN = {"epochs": 3, "batch_size": 4, "seed": 7, "device": "cpu"}
IMAGES = {"train": 18, "val": 5}  # 18: the last two of each epoch are left over


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(count):
    """A function that kills this process when it is called for the `count`-th time."""
    calls = itertools.count(1)
    return lambda *_: die() if next(calls) == count else None


def save_and_die_at(count, save=torch.save):
    """`torch.save`, but the `count`-th file gets only half of its bytes."""
    calls = itertools.count(1)

    def half_save(state, file):
        save(state, file)
        if next(calls) == count:
            file.truncate(file.tell() // 2)
            file.flush()
            die()

    return half_save


if __name__ == "__main__":
    devices._bfloat16_is_faster = lambda: False  # as conftest.py has it
    checkpoint, where, count = sys.argv[1:]
    on_item = dying_at(int(count)) if where == "item" else None
    if where == "write":
        torch.save = save_and_die_at(int(count))
    train = Blots(IMAGES["train"], on_item=on_item)
    val = Blots(IMAGES["val"], first_seed=1000, on_item=on_item)
    list(fit(small_network(), train, val, checkpoint=checkpoint, **RUN))
    print("survived")
