"""The naive way: a window slides over the picture, and a network names the class of its middle.

What that costs is counted, against one pass of the same network over the whole picture: the taps of
its layers, the last one being a convolution as large as its input.
"""

from functools import lru_cache

import numpy as np

from segviz.explainers.example_scene import CLASSES, example_image, example_scene
from segviz.explainers.explainer import Explainer, Parameter, Single
from segviz.explainers.layout import board, by
from segviz.explainers.overlay import Overlay, tints
from segviz.explainers.sentences import counted
from segviz.relations import ConvolutionLayer, Relation, convolution, pair, work_of
from segviz.relations.sizes import Operation, Rule, SizeFormula
from segviz.scenes import Board, Label, Scene, address, heat

SIZE = (1000, 524)
PIXELS = 32  # rows and columns of the picture
CHANNELS = 8  # of every layer but the last
SIDE, TOP = 264, 56  # of the three boards above, in units
LEFT = (12, 368, 724)
TABLE, NUMBERS = 380, 188  # where the table begins, and the numbers in it
POSITIONS = SizeFormula("(picture_size - patch_size) // stride + 1")
ROLES = tuple(f"class-{label}" for label in range(len(CLASSES)))


def draw(*, layers=2, patch_size=9, stride=1) -> Scene:
    """The Scene of patches of that size, so far apart, and a network of so many convolutions.

    patch_size, stride: integers or pairs (rows, columns).
    """
    patch, stride = pair(patch_size, "patch_size"), pair(stride, "stride")
    windows = convolution(PIXELS, patch, stride=stride)
    costs = _Costs(layers, patch, stride, windows.sizes["output"])
    often = _how_often(windows)
    call = _call(patch, stride, windows.sizes["output"])
    return Scene(
        title="Patch by patch",
        description=(
            f"A picture of {PIXELS}×{PIXELS} pixels is cut into {costs.patches} patches of"
            f" {by(patch)}, and a network names the class of each one's middle pixel. That takes"
            f" {costs.naive[-1]:,} multiplications; one pass of the same network over the whole"
            f" picture gives the same scores with {costs.single[-1]:,}."
        ),
        size=SIZE,
        boards=(
            *_pixel_boards(windows, often, patch, stride),
            _classes(windows, patch, stride, costs),
            _table(costs),
            _legend(),
        ),
        labels=(
            Label("Patch by patch: the network runs anew for every position", 12, 24, "heading"),
            *_table_names(costs),
            *_told(costs, often, patch, stride),
            Label(call, 12, 514, "call"),
        ),
        relation=windows,
        call=call,
        steps="classes",
    )


def _call(patch, stride, count) -> str:
    """What says of every pixel in how many patches it lies: patches of ones, added up."""
    ones = f"torch.ones(1, {patch[0] * patch[1]}, {count[0] * count[1]})"
    return f"torch.nn.functional.fold({ones}, {PIXELS}, {patch}, stride={stride})"


def _patches(count: int) -> str:
    return "1 patch" if count == 1 else f"{count} patches"


def _how_often(windows: Relation) -> np.ndarray:
    """In how many patches every pixel lies, integers (rows, columns): the taps that it has."""
    rows, columns = windows.sizes["input"]
    taps = np.bincount(windows.column("input"), minlength=rows * columns)
    return taps.reshape(rows, columns)


class _Costs:
    """Multiplications of every layer, and of all together: alone for one patch, naive for all
    patches, single for one pass over the whole picture."""

    def __init__(self, layers: int, patch, stride, positions):
        left = tuple(side - 2 * layers for side in patch)  # what the dense layer sees
        channels = [3] + [CHANNELS] * layers
        network = [
            ConvolutionLayer(3, *pair_) for pair_ in zip(channels, channels[1:], strict=False)
        ]
        self.names = [
            f"convolution 3×3, {layer.channels_in} → {layer.channels_out}" for layer in network
        ]
        self.names += [f"dense {by(left)}, {CHANNELS} → {len(CLASSES)}", "all layers"]
        self.positions, self.patches = positions, positions[0] * positions[1]
        dense = ConvolutionLayer(left, CHANNELS, len(CLASSES))
        sliding = ConvolutionLayer(left, CHANNELS, len(CLASSES), stride)
        self.layers = [*network, dense]
        self.on_patch = work_of(patch, [*network, dense])
        self.on_picture = work_of(PIXELS, [*network, sliding])
        self.alone = _with_sum(self.on_patch)
        self.naive = [self.patches * each for each in self.alone]
        self.single = _with_sum(self.on_picture)


