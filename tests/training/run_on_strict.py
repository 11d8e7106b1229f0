"""A training run on a strict device; `test_devices.py` starts it as its own process.

run_on_strict.py numbers      the numbers are those of the CPU
run_on_strict.py careless     a tensor that stayed on the CPU is noticed
run_on_strict.py networks     every other network, with all of the recipe
"""

import contextlib
import sys

import pytest
import torch
from strict import strict_device
from toys import Blots, Careless, small_network

from segviz.training import devices, fit


def numbers():
    # In single precision, and without the dropout, whose draws follow the order in memory.
    devices.cpu_multiplies_bfloat16 = lambda: False
    on_cpu, on_strict = small_network()[1], small_network()[1]
    run = {"epochs": 2, "batch_size": 4, "class_weights": [1, 2, 3]}
    with strict_device():
        records = list(fit(on_strict, Blots(9), Blots(3), device="strict", **run))
        assert {parameter.device.type for parameter in on_strict.parameters()} == {"strict"}
    expected = list(fit(on_cpu, Blots(9), Blots(3), device="cpu", **run))
    for record, other in zip(records, expected, strict=True):
        assert record.loss == pytest.approx(other.loss, rel=1e-4)
        assert record.iou == pytest.approx(other.iou, abs=0.02)


def careless():
    with strict_device(), pytest.raises(RuntimeError, match="different devices, strict and cpu"):
        next(fit(Careless(), Blots(9), Blots(3), epochs=1, device="strict"))


def networks():
    from test_devices import EXTRAS, SMALL

    middle = {"FCN": "backbone.1", "SegNet": "encoder.1"}  # where the second head sits

    devices.cpu_multiplies_bfloat16 = lambda: False
    for name, build in SMALL.items():
        layer = middle.get(name, "backbone.stages.1")
        run = {"epochs": 2, "batch_size": 4, "auxiliary": layer, **EXTRAS}
        losses = {}
        for device in ("strict", "cpu"):  # it must be there before autograd first runs
            torch.manual_seed(0)
            network = build()
            with strict_device() if device == "strict" else contextlib.nullcontext():
                records = list(fit(network, Blots(9), Blots(3), device=device, **run))
            losses[device] = [record.loss for record in records]
        assert losses["strict"] == pytest.approx(losses["cpu"], rel=0.02), name


if __name__ == "__main__":
    {"numbers": numbers, "careless": careless, "networks": networks}[sys.argv[1]]()
