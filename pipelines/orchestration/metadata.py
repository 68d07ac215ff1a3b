"""Dagster metadata of tables and runs: schema, figures, column lineage. Never a personal value.

Here: metadata from contracts and outcomes. Not here: making tables.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import dagster as dg

from contracts import Contract, Field
from pipelines.control.freshness import Overdue
from pipelines.control.ledger import Release
from pipelines.maintenance.maintain import Maintained
from pipelines.measure import Measured
from pipelines.quarantine.overview import COLUMNS, EVERY_CODE, Overview
from pipelines.runtime import Runtime
from pipelines.steps.outcome import Outcome
from quality.balance import Account

if TYPE_CHECKING:
    from pipelines.site.make import MadeSite

BAR = 24
NIGHTS = 14


def of_contract(contract: Contract, *, raw: bool) -> dict[str, Any]:
    """Return the metadata of a table's definition: schema, contract, owner, column lineage."""
    shown: dict[str, Any] = {
        "dagster/column_schema": dg.TableSchema(columns=[_column(c, raw=raw) for c in contract.columns if c.delivered or not raw]),
        "contract": f"contracts/{contract.name}.yaml, version {contract.version}",
        "owner": contract.owner_title,
    }
    lineage = _lineage(contract, raw=raw)
    if lineage:
        shown["dagster/column_lineage"] = dg.TableColumnLineage(lineage)
    return shown


def _column(c: Field, *, raw: bool) -> dg.TableColumn:
    meaning = ", ".join(x for x in (c.description, c.unit) if x)
    described = "; ".join(x for x in (c.title if c.title != c.name else "", meaning) if x)
    tags = {"classification": c.classification}
    if raw:
        return dg.TableColumn(c.name, "string", f"{described}; delivered as {c.source}" if c.source != c.name else described, tags=tags)
    constraints = dg.TableColumnConstraints(nullable=not c.required, unique=False)
    return dg.TableColumn(c.name, c.physical_type, described, constraints=constraints, tags=tags)


def _lineage(contract: Contract, *, raw: bool) -> dict[str, list[dg.TableColumnDep]]:
    """Return the lineage of columns: cleansed ones come from raw, others from the columns their contract names as table.column."""
    if raw:
        return {}
    if contract.layer == "cleansed":
        source = contract.sibling("raw").split("/")
        return {
            c.name: [dg.TableColumnDep(dg.AssetKey(source), d) for d in (c.derived_from or (c.name,))]
            for c in contract.columns
        }  # fmt: skip
    named = {c.name: [d.rsplit(".", 1) for d in c.derived_from if "." in d] for c in contract.columns}
    return {name: [dg.TableColumnDep(dg.AssetKey(t.split("/")), col) for t, col in deps] for name, deps in named.items() if deps}


def of_outcome(outcome: Outcome, contract: Contract, runtime: Runtime) -> dict[str, Any]:
    """Return the metadata of a materialization.

    Args:
        outcome: of the step.
        contract: of the table.
        runtime: the installation.
    """
    shown: dict[str, Any] = {
        "delta version": outcome.version if outcome.version is not None else "none yet",
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 2),
    }
    if outcome.scope:
        shown["made"] = outcome.scope
    if outcome.rows is not None:
        shown["dagster/row_count"] = outcome.rows
    if outcome.problems:
        shown["problems"] = dg.MetadataValue.md("\n".join(f"- {p}" for p in outcome.problems))
    if outcome.read:
        shown["read at versions"] = dg.MetadataValue.md("\n".join(f"- {t}: {v}" for t, v in sorted(outcome.read.items())))
    shown |= of_accounts(outcome.accounts)
    if outcome.changed and contract.name == outcome.table:
        shown |= _distributions(outcome, contract, runtime)
    return shown


def of_profile(measured: Measured) -> dict[str, Any]:
    """Return the figures of a step under stable names, which Dagster plots over the nights."""
    figures = {name: value for name, value in measured.figures().items() if value is not None and name != "rows"}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}


def of_late(late: list[Overdue]) -> dict[str, Any]:
    """Return the overdue deliveries that a table lacks. late: of the table itself and of what it is made from."""
    lines = [f"- {o.table} {o.sentence()} ({o.owner})" for o in late]
    return {"late deliveries": dg.MetadataValue.md("\n".join(lines))} if lines else {}


def of_accounts(accounts: list[Account]) -> dict[str, Any]:
    """Return the ledger figures of a run as a table, and rows by error, repair and warning code."""
    batches = [a for a in accounts if a.kind != "derived"]
    if not batches:
        return {}
    records = [
        dg.TableRecord(
            {"batch": a.batch_id[:8], "business date": str(a.business_date), "kind": a.kind, "rows in": a.rows_in, "published": a.published,
             "quarantined": a.quarantined, "duplicates": a.duplicates, "rejected": a.rejected}
        )
        for a in batches
    ]  # fmt: skip
    shown: dict[str, Any] = {"ledger": dg.MetadataValue.table(records=records)}
    for name in ("rows_in", "published", "quarantined", "duplicates", "rejected"):
        shown[name.replace("_", " ")] = sum(getattr(a, name) for a in batches)
    codes: Counter[str] = Counter()
    for a in batches:
        codes.update(a.codes)
    for title, kinds in (("quarantined by reason", (":E_",)), ("repaired and warned of", (":F_", ":W_"))):
        counts = {code: rows for code, rows in codes.items() if any(kind in code for kind in kinds)}
        if counts:
            shown[title] = dg.MetadataValue.md(bars(counts))
    return shown


