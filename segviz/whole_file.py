"""Files that are written whole or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: str | Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Fill a new file beside ``path``, and put it in the place of ``path`` when it is complete.

    A process that is killed half way leaves the old file as it was (and a ``.part`` beside it,
    which the next write replaces). A folder that is missing is made; a file that is replaced hands
    on its permissions.

    Args:
        content: the bytes, or a function that writes them into a file that is open.

    Raises:
        OSError: if the file cannot be written there; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            content(file) if callable(content) else file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
