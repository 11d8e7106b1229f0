"""Confusion matrix, accuracy, IoU, Dice and soft Dice of a prediction, spoilt by hand or slider."""

import numpy as np

from segviz.explainers.explainer import Explainer, Measure, NumberGrid, Single
from segviz.explainers.layout import by
from segviz.explainers.overlap_story import ABSENT, IGNORE_INDEX, VOID, Overlap, Story, masks, short
from segviz.explainers.street import CLASSES, LEVELS, SIZE, K
from segviz.relations import NOTHING, Relation, confusion_entry, listed
from segviz.scenes import Board, Label, Scene, heat

PICTURE = (1000, 540)
TOP, LOWER, MEANS = 54, 346, 465  # where the rows of boards begin
TRUTH, GUESS, MATRIX, SWEEP = 12, 390, 808, 534  # where boards begin from the left
CELL, ENTRY, ROW = (26, 24), (45, 38), 24
NAMES = [f"{k} {name}" for k, name in enumerate(CLASSES)]
CLASS_ROLES = np.array([*(f"class-{k}" for k in range(K)), "void"], object)
PARTS = 3  # TP, FP, FN


def draw(truth, predicted, *, imbalance=1, right=1, down=0, size=1.0, dilate=0, confidence=0.8):
    """The Scene of the scores of one mask against another.

    truth, predicted: what is painted, (10, 14): labels 0 to 3, in the truth 4 for void; where
    nothing is, 5 in the truth and 4 in the prediction. Under the paint lies a street, whose car and
    sign are the smaller the larger `imbalance` is (0 to 6), and as its prediction the same street
    with both moved right and down (cells), scaled by `size` and dilated (eroded, where negative).
    confidence: the probability of the predicted class.
    """
    paint = np.asarray(truth), np.asarray(predicted)
    edits = dict(down=down, right=right, quarters=round(4 * size), grow=dilate)
    levels = [Overlap(*masks(level, *paint, **edits), confidence) for level in range(len(LEVELS))]
    overlap = levels[imbalance]
    story = Story(overlap)
    call = (
        f"torch.bincount((truth * {K} + predicted)[truth != {IGNORE_INDEX}],"
        f" minlength={K * K}).reshape({K}, {K})"
    )
    return Scene(
        title="Overlap scores",
        description=(
            f"A true mask of {by(SIZE)} pixels, {_percent(overlap)} of them car or sign, and a"
            f" prediction of it. Pixel accuracy {short(overlap.accuracy)}, mean IoU"
            f" {short(overlap.means[0])}, mean Dice {short(overlap.means[1])}, Dice loss"
            f" {short(overlap.means[3])}. The confusion matrix is {call}"
        ),
        size=PICTURE,
        boards=(
            *_mask_boards(overlap, story),
            *_matrix_boards(overlap, story),
            *_table_boards(overlap, story),
            _sweep_board(levels, imbalance),
            _convention_board(overlap, story),
        ),
        labels=(*_labels(), Label(call, 12, PICTURE[1] - 8, "call")),
        relation=_relation(overlap, imbalance),
        call=call,
        steps="matrix",
    )


def _relation(overlap: Overlap, imbalance: int) -> Relation:
    """A tap for each part that a pixel plays: the true positive of one class, or the false negative
    of one and the false positive of another; one without a part for a void pixel."""
    truth, guess = overlap.truth.ravel(), overlap.guess.ravel()
    pixels = np.arange(truth.size)
    void, right = truth == IGNORE_INDEX, truth == guess
    wrong = ~void & ~right
    pixel = np.concatenate([pixels, pixels[wrong]])
    of_class = np.concatenate([np.where(void, NOTHING, truth), guess[wrong]])
    part = np.concatenate([np.where(right, 0, 2), np.ones(wrong.sum(), int)])
    labelled = ~void[pixel]
    entry = confusion_entry(guess[pixel], truth[pixel], K)

    def where(condition, values):
        return np.where(condition, values, NOTHING)

    return listed(
        {
            "pixel": SIZE,
            "entry": (K, K),
            "class": (K,),
            "part": (K, PARTS),
            "right": (1,),
            "labelled": (1,),
            "level": (len(LEVELS),),
        },
        pixel=pixel,
        entry=where(labelled, entry),
        **{"class": of_class},
        part=where(labelled, of_class * PARTS + part),
        right=where(right[pixel], 0),
        labelled=where(labelled, 0),
        level=where(labelled, imbalance),
    )


