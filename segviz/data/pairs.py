"""Which image belongs to which mask, by name alone; no file is opened."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from .errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MASK_SUFFIXES = (".png",)
_LEFT_BY_THE_SYSTEM = ("thumbs.db", "desktop.ini")
_SHOWN = 10  # sentences in one message; more would hide the first


class Pair(NamedTuple):
    image: Path
    mask: Path


def find_pairs(root: Path) -> list[Pair]:
    """The pairs under root/images and root/masks, sorted by name.

    Raises:
        DataError: naming every file without a partner, of another type, or with a doubled name,
            or the folder that is missing or empty.
    """
    folders = _existing_folders(root)
    problems: list[str] = []
    images = _by_stem(folders[0], IMAGE_SUFFIXES, problems)
    masks = _by_stem(folders[1], MASK_SUFFIXES, problems)

    no_mask, no_image = images.keys() - masks.keys(), masks.keys() - images.keys()
    for stem in sorted(no_mask):
        problems.append(_lonely(images[stem], "mask", f"{folders[1] / stem}.png", no_image))
    for stem in sorted(no_image):
        wanted = f"{folders[0] / stem}.jpg, .jpeg or .png"
        problems.append(_lonely(masks[stem], "image", wanted, no_mask))

    if problems:
        raise DataError(_together(root, problems))
    if not images:
        raise DataError(
            f"{folders[0]} and {folders[1]} are empty. Put photographs (PNG or JPEG) into the "
            "first and a mask of the same name for each (PNG) into the second."
        )
    return [Pair(images[stem], masks[stem]) for stem in sorted(images)]


def _existing_folders(root: Path) -> tuple[Path, Path]:
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(
            f"The data folder {root} {what}. Give the folder that holds images/ and masks/ "
            f"(relative paths start at {Path.cwd()})."
        )
    folders = root / "images", root / "masks"
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        inside = sorted(p.name for p in root.iterdir() if p.is_dir()) or ["no folder"]
        raise DataError(
            f"There is no folder {' and no folder '.join(map(str, missing))}. A data folder holds "
            f"images/ and masks/ with files of the same names; {root} holds "
            f"{', '.join(inside[:8])}."
        )
    return folders


def _by_stem(folder: Path, suffixes: tuple[str, ...], problems: list[str]) -> dict[str, Path]:
    """Files by their name without suffix; what does not belong is told in `problems`."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.lower() in _LEFT_BY_THE_SYSTEM:
            continue
        stem = normalize("NFC", path.stem)  # macOS may store an accented letter as two characters
        if path.is_dir():
            problems.append(f"{path} is a folder; put its files directly into {folder}.")
        elif path.suffix.lower() not in suffixes:
            problems.append(_wrong_type(path, suffixes))
        elif stem in found:
            problems.append(f"{path} and {found[stem]} have the same name; remove one.")
        if not path.is_dir():  # a file of the wrong type is no missing partner as well
            found.setdefault(stem, path)
    return found


def _wrong_type(path: Path, suffixes: tuple[str, ...]) -> str:
    if suffixes == MASK_SUFFIXES and path.suffix.lower() in IMAGE_SUFFIXES:
        return (
            f"{path} is a JPEG, and JPEG is lossy: near edges it invents values, which would be "
            "labels of other classes. Export the mask as PNG from the tool that drew it; "
            "converting this file does not bring the labels back."
        )
    kinds = " or ".join(suffix[1:].upper() for suffix in suffixes if suffix != ".jpg")
    return f"{path} is not a {kinds} file. Convert it, or move it out of the folder."


def _lonely(path: Path, partner: str, wanted: str, candidates: Iterable[str]) -> str:
    near = get_close_matches(path.stem, sorted(candidates), n=1, cutoff=0.7)
    hint = f" (is it {near[0]!r}, under another name?)" if near else ""
    return f"{path} has no {partner}{hint}. Add {wanted}, or remove the file."


def _together(root: Path, problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    listed = [f"  {problem}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        listed.append(f"  and {len(problems) - _SHOWN} more.")
    return f"{root} has {len(problems)} problems:\n" + "\n".join(listed)
