"""`python -m bench.nights --size 0.01`: what a night costs in which a hundredth has changed, beside the one that made everything.

Here: the command and its table. Not here: the nights (`contestants.two_nights`), what changes (`changes`).
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from statistics import median

from bench.contestants.two_nights import BUILD, NIGHT, ONE_OF
from bench.data import CITY, inputs
from bench.measure import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.nights", description=__doc__)
    parser.add_argument("--size", type=float, default=0.01, help="fraction of a city of 4.6 million people")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--keep", action="store_true", help="keep the lake")
    asked = parser.parse_args()
    source, outputs = inputs(asked.folder, asked.size), asked.folder / "outputs-two-nights"
    rounds, peak = [], 0
    for _ in range(asked.rounds):
        cost = run("two_nights", source, outputs)
        rounds.append(cost.seconds)
        peak = max(peak, cost.memory)
        if not asked.keep:
            shutil.rmtree(outputs)
    seconds = {name: median(r[name] for r in rounds) for name in rounds[0]}
    print(f"{round(asked.size * CITY):,} people, one row of {ONE_OF} changed, {asked.rounds} rounds, {peak / (1 << 20):,.0f} MiB at most\n")
    print(f"| seconds | {BUILD} | {NIGHT} | share |\n|---|---:|---:|---:|")
    tables = [name.removeprefix(f"{BUILD}/") for name in seconds if name.startswith(f"{BUILD}/")]
    lines = [("all", seconds[BUILD], seconds[NIGHT]), *((t, seconds[f"{BUILD}/{t}"], seconds.get(f"{NIGHT}/{t}", 0.0)) for t in tables)]
    for table, build, night in lines:
        print(f"| {table} | {build:.2f} | {night:.2f} | {night / build:.0%} |")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(rounds, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
