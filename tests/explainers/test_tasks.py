"""The five answers against torchvision's boxes and plain counting on the library's own scene."""

import base64
import io
import re

import numpy as np
import pytest
import torch
import torchvision
from contract import ExplainerContract  # beside this file
from PIL import Image

from segviz.data import scene as library_scene
from segviz.data.composition import CLASSES, plan
from segviz.data.raster import fill
from segviz.explainers.example_scene import PICTURES
from segviz.explainers.overlay import SCALE
from segviz.explainers.tasks import TASKS, TOLD, draw
from segviz.scenes.palette import ROLES

SEED = int(re.search(r"SEED = (\d+)", (PICTURES / "README.md").read_text("utf-8"))[1])
PLANNED = plan(SEED, 128, 128).things
MASK = torch.tensor(library_scene(SEED)[1]).long()
LABELS = torch.tensor([thing.label for thing in PLANNED])


def things_of_the_plan():
    """0, or the number of the thing seen, painted one over the other."""
    things = torch.zeros(128, 128, dtype=torch.long)
    for number, thing in enumerate(PLANNED, start=1):
        rows, columns, inside = fill(*thing.edges, 128, 128)
        things[rows, columns][torch.tensor(inside)] = number
    return things


THINGS = things_of_the_plan()
MASKS = torch.stack([THINGS == number for number in range(1, len(PLANNED) + 1)])
AREAS = MASKS.sum((1, 2))
BOXES = torchvision.ops.masks_to_boxes(MASKS).int()
LARGEST = int(AREAS.argmax())


def amount(text):
    return int(re.sub(r"[^\d]", "", text))


def table_of(scene):
    board = scene["table"]
    return np.array(board.texts).reshape(board.numbers.shape).tolist()


def met(scene, **cell):
    """The picture's cells that share a tap with this cell of another grid, as bool (32, 32)."""
    ((name, index),) = cell.items()
    relation = scene.relation
    met = np.zeros(32 * 32, bool)
    met[relation.column("cell")[relation.column(name) == index]] = True
    return met.reshape(32, 32)


def in_blocks(mask):
    """Which blocks of 4 x 4 pixels hold a pixel of the mask."""
    return np.asarray(mask).reshape(32, 4, 32, 4).any((1, 3))


def box_mask(box):
    left, top, right, bottom = box
    mask = np.zeros((128, 128), bool)
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def names(things):
    return [f"{thing + 1} {CLASSES[LABELS[thing]]}" for thing in things]


