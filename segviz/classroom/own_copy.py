"""A learner's own copy of the course, and how an update reaches it without losing an answer.

`update(source, target)` copies what is new. The course's files as they were given are kept in
`target/.as_given`, so the next update can tell what the learner changed from what the course did:
the new version comes in, and the learner's own cells go back into it. Whatever has no place in the
new version stays in a file beside it, `05_x.ipynb.before-update`.
"""

import copy
from itertools import count
from pathlib import Path

from segviz.whole_file import write_whole

AS_GIVEN = ".as_given"
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", AS_GIVEN}


def update(source, target) -> list[str]:
    """Brings the course into the learner's folder; returns a sentence for every file it touched.

    source: folder of the course's notebooks. target: the learner's folder, made if it is missing.
    Notebooks are merged cell by cell (by cell id); other files are replaced, and kept as a backup
    where the learner changed them. ValueError, in a sentence, where one folder lies in the other
    or the source has no notebook; nothing is changed then.
    """
    source, target = Path(source).expanduser().resolve(), Path(target).expanduser().resolve()
    if not any(source.glob("*.ipynb")):
        raise ValueError(f"There are no notebooks in {source}: name the folder of the course.")
    if source == target or source in target.parents or target in source.parents:
        raise ValueError(f"{target} and {source} lie in each other: choose a folder of your own.")
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    told = []
    for name in files:
        if not LEFT_OUT & set(name.parts) and not name.name.startswith(".progress"):
            told += update_file(source / name, target / name, target / AS_GIVEN / name)
    return told


def update_file(new: Path, mine: Path, given: Path) -> list[str]:
    """Brings one file up to date: `given` is the course's version of last time, if there is one."""
    fresh = new.read_bytes()
    before = given.read_bytes() if given.exists() else None
    told = []
    if not mine.exists():
        write_whole(mine, fresh)
        told = [f"{mine.name}: new."]
    elif fresh != before and mine.read_bytes() != fresh:
        told = [bring_in(fresh, mine, before)]
    if fresh != before:
        write_whole(given, fresh)
    return told


def bring_in(fresh: bytes, mine: Path, before: bytes | None) -> str:
    """Puts the new version in the place of the learner's, with the answers that belong in it."""
    own = mine.read_bytes()
    if own == before:
        write_whole(mine, fresh)
        return f"{mine.name}: updated."
    content, all_kept = (fresh, False)
    if mine.suffix == ".ipynb":
        content, all_kept = merged_file(own, before, fresh)
    if all_kept:
        write_whole(mine, content)
        return f"{mine.name}: updated, with your answers in it."
    backup = next(p for n in count(1) if not (p := backup_name(mine, n)).exists())
    write_whole(backup, own)
    write_whole(mine, content)
    return f"{mine.name}: updated; all that you had is in {backup.name}, too."


def merged_file(own: bytes, before: bytes | None, fresh: bytes) -> tuple[bytes, bool]:
    """The notebook to write, and whether all of the learner's is in it."""
    import nbformat

    new = nbformat.reads(fresh.decode("utf-8"), as_version=4)
    try:
        mine = nbformat.reads(own.decode("utf-8"), as_version=4)
        ids = [cell.id for cell in mine.cells]
    except (
        ValueError,
        AttributeError,
        KeyError,
        nbformat.ValidationError,
    ):  # damaged, or a format without ids
        return fresh, False  # it is kept as it is, beside the new one
    if len(set(ids)) < len(ids):
        return fresh, False
    given = nbformat.reads(before.decode("utf-8"), as_version=4) if before else None
    result, all_kept = merged(mine, given, new)
    return nbformat.writes(result).encode("utf-8"), all_kept


def merged(mine, given, new):
    """The new notebook with the learner's cells, and whether all of these found their place.

    A cell that the learner changed goes into its place; where the course changed it as well, an
    exercise keeps the learner's answer, and another cell becomes the course's. Cells that the
    learner added stay behind the cell that they followed. given: None where it is not known.
    """
    result = copy.deepcopy(new)
    given_of = {cell.id: cell for cell in given.cells} if given else {}
    place_of = {cell.id: cell for cell in result.cells}
    all_kept, previous = given is not None, None
    for cell in mine.cells:
        place, was = place_of.get(cell.id), given_of.get(cell.id)
        if place is None and was is None:  # the learner's own cell
            at = 0 if previous is None else result.cells.index(previous) + 1
            previous = copy.deepcopy(cell)
            result.cells.insert(at, previous)
            continue
        changed = was is None or cell.source != was.source
        if place is not None:
            previous = place
        if not changed or (place is not None and cell.source == place.source):
            continue
        if place is None:
            all_kept = False
            continue
        moved_on = was is None or place.source != was.source
        if not moved_on or "exercise" in place.metadata.get("tags", []):
            place.source = cell.source
            if place.cell_type == "code":  # to be run again: what it showed was the stub's
                place.outputs, place.execution_count = [], None
        all_kept &= not moved_on
    return result, all_kept


def backup_name(mine: Path, number: int) -> Path:
    return mine.with_name(f"{mine.name}.before-update{'' if number == 1 else f'-{number}'}")
