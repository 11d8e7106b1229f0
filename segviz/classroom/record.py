"""Which exercises are solved: a number for every exercise, and a small file that remembers.

The file is `.progress.json` in the folder that the notebook runs in, so it belongs to the learner
and stays where the course is updated. It remembers the last answer that was judged; an exercise
that is run without an attempt changes nothing. Outside of a notebook nothing is written.
"""

import functools
import json
import os
import re
from contextvars import ContextVar
from pathlib import Path

from .verdict import Verdict, show

FILE = ".progress.json"
SOLVED = "right"

_numbers: dict[str, str] = {}  # number of an exercise -> where its function is written
_asked: ContextVar[str | None] = ContextVar("the exercise that is being judged", default=None)
_told: set[str] = set()  # sentences about the file, each said once


def exercise(number):
    """Gives an exercise its number: `@exercise("05.1")` above the author's function.

    The verdict of the check inside is then remembered under it, and `progress("05")` counts it.
    This is the only place that says how many exercises a notebook has. ValueError for a number
    that is not like "05.1" or that another exercise has.
    """
    if not re.fullmatch(r"\d\d\.\d+", number):
        raise ValueError(f'The number {number!r} should be like "05.1": notebook, dot, exercise.')

    def numbered(function):
        home = f"{function.__module__}.{function.__qualname__}"
        if _numbers.setdefault(number, home) != home:
            raise ValueError(f"{_numbers[number]} has the number {number} already: {home}.")

        @functools.wraps(function)
        def asked(*arguments, **options):
            before = _asked.set(number)
            try:
                return function(*arguments, **options)
            finally:
                _asked.reset(before)

        return asked

    return numbered


def settle(verdict: Verdict) -> None:
    """Shows a verdict and remembers it, where it is one on an attempt at a numbered exercise."""
    show(verdict)
    number = _asked.get()
    if number and verdict.state != "open" and in_a_notebook():
        remember({**remembered(), number: verdict.state})


def progress(notebook=None):
    """Prints one line, such as "05: 3 of 5 solved ●●●○○"; without a number one per notebook."""
    states = remembered()
    known = {number[:2] for number in (*_numbers, *states)}
    for each in sorted(known) if notebook is None else [notebook]:
        print(line(each, states))


def line(notebook, states):
    """The line of one notebook, from the numbers of its exercises and what is remembered."""
    numbers = sorted((n for n in _numbers if n[:2] == notebook), key=lambda n: int(n[3:]))
    if not numbers:
        return f"{notebook}: its exercises are not loaded; the notebook's first cell loads them."
    solved = [states.get(number) == SOLVED for number in numbers]
    dots = "".join("●" if each else "○" for each in solved)
    return f"{notebook}: {sum(solved)} of {len(numbers)} solved {dots}"


def reset(notebook=None):
    """Forgets what is solved, in one notebook ("05") or in all. Answers in cells stay as they are.

    ValueError, in a sentence, where that is no number of a notebook: nothing is forgotten then.
    """
    if notebook is not None and not re.fullmatch(r"\d\d", str(notebook)):
        raise ValueError(f'{notebook!r} is no number of a notebook: give two digits, like "05".')
    kept = {n: state for n, state in remembered().items() if notebook and n[:2] != notebook}
    if remember(kept):
        print(f"Forgotten: what was solved in {notebook or 'all notebooks'}. Your answers stay.")


def in_a_notebook():
    from IPython import get_ipython

    return get_ipython() is not None


def remembered() -> dict[str, str]:
    """number -> state of the last attempt; empty where the file is missing or damaged."""
    try:
        states = json.loads(Path(FILE).read_text("utf-8"))
        if isinstance(states, dict):
            return {str(number): state for number, state in states.items()}
        tell_once(f"{FILE} is damaged, so what was solved before is not known. It starts anew.")
    except FileNotFoundError:
        pass
    except ValueError:  # no JSON, or no text
        tell_once(f"{FILE} is damaged, so what was solved before is not known. It starts anew.")
    except OSError as error:
        tell_once(f"{FILE} cannot be read ({error.strerror}), so progress is not known.")
    return {}


def remember(states) -> bool:
    """Writes the file, whole or not at all; whether that went well."""
    draft = Path(f"{FILE}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(states, indent=1, sort_keys=True) + "\n", "utf-8")
        os.replace(draft, FILE)
        return True
    except OSError as error:
        tell_once(f"{FILE} cannot be written ({error.strerror}), so progress is not kept.")
        try:
            draft.unlink(missing_ok=True)
        except OSError:
            pass
        return False


def tell_once(sentence):
    if sentence not in _told:
        _told.add(sentence)
        print(sentence)