def _with_sum(work) -> list[int]:
    each = [layer.multiplications for layer in work]
    return [*each, sum(each)]


# -- the boards


def _pixel_boards(windows: Relation, often: np.ndarray, patch, stride) -> tuple[Board, Board]:
    """The picture with its first patches, and how often each of its pixels is looked at."""
    cells = np.arange(often.size).reshape(often.shape)
    patches = int(np.prod(windows.sizes["output"]))
    says = tuple(_of_pixel(count, patches) for count in often.ravel().tolist())

    def pixels(name, place, title, image, overlay=""):
        return Board(
            name,
            title,
            often.astype(float),
            {"input": cells},
            "glass",
            (LEFT[place], TOP),
            (SIDE / PIXELS, SIDE / PIXELS),
            says,
            "pixel@: ",
            image=image,
            overlay=overlay,
            figures=False,
        )

    return (
        pixels(
            "picture",
            0,
            f"picture {by(often.shape)}, two {by(patch)} patches framed",
            example_image(PIXELS),
            _first_patches(patch, stride, windows.sizes["output"]),
        ),
        pixels(
            "often",
            1,
            f"how often each pixel is used: {often.min()} to {often.max()}",
            _heat_map(often.tobytes(), often.shape),
        ),
    )


@lru_cache(maxsize=4096)
def _of_pixel(count: int, patches: int) -> str:
    there = f"in {count} of {_patches(patches)}"
    if not count:
        return f"{there}: none sees it."
    return f"{there}: the network works on it {counted(count, 'time')}, in one pass once."


@lru_cache(maxsize=1024)
def _heat_map(often: bytes, shape) -> str:
    values = np.frombuffer(often, int)
    return address(tints(heat(values)).reshape(*shape, 3))


