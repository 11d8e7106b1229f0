"""Atrous spatial pyramid pooling: five branches over one feature map, on a photograph.

The module is that of DeepLabV3 (Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image
Segmentation", section 3.3). The photograph is scikit-image's `astronaut.png`: Eileen Collins, by
NASA, in the public domain.
"""

from functools import lru_cache
from itertools import product

import numpy as np

from segviz.explainers.astronaut import photograph
from segviz.explainers.explainer import Explainer, Parameter, choice
from segviz.explainers.layout import by
from segviz.explainers.sentences import cell, counted
from segviz.relations import Relation, pair, pyramid, taps_on_map
from segviz.scenes import Board, Label, Scene, address, heat
from segviz.scenes.palette import INK, ROLES

SIZE = (1000, 540)
STRIDE = 16  # pixels of the photograph to a cell of the map, as in DeepLabV3 and its successors
MAPS = ("32x32", "24x32", "16x16", "8x8")
BRANCHES = (1, 2, 3)  # the atrous ones, at this many times the rate
LARGEST = 36  # rate in the strip: that of the last branch at the largest setting
INPUT_CHANNELS, CHANNELS = 2048, 256  # of ResNet's last map, and of every branch
PANEL, GAP, TOP = 184, 14, 66
WEIGHTS, STRIP = 330, 446  # where the rows of kernels and of rates begin
FINE = 192  # pixels of an overlay along its longer side


