"""Entry point of ``python -m segviz.training`` and ``python -m segviz.training predict``."""

import sys

from . import command, predict_command

if __name__ == "__main__":
    if sys.argv[1:2] == ["predict"]:
        sys.exit(predict_command.main(sys.argv[2:]))
    sys.exit(command.main())
