"""Areas, lines and tags over a picture, as transparent pixels: the `overlay` of a Board."""

from functools import cached_property, lru_cache

import numpy as np

from segviz.scenes import address
from segviz.scenes.palette import INK, ROLES

SCALE = 4  # so many pixels for each of the picture's, so that lines may be thin
LINE = 2  # the width of an outline, in the overlay's pixels
LETTERS = 17  # their size, in the overlay's pixels


def tints(roles) -> np.ndarray:
    """The colours that cells of these roles have at rest: uint8 (roles, 3)."""
    return np.array([_rgb(ROLES[role].tint) for role in roles], np.uint8)


@lru_cache(maxsize=256)
def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


DARK = (*_rgb(INK), 255)


class Overlay:
    """Something to draw on, as large as a picture of (rows, columns) pixels.

    All places are the picture's pixels; colours are roles of the palette. scale: how many pixels of
    its own it has for each of the picture's, in rows and in columns.
    """

    def __init__(self, rows: int, columns: int, scale: int = SCALE):
        self.scale = scale
        self.pixels = np.zeros((rows * scale, columns * scale, 4), np.uint8)
        self._cards = np.zeros(self.pixels.shape[:2], bool)  # where they lie

    def areas(self, numbers: np.ndarray, roles, opacity: float) -> None:
        """Colours the pixels by their number; those of a negative number stay as they are."""
        table = np.insert(tints(roles), 3, round(255 * opacity), axis=1)
        inside = self._enlarged(numbers >= 0)
        self.pixels[inside] = self._enlarged(table[numbers])[inside]

    def outlines(self, numbers: np.ndarray) -> None:
        """Dark lines where one number ends and another begins."""
        large = self._enlarged(numbers)
        edge = np.zeros(large.shape, bool)
        for thick in range(1, LINE + 1):
            edge[thick:] |= large[thick:] != large[:-thick]
            edge[:, thick:] |= large[:, thick:] != large[:, :-thick]
        self.pixels[edge] = DARK

    def box(self, box, role: str, line: int = 3) -> None:
        """A frame around these pixels (left, top, right, bottom, all inside): a coloured line of so
        many of the overlay's pixels between two dark ones, seen on any ground."""
        left, top, right, bottom = np.array(box) * self.scale + (0, 0, self.scale, self.scale)
        for inset, colour in ((0, DARK), (1, (*tints([role])[0], 255)), (line + 1, DARK)):
            thick = line if inset == 1 else 1
            frame = self.pixels[top + inset : bottom - inset, left + inset : right - inset]
            frame[:thick] = frame[-thick:] = frame[:, :thick] = frame[:, -thick:] = colour

    def tag(self, text: str, role: str, *places: tuple[int, int]) -> None:
        """A word on a coloured card. Of the places (row, column) of its upper left corner it takes
        the first where it covers no other card, or else the last; it is moved where it would leave
        the picture."""
        card = _card(text, role)
        for row, column in places:
            top = min(max(row * self.scale, 0), self.pixels.shape[0] - card.shape[0])
            left = min(max(column * self.scale, 0), self.pixels.shape[1] - card.shape[1])
            covered = np.s_[top : top + card.shape[0], left : left + card.shape[1]]
            if not self._cards[covered].any():
                break
        self.pixels[covered], self._cards[covered] = card, True

    def _enlarged(self, pixels: np.ndarray) -> np.ndarray:
        return pixels.repeat(self.scale, axis=0).repeat(self.scale, axis=1)

    def address(self) -> str:
        """For a Board; it cannot be drawn on afterwards."""
        self.pixels.flags.writeable = False
        return self._address

    @cached_property
    def _address(self) -> str:
        return address(self.pixels)


@lru_cache(maxsize=64)
def _card(text: str, role: str) -> np.ndarray:
    """A word in dark letters on a framed card: uint8 (height, width, 4)."""
    from PIL import Image, ImageDraw, ImageFont  # only where letters are drawn

    font = ImageFont.load_default(LETTERS)
    ascent, descent = font.getmetrics()
    size = (round(font.getlength(text)) + 10, ascent + descent + 2)
    card = Image.new("RGBA", size, ROLES[role].tint)
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=INK)
    pen.text((5, 1), text, fill=INK, font=font)
    return np.asarray(card)
