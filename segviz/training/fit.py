"""The training loop. It yields one record per epoch and knows nothing of plots or notebooks."""

import logging
import math
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from .batches import steps_per_epoch, training_batches
from .checkpoint import check_same_configuration, load_checkpoint, save_checkpoint
from .devices import (
    autocast_dtype,
    memory_format,
    peak_memory,
    pick_device,
    restart_peak_memory,
    wait_for,
)
from .losses import cross_entropy
from .prediction import compute_logits, evaluate, resize_logits
from .records import Record

logger = logging.getLogger(__name__)


class DivergenceError(ArithmeticError):
    """The loss became infinite or NaN; the message says what to try."""


@dataclass(frozen=True)
class Recipe:
    """The numbers that, with a model and data, decide every weight that comes out."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: it must be 1 or more.")
        if not self.learning_rate > 0:
            raise ValueError(
                f"learning_rate={self.learning_rate}: it must be above 0; 0.003 is a good start."
            )
        if self.weight_decay < 0 or self.seed < 0:
            raise ValueError(
                f"weight_decay={self.weight_decay} and seed={self.seed}: neither may be negative."
            )


def fit(
    model: nn.Module,
    train: Dataset,
    val: Dataset,
    *,
    epochs: int = 8,
    batch_size: int = 8,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.01,
    class_weights: Sequence[float] | Tensor | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    checkpoint: str | Path | None = None,
    workers: int = 0,
) -> Iterator[Record]:
    """Train ``model`` in place, and yield a :class:`Record` after every epoch.

    >>> for record in fit(model, train, val, epochs=8, seed=0):
    ...     print(record)

    The recipe: AdamW (Loshchilov and Hutter 2019) under the one-cycle schedule (Smith and Topin
    2019; a quarter of the steps up to ``learning_rate``, the rest down to nearly 0), random
    mirroring, and half precision and channels-last memory where the device gains from them.

    The weights that ``model`` has at the start are its own affair: call ``torch.manual_seed``
    before you build it. From there on ``seed`` decides everything: the order of the images, the
    flips, dropout. Every epoch draws from its own numbers, so a run that is continued at epoch 5
    goes on as if it had never stopped; on one CPU, with one number of threads, to the last bit.

    The interrupt key (Ctrl-C, or the stop button of a notebook) ends the run without an error:
    the model goes back to the end of the last finished epoch, where the last record was made.

    Args:
        model: a network from images ``(N, C, H, W)`` to logits ``(N, K, H, W)``; it is moved to
            the device and stays there.
        train, val: data sets of ``(image uint8 (3, H, W), mask int64 (h, w))`` with ``classes``
            and ``ignore_index``, such as those of ``segviz.data``.
        epochs: passes over ``train``.
        batch_size: images per step; a last, short batch is left out of its epoch.
        learning_rate: the highest one.
        weight_decay: as in AdamW.
        class_weights: K numbers that weight the loss of each class's pixels; None: all equal.
        seed: 0 or more.
        device: "cuda", "mps", "cpu", or None for the fastest there is.
        checkpoint: a file to write after every epoch. If it exists, the run goes on from there,
            and its records are yielded again first.
        workers: processes that load images beside the training; 0: none.

    Raises:
        ValueError: at once, for arguments that do not fit together or a checkpoint of another
            run; at the first batch, for labels that are no class or a network that does not fit.
        DivergenceError: when the loss is no number any more.
    """
    recipe = Recipe(epochs, batch_size, learning_rate, weight_decay, seed)
    run = _Run(model, train, val, recipe, class_weights, pick_device(device), workers)
    if checkpoint is not None and Path(checkpoint).exists():
        run.continue_from(checkpoint)
    return run.go(checkpoint)


class _Run:
    """A model in training, with all that has to be carried from one epoch to the next."""

    def __init__(
        self,
        model: nn.Module,
        train: Dataset,
        val: Dataset,
        recipe: Recipe,
        class_weights: Sequence[float] | Tensor | None,
        device: torch.device,
        workers: int,
    ):
        _check_data(train, val)
        self.model = model.to(device, memory_format=memory_format(device))
        self.train, self.val, self.recipe = train, val, recipe
        self.device, self.workers = device, workers
        self.class_weights = _as_weights(class_weights, train.classes).to(device)  # (K,)

        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=recipe.learning_rate,
            total_steps=recipe.epochs * steps_per_epoch(train, recipe.batch_size),
            pct_start=0.25,
        )
        # float16 cannot hold small gradients, so they are scaled up; bfloat16 and float32 can.
        is_float16 = autocast_dtype(device) is torch.float16
        self.scaler = torch.amp.GradScaler(device.type, enabled=is_float16)
        self.records: list[Record] = []

    def go(self, checkpoint: str | Path | None) -> Iterator[Record]:
        """Yield the records there are, then train the epochs that are missing."""
        yield from list(self.records)
        for epoch in range(len(self.records) + 1, self.recipe.epochs + 1):
            weights_before = _copy_of(self.model.state_dict())
            try:
                record = self.run_epoch(epoch)
                if checkpoint is not None:
                    save_checkpoint(checkpoint, self.state())
            except KeyboardInterrupt:
                self.model.load_state_dict(weights_before)
                logger.warning(
                    "Stopped by hand. The model is as it was at the end of epoch %d of %d.",
                    epoch - 1,
                    self.recipe.epochs,
                )
                return
            except DivergenceError:
                self.model.load_state_dict(weights_before)
                raise
            yield record

    def run_epoch(self, epoch: int) -> Record:
        """Train one epoch, score the validation set, and add the record."""
        restart_peak_memory(self.device)
        began = time.perf_counter()
        loss = self.train_epoch(epoch)
        wait_for(self.device)
        trained = time.perf_counter()
        scores = evaluate(self.model, self.val, self.recipe.batch_size, self.workers)
        scored = time.perf_counter()

        images = min(len(self.train), self.recipe.batch_size) * self.steps
        record = Record(
            epoch=epoch,
            epochs=self.recipe.epochs,
            loss=loss,
            learning_rate=self.last_learning_rate,
            iou=dict(zip(scores.classes, scores.iou.tolist(), strict=True)),
            miou=scores.mean_iou,
            pixel_accuracy=scores.pixel_accuracy,
            images_per_second=images / (trained - began),
            seconds=trained - began,
            validation_seconds=scored - trained,
            peak_memory=peak_memory(self.device),
        )
        self.records.append(record)
        return record

    def train_epoch(self, epoch: int) -> float:
        """One pass over the training set; returns the mean loss of its batches."""
        order_seed, chance_seed = _seeds_of_epoch(self.recipe.seed, epoch)
        batches = training_batches(
            self.train,
            self.recipe.batch_size,
            torch.Generator().manual_seed(order_seed),
            self.workers,
        )
        self.model.train()
        # Dropout and its like draw from PyTorch's global numbers: lend them a seed of this epoch
        # and give the caller's own back afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chance_seed)
            losses = [self.step(images, masks) for images, masks in batches]
        loss = torch.stack(losses).mean().item()
        if not math.isfinite(loss):
            raise DivergenceError(
                f"The loss became {loss} in epoch {epoch}: the steps were too large. Try a "
                f"learning_rate below {self.recipe.learning_rate:g}, a third of it for instance. "
                f"The model is as it was at the end of epoch {epoch - 1}."
            )
        return loss

    def step(self, images: Tensor, masks: Tensor) -> Tensor:
        """One step of the optimizer on one batch; returns the loss, on the device."""
        logits = compute_logits(self.model, images)  # (N, K, H, W)
        self.check_fits(logits)
        masks = masks.to(self.device, non_blocking=True)  # (N, h, w)
        logits = resize_logits(logits, masks.shape[-2:])  # (N, K, h, w)
        loss = cross_entropy(logits, masks, self.class_weights, self.train.ignore_index)

        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.last_learning_rate = self.scheduler.get_last_lr()[0]
        # A scale that went down means: float16 overflowed and the optimizer made no step.
        if self.scaler.get_scale() >= scale:
            self.scheduler.step()
        return loss.detach()

    @property
    def steps(self) -> int:
        return steps_per_epoch(self.train, self.recipe.batch_size)

    def check_fits(self, logits: Tensor) -> None:
        classes = len(self.train.classes)
        if logits.shape[1] != classes:
            raise ValueError(
                f"The network gives {logits.shape[1]} scores per pixel, but the data set has "
                f"{classes} classes ({', '.join(self.train.classes)}). Build it with "
                f"num_classes={classes}."
            )

    @property
    def configuration(self) -> dict:
        """What must be equal for a checkpoint to be continued."""
        return {
            **asdict(self.recipe),
            "class_weights": self.class_weights.tolist(),
            "classes": list(self.train.classes),
            "training images": len(self.train),
            "validation images": len(self.val),
            "network": _describe(self.model),
        }

    def state(self) -> dict:
        """Everything a checkpoint holds. The epoch's random numbers follow from the seed."""
        return {
            "configuration": self.configuration,
            "records": [record.to_dict() for record in self.records],
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def continue_from(self, checkpoint: str | Path) -> None:
        """Load what :meth:`state` saved, if it is of the same configuration."""
        state = load_checkpoint(checkpoint)
        check_same_configuration(checkpoint, state["configuration"], self.configuration)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.scaler.load_state_dict(state["scaler"])
        self.records = [Record.from_dict(values) for values in state["records"]]


def _check_data(train: Dataset, val: Dataset) -> None:
    for name, dataset in (("train", train), ("val", val)):
        if len(dataset) == 0:
            raise ValueError(f"The data set {name} is empty; it needs at least one image.")
    if tuple(train.classes) != tuple(val.classes):
        raise ValueError(
            f"train and val must have the same classes in the same order; train has "
            f"{', '.join(train.classes)} and val has {', '.join(val.classes)}."
        )


def _as_weights(weights: Sequence[float] | Tensor | None, classes: Sequence[str]) -> Tensor:
    """float32 (K,), checked."""
    if weights is None:
        return torch.ones(len(classes))
    weights = torch.as_tensor(weights, dtype=torch.float32).cpu()
    if weights.shape != (len(classes),) or not (weights >= 0).all() or not weights.any():
        raise ValueError(
            f"class_weights={weights.tolist()}: give one number for each of the {len(classes)} "
            f"classes ({', '.join(classes)}), none negative and not all zero."
        )
    return weights


def _seeds_of_epoch(seed: int, epoch: int) -> list[int]:
    """Two numbers, unrelated to each other and to those of any other seed and epoch."""
    return np.random.SeedSequence([seed, epoch]).generate_state(2).tolist()


def _copy_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def _describe(model: nn.Module) -> str:
    """A line that two models share only if their weights have the same names and shapes."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    count = sum(parameter.numel() for parameter in model.parameters())
    fingerprint = zlib.crc32(repr(sorted(shapes.items())).encode())
    return f"{type(model).__name__} with {count:,} parameters ({fingerprint:08x})"
