"""``python -m segviz.training predict``: masks for a folder of photographs, from a shell."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .folder_prediction import predict_folder
from .options import height_x_width

DESCRIPTION = """\
Write a mask for every photograph (PNG or JPEG) in FOLDER: OUT/NAME.png for FOLDER/NAME.jpg.

The masks are as large as the photographs. Their pixel values are the labels of the classes, and
viewers show the colours that the network was saved with.
"""

EPILOG = """\
examples:
  python -m segviz.training predict data/scenes.safetensors holiday --out masks
  python -m segviz.training predict streets.safetensors drive --out masks --window 96x128 --flip
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 1 if a photograph has no mask, 2 for an error,
    130 if stopped by hand."""
    options = _parser().parse_args(arguments)
    try:
        result = predict_folder(**vars(options))
    except KeyboardInterrupt:
        print(f"Stopped by hand. The masks that were ready are in {options.out}.", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"Wrote {len(result.written)} masks into {options.out}.")
    for problem in result.problems:
        print(f"left out: {problem}", file=sys.stderr)
    return 1 if result.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m segviz.training predict",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("network_file", metavar="NETWORK", type=Path, help="a file that save_network wrote")
    add("folder", metavar="FOLDER", type=Path, help="the photographs")
    add("--out", type=Path, required=True, help="folder for the masks, new or empty")
    add(
        "--window",
        type=height_x_width,
        metavar="HxW",
        help="keep the photographs' scale and look through windows of this size, such as 96x128 "
        "(otherwise they are resized to what the network was trained on)",
    )
    add("--flip", action="store_true", help="ask about the mirror image too")
    add("--device", help="cuda, mps or cpu (the fastest there is)")
    return parser
