"""How well `python -m segviz.training` learns real photographs: CamVid's street scenes.

    SEGVIZ_DATA=/path/to/data python tests/benchmarks/camvid.py [--out FOLDER]

$SEGVIZ_DATA/camvid holds train/ and val/, each with images/ and masks/ of eleven classes, 11 being
void. Wanted, on two CPU cores: mIoU >= 0.52 on val at the masks' full size after at most 6 minutes
at 160x120. The script prints the run and the figures, and exits with 1 if they miss. Look at
FOLDER/gallery.png afterwards.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from segviz.training.command import main as segviz_training

CLASSES = "sky,building,pole,road,pavement,tree,sign,fence,car,pedestrian,bicyclist"
RECIPE = ["--void", "11", "--size", "120x160", "--widths", "8,16,32,64,96", "--epochs", "38"]

WANTED_MIOU, WANTED_SECONDS = 0.52, 6 * 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="a folder for the results (a new one in /tmp)")
    parser.add_argument("--seed", default="0")
    options = parser.parse_args()
    data = Path(os.environ.get("SEGVIZ_DATA", "data")) / "camvid"
    if not data.is_dir():
        print(f"Skipped: {data} is not there. Set SEGVIZ_DATA to the folder that holds camvid/.")
        return 0
    out = options.out or Path(tempfile.mkdtemp(prefix="camvid-"))

    print(f"load {os.getloadavg()[0]:.1f} before the start")
    began = time.perf_counter()
    arguments = [str(data), "--classes", CLASSES, *RECIPE, "--seed", options.seed]
    code = segviz_training([*arguments, "--out", str(out)])
    seconds = time.perf_counter() - began
    if code != 0:
        return code

    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    training = sum(record["seconds"] for record in records)
    scoring = sum(record["validation_seconds"] for record in records)
    miou = records[-1]["miou"]
    print(f"\nmIoU {miou:.3f} (wanted {WANTED_MIOU}); {seconds:.0f} s in all (at most ", end="")
    print(f"{WANTED_SECONDS}): {training:.0f} s training, {scoring:.0f} s scoring")
    print(f"load {os.getloadavg()[0]:.1f} at the end; look at {out / 'gallery.png'}")
    return int(miou < WANTED_MIOU or seconds > WANTED_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
