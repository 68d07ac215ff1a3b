"""`citylake holds`, `release-hold`, `refuse-hold`: held deliveries, and the decision about one of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from getpass import getuser
from typing import Any

from contracts import load_all
from pipelines.cli.screen import EMPTY, console, print_json, show_table
from pipelines.control.holds import OF_CONTRACT, Hold, Holds, HoldState
from pipelines.wrong_use import WrongUse
from resources.lake import Lake
from resources.settings import Settings

COLUMNS = ("table", "business date", "batch", "state", "rows", "before", "since", "why")


def show_holds(settings: Settings, table: str | None, day: str | None, *, as_json: bool) -> int:
    """Show the held deliveries; for one table and date also every difference from the contract.

    Args:
        settings: of the installation.
        table: only of this table, such as `health/staff`.
        day: only of this business date, YYYY-MM-DD.
        as_json: print JSON.

    Returns:
        Exit code 0.
    """
    lake = Lake(settings.lake, settings.s3)
    holds = Holds(lake).waiting()
    if table is not None:
        name = _delivered(table)
        holds = [h for h in holds if h.name == name and day in (None, h.business_date.isoformat())]
    if as_json:
        print_json([_facts(h) for h in holds])
        return 0
    if not holds:
        console.print("No delivery is held." if lake.tables() else EMPTY.format(settings.lake), markup=False, soft_wrap=True)
        return 0
    rows = [(h.name, h.business_date, h.batch_id[:8], h.state, h.rows, h.before, f"{h.since:%F}", _why(h)) for h in holds]
    show_table("Held deliveries", COLUMNS, rows, right=("rows", "before"))
    for hold in holds if day else ():
        _show_differences(hold)
    return 0


def _facts(hold: Hold) -> dict[str, Any]:
    return {**asdict(hold), "table": hold.name, "released": sorted(hold.released)}


def _why(hold: Hold) -> str:
    return hold.reason if not hold.who else f"{hold.state} by {hold.who}: {hold.why}"


def _show_differences(hold: Hold) -> None:
    if hold.differences:
        rows = [(d.column, d.agreed, d.delivered, d.what, d.remedy) for d in hold.differences]
        columns = ("column", "agreed", "delivered", "what", "to accept it, write in the contract")
        show_table(f"What differs from contracts/cleansed/{hold.name}.yaml", columns, rows)
    if hold.code in OF_CONTRACT:
        console.print(
            f"After a change of contracts/cleansed/{hold.name}.yaml the next run tries the delivery again; it need not be delivered again.",
            markup=False,
            soft_wrap=True,
        )


def decide(settings: Settings, table: str, day: str, decision: HoldState, *, why: str, who: str | None, as_json: bool) -> int:
    """Release or refuse the held delivery of a table and date.

    Args:
        settings: of the installation.
        table: such as `health/staff`, with or without its layer.
        day: the business date, YYYY-MM-DD.
        decision: RELEASED or REFUSED.
        why: the reason.
        who: the person who decides; default the login name.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: nothing is held for that date, or it cannot be released.
        WrongUse: the date is not a date.
    """
    hold = Holds(Lake(settings.lake, settings.s3)).decide(_delivered(table), _date(day), decision, who=who or getuser(), why=why)
    if as_json:
        print_json(_facts(hold))
    else:
        then = "The next run ingests it." if decision is HoldState.RELEASED else "It stays out; a corrected drop is ingested as any other."
        console.print(f"{hold.name} of {hold.business_date}: {hold.rows:,} rows {hold.state} by {hold.who}. {then}")
    return 0


def name_of(table: str) -> str:
    """Return a table's name without its layer: `raw.health.staff` is `health/staff`."""
    return "/".join(table.replace(".", "/").split("/")[-2:])


def _delivered(table: str) -> str:
    """Return the name of a delivered table without its layer. Raises WrongUse when no department delivers it."""
    name = name_of(table)
    if f"cleansed/{name}" not in load_all():
        raise WrongUse("TABLE_MISSING", f"no department delivers {table}", "TABLE", "List the tables with `citylake tables`")
    return name


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise WrongUse("DATE", f"{text!r} is not a date", "DATE", "Write it as YYYY-MM-DD") from e
