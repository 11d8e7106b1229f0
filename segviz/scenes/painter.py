"""The one painter: a Scene becomes fragments of SVG.

`paint` gives them layer by layer and element by element, so that a page can swap those that
changed. `svg` puts them into one picture that stands alone. Cells are drawn in the order of
`Board.cells`, one <path> and one <text> each, so the n-th of either is the n-th cell. Attributes
are quoted with ', which JSON need not escape. Cells are drawn in units of a cell, so that boards of
the same shape are the same strings.
"""

from html import escape

import numpy as np

from segviz.scenes.palette import FAINT, FAINT_ROLES, FOCUS, INK, LINE, PAPER, ROLES
from segviz.scenes.scene import Board, Label, Scene, number

# the style of an SVG holds for the whole page it stands in, hence the prefix
_THEME_INK = f"var(--jp-ui-font-color1, {INK})"
STYLE = (
    ".sv{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;max-width:100%;height:auto}"
    f".sv .c{{stroke:{LINE};stroke-width:.7}}.sv .c path{{vector-effect:non-scaling-stroke}}"
    ".sv .fine{stroke:none}"
    f".sv .n{{text-anchor:middle;fill:{INK};pointer-events:none}}.sv .z{{fill:{FAINT}}}"
    ".sv .tiny{visibility:hidden}"
    f".sv .heading{{font-size:17px;font-weight:600;fill:{_THEME_INK}}}"
    f".sv .title{{font-size:14px;fill:{_THEME_INK}}}"
    f".sv .sign{{font-size:26px;text-anchor:middle;fill:{_THEME_INK}}}"
    f".sv .formula{{font-size:15px;fill:{_THEME_INK}}}"
    f".sv .call{{font:14px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:{_THEME_INK}}}"
    f".sv .line{{stroke:{FAINT};stroke-width:1;fill:none;pointer-events:none}}"
    f".sv .paper{{stroke:{FAINT};stroke-width:1;fill:{PAPER}}}"
    + "".join(
        f".sv {where}.r-{name}{which}{{fill:{colour}}}"
        for name, ink in ROLES.items()
        for colour, rules in (
            (ink.tint, (("", ""),)),
            (ink.small, ((".fine", ""), (".fine ", ""))),
            (ink.lit, (("", " .lit"), ("", ".lit"))),
            (ink.deep, ((".fine", " .lit"), (".fine ", ".lit"))),
        )
        for where, which in rules
        if colour
    )
    + f".sv .c .lit{{stroke:{FOCUS};stroke-width:1.2}}.sv .fine .lit{{stroke-width:.4}}"
    # over a photograph no net of lines, and what is lit is one area
    ".sv .c.r-glass,.sv .c .r-glass{stroke-opacity:.12}"
    ".sv .c.r-glass .lit,.sv .c .r-glass.lit{stroke-opacity:.25;stroke-width:.5}"
    f".sv text.lit{{font-weight:700;fill:{INK}}}"
    f".sv .c .focus{{stroke:{FOCUS};stroke-width:3.2;stroke-opacity:1;fill:none}}"
    ".sv .c .focus{pointer-events:none}"
    ".sv .c .pinned{stroke-dasharray:5 2.5}"
)
LEGIBLE = 4.5  # smaller figures are only dirt; they stay in the page for those who search it
PIXELATED = " style='image-rendering:pixelated'"  # enlarged pixels stay pixels
FINE = 7  # below this many units a cell's border would hide the cell


def svg(scene: Scene, identity: str = "") -> str:
    """The whole picture, self-contained; `identity` becomes the id of its root element."""
    return shell(scene, paint(scene), identity)


def shell(scene: Scene, layers: dict[str, list[str]], identity: str = "") -> str:
    """The picture's frame around the layers of `paint`; a layer that is missing stays empty."""
    width, height = scene.size
    groups = "".join(_layer(name, *layers.get(name, ("",))) for name in layer_names(scene))
    named = f' id="{identity}"' if identity else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{named} class="sv" viewBox="0 0 {width} {height}"'
        f' width="{width}" role="img"><title>{escape(scene.title)}</title>'
        f"<desc>{escape(scene.description)}</desc><style>{STYLE}</style>{groups}</svg>"
    )


def _layer(name: str, place: str, *elements: str) -> str:
    placed = f' transform="{place}"' if place else ""
    return f'<g data-layer="{name}"{placed}>{"".join(elements)}</g>'


def layer_names(scene: Scene) -> list[str]:
    """The layers in the order they are drawn: the labels, then a layer for every board."""
    return ["labels", *(board.name for board in scene.boards)]


