"""`citylake profile`, and the last night's time in `citylake status`: from `operations/profile`, without the engine.

Here: comparing nights, and tables with their usual time. Not here: measuring (`pipelines.measure`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Any

from pipelines.cli.screen import console, print_json, show_table
from pipelines.control.profile import SECONDS, costs
from pipelines.measure import FAILED, MADE
from pipelines.wrong_use import WrongUse
from resources.lake import Lake
from resources.settings import Settings

Row = dict[str, Any]
NIGHT = "nightly"
"""The job whose runs are nights; the table also has late drops and rebuilds."""
MIB = 1 << 20
SLOWEST = 5
NOTHING = "No night has been measured yet: the profile is written when a night ends."
PARTS = [name for name in SECONDS if name not in ("total", "cpu")]


def show_profile(settings: Settings, nights: int, table: str | None, *, as_json: bool) -> int:
    """Show the last nights, and each table of the newest compared with the median before it; or one table night by night.

    Args:
        settings: of the installation.
        nights: number of last nights.
        table: only this table.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        WrongUse: none of these nights has made the table.
    """
    measured = last_nights(Lake(settings.lake, settings.s3), nights)
    if table is not None:
        found = [r for night in measured for r in night if r["table"] == table]
        if measured and not found:
            raise WrongUse(
                "TABLE_MISSING",
                f"none of the last nights has made {table}",
                settings.lake,
                "Give more --nights, or list the tables with `citylake tables`",
            )
        if as_json:
            print_json(found)
        elif found:
            _show_rows(f"{table}, seconds by part", "as of", [(r["as_of"], r) for r in found])
            _show_amounts(table, {"seconds": "seconds_total"}, found)
        else:
            console.print(NOTHING)
        return 0
    facts, tables = [night_facts(night) for night in measured], against_median(measured)
    if as_json:
        print_json({"nights": facts, "tables": tables})
    elif not facts:
        console.print(NOTHING)
    else:
        _show_amounts("The last nights", {"seconds": "seconds_wall", "in steps": "seconds_steps"}, facts)
        heads = ("seconds", "median before", "times")
        show_table(
            f"Tables of {facts[-1]['as_of']}, slowest first, compared with the nights before",
            ("table", *heads, "engine jobs", "peak MB"),
            [(t["table"], *_round(t["seconds"], t["median"], t["times"]), t["engine_jobs"], _whole(t["peak_memory_mb"])) for t in tables],
            right=(*heads, "engine jobs", "peak MB"),
        )
    return 0


def last_nights(lake: Lake, nights: int) -> list[list[Row]]:
    """Return the profile rows of the last nights, oldest night first."""
    runs: dict[str, list[Row]] = {}
    for row in costs(lake, NIGHT, nights):
        runs.setdefault(row["run_id"], []).append(row)
    return list(runs.values())


def night_facts(night: list[Row]) -> Row:
    """Sum up one night. seconds_wall: from the start of the first step to the end of the last; the rest between steps is Dagster's."""
    ended = max(r["started_at"] + timedelta(seconds=r["seconds_total"]) for r in night)
    peaks = [r["peak_memory_mb"] for r in night if r["peak_memory_mb"] is not None]
    sums = ("seconds_total", "seconds_cpu", "rows", "bytes_written", "files_written", "engine_jobs")
    total = {name: sum(r[name] or 0 for r in night) for name in sums}
    return {
        "as_of": max((r["as_of"] for r in night if r["as_of"]), default=None), "run_id": night[0]["run_id"],
        "seconds_wall": (ended - night[0]["started_at"]).total_seconds(), "seconds_steps": total.pop("seconds_total"), **total,
        "peak_memory_mb": max(peaks, default=None), "tables_made": sum(r["outcome"] == MADE for r in night),
    }  # fmt: skip


