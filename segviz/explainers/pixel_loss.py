"""Softmax and cross-entropy of one pixel, and the mean over a mask with void pixels and weights."""

import numpy as np

from segviz.explainers.explainer import Choice, Explainer, Measure, NumberGrid, Single
from segviz.explainers.layout import by
from segviz.explainers.pixel_loss_story import (
    CLASSES,
    IGNORE_INDEX,
    MASK,
    PIXELS,
    VOID,
    K,
    Losses,
    Story,
    row,
    short,
)
from segviz.relations import NOTHING, Relation, listed
from segviz.scenes import Board, BuildUp, Label, Scene, heat

NAMES = (*CLASSES, "void")
SIZE = (1000, 452)
TOP, MIDDLE, BOTTOM = 58, 252, 366  # where the three rows of boards begin
ROW, BAR = 31, 20  # height of the row of a class; cells of its bar
TYPED = np.indices(MASK)  # the cells that may be changed by hand: all but the pixel of the sliders
TYPED[:, 0, 0] = NOTHING


def draw(mask, background, cat, dog, *, label="cat", void_rows=0, **settings) -> Scene:
    """The Scene of `torch.nn.functional.cross_entropy(x, y, weight=..., ignore_index=255)`.

    mask: (3, 4) labels 0 to 2, or 3 for a void pixel. background, cat, dog: (3, 4), the scores of
    each class. Of pixel [0, 0] the label is `label` and the scores are logit_background, logit_cat
    and logit_dog, whatever the grids hold there. void_rows: how many of the last rows are void too.
    weight_background, weight_cat, weight_dog: the weights of the classes.
    """
    painted = np.array(mask, int)
    painted[0, 0] = NAMES.index(label)
    painted[MASK[0] - void_rows :] = VOID
    logits = np.array([background, cat, dog], float)  # (K, rows, columns)
    logits[:, 0, 0] = [settings[f"logit_{name}"] for name in CLASSES]
    weights = [float(settings[f"weight_{name}"]) for name in CLASSES]
    losses = Losses(painted, logits, np.array(weights))
    story = Story(losses)
    call = (
        f"torch.nn.functional.cross_entropy(x, y, weight=torch.tensor({weights}),"
        f" ignore_index={IGNORE_INDEX})"
    )
    return Scene(
        title="Cross-entropy, pixel by pixel",
        description=(
            f"The scores {row(story.z)} of one pixel become the probabilities {row(story.p)}; its"
            f" label is {NAMES[story.label]}, its loss {short(losses.each[0, 0])}. Below, a mask of"
            f" {by(MASK)} pixels: the mean of their losses, weighted by class, is"
            f" {short(losses.torch_mean)}. {call}"
        ),
        size=SIZE,
        boards=(
            *_pixel_boards(losses, story),
            *_mask_boards(losses, story),
            *_mean_boards(losses, story),
        ),
        labels=(*_headings(), _formula(losses), Label(call, 12, SIZE[1] - 10, "call")),
        relation=_relation(losses),
        call=call,
        steps="loss",
        build_up=_build_up(losses),
    )


def _relation(losses: Losses) -> Relation:
    """A tap for each class of each pixel."""
    classes, pixels = np.divmod(np.arange(K * PIXELS), PIXELS)
    first = pixels == 0
    columns = {
        "score": np.arange(K * PIXELS),
        "pixel": pixels,
        "class": np.where(first, classes, NOTHING),  # of the pixel that is shown in full
        "first": np.where(first, 0, NOTHING),
        "counted": np.where(losses.ignored.ravel()[pixels], NOTHING, 0),
    }
    sizes = {"score": (K, *MASK), "pixel": MASK, "class": (K,), "first": (1,), "counted": (1,)}
    return listed(sizes, **columns)


