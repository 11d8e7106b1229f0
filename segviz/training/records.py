"""One epoch of training, in numbers."""

import json
import math
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Record:
    """What :func:`segviz.training.fit` knows at the end of an epoch."""

    epoch: int  #: counted from 1
    epochs: int  #: how many there will be
    loss: float  #: mean training loss of the epoch's batches
    learning_rate: float  #: of the epoch's last step
    iou: dict[str, float]  #: of each class on the validation set; NaN: class absent
    miou: float  #: mean over the classes present; see Scores.mean_iou
    pixel_accuracy: float  #: on the validation set
    images_per_second: float  #: training only
    seconds: float  #: spent training
    validation_seconds: float  #: spent scoring
    peak_memory: int | None  #: bytes; None where the machine does not tell
    #: pixels of the validation set, K rows (true class) of K counts (predicted class), as in
    #: Scores.confusion; None in records that were written before they held it
    confusion: list[list[int]] | None = None

    def to_dict(self) -> dict:
        """A dictionary that is valid JSON: None stands for NaN."""
        values = asdict(self)
        values["iou"] = {name: _or_none(value) for name, value in self.iou.items()}
        values["miou"] = _or_none(self.miou)
        values["pixel_accuracy"] = _or_none(self.pixel_accuracy)
        return values

    @classmethod
    def from_dict(cls, values: dict) -> "Record":
        """The record that :meth:`to_dict` described."""
        values = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        values["iou"] = {name: _or_nan(value) for name, value in values["iou"].items()}
        values["miou"] = _or_nan(values["miou"])
        values["pixel_accuracy"] = _or_nan(values["pixel_accuracy"])
        return cls(**values)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch} of {self.epochs}: loss {self.loss:.3f}, mIoU {self.miou:.3f}, "
            f"accuracy {self.pixel_accuracy:.3f}, {self.images_per_second:.0f} images/s"
        )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
