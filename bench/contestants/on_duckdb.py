"""DuckDB: the job as SQL (`duckdb_sql/`), tables in DuckDB's own memory, Delta read as Parquet files and written by delta-rs.

Here: putting the values of the specification into the SQL, the SELECT of each cleansed table, the order of the steps.
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from time import perf_counter
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from duckdb.func import PythonUDFType

from bench.contestants import duckdb_cleansed
from bench.contestants.in_python import off_by_one, pseudonym
from bench.contestants.tables import DERIVED, LINEAGE
from bench.contestants.texts import HOME_PROVINCES, PROVINCES, REPEATED

SQL = Path(__file__).parent / "duckdb_sql"
WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0"
NARROW = "".join(map(chr, range(0x21, 0x7F))) + "  "
INVISIBLE = "".join(map(chr, range(0x200B, 0x2010))) + "\ufeff"
LOWER, UPPER, CROSSES = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "×хХΧⅩⅹ"


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job; seconds by table."""
    started = perf_counter()
    spec = json.loads((inputs / "spec.json").read_text(encoding="utf-8"))
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false; SET TimeZone = 'Asia/Shanghai'")
    values = _values(spec)
    connection.create_function("one_edit", _one_edit, ["VARCHAR", "VARCHAR"], "BOOLEAN", type=PythonUDFType.ARROW)
    connection.execute(_filled("rules", values))
    connection.create_function("pseudonym", _pseudonym(bytes.fromhex(spec["key"])), ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    seconds = {"start": perf_counter() - started}

    def write(table: str, columns: str) -> None:
        rows = connection.sql(f'SELECT {columns} FROM "{table}"').to_arrow_reader()
        write_deltalake(str(outputs / table), rows)

    for source, table in spec["tables"].items():
        at = perf_counter()
        files = DeltaTable(str(inputs / "raw" / source)).file_uris()
        made = duckdb_cleansed.statements(f"cleansed/{source}", f"read_parquet({files}, hive_partitioning = true)", table)
        connection.execute(Template(made).substitute(values))
        write(f"cleansed/{source}", ", ".join([*(c["name"] for c in table["columns"]), *LINEAGE]))
        seconds[f"cleansed/{source}"] = perf_counter() - at
    for name in DERIVED:
        if not (SQL / f"{name.rpartition('/')[2]}.sql").exists():
            continue
        at = perf_counter()
        connection.execute(_filled(name.rpartition("/")[2], values))
        write(name, "*")
        seconds[name] = perf_counter() - at
    return seconds


def _filled(name: str, values: dict[str, str]) -> str:
    return Template((SQL / f"{name}.sql").read_text(encoding="utf-8")).substitute(values)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _tuple(values: Any) -> str:
    return f"({', '.join(map(_text, values))})"


def _list(values: Any) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _values(spec: dict[str, Any]) -> dict[str, str]:
    """What the SQL files leave open."""
    divisions = spec["divisions"]
    dropped = " \t\r\n-'\"\u00a0"
    return {
        "as_of": f"DATE '{spec['as_of']}'",
        "wide_from": _text(WIDE + INVISIBLE),
        "wide_to": _text(NARROW),
        "identity_from": _text(WIDE[:-1] + LOWER + CROSSES + dropped + INVISIBLE),
        "identity_to": _text(NARROW[:-1].translate(str.maketrans(LOWER, UPPER)) + UPPER + "X" * len(CROSSES)),
        "provinces": _tuple(HOME_PROVINCES),
        "foreign_provinces": _tuple(PROVINCES),
        "repeated": _text(REPEATED),
        **{f"placeholder_{rule}": _tuple(values) for rule, values in spec["placeholders"].items()},
        "variants_from": _text(spec["variants"][0]),
        "variants_to": _text(spec["variants"][1]),
        "evidence": _list(spec["linkage_points"]),
        "points": str(list(spec["linkage_points"].values())),
        "towns": _tuple(divisions["towns"]),
        "counties": _tuple(divisions["counties"]),
        "successor_names": _list(divisions["successors"]),
        "successor_codes": _list(divisions["successors"].values()),
        "division_names": _list(divisions["names"]),
        "division_codes": _list(divisions["names"].values()),
        **{f"labels_{name}": _list(labels) for name, labels in spec["codes"].items()},
        **{f"codes_{name}": _list(labels.values()) for name, labels in spec["codes"].items()},
        **{f"plain_{name}": _tuple(set(labels.values())) for name, labels in spec["codes"].items()},
    }


def _one_edit(names: pa.Array, others: pa.Array) -> pa.Array:
    """Whether two names are one character apart: DuckDB's own distance counts bytes, and a Han character has three."""
    pairs = zip(names.to_pylist(), others.to_pylist(), strict=True)
    return pa.array([None if a is None or b is None else off_by_one(a, b) for a, b in pairs], pa.bool_())


def _pseudonym(key: bytes) -> Any:
    """Pseudonyms of texts."""
    of = pseudonym(key)
    return lambda texts: pa.array([None if t is None else of(t) for t in texts.to_pylist()], pa.string())
