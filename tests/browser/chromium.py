"""Which Chromium the browser tests drive. Run as a script: fetch one where there is none."""

import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_ONE = (
    "The browser tests need Chromium: install it with the system's package manager "
    "(Debian: apt install chromium) or with `python -m playwright install --with-deps chromium`."
)


def on_this_machine():
    """The path of the machine's own Chromium; None where Playwright's must do."""
    return next(filter(None, map(shutil.which, NAMES)), None)


if __name__ == "__main__" and not on_this_machine():
    fetched = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    if fetched.returncode:
        print(f"No browser could be fetched; its tests will be skipped. {HOW_TO_GET_ONE}")
