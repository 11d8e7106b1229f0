"""A training run as text, for a terminal, a log file, or a screen reader.

    view = TextView(val.classes)
    for record in fit(model, train, val, epochs=8):
        view.show(record)
    view.finish()

Every epoch begins with the line ``str(record)``, to be searched for; below it are a bar with the
time left and the IoU of every class. No colours, no moving cursor: a log file holds what the
terminal showed.
"""

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

import numpy as np
from tqdm.std import Bar
from tqdm.utils import disp_len, disp_trim

from .failures import Failures
from .progress import MOST_LETTERS, TIME_BAR, Progress, shares_of_truth
from .records import Record

_WIDEST = 80  # letters
_CELL_BAR = 8  # letters
_GAP = "  "


class TextView:
    """Prints every record with bars, and a table at the end.

    Args:
        classes: the K classes' names.
        file: where to; None: standard output.
        width: of a line in letters, 80 at most; None: the terminal's.
    """

    def __init__(
        self, classes: Sequence[str], file: TextIO | None = None, width: int | None = None
    ):
        self._file = sys.stdout if file is None else file
        self._width = min(_WIDEST, width or shutil.get_terminal_size().columns)
        self._progress = Progress(tuple(classes), np.zeros((len(classes), 3), np.uint8))
        self._encoding = getattr(self._file, "encoding", None) or "utf-8"
        self._symbols = Bar.UTF if _can_write(Bar.UTF, self._encoding) else " #"

    def show(self, record: Record) -> None:
        """Print what an epoch brought."""
        self._progress.records.append(record)
        self._print(*textwrap.wrap(str(record), self._width, subsequent_indent=_GAP))
        bar = self._progress.bar(self._width - len(_GAP), TIME_BAR, self._symbols)
        self._print(_GAP + bar, *self._cells(record))

    def finish(self) -> None:
        """Print the classes, their IoU, and what each is most often taken for."""
        if self._progress.records:
            self._print("", *self._table(self._progress.last), "")

    def show_failures(self, failures: Failures) -> None:
        """Print what goes wrong, and where."""
        self._print(str(failures), "")

    def _cells(self, record: Record) -> list[str]:
        """A bar and a number for each class, several in a line."""
        letters = self._letters()
        cells = [
            f"{_padded(name, letters)} {self._bar(iou)} {_number(iou)}"
            for name, iou in record.iou.items()
        ]
        in_a_line = max(1, self._width // (len(_GAP) + letters + _CELL_BAR + 6))
        starts = range(0, len(cells), in_a_line)
        return [_GAP + _GAP.join(cells[start : start + in_a_line]) for start in starts]

    def _table(self, record: Record) -> list[str]:
        letters = self._letters()
        heading = f"{_padded('class', letters)}  IoU   {'':{_CELL_BAR}}  most often taken for"
        lines = [disp_trim(heading, self._width)]
        for label, (name, iou) in enumerate(record.iou.items()):
            line = f"{_padded(name, letters)}  {_number(iou)}  {self._bar(iou)}  "
            taken_for = _taken_for(record, label, list(record.iou))
            if disp_len(line + taken_for) > self._width:  # then below it
                lines.append(line.rstrip())
                line, taken_for = "", disp_trim(_GAP + taken_for, self._width)
            lines.append(line + taken_for)
        return [f"IoU after epoch {record.epoch}, mean {record.miou:.3f}:", *lines]

    def _letters(self) -> int:
        """The width of the column of names."""
        longest = max(map(disp_len, self._progress.classes))
        return min(longest, MOST_LETTERS, max(1, self._width - _CELL_BAR - 8))

    def _bar(self, share: float) -> str:
        return format(Bar(0 if np.isnan(share) else share, _CELL_BAR, self._symbols))

    def _print(self, *lines: str) -> None:
        text = "\n".join(lines)
        # A class's name may hold letters that an old terminal cannot write.
        print(
            text.encode(self._encoding, "replace").decode(self._encoding),
            file=self._file,
            flush=True,
        )


def _taken_for(record: Record, label: int, classes: Sequence[str]) -> str:
    """The class that most of a class's wrong pixels were taken for, in words."""
    if record.confusion is None:
        return "(not recorded)"
    shares = shares_of_truth(record.confusion)[label]  # (K,)
    if np.isnan(shares).any():
        return "(no pixel of it in the truth)"
    shares[label] = 0
    if not shares.any():
        return "(nothing else)"
    return f"{classes[shares.argmax()]}, {shares.max():.1%} of its pixels"


def _padded(name: str, letters: int) -> str:
    """A name, cut or filled to this width on the screen; Chinese letters are two wide."""
    name = disp_trim(name, letters)
    return name + " " * (letters - disp_len(name))


def _number(iou: float) -> str:
    return "  - " if np.isnan(iou) else f"{iou:.2f}"


def _can_write(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
