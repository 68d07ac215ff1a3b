"""How the lake treated the dirt that the demo city injected into its deliveries: per dirt code injected, found, right.

Here: comparing tables with the simulator's record of dirt (table, key, column, code, clean value). Not here: findings about
persons and archives (`pipelines.cli.truth`), showing either (`pipelines.cli.evaluation`).

Found: cells with a mark of the code that no other dirt explains, and injected cells that were repaired without a mark. Right: the
injected cells that were treated as expected. Precision is right/found, recall right/injected.
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
from standards.text import FULL_WIDTH, HALF_WIDTH

TOLERANCE = Decimal("0.005")
"""A value that was converted from another unit is rounded: half a percent."""
NARROW = str.maketrans(FULL_WIDTH, HALF_WIDTH)
"""Official names of towns have full-width brackets."""
Cell = tuple[str, str, str]
"""Table without its layer, business key joined by |, and column."""


@dataclass(frozen=True)
class LakeRow:
    """One row of the lake: its values (delivered texts when it is quarantined) and its codes as column:CODE."""

    values: dict[str, Any]
    codes: frozenset[str]

    @property
    def published(self) -> bool:
        """Whether the row is in the cleansed table and not in quarantine."""
        return "_seq" in self.values

    def marked(self, column: str, codes: Iterable[str]) -> bool:
        """Whether a column has one of the codes."""
        return any(f"{column}:{code}" in self.codes for code in codes)


Judge = Callable[[LakeRow, str, Any, tuple[str, ...]], bool]
"""Whether a cell was treated as expected: row, column, clean value, the codes of its kind of dirt."""


def same(value: Any, clean: Any) -> bool:
    """Whether a value of the lake equals the clean value."""
    if value is None or clean is None:
        return value is None and clean is None
    if isinstance(value, datetime):
        return str(value)[:19] == clean
    if isinstance(value, int | Decimal):
        try:
            return abs(Decimal(value) - Decimal(clean)) <= TOLERANCE * abs(Decimal(clean))
        except InvalidOperation:
            return False
    return str(value) == str(clean).translate(NARROW)


def repaired(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether the value equals the clean one. Parameters as of Judge."""
    return same(row.values[column], clean)


