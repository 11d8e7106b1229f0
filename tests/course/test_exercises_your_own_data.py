"""The exercises of notebook 14: right answers pass, usual mistakes are called by their name."""

import pytest
import torch

from exercises import mishaps
from exercises import your_own_data as exercises
from segviz import data

NAMES, SIZE = ("background", "toy", "cat"), (96, 128)


def folder(root, names=NAMES, void=(11,), image_size=SIZE, mask_size=SIZE):
    return data.Folder(root, names, void=void, image_size=image_size, mask_size=mask_size)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.folder_as_it_is_meant, folder),
        (exercises.what_the_backbone_rate_does, "a"),
        (exercises.parts_by_hand, 3),  # (12 - 3) / 1.5 = 6 images; 16 in thirds are 6, 5, 5
        (exercises.windows_by_hand, [5, 7]),  # 988 and 1488 pixels in steps of at most 256
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (
            exercises.folder_as_it_is_meant,
            lambda root: folder(root, image_size=(128, 96), mask_size=(128, 96)),
            "Height comes first",
        ),
        (exercises.folder_as_it_is_meant, lambda root: folder(root, mask_size=None), "mask_size"),
        (exercises.folder_as_it_is_meant, lambda root: folder(root, void=()), "label 11"),
        (exercises.folder_as_it_is_meant, lambda root: folder(root, NAMES[:2]), "label 2"),
        (
            exercises.folder_as_it_is_meant,
            lambda root: folder(root, ("background", "cat", "toy")),
            "1 is the toy",
        ),
        (
            exercises.folder_as_it_is_meant,
            lambda root: folder(root, (*NAMES, *"abcdefghi"), void=()),
            "they are void",
        ),
        (exercises.what_the_backbone_rate_does, "b", "a rate of 0"),
        (exercises.what_the_backbone_rate_does, "c", "each of the backbone's layers"),
        (exercises.what_the_backbone_rate_does, "d", "The other way round"),
        (exercises.parts_by_hand, 2, "15 GB"),
        (exercises.parts_by_hand, 4, "more parts than it needs"),
        (exercises.parts_by_hand, 6, "number of parts"),
        (exercises.parts_by_hand, 16, "slowest way"),
        (exercises.windows_by_hand, [4, 6], "One too few"),
        (exercises.windows_by_hand, [7, 5], "Height comes first"),
        (exercises.windows_by_hand, [3, 4], "without overlap"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.folder_as_it_is_meant, lambda root: ...),
        (exercises.what_the_backbone_rate_does, ...),
        (exercises.parts_by_hand, ...),
        (exercises.windows_by_hand, [..., ...]),
    ],
)
def test_what_is_not_attempted_is_stood_in_for(exercise, answer, capsys):
    assert exercise(answer) is not None
    assert capsys.readouterr().out.startswith("○")


def test_the_three_mishaps_of_names_are_told(tmp_path):
    root = mishaps.write_with_wrong_names(tmp_path / "photos")
    with pytest.raises(data.DataError) as told:
        data.Folder(root, NAMES)
    for mishap in ("photo_02.jpg is a JPEG", "is it 'photo-01'", "photo_04.png has no mask"):
        assert mishap in str(told.value)


def test_every_mishap_in_the_files_is_found(tmp_path):
    root = mishaps.write_with_wrong_files(tmp_path / "photos")
    report = data.check(data.Folder(root, NAMES))
    found = [name for name in ("photo_01", "photo_02", "photo_03") if name in str(report.problems)]
    assert len(found) == len(report.problems) == 3
    assert {text[:8] for text in report.suspicions} >= {"photo_05", "photo_06"}


def test_the_other_tools_outlines_are_where_labels_meet(tmp_path):
    root = mishaps.write_as_another_tool(tmp_path / "photos")
    files = data.Folder(root, NAMES, void=(11,))
    assert len(files) == 6
    drawn = mishaps.Photographs(3, first_seed=400, size=(48, 64)).mask(1)  # (48, 64)
    outlined = files.mask(2)
    right, below = drawn[:, :-1] != drawn[:, 1:], drawn[:-1] != drawn[1:]
    expected = torch.zeros_like(drawn, dtype=torch.bool)
    expected[:, :-1] |= right
    expected[:-1] |= below
    assert torch.equal(outlined == 255, expected)
    assert torch.equal(outlined[~expected], drawn[~expected])


def test_a_stop_comes_at_its_item_and_a_full_memory_at_its_size():
    scenes = mishaps.Photographs(3, first_seed=1, size=(16, 24))
    stopped = mishaps.Stopped(scenes, after=2)
    assert torch.equal(stopped[1][1], scenes[1][1]) and len(stopped) == 3
    _ = stopped[0]
    with pytest.raises(KeyboardInterrupt):
        _ = stopped[2]
    loss = mishaps.memory_for(2)
    logits, masks, weights = torch.zeros(3, 3, 4, 5), torch.ones(3, 4, 5).long(), torch.ones(3)
    assert loss(logits[:2], masks[:2], weights, 255).item() == pytest.approx(1.0986, abs=1e-4)
    with pytest.raises(torch.OutOfMemoryError):
        loss(logits, masks, weights, 255)
