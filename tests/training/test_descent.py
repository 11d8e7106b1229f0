"""Schedules, parts of a batch, clipping, averaging, a second head, memory: against plain torch."""

import logging
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from toys import Blots, small_network, without_timings

from segviz.data import normalise
from segviz.models import FCN, DeepLabV3Plus, UNet
from segviz.models.backbones import AtrousBackbone
from segviz.training import DivergenceError, evaluate, fit
from segviz.training.devices import is_out_of_memory
from segviz.training.schedules import build_optimizer, poly

QUICK = {"epochs": 2, "batch_size": 6, "device": "cpu"}
WEIGHTS = [1.0, 2.5, 0.5]


def plain_network(seed=0):
    """Without batch norm and dropout: a batch's mean does not depend on how it is divided."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Conv2d(5, 3, 3, padding=1))


class Uneven(Blots):
    """Every image has another number of labelled pixels, one has none."""

    def __getitem__(self, index):
        image, mask = super().__getitem__(index)
        mask[:, 2 * index :] = 255
        return image, mask


def weights_after(model, train=None, **changes):
    arguments = {**QUICK, "class_weights": WEIGHTS, **changes}
    records = list(fit(model, train or Uneven(12), Blots(2), **arguments))
    return torch.cat([p.detach().flatten() for p in model.parameters()]), records


@pytest.mark.parametrize("parts", [2, 4, 6])
def test_a_batch_in_parts_gives_the_weights_that_the_whole_gives(parts):
    whole, records = weights_after(plain_network())
    divided, others = weights_after(plain_network(), accumulate=parts)
    torch.testing.assert_close(divided, whole, rtol=1e-4, atol=1e-6)
    assert [r.loss for r in others] == pytest.approx([r.loss for r in records], rel=1e-5)


class Hungry(nn.Module):
    """A network on a device that has memory for two images."""

    def __init__(self, network):
        super().__init__()
        self.network, self.seen = network, []

    def forward(self, images):
        if self.training:
            self.seen.append(len(images))
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.network(images)


def test_out_of_memory_goes_on_in_smaller_parts_and_says_so(caplog):
    whole, _ = weights_after(plain_network())
    hungry = Hungry(plain_network())
    divided, _ = weights_after(hungry)
    torch.testing.assert_close(divided, whole, rtol=1e-4, atol=1e-6)
    assert hungry.seen[:6] == [6, 3, 2, 2, 1, 1] and max(hungry.seen[6:]) == 2
    assert [message[:34] for message in caplog.messages] == [
        "Out of memory: from here on every "
    ] * 2
    assert "is computed in 4 parts" in caplog.messages[-1]
    assert caplog.records[0].levelno == logging.WARNING


def test_out_of_memory_with_one_image_is_the_end():
    hungry = Hungry(plain_network())
    hungry.forward = lambda images: (_ for _ in ()).throw(torch.OutOfMemoryError("none left"))
    with pytest.raises(torch.OutOfMemoryError, match="none left"):
        weights_after(hungry)


def test_what_the_cpu_says_when_memory_ends_is_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**52)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_other_errors_of_the_network_are_not_mistaken_for_memory():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(4, 3, 1))
    with pytest.raises(RuntimeError, match="4 channels"):
        weights_after(model)


def test_long_gradients_are_shortened_as_torch_does(monkeypatch):
    norms = []
    step = torch.optim.AdamW.step

    def watched(self, *arguments):
        squares = [(p.grad**2).sum() for group in self.param_groups for p in group["params"]]
        norms.append(sum(squares).sqrt().item())
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    weights_after(plain_network())
    free, norms[:] = list(norms), []
    limit = sorted(free)[1]
    weights_after(plain_network(), clip_norm=limit)
    assert norms[0] == pytest.approx(min(free[0], limit), rel=1e-4)
    assert max(norms) <= limit * 1.0001 < max(free)


def test_poly_falls_as_in_the_paper():
    optimizer = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler, rates = poly(optimizer, 4), []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.5 * (1 - k / 4) ** 0.9 for k in range(5)])


@pytest.mark.parametrize("schedule", ["poly", "one_cycle"])
def test_the_backbone_goes_a_tenth_as_fast(schedule):
    model = FCN(3, (8, 8), stride=2, head_width=8)
    extra = nn.Parameter(torch.zeros(2))
    optimizer = build_optimizer(model, [extra], 0.02, 0.01, 0.1)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == len(list(model.parameters())) + 1
    backbone = {id(p) for p in model.backbone.parameters()}
    for parameter in [*model.parameters(), extra]:
        share = 0.1 if id(parameter) in backbone else 1
        assert rates[id(parameter)] == pytest.approx(0.02 * share)
    train = {**QUICK, "schedule": schedule, "backbone_rate": 0.1}
    records = list(fit(model, Blots(12), Blots(2), **train))
    assert records[-1].learning_rate < records[0].learning_rate <= 3e-3


def test_a_network_without_backbone_cannot_have_it_slowed_down():
    with pytest.raises(ValueError, match="a UNet has no backbone that could learn at another rate"):
        fit(UNet(3, (4, 6)), Blots(8), Blots(2), backbone_rate=0.1, **QUICK)


def test_the_average_is_scored_and_kept_and_the_training_goes_on_without_it():
    """Redone step by step: the same run, its weights averaged by hand."""
    decay, by_hand = 0.7, None
    watched = plain_network()
    step = torch.optim.AdamW.step

    def watching(self, *arguments):
        nonlocal by_hand
        result = step(self, *arguments)
        now = torch.cat([p.detach().flatten() for p in watched.parameters()])
        by_hand = now if by_hand is None else decay * by_hand + (1 - decay) * now
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", watching)
        for _ in fit(watched, Blots(12), Blots(2), **QUICK):
            pass
    model = plain_network()
    records = []
    for record in fit(model, Blots(12), Blots(2), ema=decay, **QUICK):
        assert evaluate(model, Blots(2)).mean_iou == record.miou  # what is shown is what is scored
        records.append(record)
    averaged = torch.cat([p.detach().flatten() for p in model.parameters()])
    torch.testing.assert_close(averaged, by_hand, rtol=1e-4, atol=1e-6)


def test_an_averaged_run_continues_to_the_last_bit(tmp_path):
    extras = {"ema": 0.8, "auxiliary": "1.bridge", "accumulate": 2, "clip_norm": 0.5}

    class Interrupting(Blots):
        count = 0

        def __getitem__(self, index):
            self.count += 1
            if self.count == 20:
                raise KeyboardInterrupt
            return super().__getitem__(index)

    def run(train, **more):
        model = small_network()
        records = list(fit(model, train, Blots(2), **QUICK, **extras, **more))
        return model.state_dict(), [without_timings(record) for record in records]

    weights, records = run(Blots(12))
    first, begun = run(Interrupting(12), checkpoint=tmp_path / "run.pt")
    assert begun == records[:1]
    continued, all_records = run(Blots(12), checkpoint=tmp_path / "run.pt")
    assert all_records == records
    assert all(torch.equal(continued[name], weights[name]) for name in weights)


def test_the_second_head_teaches_its_layer_and_is_gone_afterwards():
    class Deaf(nn.Module):
        """A network whose own answer teaches the middle layer nothing."""

        def __init__(self):
            super().__init__()
            self.middle, self.last = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 3, 1)

        def forward(self, images):
            return self.last(self.middle(images).detach())

    torch.manual_seed(0)
    model = Deaf()
    before = model.middle.weight.detach().clone()
    state = {**QUICK, "weight_decay": 0}
    list(fit(model, Blots(12), Blots(2), **state))
    assert torch.equal(model.middle.weight, before)
    records = list(fit(model, Blots(12), Blots(2), auxiliary="middle", **state))
    assert not torch.equal(model.middle.weight, before)
    assert len(records) == 2 and not model.middle._forward_hooks
    assert set(model.state_dict()) == set(Deaf().state_dict())


def test_the_second_heads_loss_counts_by_its_weight():
    def first_loss(**extras):
        torch.manual_seed(0)
        model = FCN(3, (8, 8), stride=4, head_width=8)  # its scores start at zero: log 3
        # one step only, so that the epoch's loss is the first batch's
        (record,) = fit(model, Blots(6), Blots(2), epochs=1, batch_size=6, device="cpu", **extras)
        return record.loss

    assert first_loss() == pytest.approx(math.log(3), rel=1e-5)
    light = first_loss(auxiliary="backbone.1", auxiliary_weight=0.25) - math.log(3)
    heavy = first_loss(auxiliary="backbone.1", auxiliary_weight=0.5) - math.log(3)
    assert heavy == pytest.approx(2 * light, rel=1e-4) and light > 0.1


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ("backbone.9", "no such layer. Give the name of a module; the outermost are backbone"),
        ("", "no such layer"),
        ("backbone", "the result of this layer is no map"),
    ],
)
def test_a_second_head_on_no_map_is_refused(layer, sentence):
    backbone = AtrousBackbone((4, 6), rates=((1,), (1,)), output_stride=2)
    model = DeepLabV3Plus(3, backbone, rates=(8, 16, 32))
    with pytest.raises(ValueError, match=sentence):
        fit(model, Blots(12), Blots(2), auxiliary=layer, **QUICK)


def test_it_stops_when_nothing_gets_better_and_the_best_is_in_its_file(tmp_path, caplog):
    model, seen = small_network(), []
    best, checkpoint = tmp_path / "best.pt", tmp_path / "run.pt"
    train = {"epochs": 40, "batch_size": 6, "device": "cpu", "learning_rate": 0.02, "patience": 2}
    run = {**train, "best": best, "checkpoint": checkpoint}
    for record in fit(model, Blots(12), Blots(4), **run):
        seen.append((record.miou, {k: v.clone() for k, v in model.state_dict().items()}))
    scores = [miou for miou, _ in seen]
    where = scores.index(max(scores))
    assert len(seen) == where + 3 < 40
    assert f"nothing was better than the mIoU {max(scores):.3f} of epoch {where + 1}" in caplog.text
    saved = torch.load(best, weights_only=True)
    assert saved["records"][0]["epoch"] == where + 1
    assert all(torch.equal(saved["model"][name], seen[where][1][name]) for name in saved["model"])
    again = list(fit(small_network(), Blots(12), Blots(4), **run))
    assert [record.miou for record in again] == scores  # stopped is stopped


class Breaking(nn.Module):
    """Divides by zero at its third batch."""

    count = 0

    def forward(self, x):
        if self.training:
            self.count += 1
        return x / (0 if self.count >= 3 and self.training else 1)


def test_the_layer_where_the_numbers_end_is_named():
    model = plain_network()
    model.append(Breaking())
    with pytest.raises(DivergenceError, match=r"infinite or NaN is 3, a Breaking\. This was in ep"):
        list(fit(model, Blots(12), Blots(2), **QUICK))
    assert all(weight.isfinite().all() for weight in model.parameters())


def test_a_layer_whose_weights_are_lost_is_named_with_them():
    model = plain_network()
    with torch.no_grad():
        model[2].bias[1] = math.nan
    with pytest.raises(DivergenceError, match="is 2, a Conv2d, whose bias had become so before"):
        list(fit(model, Blots(12), Blots(2), **QUICK))


def test_a_loss_that_breaks_by_itself_is_named():
    def broken(logits, masks, weights, ignore_index):
        return logits.sum() * math.nan

    with pytest.raises(DivergenceError, match="The logits are finite numbers; it is the loss"):
        list(fit(plain_network(), Blots(12), Blots(2), loss=broken, **QUICK))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schedule": "cosine"}, "schedule='cosine': there are 'one_cycle' and 'poly'"),
        ({"ema": 1}, "ema=1: it must be a number between 0 and 1"),
        ({"accumulate": 7}, "accumulate=7 parts cannot be made of a batch of 6"),
        ({"accumulate": 0}, "accumulate=0"),
        ({"clip_norm": 0}, "clip_norm=0: it must be a finite number, above 0"),
        ({"patience": 0}, "patience=0"),
        ({"backbone_rate": -1}, "backbone_rate=-1"),
        ({"auxiliary_weight": math.nan}, "auxiliary_weight=nan"),
    ],
    ids=str,
)
def test_extras_that_cannot_be_are_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit(plain_network(), Blots(12), Blots(2), **{**QUICK, **changes})


def test_one_step_is_the_step_that_torch_makes():
    """An oracle in plain torch: one AdamW step on the weighted cross-entropy."""
    torch.manual_seed(3)
    model, twin = plain_network(1), plain_network(1)
    train = Blots(1)
    image, mask = train[0]
    schedule = {"learning_rate": 0.01, "weight_decay": 0.1, "schedule": "poly", "seed": 5}
    list(fit(model, train, Blots(1), epochs=1, device="cpu", class_weights=WEIGHTS, **schedule))
    candidates = []
    for flipped in (False, True):
        twin.load_state_dict(plain_network(1).state_dict())
        optimizer = torch.optim.AdamW(twin.parameters(), lr=0.01, weight_decay=0.1)
        x, y = (image.flip(-1), mask.flip(-1)) if flipped else (image, mask)
        weights = torch.tensor(WEIGHTS)
        F.cross_entropy(twin(normalise(x[None])), y[None], weights, ignore_index=255).backward()
        optimizer.step()
        candidates.append(torch.cat([p.detach().flatten() for p in twin.parameters()]))
    trained = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert min((trained - candidate).abs().max() for candidate in candidates) < 1e-6
