"""All explainers on one page, which needs no kernel and no network.

python -m segviz.gallery gallery.html
"""

import argparse
from html import escape
from pathlib import Path

from segviz.explain import EXPLAINERS
from segviz.explorer import Explorer
from segviz.explorer.page import as_many_as_fit, page_of, section_of, write_html

EACH = 400_000  # bytes of pictures that one explainer may bring; the states that fit can be reached
INTRODUCTION = (
    "Drag the sliders, point at cells, click to pin one, step with the arrow keys. Every number is"
    " the one that PyTorch computes. Parameters marked “fixed” move in the course's notebooks."
)


def write_gallery(path: str | Path) -> Path:
    """Writes the page of all explainers, whole or not at all; returns its path.

    ValueError, in a sentence, for a path that cannot be written.
    """
    path = Path(path).expanduser()
    links = "".join(
        f'<li><a href="#{name}">{escape(explainer.name)}</a></li>'
        for name, explainer in EXPLAINERS.items()
    )
    sections = "\n".join(map(_section, EXPLAINERS))
    body = f"<p>{INTRODUCTION}</p>\n<nav><ol>{links}</ol></nav>\n{sections}"
    write_html(path, page_of("Semantic segmentation, explained by pictures that answer", body))
    return path


def _section(name: str) -> str:
    explainer = EXPLAINERS[name]
    explorer = Explorer(explainer)
    vary, frames = as_many_as_fit(explorer, EACH)
    about = "".join(f"<p>{escape(part)}</p>" for part in explainer.about.split("\n\n"))
    shown = section_of(explorer, vary, frames, prefix=f"{name}-")
    return f'<section>\n<h2 id="{name}">{escape(explainer.name)}</h2>\n{about}\n{shown}\n</section>'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="the file to write, such as gallery.html")
    path = write_gallery(parser.parse_args().path)
    print(f"{path}: {len(EXPLAINERS)} explainers, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