@lru_cache(maxsize=1024)
def _first_patches(patch, stride, positions) -> str:
    """Frames around the first patch and the one to its right, and around their middle pixels."""
    overlay = Overlay(PIXELS, PIXELS, scale=8)
    row = patch[0] // 2
    for place, role in ((1, "class-0"), (0, "class-4")):
        left = place * stride[1]
        if place < positions[1]:
            overlay.box((left, 0, left + patch[1] - 1, patch[0] - 1), role, line=2)
            overlay.box((left + patch[1] // 2, row, left + patch[1] // 2, row), role, line=2)
    return overlay.address()


def _classes(windows: Relation, patch, stride, costs: _Costs) -> Board:
    """One class for each patch: that of its middle pixel."""
    row, column = np.indices(costs.positions)
    middle = row * stride[0] + patch[0] // 2, column * stride[1] + patch[1] // 2
    labels = example_scene(PIXELS).mask[middle]
    alone = f"{costs.alone[-1]:,} multiplications for this patch alone"
    says = tuple(
        f"class {label}, {CLASSES[label]}: that of the patch's middle pixel. {alone}."
        for label in labels.flat
    )
    return board(
        "classes",
        f"a class for each of the {by(costs.positions)} patches",
        labels,
        ["output"],
        "glass",
        at=(LEFT[2], TOP),
        area=(SIDE, SIDE),
        says=says,
        lead="patch@: ",
        image=address(tints(ROLES)[labels]),
        figures=min(SIDE / side for side in labels.shape) >= 16,
    )


def _legend() -> Board:
    names = [f"{label} {name}" for label, name in enumerate(CLASSES)]
    return Board(
        "legend",
        "",
        np.zeros((2, 3)),
        {},
        np.array(ROLES, object).reshape(2, 3),
        (676, 346),
        (104, 22),
        tuple(f"class {name}" for name in names),
        texts=tuple(names),
    )


# -- the count


def _table(costs: _Costs) -> Board:
    texts, says = [], []
    for place in range(len(costs.names)):
        alone, naive, single = costs.alone[place], costs.naive[place], costs.single[place]
        texts += [f"{alone:,}", f"{naive:,}", f"{single:,}", f"{naive / single:.4g}"]
        says += _of_row(costs, place)
    numbers = np.zeros((len(costs.names), 4))
    roles = np.full(numbers.shape, "index", object)
    roles[-1] = "output"
    return Board(
        "table",
        "",
        numbers,
        {},
        roles,
        (NUMBERS, TABLE),
        (116, 22),
        tuple(says),
        texts=tuple(texts),
    )


def _of_row(costs: _Costs, place: int) -> list[str]:
    """What the cells of one row of the table say."""
    alone, naive, single = costs.alone[place], costs.naive[place], costs.single[place]
    name = costs.names[place]
    ratio = f"{name}: {naive:,} / {single:,} = {naive / single:.4g} times as many multiplications"
    if place == len(costs.layers):
        each, over = (" + ".join(f"{n:,}" for n in c[:-1]) for c in (costs.alone, costs.single))
        on_patch, on_picture = f"{each} = {alone:,}", f"{over} = {single:,}"
    else:
        layer = costs.layers[place]
        kernel = pair(layer.kernel_size, "kernel_size")
        weights = (
            f"{by(kernel)} weights · {layer.channels_in} channels in · {layer.channels_out} out"
        )
        on_patch, on_picture = (
            f"{by(work[place].output_size)} cells · {weights} = {total:,}"
            for work, total in ((costs.on_patch, alone), (costs.on_picture, single))
        )
    return [
        f"{name}, on one patch: {on_patch} multiplications.",
        f"{name}, on all patches: {costs.patches:,} · {alone:,} = {naive:,} multiplications.",
        f"{name}, in one pass over the whole picture: {on_picture} multiplications.",
        f"{ratio}, patch by patch, for the same scores.",
    ]


def _table_names(costs: _Costs) -> tuple[Label, ...]:
    columns = ("one patch", f"all {_patches(costs.patches)}", "one pass", "times as many")
    title = "Multiplications, in patches and in one pass (same scores)"
    return (
        Label(title, 12, TABLE - 32, "heading"),
        *(Label(n, NUMBERS + 4 + 116 * k, TABLE - 8, "title") for k, n in enumerate(columns)),
        *(Label(n, 12, TABLE + 16 + 22 * k, "title") for k, n in enumerate(costs.names)),
    )


def _told(costs: _Costs, often: np.ndarray, patch, stride) -> tuple[Label, ...]:
    """The size formula, with its numbers, and what follows from it."""
    axes = [
        dict(picture_size=PIXELS, patch_size=length, stride=step)
        for length, step in zip(patch, stride, strict=True)
    ]
    filled = [f"{POSITIONS.filled(**axis)} = {POSITIONS(**axis)}" for axis in axes]
    if filled[0] == filled[1]:
        lines = [f"= {filled[0]}", ""]
    else:
        lines = [f"rows: {filled[0]}", f"columns: {filled[1]}"]
    rows, columns = costs.positions
    lines = [
        f"positions = {POSITIONS.in_words()}",
        *lines,
        f"{rows}·{columns} = {_patches(costs.patches)}",
        f"each pixel is used {often.mean():.4g} times on average",
    ]
    lines = [line for line in lines if line]
    return tuple(Label(line, 676, 416 + 23 * n, "formula") for n, line in enumerate(lines))


WINDOW = Operation(
    "a patch",
    None,
    Rule(
        "patch_size",
        lambda layers, patch_size, **_: patch_size > 2 * layers,
        "every 3×3 convolution takes 2 from its rows and columns, and nothing is left for the dense"
        " layer",
    ),
)

PATCHES = Explainer(
    name="Patch by patch",
    about=(
        "The naive way to segment: a window slides over the picture, and a network names the class"
        " of its middle pixel. How often each pixel is used, and how many multiplications it takes,"
        " against one fully convolutional pass."
    ),
    draw=draw,
    parameters=(
        Single("layers", "convolutions", 1, 3, 2, True),
        Parameter("patch_size", "patch size", 3, 15, 9),
        Parameter("stride", "stride", 1, 8, 1, False),
    ),
    operation=WINDOW,
    foremost=("patch_size", "stride"),
)
