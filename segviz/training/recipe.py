"""The numbers and names that, with a model and data, decide every weight that comes out."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

from .schedules import SCHEDULES

#: PyTorch's generators take seeds of 64 bits.
SEEDS = 2**64


@dataclass(frozen=True)
class Recipe:
    """What :func:`segviz.training.fit` is told in numbers and names; see there what they mean.

    Raises:
        ValueError: in a sentence, for what cannot be.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int
    schedule: str = "one_cycle"
    backbone_rate: float = 1.0
    accumulate: int = 1
    clip_norm: float | None = None
    ema: float | None = None
    patience: int | None = None
    auxiliary: str | None = None
    auxiliary_weight: float = 0.4

    def __post_init__(self):
        _check_whole("epochs", self.epochs)
        _check_whole("batch_size", self.batch_size)
        _check_whole("seed", self.seed, least=0, below=SEEDS)
        _check_whole("accumulate", self.accumulate)
        if self.accumulate > self.batch_size:
            raise ValueError(
                f"accumulate={self.accumulate} parts cannot be made of a batch of "
                f"{self.batch_size} images: give batch_size or fewer."
            )
        if self.patience is not None:
            _check_whole("patience", self.patience)
        _check_real("learning_rate", self.learning_rate, "above 0; 0.003 is a good start")
        _check_real("weight_decay", self.weight_decay, "0 or more", may_be_zero=True)
        _check_real("backbone_rate", self.backbone_rate, "above 0; 0.1 for a pretrained backbone")
        _check_real("auxiliary_weight", self.auxiliary_weight, "above 0; 0.4 is usual")
        if self.clip_norm is not None:
            _check_real("clip_norm", self.clip_norm, "above 0, or None; 1.0 is usual")
        if self.ema is not None and not (_is_number(self.ema, Real) and 0 < self.ema < 1):
            raise ValueError(
                f"ema={self.ema!r}: it must be a number between 0 and 1, the share that is kept at "
                f"every step, or None; 0.99 averages over about 100 steps."
            )
        if self.schedule not in SCHEDULES:
            raise ValueError(
                f"schedule={self.schedule!r}: there are {' and '.join(map(repr, SCHEDULES))}."
            )


def _check_whole(name: str, value: object, least: int = 1, below: int = SEEDS) -> None:
    if not _is_number(value, Integral) or not least <= value < below:
        most = " and below 2**64" if name == "seed" else ""
        raise ValueError(f"{name}={value!r}: it must be a whole number, {least} or more{most}.")


def _check_real(name: str, value: object, allowed: str, may_be_zero: bool = False) -> None:
    if not _is_number(value, Real) or value < 0 or (value == 0 and not may_be_zero):
        raise ValueError(f"{name}={value!r}: it must be a finite number, {allowed}.")


def _is_number(value: object, kind: type) -> bool:
    """Whether ``value`` is a finite number of that kind (True and False are none)."""
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
