"""What the lake made of the dirt that the demo city put into its deliveries: per dirt code injected, found, right.

Here: the comparison of the tables with the truth's record of dirt (table, key, column, code, clean value). Not here: findings about
persons and archives (`pipelines.cli.truth`), showing either (`pipelines.cli.reckoning`).

Found: the cells that carry the code's marks and that no other dirt explains, and those put right without a mark. Right: the injected
cells that came out as they should. Precision is right/found, recall right/injected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd

from contracts import Contract, load_all
from pipelines.cli.truth import Finding
from resources.lake import Lake
from standards.names import DOT, DOTS, variants

TOLERANCE = Decimal("0.005")
"""A value measured in another unit comes back rounded: half a percent."""
Cell = tuple[str, str, str]
"""Table without its layer, business key joined by |, column."""


@dataclass(frozen=True)
class Seen:
    """One row of the lake: its values (delivered text when it is held back), its codes as column:CODE."""

    values: dict[str, Any]
    codes: frozenset[str]

    def marked(self, column: str, codes: Iterable[str]) -> bool:
        return any(f"{column}:{code}" in self.codes for code in codes)


Judge = Callable[[Seen, str, Any, tuple[str, ...]], bool]


def same(value: Any, clean: Any) -> bool:
    """Whether a value of the lake is what the delivery should have said."""
    if value is None or clean is None:
        return value is None and clean is None
    if isinstance(value, datetime):
        return str(value)[:19] == clean
    if isinstance(value, int | Decimal):
        try:
            return abs(Decimal(value) - Decimal(clean)) <= TOLERANCE * abs(Decimal(clean))
        except InvalidOperation:
            return False
    return str(value) == clean


def repaired(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    return same(row.values[column], clean)


def flagged(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    return row.marked(column, codes)


def flagged_anywhere(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    return any(row.marked(c, codes) for c in row.values)


def emptied(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    return row.values[column] is None


def comparable(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """The key the lake compares names by is that of the clean name."""
    one = str(clean).translate(str.maketrans(*variants())).translate(str.maketrans(DOTS, DOT * len(DOTS)))
    return row.values[f"{column}_key"] == one.replace(" ", "").replace(DOT, "").upper()


def coarse(row: Seen, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """No village is claimed where none was delivered."""
    value = row.values[column]
    return value is None or value.endswith("000000")


@dataclass(frozen=True)
class Treatment:
    """How the lake marks a kind of dirt, and when it has treated it rightly. `of`: the dirt code it is a kind of."""

    of: str
    what: str
    codes: tuple[str, ...]
    right: Judge


TREATMENTS = {
    "D01": Treatment("D01", "rare character lost", ("W_RARE",), flagged),
    "D02": Treatment("D02", "full-width, invisible characters, blanks", ("F_WIDTH", "F_INVIS", "F_TRIM", "F_NAME"), repaired),
    "D03": Treatment("D03", "identity number of 15 digits", ("F_UP15",), repaired),
    "D04": Treatment("D04", "look-alikes of X", ("F_X",), repaired),
    "D05": Treatment("D05", "identity number mistyped", ("E_CHECK", "E_DATE", "E_EXCEL", "E_FUTURE"), flagged),
    "D06": Treatment("D06", "number damaged by a spreadsheet", ("E_SCI", "E_EXCEL"), flagged),
    "D06R": Treatment("D06", "number decorated by a spreadsheet", ("F_DOT0", "F_TRIM"), repaired),
    "D07": Treatment("D07", "placeholder for an identity number", ("E_PLACEHOLDER",), emptied),
    "D08": Treatment("D08", "placeholder for a name", ("W_NAME_PLACEHOLDER",), flagged),
    "D09": Treatment("D09", "placeholder or shared phone", ("W_PHONE_PLACEHOLDER", "W_SHARED"), flagged),
    "D10": Treatment("D10", "values in each other's column", ("F_SWAPCOL",), repaired),
    "D14": Treatment("D14", "sentinel date", ("F_SENTINEL",), emptied),
    "D15": Treatment("D15", "mixed date formats", ("F_DATE",), repaired),
    "D15X": Treatment("D15", "dates of a spreadsheet", ("F_DATE",), repaired),
    "IMPOSSIBLE": Treatment("D15", "impossible date", ("E_DATE",), flagged),
    "UNREADABLE": Treatment("D15", "no date at all", ("E_DATE",), flagged),
    "D16": Treatment("D16", "dates in the wrong order", ("W_ORDER",), flagged_anywhere),
    "D16A": Treatment("D16", "dates in the wrong order", ("W_ORDER",), flagged_anywhere),
    "D17": Treatment("D17", "sex against the number", ("F_SEX",), repaired),
    "D18": Treatment("D18", "division missing, short, cancelled or a name", ("F_DIVISION",), coarse),
    "D19": Treatment("D19", "another unit", ("F_UNIT",), repaired),
    "D20": Treatment("D20", "text in a number", ("F_NUMBER",), repaired),
    "D22": Treatment("D22", "label or local code", ("F_CODE",), repaired),
    "UNKNOWN_CODE": Treatment("D22", "unknown code", ("E_CODE",), flagged),
    "D24": Treatment("D24", "character cut in half", ("W_TRUNC",), flagged),
    "D29": Treatment("D29", "status forgot its date", ("F_STATUS",), repaired),
    "D30": Treatment("D30", "variant of a name", ("F_NAME",), comparable),
    "D35": Treatment("D35", "negative amount", ("W_NEGATIVE",), flagged),
    "D37": Treatment("D37", "world time, clock of twelve hours", (), repaired),
    "D39": Treatment("D39", "masked by the provider", ("W_MASKED",), flagged),
    "D40": Treatment("D40", "remains of HTML", ("F_HTML",), repaired),
    "D40N": Treatment("D40", "words for nothing", (), emptied),
    "MISSING": Treatment("D40", "nothing, or a word for it", ("E_REQUIRED",), emptied),
}
"""By the code of the truth's record. One pair for each cell; what concerns whole rows stands in `of_rows`."""
WHOLE = {
    "D11": "the same row again",
    "D12": "older version of a row",
    "KEY_CONFLICT": "one key, two contents",
    "D23": "delimiter inside text, line cut short",
    "D27": "archive number nobody has",
}


