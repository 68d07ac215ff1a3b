"""What departments delivered: batches with their balance, files and quarantined lines; what is late, held, refused; quarantine by reason.

Here: reading it off the ledger, the release's remarks and `operations/quarantine`. No value of a row is read, only files, lines and codes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts import SourceContract
from pipelines.control.remarks import Remark
from pipelines.quarantine.meanings import meaning
from pipelines.quarantine.overview import EVERY_CODE, lines
from pipelines.site.reading import Reading
from quality.balance import FIGURES

BATCHES, QUARANTINED_LINES = 31, 200
"""Newest batches of a table, and newest quarantined rows, that its page lists."""
NIGHTS = 31
REFUSED = ("rejected", "held")


@dataclass(frozen=True)
class BatchFacts:
    """One delivery: its accounts by layer, its files. rows of layer -> figure -> count."""

    batch: str
    business_date: date
    as_of: date
    files: tuple[str, ...]
    accounts: dict[str, Counter[str]]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class QuarantinedLines:
    """Quarantined rows of one file for the same reasons: where they stand, and why."""

    business_date: date
    file: str
    codes: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class SourceFacts:
    """A delivered table: its newest batches, newest first, and quarantined lines."""

    contract: SourceContract
    batches: tuple[BatchFacts, ...]
    quarantined: tuple[QuarantinedLines, ...]
    more_batches: int
    more_lines: int
    remark: Remark | None


def source_facts(reading: Reading) -> list[SourceFacts]:
    """Return the facts of every delivered table of the installation, by name."""
    by_table: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for r in reading.ledger:
        by_table[r["table"]].append(r)
    return [_source(reading, contract, by_table) for _, contract in sorted(reading.sources.items())]


def _source(reading: Reading, contract: SourceContract, ledger: dict[str, list[dict[str, Any]]]) -> SourceFacts:
    raw, quarantine = contract.sibling("raw"), contract.sibling("quarantine")
    rows = [r for table in (raw, contract.name) for r in ledger.get(table, ()) if not r["batch_id"].startswith("no-batch")]
    ids = sorted({(r["business_date"], r["batch_id"]) for r in rows}, reverse=True)
    shown = ids[:BATCHES]
    files = _files(reading, raw, [batch for _, batch in shown])
    batches = [_batch(batch, [r for r in rows if r["batch_id"] == batch], files.get(batch, ())) for _, batch in shown]
    held, more_lines = _quarantined(reading, quarantine)
    remark = reading.release.remarks.get(contract.name)
    return SourceFacts(contract, tuple(batches), held, len(ids) - len(shown), more_lines, remark)


def _batch(batch: str, rows: Sequence[dict[str, Any]], files: tuple[str, ...]) -> BatchFacts:
    accounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for r in rows:
        accounts[r["table"].split("/")[0]].update({f: r[f] for f in FIGURES})
    reasons = tuple(dict.fromkeys(r["reason"] for r in rows if r["reason"]))
    return BatchFacts(batch, rows[0]["business_date"], max(r["as_of"] for r in rows), files, dict(accounts), reasons)


def _files(reading: Reading, raw: str, batches: list[str]) -> dict[str, tuple[str, ...]]:
    """Batch -> the files that its rows came from; empty of a batch that is no longer in raw."""
    found = reading.batches(raw, batches, ("_batch_id", "_source_file"))
    if found is None:
        return {}
    files: defaultdict[str, set[str]] = defaultdict(set)
    for r in found.group_by(["_batch_id", "_source_file"]).aggregate([]).to_pylist():
        files[r["_batch_id"]].add(r["_source_file"])
    return {batch: tuple(sorted(names)) for batch, names in files.items()}


def _quarantined(reading: Reading, table: str) -> tuple[tuple[QuarantinedLines, ...], int]:
    """The newest quarantined rows, those of a file and reasons together, and how many more there are."""
    found = reading.rows(table, ("_business_date", "_source_file", "_row_no", "codes"))
    if found is None:
        return (), 0
    rows = sorted(found.to_pylist(), key=lambda r: (-r["_business_date"].toordinal(), r["_source_file"], r["_row_no"]))
    lines: defaultdict[tuple[date, str, tuple[str, ...]], list[int]] = defaultdict(list)
    for r in rows[:QUARANTINED_LINES]:
        lines[r["_business_date"], r["_source_file"], tuple(c for c in r["codes"] if ":E_" in c)].append(r["_row_no"])
    return tuple(QuarantinedLines(*of, tuple(numbers)) for of, numbers in lines.items()), max(0, len(rows) - QUARANTINED_LINES)


@dataclass(frozen=True)
class Quarantine:
    """Quarantined rows at the end of the release's night and in the nights before.

    reasons: table, code, counts, meaning. departments: name -> rows by night of `nights`.
    """

    nights: tuple[date, ...]
    departments: dict[str, tuple[int, ...]]
    reasons: tuple[dict[str, Any], ...]


def quarantine(reading: Reading) -> Quarantine:
    """Return the quarantine by department and reason, from `operations/quarantine`."""
    known = [r for r in lines(reading.lake) if r["as_of"] <= reading.release.as_of]
    nights = tuple(sorted({r["as_of"] for r in known})[-NIGHTS:])
    totals: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for r in known:
        if r["code"] == EVERY_CODE:
            totals[r["department"]][r["as_of"]] += r["standing"]
    reasons = [
        {**r, "contract": reading.contracts.get(f"cleansed/{r['department']}/{r['table']}"), "meaning": meaning(r["code"])}
        for r in known
        if nights and r["as_of"] == nights[-1] and r["code"] != EVERY_CODE and (r["standing"] or r["cleared"])
    ]
    reasons.sort(key=lambda r: (-r["standing"], r["department"], r["table"], r["code"]))
    return Quarantine(nights, {d: tuple(of[n] for n in nights) for d, of in sorted(totals.items())}, tuple(reasons))


def refused(reading: Reading) -> list[dict[str, Any]]:
    """Return the accounts of deliveries that the night did not accept: held or rejected."""
    return [r for r in reading.ledger if r["as_of"] == reading.release.as_of and r["table"].startswith("raw/") and r["kind"] in REFUSED]
