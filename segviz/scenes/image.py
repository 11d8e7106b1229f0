"""Pictures made of pixels, as addresses that carry the whole file: the `image` of a Board."""

import io
from base64 import b64encode

import numpy as np


def address(pixels: np.ndarray, *, lossless: bool = True) -> str:
    """A data address of a picture.

    pixels: uint8 array (rows, columns, 3) or (rows, columns, 4), the fourth channel being opacity.
    lossless: PNG; else JPEG (photographs, a fifth of the size), which has no opacity.
    """
    from PIL import Image  # only the explainers with photographs pay for it

    picture, file = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if lossless:
        picture.save(file, "PNG", optimize=True)
    else:
        picture.convert("RGB").save(file, "JPEG", quality=88)
    kind = "png" if lossless else "jpeg"
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"
