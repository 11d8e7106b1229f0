"""Entry point of ``python -m segviz.training``."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
