import numpy as np
import pytest
import torch

from segviz.data import (
    DataError,
    Folder,
    Scenes,
    class_frequencies,
    median_frequency_weights,
    normalise,
)


def test_frequencies_are_shares_of_the_labelled_pixels_of_all_masks(album):
    album.photograph("a.png", size=(2, 3))
    album.mask("a.png", labels=np.array([[0, 0, 255], [1, 255, 255]], np.uint8))
    album.photograph("b.png", size=(1, 5))
    album.mask("b.png", labels=np.array([[1, 1, 1, 1, 1]], np.uint8))
    frequencies = class_frequencies(Folder(album.root, ("x", "y", "z")))
    assert frequencies.dtype == np.float64
    np.testing.assert_allclose(frequencies, [2 / 8, 6 / 8, 0])


def test_nothing_labelled_is_refused(album):
    album.photograph("a.png", size=(2, 3))
    album.mask("a.png", labels=np.full((2, 3), 255, np.uint8))
    with pytest.raises(DataError, match="no labelled pixel"):
        class_frequencies(Folder(album.root, ("x", "y")))


def test_frequencies_of_scenes_do_not_paint_images(monkeypatch):
    from segviz.data import scenes

    monkeypatch.delattr(scenes, "paint")
    assert class_frequencies(Scenes(3, size=32)).sum() == pytest.approx(1)


def test_weights_are_the_root_of_median_over_frequency():
    weights = median_frequency_weights(np.array([0.64, 0.16, 0.04, 0.16]))
    assert weights.dtype == torch.float32
    np.testing.assert_allclose(weights, [0.5, 1, 2, 1])


@pytest.mark.parametrize(
    ("power", "expected"), [(1, [0.25, 1, 4, 1]), (0, [1, 1, 1, 1]), (0.5, [0.5, 1, 2, 1])]
)
def test_the_power_says_how_much_of_it(power, expected):
    weights = median_frequency_weights(np.array([0.64, 0.16, 0.04, 0.16]), power=power)
    np.testing.assert_allclose(weights, expected)


def test_a_class_that_never_occurs_weighs_nothing_and_is_named():
    with pytest.warns(UserWarning, match="No pixel of these masks belongs to class 1:"):
        weights = median_frequency_weights([0.64, 0, 0.04, 0.32])
    np.testing.assert_allclose(weights, np.sqrt([0.5, 0, 8, 1]), rtol=1e-6)
    with pytest.warns(UserWarning, match="belongs to tree, sky:"):
        median_frequency_weights([0.5, 0, 0.5, 0], ("road", "tree", "dog", "sky"))


@pytest.mark.parametrize("wrong", [[0, 0], [-0.1, 1.1], [[0.5, 0.5]], [float("nan"), 1]])
def test_impossible_frequencies_are_refused(wrong):
    with pytest.raises(DataError, match="Class frequencies are"):
        median_frequency_weights(np.array(wrong))


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5)])
def test_normalise_maps_0_to_minus_1_and_255_to_1(shape):
    images = torch.zeros(shape, dtype=torch.uint8)
    images[..., 0, 0] = 255
    images[..., 0, 1] = 51
    seen = normalise(images)
    assert seen.dtype == torch.float32 and seen.shape == shape
    assert (seen[..., 0, 0] == 1).all() and (seen[..., 2:, :] == -1).all()
    torch.testing.assert_close(seen[..., 0, 1], torch.full(shape[:-2], -0.6))
    assert images[..., 0, 0].eq(255).all()  # the pixels are left as they were


def test_normalise_keeps_the_memory_format_and_the_device():
    images = torch.zeros(2, 3, 4, 6, dtype=torch.uint8).to(memory_format=torch.channels_last)
    assert normalise(images).is_contiguous(memory_format=torch.channels_last)
    assert normalise(images.to("meta")).device.type == "meta"


def test_normalised_images_are_not_normalised_again():
    with pytest.raises(DataError, match="float32"):
        normalise(torch.zeros(3, 4, 5))
