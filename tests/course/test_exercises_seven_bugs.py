"""The exercises of notebook 15: cures pass, half cures are called by their name."""

import ast
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exercises import broken, mended
from exercises import seven_bugs as exercises
from segviz import data, relations, training

NOTEBOOK = Path(exercises.__file__).parents[1] / "15_seven_bugs.ipynb"
EXERCISE_OF = {
    "resize_mask": exercises.masks_of_another_size,
    "load_trimap": exercises.trimap_from_one,
    "loss_with_void": exercises.void_counted,
    "dice": exercises.dice_above_one,
    "make_head": exercises.relu_before_logits,
    "loss_of": exercises.probabilities_for_logits,
    "mean_iou": exercises.scores_per_batch,
}
every_bug = pytest.mark.parametrize("name", EXERCISE_OF)


def resized(mask, size, **settings):
    return F.interpolate(mask[None, None].float(), size=size, **settings)[0, 0].long()


def one_confusion(batches, num_classes):
    matrices = [training.confusion_matrix(*batch, num_classes) for batch in batches]
    return torch.stack(matrices).sum(0)


def joined(batches, num_classes):
    predicted, truth = (torch.cat(part) for part in zip(*batches, strict=True))
    scores = training.Scores([str(k) for k in range(num_classes)])
    scores.update(predicted, truth)
    return scores.mean_iou


def head(channels, num_classes, *last, middle=nn.ReLU):
    first = nn.Conv2d(channels, channels, 3, padding=1)
    return nn.Sequential(first, middle(), nn.Conv2d(channels, num_classes, 1), *last)


CURES = [
    ("resize_mask", lambda mask, size: resized(mask, size, mode="nearest")),
    ("resize_mask", lambda mask, size: resized(mask, size, mode="nearest-exact")),
    ("resize_mask", lambda mask, size: data.folder.as_mask(mask.numpy().astype(np.uint8), size)),
    ("load_trimap", lambda trimap: torch.from_numpy(trimap).long() - 1),
    ("load_trimap", lambda trimap: torch.tensor(trimap - 1, dtype=torch.int64)),
    ("loss_with_void", training.cross_entropy),
    ("loss_with_void", lambda z, y: F.cross_entropy(z.movedim(1, -1)[y != 255], y[y != 255])),
    ("dice", lambda p, t: 2 * (p * (t > 0)).sum() / (p.sum() + (t > 0).sum())),
    ("make_head", head),
    ("loss_of", F.cross_entropy),
    ("loss_of", lambda logits, masks: F.nll_loss(logits.log_softmax(dim=1), masks)),
    ("mean_iou", joined),
    ("mean_iou", lambda b, k: np.nanmean(relations.iou(one_confusion(b, k).numpy()))),
]


@pytest.mark.parametrize(("name", "cure"), CURES)
def test_every_true_cure_passes(name, cure, capsys):
    assert EXERCISE_OF[name](cure) is cure
    assert capsys.readouterr().out.startswith("✓ Right")


def void_zeroed(logits, masks):
    known = masks != 255
    return F.cross_entropy(logits * known[:, None], masks * known)


def over_all(logits, masks):
    return F.cross_entropy(logits, masks, ignore_index=255, reduction="none").mean()


def mean_of(batches, num_classes, weights):
    """The mean of the batches' mIoU, with these weights."""
    each = [relations.iou(one_confusion([batch], num_classes).numpy()) for batch in batches]
    return np.average([np.nanmean(scores) for scores in each], weights=weights)


def by_size(batches, num_classes):
    return mean_of(batches, num_classes, [len(truth) for _, truth in batches])


def class_by_class(batches, num_classes):
    each = [relations.iou(one_confusion([batch], num_classes).numpy()) for batch in batches]
    return relations.mean_over_classes(
        np.array([relations.mean_over_classes(column) for column in np.transpose(each)])
    )


def zero_for_absent(batches, num_classes):
    return np.nan_to_num(relations.iou(one_confusion(batches, num_classes).numpy())).mean()


