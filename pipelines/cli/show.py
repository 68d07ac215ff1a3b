"""`citylake status` and `citylake tables`: an overview of the lake from its control tables, without the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from assets.declare import downstream
from contracts import Contract, load_all
from pipelines.cli.profile import last_night_facts, last_night_failures, show_last_night
from pipelines.cli.remarks import remark_facts, show_remarks
from pipelines.cli.screen import EMPTY, console, errors, print_json, show_table
from pipelines.control.freshness import Overdue, overdue
from pipelines.control.holds import Holds, HoldState
from pipelines.control.ledger import MISDATED, REPEATED, UNFINISHED, UNREACHABLE, Ledger
from pipelines.control.maintenance import MaintenanceLog
from pipelines.control.remarks import RemarkKind
from pipelines.orchestration.unended import nights
from pipelines.taking_part import contracts_of
from quality.balance import FIGURES
from resources.lake import Lake
from resources.settings import Settings

HOLDS_HINT = "`citylake holds TABLE DATE` shows what is held, in what it differs, and what to do."
SAID = {
    "batch": "{}",
    UNFINISHED: "no manifest.json yet: {}",
    REPEATED: "it has the manifest.json of {} and brings nothing; ask the department for its own",
}
"""Notes by the kind of their account; {}: its reason."""
SHOWN = 3
"""Names of tables in a cell."""


def show_status(settings: Settings, *, as_json: bool) -> int:
    """Show releases, the newest night's accounts, refused and overdue deliveries.

    Exit code 1 when tables failed in the last night or it has no release, 3 when deliveries are refused or held or a source did not answer.
    """
    lake = Lake(settings.lake, settings.s3)
    ledger, gone = Ledger(lake), MaintenanceLog(lake).gone_releases()
    rows, releases = ledger.rows(), ledger.releases()
    if not rows:
        console.print(EMPTY.format(settings.lake), markup=False, soft_wrap=True)
        return 0
    newest = max(r["as_of"] for r in rows)
    night = of_night(rows, newest)
    settled = {h.batch_id for h in Holds(lake).waiting() if h.state is HoldState.REFUSED}
    refused = [r for r in ledger.refused() if r["batch_id"] not in settled]
    refused += [r for r in ledger.unread() if r["kind"] in (UNREACHABLE, MISDATED)]
    contracts = contracts_of(settings.departments)
    late = overdue(contracts.values(), ledger, newest)
    kept = [table for table, remark in releases[-1].remarks.items() if remark.kind is RemarkKind.FAILED] if releases else []
    failed = sorted({*last_night_failures(lake), *kept})
    without_release = nights(settings.home)
    running, unended = ([night for night, is_running in without_release.items() if is_running is which] for which in (True, False))
    code = 1 if failed or unended else 3 if refused else 0
    unbalanced = [r for r in rows if r["rows_in"] != sum(r[f] for f in FIGURES[1:])]
    if as_json:
        print_json(
            {
                "lake": settings.lake,
                "newest_business_date": newest,
                "releases": [
                    {
                        "release": r.number,
                        "as_of": r.as_of,
                        "tables": len(r.versions),
                        "held_back": len(r.held_back),
                        "kept": r.number not in gone,
                    }
                    for r in releases
                ],
                "remarks": remark_facts(releases[-1]) if releases else [],
                "night": night,
                "failed": failed,
                "running": running,
                "unended": unended,
                "not_applied": not_applied(rows),
                "refused": refused,
                "late": late_facts(contracts, late),
                "unbalanced_batches": len(unbalanced),
                "last_night_cost": last_night_facts(lake),
            }
        )
        return code
    show_table(
        "Releases",
        ("release", "as of", "tables", "held back", "kept"),
        [(r.number, r.as_of, len(r.versions), len(r.held_back), r.number not in gone) for r in releases],
        right=("release", "tables", "held back"),
    )
    for night_of in running:
        console.print(f"The night of {night_of} is running: its tables are in no release yet.")
    for night_of in unended:
        console.print(
            f"The night of {night_of} has no release: it was killed, gave up its lake or failed. Run it again: "
            f"citylake run --as-of {night_of}; what it has made is not made again.",
            soft_wrap=True,
        )
    for release in releases[-1:]:
        show_remarks(release)
    totals: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys((*FIGURES, "seconds"), 0))
    for r in night:
        for f in FIGURES:
            totals[r["table"]][f] += r[f]
        totals[r["table"]]["seconds"] = max(totals[r["table"]]["seconds"], round(r["seconds"], 2))
    show_table(
        f"Business date {newest}",
        ("table", *[f.replace("_", " ") for f in FIGURES], "seconds"),
        [(t, *[v[f] for f in FIGURES], v["seconds"]) for t, v in sorted(totals.items(), key=lambda x: _place(x[0]))],
        right=(*[f.replace("_", " ") for f in FIGURES], "seconds"),
    )
    show_not_applied(not_applied(rows))
    if failed:
        console.print(f"Failed in the last night, and kept as they were: {', '.join(failed)}.")
    show_notes([*(r for r in night if r["kind"] == "batch"), *ledger.unread()])
    if refused:
        show_table(
            "Refused and held deliveries",
            ("table", "business date", "kind", "rows", "why and what to do"),
            [(r["table"], r["business_date"], r["kind"], r["rejected"], r["reason"]) for r in refused],
            right=("rows",),
        )
        if any(r["kind"] == "held" for r in refused):
            console.print(HOLDS_HINT, soft_wrap=True)
    show_late(contracts, late)
    show_last_night(lake)
    console.print(f"Ledger: {len(rows)} entries, {len(unbalanced)} out of balance.")
    return code


def show_notes(rows: Iterable[Mapping[str, Any]]) -> None:
    """Show what is no problem, but may be news to the reader: what was read otherwise than agreed, and what waits for its manifest."""
    for r in rows:
        if r["kind"] in SAID and r["reason"]:
            errors.print(f"[cyan]note[/]     {r['table']} of {r['business_date']}: {SAID[r['kind']].format(r['reason'])}", soft_wrap=True)


def of_night(rows: Iterable[Mapping[str, Any]], newest: date) -> list[Mapping[str, Any]]:
    """Return the accounts of a business date, however often it was run: each delivered row counts once in every layer.

    Raw rows belong to the night that merged their batch first, as a late drop is ingested for its own date; of a derived table the last
    account counts.
    """
    merged: dict[tuple[str, str], date] = {}
    derived: dict[str, Mapping[str, Any]] = {}
    for r in rows:
        if r["kind"] == "batch" and r["table"].startswith("cleansed/"):
            batch = (r["table"].replace("cleansed/", "raw/", 1), r["batch_id"])
            merged[batch] = min(r["as_of"], merged.get(batch, r["as_of"]))
        elif r["kind"] == "derived" and r["as_of"] == newest:
            derived[r["table"]] = r
    night = [r for r in rows if r["kind"] != "derived" and merged.get((r["table"], r["batch_id"]), r["as_of"]) == newest]
    return [*night, *derived.values()]


def not_applied(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what the newest account of each derived table says a reader has to know, such as a rule that was not applied."""
    newest = {r["table"]: r["reason"] for r in rows if r["kind"] == "derived"}
    return {table: reason for table, reason in newest.items() if reason}


