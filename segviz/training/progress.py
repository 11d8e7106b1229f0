"""What the views of a training run show, whatever draws them: curves, shares, time left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from tqdm import tqdm

from segviz.relations import ratio

from .records import Record

#: How lines are dashed, so that close colours can be told apart: class by class in turn.
DASHES = ("solid", "dot", "dash")

#: The most letters of a class's name that fit beside a chart.
MOST_LETTERS = 14

#: What the panels of a picture show.
TITLES = {
    "loss": "training loss",
    "iou": "IoU on the validation set",
    "bars": "IoU of each class now",
    "confusion": "what became of each class (% of its pixels)",
    "strip": "predictions now",
}
#: Stands in the panel where an old record holds no confusion matrix.
NO_CONFUSION = "not recorded in this epoch"

#: The bar of :meth:`Progress.bar` alone, and with all that is known beside it.
TIME_BAR = "|{bar}| {elapsed} gone, {remaining} to go"
FULL_BAR = f"epoch {{n_fmt}} of {{total_fmt}} {TIME_BAR}{{postfix}}"

_RECENT = 5  # epochs


@dataclass(frozen=True)
class Curve:
    """The IoU of a class, or of all in the mean, epoch by epoch."""

    name: str
    values: list[float]  # NaN where the class has none
    colour: tuple[int, int, int]  # red, green, blue, 0 to 255
    width: float
    dash: str  # one of DASHES


@dataclass
class Progress:
    """The records of a run so far.

    Args:
        classes: the K classes' names.
        palette: uint8 ``(K, 3)``, the colours of their masks and so of their curves.
    """

    classes: Sequence[str]
    palette: np.ndarray
    records: list[Record] = field(default_factory=list)

    @property
    def last(self) -> Record:
        return self.records[-1]

    @property
    def epochs(self) -> list[int]:
        return [record.epoch for record in self.records]

    @property
    def losses(self) -> list[float]:
        return [record.loss for record in self.records]

    def curves(self) -> list[Curve]:
        """The mean's curve, and every class's in its mask's colour."""
        mean = Curve("mean", [record.miou for record in self.records], (0, 0, 0), 3.0, "solid")
        return [mean] + [
            Curve(
                name,
                [record.iou[name] for record in self.records],
                tuple(self.palette[label].tolist()),
                1.5,
                DASHES[label % len(DASHES)],
            )
            for label, name in enumerate(self.classes)
        ]

    @property
    def confusion_shares(self) -> np.ndarray | None:
        """:func:`shares_of_truth` of the last epoch; None if its record does not hold it."""
        return None if self.last.confusion is None else shares_of_truth(self.last.confusion)

    @property
    def seconds_gone(self) -> float:
        """Spent training and scoring, before an interruption too."""
        return sum(_seconds(record) for record in self.records)

    @property
    def seconds_per_epoch(self) -> float:
        """The median of the last five epochs.

        It rests on what the records say of themselves, not on when they came: a run that is
        continued yields its old records again all at once.
        """
        return median(_seconds(record) for record in self.records[-_RECENT:])

    @property
    def seconds_to_go(self) -> float:
        """Until the last epoch, at the pace of the last ones."""
        return (self.last.epochs - self.last.epoch) * self.seconds_per_epoch

    def bar(self, width: int, form: str = FULL_BAR, symbols: str | None = None) -> str:
        """The epochs as a bar, and the time gone and to go, in one line.

        Args:
            width: in letters.
            form: :data:`FULL_BAR` or :data:`TIME_BAR`.
            symbols: what the bar is drawn with, from empty to full, such as " #"; None: blocks.
        """
        pace = self.seconds_per_epoch
        return tqdm.format_meter(
            self.last.epoch,
            self.last.epochs,
            self.seconds_gone,
            ncols=width,
            ascii=symbols or False,
            rate=1 / pace if pace else None,
            bar_format=form,
            postfix=f"loss={self.last.loss:.3f}, mIoU={self.last.miou:.3f}",
        )


def shares_of_truth(confusion: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    """A confusion matrix whose rows add up to 1: where the pixels of each class went.

    Args:
        confusion: ``(K, K)`` counts; row: true class, column: predicted class.

    Returns:
        float64 ``(K, K)``; a row of NaN for a class without a pixel in the truth. Its diagonal is
        the recall of every class.
    """
    counts = np.asarray(confusion, np.float64)  # (K, K)
    pixels = counts.sum(axis=1, keepdims=True)  # (K, 1)
    return ratio(counts, pixels)


def percent(share: float) -> str:
    """A share in a cell of a table, such as "93"; nothing below half a percent and for NaN."""
    return f"{100 * share:.0f}" if share >= 0.005 else ""


def shortened(name: str, most: int = MOST_LETTERS) -> str:
    """A name that fits beside a chart."""
    return name if len(name) <= most else name[: most - 1] + "…"


def letter_size(rows: int, most: int, least: int) -> int:
    """Of words beside the rows of a small panel: from ``most`` at 10 rows to ``least`` at 20."""
    return round(np.interp(rows, (10, 20), (most, least)))


def _seconds(record: Record) -> float:
    return record.seconds + record.validation_seconds
