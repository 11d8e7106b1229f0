"""How long the receptive fields of every module of ResNet-152 take, and how much memory.

    python tests/benchmarks/receptive_field_speed.py

Wanted, for an image of 512 x 512 on one core: under 0.4 s after import, under 300 MB above the
import, and at least 20 times faster than the support of one gradient, which is the field of a
single unit. The first call in the process counts, not a later one. Times are seconds of the process
on its core, so that other programs do not add to them. Exits with 1 if a bound is missed.

The support is that of an opened gradient in double precision, as `field.verify` takes it: a plain
one stops at ReLUs that are off, and in single precision it underflows at the border of a deep
network's field. Its time is printed, too.
"""

import gc
import resource
import sys
import time

import torch
from torchvision.models import resnet152

from segviz.fields import receptive_field
from segviz.fields.opened import Opened, positive_copy

SIZE = 512
WANTED_SECONDS, WANTED_MEGABYTES, WANTED_TIMES = 0.4, 300, 20


def peak_megabytes() -> float:
    """Of this process, since it began."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def every_field(model):
    """The numbers of every module, as the table shows them."""
    network = receptive_field(model, SIZE)
    return [(f.size, f.stride, f.padding, f.coverage) for f in network.values()]


def seconds(call) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def gradient(model, image):
    """The gradient of the middle unit of the last map."""
    output = model(image)
    unit = output[:, :, output.shape[2] // 2, output.shape[3] // 2]
    torch.autograd.grad(unit.sum(), image)


def main() -> int:
    torch.set_num_threads(1)
    gc.collect()  # what the imports left is not counted
    imported = peak_megabytes()
    with torch.device("meta"):
        model = resnet152(weights=None)
    first = seconds(lambda: every_field(model))
    megabytes = peak_megabytes() - imported
    later = sorted(seconds(lambda: every_field(model)) for _ in range(5))[2]

    trunk = torch.nn.Sequential(*list(model.children())[:-2])
    trunk = positive_copy(trunk, seed=0)
    image = torch.rand(1, 3, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
    with Opened():
        opened = seconds(lambda: gradient(trunk, image))
    trunk, image = trunk.float(), image.detach().float().requires_grad_()
    plain = seconds(lambda: gradient(trunk, image))

    times = opened / first
    print(f"ResNet-152 at {SIZE} x {SIZE}, {len(list(model.modules()))} modules, one thread")
    print(f"all fields, first call   {first:6.3f} s   wanted < {WANTED_SECONDS} s")
    print(f"all fields, later calls  {later:6.3f} s")
    print(f"memory above the import  {megabytes:6.1f} MB  wanted < {WANTED_MEGABYTES} MB")
    print(f"support of one unit      {opened:6.2f} s   {times:.0f} times, wanted >= {WANTED_TIMES}")
    print(f"one plain gradient       {plain:6.2f} s   {plain / first:.0f} times")
    missed = first >= WANTED_SECONDS or megabytes >= WANTED_MEGABYTES or times < WANTED_TIMES
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