def paint(scene: Scene) -> dict[str, list[str]]:
    """Layer -> where it lies, as a transform, and the elements that make it: one in each string, so
    that a page can swap those that changed."""
    layers = {"labels": ["", f"<g>{''.join(map(_label, scene.labels))}</g>"]}
    for board in scene.boards:
        title = _label(Label(board.title, 0, -8, "title")) if board.title else ""
        pictures = [_image(board, board.image, PIXELATED), _image(board, board.overlay)]
        cells = [_paper(board), _cells(board), _blocks(board), *_numbers(board)]
        elements = [element for element in (title, *pictures, *cells) if element]
        layers[board.name] = [f"translate({board.place[0]:g} {board.place[1]:g})", *elements]
    return layers


def _label(label: Label) -> str:
    return f"<text class='{label.kind}' x='{label.x:g}' y='{label.y:g}'>{escape(label.text)}</text>"


def _cells(board: Board) -> str:
    """One <path> a cell, in units of a cell."""
    rows, columns = np.divmod(board.cells, board.numbers.shape[1])
    roles = board.roles().ravel()[board.cells]
    shared = f"r-{roles[0]}" if len(set(roles)) == 1 else ""
    classes = ["" if shared else f" class='r-{role}'" for role in roles]
    paths = (
        f"<path{of_role} d='M{column} {row}h1v1h-1z'/>"
        for of_role, column, row in zip(classes, columns, rows, strict=True)
    )
    fine = "fine" if min(board.cell) < FINE else ""
    scale = f"scale({board.cell[0]:.5g} {board.cell[1]:.5g})"
    return f"<g class='c {shared} {fine}' transform='{scale}'>{''.join(paths)}</g>"


def _blocks(board: Board) -> str:
    """Lines between the parts of a matrix."""
    (width, height), (rows, columns) = board.cell, board.numbers.shape
    across, down = _extent(board)
    by_rows, by_columns = board.blocks
    lines = [
        f"M0 {row * height:.5g}h{across:.5g}" for row in range(0, rows, by_rows or rows or 1)[1:]
    ]
    for column in range(0, columns, by_columns or columns or 1)[1:]:
        lines.append(f"M{column * width:.5g} 0v{down:.5g}")
    return f"<path class='line' d='{''.join(lines)}'/>" if lines else ""


def _image(board: Board, address: str, style: str = "") -> str:
    """The photograph or mask under the cells, or what lies over it."""
    if not address:
        return ""
    across, down = _extent(board)
    return (
        f"<image href='{address}' width='{across:.5g}' height='{down:.5g}'"
        f" preserveAspectRatio='none'{style}/>"
    )


def _extent(board: Board) -> tuple[float, float]:
    """(width, height) of the whole board in picture units."""
    rows, columns = board.numbers.shape
    return board.cell[0] * columns, board.cell[1] * rows


def _paper(board: Board) -> str:
    """What lies under a board that does not draw all its cells."""
    if not board.paper or board.image or len(board.cells) == board.numbers.size:
        return ""
    across, down = _extent(board)
    return f"<path class='paper' d='M0 0h{across:.5g}v{down:.5g}h{-across:.5g}z'/>"


def _numbers(board: Board) -> tuple[str, ...]:
    """One <text> a cell, large enough to read and small enough to fit; cut cells crossed out."""
    if not board.figures:
        return ()
    width, height = board.cell
    texts = [escape(text) for text in board.texts] or [
        number(value) for value in board.numbers.ravel()[board.cells]
    ]
    longest = max(map(len, texts), default=1)
    size = min(height * 0.62, width * 1.45 / max(longest, 1.6), 20)
    lines, crosses = [], []
    roles = board.roles().ravel()[board.cells]
    rows, columns = np.divmod(board.cells, board.numbers.shape[1])
    x, y = columns * width, rows * height
    for text, role, left, top in zip(texts, roles, x, y, strict=True):
        faint = " class='z'" if role in FAINT_ROLES else ""
        middle, baseline = left + width / 2, top + height / 2 + size * 0.36
        lines.append(f"<text{faint} x='{middle:.1f}' y='{baseline:.1f}'>{text}</text>")
        if role == "cut":
            crosses.append(f"M{left:.1f} {top:.1f}l{width:.1f} {height:.1f}")
    cross = f"<path class='line' d='{''.join(crosses)}'/>" if crosses else ""
    tiny = " tiny" if size < LEGIBLE else ""
    return f"<g class='n{tiny}' font-size='{size:.3g}'>{''.join(lines)}</g>", cross
