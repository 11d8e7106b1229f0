"""A network's fields as a table: text, HTML, and a dict for programs."""

from html import escape

from segviz.fields.field import Field

COLUMNS = ("module", "class", "positions", "size", "stride", "padding", "reached", "remarks")
MOST_ROWS = 40


def readable_depth(network) -> int:
    """How deep into the modules a table can go and still be read at a glance."""
    depths = [_depth(name) for name in network]
    fitting = [
        depth
        for depth in range(1, max(depths, default=1) + 1)
        if sum(own <= depth for own in depths) <= MOST_ROWS
    ]
    return max(fitting, default=1)


def rows(network, depth: int | None) -> list[tuple[str, ...]]:
    """One row of strings for each module, and for each of the network's outputs at the end."""
    shown = [
        row(field) for name, field in network.items() if depth is None or _depth(name) <= depth
    ]
    return shown + [row(field) for field in network.outputs.values()]


def row(field: Field) -> tuple[str, ...]:
    label = field.name if field.name and not field.name.startswith("[") else f"output {field.name}"
    if not field.known:
        return (label.strip(), field.kind, "?", "?", "?", "?", "?", f"unknown: {field.unknown}")
    if field.size is None:
        return (label.strip(), field.kind, "", "", "", "", "", "does not depend on the image")
    positions = " x ".join(map(str, field.positions)) or "-"
    reached = f"{field.coverage:.0%}"
    numbers = (_pair(field.size), _pair(field.stride), _pair(field.padding))
    return (label.strip(), field.kind, positions, *numbers, reached, "; ".join(remarks(field)))


def remarks(field: Field) -> list[str]:
    """What must be known beside the numbers, in a few words each."""
    notes = []
    if field.whole_image:
        notes.append(f"whole image since {_some(field.mixers)}")
        if field.local:
            notes.append(f"{_pair(field.local.size)} without that")
    elif field.mixers:
        notes.append(f"mixed in part by {_some(field.mixers)}")
    if field.size_range != tuple((size, size) for size in field.size):
        ranges = _pair([f"{low}-{high}" for low, high in field.size_range])
        union = f", union {_pair(field.union_size)}" if field.on_map else ""
        notes.append(f"sizes {ranges}{union}")
    elif not field.uniform and field.on_map:
        notes.append("not the same everywhere")
    if not field.exact:
        notes.append("at most: too many branches differ")
    if not field.continues and field.on_map:
        notes.append("boxes end at the image")
    if field.rough:
        notes.append("roughly, beyond the image")
    return notes


def _some(mixers: tuple[str, ...]) -> str:
    names = [mixer.split(" (")[0] for mixer in mixers]  # without the classes
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _pair(values) -> str:
    if values is None:
        return ""
    one, two = (_number(value) for value in values)
    return one if one == two else f"{one} x {two}"


def _number(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _depth(name: str) -> int:
    return name.count(".") + 1


def _title(network) -> str:
    return "Receptive fields on an input of {} x {}".format(*network.input_size)


def as_text(network, depth: int | None) -> str:
    lines = [COLUMNS, *rows(network, depth)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS) - 1)]
    table = [
        "  ".join(
            [cell.ljust(width) for cell, width in zip(line, widths, strict=False)] + [line[-1]]
        )
        for line in lines
    ]
    table.insert(1, "-" * max(map(len, table[:1])))
    return "\n".join(
        [_title(network), "", *(line.rstrip() for line in table), *_more(network, depth)]
    )


def as_html(network, depth: int | None) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>"
        for line in rows(network, depth)
    )
    more = "".join(f"<p>{escape(line)}</p>" for line in _more(network, depth))
    return (
        f"<table><caption>{escape(_title(network))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
    )


def _more(network, depth: int | None) -> list[str]:
    hidden = sum(depth is not None and _depth(name) > depth for name in network)
    return [f"{hidden} more modules inside of these: field.table() shows all."] if hidden else []


def described(field: Field) -> str:
    """One field, a line for each fact."""
    titled = zip(COLUMNS, row(field), strict=True)
    return "\n".join(f"{title:10} {cell}".rstrip() for title, cell in titled if cell)


def as_dict(network) -> dict:
    """Plain numbers, strings, lists and dicts."""
    return {
        "input_size": list(network.input_size),
        "modules": {name: _field_as_dict(field) for name, field in network.items()},
        "outputs": {name: _field_as_dict(field) for name, field in network.outputs.items()},
        "unknown": network.unknown,
    }


def _field_as_dict(field: Field) -> dict:
    names = ("positions", "size", "size_range", "union_size", "stride", "padding", "local")
    return {
        "class": field.kind,
        "shape": list(field.shape),
        **{name: _listed(getattr(field, name)) for name in names},
        "uniform": field.uniform,
        "coverage": field.coverage,
        "whole_image": field.whole_image,
        "mixers": list(field.mixers),
        "exact": field.exact,
        "unknown": field.unknown,
    }


def _listed(value):
    if hasattr(value, "_asdict"):
        return {name: _listed(one) for name, one in value._asdict().items()}
    return [_listed(one) for one in value] if isinstance(value, tuple) else value
