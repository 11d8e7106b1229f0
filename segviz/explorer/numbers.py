"""The numbers in an explorer's grids: what may be typed or set, and what stays of the rest."""

import re

import numpy as np

from segviz.relations import grid

LARGEST = 999_999  # what a cell has room for
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # 1,000: a thousand, or one with three noughts


def typed_number(text: str) -> float:
    """The number that was typed; ValueError, in a sentence, for anything else.

    A comma may stand for the point, and the typographer's minus for the hyphen.
    """
    typed = text.strip().replace("−", "-")
    if not NUMBER.fullmatch(typed):
        raise ValueError(
            f"“{text}” is not a number. Type one such as 3, -1 or 0.5; nothing was changed."
        )
    if THOUSANDS.fullmatch(typed):
        plain, point = typed.replace(",", ""), typed.replace(",", ".")
        raise ValueError(f"“{text}” can be read in two ways. Type {plain} or {point}.")
    value = float(typed.replace(",", "."))
    if abs(value) > LARGEST:
        raise ValueError(
            f"“{text}” is too large to show. Type a number between -{LARGEST} and {LARGEST}."
        )
    return value


def showable(values, name: str, labels: int = 0) -> np.ndarray:
    """A grid of numbers that cells have room for, float64; ValueError, in a sentence, if not.

    labels: where not 0, only whole numbers from 0 to labels - 1 are taken.
    """
    numbers = grid(values, name).astype(float)
    largest = numbers.flat[np.abs(numbers).argmax()]
    if abs(largest) > LARGEST:
        raise ValueError(
            f"{name} holds {largest:g}, too large to show:"
            f" give numbers between -{LARGEST} and {LARGEST}."
        )
    if labels:
        wrong = (numbers != np.round(numbers)) | (numbers < 0) | (numbers >= labels)
        if wrong.any():
            raise ValueError(
                f"{name} holds {numbers[wrong][0]:g}, which is no label here:"
                f" give whole numbers from 0 to {labels - 1}."
            )
    return numbers


def laid_over(numbers: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """`pattern` with its upper left corner replaced, and grown where it is too small."""
    laid = np.zeros(np.maximum(numbers.shape, pattern.shape))
    laid[: pattern.shape[0], : pattern.shape[1]] = pattern
    laid[: numbers.shape[0], : numbers.shape[1]] = numbers
    return laid
