"""`python -m bench.ingestion --rows 5000000`: one large GB18030 file taken into raw, beside what plain Arrow needs to read and write it.

Here: the delivery, made of the archives of the bench's inputs, and the rounds. Not here: measuring (`measure`), the table (`report`).
"""

from __future__ import annotations

import argparse
import json
import shutil
from datetime import date
from pathlib import Path

from bench import report
from bench.data import inputs
from bench.measure import Cost, run

TABLE, DAY, UTF8 = "health/archive", "2019-12-31", "rows.csv"
CONTESTANTS = {"arrow_to_parquet": "pyarrow.csv to Parquet, UTF-8", "taken_in": "citylake, raw, GB18030"}
SIZE = 0.1
"""The rows are those of a city of this size, over and over."""


def delivery(folder: Path, rows: int) -> Path:
    """The folder with a drop of so many rows, and the same data as UTF-8; made when it is not there yet."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    from deltalake import DeltaTable

    from contracts import load_all, sources
    from resources.readers.streams import sm3
    from simulator.drops import write_manifest

    target = folder / f"delivery-{rows}"
    contract = sources(load_all())[f"cleansed/{TABLE}"]
    drop = target / "landing" / TABLE / DAY
    if (drop / "manifest.json").exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    drop.mkdir(parents=True)
    raw = DeltaTable(str(inputs(folder, SIZE) / contract.sibling("raw"))).to_pyarrow_table(columns=[c.name for c in contract.delivered])
    header = [c.source or c.name for c in contract.delivered]
    name = f"{contract.table}.csv"
    with (target / UTF8).open("wb") as plain, (drop / name).open("wb") as delivered:
        left, first = rows, True
        while left:
            part = raw.slice(0, min(left, len(raw))).rename_columns(header)
            sink = pa.BufferOutputStream()
            pacsv.write_csv(part, sink, pacsv.WriteOptions(include_header=first, quoting_style="needed"))
            octets = sink.getvalue().to_pybytes()
            plain.write(octets)
            delivered.write(octets.decode("utf-8").encode("gb18030"))
            left, first = left - len(part), False
    with (drop / name).open("rb") as file:
        files = [{"name": name, "sm3": sm3(file), "bytes": (drop / name).stat().st_size}]
    write_manifest(drop, contract, date.fromisoformat(DAY), date.fromisoformat(DAY), rows, files)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.ingestion", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    source, costs = delivery(asked.folder, asked.rows), dict[str, list[Cost]]()
    for number in range(asked.rounds):
        for name in list(CONTESTANTS)[:: -1 if number % 2 else 1]:
            outputs = asked.folder / f"outputs-{name}"
            costs.setdefault(name, []).append(run(name, source, outputs))
            shutil.rmtree(outputs)
    found = report.summary({name: costs[name] for name in CONTESTANTS}, {}, CONTESTANTS, f"{asked.rows:,} rows")
    print(report.table(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
