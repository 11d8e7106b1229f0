"""Windows that overlap and mirror images: what is asked more than once, and how it is averaged."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import strict
import torch
from torch import nn
from toys import Blots, small_network

from segviz.data import normalise
from segviz.models import UNet
from segviz.training import Scores, evaluate, flipped_logits, predict, sliding_logits
from segviz.training.prediction import compute_logits


def pixels(*shape, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=draw)


def point_by_point():
    """A network that sees one pixel at a time: windows make no difference to it."""
    torch.manual_seed(0)
    return nn.Conv2d(3, 5, kernel_size=1)


class Whereabouts(nn.Module):
    """Answers with the number of the window and with the place in it, and keeps what it saw."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(images)
        n, _, h, w = images.shape
        places = torch.arange(float(h * w)).reshape(h, w)
        return torch.stack([torch.full((h, w), float(len(self.seen))), places]).repeat(n, 1, 1, 1)


@pytest.mark.parametrize("size", [(17, 23), (8, 12), (5, 23), (17, 3), (1, 1), (9, 13)])
@pytest.mark.parametrize("overlap", [0, 0.3, 0.5, 0.9])
def test_a_network_that_sees_one_pixel_answers_as_without_windows(size, overlap):
    model, images = point_by_point(), pixels(2, 3, *size)
    answer = sliding_logits(model, images, (8, 12), overlap)
    with torch.no_grad():
        torch.testing.assert_close(answer, model(normalise(images)), rtol=1e-5, atol=1e-5)


def test_one_window_that_covers_the_image_is_the_plain_network():
    model, images = small_network().eval(), pixels(2, 3, 17, 23)
    assert torch.equal(sliding_logits(model, images, (17, 23)), compute_logits(model, images))


def test_a_hand_written_blend():
    """Seven columns in windows of five: two of them, and their weights are 1 2 3 2 1."""
    model = Whereabouts()
    answer = sliding_logits(model, pixels(1, 3, 2, 7), (2, 5))
    assert len(model.seen) == 2
    first, second = [1, 2, 3, 2, 1, 0, 0], [0, 0, 1, 2, 3, 2, 1]
    by_hand = [(a * 1 + b * 2) / (a + b) for a, b in zip(first, second, strict=True)]
    assert answer[0, 0].tolist() == [pytest.approx(by_hand)] * 2
    weights = enumerate(zip(first, second, strict=True))
    places = [(a * c + b * (c - 2)) / (a + b) for c, (a, b) in weights]
    assert answer[0, 1, 0].tolist() == pytest.approx(places)
    assert answer[0, 1, 1].tolist() == pytest.approx([place + 5 for place in places])


def test_the_blend_of_both_axes_is_the_weighted_mean_over_all_windows():
    """The same sum, written out over windows and pixels."""
    model, images, (h, w) = small_network().eval(), pixels(2, 3, 21, 34), (8, 12)
    total, weight_sum = np.zeros((2, 3, 21, 34)), np.zeros((21, 34))
    for top in (0, 3, 6, 10, 13):  # 21 - 8 in steps of 4 or less: 3.25, rounded
        for left in (0, 6, 11, 16, 22):  # steps of 5.5; halves go to the even number
            cut = images[..., top : top + h, left : left + w]
            logits = compute_logits(model, cut).detach().numpy()
            for i in range(h):
                for j in range(w):
                    weight = min(i + 1, h - i) * min(j + 1, w - j)
                    total[:, :, top + i, left + j] += weight * logits[:, :, i, j]
                    weight_sum[top + i, left + j] += weight
    expected = torch.from_numpy(total / weight_sum).float()
    answer = sliding_logits(model, images, (h, w))
    torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("length", [10, 11, 19, 20, 21, 57])
def test_windows_reach_both_ends_and_overlap_enough(length, overlap):
    model = Whereabouts()
    row = torch.arange(length, dtype=torch.uint8).expand(1, 3, 2, length)
    sliding_logits(model, row, (2, 10), overlap)
    starts = [round((float(seen[0, 0, 0, 0]) + 1) * 127.5) for seen in model.seen]
    assert all(seen.shape == (1, 3, 2, 10) for seen in model.seen)
    assert starts[0] == 0 and starts[-1] == length - 10
    steps = np.diff(starts)
    assert (steps > 0).all() and (steps <= 10 * (1 - overlap) + 1e-9).all()
    fewer = len(starts) - 1  # windows so few would leave gaps, or overlap too little
    assert fewer == 0 or fewer * int(10 * (1 - overlap) + 1e-9) + 10 >= length > 10


def test_an_image_smaller_than_a_window_is_continued_by_its_mirror_image():
    model, image = Whereabouts(), pixels(1, 3, 2, 3)
    answer = sliding_logits(model, image, (3, 8))
    columns, rows = [2, 1, 0, 1, 2, 1, 0, 1], [0, 1, 0]
    (seen,) = model.seen
    assert torch.equal(seen, normalise(image[:, :, rows][..., columns]))
    # Of the answer only what lies on the image is left.
    assert answer[0, 1].tolist() == [[2, 3, 4], [10, 11, 12]]


def test_only_one_window_is_in_the_network_at_a_time():
    model = Whereabouts()
    sliding_logits(model, pixels(3, 3, 40, 60), (8, 12))
    assert {tuple(seen.shape) for seen in model.seen} == {(3, 3, 8, 12)}


