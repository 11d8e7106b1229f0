"""One self-contained page of an explorer, for where there is no kernel and no network."""

import json
from collections.abc import Iterable
from html import escape
from itertools import product
from pathlib import Path
from string import Template

from segviz.explainers.explainer import limits_of
from segviz.explorer.bundle import Bundle
from segviz.explorer.controls import AXES
from segviz.explorer.front import CODE, PAGE_CODE, STYLE, parameter_tables
from segviz.whole_file import write_whole

PAGE = Path(__file__).parent / "page.html"
FITS = 1_930_000  # bytes of pictures, unless told what to vary: with its scripts a page is 2 MB
MOST = 50_000_000  # above this a browser no longer opens it with ease


def write_page(explorer, path: Path, vary: Iterable[str] | None) -> Path:
    """Writes the page; see `Explorer.save`. The file appears whole or not at all."""
    if vary is None:
        vary, frames = as_many_as_fit(explorer, FITS)
    else:
        vary = _known(explorer, vary)
        frames = _frames(explorer, vary, MOST)
        if frames is None:
            raise ValueError(
                f"All states of {', '.join(vary)} together are more than {MOST // 1_000_000} MB,"
                " too much for a page. Name fewer parameters in vary."
            )
    title = escape(explorer.scene.title)
    write_html(path, page_of(title, section_of(explorer, vary, frames)))
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


def as_many_as_fit(explorer, most: int) -> tuple[list[str], dict]:
    """The parameters, the foremost first and then in the order of the controls, whose states fit
    into `most` bytes, and the pictures of these states."""
    vary, frames = [], _frames(explorer, [], MOST)
    foremost = explorer.explainer.foremost
    names = [p.name for p in explorer.explainer.parameters if p.name not in foremost]
    for name in (*foremost, *names):
        more = _frames(explorer, [*vary, name], most)
        if more is None:
            break
        vary, frames = [*vary, name], more
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
    shown, explainer = explorer.values, explorer.explainer
    yield shown
    parameters = [p for p in explainer.parameters if p.name in vary]
    choices = [
        product(p.values, p.values)
        if _unequal(shown) and p.per_axis
        else ((v, v) for v in p.values)
        for p in parameters
    ]
    for chosen in product(*choices):
        values = shown | {p.name: both for p, both in zip(parameters, chosen, strict=True)}
        if values != shown and explainer.legal(values):
            yield values


def _unequal(values) -> bool:
    return any(rows != columns for rows, columns in values.values())


def page_of(title: str, body: str) -> str:
    """A whole page around explorers (see `section_of`) and other HTML; title: as HTML."""
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=title,
        css=STYLE,
        body=body,
        code=CODE.replace("export default explorer;", "") + PAGE_CODE,
    )


def section_of(explorer, vary: list[str], frames: dict, prefix: str = "") -> str:
    """An explorer as a part of a page; its controls' ids begin with `prefix`."""
    explainer, shown = explorer.explainer, explorer.values
    fixed = [p.name for p in explainer.parameters if p.name not in vary]
    limits = [limits_of(explainer, {n: shown[n][axis] for n in fixed}) for axis in range(2)]
    ids = {
        p.name: [f"{prefix}{p.name}-{axis}" for axis in (AXES if p.per_axis else ("both",))]
        for p in explainer.parameters
    }
    traits = explorer.picture_traits() | {
        "parameters": parameter_tables(explainer, limits, shown, vary),
        "controls": {"sliders": list(ids.values()), "unequal": "unequal"},
        "unequal": _unequal(shown),
        "eager": frames,
        "kernel": False,
        "now": {"pool": {}, "frames": {}},
    }
    controls = "\n".join(
        _control(p, identity, p.name in vary)
        for p in explainer.parameters
        for identity in ids[p.name]
    )
    return f"""<div class="sv-explorer"><div class="sv-controls">
{controls}
</div><div class="sv-place"><noscript>The controls need JavaScript; this is the picture as it was
saved.</noscript>
{explorer.still()}</div>
<script type="application/json" class="traits">{_inside_script(traits)}</script>
</div>"""


def _inside_script(data) -> str:
    """JSON in which no </script> ends the element around it."""
    return json.dumps(data, ensure_ascii=False).replace("</", "<\\/")


def _control(parameter, identity: str, varies: bool) -> str:
    fixed = "" if varies else ' <span class="sv-fixed">(fixed)</span>'
    axis = f", {identity.rpartition('-')[2]}" if parameter.per_axis else ""
    name = f'id="{identity}-input" aria-label="{escape(parameter.label)}{axis}" disabled'
    if parameter.choices:
        options = "".join(f"<option>{escape(each)}</option>" for each in parameter.choices)
        control = f"<select {name}>{options}</select>"
    else:
        control = f'<input type="range" {name}>'
    css_class = f"sv-{identity.rpartition('-')[2]}"
    return (
        f'<div class="{css_class}" id="{identity}">'
        f'<label class="widget-label" for="{identity}-input">'
        f"{escape(parameter.label)}{fixed}</label>{control}<output></output></div>"
    )


def write_html(path: Path, text: str) -> None:
    """Writes the file whole or not at all; ValueError, in a sentence, for a path that cannot be."""
    if not path.parent.is_dir():
        raise ValueError(
            f"The folder {path.parent} does not exist: make it first, or save elsewhere."
        )
    if path.is_dir():
        raise ValueError(
            f"{path} is a folder: give the name of a file, such as {path / 'page.html'}."
        )
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror or error}.") from None
