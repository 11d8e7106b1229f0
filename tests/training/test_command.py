"""`python -m segviz.training`: files in, files out, sentences for mistakes."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from toys import Blots

from segviz.data import Part, colour, write_folder
from segviz.models import FCN, DeepLabV3Plus, SegNet, UNet
from segviz.training import build_network, load_network, options, picture_rows, predict, sources
from segviz.training.command import main

QUICK = ["--epochs", "2", "--widths", "4,6", "--batch-size", "4", "--device", "cpu"]
COLOURS = ["--classes", "red,green,blue"]
COMMAND = "segviz.training.command"


@pytest.fixture
def photographs(tmp_path):
    return write_folder(Blots(10), tmp_path / "photographs")


def records_in(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_a_folder_in_checkpoint_metrics_and_gallery_out(photographs, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([str(photographs), "--out", str(out), *COLOURS, *QUICK]) == 0

    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.pt",
        "gallery.png",
        "metrics.jsonl",
        "network.safetensors",
    ]
    records = records_in(out)
    assert [record["epoch"] for record in records] == [1, 2]
    assert records[-1]["iou"].keys() == {"red", "green", "blue"}
    weights = torch.load(out / "checkpoint.pt", weights_only=True)["model"]
    UNet(3, (4, 6)).load_state_dict(weights)
    network, facts = load_network(out / "network.safetensors")
    assert all(torch.equal(network.state_dict()[name], weights[name]) for name in weights)
    assert facts.classes == ("red", "green", "blue") and len(facts.records) == 2
    with Image.open(out / "gallery.png") as picture:
        assert picture.format == "PNG" and picture.width > 500
    printed = capsys.readouterr().out
    assert "8 images to train on, 2 to score on" in printed
    assert f"mean {records[-1]['miou']:.3f}" in printed


def test_the_module_is_a_program(photographs, tmp_path):
    command = [sys.executable, "-m", "segviz.training", str(photographs)]
    run = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), *COLOURS, *QUICK[2:], "--epochs", "1"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0 and run.stderr == ""
    help_text = subprocess.run([*command[:3], "--help"], capture_output=True, text=True).stdout
    assert "metrics.jsonl" in help_text and "images/ masks/" in help_text


def test_scenes_by_name(tmp_path):
    few = ["--train-scenes", "4", "--val-scenes", "2", "--size", "48x64"]
    assert main(["scenes", "--out", str(tmp_path), *few, *QUICK]) == 0
    assert "cat" in records_in(tmp_path)[-1]["iou"]


@pytest.mark.parametrize(
    ("name", "kind"), [("fcn-32s", FCN), ("segnet", SegNet), ("deeplab", DeepLabV3Plus)]
)
def test_every_network_of_the_course_with_all_of_the_recipe(photographs, tmp_path, name, kind):
    recipe = "--schedule poly --loss cross-entropy+dice --clip-norm 1 --ema 0.9 --accumulate 2"
    layer = {"fcn-32s": "backbone.3", "segnet": "encoder.4", "deeplab": "backbone.stages.4"}[name]
    more = [*recipe.split(), "--augment", "0.8-1.2", "--patience", "5", "--auxiliary", layer]
    more += ["--epochs", "1", "--widths", "4,4,6,6,8", "--batch-size", "4", "--device", "cpu"]
    arguments = [str(photographs), *COLOURS, "--network", name, *more, "--size", "32x48"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    network, facts = load_network(tmp_path / "out" / "network.safetensors")
    assert isinstance(network, kind) and facts.image_size == (32, 48)
    assert network(torch.zeros(1, 3, 33, 47)).shape == (1, 3, 33, 47)


@pytest.mark.parametrize("name", options.PAPER_SIZE)
def test_the_papers_networks_are_described(name):
    network = build_network(options.describe_network(name, 5, None), "meta")
    assert network.num_classes == 5
    with pytest.raises(ValueError, match="has the widths of its paper; leave out --widths"):
        options.describe_network(name, 5, (4, 6))


def test_an_interrupted_run_is_resumed_to_the_same_records(photographs, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    arguments = [str(photographs), *COLOURS, *QUICK]
    assert main([*arguments, "--out", str(whole)]) == 0

    read, items = Part.__getitem__, []

    def interrupted(self, index):
        items.append(index)
        if len(items) == 18:  # in the second epoch
            raise KeyboardInterrupt
        return read(self, index)

    with monkeypatch.context() as patch:
        patch.setattr(Part, "__getitem__", interrupted)
        patch.setattr(sources, "KEPT_IN_MEMORY", 0)
        assert main([*arguments, "--out", str(broken)]) == 130
    assert len(records_in(broken)) == 1

    assert main([*arguments, "--out", str(broken), "--resume"]) == 0
    of_scores = ("loss", "iou", "miou", "pixel_accuracy", "learning_rate")
    for one, other in zip(records_in(whole), records_in(broken), strict=True):
        assert {key: one[key] for key in of_scores} == {key: other[key] for key in of_scores}


def test_the_masks_of_the_validation_set_are_scored_at_full_size(photographs):
    train, val = sources.folder(photographs, None, 0.3, 0, Blots.classes, (), (6, 10))
    assert [t.shape[-2:] for t in train[0]] == [(6, 10), (6, 10)]
    assert [t.shape[-2:] for t in val[0]] == [(6, 10), (12, 20)]
    assert (len(train), len(val)) == (7, 3)
    names = {dataset.name(i) for dataset in (train, val) for i in range(len(dataset))}
    assert len(names) == 10


def test_photographs_that_are_scaled_at_random_are_scaled_from_their_own_size(photographs):
    train, val = sources.folder(photographs, None, 0.3, 0, Blots.classes, (), (6, 10), True)
    assert [t.shape[-2:] for t in train[0]] == [(12, 20), (12, 20)]
    assert [t.shape[-2:] for t in val[0]] == [(6, 10), (12, 20)]


@pytest.mark.parametrize(("power", "red_to_blue"), [("0", 1.0), ("0.5", 2.0), ("1", 4.0)])
def test_balance_says_how_far_rare_classes_weigh_more(
    photographs, tmp_path, monkeypatch, power, red_to_blue
):
    monkeypatch.setattr(f"{COMMAND}.class_frequencies", lambda train: np.array([0.1, 0.5, 0.4]))
    seen = []

    def nothing(*_, class_weights, **__):
        seen.append(class_weights)
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{COMMAND}.fit", nothing)
    arguments = [str(photographs), *COLOURS, *QUICK, "--balance", power]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 130
    red, _, blue = seen[0].tolist()
    assert red / blue == pytest.approx(red_to_blue)


@pytest.mark.parametrize("layout", ["beside", "inside", "named"])
def test_every_layout_of_the_validation_folder(tmp_path, layout):
    root = tmp_path / "data"
    where = {"beside": root / "val", "inside": root / "val", "named": tmp_path / "elsewhere"}
    if layout == "beside":
        write_folder(Blots(5), root / "train")
    else:
        write_folder(Blots(5), root)
    write_folder(Blots(2, first_seed=50), where[layout])
    val_root = where[layout] if layout == "named" else None
    train, val = sources.folder(root, val_root, 0.5, 0, Blots.classes, (), None)
    assert (len(train), len(val)) == (5, 2)
    assert torch.equal(val[1][0], Blots(2, first_seed=50)[1][0])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{photographs}"], "Which classes do the masks hold?"),
        (["{photographs}", "--classes", "2"], "holds the label 2"),
        (["{photographs}", *COLOURS, "--val-share", "0"], "10 to train on and 0 to score on"),
        (["{photographs}", *COLOURS, "--val", "nowhere"], "nowhere does not exist"),
        (["{photographs}", *COLOURS, "--device", "abacus"], "no device 'abacus'"),
        (["{photographs}", *COLOURS, "--epochs", "0"], "epochs=0"),
        (["{photographs}", *COLOURS, "--widths", "4,6,8", "--size", "2x2"], "too small"),
        (["{photographs}", *COLOURS, "--size", "big"], "'big' is no HEIGHTxWIDTH"),
        (["{photographs}", *COLOURS, "--widths", "8,x"], "no list of whole numbers"),
        (["{photographs}", *COLOURS, "--learning-rate", "1e30"], "Try a learning_rate below"),
        (["nowhere", *COLOURS], "nowhere does not exist"),
        (["{photographs}", "--classes", "red,green,red"], "a name of its own"),
        (["{photographs}", "--classes", "red,,blue"], "none may be empty"),
        (["{photographs}", "--classes", "2"], "void= is --void"),
        (["{photographs}", *COLOURS, "--val-share", "nan"], "val_share=nan"),
        (["{photographs}", *COLOURS, "--device", "meta"], "no device 'meta'"),
        (["{photographs}", *COLOURS, "--augment", "2-1"], "no range of scales such as 0.5-2"),
        (["{photographs}", *COLOURS, "--augment", "1-2", "--colour", "7"], "colour is 7.0: give"),
        (["{photographs}", *COLOURS, "--balance", "2"], "'2' is no power from 0 to 1"),
        (["{photographs}", *COLOURS, "--balance", "half"], "'half' is no power"),
        (["{photographs}", *COLOURS, "--pretrained"], "no pretrained weights for --network unet"),
        (["{photographs}", *COLOURS, "--backbone-rate", "2"], "backbone_rate is --backbone-rate"),
        (["{photographs}", *COLOURS, "--weight-decay", "-1"], "weight_decay is --weight-decay"),
        (["{photographs}", *COLOURS, "--ema", "2"], "ema=2.0"),
        (["{photographs}", *COLOURS, "--seed", "-1"], "'-1' is no seed"),
        (["{photographs}", *COLOURS, "--seed", str(2**64)], "is no seed"),
    ],
    ids=lambda value: " ".join(value[1:])[:40] if isinstance(value, list) else "",
)
def test_mistakes_are_answered_with_a_sentence(
    photographs, tmp_path, monkeypatch, capsys, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    arguments = [argument.format(photographs=photographs) for argument in arguments]
    try:
        code = main([*QUICK, "--out", "out", *arguments])
    except SystemExit as end:  # argparse's own way out
        code = end.code
    error = capsys.readouterr().err
    assert code == 2
    assert sentence in error and "Traceback" not in error
    assert not (tmp_path / "out" / "gallery.png").exists()


def test_a_bad_mask_to_score_on_is_found_before_the_first_epoch(photographs, tmp_path, capsys):
    val = write_folder(Blots(3, first_seed=50), tmp_path / "val")
    bad = sorted((val / "masks").iterdir())[-1]
    bad.write_bytes(b"nothing")
    arguments = [str(photographs), "--val", str(val), *COLOURS, *QUICK]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert f"{bad} cannot be read" in printed.err
    assert printed.out == ""  # not even announced: no epoch has begun


def test_photographs_of_several_sizes_are_answered_with_the_names_of_the_shell(tmp_path, capsys):
    for part, size in (("tall", (24, 12)), ("wide", (12, 20))):
        write_folder(Blots(4, size, first_seed=size[0]), tmp_path / part)
    for file in (tmp_path / "tall").rglob("*.png"):
        file.rename(tmp_path / "wide" / file.relative_to(tmp_path / "tall"))
    arguments = [str(tmp_path / "wide"), *COLOURS, *QUICK, "--batch-size", "6"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "(12x20, 24x12)" in error
    assert "image_size is --size HEIGHTxWIDTH, batch_size is --batch-size" in error


def test_an_older_run_is_not_overwritten_by_accident(photographs, tmp_path, capsys):
    arguments = [str(photographs), "--out", str(tmp_path / "out"), *COLOURS, *QUICK]
    main(arguments)
    before = (tmp_path / "out" / "checkpoint.pt").read_bytes()
    assert main(arguments) == 2
    assert "Add --resume to go on with that run" in capsys.readouterr().err
    assert main([*arguments, "--resume", "--seed", "5"]) == 2
    assert "seed was 0 and is now 5" in capsys.readouterr().err
    assert (tmp_path / "out" / "checkpoint.pt").read_bytes() == before


def test_networks_are_shown_row_by_row_at_the_size_of_the_masks():
    dataset, models = Blots(4, mask_scale=2), {"one": UNet(3, (4, 6)), "other": UNet(3, (5, 7))}
    rows = picture_rows(dataset, [3, 1], models)
    assert list(rows) == ["image", "truth", "one", "other"]
    assert [panel.shape for panel in rows["image"]] == [(12, 20, 3)] * 2
    image, mask = dataset[1]
    assert np.array_equal(rows["truth"][1], colour(mask, dataset.palette))
    for name, model in models.items():
        labels = predict(model, image[None], (24, 40))[0]
        assert np.array_equal(rows[name][1], dataset.palette[labels])


def test_the_gallery_shows_image_truth_and_prediction():
    from segviz.training.gallery import gallery, prediction_strip, spread_over

    dataset, model = Blots(3), UNet(3, (4, 6))
    strip = prediction_strip(model, dataset, [0, 2])
    image, mask = dataset[2]
    assert np.array_equal(strip[:12, 24:44], image.permute(1, 2, 0))
    shown = strip[16:28, 24:44].reshape(-1, 3)
    assert np.array_equal(shown[mask.flatten() == 1], [[0, 200, 0]] * int((mask == 1).sum()))
    with Image.open(io.BytesIO(gallery(model, dataset))) as picture:
        assert picture.size[0] > 1000
    assert spread_over(dataset, 8) == [0, 1, 2] and spread_over(Blots(101), 3) == [0, 50, 100]
