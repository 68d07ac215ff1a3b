"""`python -m bench --size 0.01`: make the inputs, run every contestant in turn, hold the results against each other, show what each cost.

Here: the command and its rounds. Not here: measuring (`measure`), comparing (`compare`), the tables and charts (`report`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from bench import report
from bench.compare import Content, content, differences
from bench.data import CITY, inputs
from bench.job import Output, outputs
from bench.measure import ContestantFailed, Cost, free_memory, run

REFERENCE = "ours_on_sail"
CONTESTANTS = {
    REFERENCE: "citylake, bare, on Sail",
    "ours_whole": "citylake, a whole night, on Sail",
    "ours_on_spark": "citylake, bare, on Spark local[2]",
    "on_duckdb": "DuckDB + delta-rs",
    "on_polars": "Polars + delta-rs",
    "on_pandas": "pandas + delta-rs",
    "on_pyspark": "PySpark local[2] + Delta",
}
LARGEST = {"on_pandas": 0.1}
"""Contestant -> the largest size it is run at."""
MEMORY_SHARE = 0.8
"""A contestant may have this share of the memory that is free at the start."""
SAMPLED = 0.1
"""Up to this size the first contestant's tables are kept until the end, to show what differs."""


def main() -> int:
    asked = _arguments()
    names, left_out = chosen(asked.contestants, asked.size)
    source = inputs(asked.folder, asked.size)
    results = asked.folder / f"outputs-{asked.size:g}"
    limit = int(free_memory() * MEMORY_SHARE)
    costs: dict[str, list[Cost]] = {}
    failed: dict[str, str] = {}
    made: dict[str, dict[str, Content]] = {}
    for number in range(asked.rounds):
        for name in [*names[number % len(names) :], *names[: number % len(names)]] if number else names:
            if name in failed:
                continue
            try:
                cost = run(name, source, results / name, limit)
            except ContestantFailed as e:
                failed[name] = str(e)
                print(f"round {number + 1} of {asked.rounds}: {e}", file=sys.stderr)
                continue
            costs.setdefault(name, []).append(cost)
            print(f"round {number + 1} of {asked.rounds}: {name} {cost.wall:.1f} s", file=sys.stderr)
            if name not in made:
                made[name] = {output.name: content(results / name, output) for output in outputs()}
                if wrong := _differences(made, results):
                    print(wrong, file=sys.stderr)
                    return 1
            if not asked.keep and (name != next(iter(made)) or asked.size > SAMPLED):
                shutil.rmtree(results / name)
    if not costs:
        return 1
    found = report.summary(costs, left_out | failed, CONTESTANTS, f"{round(asked.size * CITY):,} people")
    print(report.table(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if asked.chart:
        report.chart(found, asked.chart)
    return 1 if len(costs) < len(names) and not asked.some else 0


def _folder(path: str) -> Path:
    """As a whole: a server of Spark does not work in this folder."""
    return Path(path).resolve()


def chosen(names: list[str], size: float) -> tuple[list[str], dict[str, str]]:
    """The contestants that are run at a size, and why the others are not."""
    left_out = {n: f"left out, it is run up to a size of {LARGEST[n]:g}" for n in names if size > LARGEST.get(n, size)}
    return [n for n in names if n not in left_out], left_out


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--size", type=float, default=0.01, help="fraction of a city of 4.6 million people")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--contestants",
        type=lambda s: s.split(","),
        default=list(CONTESTANTS),
        help=f"the others are held against the first; {', '.join(CONTESTANTS)}",
    )
    parser.add_argument("--folder", type=_folder, default="build/bench", help="of inputs, which are kept, and outputs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--chart", type=Path, help="SVG file for the chart")
    parser.add_argument("--some", action="store_true", help="exit with 0 also when some contestants failed")
    parser.add_argument("--keep", action="store_true", help="keep every output")
    asked = parser.parse_args()
    if unknown := set(asked.contestants) - set(CONTESTANTS):
        parser.error(f"unknown contestants {', '.join(sorted(unknown))}; there are {', '.join(CONTESTANTS)}")
    return asked


def _differences(made: dict[str, dict[str, Content]], results: Path) -> str:
    """What differs between the first contestant's tables and the last one's; nothing when they are equal."""
    (first, expected), (last, found) = next(iter(made.items())), list(made.items())[-1]
    wrong = [output for output in outputs() if expected[output.name] != found[output.name]]
    return "\n".join(f"{first} and {last}: {_sample(results / first, results / last, output)}" for output in wrong)


def _sample(one: Path, other: Path, output: Output) -> str:
    return str(differences(one, other, output)) if one.exists() else f"{output.name} differs; a smaller --size shows where"


if __name__ == "__main__":
    sys.exit(main())
