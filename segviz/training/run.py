"""A model in training: what is carried from one step, and from one epoch, to the next."""

import logging
import math
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from segviz.data import SegmentationDataset

from .batches import steps_per_epoch, training_batches
from .checkpoint import check_same_configuration, load_checkpoint, save_checkpoint
from .devices import (
    autocast_dtype,
    memory_format,
    peak_memory,
    restart_peak_memory,
    wait_for,
)
from .losses import cross_entropy
from .prediction import compute_logits, evaluate, resize_logits
from .records import Record

logger = logging.getLogger(__name__)

#: loss(logits (N, K, H, W), masks (N, H, W), class weights (K,), ignore_index) -> scalar
Loss = Callable[[Tensor, Tensor, Tensor, int], Tensor]

#: PyTorch's generators take seeds of 64 bits.
SEEDS = 2**64

#: With fewer steps the quarter that warms up has none, and OneCycleLR divides by zero.
_SHORTEST_SCHEDULE = 8


class DivergenceError(ArithmeticError):
    """The loss or a weight became infinite or NaN; the message says what to try."""


@dataclass(frozen=True)
class Recipe:
    """The numbers that, with a model and data, decide every weight that comes out."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int

    def __post_init__(self):
        for name in ("epochs", "batch_size", "seed"):
            value, least = getattr(self, name), 0 if name == "seed" else 1
            if not _is_number(value, Integral) or not least <= value < SEEDS:
                most = " and below 2**64" if name == "seed" else ""
                raise ValueError(
                    f"{name}={value!r}: it must be a whole number, {least} or more{most}."
                )
        if not _is_number(self.learning_rate, Real) or self.learning_rate <= 0:
            raise ValueError(
                f"learning_rate={self.learning_rate!r}: it must be a finite number above 0; 0.003 "
                f"is a good start."
            )
        if not _is_number(self.weight_decay, Real) or self.weight_decay < 0:
            raise ValueError(
                f"weight_decay={self.weight_decay!r}: it must be a finite number, 0 or more."
            )


def _is_number(value: object, kind: type) -> bool:
    """Whether ``value`` is a finite number of that kind (True and False are none)."""
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)


class Run:
    """A model in training, with all that has to be carried from one epoch to the next."""

    def __init__(
        self,
        model: nn.Module,
        train: SegmentationDataset,
        val: SegmentationDataset,
        recipe: Recipe,
        class_weights: Tensor,
        device: torch.device,
        workers: int = 0,
        loss: Loss = cross_entropy,
    ):
        self.loss = loss
        self.model = model.to(device, memory_format=memory_format(device))
        self.train, self.val, self.recipe = train, val, recipe
        self.device, self.workers = device, workers
        self.class_weights = class_weights.to(device)  # (K,)

        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=recipe.learning_rate,
            total_steps=max(recipe.epochs * self.steps, _SHORTEST_SCHEDULE),
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
        diverged = f"The loss became {loss}" if not math.isfinite(loss) else None
        if diverged is None and _has_lost_a_number(self.model.parameters()):
            diverged = "A weight became infinite or NaN"  # in the last step: no loss has seen it
        if diverged is not None:
            raise DivergenceError(
                f"{diverged} in epoch {epoch}: the steps were too large. Try a "
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
        loss = self.loss(logits, masks, self.class_weights, self.train.ignore_index)

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
            "loss": getattr(self.loss, "__name__", type(self.loss).__name__),
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


def _seeds_of_epoch(seed: int, epoch: int) -> list[int]:
    """Two numbers, unrelated to each other and to those of any other seed and epoch."""
    return np.random.SeedSequence([seed, epoch]).generate_state(2).tolist()


def _has_lost_a_number(weights: Iterable[Tensor]) -> bool:
    """Whether any of them is infinite or NaN; the device is waited for only once."""
    broken = [~weight.detach().isfinite().all() for weight in weights]
    return torch.stack(broken).any().item()


def _copy_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def _describe(model: nn.Module) -> str:
    """A line that two models share only if their weights have the same names and shapes."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    count = sum(parameter.numel() for parameter in model.parameters())
    fingerprint = zlib.crc32(repr(sorted(shapes.items())).encode())
    return f"{type(model).__name__} with {count:,} parameters ({fingerprint:08x})"
