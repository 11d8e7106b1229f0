"""The training loop. It yields one record per epoch and knows nothing of plots or notebooks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from segviz.data import SegmentationDataset

from .descent import Loss
from .loading import choose_workers
from .losses import cross_entropy
from .processes import processes_of
from .recipe import Recipe
from .records import Record
from .run import Run


def fit(
    model: nn.Module,
    train: SegmentationDataset,
    val: SegmentationDataset,
    *,
    epochs: int = 8,
    batch_size: int = 8,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.01,
    class_weights: Sequence[float] | Tensor | None = None,
    loss: Loss = cross_entropy,
    schedule: str = "one_cycle",
    backbone_rate: float = 1.0,
    auxiliary: str | None = None,
    auxiliary_weight: float = 0.4,
    accumulate: int = 1,
    clip_norm: float | None = None,
    ema: float | None = None,
    patience: int | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    checkpoint: str | Path | None = None,
    best: str | Path | None = None,
    workers: int | None = None,
) -> Iterator[Record]:
    """Train ``model`` in place, and yield a :class:`Record` after every epoch.

    >>> for record in fit(model, train, val, epochs=8, seed=0):
    ...     print(record)

    The recipe: AdamW (Loshchilov and Hutter 2019) under the one-cycle schedule, random mirroring,
    and half precision and channels-last memory where the device gains from them.

    The weights that ``model`` has at the start are its own affair: call ``torch.manual_seed``
    before you build it. From there on ``seed`` decides everything: the order of the images, the
    flips, dropout. Every epoch draws from its own numbers, so a run that is continued at epoch 5
    goes on as if it had never stopped; on one CPU, with one number of threads, to the last bit.

    The interrupt key (Ctrl-C, or the stop button of a notebook) ends the run without an error:
    the model goes back to the end of the last finished epoch, where the last record was made.
    Where the device's memory does not suffice for a batch, a warning says so and the run goes on
    with the batch in parts. Under ``torchrun`` every process calls this with the same arguments
    and trains on its share of every batch (:mod:`segviz.training.processes`).

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
        loss: what is made small: a function of logits, masks, class weights and ignore_index such
            as those of ``segviz.training.losses``.
        schedule: "one_cycle" (up for a quarter of the steps, then down to 0) or "poly" (down from
            the start); see :mod:`segviz.training.schedules`.
        backbone_rate: the learning rate of ``model.backbone`` as a multiple of the others'; 0.1 is
            usual for a pretrained one.
        auxiliary: the name of a layer whose map gets a second head during training, such as
            "backbone.stage3" of a DeepLabV3Plus on ResNet-50; see :mod:`segviz.training.auxiliary`.
        auxiliary_weight: of that head's loss.
        accumulate: parts in which a batch is computed, one after the other, to save memory. The
            gradients are added before the step; see :class:`segviz.training.descent.Descent`.
        clip_norm: longer gradients are shortened to this norm; None: none are.
        ema: the share that a moving average of the weights keeps at each step, such as 0.99. The
            average is then what is scored and what ``model`` holds between epochs; None: no
            average.
        patience: stop when so many epochs in a row brought no better mIoU; None: never.
        seed: a whole number, 0 or more and below 2**64.
        device: "cuda", "mps", "cpu", or None for the fastest there is.
        checkpoint: a file to write after every epoch. If it exists, the run goes on from there,
            and its records are yielded again first.
        best: a file for the weights of the epoch with the highest mIoU, under the key "model".
        workers: processes that load images beside the training; 0: none; None: chosen for the
            machine.

    Raises:
        ValueError: at once, for arguments that do not fit together or a checkpoint of another
            run; at the first batch, for labels that are no class or a network that does not fit.
        DivergenceError: when the loss or a weight is no number any more.
    """
    recipe = Recipe(
        epochs,
        batch_size,
        learning_rate,
        weight_decay,
        seed,
        schedule=schedule,
        backbone_rate=backbone_rate,
        accumulate=accumulate,
        clip_norm=clip_norm,
        ema=ema,
        patience=patience,
        auxiliary=auxiliary,
        auxiliary_weight=auxiliary_weight,
    )
    _check_data(train, val)
    weights = _as_weights(class_weights, train.classes)
    processes = processes_of(device)
    _check_enough_for(processes, train, recipe)
    if workers is None:
        workers = choose_workers(train, processes.device)
    run = Run(model, train, val, recipe, weights, processes, workers, loss)
    if checkpoint is not None and Path(checkpoint).exists():
        run.continue_from(checkpoint)
    return run.go(checkpoint, best)


def _check_enough_for(processes, train: SegmentationDataset, recipe: Recipe) -> None:
    """Each process needs an image in every part, for they compute the parts together."""
    images = min(recipe.batch_size, len(train))
    needed = processes.count * recipe.accumulate
    if processes.count > 1 and images < needed:
        in_parts = f", in {recipe.accumulate} parts" if recipe.accumulate > 1 else ""
        raise ValueError(
            f"{processes.count} processes cannot share a batch of {images} images{in_parts}: give "
            f"a batch_size of {needed} or more, and as many images to train on."
        )


def _check_data(train: SegmentationDataset, val: SegmentationDataset) -> None:
    for name, dataset in (("train", train), ("val", val)):
        if not hasattr(dataset, "classes") or not hasattr(dataset, "ignore_index"):
            raise ValueError(
                f"The data set {name}, a {type(dataset).__name__}, has no classes or no "
                f"ignore_index. Derive it from segviz.data.SegmentationDataset."
            )
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
    if weights.shape != (len(classes),) or not _are_usable(weights):
        raise ValueError(
            f"class_weights={weights.tolist()}: give one number for each of the {len(classes)} "
            f"classes ({', '.join(classes)}), finite, none negative and not all zero."
        )
    return weights


def _are_usable(weights: Tensor) -> bool:
    return bool(weights.isfinite().all() and (weights >= 0).all() and weights.any())
