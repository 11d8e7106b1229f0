"""The training loop on the CPU: what it learns, what it leaves alone, how it ends."""

import json
import logging
import math

import pytest
import torch
from torch import nn
from toys import Blots, small_network, without_timings

from segviz.models import UNet
from segviz.training import DivergenceError, Record, dice_loss, fit
from segviz.training.batches import draw_flips, flip, training_batches

QUICK = {"epochs": 2, "batch_size": 4, "device": "cpu"}


def interrupt_at(count):
    calls = iter(range(1, 10_000))

    def on_item(index):
        if next(calls) == count:
            raise KeyboardInterrupt

    return on_item


def test_it_learns_to_tell_the_colours_apart():
    val = Blots(8, first_seed=500)
    records = list(fit(small_network(), Blots(64), val, epochs=6, learning_rate=0.01))
    assert records[-1].miou > 0.9 > records[0].miou
    assert records[-1].loss < records[0].loss / 2


def test_it_learns_as_well_where_a_cpu_gains_from_bfloat16(monkeypatch):
    monkeypatch.setattr("segviz.training.prediction.autocast_dtype", lambda device: torch.bfloat16)
    test_it_learns_to_tell_the_colours_apart()


def test_a_record_holds_what_it_says_and_survives_json():
    record = list(fit(small_network(), Blots(8), Blots(3), **QUICK))[-1]
    assert (record.epoch, record.epochs) == (2, 2)
    assert list(record.iou) == ["red", "green", "blue"]
    assert record.miou == pytest.approx(sum(record.iou.values()) / 3)
    assert record.images_per_second == pytest.approx(8 / record.seconds)
    assert record.peak_memory > 1e6
    assert Record.from_dict(json.loads(record.to_json())) == record


def test_a_class_without_a_score_is_null_in_json_and_nan_again_afterwards():
    record = list(fit(small_network(), Blots(8), Blots(3), **QUICK))[-1]
    absent = Record(**{**vars(record), "iou": {"red": math.nan, "green": 0.5}})
    assert json.loads(absent.to_json())["iou"] == {"red": None, "green": 0.5}
    assert math.isnan(Record.from_dict(absent.to_dict()).iou["red"])


def test_the_learning_rate_goes_up_for_a_quarter_of_the_steps_and_down_again():
    records = list(fit(small_network(), Blots(16), Blots(2), **{**QUICK, "epochs": 8}))
    rates = [record.learning_rate for record in records]
    # 32 steps: cosine from 1/25 of the peak up to it, and down to 1/250,000.
    up = [0.5 * (1 - math.cos(math.pi * step / 7)) for step in (3, 7)]
    assert rates[:2] == pytest.approx([3e-3 * (1 / 25 + 24 / 25 * part) for part in up])
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
    assert rates[-1] == pytest.approx(3e-3 / 250_000)


@pytest.mark.parametrize("epochs", range(1, 6))
def test_even_the_shortest_runs_run(epochs):
    records = list(fit(small_network(), Blots(3), Blots(1), **{**QUICK, "epochs": epochs}))
    assert len(records) == epochs


@pytest.mark.parametrize(("images", "batches"), [(9, [4, 4]), (3, [3]), (1, [1])])
def test_a_short_last_batch_is_left_out_unless_it_is_all_there_is(images, batches):
    seen = []
    network = small_network()
    network.register_forward_pre_hook(
        lambda module, inputs: seen.append(len(inputs[0])) if module.training else None
    )
    record = next(fit(network, Blots(images), Blots(2), **QUICK))
    assert seen == batches
    assert record.images_per_second * record.seconds == pytest.approx(sum(batches))


def test_every_epoch_has_another_order_and_the_same_seed_the_same():
    def order(seed):
        batches = training_batches(Blots(12), 4, torch.Generator().manual_seed(seed))
        return [int(image.sum()) for images, _ in batches for image in images]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == sorted(order(2))


def test_the_epochs_of_a_run_have_different_orders():
    asked = []
    list(fit(small_network(), Blots(12, on_item=asked.append), Blots(2), **QUICK))
    assert sorted(asked[:12]) == sorted(asked[12:]) and asked[:12] != asked[12:]