def _mask_boards(overlap: Overlap, story: Story) -> tuple[Board, ...]:
    """Truth and prediction; a cross where it is wrong."""
    flat = np.arange(overlap.truth.size).reshape(SIZE)
    painted = np.where(overlap.ignored, VOID, overlap.truth)  # what the brush counts on from
    wrong = ~overlap.ignored & (overlap.truth != overlap.guess)
    told = story.of_pixels()

    def mask(name, title, labels, left, texts, paints):
        return Board(
            name,
            title,
            labels.astype(float),
            {"pixel": flat},
            CLASS_ROLES[labels],
            (left, TOP),
            CELL,
            told,
            lead="Pixel @: ",
            editable=name,
            paints=paints,
            texts=texts,
        )

    true_texts = ["–" if label == VOID else str(label) for label in painted.flat]
    texts = [
        f"{label}✗" if error else str(label)
        for label, error in zip(overlap.guess.flat, wrong.flat, strict=True)
    ]
    errors = f"{wrong.sum()} wrong (✗)" if wrong.any() else "nothing wrong"
    return (
        mask("truth", f"truth {by(SIZE)}", painted, TRUTH, tuple(true_texts), K + 1),
        mask("predicted", f"prediction, {errors}", overlap.guess, GUESS, tuple(texts), K),
    )


def _matrix_boards(overlap: Overlap, story: Story) -> tuple[Board, ...]:
    """The confusion matrix, and the accuracy that its diagonal gives."""
    counts = overlap.counts
    roles = heat(np.where(np.eye(K), 0, counts))
    roles[np.diag_indices(K)] = "output"
    return (
        Board(
            "matrix",
            "",
            counts.astype(float),
            {"entry": np.arange(K * K).reshape(K, K)},
            roles,
            (MATRIX, TOP + 20),
            ENTRY,
            story.of_entries(),
        ),
        Board(
            "accuracy",
            "pixel accuracy",
            np.zeros((1, 1)),
            {"right": np.zeros((1, 1), int)},
            "output",
            (MATRIX, TOP + CELL[1] * SIZE[0] - 34),
            (ENTRY[0] * K, 34),
            story.of_accuracy(),
            texts=(short(overlap.accuracy),),
        ),
    )


def _table_boards(overlap: Overlap, story: Story) -> tuple[Board, ...]:
    """A row for each class, and the means below."""

    def part(name, numbers, columns, role, left, width, says, top=LOWER, **more):
        place, numbers = (left, top), np.asarray(numbers, float)
        return Board(name, "", numbers, columns, role, place, (width, ROW), says, **more)

    def columns_of(name, across):
        return {name: np.repeat(np.arange(K)[:, None], across, axis=1)}

    def texts(values):
        return tuple(map(short, np.ravel(values)))

    scores = overlap.scores
    return (
        part(
            "classes",
            np.arange(K)[:, None],
            columns_of("class", 1),
            CLASS_ROLES[:K, None],
            TRUTH,
            84,
            story.of_names(),
            texts=tuple(NAMES),
        ),
        part(
            "parts",
            overlap.parts,
            {"part": np.arange(K * PARTS).reshape(K, PARTS)},
            "input",
            104,
            42,
            story.of_parts(),
        ),
        part(
            "scores",
            np.nan_to_num(scores),
            columns_of("class", scores.shape[1]),
            "output",
            238,
            66,
            story.of_scores(),
            texts=texts(scores),
        ),
        part(
            "means",
            np.nan_to_num([overlap.means]),
            {"labelled": np.zeros((1, len(overlap.means)), int)},
            "output",
            238,
            66,
            story.of_means(),
            top=MEANS,
            texts=texts(overlap.means),
        ),
    )


def _sweep_board(levels: list[Overlap], imbalance: int) -> Board:
    """The same prediction at every level of imbalance, the present one marked."""
    texts, says = [], []
    for level, overlap in enumerate(levels):
        accuracy, mean = (short(v, 3) for v in (overlap.accuracy, overlap.means[0]))
        share = _percent(overlap)
        texts.append([str(level), share, accuracy, mean])
        absent = int(np.isnan(overlap.iou).sum())
        over = f", over {K - absent} classes only" if absent else ""
        says.append(
            f"Imbalance {level}: {share} of the pixels are car or sign; the same mistakes give"
            f" accuracy {accuracy}, mean IoU {mean}{over}."
        )
    texts = np.array(texts).T  # (rows, levels)
    places = np.broadcast_to(np.arange(len(levels)), texts.shape)
    return Board(
        "sweep",
        "",
        np.zeros(texts.shape),
        {"level": places},
        np.where(places == imbalance, "output", "index").astype(object),
        (SWEEP + 98, LOWER),
        (51, ROW),
        tuple(says) * len(texts),
        texts=tuple(texts.ravel()),
    )


