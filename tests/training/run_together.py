"""A run that several processes make together; `test_processes.py` starts it with torchrun.

run_together.py OUT          each process writes its weights and records to OUT and its number
run_together.py OUT extras   with a second head, an average of the weights, and clipping
run_together.py OUT broken   the second process loses its loss; both write what they were told
"""

import os
import sys

import torch
from torch import nn
from toys import Blots, without_timings

from segviz.training import DivergenceError, cross_entropy, devices, fit

RUN = {"epochs": 2, "batch_size": 6, "seed": 3, "class_weights": [1.0, 2.5, 0.5]}


class Uneven(Blots):
    """Every image has another number of labelled pixels."""

    def __getitem__(self, index):
        image, mask = super().__getitem__(index)
        mask[:, index + 3 :] = 255
        return image, mask


def network():
    """Without batch norm: on the CPU every process would normalise its own share."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Conv2d(5, 3, 3, padding=1))


def train(**changes):
    model = network()
    records = list(fit(model, Uneven(15), Blots(5), device="cpu", **RUN, **changes))
    return model.state_dict(), [without_timings(record) for record in records]


EXTRAS = {"auxiliary": "0", "ema": 0.8, "clip_norm": 0.1, "backbone_rate": 1.0}


def lost_in_the_second(*arguments):
    return cross_entropy(*arguments) + (torch.nan if os.environ["RANK"] == "1" else 0)


def complaint():
    try:
        train(loss=lost_in_the_second)
    except DivergenceError as error:
        return str(error)


if __name__ == "__main__":
    devices._bfloat16_is_faster = lambda: False  # as conftest.py has it
    out, *extras = sys.argv[1:]
    if extras == ["broken"]:
        torch.save(complaint(), out + os.environ["RANK"])
        sys.exit()
    files = {"checkpoint": out + ".checkpoint", "best": out + ".best"}
    weights, records = train(**files, **(EXTRAS if extras else {}))
    torch.save({"weights": weights, "records": records}, out + os.environ["RANK"])