def _distributions(outcome: Outcome, contract: Contract, runtime: Runtime) -> dict[str, Any]:
    """Count rows by value for columns whose contract lists the values, such as a state: counts, never single persons."""
    listed = [c.name for c in contract.columns if c.valid_values and c.logical_type == "string"]
    if not listed:
        return {}
    found = runtime.lake.arrow(contract.name, outcome.version, columns=listed)
    assert found is not None
    return {
        f"rows by {c}": dg.MetadataValue.md(bars({str(v["values"]): v["counts"] for v in found[c].value_counts().to_pylist()}))
        for c in listed
    }


def of_release(made: Release) -> dict[str, Any]:
    """Return the metadata of a release: its number, the table versions, and the remarks on tables that lack something."""
    records = [dg.TableRecord({"table": t, "version": v}) for t, v in sorted(made.versions.items())]
    shown: dict[str, Any] = {
        "release": made.number,
        "as of": made.as_of.isoformat(),
        "tables": dg.MetadataValue.table(records=records),
        "tables held back": len(made.held_back),
    }
    if made.remarks:
        remarks = sorted(made.remarks.items())
        shown["remarks"] = dg.MetadataValue.table(
            records=[dg.TableRecord({"table": t, "state": str(r.kind), "of": str(r.as_of or "never"), "why": r.why}) for t, r in remarks]
        )
    return shown


def of_site(made: MadeSite | None) -> dict[str, Any]:
    """Return where a site begins and how large it is; that none was made."""
    if made is None:
        return {"site": "none is made: no setting `site` names a folder"}
    return {
        "site": dg.MetadataValue.url(made.index.as_uri()),
        "release": made.release,
        "pages": made.pages,
        "bytes": made.bytes,
        "root": made.root,
    }


def of_lines() -> dict[str, Any]:
    """Return the schema of the quarantine overview."""
    return {
        "dagster/column_schema": dg.TableSchema(columns=[dg.TableColumn(n, kind, described) for n, (kind, described) in COLUMNS.items()])
    }


def of_overview(made: Overview) -> dict[str, Any]:
    """Return the quarantine after a night: figures that Dagster plots over the nights, every reason, the trend of the last nights."""
    tables = [r for r in made.night if r["code"] == EVERY_CODE]
    shown: dict[str, Any] = {"delta version": made.version}
    shown |= {f"rows {figure}": sum(r[figure] or 0 for r in tables) for figure in ("standing", "new", "cleared")}
    shown["trend"] = dg.MetadataValue.md(_trend(made.nights))
    reasons = sorted((r for r in made.night if r["code"] != EVERY_CODE), key=lambda r: -r["standing"])
    most = max((r["standing"] for r in reasons), default=1) or 1
    lines = ["| rows | new | cleared | table | reason | |", "|---:|---:|---:|---|---|---|"]
    for r in reasons:
        cells = (*(_figure(r[f]) for f in ("standing", "new", "cleared")), f"{r['department']}/{r['table']}", r["code"])
        lines.append(f"| {' | '.join(cells)} | {'█' * round(BAR * r['standing'] / most)} |")
    shown["quarantined rows by reason"] = dg.MetadataValue.md("\n".join(lines))
    by_table = {f"{r['department']}/{r['table']}": r["standing"] for r in tables if r["standing"]}
    shown["quarantined rows by table"] = dg.MetadataValue.md(bars(by_table))
    return shown


def _trend(nights: list[dict[str, Any]]) -> str:
    """Return the last nights as a table: rows standing, new and cleared."""
    totals: dict[str, dict[str, int]] = {}
    for r in nights:
        if r["code"] == EVERY_CODE:
            night = totals.setdefault(str(r["as_of"]), dict.fromkeys(("standing", "new", "cleared"), 0))
            for figure in night:
                night[figure] += r[figure] or 0
    last = dict(list(totals.items())[-NIGHTS:])
    most = max((n["standing"] for n in last.values()), default=1) or 1
    lines = ["| night | rows | new | cleared | |", "|---|---:|---:|---:|---|"]
    for day, n in last.items():
        lines.append(f"| {day} | {' | '.join(f'{v:,}' for v in n.values())} | {'█' * round(BAR * n['standing'] / most)} |")
    return "\n".join(lines)


def _figure(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def of_maintenance(done: list[Maintained]) -> dict[str, Any]:
    """Return what maintenance did: a line per table, and the sums."""
    records = [
        dg.TableRecord({name: value if isinstance(value, int | str) else round(value, 2) for name, value in vars(m).items()}) for m in done
    ]
    sums = ("files_before", "files_after", "batches", "stages", "removed", "bytes_freed")
    return {
        "tables": dg.MetadataValue.table(records=records),
        **{name.replace("_", " "): sum(getattr(m, name) for m in done) for name in sums},
    }


def bars(counts: dict[str, int]) -> str:
    """Format counts as a Markdown table with bars, largest first."""
    total, most = sum(counts.values()) or 1, max(counts.values(), default=1) or 1
    lines = ["| | rows | % | |", "|---|---:|---:|---|"]
    for name, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])):
        lines.append(f"| {name} | {n:,} | {n / total:.1%} | {'█' * max(1, round(BAR * n / most))} |")
    return "\n".join(lines)
