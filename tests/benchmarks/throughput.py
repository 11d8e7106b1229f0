"""Images per second of forward and backward beside other libraries' networks of the same design.

    python tests/benchmarks/throughput.py [--rounds 7] [--size 128]

DeepLabV3+ on ResNet-50 and on MobileNetV2 against segmentation_models_pytorch, whose convolutions
are separable, as ours are here; UNet against MONAI's BasicUNet of the same channels. Both are
given the same input in channels-last memory, in turn, and the median of the pairs' ratios is
printed. Wanted: 0.97 or more.
"""

import argparse
import os
import statistics
import time
import warnings

import torch

from segviz.models import DeepLabV3Plus, UNet

CLASSES, WANTED = 21, 0.97


def smp_deeplab(encoder):
    import segmentation_models_pytorch as smp

    return smp.DeepLabV3Plus(
        encoder_name=encoder, encoder_weights=None, classes=CLASSES, encoder_output_stride=16
    )


def monai_unet(widths):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai.networks.nets import BasicUNet

    # its decoder's last level keeps the width before; so does our first
    features = (*widths, widths[0])
    batch = ("batch", {"affine": True})
    return BasicUNet(2, 3, CLASSES, features, act=("relu", {"inplace": True}), norm=batch)


PAIRS = {
    "DeepLabV3+, ResNet-50": (
        lambda: DeepLabV3Plus.paper(CLASSES, "resnet50", separable=True),
        lambda: smp_deeplab("resnet50"),
    ),
    "DeepLabV3+, MobileNetV2": (
        lambda: DeepLabV3Plus.paper(CLASSES, "mobilenet_v2", separable=True),
        lambda: smp_deeplab("mobilenet_v2"),
    ),
    "UNet, 32 to 512": (
        lambda: UNet(CLASSES, (32, 64, 128, 256, 512)),
        lambda: monai_unet((32, 64, 128, 256, 512)),
    ),
}


def seconds(network, images):
    began = time.perf_counter()
    network(images).mean().backward()
    network.zero_grad()
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    images = torch.randn(options.batch, 3, options.size, options.size)
    images = images.contiguous(memory_format=torch.channels_last)
    print(
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}, {tuple(images.shape)}"
    )
    missed = False
    for name, builders in PAIRS.items():
        ours, theirs = (build().to(memory_format=torch.channels_last).train() for build in builders)
        sizes = [sum(p.numel() for p in network.parameters()) for network in (ours, theirs)]
        for network in (ours, theirs):
            seconds(network, images)
        pairs = []
        for turn in range(options.rounds):
            first, second = (ours, theirs) if turn % 2 else (theirs, ours)
            times = {id(first): seconds(first, images), id(second): seconds(second, images)}
            pairs.append((times[id(ours)], times[id(theirs)]))
        ratio = statistics.median(other / own for own, other in pairs)
        rates = [options.batch / statistics.median(column) for column in zip(*pairs, strict=True)]
        missed |= ratio < WANTED
        print(
            f"{name:24} {rates[0]:6.2f} images/s, the other {rates[1]:6.2f}, ratio {ratio:.2f} "
            f"({sizes[0]:,} and {sizes[1]:,} parameters)",
            flush=True,
        )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
