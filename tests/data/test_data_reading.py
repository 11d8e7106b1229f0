import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from segviz.data import DataError
from segviz.data.reading import read_image, read_mask, stored_size

PIXELS = np.random.default_rng(3).integers(0, 256, (10, 14, 3), dtype=np.uint8)


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def grey_png(path, labels: np.ndarray, bits: int):
    """A grey PNG of 1, 2, 4 or 8 bits per pixel, written by hand after the specification."""
    height, width = labels.shape
    as_bits = (labels[..., None] >> np.arange(bits)[::-1]) & 1  # (H, W, bits)
    rows = np.packbits(as_bits.reshape(height, -1), axis=1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b"")):
        checksum = zlib.crc32(kind + content)
        png += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
    path.write_bytes(png)
    return path


# What a viewer does with a stored picture, for each EXIF orientation (EXIF 2.32, tag 0x0112).
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photographs_are_turned_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS), exif=exif)
    expected = UPRIGHT[orientation](PIXELS)
    np.testing.assert_array_equal(np.asarray(read_image(path)), expected)
    assert stored_size(path) == expected.shape[:2]


def test_a_jpeg_is_turned_as_well(tmp_path):
    half = np.zeros((16, 32, 3), np.uint8)
    half[:, :16] = 255  # white on the left; turned clockwise, white is on top
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.jpg", Image.fromarray(half), exif=exif)
    upright = np.asarray(read_image(path))
    assert upright.shape == (32, 16, 3)
    assert upright[:14].min() > 240 and upright[18:].max() < 15
    assert stored_size(path) == (32, 16)


def test_grey_becomes_three_equal_channels(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS[..., 0]))
    np.testing.assert_array_equal(np.asarray(read_image(path)), PIXELS[..., :1].repeat(3, 2))


def test_palette_photographs_take_their_colours(tmp_path):
    colours = Image.fromarray(PIXELS).quantize(16)
    path = saved(tmp_path / "a.png", colours)
    np.testing.assert_array_equal(np.asarray(read_image(path)), np.asarray(colours.convert("RGB")))


def test_opaque_alpha_is_dropped(tmp_path):
    opaque = np.concatenate([PIXELS, np.full((10, 14, 1), 255, np.uint8)], axis=2)
    path = saved(tmp_path / "a.png", Image.fromarray(opaque))
    np.testing.assert_array_equal(np.asarray(read_image(path)), PIXELS)


def test_transparent_pixels_are_refused(tmp_path):
    veiled = np.concatenate([PIXELS, np.full((10, 14, 1), 255, np.uint8)], axis=2)
    veiled[4, 5, 3] = 254
    path = saved(tmp_path / "a.png", Image.fromarray(veiled))
    with pytest.raises(DataError, match="a.png has transparent pixels"):
        read_image(path)


def test_a_transparent_palette_colour_is_refused(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS).quantize(4), transparency=0)
    with pytest.raises(DataError, match="transparent"):
        read_image(path)


def test_cmyk_photographs_keep_their_colours(tmp_path):
    plain = Image.new("RGB", (16, 16), (180, 60, 220))
    path = saved(tmp_path / "a.jpg", plain.convert("CMYK"), quality=98)
    np.testing.assert_allclose(np.asarray(read_image(path))[8, 8], (180, 60, 220), atol=4)


def test_16_bit_grey_is_refused_with_a_remedy(tmp_path):
    deep = np.arange(140, dtype=np.uint16).reshape(10, 14) * 400
    path = saved(tmp_path / "a.png", Image.fromarray(deep))
    with pytest.raises(DataError, match="16-bit.*astype\\('uint8'\\)"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("kept", [0, 1, 20, 0.5, 0.9])
@pytest.mark.parametrize("read", [read_image, read_mask])
def test_truncated_files_are_named(tmp_path, name, kept, read):
    path = saved(tmp_path / name, Image.fromarray(PIXELS.repeat(9, 0).repeat(9, 1)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(DataError, match=rf"{name} cannot be read.*cut short"):
        read(path)


def test_a_damaged_png_is_named(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_image(path)


def test_what_is_no_image_is_named(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("<html>404 not found</html>")
    with pytest.raises(DataError, match="not an image"):
        read_image(path)


def test_a_file_that_vanished_is_named(tmp_path):
    with pytest.raises(DataError, match="gone.png cannot be opened"):
        read_image(tmp_path / "gone.png")


def test_a_picture_too_large_for_pillow_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    with pytest.raises(DataError, match="more pixels than Pillow"):
        read_image(path)


LABELS = np.array([[0, 1, 2, 3, 1], [3, 2, 1, 0, 0], [1, 1, 0, 2, 3]], np.uint8)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_grey_masks_of_few_bits_keep_their_labels(tmp_path, bits):
    path = grey_png(tmp_path / "a.png", LABELS, bits)
    np.testing.assert_array_equal(read_mask(path), LABELS)


def test_one_bit_masks_hold_0_and_1(tmp_path):
    path = grey_png(tmp_path / "a.png", LABELS % 2, 1)
    np.testing.assert_array_equal(read_mask(path), LABELS % 2)


@pytest.mark.parametrize("colours", [4, 256])
def test_palette_masks_hold_indices_whatever_their_colours(tmp_path, colours):
    picture = Image.fromarray(LABELS)
    picture.putpalette(np.random.default_rng(0).integers(0, 256, 3 * colours).tolist())
    path = saved(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(read_mask(path), LABELS)


def test_16_bit_masks_are_read_exactly(tmp_path):
    deep = LABELS.astype(np.uint16) * 300
    path = saved(tmp_path / "a.png", Image.fromarray(deep))
    np.testing.assert_array_equal(read_mask(path), deep)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_coloured_masks_are_refused(tmp_path, mode):
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS).convert(mode))
    with pytest.raises(DataError, match=f"a.png holds colours \\(mode {mode}\\), not labels"):
        read_mask(path)


def test_a_jpeg_under_the_name_of_a_png_is_refused_as_a_mask(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(LABELS), format="JPEG")
    with pytest.raises(DataError, match="JPEG data under the name of a PNG"):
        read_mask(path)
