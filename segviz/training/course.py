"""The networks that the course shows trained: how each is built, on what, and by which recipe.

Their weights ship in ``data/``. The notebooks load them, or train them anew where the learner
wants to see it:

    obtain = train_and_watch if TRAIN else load_and_watch
    unet, records = obtain("unet")

``python -m segviz.training.course`` remakes the files.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import nn

from segviz.data import (
    ContextScenes,
    InMemory,
    Scenes,
    SegmentationDataset,
    class_frequencies,
    median_frequency_weights,
)
from segviz.models.course_size import COURSE_WIDTHS

from .fit import fit
from .losses import cross_entropy_and_dice
from .records import Record
from .trained import NetworkFacts, build_network, load_network, save_network

#: Where the trained networks lie in a clone of the course.
FOLDER = Path(__file__).resolve().parents[2] / "data" / "networks"

#: The same for all. (At twice the rate three epochs are enough for FCN and UNet, but SegNet's
#: results then lie far apart from seed to seed.)
RECIPE = {"epochs": 5, "learning_rate": 4e-3, "loss": cross_entropy_and_dice}


@dataclass(frozen=True)
class Lesson:
    """Pictures to learn from, and those to be scored on."""

    train: Callable[[], SegmentationDataset]
    val: Callable[[], SegmentationDataset]


LESSONS = {
    "scenes": Lesson(
        lambda: Scenes(1300, first_seed=10_000),
        lambda: Scenes(200, first_seed=900_000),
    ),
    "context": Lesson(
        lambda: ContextScenes(800, first_seed=10_000),
        lambda: ContextScenes(200, first_seed=900_000),
    ),
}


@dataclass(frozen=True)
class CourseNetwork:
    """A network of the course."""

    title: str
    name: str  #: as in segviz.training.trained.NETWORKS
    lesson: str = "scenes"
    arguments: tuple[tuple[str, object], ...] = ()  #: beside the number of classes
    wanted: float = 0.0  #: mIoU that the weights which ship reach at least

    def describe(self, num_classes: int) -> dict:
        """For :func:`segviz.training.build_network`."""
        return {
            "name": self.name,
            "arguments": {"num_classes": num_classes, **dict(self.arguments)},
        }


def _looking_at(rates: Sequence[int]) -> tuple[tuple[str, object], ...]:
    """A DeepLabV3+ that looks far with its ASPP alone: its backbone has four stages of one plain
    convolution, whose units see 38 pixels, and the branch for the whole image, which would answer
    by itself, is left out."""
    backbone = {"widths": list(COURSE_WIDTHS[:4]), "rates": [[1]] * 4}
    return (
        ("backbone", {"name": "AtrousBackbone", "arguments": backbone}),
        ("rates", list(rates)),
        ("image_pooling", False),
    )


NETWORKS = {
    "fcn_32s": CourseNetwork("FCN-32s", "FCN", arguments=(("stride", 32),), wanted=0.4),
    "fcn_16s": CourseNetwork("FCN-16s", "FCN", arguments=(("stride", 16),), wanted=0.53),
    "fcn_8s": CourseNetwork("FCN-8s", "FCN", arguments=(("stride", 8),), wanted=0.6),
    "segnet": CourseNetwork("SegNet", "SegNet", wanted=0.53),
    "segnet_without_indices": CourseNetwork(
        "SegNet without indices", "SegNet.without_indices", wanted=0.4
    ),
    "unet": CourseNetwork("UNet", "UNet", wanted=0.69),
    "unet_without_skips": CourseNetwork("UNet without skips", "UNet.without_skips", wanted=0.41),
    "aspp": CourseNetwork(
        "ASPP, rates 2, 4, 8", "DeepLabV3Plus", "context", _looking_at((2, 4, 8)), wanted=0.94
    ),
    "aspp_rates_1": CourseNetwork(
        "ASPP, rates 1, 1, 1", "DeepLabV3Plus", "context", _looking_at((1, 1, 1)), wanted=0.75
    ),
    "deeplab": CourseNetwork("DeepLabV3+", "DeepLabV3Plus", wanted=0.69),
}


@cache
def training_set(lesson: str = "scenes") -> InMemory:
    """What the lesson's networks learn from; painted once (about ten seconds), then kept."""
    return InMemory(LESSONS[lesson].train())


@cache
def validation_set(lesson: str = "scenes") -> InMemory:
    """What the lesson's networks are scored on; no network has seen it in training."""
    return InMemory(LESSONS[lesson].val())


@cache
def class_weights(lesson: str = "scenes") -> torch.Tensor:
    """float32 ``(K,)``: root of median frequency over frequency, counted in the training set."""
    return median_frequency_weights(class_frequencies(training_set(lesson)))


def build(name: str, seed: int = 0) -> nn.Module:
    """The network before any training."""
    network = _known(name)
    torch.manual_seed(seed)
    return build_network(network.describe(len(validation_set(network.lesson).classes)))


def train(name: str, model: nn.Module, seed: int = 0, **changes) -> Iterator[Record]:
    """:func:`segviz.training.fit` with the course's data and recipe; ``changes`` go to it."""
    network, weights = _known(name), class_weights(_known(name).lesson)
    lesson = network.lesson
    recipe = {**RECIPE, "class_weights": weights, "seed": seed, **changes}
    return fit(model, training_set(lesson), validation_set(lesson), **recipe)


def train_and_watch(name: str, seed: int = 0) -> tuple[nn.Module, list[Record]]:
    """Train the network here and now, its curves and predictions growing below the cell."""
    from .live import watch

    model = build(name, seed)
    lesson = validation_set(_known(name).lesson)
    return model, list(watch(train(name, model, seed), model, lesson))


def load_trained(name: str) -> tuple[nn.Module, list[Record]]:
    """The network as it ships, in evaluation mode on the CPU, and the epochs of its training.

    Raises:
        ValueError: for another name, or if the course's folder ``data/networks`` is not there.
    """
    _known(name)
    path = FOLDER / f"{name}.safetensors"
    if not path.exists():
        raise ValueError(
            f"The trained network {name} is not there: {path.name} should lie in data/networks, "
            f"beside the course's notebooks. Take it from the course's repository, or train it: "
            f'train_and_watch("{name}").'
        )
    model, facts = load_network(path)
    return model, list(facts.records)


def load_and_watch(name: str) -> tuple[nn.Module, list[Record]]:
    """:func:`load_trained`, and below the cell what was seen when the network was trained."""
    from .live import replay

    model, records = load_trained(name)
    replay(records, model, validation_set(_known(name).lesson))
    return model, records


def _known(name: str) -> CourseNetwork:
    if name not in NETWORKS:
        raise ValueError(f"There is no network {name!r} here; there are {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train networks and write them; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m segviz.training.course",
        description="Train the networks that ship with the course, and write them to data/.",
    )
    parser.add_argument("names", nargs="*", default=list(NETWORKS), help="which (all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    for name in options.names:
        network = _known(name)
        began = time.perf_counter()
        model = build(name, options.seed)
        records = list(train(name, model, options.seed, device="cpu"))
        val = validation_set(network.lesson)
        facts = NetworkFacts(
            network=network.describe(len(val.classes)),
            classes=val.classes,
            palette=val.palette,
            records=records,
            notes={
                "title": network.title,
                "made by": f"python -m segviz.training.course {name} --seed {options.seed}",
                "torch": torch.__version__,
            },
        )
        path = options.out / f"{name}.safetensors"
        save_network(path, model, facts, dtype=torch.float16)
        seconds = time.perf_counter() - began
        print(f"{name}: mIoU {records[-1].miou:.3f} after {seconds:.0f} s, {path.name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
