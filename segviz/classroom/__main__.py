"""python -m segviz.classroom copy ~/my-course: your own copy of the course, or its update."""

import argparse
import sys
from pathlib import Path

from .own_copy import update

COURSE = Path(__file__).resolve().parents[2] / "course"


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m segviz.classroom", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="copy")
    command = commands.add_parser("copy", help="copy the course, or bring a copy up to date")
    command.add_argument("folder", help="your own folder, such as ~/my-course")
    command.add_argument("--course", default=COURSE, help="where the course's notebooks are")
    given = parser.parse_args(arguments)
    try:
        told = update(given.course, given.folder)
    except (ValueError, OSError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print("\n".join(told) or "Everything is up to date already.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
