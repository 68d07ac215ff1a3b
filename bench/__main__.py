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
from bench.compare import differences
from bench.data import CITY, inputs
from bench.job import outputs
from bench.measure import ContestantFailed, Cost, run

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
"""Up to which size a contestant is asked; for the others there is no limit."""


def main() -> int:
    asked = _arguments()
    names = [n for n in asked.contestants if asked.size <= LARGEST.get(n, asked.size)]
    source = inputs(asked.folder, asked.size)
    results = asked.folder / f"outputs-{asked.size:g}"
    costs: dict[str, list[Cost]] = {n: [] for n in names}
    verdicts: dict[str, str] = {}
    for number in range(asked.rounds):
        for name in names[number % len(names) :] + names[: number % len(names)] if number else names:
            try:
                cost = run(name, source, results / name)
            except ContestantFailed as e:
                print(e, file=sys.stderr)
                return 1
            costs[name].append(cost)
            print(f"round {number + 1} of {asked.rounds}: {name} {cost.wall:.1f} s", file=sys.stderr)
            if name != REFERENCE and name not in verdicts:
                verdicts[name] = _verdict(results / REFERENCE, results / name)
                if verdicts[name] and not asked.keep:
                    print(verdicts[name], file=sys.stderr)
                    return 1
            if name != REFERENCE and not asked.keep:
                shutil.rmtree(results / name)
    found = report.summary(costs, CONTESTANTS, REFERENCE, size=asked.size, people=round(asked.size * CITY))
    print(report.table(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if asked.chart:
        report.chart(found, asked.chart)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--size", type=float, default=0.01, help="fraction of a city of 4.6 million people")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestants", type=lambda s: s.split(","), default=list(CONTESTANTS), help=", ".join(CONTESTANTS))
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--chart", type=Path, help="SVG file for the chart")
    parser.add_argument("--keep", action="store_true", help="keep every output, and go on after a difference")
    asked = parser.parse_args()
    if unknown := set(asked.contestants) - set(CONTESTANTS):
        parser.error(f"unknown contestants {', '.join(sorted(unknown))}; there are {', '.join(CONTESTANTS)}")
    if asked.contestants[0] != REFERENCE:
        asked.contestants = [REFERENCE, *(n for n in asked.contestants if n != REFERENCE)]
    return asked


def _verdict(reference: Path, other: Path) -> str:
    """What differs between the results of two contestants; nothing when they are equal."""
    return "\n".join(found for output in outputs() if (found := differences(reference, other, output)))


if __name__ == "__main__":
    sys.exit(main())