def against_median(nights: list[list[Row]]) -> list[Row]:
    """Compare each table of the newest night, slowest first, with its median in the nights before; None where there is none."""
    before: dict[str, list[float]] = {}
    for night in nights[:-1]:
        for r in night:
            if r["outcome"] == MADE:
                before.setdefault(r["table"], []).append(r["seconds_total"])
    found = []
    for r in sorted(nights[-1] if nights else [], key=lambda r: -r["seconds_total"]):
        if r["outcome"] == MADE:
            seconds, usual = r["seconds_total"], median(before[r["table"]]) if r["table"] in before else None
            times = seconds / usual if usual else None
            found.append(
                {
                    "table": r["table"],
                    "scope": r.get("scope") or "",
                    "seconds": seconds,
                    "median": usual,
                    "times": times,
                    "engine_jobs": r["engine_jobs"],
                    "peak_memory_mb": r["peak_memory_mb"],
                }
            )
    return found


def last_night_facts(lake: Lake) -> Row | None:
    """Return the last night in figures, with its slowest tables; None when none was measured."""
    nights = last_nights(lake, 1)
    return {**night_facts(nights[0]), "slowest": _slowest(nights[0])} if nights else None


def last_night_failures(lake: Lake) -> list[str]:
    """Return the tables that failed in the last night."""
    nights = last_nights(lake, 1)
    return sorted(r["table"] for r in nights[0] if r["outcome"] == FAILED) if nights else []


def show_last_night(lake: Lake) -> None:
    """Show where the last night's time went: its slowest tables part by part, and the sums."""
    nights = last_nights(lake, 1)
    if not nights:
        console.print(NOTHING)
        return
    (night,) = nights
    facts = night_facts(night)
    whole = {f"seconds_{name}": sum(r[f"seconds_{name}"] for r in night) for name in SECONDS}
    rows = [*((r["table"], r) for r in _slowest(night)), ("all steps", whole)]
    _show_rows(f"Where the time of the night of {facts['as_of']} went, in seconds", "table", rows)
    peak = f", at most {facts['peak_memory_mb']:,.0f} MB of memory" if facts["peak_memory_mb"] is not None else ""
    console.print(
        f"{facts['tables_made']} tables made: {facts['seconds_wall']:,.1f} s from the first step to the last, "
        f"{facts['seconds_steps']:,.1f} s of them in steps; "
        f"{facts['rows']:,} rows, {facts['bytes_written'] / MIB:,.1f} MB in {facts['files_written']:,} files, "
        f"{facts['engine_jobs']:,} engine jobs{peak}. More: citylake profile"
    )
    for line in _scopes(night):
        console.print(line)


def _scopes(night: list[Row]) -> Iterator[str]:
    """Say which tables were made in part, and why the others were made whole."""
    whole: dict[str, list[str]] = {}
    for r in night:
        kind, _, reason = (r.get("scope") or "").partition(": ")
        if kind == "part":
            yield f"{r['table']} was made in part: {reason}"
        elif kind == "whole":
            whole.setdefault(reason.partition(":")[0], []).append(r["table"])
    for reason, tables in whole.items():
        named = tables[0] if len(tables) == 1 else f"{len(tables)} tables"
        yield f"{named} made whole: {reason}"


def _slowest(night: list[Row]) -> list[Row]:
    return sorted(night, key=lambda r: -r["seconds_total"])[:SLOWEST]


def _show_rows(title: str, first: str, rows: list[tuple[Any, Row]]) -> None:
    """Show seconds by part; parts without any time are left out."""
    parts = [p for p in PARTS if any(r[f"seconds_{p}"] >= 0.005 for _, r in rows)]
    shown = ("total", *parts, "cpu")
    show_table(title, (first, *shown), [(name, *_round(*(r[f"seconds_{p}"] for p in shown))) for name, r in rows], right=shown)


def _show_amounts(title: str, seconds: dict[str, str], rows: list[Row]) -> None:
    """Show amounts per night. seconds: head and key of the columns with seconds."""
    heads = (*seconds, "cpu seconds", "rows", "MB written", "files", "engine jobs", "peak MB")
    show_table(
        title,
        ("as of", *heads),
        [
            (r["as_of"], *_round(*(r[s] for s in seconds.values()), r["seconds_cpu"]), r["rows"],
             *_round(r["bytes_written"] / MIB), r["files_written"], r["engine_jobs"], _whole(r["peak_memory_mb"]))
            for r in rows
        ],
        right=heads,
    )  # fmt: skip


def _round(*figures: float | None) -> list[str]:
    return ["" if f is None else f"{f:,.2f}" for f in figures]


def _whole(figure: float | None) -> int | None:
    return None if figure is None else round(figure)