def draw(*, feature_map=MAPS[0], rate=6) -> Scene:
    """The five branches over a map of this size, at the rates r, 2r and 3r.

    feature_map: one of MAPS. rate: an integer or a pair (rows, columns).
    """
    size = tuple(map(int, feature_map.split("x")))
    rate = pair(rate, "rate")
    rates = [tuple(times * step for step in rate) for times in BRANCHES]
    relation = pyramid(size, rates)
    marked = tuple(length * 3 // 8 for length in size)  # where the pyramid shows well
    story = _Story(relation, rates, marked)
    listed = ", ".join(str(_one(each)) for each in rates)
    branch = "torch.nn.functional.conv2d(x, w, padding=r, dilation=r)"
    call = f"torch.cat([{branch} for r in ({listed})], 1)"
    return Scene(
        title="Atrous spatial pyramid pooling",
        description=(
            f"A feature map of {by(size)} cells, read by five branches: a 1×1 convolution, 3×3"
            f" convolutions at the rates {listed}, and image pooling."
            f" {' '.join(story.counts)} {call}"
        ),
        size=SIZE,
        boards=(
            *_panels(relation, size, rates, marked, story),
            *_kernels(relation, rates, story),
            _strip(size, rates),
        ),
        labels=(*_labels(size, rates, story), Label(call, 12, 529, "call")),
        relation=relation,
        call=call,
        steps=f"weight_{BRANCHES[-1]}",
    )


class _Story:
    """What is said about the branches and their cells; the counts in it."""

    def __init__(self, relation: Relation, rates, marked):
        self.size, self.rates = relation.sizes["output"], rates
        self.units = int(np.prod(self.size))
        of_output = [taps_on_map(relation, n, "output") for n in BRANCHES]
        self.name = cell("output", np.ravel_multi_index(marked, self.size), self.size)
        self.of_marked = [int(each[marked]) for each in of_output]
        self.counts = tuple(
            f"At rate {_one(each)} {9 * self.units - int(taps.sum()):,} of the {9 * self.units:,}"
            f" taps fall into the padding."
            for each, taps in zip(rates, of_output, strict=True)
        )
        self.lost = [1 - taps.sum() / (9 * self.units) for taps in of_output]
        told = [[f"{count} at rate {_one(each)}" for count in range(10)] for each in rates]
        self.outputs = tuple(
            f"of 9 taps each, on the map lie {', '.join(map(list.__getitem__, told, counts))};"
            " the others read padding."
            for counts in zip(*(each.ravel().tolist() for each in of_output), strict=True)
        )

    def read(self, counts: np.ndarray, rate) -> tuple[str, ...]:
        """For every cell of the map, by how many outputs it is read at this rate."""
        words = [f"is read by {counted(n, 'output')} at rate {_one(rate)}." for n in range(10)]
        return tuple(words[count] for count in counts.flat)

    def weights(self, counts: np.ndarray, rate) -> tuple[str, ...]:
        """For every weight, for how many outputs it falls on the map."""
        return tuple(
            f"{cell('kernel', k, counts.shape)} at rate {_one(rate)} meets the map for {count:,}"
            f" of {self.units:,} outputs, {_share(count / self.units)}; for the others, padding."
            for k, count in enumerate(counts.flat)
        )


def _panels(relation, size, rates, marked, story) -> tuple[Board, ...]:
    """The photograph under the cells of the map, once for every branch."""
    picture = photograph(size[0] * STRIDE, size[1] * STRIDE)
    side = PANEL / max(size)
    cells = np.arange(story.units).reshape(size)

    def panel(place, name, title, says, lead, rate, role):
        return Board(
            name,
            title,
            np.zeros(size),
            {name: cells},
            "glass",
            (12 + place * (PANEL + GAP), TOP),
            (side, side),
            says,
            lead=lead,
            image=picture,
            overlay=_overlay(size, marked, rate, role),
            figures=False,
        )

    alone = "1×1: the cell itself"
    panels = [panel(0, "output", alone, story.outputs, "output@: ", (0, 0), "output")]
    for n, rate in zip(BRANCHES, rates, strict=True):
        says = story.read(taps_on_map(relation, n, "read"), rate)
        title = f"3×3, rate {_times(n)} = {_one(rate)}"
        panels.append(panel(n, f"read_{n}", title, says, "map@ ", rate, "kernel"))
    pool = Board(
        "pool",
        "image pooling: all cells",
        np.zeros((1, 1)),
        {"pool": np.zeros((1, 1), int)},
        "glass",
        (12 + 4 * (PANEL + GAP), TOP),
        (side * size[1], side * size[0]),
        (
            f"Image pooling: the mean of all {story.units:,} cells, one number for each channel,"
            " given to every output alike.",
        ),
        image=picture,
        figures=False,
    )
    return (*panels, pool)


def _overlay(size, marked, rate, role: str) -> str:
    """The taps around the marked cell, and lines between them, which lead on to those outside."""
    cell = FINE // max(size)
    pixels = np.zeros((size[0] * cell, size[1] * cell, 4), np.uint8)
    dark, colour = ((*bytes.fromhex(ink[1:]), 255) for ink in (INK, ROLES[role].lit))
    rows, columns = (
        [(at + turn * step) * cell for turn in ((-1, 0, 1) if step else (0,))]
        for at, step in zip(marked, rate, strict=True)
    )  # the upper and left edges of the taps' cells

    def fill(top, bottom, left, right, ink):
        pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = ink

    middle = cell // 2
    for row in rows:
        fill(row + middle - 1, row + middle + 1, columns[0] + middle, columns[-1] + middle, colour)
    for left in columns:
        fill(rows[0] + middle, rows[-1] + middle, left + middle - 1, left + middle + 1, colour)
    grown = 0 if 1 in rate else 1  # a little larger than the cell, where they do not touch
    for row, left in product(rows, columns):
        for wider, ink in ((grown + 1, dark), (grown, colour)):
            fill(row - wider, row + cell + wider, left - wider, left + cell + wider, ink)
    return address(pixels)


def _kernels(relation, rates, story) -> tuple[Board, ...]:
    """For every atrous branch its nine weights, each with the share of outputs it is used for."""
    boards = []
    for n, rate in zip(BRANCHES, rates, strict=True):
        counts = taps_on_map(relation, n, "weight")
        shares = np.round(100 * counts / story.units)
        boards.append(
            Board(
                f"weight_{n}",
                "used by % of the outputs",
                shares,
                {f"weight_{n}": np.arange(9).reshape(3, 3)},
                heat(counts, story.units),
                (12 + n * (PANEL + GAP), WEIGHTS),
                (44, 26),
                story.weights(counts, rate),
            )
        )
    return tuple(boards)


def _strip(size: tuple[int, int], rates) -> Board:
    """For every rate how many of its nine taps meet the map, on average over the outputs."""
    units, counts = int(np.prod(size)), _taps_by_rate(size)
    means = np.array(counts) / units
    says = [
        f"At rate {rate} {taps:,} of {9 * units:,} taps meet the map, on average {taps / units:.2f}"
        f" of 9.{' Only the middle weight is left: a 1×1.' * (rate >= max(size))}"
        for rate, taps in enumerate(counts, start=1)
    ]
    used = {step for rate in rates for step in rate}
    shown = ["kernel" if rate in used else "index" for rate in range(1, LARGEST + 1)]
    return Board(
        "rates",
        "rates, and below how many of 9 taps meet the map on average; 1: only the middle weight is"
        " left, the 3×3 is a 1×1",
        np.array([np.arange(1, LARGEST + 1), np.round(means, 1)]),
        {},
        np.array([shown, heat(means, 9)], object),
        (12, STRIP),
        (27, 22),
        (*says, *says),
    )


@lru_cache(maxsize=8)
def _taps_by_rate(size: tuple[int, int]) -> tuple[int, ...]:
    """How many taps meet the map at the rates 1 to LARGEST."""
    every = pyramid(size, range(1, LARGEST + 1))
    return tuple(int(taps_on_map(every, n, "output").sum()) for n in range(1, LARGEST + 1))


def _labels(size, rates, story) -> tuple[Label, ...]:
    """What is counted under the panels, and what becomes of the branches."""
    height = PANEL / max(size) * size[0]
    x = [12 + place * (PANEL + GAP) for place in range(5)]
    pixels = by(tuple(length * STRIDE for length in size))
    under = [("1 of 1 on the map", "padding: none")]
    for count, lost in zip(story.of_marked, story.lost, strict=True):
        under.append((f"{count} of 9 on the map", f"padding: {_share(lost)} of all taps"))
    under.append((f"mean of {story.units:,} cells,", "the same everywhere"))
    lines = [
        Label(line, left, TOP + height + 20 + 19 * n, "title")
        for left, both in zip(x, under, strict=True)
        for n, line in enumerate(both)
    ]
    total = 5 * CHANNELS
    return (
        Label(f"One map, five branches: what {story.name} is made of", 12, 24, "heading"),
        Label(f"map of {by(size)} over {pixels} pixels, output stride 16", 572, 24, "title"),
        *lines,
        Label("weights, at any rate:", x[0], WEIGHTS + 14, "title"),
        Label(_weights(1), x[0], WEIGHTS + 36, "title"),
        Label(_weights(9), x[0], WEIGHTS + 58, "title"),
        Label("concatenated:", x[4], WEIGHTS + 14, "title"),
        Label(f"5 · {CHANNELS} = {total:,} channels,", x[4], WEIGHTS + 36, "title"),
        Label(f"then a 1×1 makes {CHANNELS}", x[4], WEIGHTS + 58, "title"),
        Label("taps on the map, by PyTorch (x and w all 1):", 12, 510, "title"),
    )


def _weights(taps: int) -> str:
    """Of a branch with so many taps, for the channels of DeepLabV3 on a ResNet."""
    factors = [taps, INPUT_CHANNELS, CHANNELS]
    return f"{'·'.join(map(str, factors))} = {np.prod(factors):,}"


def _share(part: float) -> str:
    """42 %; a trace of something is not nothing, and nearly all is not all."""
    if 0 < part < 0.01:
        return "less than 1 %"
    return "more than 99 %" if 0.99 < part < 1 else f"{100 * part:.0f} %"


def _times(n: int) -> str:
    return "r" if n == 1 else f"{n}r"


def _one(rate) -> int | tuple[int, int]:
    """One number where both axes agree."""
    return rate[0] if rate[0] == rate[1] else rate


ASPP = Explainer(
    name="Atrous spatial pyramid pooling",
    about=(
        "ASPP: convolutions of several rates and image pooling over one feature map, laid back on a"
        " photograph; how many taps fall into the padding, and when a 3×3 is but a 1×1."
    ),
    draw=draw,
    parameters=(
        choice("feature_map", "feature map", *MAPS),
        Parameter("rate", "rate r", 1, 12, 6, coupled=False),
    ),
)
