"""Skip connections in FCN-32s, 16s and 8s: coarse scores, upsampled, added with finer ones."""

from functools import lru_cache

import numpy as np

from segviz.explainers.example_scene import CLASSES, example_image, example_scene
from segviz.explainers.explainer import Choice, Explainer, choice
from segviz.explainers.layout import by
from segviz.explainers.overlay import Overlay, tints
from segviz.explainers.sentences import cell
from segviz.explainers.skips_maps import BLOCK, STRIDES, UPSAMPLING, Net, net_of
from segviz.relations import tp_fp_fn
from segviz.scenes import Board, Label, Scene, address, heat, number, written

SIZE = (1000, 528)
SIDE, LEFT, UPPER, LOWER = 164, {32: 12, 16: 204, 8: 396}, 76, 308  # of the maps
RIGHT, TABLE = 588, (588, 50)
PREDICTED = (588, 216)  # where it begins; 256 units in either direction
ROLES = tuple(f"class-{label}" for label in range(len(CLASSES)))


def draw(*, net="FCN-32s", shown="cat", upsampling="bilinear") -> Scene:
    """The Scene of one of the nets; shown: the class whose scores are looked at."""
    this = net_of(net, upsampling)
    label = CLASSES.index(shown)
    finest = this.strides[-1]
    last = f"{_map_name(this, finest)}, scale_factor={finest}, mode={upsampling!r}"
    call = f"torch.nn.functional.interpolate({last}).argmax(1)"
    return Scene(
        title="Skip connections",
        description=(
            f"{net} on the scene's own truth, coarsened to strides"
            f" {', '.join(map(str, this.strides))}: {this.wrong.sum():,} of {this.wrong.size:,}"
            f" pixels are wrong, mean IoU {this.mean_iou:.3f}. {call}"
        ),
        size=SIZE,
        boards=(
            _picture(),
            *_maps(this, label),
            _table(net, upsampling),
            _prediction(this),
        ),
        labels=(
            Label("Skips: coarse scores, upsampled, plus finer ones", 12, 24, "heading"),
            Label(
                f"score: how many percent of a cell's pixels are {shown}; fused: the sum",
                12,
                48,
                "title",
            ),
            *_signs(this),
            *_notes(this),
            Label(_formula(this), 12, 496, "formula"),
            Label(call, 12, 518, "call"),
        ),
        relation=this.paths,
        call=call,
        steps=_map_name(this, finest),
    )


def _map_name(this: Net, stride: int) -> str:
    """The coarsest map is used as it is."""
    return f"score_{stride}" if stride == this.strides[0] else f"fused_{stride}"


def _formula(this: Net) -> str:
    """How the maps are made of each other; 2↑ stands for upsampled by 2."""
    steps = [
        f"fused_{stride} = score_{stride} + 2↑{_map_name(this, 2 * stride)}"
        for stride in this.strides[1:]
    ]
    finest = this.strides[-1]
    return ",  ".join([*steps, f"prediction = argmax {finest}↑{_map_name(this, finest)}"])


# -- the maps


@lru_cache(maxsize=1)
def _picture() -> Board:
    return Board(
        "picture",
        "the picture",
        np.zeros((1, 1)),
        {},
        "glass",
        (LEFT[32], UPPER),
        (SIDE, SIDE),
        (f"The picture, {by(example_scene().mask.shape)} pixels.",),
        image=example_image(),
        figures=False,
    )


def _maps(this: Net, label: int):
    """The maps of one class, and blank boards for those that the net does not have."""
    coarsest = this.strides[0]
    scores = {stride: this.scores[stride][label] for stride in this.strides}
    yield _map(
        "score_32", scores[coarsest], coarsest, LOWER, _of_scores(this, coarsest, label), 100
    )
    for stride in (16, 8):
        if stride not in this.strides:
            yield _unused(f"score_{stride}", stride, UPPER, this)
            yield _unused(f"fused_{stride}", stride, LOWER, this)
            continue
        yield _map(
            f"score_{stride}", scores[stride], stride, UPPER, _of_scores(this, stride, label), 100
        )
        most = 100 * (1 + this.strides.index(stride))  # what the scores could add up to
        fused = this.fused[stride][label]
        yield _map(f"fused_{stride}", fused, stride, LOWER, _of_sums(this, stride, label), most)


def _unused(name: str, stride: int, top: float, this: Net) -> Board:
    return Board(
        name,
        name,
        np.zeros((1, 1)),
        {},
        "zero",
        (LEFT[stride], top),
        (SIDE, SIDE),
        (f"{this.name} does not use the scores at stride {stride}.",),
        texts=("not used",),
    )


def _map(name: str, values, stride: int, top: float, says, most: float) -> Board:
    side = SIDE / values.shape[0]
    return Board(
        name,
        f"{name}, {by(values.shape)}",
        values,
        {f"map_{stride}": np.arange(values.size).reshape(values.shape)},
        heat(values, most),
        (LEFT[stride], top),
        (side, side),
        says,
        texts=tuple(f"{value:.0f}" for value in values.flat),
        figures=side > 12,
    )


def _of_scores(this: Net, stride: int, label: int) -> tuple[str, ...]:
    scores, pixels = this.scores[stride][label], stride**2
    return tuple(
        f"{cell(f'score_{stride}', n, scores.shape)} = {written(score)}:"
        f" {round(score * pixels / 100)} of the cell's {pixels:,} pixels are {CLASSES[label]}."
        for n, score in enumerate(scores.flat)
    )


