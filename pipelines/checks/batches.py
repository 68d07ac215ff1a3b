"""Domain rules H1: the account of every delivered row, recounted from the tables and compared with the ledger.

Per batch: rows in raw, in cleansed and in quarantine. The remaining rows were duplicates, or were published and superseded
later; the ledger must agree row for row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyspark.sql import functions as F

from assets.invariants import Violations
from contracts import Contract
from pipelines.checks.checks import Check, DoesNotApply
from pipelines.checks.view import View
from quality.balance import FIGURES
from quality.lineage import LINEAGE

LAYERS = RAW, CLEANSED, QUARANTINE = "raw", "cleansed", "quarantine"


@dataclass(frozen=True)
class Counted:
    """Rows of one batch by layer; how many rows of cleansed and quarantine are missing in raw (orphans) or occur twice."""

    rows: dict[str, int]
    orphans: int
    twice: int
    example: str


def checks() -> list[Check]:
    """Return the checks of this module."""
    return [
        Check("ledger_balances", "H1", "rows in = published + quarantined + duplicates + rejected, in every row of the ledger", _balances),
        Check("rows_have_lineage", "H1", "every row of cleansed and quarantine is in raw, with batch, file and line", _lineage),
        Check("rows_have_one_fate", "H1", "every delivered row is published or quarantined at most once", _one_fate),
        Check("batches_recomputed", "H1", "the rows of each batch, counted in the tables, agree with the ledger", _recomputed),
    ]


def _balances(view: View) -> Violations:
    if not view.ledger:
        raise DoesNotApply("the ledger is empty")
    return Violations.of(_line(r) for r in view.ledger if r["rows_in"] != sum(r[f] for f in FIGURES[1:]))


def _line(account: dict[str, Any]) -> str:
    return f"{account['table']} batch {account['batch_id'][:8]} ({account['kind']})"


def _lineage(view: View) -> Violations:
    return _wrong_rows(view, "orphans")


def _one_fate(view: View) -> Violations:
    return _wrong_rows(view, "twice")


def _wrong_rows(view: View, wrong: str) -> Violations:
    found = [(contract, batch, c) for contract in _sources(view) for batch, c in kept(view, contract).items() if getattr(c, wrong)]
    examples = [f"{contract.name} batch {batch[:8]} {c.example}" for contract, batch, c in found]
    return Violations(sum(getattr(c, wrong) for _, _, c in found), Violations.of(examples).examples)


def _sources(view: View) -> list[Contract]:
    if not view.sources:
        raise DoesNotApply("no delivery has been ingested yet")
    return view.sources


def kept(view: View, contract: Contract) -> dict[str, Counted]:
    """Count the batches whose rows are still in raw, or should be."""
    gone = {batch for table, batch in view.gone_batches if table == contract.sibling(RAW)}
    return {batch: c for batch, c in counted(view, contract).items() if c.rows[RAW] or batch not in gone}


def counted(view: View, contract: Contract) -> dict[str, Counted]:
    """Count the rows of every batch by layer; a row is identified by batch, business date, file and line."""
    known: dict[str, dict[str, Counted]] = view.kept.setdefault("counted", {})
    if contract.name not in known:
        known[contract.name] = _count(view, contract)
    return known[contract.name]


def _count(view: View, contract: Contract) -> dict[str, Counted]:
    layers = [layer for layer in LAYERS if view.has(contract.sibling(layer))]
    place = [F.col(c).cast("string").alias(c) for c in LINEAGE]
    marked = [view.frame(contract.sibling(layer)).select(*place, F.lit(layer).alias("layer")) for layer in layers]
    rows = marked[0]
    for more in marked[1:]:
        rows = rows.unionByName(more)
    per_row = rows.groupBy(*LINEAGE).agg(*[F.sum(F.when(F.col("layer") == x, 1).otherwise(0)).alias(x) for x in LAYERS])
    fate = F.col(CLEANSED) + F.col(QUARANTINE)
    orphans, twice = (F.col(RAW) == 0), (fate > 1) | (F.col(RAW) > 1)
    where = F.min(F.when(orphans | twice, F.concat_ws(":", "_source_file", "_row_no"))).alias("example")
    totals = per_row.groupBy("_batch_id").agg(
        *[F.sum(x).alias(x) for x in LAYERS],
        F.sum(F.when(orphans, fate).otherwise(0)).alias("orphans"),
        F.sum(F.when(twice, 1).otherwise(0)).alias("twice"),
        where,
    )
    return {r["_batch_id"]: Counted({x: r[x] for x in LAYERS}, r["orphans"], r["twice"], r["example"] or "") for r in totals.collect()}


def _recomputed(view: View) -> Violations:
    wrong: list[str] = []
    for contract in _sources(view):
        cleansed, delivered = _ledger_counts(view, contract.name), _ledger_counts(view, contract.sibling(RAW))
        tables, everything = kept(view, contract), counted(view, contract)
        gone = (everything.keys() - tables.keys()) | {batch for _, batch in view.gone_batches if batch not in everything}
        for batch in sorted({*cleansed, *tables, *(b for b, figures in delivered.items() if figures["published"])} - gone):
            rows = tables[batch].rows if batch in tables else dict.fromkeys(LAYERS, 0)
            wrong += [f"{contract.name} batch {batch[:8]}: {said}" for said in _differences(rows, cleansed[batch], delivered[batch])]
    return Violations.of(wrong)


def _ledger_counts(view: View, table: str) -> dict[str, Counter[str]]:
    """Sum the ledger accounts of every batch, adjustments included."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for account in view.ledger:
        if account["table"] == table:
            sums[account["batch_id"]].update({f: account[f] for f in FIGURES})
    return sums


def _differences(rows: dict[str, int], cleansed: Counter[str], delivered: Counter[str]) -> Iterable[str]:
    fates = cleansed["published"] + cleansed["quarantined"] + cleansed["duplicates"]
    if delivered["published"] != rows[RAW]:
        yield f"{rows[RAW]} rows in raw, {delivered['published']} in the ledger"
    if not rows[RAW] == cleansed["rows_in"] == fates:
        yield f"{rows[RAW]} rows in raw, {cleansed['rows_in']} in the ledger, {fates} published, quarantined or duplicate"
    if rows[QUARANTINE] != cleansed["quarantined"]:
        yield f"{rows[QUARANTINE]} rows in quarantine, {cleansed['quarantined']} in the ledger"
    if rows[CLEANSED] > cleansed["published"]:
        yield f"{rows[CLEANSED]} rows in cleansed, {cleansed['published']} were published"