def show_not_applied(found: Mapping[str, str]) -> None:
    """Show what readers of the newest release have to know, a line per table."""
    for table, remark in found.items():
        console.print(f"{table}: {remark}.", markup=False, soft_wrap=True)


def late_facts(contracts: dict[str, Contract], late: list[Overdue]) -> list[dict[str, Any]]:
    """Return overdue deliveries with the department to ask and the tables made from them."""
    there = {o.table: [t for t in downstream(o.table) if t in contracts] for o in late}
    return [{**asdict(o), "ask": contracts[o.table].owner_title, "downstream": there[o.table]} for o in late]


def show_late(contracts: dict[str, Contract], late: list[Overdue]) -> None:
    """Show overdue deliveries, if there are any."""
    if late:
        show_table(
            "Late deliveries",
            ("table", "last delivery", "expected", "days late", "without manifest.json", "ask", "tables without it"),
            [
                (f["table"], f["newest"] or "never", f["expected"], f["days"], f["unfinished"], f["ask"], _few(f["downstream"]))
                for f in late_facts(contracts, late)
            ],
            right=("days late",),
        )


def _few(names: Sequence[str]) -> str:
    """The first of some names, one below the other, and how many more there are; JSON has them all."""
    return "\n".join([*names[:SHOWN], *([f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else [])])


def show_tables(settings: Settings, *, as_json: bool) -> int:
    """Show every published table with rows, version, owner and title."""
    lake, contracts = Lake(settings.lake, settings.s3), load_all()
    found = []
    for name in sorted(lake.tables(), key=_place):
        handle = lake.open(name)
        assert handle is not None
        contract = contracts.get(name) or contracts.get(f"cleansed/{name.split('/', 1)[-1]}")
        found.append(
            {
                "table": name,
                "rows": handle.count(),
                "version": handle.version(),
                "owner": contract.owner if contract else "citylake",
                "what": contract.title if contract else "control table of the lake",
            }
        )
    if as_json:
        print_json(found)
    else:
        show_table(
            f"Tables of {settings.lake}",
            ("table", "rows", "version", "owner", "what"),
            [tuple(f.values()) for f in found],
            right=("rows", "version"),
        )
    return 0


LAYERS = ("reference", "raw", "cleansed", "quarantine", "base", "themes", "shared", "operations")


def _place(table: str) -> tuple[int, str]:
    """Sort tables by layer, in the order of the data flow."""
    return LAYERS.index(table.split("/")[0]), table