def compare(lake: Lake, truth: Path) -> list[Finding]:
    """One line per dirt code of the truth's record, in their order."""
    record = pd.read_csv(truth / "dirt.csv", dtype=str, keep_default_na=False)
    contracts = {c.sibling("x")[2:]: c for c in load_all().values() if c.delivery is not None}
    rows = {table: _rows(lake, contracts[table]) for table in sorted(set(record["table"]))}
    dirty: dict[Cell, set[str]] = {}
    for r in record.itertuples():
        dirty.setdefault((r.table, r.key, r.column), set()).add(r.code)
    totals: dict[str, list[Any]] = {}
    for code, t in TREATMENTS.items():
        mine = record[record["code"] == code]
        right = {(r.table, r.key, r.column) for r in mine.itertuples()
                 if any(t.right(row, r.column, r.clean or None, t.codes) for row in rows[r.table].get(r.key, []))}  # fmt: skip
        unexplained = {cell for cell in _marked(rows, t.codes) if cell not in dirty} if _first_of(code) else set()
        _add(totals, t.of, t.what, len(mine), len(right | unexplained), len(right))
    for code, figures in of_rows(lake, record, rows).items():
        _add(totals, code if code.startswith("D") else "D12", WHOLE[code], *figures)
    lines = [Finding(f"{code} {line[0]}", *line[1:]) for code, line in sorted(totals.items())]
    return [line for line in lines if line.expected or line.found]


def _first_of(code: str) -> bool:
    """Marks that two kinds of dirt share are counted once, at the first."""
    codes = set(TREATMENTS[code].codes)
    before = [t.codes for c, t in TREATMENTS.items() if list(TREATMENTS).index(c) < list(TREATMENTS).index(code)]
    return not any(codes & set(b) for b in before)


def _add(totals: dict[str, list[Any]], code: str, what: str, injected: int, found: int, right: int) -> None:
    line = totals.setdefault(code, [what, 0, 0, 0])
    for place, n in enumerate((injected, found, right), 1):
        line[place] += n


def _marked(rows: dict[str, dict[str, list[Seen]]], codes: tuple[str, ...]) -> Iterable[Cell]:
    for table, by_key in rows.items():
        for key, found in by_key.items():
            for row in found:
                for column, _, code in (c.partition(":") for c in row.codes):
                    if code in codes:
                        yield table, key, column


def _rows(lake: Lake, contract: Contract) -> dict[str, list[Seen]]:
    """Business key -> the row published under it, and those held back (their values as delivered)."""
    found: dict[str, list[Seen]] = {}
    for name, codes in ((contract.name, "_codes"), (contract.sibling("quarantine"), "codes")):
        table = lake.arrow(name)
        for row in [] if table is None else table.to_pylist():
            values = row if codes == "_codes" else {c.name: None for c in contract.columns} | json.loads(row["raw"])
            key = "|".join(str(values[k]) if values[k] is not None else "" for k in contract.key)
            found.setdefault(key, []).append(Seen(values, frozenset(row[codes])))
    return found


def of_rows(lake: Lake, record: pd.DataFrame, rows: dict[str, dict[str, list[Seen]]]) -> dict[str, tuple[int, int, int]]:
    """Dirt of whole rows: injected, found, right."""
    by_code = {code: record[record["code"] == code] for code in WHOLE}
    published = {table: {k: [r for r in found if "_seq" in r.values] for k, found in by_key.items()} for table, by_key in rows.items()}
    once = by_code["D11"]
    single = sum(len(published[r.table].get(r.key, [])) == 1 for r in once.itertuples())
    newest = sum(
        [same(row.values[r.column], r.clean) for row in published[r.table].get(r.key, [])] == [True] for r in by_code["D12"].itertuples()
    )
    contested = sum(
        any("key:E_KEY_CONFLICT" in row.codes for row in rows[r.table].get(r.key, [])) for r in by_code["KEY_CONFLICT"].itertuples()
    )
    held = 0
    for table in rows:
        quarantine = lake.arrow(f"quarantine/{table}", columns=["codes", "line"])
        lines = [] if quarantine is None else quarantine.to_pylist()
        held += len({r["line"] for r in lines if "row:E_COLUMNS" in r["codes"]})
    broken = len(by_code["D23"])
    services = lake.arrow("themes/health/service", columns=["service_no", "service_kind", "archive_key"])
    lost = (
        {r["service_no"] for r in services.to_pylist() if r["archive_key"] is None and r["service_kind"] != "VISIT"} if services else set()
    )
    orphans = set(by_code["D27"]["key"])
    return {
        "D11": (len(once), single, single),
        "D12": (len(by_code["D12"]), newest, newest),
        "KEY_CONFLICT": (len(by_code["KEY_CONFLICT"]), contested, contested),
        "D23": (broken, held, min(broken, held)),
        "D27": (len(orphans), len(lost), len(orphans & lost)),
    }
