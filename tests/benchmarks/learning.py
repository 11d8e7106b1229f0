"""How well the course's networks learn, as the course trains them: the table of all of them.

    python tests/benchmarks/learning.py [--seeds 0 1 2] [name ...]

Each training runs in a process of its own, so that its peak memory can be told. Wanted on two CPU
cores, for every seed:

  FCN-32s < FCN-16s < FCN-8s, and 0.58 for the last, about 30 s each
  UNet 0.66 within 60 s, and 0.15 less without skips; DeepLabV3+ 0.68 within 60 s
  on the context scenes ASPP at rates 2, 4, 8 0.88, and 0.12 less at rates 1, 1, 1
  peak memory below 1.2 GB

Prints the table and what missed; exits with 1 if anything did. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict

WANTED_MIOU = {"fcn_8s": 0.58, "unet": 0.66, "deeplab": 0.68, "aspp": 0.88}
WANTED_SECONDS = {"fcn_32s": 35, "fcn_16s": 35, "fcn_8s": 35, "unet": 60, "deeplab": 60}
WANTED_GAP = {("unet", "unet_without_skips"): 0.15, ("aspp", "aspp_rates_1"): 0.12}
WANTED_ORDER = ("fcn_32s", "fcn_16s", "fcn_8s")
WANTED_MEMORY = 1.2e9  # bytes


def train_one(name, seed):
    """Print the run as JSON; for a process of its own."""
    from segviz.training import course

    course.class_weights(course.NETWORKS[name].lesson)  # paint before the clock starts
    model = course.build(name, seed)
    records = list(course.train(name, model, seed, device="cpu"))
    run = {
        "miou": records[-1].miou,
        "iou": records[-1].iou,
        "training": sum(record.seconds for record in records),
        "scoring": sum(record.validation_seconds for record in records),
        "memory": records[-1].peak_memory,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    print(json.dumps(run))


def run_one(name, seed):
    command = [sys.executable, __file__, "--one", name, str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def misses(table):
    """Sentences about everything that fell short; table[name][seed] is a run."""
    for name, runs in table.items():
        for seed, run in runs.items():
            if run["miou"] < WANTED_MIOU.get(name, 0):
                yield f"{name}, seed {seed}: mIoU {run['miou']:.3f} < {WANTED_MIOU[name]}"
            if run["training"] > WANTED_SECONDS.get(name, float("inf")):
                yield f"{name}, seed {seed}: {run['training']:.0f} s > {WANTED_SECONDS[name]} s"
            if run["memory"] > WANTED_MEMORY:
                yield f"{name}, seed {seed}: {run['memory'] / 1e9:.2f} GB"
    for (better, worse), gap in WANTED_GAP.items():
        for seed in table[better].keys() & table[worse].keys():
            found = table[better][seed]["miou"] - table[worse][seed]["miou"]
            if found < gap:
                yield f"{better} over {worse}, seed {seed}: {found:.3f} < {gap}"
    for worse, better in zip(WANTED_ORDER, WANTED_ORDER[1:], strict=False):
        for seed in table[better].keys() & table[worse].keys():
            if table[better][seed]["miou"] <= table[worse][seed]["miou"]:
                yield f"{better} is no better than {worse}, seed {seed}"


def main():
    from segviz.training import course

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(course.NETWORKS)}")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        train_one(options.one[0], int(options.one[1]))
        return 0
    print(f"load {os.getloadavg()[0]:.1f} before the start")
    print(
        "network                 seed  mIoU   training  scoring  memory   parameters  IoU by class"
    )
    table = defaultdict(dict)
    for seed in options.seeds:
        for name in options.names or course.NETWORKS:
            table[name][seed] = run = run_one(name, seed)
            classes = "  ".join(f"{n} {value:.2f}" for n, value in run["iou"].items())
            print(
                f"{name:22}  {seed:4}  {run['miou']:.3f}  {run['training']:6.0f} s  "
                f"{run['scoring']:5.0f} s  {run['memory'] / 1e9:.2f} GB  {run['parameters']:10,}  "
                f"{classes}",
                flush=True,
            )
    found = list(misses(table))
    print("\n" + ("\n".join(["Missed:", *found]) if found else "Nothing missed."))
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
