"""`python -m bench.limits --size 0.01`: how far ours is, table by table, from only reading what it needs and writing what comes out.

Here: the command and its table. Not here: what ours reads (`reads`), scanning and writing (`contestants.least`).
"""

from __future__ import annotations

import argparse
import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.contestants.least import READS
from bench.data import CITY, inputs
from bench.measure import run
from bench.reads import reads

OURS, LEAST = "ours_on_sail", "least"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.limits", description=__doc__)
    parser.add_argument("--size", type=float, default=0.01, help="fraction of a city of 4.6 million people")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--outputs", type=Path, help="of an earlier run of ours of this size that was kept; it is not run again")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args(argv)
    source, work = inputs(asked.folder, asked.size), asked.folder / f"limits-{asked.size:g}"
    made = asked.outputs or work / OURS
    if not asked.outputs:
        run(OURS, source, made)
    found = limits(source, made, work) | {"of": f"{round(asked.size * CITY):,} people"}
    shutil.rmtree(work)
    print(table(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def limits(source: Path, made: Path, work: Path) -> dict[str, Any]:
    """`tables`: by table the seconds of scanning, of writing, their sum, the processor's, ours, and how many times the sum that is;
    `all` is the whole job. `reads`: what was scanned.

    made: the outputs of ours, with its seconds. work: a folder for what is written meanwhile.
    """
    work.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        read = pool.submit(reads, source, made).result()
    told = {name: {"folder": str(made.resolve() / name), "reads": columns} for name, columns in read.items()}
    (work / READS).write_text(json.dumps(told), encoding="utf-8")
    least = run(LEAST, work, work / LEAST).seconds
    ours = json.loads((made / "seconds.json").read_text(encoding="utf-8"))
    figures = {name: {kind: least[f"{kind}/{name}"] for kind in ("scan", "write", "cpu")} | {"ours": ours[name]} for name in read}
    figures["all"] = {kind: sum(f[kind] for f in figures.values()) for kind in ("scan", "write", "cpu", "ours")}
    return {"tables": {name: _compared(**f) for name, f in figures.items()}, "reads": read}


def _compared(scan: float, write: float, cpu: float, ours: float) -> dict[str, float]:
    return {"scan": scan, "write": write, "sum": scan + write, "cpu": cpu, "ours": ours, "ratio": ours / (scan + write)}


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = [f"{found['of']}", "", "| | scan s | write s | sum s | its CPU s | ours s | × |", "|---|" + "---:|" * 6]
    for name, t in found["tables"].items():
        least = " | ".join(f"{t[kind]:.3f}" for kind in ("scan", "write", "sum", "cpu"))
        lines.append(f"| {name} | {least} | {t['ours']:.2f} | {t['ratio']:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
