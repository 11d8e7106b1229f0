"""The same code on CUDA and MPS, as far as it can be seen without either."""

import functools
import subprocess
import sys
from pathlib import Path

import pretend
import pytest
import strict
import torch
from toys import Blots, Careless, small_network

from segviz.models import FCN, AtrousBackbone, DeepLabV3Plus, SegNet
from segviz.training import devices, fit, pick_device

CPU, CUDA, MPS = (torch.device(kind) for kind in ("cpu", "cuda", "mps"))
AMPERE, TURING = (8, 0), (7, 5)


@pytest.fixture
def only(monkeypatch):
    """`only("mps")`: the machine has that device and the CPU."""

    def have(kind):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: kind == "cuda")
        # A cache like the original's: torch's compiler looks inside when it is imported.
        answer = functools.cache(lambda: kind == "mps")
        monkeypatch.setattr(torch.backends.mps, "is_available", answer)

    return have


@pytest.mark.parametrize(("kind", "other"), [("cuda", "mps"), ("mps", "cuda"), ("cpu", "mps")])
def test_the_fastest_device_there_is_is_taken(only, kind, other):
    only(kind)
    assert pick_device() == torch.device(kind)
    assert pick_device("cpu") == CPU
    with pytest.raises(ValueError, match=f"no device '{other}' here; this machine has .*cpu"):
        pick_device(other)


@pytest.mark.parametrize("name", ["meta", "xpu", "abacus"])
def test_a_device_that_cannot_compute_is_none(only, name):
    only("cpu")
    with pytest.raises(ValueError, match=f"no device '{name}' here; this machine has cpu"):
        pick_device(name)


@pytest.mark.parametrize(
    ("capability", "dtype"), [(AMPERE, torch.bfloat16), (TURING, torch.float16)], ids=str
)
def test_half_precision_on_cuda_is_what_the_generation_can(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert devices.autocast_dtype(CUDA) is dtype


@pytest.mark.parametrize(
    ("instructions", "dtype"),
    [({"avx512_bf16": True}, torch.bfloat16), ({"avx512_f": True, "amx_bf16": False}, None)],
    ids=["with", "without"],
)
def test_half_precision_on_a_cpu_only_with_the_instructions(monkeypatch, instructions, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions, raising=False)
    monkeypatch.setattr(devices, "_bfloat16_is_faster", lambda: True)
    assert devices.autocast_dtype(CPU) is dtype


def test_no_half_precision_on_a_cpu_whose_instructions_bring_no_gain(monkeypatch):
    monkeypatch.setattr(devices, "cpu_multiplies_bfloat16", lambda: True)
    monkeypatch.setattr(devices, "_bfloat16_is_faster", lambda: False)
    assert devices.autocast_dtype(CPU) is None


def test_no_half_precision_where_pytorch_cannot_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert devices.autocast_dtype(CPU) is None


def test_mps_runs_in_single_precision_and_contiguous(monkeypatch):
    assert devices.autocast_dtype(MPS) is None
    assert devices.memory_format(MPS) is torch.contiguous_format
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 456)
    assert devices.peak_memory(MPS) == 456


@pytest.mark.parametrize(
    ("capability", "dtype"), [(AMPERE, torch.bfloat16), (TURING, torch.float16)], ids=str
)
def test_a_whole_run_on_pretended_cuda(capability, dtype):
    seen = []
    network = small_network()
    network.register_forward_hook(lambda head, inputs, output: seen.append((*inputs, output)))
    with pretend.pretend_cuda(capability) as pinned:
        records = list(fit(network, Blots(9), Blots(3), epochs=2, batch_size=4, workers=0))
    assert [record.epoch for record in records] == [1, 2]
    assert records[-1].peak_memory == 123
    assert [tuple(tensor.shape[:1]) for tensor in pinned] == [(4,)] * 2 * 2 * 2  # images and masks
    assert len(seen) == 2 * (2 + 1)  # epochs of two steps and a batch to score on
    for images, logits in seen:
        assert images.device.type == logits.device.type == "cuda"
        assert images.dtype == torch.float32 and logits.dtype == dtype
        assert images.is_contiguous(memory_format=torch.channels_last)
    assert network[1].bridge[0][0].weight.is_contiguous(memory_format=torch.channels_last)


SMALL = {
    "FCN": lambda: FCN(3, (4, 6, 8), stride=2, head_width=8),
    "SegNet": lambda: SegNet(3, (4, 6)),
    "DeepLabV3Plus": lambda: DeepLabV3Plus(
        3,
        AtrousBackbone((4, 6), output_stride=2, rates=((1,), (1, 2))),
        rates=(1, 3),
        aspp_channels=5,
    ),
    "DeepLabV3Plus, separable": lambda: DeepLabV3Plus(
        3,
        AtrousBackbone((4, 6), output_stride=2, rates=((1,), (1, 2))),
        rates=(1, 3),
        aspp_channels=5,
        separable=True,
    ),
}
#: All of the recipe at once.
EXTRAS = {"ema": 0.9, "clip_norm": 1.0, "accumulate": 2, "schedule": "poly"}


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")  # copying a network
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("capability", [AMPERE, TURING], ids=str)
def test_every_network_with_all_of_the_recipe_on_pretended_cuda(name, capability):
    # (Without the second head: measuring its layer on torch's meta device is too much pretending.)
    network = SMALL[name]()
    run = {"epochs": 2, "batch_size": 4, "workers": 0, **EXTRAS}
    with pretend.pretend_cuda(capability):
        records = list(fit(network, Blots(9), Blots(3), **run))
    assert [record.epoch for record in records] == [1, 2]
    assert {parameter.device.type for parameter in network.parameters()} == {"cuda"}


def test_pretended_cuda_notices_a_tensor_left_behind():
    with pretend.pretend_cuda(AMPERE), pytest.raises(RuntimeError, match="devices, cuda:0 and cpu"):
        next(fit(Careless(), Blots(9), Blots(3), epochs=1, workers=0))


@pytest.mark.skipif(not strict.is_possible(), reason="this PyTorch has no backends in Python")
@pytest.mark.parametrize("what", ["numbers", "careless", "networks"])
def test_a_device_that_computes_and_mixes_with_no_other(what):
    # In a process of its own: the device must be there before autograd first runs.
    script = Path(__file__).with_name("run_on_strict.py")
    run = subprocess.run([sys.executable, "-W", "error", script, what], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()


def test_float16_skips_the_schedule_where_it_skipped_a_step(monkeypatch):
    """On the CPU, with real numbers: the first scale, 65,536, overflows and is halved."""
    monkeypatch.setattr("segviz.training.descent.autocast_dtype", lambda device: torch.float16)
    monkeypatch.setattr("segviz.training.prediction.autocast_dtype", lambda device: torch.float16)
    network = small_network()
    with torch.no_grad():
        network[1].head.weight.mul_(50)  # so that the first gradients overflow
    steps = []
    monkeypatch.setattr(torch.optim.AdamW, "step", counting(torch.optim.AdamW.step, steps))
    one_cycle = torch.optim.lr_scheduler.OneCycleLR
    schedules = []
    monkeypatch.setattr(one_cycle, "step", counting(one_cycle.step, schedules))
    record = list(fit(network, Blots(32), Blots(3), epochs=1, batch_size=4, device="cpu"))[-1]
    assert 0 < len(steps) < 8
    assert len(schedules) == len(steps) + 1  # it makes one when it is built
    assert record.learning_rate > 0


def counting(method, calls):
    @functools.wraps(method)
    def counted(*args, **kwargs):
        calls.append(1)
        return method(*args, **kwargs)

    return counted
