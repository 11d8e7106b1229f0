"""One step of gradient descent: from a batch to new weights."""

import logging
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from segviz.data import SegmentationDataset
from segviz.relations import pixel_weights

from .auxiliary import AuxiliaryHead
from .devices import autocast_dtype, free_memory, is_out_of_memory
from .divergence import DivergenceError, first_bad_layer
from .labels import check_labels
from .prediction import compute_logits, resize_logits
from .processes import ManyProcesses, OneProcess
from .recipe import Recipe
from .schedules import SCHEDULES, build_optimizer

logger = logging.getLogger(__name__)

#: loss(logits (N, K, H, W), masks (N, H, W), class weights (K,), ignore_index) -> scalar
Loss = Callable[[Tensor, Tensor, Tensor, int], Tensor]


class Descent:
    """The optimizer, its schedule, and how a batch becomes a gradient.

    A batch may be computed in parts, one after the other or in several processes. Each part's loss
    then counts by the share of the batch's labelled pixels (times their classes' weights) that it
    holds, so that the sum is what the whole batch would have given: exactly for the losses that are
    a mean over pixels, and nearly for Dice, which is none. Only batch norm sees the parts.

    Args:
        model: the network, on the processes' device.
        auxiliary: its second head, or None.
        data: classes and ignore_index are read.
        recipe: see :func:`segviz.training.fit`.
        class_weights: float32 ``(K,)`` on the device.
        loss: what is made small.
        steps: how many there will be in the whole run.
        processes: who trains along.
    """

    def __init__(
        self,
        model: nn.Module,
        auxiliary: AuxiliaryHead | None,
        data: SegmentationDataset,
        recipe: Recipe,
        class_weights: Tensor,
        loss: Loss,
        steps: int,
        processes: OneProcess | ManyProcesses,
    ):
        self.model, self.auxiliary, self.recipe = model, auxiliary, recipe
        self.classes, self.ignore_index = tuple(data.classes), data.ignore_index
        self.class_weights, self.loss, self.processes = class_weights, loss, processes
        self.parts = recipe.accumulate
        self.network = processes.prepare(model)
        self.others = [] if auxiliary is None else [*auxiliary.parameters()]
        self.parameters = [*model.parameters(), *self.others]
        self.optimizer = build_optimizer(
            model, self.others, recipe.learning_rate, recipe.weight_decay, recipe.backbone_rate
        )
        self.scheduler = SCHEDULES[recipe.schedule](self.optimizer, steps)
        # float16 cannot hold small gradients, so they are scaled up; bfloat16 and float32 can.
        device = processes.device
        is_float16 = autocast_dtype(device) is torch.float16
        self.scaler = torch.amp.GradScaler(device.type, enabled=is_float16)
        self.learning_rate = 0.0  # of the last step

    def step(self, images: Tensor, masks: Tensor) -> Tensor:
        """Change the weights by one batch; returns its loss, a scalar on the device.

        A batch for which the device's memory does not suffice is tried again in smaller parts, and
        so are all that follow.

        Raises:
            DivergenceError: if the loss is infinite or NaN; the weights are as before.
            ValueError: for labels that are no class, or a network that does not fit.
        """
        while True:
            try:
                loss = self.compute_gradient(images, masks)
                break
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or not self.can_be_divided(images):
                    raise
            # Outside of `except`: the error holds on to what the memory is full of.
            self.divide()
        self.take()
        return loss

    def compute_gradient(self, images: Tensor, masks: Tensor) -> Tensor:
        """Leave the gradient of a batch's mean loss in the parameters; returns that loss."""
        masks = masks.to(self.processes.device, non_blocking=True)  # (N, h, w)
        parts = [*zip(images.tensor_split(self.parts), masks.tensor_split(self.parts), strict=True)]
        parts = [part for part in parts if len(part[0])]
        self.optimizer.zero_grad()
        losses = []
        for (images, masks), share in zip(parts, self.shares(parts), strict=True):
            loss = self.loss_of(images, masks)
            value = loss.detach()
            # Asked of the sum, so that all processes stop together: none may wait for one that
            # has stopped.
            if not math.isfinite(self.processes.total(value).item()):
                raise DivergenceError(self.what_went_wrong(value.item(), images))
            # The processes' gradients are averaged; their shares are of the sum.
            self.scaler.scale(loss * (share * self.processes.count)).backward()
            losses.append(value * share)
        return self.processes.total(torch.stack(losses).sum())

    def what_went_wrong(self, loss: float, images: Tensor) -> str:
        layer = first_bad_layer(self.model, images)  # in every process: batch norm may join them
        if math.isfinite(loss):
            return "The loss became infinite or NaN in another process, which names the layer."
        return f"The loss became {loss}. {layer}"

    def loss_of(self, images: Tensor, masks: Tensor) -> Tensor:
        """The mean loss of some images, and of the auxiliary head's answer where there is one."""
        logits = compute_logits(self.network, images)  # (N, K, H, W)
        self.check_fits(logits)
        loss = self.distance(logits, masks)
        if self.auxiliary is not None:
            loss = loss + self.recipe.auxiliary_weight * self.distance(self.auxiliary.logits, masks)
        return loss

    def distance(self, logits: Tensor, masks: Tensor) -> Tensor:
        logits = resize_logits(logits, masks.shape[-2:])  # (N, K, h, w)
        return self.loss(logits, masks, self.class_weights, self.ignore_index)

    def shares(self, parts: Sequence[tuple[Tensor, Tensor]]) -> Sequence[float] | Tensor:
        """How much each part's mean counts in the mean over the whole batch."""
        if len(parts) == self.processes.count == 1:
            return [1.0]
        for _, masks in parts:
            check_labels(masks, len(self.classes), self.ignore_index)
        weights = [pixel_weights(m, self.class_weights, self.ignore_index).sum() for _, m in parts]
        weights = torch.stack(weights)  # (parts,)
        total = self.processes.total(weights.sum())
        return weights / (total + (total == 0))

    def take(self) -> None:
        """Go one step along the gradient, and on in the schedule."""
        if self.processes.count > 1:  # only the network's own gradients are averaged by themselves
            for parameter in self.others:
                parameter.grad = self.processes.total(parameter.grad) / self.processes.count
        if self.recipe.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.learning_rate = self.scheduler.get_last_lr()[0]
        # A scale that went down means: float16 overflowed and the optimizer made no step.
        if self.scaler.get_scale() >= scale:
            self.scheduler.step()

    def can_be_divided(self, images: Tensor) -> bool:
        """Several processes could not agree on it: one of them may be waiting for the others."""
        return self.parts < len(images) and self.processes.count == 1

    def divide(self) -> None:
        self.parts *= 2
        self.optimizer.zero_grad()
        free_memory(self.processes.device)
        logger.warning(
            "Out of memory: from here on every batch of %d is computed in %d parts, whose "
            "gradients are added. The result is the same but for batch norm, which sees the parts.",
            self.recipe.batch_size,
            min(self.parts, self.recipe.batch_size),
        )

    def check_fits(self, logits: Tensor) -> None:
        if logits.shape[1] != len(self.classes):
            raise ValueError(
                f"The network gives {logits.shape[1]} scores per pixel, but the data set has "
                f"{len(self.classes)} classes ({', '.join(self.classes)}). Build it with "
                f"num_classes={len(self.classes)}."
            )

    def state(self) -> dict:
        """For a checkpoint."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "auxiliary": {} if self.auxiliary is None else self.auxiliary.state_dict(),
            "parts": self.parts,
        }

    def load(self, state: dict) -> None:
        """What :meth:`state` gave."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.scaler.load_state_dict(state["scaler"])
        if self.auxiliary is not None:
            self.auxiliary.load_state_dict(state["auxiliary"])
        self.parts = state["parts"]