def test_the_mean_of_two_probabilities():
    model, images = small_network().eval(), pixels(2, 3, 12, 17)
    with torch.no_grad():
        one = model(normalise(images)).softmax(1)
        other = model(normalise(images.flip(-1))).softmax(1).flip(-1)
    assert not torch.allclose(one, other, atol=1e-4)
    answer = flipped_logits(model, images)
    torch.testing.assert_close(answer.softmax(1), (one + other) / 2)
    torch.testing.assert_close(answer.exp().sum(1), torch.ones(2, 12, 17))


def test_a_loud_answer_has_no_more_of_a_say_than_one_that_is_sure():
    """A logit of -40 beside one of 3: their mean says no, the mean of the probabilities yes."""

    class Moody(nn.Module):
        def forward(self, images):
            loud = images[0, 0, 0, 0] < 0
            logits = [0.0, -40.0, -1.0] if loud else [-4.0, 3.0, -1.0]
            return torch.tensor(logits)[None, :, None, None].expand(1, 3, *images.shape[-2:])

    image = torch.zeros(1, 3, 2, 4, dtype=torch.uint8)
    image[..., -1] = 255
    probabilities = flipped_logits(Moody(), image)[0, :, 0, 0].softmax(0)
    expected = (
        torch.tensor([0.0, -40, -1]).softmax(0) + torch.tensor([-4.0, 3, -1]).softmax(0)
    ) / 2
    torch.testing.assert_close(probabilities, expected)
    assert probabilities.argmax() == 1


def test_huge_logits_stay_finite():
    model = nn.Conv2d(3, 5, 1)
    nn.init.normal_(model.weight, std=9000)
    assert flipped_logits(model, pixels(1, 3, 5, 7)).isfinite().all()


def test_windows_of_the_mirror_image_too():
    model, images = small_network().eval(), pixels(2, 3, 21, 34)
    windows = partial(sliding_logits, window=(8, 12))
    one = windows(model, images).softmax(1)
    other = windows(model, images.flip(-1)).softmax(1).flip(-1)
    answer = flipped_logits(model, images, logits=windows)
    torch.testing.assert_close(answer.softmax(1), (one + other) / 2)


@pytest.mark.parametrize(
    "logits", [partial(sliding_logits, window=(8, 12)), flipped_logits], ids=["windows", "flip"]
)
def test_evaluation_mode_is_used_and_every_part_put_back_into_its_own(logits):
    model = small_network().train()
    model[1].bridge.eval()  # frozen, as in fine-tuning
    before = [module.training for module in model.modules()]
    statistics = {name: buffer.clone() for name, buffer in model.named_buffers()}
    images = pixels(2, 3, 17, 23)
    answer = logits(model, images)
    assert [module.training for module in model.modules()] == before
    assert all(torch.equal(statistics[name], b) for name, b in model.named_buffers())
    assert not answer.requires_grad and answer.dtype == torch.float32
    assert torch.equal(predict(model, images, logits=logits), answer.argmax(1))


def test_a_data_set_is_scored_through_windows():
    torch.manual_seed(0)
    dataset, model = Blots(3, size=(20, 32), mask_scale=2), nn.Conv2d(3, 3, 7, padding="same")
    windows = partial(sliding_logits, window=(12, 20))
    expected = Scores(dataset.classes)
    for image, mask in dataset:
        expected.update(predict(model, image[None], mask.shape, windows), mask[None])
    scores = evaluate(model, dataset, batch_size=2, logits=windows)
    assert torch.equal(scores.confusion, expected.confusion)
    assert not torch.equal(evaluate(model, dataset).confusion, expected.confusion)


@pytest.mark.parametrize(
    ("window", "overlap", "sentence"),
    [
        ((8,), 0.5, "window=.*2 whole numbers, 1 or more"),
        (8, 0.5, "window=8.*2 whole numbers"),
        ((8, 0), 0.5, "window=.*1 or more"),
        (None, 0.5, "window=None"),
        ((8, 12), 1, "overlap=1.*below 1"),
        ((8, 12), -0.1, "overlap=-0.1"),
    ],
)
def test_impossible_windows_are_refused(window, overlap, sentence):
    with pytest.raises(ValueError, match=sentence):
        sliding_logits(point_by_point(), pixels(1, 3, 20, 30), window, overlap)


def test_a_network_without_an_answer_for_every_pixel_is_refused():
    with pytest.raises(ValueError, match="one answer per pixel"):
        sliding_logits(nn.Conv2d(3, 5, 3), pixels(1, 3, 20, 30), (8, 12))


def test_a_window_smaller_than_the_network_can_take_is_refused():
    with pytest.raises(ValueError, match="needs at least 4 pixels"):
        sliding_logits(UNet(3, (4, 6, 8)), pixels(1, 3, 20, 30), (3, 12))


@pytest.mark.skipif(not strict.is_possible(), reason="this PyTorch has no backends in Python")
def test_on_a_device_that_mixes_with_no_other():
    # In a process of its own: the device must be there before autograd first runs.
    script = Path(__file__).with_name("predict_on_strict.py")
    run = subprocess.run([sys.executable, "-W", "error", script], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