def test_image_and_mask_are_flipped_together_and_about_half_of_them():
    masks = torch.arange(200 * 3 * 5).reshape(200, 3, 5)
    images = masks[:, None].expand(200, 3, 3, 5)
    mirrored = draw_flips(200, torch.Generator().manual_seed(0))
    flipped, flipped_masks = flip(images, masks, mirrored)
    assert torch.equal(flipped[:, 1], flipped_masks)
    changed = (flipped_masks != masks).flatten(1).any(1)
    assert 70 < changed.sum() < 130
    assert torch.equal(flipped_masks[changed], masks[changed].flip(2))


def test_weights_of_classes_change_what_is_learned():
    train, val = Blots(32), Blots(4, first_seed=500)
    records = [
        list(fit(small_network(), train, val, epochs=5, learning_rate=0.01, class_weights=w))[-1]
        for w in (None, [1, 1, 1], [0, 1, 1])
    ]
    assert without_timings(records[0]) == without_timings(records[1])
    assert records[0].iou["red"] > 0.5
    assert records[2].iou["red"] < 0.05  # red pixels taught nothing


def test_the_callers_random_numbers_are_left_alone():
    model = small_network()
    state = torch.get_rng_state()
    list(fit(model, Blots(8), Blots(2), **QUICK))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_callers_random_numbers_decide_nothing():
    records = []
    for state in (1, 2):
        model = small_network()
        torch.manual_seed(state)  # as if the notebook had drawn some numbers in between
        records.append([without_timings(r) for r in fit(model, Blots(8), Blots(2), **QUICK)])
    assert records[0] == records[1]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python's advice to torch
def test_workers_that_read_ahead_change_nothing():
    records = [
        [without_timings(r) for r in fit(small_network(), Blots(18), Blots(2), workers=w, **QUICK)]
        for w in (0, 2)
    ]
    assert records[0] == records[1]


@pytest.mark.parametrize("item", [15, 19], ids=["while training", "while scoring"])
def test_the_interrupt_key_ends_the_run_at_the_last_whole_epoch(item, caplog):
    on_item = interrupt_at(item)  # an epoch asks for 8 items to train on and 2 to score on
    model, records = small_network(), []
    for record in fit(model, Blots(8, on_item=on_item), Blots(2, on_item=on_item), **QUICK):
        records.append(record)
        weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert [record.epoch for record in records] == [1]
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())
    assert caplog.messages == [
        "Stopped by hand. The model is as it was at the end of epoch 1 of 2."
    ]
    assert caplog.records[0].levelno == logging.WARNING  # so that it is shown


def test_a_loss_that_explodes_ends_in_a_sentence_and_a_usable_model():
    model = small_network()
    run = fit(model, Blots(64), Blots(2), epochs=3, learning_rate=1e30, device="cpu")
    with pytest.raises(DivergenceError, match="Try a learning_rate below 1e.30"):
        list(run)
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())


def test_a_weight_that_the_last_step_makes_infinite_is_divergence():
    class Brittle(nn.Conv2d):
        """Its loss is finite, and the step that follows it is not."""

        def forward(self, images):
            logits = super().forward(images)
            if logits.requires_grad:
                logits.register_hook(lambda gradient: gradient * math.inf)
            return logits

    model = Brittle(3, 3, 1)
    with pytest.raises(DivergenceError, match="A weight became infinite or NaN. This was in ep"):
        next(fit(model, Blots(4), Blots(2), **QUICK))
    assert all(torch.isfinite(weight).all() for weight in model.parameters())


