"""What only a real GPU can show; `make gpu-check` runs it.

    python tests/gpu/gpu_check.py [--pets FOLDER] [--download] [--epochs 6]

1. every network gives the same logits on the GPU as on the CPU, in single precision
2. images per second and peak memory of a training step at the papers' sizes
3. a DeepLabv3+ learns the Oxford-IIIT Pets (FOLDER holds oxford-iiit-pet/, or --download) to the
   mIoU wanted; without them a U-Net learns the procedural scenes instead

Where there is no GPU it says so and ends well. Exits with 1 if something misses.
"""

import argparse
import logging
import time
from pathlib import Path

import torch
from torch import nn

from segviz.data import Augmented, OxfordPet, Scenes, class_frequencies, median_frequency_weights
from segviz.models import FCN, DeepLabV3Plus, SegNet, UNet
from segviz.training import cross_entropy, fit, pick_device
from segviz.training.devices import autocast_dtype, memory_format, peak_memory, wait_for
from segviz.training.prediction import compute_logits

WANTED_PETS, WANTED_SCENES = 0.75, 0.65  # mIoU
TOLERANCE = 2e-3  # of the logits' spread
CLASSES = 21

COURSE_SIZE = {"FCN": FCN, "SegNet": SegNet, "UNet": UNet, "DeepLabV3Plus": DeepLabV3Plus}
PAPER_SIZE = {
    "FCN-8s, VGG-16": lambda: FCN.paper(CLASSES, 8),
    "SegNet, VGG-16": lambda: SegNet.paper(CLASSES),
    "UNet, widths 64 to 1024": lambda: UNet(CLASSES, (64, 128, 256, 512, 1024)),
    "DeepLabV3+, ResNet-50": lambda: DeepLabV3Plus.paper(CLASSES),
    "DeepLabV3+, MobileNetV2": lambda: DeepLabV3Plus.paper(CLASSES, "mobilenet_v2"),
}


def agrees(name, build, device):
    """Whether the logits of the GPU are those of the CPU."""
    torch.manual_seed(0)
    network = build().eval()
    x = torch.randn(2, 3, 97, 130)
    with torch.no_grad():
        expected = network(x)
        given = network.to(device)(x.to(device)).cpu()
    error = ((given - expected).abs().max() / expected.std()).item()
    verdict = "as on the CPU" if error < TOLERANCE else "NOT as on the CPU"
    print(f"  {name:26} {verdict}: largest difference {error:.1e} of the logits' spread")
    return error < TOLERANCE


def speed(name, build, device, size=512, batch_size=8, steps=10):
    """Print images per second of forward, backward and step, and the peak of memory."""
    network = build().to(device, memory_format=memory_format(device)).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4)
    images = torch.randint(0, 256, (batch_size, 3, size, size), dtype=torch.uint8)
    masks = torch.randint(0, CLASSES, (batch_size, size, size)).to(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    for step in range(steps + 3):
        if step == 3:  # the first ones choose kernels and take memory
            wait_for(device)
            began = time.perf_counter()
        optimizer.zero_grad()
        cross_entropy(compute_logits(network, images), masks).backward()
        optimizer.step()
    wait_for(device)
    rate = steps * batch_size / (time.perf_counter() - began)
    peak = (peak_memory(device) or 0) / 2**30
    print(f"  {name:26} {rate:7.1f} images/s at {size}x{size}, peak {peak:.1f} GiB")


def learn(what, network, train, val, wanted, device, **recipe):
    weights = median_frequency_weights(class_frequencies(val), val.classes)
    began = time.perf_counter()
    for record in fit(network, train, val, class_weights=weights, device=device, **recipe):
        print(f"  {record}", flush=True)
    seconds = time.perf_counter() - began
    print(f"  {what}: mIoU {record.miou:.3f} (wanted {wanted}) in {seconds:.0f} s")
    return record.miou >= wanted


def learn_something(options, device):
    try:
        size = (256, 256)
        train = OxfordPet(options.pets, "trainval", download=options.download)
        val = OxfordPet(options.pets, "test", image_size=size, mask_size=size)
    except ValueError as error:
        print(f"  {error}\n  So the scenes take their place.")
        train, val = Scenes(2000, first_seed=10_000), Scenes(200, first_seed=900_000)
        torch.manual_seed(0)
        unet = UNet(len(val.classes))
        return learn("UNet on the scenes", unet, train, val, WANTED_SCENES, device, epochs=6)
    try:
        network = DeepLabV3Plus.paper(3, weights="imagenet")
    except ConnectionError as error:
        print(f"  {error}\n  So its backbone starts from nothing.")
        network = DeepLabV3Plus.paper(3)
    recipe = {"batch_size": 16, "learning_rate": 1e-3, "backbone_rate": 0.1, "schedule": "poly"}
    augmented = Augmented(train, size)
    return learn(
        "DeepLabV3+ on the Pets",
        network,
        augmented,
        val,
        WANTED_PETS,
        device,
        epochs=options.epochs,
        **recipe,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pets", type=Path, default=Path("data"), help="holds oxford-iiit-pet/")
    parser.add_argument("--download", action="store_true", help="fetch the Pets, about 0.8 GB")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    device = pick_device()
    if device.type == "cpu":
        print("No GPU here (neither CUDA nor MPS): nothing to check. The tests pretend one.")
        return 0
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "Apple's GPU"
    print(f"{name}, torch {torch.__version__}, half precision: {autocast_dtype(device)}")

    print("\n1. The same logits as on the CPU, in single precision")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    builders: dict[str, type[nn.Module]] = {
        **{f"{n}, course": lambda n=n: COURSE_SIZE[n](6) for n in COURSE_SIZE},
        **PAPER_SIZE,
    }
    good = all([agrees(name, build, device) for name, build in builders.items()])

    print("\n2. Training at the papers' sizes, batches of 8")
    torch.backends.cudnn.allow_tf32 = True
    for name, build in PAPER_SIZE.items():
        speed(name, build, device)

    print("\n3. Learning")
    good &= learn_something(options, device)
    print("\nAll is well." if good else "\nSomething missed: see above.")
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
