"""A model in training, epoch by epoch: scores, records, checkpoints, and when to stop."""

import logging
import math
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from segviz.data import Part, SegmentationDataset

from .auxiliary import AuxiliaryHead
from .averaging import average_of, copy_of
from .batches import steps_per_epoch, training_batches
from .checkpoint import check_same_configuration, load_checkpoint, save_checkpoint
from .descent import Descent, Loss
from .devices import memory_format, peak_memory, restart_peak_memory, wait_for
from .divergence import DivergenceError, has_lost_a_number
from .losses import cross_entropy
from .prediction import evaluate
from .processes import ManyProcesses, OneProcess
from .recipe import Recipe
from .records import Record
from .scores import Scores

logger = logging.getLogger(__name__)


class Run:
    """A model in training, with all that has to be carried from one epoch to the next."""

    def __init__(
        self,
        model: nn.Module,
        train: SegmentationDataset,
        val: SegmentationDataset,
        recipe: Recipe,
        class_weights: Tensor,
        processes: OneProcess | ManyProcesses,
        workers: int = 0,
        loss: Loss = cross_entropy,
    ):
        self.train, self.val, self.recipe = train, val, recipe
        self.processes, self.workers = processes, workers
        device = processes.device
        self.class_weights = class_weights.to(device)  # (K,)
        self.auxiliary = None
        if recipe.auxiliary is not None:
            with _seeded(recipe.seed):  # its first weights are the run's affair
                self.auxiliary = AuxiliaryHead(model, recipe.auxiliary, len(train.classes))
            self.auxiliary.to(device, memory_format=memory_format(device))
        self.model = model.to(device, memory_format=memory_format(device))
        self.descent = Descent(
            self.model,
            self.auxiliary,
            train,
            recipe,
            self.class_weights,
            loss,
            recipe.epochs * self.steps,
            processes,
        )
        self.average = average_of(self.model, recipe.ema)
        self.records: list[Record] = []

    def go(self, checkpoint: str | Path | None, best: str | Path | None) -> Iterator[Record]:
        """Yield the records there are, then train the epochs that are missing."""
        try:
            yield from list(self.records)
            while len(self.records) < self.recipe.epochs and not self.has_stopped_improving():
                record = self.try_epoch(len(self.records) + 1, checkpoint, best)
                if record is None:
                    return
                yield record
        finally:
            if self.auxiliary is not None:
                self.auxiliary.remove()

    def try_epoch(
        self, epoch: int, checkpoint: str | Path | None, best: str | Path | None
    ) -> Record | None:
        """One epoch and its files; None, and the model as before, if it is stopped by hand."""
        weights_before = copy_of(self.model.state_dict())
        try:
            record = self.run_epoch(epoch)
            self.write(checkpoint, best)
            return record
        except KeyboardInterrupt:
            self.model.load_state_dict(weights_before)
            logger.warning(
                "Stopped by hand. The model is as it was at the end of epoch %d of %d.",
                epoch - 1,
                self.recipe.epochs,
            )
            return None
        except DivergenceError as error:
            self.model.load_state_dict(weights_before)
            raise DivergenceError(
                f"{error} This was in epoch {epoch}: the steps were too large. Try a "
                f"learning_rate below {self.recipe.learning_rate:g}, a third of it for instance, "
                f"or clip_norm=1. The model is as it was at the end of epoch {epoch - 1}."
            ) from None

    def run_epoch(self, epoch: int) -> Record:
        """Train one epoch, score the validation set, and add the record."""
        restart_peak_memory(self.processes.device)
        began = time.perf_counter()
        self.average.hide()
        loss = self.train_epoch(epoch)
        self.average.show()
        wait_for(self.processes.device)
        trained = time.perf_counter()
        scores = self.score()
        scored = time.perf_counter()

        images = min(len(self.train), self.recipe.batch_size) * self.steps
        record = Record(
            epoch=epoch,
            epochs=self.recipe.epochs,
            loss=loss,
            learning_rate=self.descent.learning_rate,
            iou=dict(zip(scores.classes, scores.iou.tolist(), strict=True)),
            miou=scores.mean_iou,
            pixel_accuracy=scores.pixel_accuracy,
            images_per_second=images / (trained - began),
            seconds=trained - began,
            validation_seconds=scored - trained,
            peak_memory=peak_memory(self.processes.device),
            confusion=scores.confusion.tolist(),
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
            share=slice(self.processes.rank, None, self.processes.count),
            device=self.processes.device,
        )
        self.model.train()
        losses = []
        # Dropout and its like draw from PyTorch's global numbers.
        with _seeded(chance_seed + self.processes.rank):
            for images, masks in batches:
                losses.append(self.descent.step(images, masks))
                self.average.update()
        if has_lost_a_number(self.model.parameters()):  # in the last step: no loss has seen it
            raise DivergenceError("A weight became infinite or NaN.")
        return torch.stack(losses).mean().item()

    def score(self) -> Scores:
        """The validation set's scores, whichever process has looked at which image."""
        processes = self.processes
        share = Part(self.val, range(processes.rank, len(self.val), processes.count))
        scores = evaluate(self.model, share, self.recipe.batch_size, self.workers)
        scores.confusion = processes.total(scores.confusion).cpu()
        return scores

    def write(self, checkpoint: str | Path | None, best: str | Path | None) -> None:
        """The files of an epoch, by the first process alone."""
        if self.processes.is_first and checkpoint is not None:
            save_checkpoint(checkpoint, self.state())
        if self.processes.is_first and best is not None and self.best is self.records[-1]:
            kept = {"configuration": self.configuration, "records": [self.best.to_dict()]}
            save_checkpoint(best, {**kept, "model": self.model.state_dict()})
        self.processes.wait()

    @property
    def best(self) -> Record:
        """The first record of the highest mIoU."""
        return max(self.records, key=lambda r: -math.inf if math.isnan(r.miou) else r.miou)

    def has_stopped_improving(self) -> bool:
        """Whether the recipe's patience is at an end."""
        if self.recipe.patience is None or not self.records:
            return False
        waited = self.records[-1].epoch - self.best.epoch
        if waited < self.recipe.patience:
            return False
        logger.warning(
            "Stopped early: in %d epochs nothing was better than the mIoU %.3f of epoch %d.",
            waited,
            self.best.miou,
            self.best.epoch,
        )
        return True

    @property
    def steps(self) -> int:
        return steps_per_epoch(self.train, self.recipe.batch_size)

    @property
    def configuration(self) -> dict:
        """What must be equal for a checkpoint to be continued."""
        return {
            **asdict(self.recipe),
            "loss": getattr(self.descent.loss, "__name__", type(self.descent.loss).__name__),
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
            "average": self.average.state(),
            **self.descent.state(),
        }

    def continue_from(self, checkpoint: str | Path) -> None:
        """Load what :meth:`state` saved, if it is of the same configuration."""
        state = load_checkpoint(checkpoint)
        check_same_configuration(checkpoint, state["configuration"], self.configuration)
        self.model.load_state_dict(state["model"])
        self.descent.load(state)
        self.average.load(state["average"])
        self.records = [Record.from_dict(values) for values in state["records"]]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Lend PyTorch's global numbers a seed, and give the caller's own back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _seeds_of_epoch(seed: int, epoch: int) -> list[int]:
    """Two numbers, unrelated to each other and to those of any other seed and epoch."""
    return np.random.SeedSequence([seed, epoch]).generate_state(2).tolist()


def _describe(model: nn.Module) -> str:
    """A line that two models share only if their weights have the same names and shapes."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    count = sum(parameter.numel() for parameter in model.parameters())
    fingerprint = zlib.crc32(repr(sorted(shapes.items())).encode())
    return f"{type(model).__name__} with {count:,} parameters ({fingerprint:08x})"
