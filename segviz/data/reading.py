"""One image or mask file to an array, or a sentence about what is wrong with it."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .errors import DataError

_ORIENTATION = 0x0112  # EXIF tag
_SIDEWAYS = (5, 6, 7, 8)  # its values that swap width and height
_EIGHT_BIT_MODES = ("1", "L", "P", "LA", "PA", "RGB", "RGBA", "CMYK", "YCbCr")


def read_image(path: Path) -> Image.Image:
    """A photograph as an upright RGB picture.

    The orientation that cameras note in EXIF is applied. Grey and palette pictures become RGB;
    CMYK is converted by Pillow's plain formula, without colour management. Alpha is dropped where
    everything is opaque.

    Raises:
        DataError: for a damaged file, 16-bit grey, or transparent pixels.
    """
    stored = _decoded(path)
    if stored.mode not in _EIGHT_BIT_MODES:
        raise DataError(
            f"{path} holds 16-bit grey values (mode {stored.mode}); networks here take 8 bits, and "
            "how to get there depends on the camera: 12 bits stored in 16 would come out almost "
            "black. Scale it, for instance (a / a.max() * 255).astype('uint8') with one maximum "
            "for all images, and save that as PNG."
        )
    upright = ImageOps.exif_transpose(stored)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        if upright.getextrema()[3][0] < 255:
            raise DataError(
                f"{path} has transparent pixels, and what lies under them is not defined. Flatten "
                "it onto a background of your choice and save it as RGB."
            )
    return upright.convert("RGB")


def read_mask(path: Path) -> np.ndarray:
    """The labels of a palette or grey PNG as they are stored, in whole numbers: (H, W).

    Raises:
        DataError: for a damaged file, a lossy format, or colours instead of labels.
    """
    stored = _decoded(path)
    if stored.format != "PNG":
        raise DataError(
            f"{path} is {stored.format} data under the name of a PNG. A mask must be a true PNG: "
            "lossy formats such as JPEG blur labels into labels of other classes. Export it again "
            "from the tool that drew it."
        )
    if stored.mode not in ("1", "L", "P", "I;16", "I;16B", "I"):
        raise DataError(
            f"{path} holds colours (mode {stored.mode}), not labels. A mask is a grey or palette "
            "PNG whose pixel values are the numbers of the classes. Export it as such; if red, "
            "green and blue are equal, PIL.Image.open(path).getchannel(0).save(path) is enough."
        )
    labels = np.array(stored).astype(np.uint8 if stored.mode in ("1", "L", "P") else np.int64)
    return labels // np.uint8(_grey_step(path)) if stored.mode == "L" else labels  # (H, W)


def stored_size(path: Path) -> tuple[int, int]:
    """(height, width) of a photograph held upright."""
    with _opened(path) as picture:
        width, height = picture.size
    return (width, height) if is_turned_by_exif(path) else (height, width)


def is_turned_by_exif(path: Path) -> bool:
    """Whether the photograph is stored on its side, with a note for viewers to turn it."""
    with _opened(path) as picture:
        try:
            return picture.getexif().get(_ORIENTATION) in _SIDEWAYS
        except Exception as error:  # a PNG may keep the note behind its pixels
            raise _damaged(path, error) from error


def _grey_step(path: Path) -> int:
    """PNG may store grey in 2 or 4 bits. Pillow then stretches it to 0..255 (label 1 of 4 bits
    becomes 17), which is right for pictures and wrong for labels; this is the factor to undo."""
    with path.open("rb") as file:
        bits = file.read(25)[24]  # PNG specification, 11.2.1: the bit depth in the IHDR chunk
    return 255 // (2**bits - 1) if bits < 8 else 1


def _decoded(path: Path) -> Image.Image:
    with _opened(path) as picture:
        try:
            picture.load()
        except Exception as error:
            raise _damaged(path, error) from error
    return picture


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path} has more pixels than Pillow is willing to read ({error}). Make it smaller, or "
            "raise PIL.Image.MAX_IMAGE_PIXELS if you trust the file."
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}.") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error and others
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be read: it is cut short, damaged or not an image "
        f"({type(error).__name__}: {error}). Copy it again from where it came from, or remove it "
        "together with its partner."
    )