def _pixel_boards(losses: Losses, story: Story) -> tuple[Board, ...]:
    """Pixel [0, 0], a row for each class: from its scores to its loss and the gradient."""
    void = story.label == VOID
    truth, result = losses.truth[:, 0, 0], "zero" if void else "output"
    mark = ["void" if void else f"class-{k}" if true else "zero" for k, true in enumerate(truth)]
    names = [f"{k} {name}" for k, name in enumerate(CLASSES)]

    def column(name, title, numbers, role, left, width, says, texts=()):
        where, size = {"class": np.arange(K)[:, None]}, (width, ROW)
        role = role if isinstance(role, str) else np.array(role, object)[:, None]
        numbers = np.asarray(numbers, float)[:, None]
        return Board(name, title, numbers, where, role, (left, TOP), size, says, texts=texts)

    def single(name, title, value, role, place, size, says):
        where = {"first": np.zeros((1, 1), int)}
        return Board(name, title, np.array([[value]]), where, role, place, size, says)

    below = TOP + K * ROW + 6
    return (
        column(
            "classes",
            "",
            np.arange(K),
            [f"class-{k}" for k in range(K)],
            12,
            112,
            tuple(f"Class {each}: its row in all that follows." for each in names),
            tuple(names),
        ),
        column("z", "logits z", story.z, "input", 142, 66, story.of_scores()),
        column("exp", "exp(z)", losses.powers, "input", 228, 70, story.of_powers()),
        single(
            "sum",
            "",
            losses.powers.sum(),
            "input",
            (228, below),
            (70, ROW - 5),
            story.of_their_sum(),
        ),
        column("p", "p = exp(z) / Σ", story.p, heat(story.p, 1), 318, 80, story.of_chances()),
        *(_bar(k, story.p[k]) for k in range(K)),
        column("y", "true y", truth, mark, 566, 46, story.of_truth()),
        single(
            "own_loss",
            "loss = −log p[y]",
            losses.each[0, 0],
            result,
            (632, TOP),
            (106, ROW + 6),
            story.of_losses()[:1],
        ),
        column("slope", "∂loss/∂z = p − y", losses.slope, result, 762, 104, story.of_slope()),
        column(
            "gradient",
            "∂mean/∂z",
            losses.gradient[:, 0, 0],
            result,
            886,
            102,
            story.of_gradient(),
        ),
    )


def _bar(k: int, chance: float) -> Board:
    """A probability as so many cells of a row; the same for all that fill as many."""
    full = round(chance * BAR)
    return Board(
        f"bar-{k}",
        "",
        np.arange(float(BAR))[None],
        {"class": np.full((1, BAR), k)},
        np.array(["heat-6" if n < full else "zero" for n in range(BAR)], object)[None],
        (404, TOP + k * ROW + 5),
        (7, ROW - 10),
        (f"The probability of {CLASSES[k]}: about {full} parts of {BAR}.",) * BAR,
        figures=False,
    )


def _mask_boards(losses: Losses, story: Story) -> tuple[Board, ...]:
    """Of all pixels the scores, the labels, the losses and the weights."""
    flat = np.arange(PIXELS).reshape(MASK)
    roles = np.array([*(f"class-{k}" for k in range(K)), "void"], object)[losses.painted]

    def in_sums(role):
        return np.where(losses.ignored, "zero", role).astype(object)

    def of_pixels(name, title, numbers, role, left, width, says, **more):
        numbers, size = np.asarray(numbers, float), (width, 28)
        place = (left, MIDDLE)
        return Board(name, title, numbers, {"pixel": flat}, role, place, size, says, **more)

    return (
        *(
            Board(
                f"logits_{name}",
                f"z[{k}], {name}",
                losses.logits[k],
                {"score": flat + k * PIXELS},
                "input",
                (12 + 148 * k, MIDDLE),
                (33, 28),
                story.of_logits(k),
                editable=name,
                edits=TYPED,
            )
            for k, name in enumerate(CLASSES)
        ),
        of_pixels(
            "mask",
            "true labels y",
            losses.painted,
            roles,
            458,
            37,
            story.of_labels(),
            editable="mask",
            edits=TYPED,
            paints=K + 1,
            texts=tuple(map(str, losses.labels.flat)),
        ),
        of_pixels(
            "loss",
            "loss of each pixel",
            losses.each,
            in_sums("output"),
            626,
            58,
            story.of_losses(),
        ),
        of_pixels(
            "weights",
            "weights w[y]",
            losses.weights,
            in_sums("kernel"),
            876,
            28,
            story.of_weights(),
        ),
    )