def _of_sums(this: Net, stride: int, label: int) -> tuple[str, ...]:
    """The score of the cell, and the products that upsampling adds to it."""
    coarser = 2 * stride
    taps, source = this.enlarged(stride), this.fused[coarser][label]
    terms = [[number(score, 6)] for score in this.scores[stride][label].flat]
    values = source.ravel()[taps.column("input")].tolist()
    for output, value, share in zip(
        taps.column("output").tolist(), values, taps.weight().tolist(), strict=True
    ):
        terms[output].append(f"{number(value, 6)}·{written(share)}")
    fused = this.fused[stride][label]
    return tuple(
        f"{cell(f'fused_{stride}', n, fused.shape)} = {' + '.join(added)} = {number(total, 6)}:"
        f" its own score, and {_map_name(this, coarser)} upsampled."
        for n, (added, total) in enumerate(zip(terms, fused.flat, strict=True))
    )


def _signs(this: Net):
    for stride in this.strides[1:]:
        yield Label("+", LEFT[stride] + SIDE / 2, UPPER + SIDE + 30, "sign")
        yield Label("→", LEFT[stride] - 14, LOWER + SIDE / 2, "sign")


# -- what comes of them


@lru_cache(maxsize=6)
def _prediction(this: Net) -> Board:
    rows, columns = (side // BLOCK for side in this.truth.shape)
    cells = np.arange(rows * columns).reshape(rows, columns)
    finest = this.strides[-1]
    return Board(
        "prediction",
        f"{_map_name(this, finest)} upsampled ×{finest}: the best class",
        np.zeros(cells.shape),
        {"block": cells},
        "glass",
        PREDICTED,
        (256 / columns, 256 / rows),
        _of_blocks(this),
        image=address(tints(ROLES)[this.prediction]),
        overlay=_true_outlines(),
        figures=False,
    )


@lru_cache(maxsize=1)
def _true_outlines() -> str:
    overlay = Overlay(*example_scene().mask.shape)
    overlay.outlines(example_scene().mask)
    return overlay.address()


def _of_blocks(this: Net) -> tuple[str, ...]:
    """What is predicted in each block of pixels, and how many of them are wrong."""
    shape = (this.truth.shape[0] // BLOCK, BLOCK, this.truth.shape[1] // BLOCK, BLOCK)
    one_hot = this.prediction == np.arange(len(CLASSES))[:, None, None]
    counts = one_hot.reshape(len(CLASSES), *shape).sum((2, 4)).reshape(len(CLASSES), -1).T
    wrong = this.wrong.reshape(shape).sum((1, 3)).ravel()
    return tuple(
        f"These {by((BLOCK, BLOCK))} pixels: "
        + ", ".join(f"{n} {CLASSES[label]}" for label, n in enumerate(each) if n)
        + (f"; {errors} of them wrong." if errors else "; all right.")
        for each, errors in zip(counts.tolist(), wrong.tolist(), strict=True)
    )


@lru_cache(maxsize=6)
def _table(shown: str, upsampling: str) -> Board:
    """IoU of every class and the mean, for all three nets."""
    nets = [net_of(name, upsampling) for name in STRIDES]
    names = [*CLASSES, "mean"]
    values = np.array([[*each.iou, each.mean_iou] for each in nets]).T  # (classes + 1, nets)
    roles = np.full((len(names), 1 + len(nets)), "index", object)
    roles[:, 0] = [*ROLES, "index"]
    roles[:, 1 + list(STRIDES).index(shown)] = "output"
    texts, says = [], []
    for row, name in enumerate(names):
        texts += [name, *("–" if np.isnan(v) else f"{v:.3f}" for v in values[row])]
        says.append(
            f"IoU of {name}: pixels that both truth and prediction call so, divided by"
            " those that either does."
        )
        says += [_of_iou(each, row) for each in nets]
    return Board(
        "table",
        "",
        np.nan_to_num(np.insert(values, 0, 0, axis=1)),
        {},
        roles,
        TABLE,
        (100, 20),
        tuple(says),
        texts=tuple(texts),
    )


def _of_iou(each: Net, label: int) -> str:
    if label == len(CLASSES):
        there = " + ".join(f"{v:.4g}" for v in each.iou if not np.isnan(v))
        count = np.isfinite(each.iou).sum()
        return f"mean IoU of {each.name}: ({there}) / {count} = {each.mean_iou:.4g}"
    hits, extra, missed = (int(part[label]) for part in tp_fp_fn(each.confusion))
    if not hits + extra + missed:
        return f"{CLASSES[label]} is neither in the truth nor in the prediction: it has no IoU."
    return (
        f"IoU of {CLASSES[label]}, {each.name}: {hits} right / ({hits} right + {extra} too many +"
        f" {missed} missed) = {each.iou[label]:.4g}"
    )


def _notes(this: Net):
    names = [f"▸ {name}" if name == this.name else name for name in STRIDES]
    yield Label("IoU", RIGHT + 4, 42, "title")
    for place, name in enumerate(names, start=1):
        yield Label(name, RIGHT + 4 + 100 * place, 42, "title")
    lines = (
        *("dark lines:", "the truth", ""),
        *("wrong pixels:", f"{this.wrong.sum():,} of {this.wrong.size:,}", ""),
        *("The poles stay lost:", "in no cell are", "they the most."),
    )
    for place, line in enumerate(lines):
        if line:
            yield Label(line, 856, 230 + 20 * place, "title")


SKIPS = Explainer(
    name="Skip connections",
    about=(
        "FCN-32s, FCN-16s and FCN-8s: coarse scores, upsampled, added with finer ones. The scores"
        " are a scene's own truth, coarsened; the edge comes back step by step, and every class's"
        " IoU with it."
    ),
    draw=draw,
    parameters=(
        choice("net", "net", *STRIDES),
        Choice("shown", "class shown", 0, len(CLASSES) - 1, CLASSES.index("cat"), False, CLASSES),
        choice("upsampling", "upsampling", *UPSAMPLING),
    ),
)