def test_an_epoch_without_any_labelled_pixel_leaves_the_run_alive():
    class Void(Blots):
        def __getitem__(self, index):
            image, mask = super().__getitem__(index)
            return image, torch.full_like(mask, 255)

    records = list(fit(small_network(), Void(8), Blots(2), **QUICK))
    assert [record.loss for record in records] == [0, 0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 0}, "epochs=0: it must be a whole number, 1 or more"),
        ({"epochs": 2.5}, "epochs=2.5: it must be a whole number"),
        ({"epochs": True}, "epochs=True: it must be a whole number"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": 0}, "above 0"),
        ({"learning_rate": math.inf}, "learning_rate=inf: it must be a finite number"),
        ({"learning_rate": math.nan}, "learning_rate=nan: it must be a finite number"),
        ({"learning_rate": "fast"}, "learning_rate='fast': it must be a finite number"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1"),
        ({"weight_decay": math.nan}, "weight_decay=nan"),
        ({"seed": -1}, "seed=-1: it must be a whole number, 0 or more and below 2"),
        ({"seed": 1.5}, "seed=1.5: it must be a whole number"),
        ({"seed": 2**64}, "below 2"),
        ({"class_weights": [1, 2, math.inf]}, "finite, none negative"),
        ({"class_weights": [1, 2]}, "one number for each of the 3 classes"),
        ({"class_weights": [0, 0, 0]}, "not all zero"),
        ({"device": "tpu9"}, "no device 'tpu9' here"),
        ({"train": Blots(0)}, "train is empty"),
        ({"val": Blots(0)}, "val is empty"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_training(changes, sentence):
    arguments = {"train": Blots(8), "val": Blots(2), **QUICK, **changes}
    with pytest.raises(ValueError, match=sentence):
        fit(small_network(), **arguments)


def test_data_sets_of_other_classes_are_refused():
    val = Blots(2)
    val.classes = ("red", "blue", "green")
    with pytest.raises(ValueError, match="train has red, green, blue and val has red, blue, gre"):
        fit(small_network(), Blots(8), val)


def test_a_data_set_without_classes_is_refused():
    bare = torch.utils.data.Subset(Blots(8), [0, 1])
    with pytest.raises(ValueError, match="a Subset, has no classes"):
        fit(small_network(), bare, Blots(2))


def test_a_network_that_does_not_fit_the_data_is_refused():
    with pytest.raises(ValueError, match="4 scores per pixel, but the data set has 3 classes"):
        next(fit(UNet(4, (4, 6)), Blots(8), Blots(2), **QUICK))
    with pytest.raises(ValueError, match="12x20 pixels the network gave logits of 10x18"):
        next(fit(nn.Conv2d(3, 3, 3), Blots(8), Blots(2), **QUICK))


def test_labels_that_are_no_class_are_named():
    class Wrong(Blots):
        def __getitem__(self, index):
            image, mask = super().__getitem__(index)
            mask[0, 0] = 3
            return image, mask

    with pytest.raises(ValueError, match="the label 3, but there are 3 classes"):
        next(fit(small_network(), Wrong(8), Blots(2), **QUICK))


def test_images_of_several_sizes_are_refused_unless_one_at_a_time():
    class Mixed(Blots):
        def __getitem__(self, index):
            image, mask = super().__getitem__(index)
            return (image[:, :8], mask[:8]) if index % 2 else (image, mask)

    with pytest.raises(ValueError, match=r"different sizes \(8x20, 12x20\)"):
        next(fit(small_network(), Mixed(4), Mixed(4), **QUICK))
    assert list(fit(small_network(), Mixed(4), Mixed(4), **{**QUICK, "batch_size": 1}))


def test_the_loss_can_be_chosen_and_is_part_of_what_a_checkpoint_goes_on_with(tmp_path):
    seen = []

    def watched_dice(*arguments):
        value = dice_loss(*arguments)
        seen.append(value.item())
        return value

    run = {"epochs": 1, "batch_size": 4, "device": "cpu", "checkpoint": tmp_path / "run.pt"}
    (record,) = fit(small_network(), Blots(12), Blots(4), loss=watched_dice, **run)
    assert len(seen) == 3 and record.loss == pytest.approx(sum(seen) / 3)
    with pytest.raises(ValueError, match="loss was 'watched_dice' and is now 'cross_entropy'"):
        fit(small_network(), Blots(12), Blots(4), **run)