class TestTasks(ExplainerContract):
    explainer = TASKS
    rounds = 100  # there are five states

    def judge(self, scene, settings):
        answer = settings["answer"]
        sizes = [1, 5, 5 * len(PLANNED), len(PLANNED) * (1 + 128 * 128), 128 * 128]
        assert [amount(text) for text in scene["sizes"].texts] == sizes
        size = sizes[list(TOLD).index(answer)]
        marked = [text for text in scene["sizes"].texts if text.startswith("▸")]
        assert [amount(text) for text in marked] == [size]
        formula = next(label.text for label in scene.labels if label.kind == "formula")
        sum_, total = re.sub(r"[^\d()+·=]|(?<=\d),(?=\d)", "", formula).split("=")
        assert eval(sum_.replace("·", "*")) == int(total) == size
        getattr(self, "judge_" + answer.replace(" ", "_"))(scene)

    def judge_classification(self, scene):
        assert table_of(scene) == [["cat"]] == [[CLASSES[LABELS[LARGEST]]]]
        assert met(scene, entry=0).all()

    def judge_localisation(self, scene):
        self.judge_boxes(scene, [LARGEST])

    def judge_detection(self, scene):
        self.judge_boxes(scene, range(len(PLANNED)))

    def judge_boxes(self, scene, things):
        things = list(things)
        assert table_of(scene) == [names(things), *BOXES[things].T.numpy().astype(str).tolist()]
        for place, thing in enumerate(things):
            left, top, right, bottom = BOXES[thing].tolist()
            sides = (
                (left, top, right, bottom),
                (left, top, left, bottom),
                (left, top, right, top),
                (right, top, right, bottom),
                (left, bottom, right, bottom),
            )
            for row, side in enumerate(sides):
                lit = met(scene, entry=row * len(things) + place)
                np.testing.assert_array_equal(lit, in_blocks(box_mask(side)))
            pixels = [
                amount(text)
                for text in re.findall(r"\b[\d,]+(?= pixels| show)", scene["table"].says[place])
            ]
            assert pixels == [box_mask(BOXES[thing]).sum(), AREAS[thing]]

    def judge_instance_segmentation(self, scene):
        things = range(len(PLANNED))
        assert table_of(scene) == [names(things), [f"{area:,}" for area in AREAS]]
        for name in ("table", "masks"):
            assert set(scene[name].columns["entry"].ravel().tolist()) == set(things)
        for column, mask in zip(scene["table"].columns["entry"].T, MASKS, strict=True):
            for entry in column:
                np.testing.assert_array_equal(met(scene, entry=entry), in_blocks(mask))
        self.judge_magnified(scene, THINGS)
        self.judge_cells(scene, THINGS, ["no thing", *names(things)])

    def judge_semantic_segmentation(self, scene):
        counts = np.bincount(MASK.ravel(), minlength=len(CLASSES))
        rows = [[f"{k} {name}", f"{counts[k]:,}"] for k, name in enumerate(CLASSES)]
        assert table_of(scene) == rows
        for label, row in enumerate(scene["table"].columns["entry"]):
            for entry in row:
                np.testing.assert_array_equal(met(scene, entry=entry), in_blocks(MASK == label))
        self.judge_magnified(scene, MASK)
        self.judge_cells(scene, MASK, CLASSES)
        shown = pixels_of(scene["masks"].image)
        colours = [tuple(bytes.fromhex(ROLES[f"class-{k}"].tint[1:])) for k in range(len(CLASSES))]
        np.testing.assert_array_equal(shown, np.array(colours, np.uint8)[MASK])

    def judge_magnified(self, scene, truth):
        board = scene["magnified"]
        row, column = np.divmod(board.columns["pixel"], 128)
        np.testing.assert_array_equal(board.numbers, truth[row, column])
        for sentence, r, c in zip(board.says, row.flat, column.flat, strict=True):
            assert f"[{r}, {c}] = {truth[r, c]}" in sentence
            block = np.argwhere(met(scene, pixel=r * 128 + c))
            assert block.tolist() == [[r // 4, c // 4]]

    def judge_cells(self, scene, truth, called):
        blocks = np.asarray(truth).reshape(32, 4, 32, 4).swapaxes(1, 2).reshape(1024, 16)
        for sentence, block in zip(scene["picture"].says, blocks, strict=True):
            told = re.findall(r"(\d+) of ([^,.]+)", sentence.partition(": ")[2])
            counts = zip(*np.unique(block, return_counts=True), strict=True)
            assert sorted(told) == sorted((str(count), called[number]) for number, count in counts)


def pixels_of(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("classification", LABELS[LARGEST]),
        ("localisation", BOXES[LARGEST]),
        ("detection", BOXES),
        ("instance segmentation", MASKS),
        ("semantic segmentation", MASK),
    ],
)
def test_the_call_gives_the_answer(answer, expected):
    known = {
        "torch": torch,
        "torchvision": torchvision,
        "labels": LABELS,
        "masks": MASKS,
        "things": THINGS - 1,
    }
    assert torch.equal(eval(draw(answer=answer).call, known).long(), expected.long())


def test_two_balls_are_two_in_one_answer_and_one_in_the_other():
    instances = draw(answer="instance segmentation")["magnified"].numbers
    classes = draw(answer="semantic segmentation")["magnified"].numbers
    balls = [number + 1 for number, thing in enumerate(PLANNED) if CLASSES[thing.label] == "ball"]
    shown = sorted(set(instances[np.isin(instances, balls)]))
    assert len(shown) == 2
    assert set(classes[np.isin(instances, shown)]) == {CLASSES.index("ball")}
    first, second = (instances == number for number in shown)
    touching = (first[:, :-1] & second[:, 1:]) | (second[:, :-1] & first[:, 1:])
    assert touching.any()


def test_the_overlay_draws_the_boxes_where_they_are():
    drawn = pixels_of(draw(answer="localisation")["picture"].overlay)
    frame = drawn[..., 3] > 0
    rows, columns = np.nonzero(frame)
    left, top, right, bottom = (BOXES[LARGEST].numpy() * SCALE).tolist()
    assert (columns.min(), rows.min()) == (left, top)
    assert (columns.max(), rows.max()) == (right + SCALE - 1, bottom + SCALE - 1)
    assert not frame[top + 30 : bottom - 30, left + 60 : right - 30].any()  # and nothing inside


def test_the_overlay_of_the_classes_leaves_no_pixel_out():
    drawn = pixels_of(draw(answer="semantic segmentation")["picture"].overlay)
    middle = drawn[SCALE - 1 :: SCALE, SCALE - 1 :: SCALE]  # outlines begin at a pixel's other end
    tint = np.array([list(bytes.fromhex(ROLES[f"class-{k}"].tint[1:])) for k in range(6)])
    seen = middle[..., 3] < 255
    assert seen.mean() > 0.98
    np.testing.assert_array_equal(middle[seen][:, :3], tint[MASK][seen])
