"""Exercises of notebook 06: right answers pass, usual wrong ones are told what they are."""

import pytest
import torch
from torch.nn import functional as F

from exercises import fcn as exercises
from segviz.models import FCN


@pytest.fixture
def said(capsys):
    """What the last check has printed."""
    return lambda: capsys.readouterr().out


def right(coarse, finer, up):
    x = up(coarse)
    return x[:, :, : finer.size(2), : finer.size(3)].add(finer)


def side_by_side(coarse, finer, up):
    return torch.cat([right(coarse, torch.zeros_like(finer), up), finer], 1)


def bottom_right(coarse, finer, up):
    x = up(coarse)
    rows, columns = x.shape[-2] - finer.shape[-2], x.shape[-1] - finer.shape[-1]
    return x[..., rows:, columns:] + finer


def squeezed(coarse, finer, up):
    return F.interpolate(up(coarse), finer.shape[-2:], mode="bilinear") + finer


def test_the_sizes_are_those_of_a_real_run(said):
    *stages, _ = FCN(6).eval().encode(torch.zeros(1, 3, 100, 150))
    sizes = [list(stages[number].shape[-2:]) for number in (4, 3, 2)]
    assert sizes == [[4, 5], [7, 10], [13, 19]]
    exercises.sizes_by_hand(sizes)
    assert said().startswith("✓")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([[3, 4], [6, 9], [12, 18]], "round up"),
        ([[13, 19], [7, 10], [4, 5]], "stride 32 first"),
        ([[5, 4], [10, 7], [19, 13]], "Rows come first"),
    ],
)
def test_wrong_sizes_are_named(said, answer, told):
    exercises.sizes_by_hand(answer)
    text = said()
    assert text.startswith("✗") and told in text


def test_the_sum_is_what_the_network_does_between_two_strides():
    torch.manual_seed(0)
    network = FCN(4, stride=16).eval()
    torch.nn.init.normal_(network.score.weight)
    torch.nn.init.normal_(network.skip_scores[0].weight)
    images = torch.randn(1, 3, 75, 106)
    *stages, head = network.encode(images)
    with torch.no_grad():
        fused = right(network.score(head), network.skip_scores[0](stages[3]), network.ups[0])
        logits = network.last_up(fused)[..., :75, :106]
        torch.testing.assert_close(logits, network(images))


def test_the_right_fusion_passes(said):
    assert exercises.fuse_two_score_maps(right) is right
    assert said().startswith("✓")


@pytest.mark.parametrize(
    ("stub", "told"),
    [
        (side_by_side, "concatenation"),
        (lambda coarse, finer, up: right(coarse, finer, up) / 2, "the mean"),
        (bottom_right, "cut at the top and left"),
        (squeezed, "squeezes"),
    ],
)
def test_wrong_fusions_are_named(said, stub, told):
    exercises.fuse_two_score_maps(stub)
    text = said()
    assert text.startswith("✗") and told in text


def test_a_fusion_that_does_not_cut_is_no_answer(said):
    exercises.fuse_two_score_maps(lambda coarse, finer, up: up(coarse) + finer)
    assert said().startswith("✗")


@pytest.mark.parametrize(
    ("ask", "letter"),
    [(exercises.why_scores_are_added, "a"), (exercises.why_poles_vanish, "b")],
)
def test_each_option_of_a_quiz_has_its_reason(said, ask, letter):
    for option in "abc":
        assert ask(option) == letter
        assert said().startswith("✓" if option == letter else "✗")
    assert ask(...) == letter and said().startswith("○")