def _mean_boards(losses: Losses, story: Story) -> tuple[Board, ...]:
    """The two sums, and what torch and this course's training make of them."""

    def result(name, title, numbers, left, width, says, role="output", texts=()):
        numbers = np.array([numbers])
        where, size = {"counted": np.zeros(numbers.shape, int)}, (width, 30)
        return Board(name, title, numbers, where, role, (left, BOTTOM), size, says, texts=texts)

    of_torch, of_course = story.of_means()
    means = losses.torch_mean, losses.course_mean
    texts = tuple(map(short, means))
    return (
        result("mean", "mean, torch's own", [0.0], 12, 144, (of_torch,), texts=texts[:1]),
        result("course", "mean, segviz.training", [0.0], 176, 144, (of_course,), texts=texts[1:]),
        result("total", "Σ w·loss", [losses.total], 626, 232, story.of_total()),
        result(
            "total_weight",
            "Σ w",
            [losses.total_weight],
            876,
            112,
            story.of_total_weight(),
            "kernel",
        ),
    )


def _headings() -> tuple[Label, ...]:
    mask = f"2  A mask of {by(MASK)} pixels, and the mean of their losses; pixel [0, 0] is the one"
    return (
        Label("1  One pixel: scores, probabilities, loss, gradient", 12, 24, "heading"),
        Label("sum Σ", 178, TOP + K * ROW + 24, "title"),
        Label(f"{mask} above", 12, 219, "heading"),
        Label("÷", 867, BOTTOM + 25, "sign"),
    )


def _formula(losses: Losses) -> Label:
    sums = f"{short(losses.total)} / {short(losses.total_weight)}"
    answer = f" = {short(losses.torch_mean)}" if losses.total_weight else ": no pixel counts"
    return Label(f"mean = Σ w[y]·loss / Σ w[y] = {sums}{answer}", 12, BOTTOM + 54, "formula")


def _build_up(losses: Losses) -> BuildUp:
    """The sum after each pixel."""
    steps = tuple(((0, float(so_far)),) for so_far in np.cumsum(losses.weighted))
    return BuildUp("total", "loss", steps)


def _logit(name: str, start: int) -> Single:
    return Single(f"logit_{name}", f"z[{CLASSES.index(name)}] {name}", -4, 4, start)


def _weight(name: str) -> Measure:
    label = f"w[{CLASSES.index(name)}] {name}"
    return Measure(f"weight_{name}", label, 0, 10, 2, unit=0.5)


PIXEL_LOSS = Explainer(
    name="Pixel loss",
    about=(
        "Softmax, cross-entropy and its gradient for one pixel, its scores on sliders; then the"
        " mean over a mask with an ignored label and class weights, and the case in which nothing"
        " counts.\n\n"
        "In the mask 3 stands for void (255). Pixel [0, 0] is the one on the sliders: `label` and"
        " the three logits hold for it, whatever the grids have there."
    ),
    draw=draw,
    parameters=(
        Choice("label", "true label", 0, K, 1, False, NAMES),
        _logit("background", 1),
        _logit("cat", 2),
        _logit("dog", 0),
        Single("void_rows", "void rows", 0, MASK[0], 0),
        *map(_weight, CLASSES),
    ),
    grids=(
        NumberGrid("mask", "", ((1, 1, 0, 0), (1, 2, 2, 0), (2, 2, VOID, VOID)), labels=K + 1),
        NumberGrid("background", "", ((0, 0, 3, 4), (0, 1, 0, 2), (-1, 0, 1, 3))),
        NumberGrid("cat", "", ((0, 3, 1, -1), (2, 2, 0, 1), (0, 1, 0, -2))),
        NumberGrid("dog", "", ((0, 1, -1, 0), (0, 1, 2, 1), (3, 1, 2, 0))),
    ),
    foremost=("logit_cat", "label", "void_rows"),
)
