"""Labelled rows of pictures under a cell: images, masks, predictions, feature maps."""

import base64
import io
from dataclasses import dataclass

import numpy as np

from .comparison import as_array

GAP = 6  # pixels between two panels
LABELS = 150  # pixels on the left, for the names of the rows; more for long names, ...
NUMBERS = 30  # ... and less where rows have numbers only
LETTER = 9  # pixels of a letter, at most on average
LINE = 24  # pixels for a line of titles, and for the legend
HIGHEST = 640  # pixels of an output that a laptop shows without scrolling
LARGEST = 8  # a small picture is enlarged at most so many times
WIDTH = 805  # pixels that a row of panels fills without scrolling on a laptop
LEGIBLE = 10.5  # points, also when projected
SHADES = 24  # of a feature map; more would only make notebooks larger


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures as one image file; in words where images are not shown."""

    words: str
    kind: str  # the file's MIME type
    file: bytes

    def __repr__(self):
        return self.words

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": self.words, self.kind: base64.b64encode(self.file).decode()}


def show_pictures(rows, *, titles=(), legend=None):
    """Rows of pictures of one size, such as images over masks over predictions.

        show_pictures({"image": images, "mask": masks}, legend={"cat": (0, 114, 178)})

    Many rows of few pictures, which would be higher than a laptop's screen, become columns with
    the rows' names above them.

    Args:
        rows: {the row's name: its pictures}, each uint8 (H, W, 3).
        titles: names of the columns.
        legend: {name of a class: its red, green and blue, 0 to 255}.

    Returns:
        A sheet that a notebook shows when it is a cell's last value.

    Raises:
        ValueError: for pictures that are not uint8 (H, W, 3).
    """
    rows = {name: [as_array(picture) for picture in pictures] for name, pictures in rows.items()}
    for picture in (picture for pictures in rows.values() for picture in pictures):
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"A picture is uint8 of shape (H, W, 3); you gave {picture.dtype} of shape "
                f"{picture.shape}. segviz.data.picture(image) and segviz.data.colour(mask, "
                f"palette) make such pictures."
            )
    words = [f"{name}: {len(pictures)} pictures" for name, pictures in rows.items()]
    drawn = _drawn(*_within_a_screen(rows, titles), legend or {})
    # Photographs are mostly noise, which a PNG would keep at three times the size.
    return Sheet("\n".join(words), "image/jpeg", _file(drawn, "jpeg", quality=78, subsampling=0))


def show_maps(rows, *, count=6, titles=(), limits=None):
    """The first channels of feature maps, dark where a value is low and bright where it is high.

        show_maps({"encoder 0": fine, "encoder 1": coarse})

    Args:
        rows: {the row's name: a tensor (1, C, H, W) or (C, H, W)}.
        count: how many channels of each.
        titles: names of the channels.
        limits: (darkest, brightest) value of all maps; None: each map has its own, so two maps
            that look equally bright need not be.

    Returns:
        A sheet that a notebook shows when it is a cell's last value; in words it has the shapes.

    Raises:
        ValueError: for another shape, or a batch of several images.
    """
    panels, words = {}, []
    for name, maps in rows.items():
        maps = as_array(maps)
        if maps.ndim == 4 and len(maps) == 1:
            maps = maps[0]  # (C, H, W)
        if maps.ndim != 3:
            raise ValueError(
                f"{name}: feature maps of one image have the shape (C, H, W) or (1, C, H, W); you "
                f"gave {maps.shape}. Of a batch, take one image: maps[:1]."
            )
        channels, height, width = maps.shape
        size = f"{channels} × {height} × {width}"
        panels[f"{name}\n{size}"] = [_in_colour(one, limits) for one in maps[:count]]
        words.append(f"{name}: {size}")
    drawn = _drawn(panels, titles, {}).quantize(256, dither=0)  # all its shades and the text's
    return Sheet("\n".join(words), "image/png", _file(drawn, "png", optimize=True))


def _in_colour(values, limits):
    """One map as a picture, uint8 (H, W, 3)."""
    from matplotlib import colormaps

    low, high = limits or (values.min(), values.max())
    shares = np.clip((values - low) / ((high - low) or 1), 0, 1)
    shares = np.round(shares * (SHADES - 1)) / (SHADES - 1)
    return colormaps["viridis"](shares, bytes=True)[..., :3]


def _within_a_screen(rows, titles):
    """Rows and titles, exchanged where the rows are many and their pictures are few."""
    counts = {len(pictures) for pictures in rows.values()}
    height = len(rows) * (max(len(one) for row in rows.values() for one in row) + GAP)
    if titles or len(counts) > 1 or height <= HIGHEST or max(counts) >= len(rows):
        return rows, titles
    columns = zip(*rows.values(), strict=True)
    return {str(number): column for number, column in enumerate(columns, 1)}, tuple(rows)


def _drawn(rows, titles, legend):
    """Panels are placed pixel by pixel, so that nothing is smoothed; matplotlib adds the text."""
    # Not at the top: the classroom is loaded without matplotlib. Figure rather than pyplot:
    # nothing is kept alive, and no window system is asked for.
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from PIL import Image

    pictures = [picture for row in rows.values() for picture in row]
    columns = max(len(row) for row in rows.values())
    height, width = np.max([picture.shape[:2] for picture in pictures], axis=0)
    fitting = min(WIDTH // (columns * (width + GAP)), HIGHEST // (len(rows) * (height + GAP)))
    times = int(np.clip(fitting, 1, LARGEST))
    height, width = times * height, times * width
    top, bottom = LINE * bool(titles), LINE * bool(legend)

    labels = NUMBERS
    if not all(name.isdigit() for name in rows):
        longest = max((len(line) for name in rows for line in name.splitlines()), default=0)
        labels = max(LABELS, LETTER * longest + 16)
    size = np.array([labels + columns * (width + GAP), top + len(rows) * (height + GAP) + bottom])
    figure = Figure(size / 100, dpi=100)

    def write(x, y, text, **where):
        figure.text(x / size[0], 1 - y / size[1], text, size=LEGIBLE, **where)

    for r, (name, row) in enumerate(rows.items()):
        y = top + r * (height + GAP)
        write(labels - 8, y + height / 2, name, ha="right", va="center")
        for c, picture in enumerate(row):
            x = labels + c * (width + GAP)
            figure.figimage(_enlarged(picture, height, width), x, size[1] - y - height)
    for c, title in enumerate(titles):
        write(labels + c * (width + GAP) + width / 2, top / 2, title, ha="center", va="center")
    patches = [Patch(color=np.divide(rgb, 255), label=name) for name, rgb in legend.items()]
    if patches:
        style = {"ncols": len(patches), "frameon": False, "fontsize": LEGIBLE, "borderpad": 0}
        figure.legend(handles=patches, loc="lower center", **style)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return Image.open(png).convert("RGB")


def _enlarged(picture, height, width):
    """Every pixel repeated, nothing in between invented."""
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return picture[rows[:, None], columns]  # (height, width, 3)


def _file(drawn, kind, **settings):
    file = io.BytesIO()
    drawn.save(file, kind, **settings)
    return file.getvalue()
