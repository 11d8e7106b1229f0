import numpy as np
import pytest

from segviz.data import textures
from segviz.data.draws import BELL_SPREAD, Draws, bell_noise, bytes_from


def test_numbers_come_from_the_raw_stream_of_pcg64():
    raw = np.random.PCG64([3, 99]).random_raw(300).tolist()
    draws = Draws(99, 3)
    assert [draws.below(1000) for _ in range(300)] == [(r >> 32) * 1000 >> 32 for r in raw]


def test_bytes_are_little_endian_whatever_the_machine():
    raw = np.random.PCG64([3, 99]).random_raw(3).tolist()
    expected = b"".join(number.to_bytes(8, "little") for number in raw)
    assert bytes_from(99, 3, 21).tobytes() == expected[:21]


def test_below_and_between_reach_every_number_and_no_other():
    draws = Draws(0, 0)
    assert {draws.below(7) for _ in range(400)} == set(range(7))
    assert {draws.between(-2, 3) for _ in range(400)} == set(range(-2, 4))
    assert {draws.one_of("abc") for _ in range(100)} == set("abc")


def test_bell_is_centred_and_has_the_stated_spread():
    draws = Draws(5, 0)
    sample = np.array([draws.bell() for _ in range(4000)])
    noise = bell_noise(5, 1, 60, 80)
    for values in (sample, noise):
        assert abs(values.mean()) < 4 * BELL_SPREAD / np.sqrt(values.size)
        assert values.std() == pytest.approx(BELL_SPREAD, rel=0.05)
    assert noise.shape == (60, 80)
    neighbours = np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.06


def test_textures_are_centred_with_the_stated_deviation():
    bank = textures.bank()
    assert len(bank) == textures.TEXTURE_COUNT
    for texture in bank:
        assert texture.dtype == np.int16
        assert abs(texture).max() <= 127
        assert texture.mean() == pytest.approx(0, abs=1)
        assert texture.std() == pytest.approx(textures.DEVIATION, rel=0.06)  # clipping takes some


def test_a_texture_is_its_photograph_up_to_brightness_and_contrast():
    from skimage import data
    from skimage.color import rgb2gray

    coffee = textures.bank()[textures.PHOTOGRAPHS.index("coffee")]
    likeness = np.corrcoef(coffee.ravel(), rgb2gray(data.coffee()).ravel())[0, 1]
    assert likeness > 0.99


def test_crop_is_a_window_and_mirrors_beyond_the_border():
    texture = np.arange(12, dtype=np.int16).reshape(3, 4)
    np.testing.assert_array_equal(textures.crop(texture, 1, 0, 2, 3), texture[1:3, :3])
    mirrored = np.pad(texture, ((0, 6), (0, 9)), mode="symmetric")
    np.testing.assert_array_equal(textures.crop(texture, 0, 0, 9, 13), mirrored)
    np.testing.assert_array_equal(textures.crop(texture, 2, 3, 5, 7), mirrored[2:7, 3:10])


def test_other_photographs_are_noticed(monkeypatch):
    monkeypatch.setattr(textures, "_photograph", lambda name: np.arange(64).reshape(8, 8))
    textures.bank.cache_clear()
    try:
        with pytest.warns(UserWarning, match="other photographs"):
            textures.bank()
    finally:
        textures.bank.cache_clear()
