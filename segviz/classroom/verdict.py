"""What the classroom shows: the verdict on an exercise, and the source of a library object."""

import inspect
import textwrap
from dataclasses import dataclass
from html import escape
from string import ascii_lowercase

# symbol, colour variable of JupyterLab with its default. The symbol and the words carry the
# meaning; the colour only repeats it.
LOOKS = {
    "right": ("✓", "var(--jp-success-color1, #1b7837)"),
    "wrong": ("✗", "var(--jp-error-color1, #b2182b)"),
    "open": ("○", "var(--jp-info-color1, #2166ac)"),
}


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: `state` is "right", "wrong" or "open" (not attempted yet)."""

    state: str
    sentence: str
    details: tuple[tuple[str, str], ...] = ()  # (label, text): given, expected, got
    hints: tuple[str, ...] = ()
    solution: str = ""
    question: str = ""
    options: tuple[str, ...] = ()  # shown as a, b, c ...

    @property
    def lettered(self):
        """The options as they are shown: "a. more padding"."""
        return [f"{a}. {text}" for a, text in zip(ascii_lowercase, self.options, strict=False)]

    def __repr__(self):
        lines = [f"{LOOKS[self.state][0]} {self.sentence}"]
        lines += [f"  {self.question}"] if self.question else []
        lines += [f"    {option}" for option in self.lettered]
        lines += [f"  {label}:\n{indented(text)}" for label, text in self.details]
        lines += [f"  hint {i}: {hint}" for i, hint in enumerate(self.hints, 1)]
        return "\n".join(lines)

    def _repr_html_(self):
        symbol, colour = LOOKS[self.state]
        parts = [f"<strong>{symbol}</strong> {escape(self.sentence)}"]
        if self.question:
            # written out: JupyterLab numbers every list 1, 2, 3
            items = map(escape, self.lettered)
            parts.append(f"<p>{escape(self.question)}<br>{'<br>'.join(items)}</p>")
        parts += [
            f"<div>{escape(label)}:<pre style='margin: 0 0 0 2em'>{escape(text)}</pre></div>"
            for label, text in self.details
        ]
        parts += [folded(f"Hint {i}", escape(hint)) for i, hint in enumerate(self.hints, 1)]
        if self.solution:
            parts.append(folded("A solution", f"<pre>{escape(self.solution)}</pre>"))
        frame = f"border-left: 4px solid {colour}; padding: 0.3em 0.8em"
        return f"<div style='{frame}'>{''.join(parts)}</div>"


def indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())


def folded(summary, content):
    return f"<details><summary>{summary}</summary>{content}</details>"


def show(verdict):
    """The one place of the classroom that puts something under a cell."""
    from IPython.display import display

    display(verdict)


@dataclass(frozen=True)
class Source:
    """A piece of source code; a notebook highlights it in the colours of its own theme."""

    title: str
    code: str

    def __repr__(self):
        return f"# {self.title}\n{self.code}"

    def _repr_markdown_(self):
        fence = "`" * 4  # longer than a fence inside a docstring
        return f"`{self.title}`\n\n{fence}python\n{self.code}{fence}\n"


def show_source(thing):
    """The source of a function, class or module, highlighted when it is a cell's last value.

    Raises TypeError where there is no Python source to show.
    """
    thing = inspect.unwrap(thing)
    try:
        code = inspect.getsource(thing)
    except (TypeError, OSError):
        raise TypeError(
            f"{thing!r} has no Python source to show. Give a function, a class or a module "
            "that is written in Python, without calling it: show_source(segviz.conv_matrix)."
        ) from None
    return Source(name_of(thing), textwrap.dedent(code))


def name_of(thing):
    if inspect.ismodule(thing):
        return thing.__name__
    if thing.__module__ in (None, "__main__"):  # compiled, or written in this notebook
        return thing.__qualname__
    return f"{thing.__module__}.{thing.__qualname__}"
