"""H1: what became of every delivered row, counted again from the tables themselves and held against the ledger.

Per batch: the rows in raw, those that stand in cleansed, those in quarantine. What is neither was a duplicate, or was
published and superseded later; the ledger must say so row for row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyspark.sql import functions as F

from contracts import Contract
from pipelines.checks.checks import Check, DoesNotApply, Violations
from pipelines.checks.view import View
from quality.rows import LINEAGE

FIGURES = ("rows_in", "published", "quarantined", "duplicates", "rejected")
RAW, STANDING, HELD = "raw", "cleansed", "quarantine"


@dataclass(frozen=True)
class Counted:
    """Rows of one batch in each layer; how many of cleansed and quarantine are not in raw, or there more than once."""

    rows: dict[str, int]
    homeless: int
    twice: int
    example: str


def checks() -> list[Check]:
    return [
        Check("ledger_balances", "H1", "rows in = published + quarantined + duplicates + rejected, in every line of the ledger", _balances),
        Check("rows_have_lineage", "H1", "every row of cleansed and quarantine is in raw, with batch, file and line", _lineage),
        Check("rows_have_one_fate", "H1", "no delivered row is published or held back twice, or both", _one_fate),
        Check("batches_recomputed", "H1", "the rows of each batch, counted in the tables, are those of the ledger", _recomputed),
    ]


def _balances(view: View) -> Violations:
    if not view.ledger:
        raise DoesNotApply("the ledger is empty")
    return Violations.of(_line(r) for r in view.ledger if r["rows_in"] != sum(r[f] for f in FIGURES[1:]))


def _line(account: dict[str, Any]) -> str:
    return f"{account['table']} batch {account['batch_id'][:8]} ({account['kind']})"


def _lineage(view: View) -> Violations:
    return _places(view, "homeless")


def _one_fate(view: View) -> Violations:
    return _places(view, "twice")


def _places(view: View, wrong: str) -> Violations:
    found = [(contract, batch, c) for contract in _sources(view) for batch, c in kept(view, contract).items() if getattr(c, wrong)]
    examples = [f"{contract.name} batch {batch[:8]} {c.example}" for contract, batch, c in found]
    return Violations(sum(getattr(c, wrong) for _, _, c in found), Violations.of(examples).examples)


def _sources(view: View) -> list[Contract]:
    if not view.sources:
        raise DoesNotApply("nothing has ever been delivered")
    return view.sources


def kept(view: View, contract: Contract) -> dict[str, Counted]:
    """Those of the batches whose rows are still in raw, or should be."""
    gone = {batch for table, batch in view.gone_batches if table == contract.sibling(RAW)}
    return {batch: c for batch, c in counted(view, contract).items() if c.rows[RAW] or batch not in gone}


def counted(view: View, contract: Contract) -> dict[str, Counted]:
    """Batch -> its rows, each row looked up by batch, business date, file and line."""
    known: dict[str, dict[str, Counted]] = view.kept.setdefault("counted", {})
    if contract.name not in known:
        known[contract.name] = _count(view, contract)
    return known[contract.name]


def _count(view: View, contract: Contract) -> dict[str, Counted]:
    layers = [layer for layer in (RAW, STANDING, HELD) if view.has(contract.sibling(layer))]
    place = [F.col(c).cast("string").alias(c) for c in LINEAGE]
    marked = [view.frame(contract.sibling(layer)).select(*place, F.lit(layer).alias("layer")) for layer in layers]
    rows = marked[0]
    for more in marked[1:]:
        rows = rows.unionByName(more)
    per_row = rows.groupBy(*LINEAGE).agg(*[F.sum(F.when(F.col("layer") == x, 1).otherwise(0)).alias(x) for x in (RAW, STANDING, HELD)])
    fate = F.col(STANDING) + F.col(HELD)
    homeless, twice = (F.col(RAW) == 0), (fate > 1) | (F.col(RAW) > 1)
    where = F.min(F.when(homeless | twice, F.concat_ws(":", "_source_file", "_row_no"))).alias("example")
    totals = per_row.groupBy("_batch_id").agg(
        *[F.sum(x).alias(x) for x in (RAW, STANDING, HELD)],
        F.sum(F.when(homeless, fate).otherwise(0)).alias("homeless"),
        F.sum(F.when(twice, 1).otherwise(0)).alias("twice"),
        where,
    )
    return {
        r["_batch_id"]: Counted({x: r[x] for x in (RAW, STANDING, HELD)}, r["homeless"], r["twice"], r["example"] or "")
        for r in totals.collect()
    }


def _recomputed(view: View) -> Violations:
    wrong: list[str] = []
    for contract in _sources(view):
        told, delivered = _ledger_counts(view, contract.name), _ledger_counts(view, contract.sibling(RAW))
        tables, everything = kept(view, contract), counted(view, contract)
        gone = (everything.keys() - tables.keys()) | {batch for _, batch in view.gone_batches if batch not in everything}
        for batch in sorted({*told, *tables, *(b for b, figures in delivered.items() if figures["published"])} - gone):
            rows = tables[batch].rows if batch in tables else dict.fromkeys((RAW, STANDING, HELD), 0)
            wrong += [f"{contract.name} batch {batch[:8]}: {said}" for said in _differences(rows, told[batch], delivered[batch])]
    return Violations.of(wrong)


def _ledger_counts(view: View, table: str) -> dict[str, Counter[str]]:
    """Batch -> the sums of its accounts in the ledger, adjustments included."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for account in view.ledger:
        if account["table"] == table:
            sums[account["batch_id"]].update({f: account[f] for f in FIGURES})
    return sums


def _differences(rows: dict[str, int], told: Counter[str], delivered: Counter[str]) -> Iterable[str]:
    fates = told["published"] + told["quarantined"] + told["duplicates"]
    if delivered["published"] != rows[RAW]:
        yield f"{rows[RAW]} rows in raw, {delivered['published']} in the ledger"
    if not rows[RAW] == told["rows_in"] == fates:
        yield f"{rows[RAW]} rows in raw, {told['rows_in']} in the ledger, {fates} with a fate"
    if rows[HELD] != told["quarantined"]:
        yield f"{rows[HELD]} rows in quarantine, {told['quarantined']} in the ledger"
    if rows[STANDING] > told["published"]:
        yield f"{rows[STANDING]} rows stand in cleansed, {told['published']} were published"