def _convention_board(overlap: Overlap, story: Story) -> Board:
    """The mean IoU by what a class that is nowhere counts as."""
    return Board(
        "conventions",
        "",
        np.zeros((1, len(ABSENT))),
        {"labelled": np.zeros((1, len(ABSENT)), int)},
        "output",
        (SWEEP + 212, MEANS),
        (81, ROW),
        story.of_conventions(),
        texts=tuple(map(short, overlap.conventions)),
    )


def _percent(overlap: Overlap) -> str:
    return f"{100 * overlap.share:.0f} %"


def _labels() -> tuple[Label, ...]:
    def across(texts, left, width, y):
        return [Label(text, left + n * width + 4, y, "title") for n, text in enumerate(texts)]

    def down(texts, left, top, height):
        return [
            Label(text, left, top + n * height + height / 2 + 5, "title")
            for n, text in enumerate(texts)
        ]

    formulas = (
        "IoU = TP / (TP + FP + FN)",
        "Dice = 2·TP / (2·TP + FP + FN)",
        "soft Dice = 2·Σ t·p / (Σ t + Σ p),  loss = 1 − soft Dice",
    )
    return (
        Label("1  A true mask, and a prediction", 12, 24, "heading"),
        Label("2  Confusion matrix C", 764, 24, "heading"),
        Label("rows: truth, columns: prediction", 764, 46, "title"),
        *across(CLASSES, MATRIX, ENTRY[0], TOP + 14),
        *down(CLASSES, 764, TOP + 20, ENTRY[1]),
        Label("3  Scores of each class", 12, LOWER - 28, "heading"),
        *across(["TP", "FP", "FN"], 104, 42, LOWER - 8),
        *across(["IoU", "Dice", "soft Dice"], 238, 66, LOWER - 8),
        Label("loss", 454, LOWER - 8, "title"),
        Label("mean of the classes there are", 12, MEANS + 17, "title"),
        Label("4  The same mistakes, car and sign ever smaller", SWEEP, LOWER - 28, "heading"),
        *down(["imbalance", "car + sign", "accuracy", "mean IoU"], SWEEP, LOWER, ROW),
        Label("mean IoU, absent classes:", SWEEP, MEANS + 17, "title"),
        *across(["left out", "given 1", "given 0"], SWEEP + 208, 81, MEANS - 6),
        *(
            Label(text, left, MEANS + 45, "formula")
            for text, left in zip(formulas, (12, 230, 490), strict=True)
        ),
    )


OVERLAP_SCORES = Explainer(
    name="Overlap scores",
    about=(
        "A true mask, and a prediction that is moved, scaled, dilated, eroded or painted cell by"
        " cell; its confusion matrix, pixel accuracy, IoU, Dice and soft Dice, class by class and"
        " on average. The imbalance shrinks car and sign: accuracy rises while IoU falls. At 6"
        " there is no sign at all, and the mean depends on what that counts as.\n\n"
        "Painted cells stay where they are when sliders move; `reset numbers` wipes them off. In"
        " the grids, 4 is void in the truth, and 5 there, 4 in the prediction, stand for no paint."
    ),
    draw=draw,
    parameters=(
        Single("imbalance", "imbalance", 0, len(LEVELS) - 1, 1),
        Single("right", "moved right", -4, 4, 1),
        Single("down", "moved down", -4, 4, 0),
        Measure("size", "size", 2, 8, 4, unit=0.25),
        Single("dilate", "dilate (− erodes)", -2, 2, 0),
        Measure("confidence", "confidence", 8, 20, 16, unit=0.05),
    ),
    grids=(
        NumberGrid("truth", "", ((VOID + 1.0,) * SIZE[1],) * SIZE[0], labels=VOID + 2),
        NumberGrid("predicted", "", ((float(K),) * SIZE[1],) * SIZE[0], labels=K + 1),
    ),
)
