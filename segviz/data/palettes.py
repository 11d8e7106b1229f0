"""Colours for classes that people with any common kind of colour vision can tell apart."""

import numpy as np

from .dataset import IGNORE_INDEX
from .errors import DataError

SCENE_PALETTE = np.array(
    [
        (51, 51, 51),  # background: dark grey, so that the things stand out
        (213, 94, 0),  # ball: vermilion
        (86, 180, 233),  # box: sky blue
        (240, 228, 66),  # star: yellow
        (0, 114, 178),  # cat: blue
        (0, 158, 115),  # pole: bluish green
    ],
    np.uint8,
)
"""Colours for the procedural scenes, from the palette of Okabe and Ito, "Color universal design"
(2008), which people with any common kind of colour vision can tell apart."""

_EYES = np.array(
    [
        np.eye(3),
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ]
)  # (eyes, 3, 3), on linear RGB


def distinct_colours(count: int) -> np.ndarray:
    """As many colours as asked for, as different as can be for normal and colour-blind eyes.

    The first six are those of the scenes. Each further one is, among a grid of colours, the one
    farthest from all before it in CIELAB, seen by the eyes that tell it apart worst: normal,
    protanope or deuteranope (matrices of Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009,
    severity 1). Beyond about a dozen no set of colours is easy to tell apart.

    Returns:
        uint8 (count, 3).

    Raises:
        DataError: unless 1 <= count <= 255.
    """
    if not 1 <= count <= IGNORE_INDEX:
        raise DataError(f"There can be 1 to {IGNORE_INDEX} classes; you asked for {count} colours.")
    steps = np.linspace(0, 255, 7).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    candidates = np.concatenate([SCENE_PALETTE, grid])  # (C, 3)
    seen = _as_seen(candidates)  # (eyes, C, 3)

    chosen = list(range(min(count, len(SCENE_PALETTE))))
    nearest = np.min([_differences(seen, index) for index in chosen], axis=0)  # (C,)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _differences(seen, chosen[-1]))
    return candidates[chosen]


def voc_colours(count: int) -> np.ndarray:
    """The colours that Pascal VOC stores its masks with: uint8 (count, 3), count at most 256.

    The bits of a label, three at a time from the lowest on, are the bits of red, green and blue
    from the highest on (Everingham et al., the VOC development kit, `VOClabelcolormap.m`).
    """
    labels = np.arange(count)[:, None]  # (count, 1)
    shifts = np.arange(3)  # red, green, blue
    colours = np.zeros((count, 3), int)
    for level in range(3):
        colours |= (labels >> (3 * level + shifts) & 1) << (7 - level)
    return colours.astype(np.uint8)


def _as_seen(colours: np.ndarray) -> np.ndarray:
    """CIELAB of uint8 (C, 3) for each pair of eyes: float (eyes, C, 3)."""
    from skimage.color import rgb2xyz, xyz2lab  # slow to import, seldom needed

    xyz_to_linear = np.linalg.inv(rgb2xyz(np.eye(3)))
    linear = rgb2xyz(colours) @ xyz_to_linear
    seen = np.einsum("eij,cj->eci", _EYES, linear).clip(0, 1)
    return xyz2lab(seen @ np.linalg.inv(xyz_to_linear))


def _differences(seen: np.ndarray, index: int) -> np.ndarray:
    """The least difference over all eyes between one colour and each of them: (C,)."""
    return np.linalg.norm(seen - seen[:, index : index + 1], axis=-1).min(axis=0)