HALF_CURES = [
    ("resize_mask", lambda m, size: resized(m, size, mode="bicubic"), "Not yet"),
    (
        "resize_mask",
        lambda m, s: F.interpolate(m[None, None].float(), s, mode="bilinear")[0, 0].round().long(),
        "nobody drew",
    ),
    ("load_trimap", lambda t: torch.from_numpy(t).long().clamp(max=2), "one class now"),
    ("load_trimap", lambda t: torch.from_numpy(t % 3).long(), "name of another"),
    (
        "load_trimap",
        lambda t: torch.from_numpy(np.where(t == 3, 255, t)).long(),
        "still called background, and background border",
    ),
    ("loss_with_void", over_all, "still counted in the mean"),
    ("loss_with_void", void_zeroed, "each with log K"),
    ("dice", lambda p, t: broken.dice(p, t).clamp(max=1), "no gradient"),
    ("dice", lambda p, t: broken.dice(p, t) / 255, "Divide the mask, not"),
    ("dice", lambda p, t: 2 * (p * t).sum() / (p.sum() + (t / 255).sum()), "above it not yet"),
    ("make_head", lambda a, b: head(a, b, nn.Sigmoid()), "a sigmoid lets"),
    ("make_head", lambda a, b: head(a, b, nn.LeakyReLU()), "no bend at all"),
    ("make_head", lambda a, b: head(a, b, nn.Softmax(dim=1)), "bug 6"),
    ("make_head", lambda a, b: head(a, b, middle=nn.Identity), "One too many"),
    ("make_head", lambda a, b: head(a, b, nn.ReLU(), middle=nn.Identity), "the wrong ReLU"),
    ("loss_of", lambda z, y: F.nll_loss(z.softmax(dim=1), y), "minus a probability"),
    ("loss_of", lambda z, y: F.nll_loss(z.softmax(dim=1).log(), y), "too small for a float"),
    ("loss_of", lambda z, y: F.nll_loss(z.log_softmax(dim=-1), y), "axis 1"),
    ("mean_iou", by_size, "still a mean over batches"),
    ("mean_iou", class_by_class, "still averaged over batches"),
    ("mean_iou", zero_for_absent, "no IoU"),
]


@pytest.mark.parametrize(("name", "half_cure", "named"), HALF_CURES)
def test_half_cures_are_called_by_their_name(name, half_cure, named, capsys):
    assert EXERCISE_OF[name](half_cure) is getattr(mended, name)
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith("✗") and named in said


@every_bug
def test_the_broken_code_in_other_words_does_not_pass(name, capsys):
    EXERCISE_OF[name](lambda *given: getattr(broken, name)(*given))
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith("✗") and "same as before" in said


@every_bug
def test_code_that_nobody_changed_counts_as_not_attempted(name, capsys):
    assert EXERCISE_OF[name](getattr(broken, name)) is getattr(mended, name)
    assert capsys.readouterr().out.startswith("○")


@every_bug
def test_the_answer_that_stands_in_may_not_be_borrowed(name, capsys):
    EXERCISE_OF[name](lambda *given: getattr(mended, name)(*given))
    assert "write it yourself" in capsys.readouterr().out.splitlines()[0]


@every_bug
def test_the_notebook_shows_the_broken_code(name):
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]
    [cell] = [source for source in cells if source.startswith(f"def {name}(")]
    shown = ast.dump(ast.parse(cell).body[0])
    source = ast.parse(Path(broken.__file__).read_text("utf-8"))
    assert shown in [ast.dump(statement) for statement in source.body]


def test_the_mended_functions_agree_with_the_library():
    draw = torch.Generator().manual_seed(3)
    mask = torch.randint(0, 6, (7, 5), generator=draw)
    enlarged = mended.resize_mask(mask, (14, 15))
    assert torch.equal(enlarged, data.folder.as_mask(mask.numpy().astype(np.uint8), (14, 15)))

    logits = torch.randn(2, 4, 3, 5, generator=draw)
    masks = torch.randint(0, 4, (2, 3, 5), generator=draw)
    torch.testing.assert_close(mended.loss_of(logits, masks), training.cross_entropy(logits, masks))
    masks[:, 1] = data.IGNORE_INDEX
    found = mended.loss_with_void(logits, masks)
    torch.testing.assert_close(found, training.cross_entropy(logits, masks))

    chances, thing = torch.rand(3, 5, generator=draw), torch.rand(3, 5, generator=draw) > 0.5
    soft = relations.soft_confusion(torch.stack([1 - chances, chances]).numpy(), thing.long(), 255)
    found = mended.dice(chances, (thing * 255).byte())
    assert found.item() == pytest.approx(relations.dice(soft)[1])


def test_the_mended_score_does_not_depend_on_the_batches():
    draw = torch.Generator().manual_seed(5)
    predicted, truth = torch.randint(0, 3, (2, 7, 4, 3), generator=draw)
    whole = joined([(predicted, truth)], 3)
    for size in (1, 2, 5):
        batches = list(zip(predicted.split(size), truth.split(size), strict=True))
        assert mended.mean_iou(batches, 3).item() == pytest.approx(whole)
        assert broken.mean_iou(batches, 3).item() != pytest.approx(whole, abs=1e-3)
