"""Checkpoints: all that a run needs to go on from there."""

from pathlib import Path

import torch

from segviz.whole_file import write_whole


def save_checkpoint(path: str | Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dictionaries) whole."""
    write_whole(path, lambda file: torch.save(state, file))


def load_checkpoint(path: str | Path) -> dict:
    """Read what :func:`save_checkpoint` wrote, onto the CPU.

    Only data is read, never code, so a file from somebody else can do no harm.

    Raises:
        OSError: if there is no file, or it may not be opened.
        ValueError: if the file is no checkpoint of this course.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch raises whatever its unpickler trips over
        raise ValueError(
            f"{path} is no checkpoint, or a damaged one: PyTorch cannot read it. Give the file "
            f"that a run wrote, or another name to begin anew."
        ) from error
    if not isinstance(state, dict) or "configuration" not in state:
        raise ValueError(f"{path} is no checkpoint of segviz.training.fit.")
    return state


def check_same_configuration(path: str | Path, saved: dict, asked: dict) -> None:
    """Raise ValueError, naming what differs, unless both configurations are equal."""
    differences = [
        f"{name} was {saved.get(name)!r} and is now {asked.get(name)!r}"
        for name in sorted(saved.keys() | asked.keys())
        if saved.get(name) != asked.get(name)
    ]
    if differences:
        raise ValueError(
            f"The checkpoint {path} belongs to another run: {'; '.join(differences)}. Continue "
            f"with the old settings, or give another file to begin anew."
        )
