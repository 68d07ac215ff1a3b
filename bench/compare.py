"""Whether two contestants have made the same tables: types, number of rows, a checksum that knows no order, and a sample of what differs.

Here: comparing Delta tables of any size, in bounded memory, without a contestant's code. Not here: what is compared (`job`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from bench.job import Output

SAMPLE = 5
TOMBSTONES = "_op"
"""A table that keeps deleted keys says so in this column; the others do not have them."""
DIGITS = 9
"""Decimal places of a double that must agree."""


@dataclass(frozen=True)
class Content:
    """What a table holds: the types of the compared columns, its rows, their checksum."""

    types: tuple[str, ...]
    rows: int
    checksum: str


def content(folder: Path, output: Output) -> Content:
    """Raises TableNotFoundError when the table is not there."""
    types, source = _source(folder, output)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT count(*), coalesce(sum(hash(r::VARCHAR)), 0), coalesce(bit_xor(hash(r::VARCHAR)), 0) FROM ({source}) AS r"
        ).fetchone()
    assert found is not None
    return Content(types, found[0], f"{found[1]:x}-{found[2]:x}")


def differences(one: Path, other: Path, output: Output) -> str | None:
    """The first thing that differs between the tables of two contestants, with a sample of rows; None when they are equal."""
    mine, others = content(one, output), content(other, output)
    if mine == others:
        return None
    if mine.types != others.types:
        pairs = zip(output.columns, mine.types, others.types, strict=True)
        return f"{output.name}: types of {[p for p in pairs if p[1] != p[2]]}"
    left, right = _source(one, output)[1], _source(other, output)[1]
    with duckdb.connect() as connection:
        sides = []
        for a, b in ((left, right), (right, left)):
            alone = connection.execute(f"SELECT * FROM ({a} EXCEPT ALL {b}) ORDER BY {', '.join(output.key)} LIMIT {SAMPLE}").fetchall()
            rows = [dict(zip(output.columns, row, strict=True)) for row in alone]
            sides.append({tuple(str(row[k]) for k in output.key): row for row in rows})
    said = [f"{output.name}: {mine.rows} rows, {others.rows} rows"]
    for key in sorted(set(sides[0]) | set(sides[1])):
        x, y = (side.get(key) for side in sides)
        if x and y:
            said.append(f"  {'|'.join(key)}: " + ", ".join(f"{c} {x[c]} <> {y[c]}" for c in output.columns if x[c] != y[c]))
        else:
            said.append(f"  {'|'.join(key)}: {'first' if x else 'second'} only: {x or y}")
    return "\n".join(said)


def _source(folder: Path, output: Output) -> tuple[tuple[str, ...], str]:
    """The Delta types of the compared columns, and a query for their values."""
    table = DeltaTable(str(folder / output.name))
    typed = {f.name: f.type for f in table.schema().fields}
    missing = [c for c in output.columns if c not in typed]
    if missing:
        raise ValueError(f"{folder.name}: {output.name} lacks {missing}")
    types = tuple(_plain(typed[c].to_json()) for c in output.columns)
    values = ", ".join(
        f'round("{c}", {DIGITS}) AS "{c}"' if t == '"double"' else f'"{c}"' for c, t in zip(output.columns, types, strict=True)
    )
    files = table.file_uris()
    if not files:
        return types, f"SELECT {', '.join('NULL' for _ in types)} WHERE false"
    live = " WHERE _op <> 'D'" if TOMBSTONES in typed else ""
    return types, f"SELECT {values} FROM read_parquet({files}){live}"


def _plain(type_json: str) -> str:
    """A type without what engines say differently of it: whether parts may be NULL."""
    for word in ("true", "false"):
        type_json = type_json.replace(f'"nullable":{word}', "").replace(f'"containsNull":{word}', "")
    return type_json.replace(" ", "")
