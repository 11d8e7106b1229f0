"""One self-contained page of an explorer, for where there is no kernel and no network."""

import json
import os
import tempfile
from collections.abc import Iterable
from html import escape
from itertools import product
from pathlib import Path
from string import Template

from segviz.explainers.explainer import limits_of
from segviz.explorer.bundle import Bundle
from segviz.explorer.front import CODE, PAGE_CODE, STYLE, parameter_tables
from segviz.scenes import svg

PAGE = Path(__file__).parent / "page.html"
FITS = 1_930_000  # bytes of pictures, unless told what to vary: with its scripts a page is 2 MB
MOST = 50_000_000  # above this a browser no longer opens it with ease


def write_page(explorer, path: Path, vary: Iterable[str] | None) -> Path:
    """Writes the page; see `Explorer.save`. The file appears whole or not at all."""
    if vary is None:
        vary, frames = _as_many_as_fit(explorer)
    else:
        vary = _known(explorer, vary)
        frames = _frames(explorer, vary, MOST)
        if frames is None:
            raise ValueError(
                f"All states of {', '.join(vary)} together are more than {MOST // 1_000_000} MB,"
                " too much for a page. Name fewer parameters in vary."
            )
    html = _html(explorer, vary, frames)
    _write_whole(path, html)
    return path


def _known(explorer, vary) -> list[str]:
    names = [p.name for p in explorer.explainer.parameters]
    try:
        asked = [vary] if isinstance(vary, str) else list(vary)
    except TypeError:
        asked = [vary]
    for name in asked:
        if name not in names:
            raise ValueError(
                f"vary names {name!r}, which is no parameter; they are {', '.join(names)}."
            )
    return [name for name in names if name in asked]


def _as_many_as_fit(explorer) -> tuple[list[str], dict]:
    """The first parameters, in the order of the sliders, whose states fit into a page."""
    vary, frames = [], _frames(explorer, [], FITS)
    for parameter in explorer.explainer.parameters:
        more = _frames(explorer, [*vary, parameter.name], FITS)
        if more is None:
            break
        vary, frames = [*vary, parameter.name], more
    return vary, frames


def _frames(explorer, vary, most: int) -> dict | None:
    """All legal states that differ in `vary` only; None if they pass `most` bytes."""
    bundle = Bundle()
    for values in _states(explorer, vary):
        if not bundle.add(explorer.key(values), explorer.scene_of(values), most):
            return None
    return bundle.to_dict()


def _states(explorer, vary):
    """Every legal state that differs from the shown one in `vary` only, the shown one first."""
    shown, operation = explorer.values, explorer.explainer.operation
    yield shown
    parameters = [p for p in explorer.explainer.parameters if p.name in vary]
    choices = [
        product(p.values, p.values) if _unequal(shown) else ((v, v) for v in p.values)
        for p in parameters
    ]
    for chosen in product(*choices):
        values = shown | {p.name: both for p, both in zip(parameters, chosen, strict=True)}
        axes = ({name: both[axis] for name, both in values.items()} for axis in range(2))
        if values != shown and all(operation.legal(**axis) for axis in axes):
            yield values


def _unequal(values) -> bool:
    return any(rows != columns for rows, columns in values.values())


def _html(explorer, vary, frames) -> str:
    names = [p.name for p in explorer.explainer.parameters]
    shown = explorer.values
    limits = [
        limits_of(explorer.explainer, {n: shown[n][axis] for n in names if n not in vary})
        for axis in range(2)
    ]
    traits = explorer.picture_traits() | {
        "parameters": parameter_tables(limits, shown, vary, explorer.explainer.parameters),
        "controls": {
            "sliders": [[f"{name}-rows", f"{name}-columns"] for name in names],
            "unequal": "unequal",
        },
        "unequal": _unequal(shown),
        "eager": frames,
        "kernel": False,
        "now": {"pool": {}, "frames": {}},
    }
    rows = [
        _slider(p, axis, p.name in vary)
        for p in explorer.explainer.parameters
        for axis in ("rows", "columns")
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(explorer.scene.title),
        css=STYLE,
        sliders="\n".join(rows),
        still=svg(explorer.scene),
        # </script> inside a string must not end the script element
        traits=json.dumps(traits, ensure_ascii=False).replace("</", "<\\/"),
        code=CODE.replace("export default explorer;", "") + PAGE_CODE,
    )


def _slider(parameter, axis: str, varies: bool) -> str:
    identity = f"{parameter.name}-{axis}"
    fixed = "" if varies else ' <span class="sv-fixed">(fixed)</span>'
    return (
        f'<div class="sv-{axis}" id="{identity}">'
        f'<label class="widget-label" for="{identity}-range">'
        f"{escape(parameter.label)}{fixed}</label>"
        f'<input type="range" id="{identity}-range" disabled>'
        "<output></output></div>"
    )


def _write_whole(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise ValueError(
            f"The folder {path.parent} does not exist: make it first, or save elsewhere."
        )
    if path.is_dir():
        raise ValueError(
            f"{path} is a folder: give the name of a file, such as {path / 'page.html'}."
        )
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
