"""Predictions and scores at the masks' own size."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from toys import Blots, small_network

from segviz.data import DataError, normalise
from segviz.models import UNet
from segviz.training import Scores, evaluate, predict, resize_logits
from segviz.training.batches import training_batches
from segviz.training.prediction import compute_logits


def test_a_cpu_trains_in_half_precision_and_answers_in_single(monkeypatch):
    monkeypatch.setattr("segviz.training.prediction.autocast_dtype", lambda device: torch.bfloat16)
    model, images = small_network(), torch.zeros(2, 3, 8, 12, dtype=torch.uint8)
    assert compute_logits(model.train(), images).dtype is torch.bfloat16
    assert compute_logits(model.eval(), images).dtype is torch.float32


def test_logits_are_interpolated_before_the_classes_are_chosen():
    model = nn.Conv2d(3, 3, kernel_size=1)  # rough logits: neighbours differ as pixels do
    images = torch.randint(0, 256, (2, 3, 12, 20), dtype=torch.uint8)
    with torch.no_grad():
        logits = model(normalise(images))
    large = F.interpolate(logits, (25, 41), mode="bilinear", align_corners=False)
    predicted = predict(model, images, (25, 41))
    assert predicted.shape == (2, 25, 41)
    # Half precision may tip a pixel on the fence, no more.
    assert (predicted == large.argmax(1)).float().mean() > 0.98
    assert resize_logits(logits, (12, 20)) is logits


def test_a_model_is_left_in_the_mode_that_each_of_its_parts_was_in():
    model = small_network().train()
    model[1].bridge.eval()  # frozen, as in fine-tuning
    before = [module.training for module in model.modules()]
    predict(model, torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    assert [module.training for module in model.modules()] == before
    assert True in before and False in before


def test_the_mode_of_evaluation_is_used():
    model = nn.Sequential(nn.Dropout(0.99), UNet(3, (4, 6)))
    images = torch.randint(0, 256, (1, 3, 12, 20), dtype=torch.uint8)
    assert torch.equal(predict(model, images), predict(model, images))


def test_a_data_set_is_scored_at_the_size_of_each_mask():
    class Mixed(Blots):
        """Images and masks of two sizes, in runs of unequal length."""

        def __getitem__(self, index):
            image, mask = super().__getitem__(index)
            return (image[:, :8], mask[:16]) if index in (1, 2, 6) else (image, mask)

    dataset, model = Mixed(7, mask_scale=2), small_network()
    expected = Scores(dataset.classes)
    for image, mask in dataset:
        expected.update(predict(model, image[None], mask.shape), mask[None])
    assert torch.equal(evaluate(model, dataset, batch_size=3).confusion, expected.confusion)
    assert expected.confusion.sum() == sum(int((mask != 255).sum()) for _, mask in dataset)


class Damaged(Blots):
    """The third item cannot be read."""

    def __getitem__(self, index):
        if index == 2:
            raise DataError("masks/third.png cannot be read: it is cut short.")
        return super().__getitem__(index)


class Mixed(Blots):
    def __getitem__(self, index):
        image, mask = super().__getitem__(index)
        return (image[:, :8], mask[:8]) if index % 2 else (image, mask)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python's advice to torch
@pytest.mark.parametrize("workers", [0, 1])
def test_a_worker_tells_of_bad_data_in_the_same_words_as_everybody(workers):
    with pytest.raises(DataError) as scoring:
        evaluate(small_network(), Damaged(4), batch_size=2, workers=workers)
    with pytest.raises(DataError) as training:
        list(training_batches(Damaged(4), 2, torch.Generator(), workers))
    for caught in (scoring, training):
        assert str(caught.value) == "masks/third.png cannot be read: it is cut short."
    with pytest.raises(ValueError, match=r"^A training batch holds images of different sizes"):
        list(training_batches(Mixed(4), 4, torch.Generator(), workers))