def flagged(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether the column has one of the codes. Parameters as of Judge."""
    return row.marked(column, codes)


def flagged_anywhere(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether any column of the row has one of the codes. Parameters as of Judge."""
    return any(row.marked(c, codes) for c in row.values)


def emptied(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether the value is empty. Parameters as of Judge."""
    return row.values[column] is None


def comparable(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether the key by which names are compared is that of the clean name. Parameters as of Judge."""
    one = str(clean).translate(str.maketrans(*variants())).translate(str.maketrans(DOTS, DOT * len(DOTS)))
    return row.values[f"{column}_key"] == one.replace(" ", "").replace(DOT, "").upper()


def coarse(row: LakeRow, column: str, clean: Any, codes: tuple[str, ...]) -> bool:
    """Whether no village was invented where none was delivered. Parameters as of Judge."""
    value = row.values[column]
    return value is None or value.endswith("000000")


@dataclass(frozen=True)
class Treatment:
    """How the lake marks a kind of dirt, and how to see that it was treated as expected. `of`: the dirt code it belongs to."""

    of: str
    what: str
    codes: tuple[str, ...]
    right: Judge


TREATMENTS = {
    "D01": Treatment("D01", "rare character lost", ("W_RARE",), flagged),
    "D02": Treatment("D02", "full-width, invisible characters, blanks", ("F_WIDTH", "F_INVIS", "F_TRIM", "F_NAME"), repaired),
    "D03": Treatment("D03", "identity number of 15 digits", ("F_UP15",), repaired),
    "D04": Treatment("D04", "look-alike characters for X", ("F_X",), repaired),
    "D05": Treatment("D05", "identity number mistyped", ("E_CHECK", "E_DATE", "E_EXCEL", "E_FUTURE"), flagged),
    "D06": Treatment("D06", "number damaged by a spreadsheet", ("E_SCI", "E_EXCEL"), flagged),
    "D06R": Treatment("D06", "number decorated by a spreadsheet", ("F_DOT0", "F_TRIM"), repaired),
    "D07": Treatment("D07", "placeholder for an identity number", ("E_PLACEHOLDER",), emptied),
    "D08": Treatment("D08", "placeholder for a name", ("W_NAME_PLACEHOLDER",), flagged),
    "D09": Treatment("D09", "placeholder or shared phone", ("W_PHONE_PLACEHOLDER", "W_SHARED"), flagged),
    "D10": Treatment("D10", "swapped columns", ("F_SWAPCOL",), repaired),
    "D14": Treatment("D14", "sentinel date", ("F_SENTINEL",), emptied),
    "D15": Treatment("D15", "mixed date formats", ("F_DATE",), repaired),
    "D15X": Treatment("D15", "dates of a spreadsheet", ("F_DATE",), repaired),
    "IMPOSSIBLE": Treatment("D15", "impossible date", ("E_DATE",), flagged),
    "UNREADABLE": Treatment("D15", "no date at all", ("E_DATE",), flagged),
    "D16": Treatment("D16", "dates in the wrong order", ("W_ORDER",), flagged_anywhere),
    "D16A": Treatment("D16", "dates in the wrong order", ("W_ORDER",), flagged_anywhere),
    "D17": Treatment("D17", "sex contradicts the identity number", ("F_SEX",), repaired),
    "D18": Treatment("D18", "division missing, short, cancelled or a name", ("F_DIVISION",), coarse),
    "D18N": Treatment("D18", "division by its name or of former times", ("F_DIVISION",), repaired),
    "D19": Treatment("D19", "another unit", ("F_UNIT",), repaired),
    "D20Q": Treatment("D20", "qualifier of a number", ("F_QUALIFIER",), repaired),
    "D20N": Treatment("D20", "nothing detected", ("F_QUALIFIER",), emptied),
    "D21S": Treatment("D21", "longitude and latitude swapped", ("F_SWAP",), repaired),
    "D21U": Treatment("D21", "millionths of degrees", ("F_UNIT",), repaired),
    "D21D": Treatment("D21", "degrees, minutes, seconds", ("F_DMS",), repaired),
    "D21Z": Treatment("D21", "coordinates 0, 0", ("F_NULL",), emptied),
    "D20": Treatment("D20", "text in a number", ("F_NUMBER",), repaired),
    "D21": Treatment("D21", "position swapped, in millionths, in minutes", ("F_SWAP", "F_UNIT", "F_DMS"), repaired),
    "D22": Treatment("D22", "label or local code", ("F_CODE",), repaired),
    "UNKNOWN_CODE": Treatment("D22", "unknown code", ("E_CODE",), flagged),
    "D24": Treatment("D24", "character cut in half", ("W_TRUNC",), flagged),
    "D29": Treatment("D29", "status contradicts its date", ("F_STATUS",), repaired),
    "D30": Treatment("D30", "variant of a name", ("F_NAME",), comparable),
    "D35": Treatment("D35", "negative amount", ("W_NEGATIVE",), flagged),
    "D36E": Treatment("D36", "sensor is stuck", ("W_STUCK",), flagged),
    "D36S": Treatment("D36", "sensor jumps", ("W_SPIKE",), flagged),
    "D36G": Treatment("D36", "readings are missing", ("W_GAP",), flagged),
    "RANGE": Treatment("D36", "impossible reading", ("E_RANGE",), emptied),
    "DATUM": Treatment("D19", "level without its datum", ("W_REFERENCE",), flagged),
    "D15M": Treatment("D15", "months as text", ("F_DATE",), repaired),
    "D37C": Treatment("D37", "clock of a timetable after midnight in words", ("F_CLOCK",), flagged),
    "D37M": Treatment("D37", "24:00:00", ("F_DATE",), repaired),
    "D37": Treatment("D37", "UTC, twelve-hour clock", ("F_ZONE",), repaired),
    "D39": Treatment("D39", "masked by the provider", ("W_MASKED",), flagged),
    "D40": Treatment("D40", "HTML remnants", ("F_HTML",), repaired),
    "D40N": Treatment("D40", "placeholder for an empty value", (), emptied),
    "MISSING": Treatment("D40", "empty, or a placeholder", ("E_REQUIRED",), emptied),
}
"""By code of the simulator's record, for single cells; dirt of whole rows is in WHOLE and `of_rows`."""
WHOLE = {
    "D11": "the same row again",
    "D12": "older version of a row",
    "KEY_CONFLICT": "one key with two contents",
    "D23": "delimiter inside text, line cut short",
    "D27": "unknown archive number",
}


def compare(lake: Lake, truth: Path) -> list[Finding]:
    """Compare the lake with the simulator's record of dirt; one finding per dirt code, in their order."""
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
    """Whether a code is the first with its marks: marks that two kinds of dirt share are counted once."""
    codes = set(TREATMENTS[code].codes)
    before = [t.codes for c, t in TREATMENTS.items() if list(TREATMENTS).index(c) < list(TREATMENTS).index(code)]
    return not any(codes & set(b) for b in before)


def _add(totals: dict[str, list[Any]], code: str, what: str, injected: int, found: int, right: int) -> None:
    line = totals.setdefault(code, [what, 0, 0, 0])
    for place, n in enumerate((injected, found, right), 1):
        line[place] += n


def _marked(rows: dict[str, dict[str, list[LakeRow]]], codes: tuple[str, ...]) -> Iterable[Cell]:
    for table, by_key in rows.items():
        for key, found in by_key.items():
            for row in found:
                for column, _, code in (c.partition(":") for c in row.codes):
                    if code in codes and (row.published or code.startswith("E_")):
                        yield table, key, column


def _rows(lake: Lake, contract: Contract) -> dict[str, list[LakeRow]]:
    """Read the rows by business key: the published one, and the quarantined ones with their values as delivered."""
    found: dict[str, list[LakeRow]] = {}
    for name, codes in ((contract.name, "_codes"), (contract.sibling("quarantine"), "codes")):
        table = lake.arrow(name)
        for row in [] if table is None else table.to_pylist():
            values = row if codes == "_codes" else {c.name: None for c in contract.columns} | json.loads(row["raw"])
            key = "|".join(str(values[k]) if values[k] is not None else "" for k in contract.key)
            found.setdefault(key, []).append(LakeRow(values, frozenset(row[codes])))
    return found


def of_rows(lake: Lake, record: pd.DataFrame, rows: dict[str, dict[str, list[LakeRow]]]) -> dict[str, tuple[int, int, int]]:
    """Count dirt of whole rows.

    Args:
        lake: the lake.
        record: the simulator's record of dirt.
        rows: by table and business key.

    Returns:
        Injected, found and right, by code.
    """
    by_code = {code: record[record["code"] == code] for code in WHOLE}
    published = {table: {k: [r for r in found if r.published] for k, found in by_key.items()} for table, by_key in rows.items()}
    once = by_code["D11"]
    single = sum(len(published[r.table].get(r.key, [])) == 1 for r in once.itertuples())
    newest = sum(
        [same(row.values[r.column], r.clean) for row in published[r.table].get(r.key, [])] == [True] for r in by_code["D12"].itertuples()
    )
    contested = sum(
        any("key:E_KEY_CONFLICT" in row.codes for row in rows[r.table].get(r.key, [])) for r in by_code["KEY_CONFLICT"].itertuples()
    )
    split = 0
    for table in rows:
        quarantine = lake.arrow(f"quarantine/{table}", columns=["codes", "line"])
        lines = [] if quarantine is None else quarantine.to_pylist()
        split += len({r["line"] for r in lines if "row:E_COLUMNS" in r["codes"]})
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
        "D23": (broken, split, min(broken, split)),
        "D27": (len(orphans), len(lost), len(orphans & lost)),
    }
