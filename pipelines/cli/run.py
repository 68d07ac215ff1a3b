"""`citylake run`: run one business date on any landing zone, exchange database and lake."""

from __future__ import annotations

from datetime import date

from rich.markup import escape

from pipelines.cli.remarks import remark_facts, show_remarks
from pipelines.cli.screen import console, errors, print_json, progress, show_table
from pipelines.cli.show import HOLDS_HINT, late_facts, not_applied, show_late, show_not_applied, show_notes
from pipelines.notifications.incidents import FAILURES, IncidentKind
from pipelines.notifications.notify import NotificationReport
from pipelines.orchestration.nights import NightReport, check_installation, run_night
from pipelines.orchestration.partitions import check_business_date
from pipelines.runtime import Runtime
from pipelines.wrong_use import WrongUse
from resources.settings import Settings


def run_date(settings: Settings, as_of: str, select: list[str] | None, *, as_json: bool) -> int:
    """Run the night and show its result.

    Args:
        settings: of the installation.
        as_of: the business date, YYYY-MM-DD.
        select: make only these tables.
        as_json: print JSON.

    Returns:
        Exit code: 0 in order, 1 a table failed, 3 deliveries were refused.

    Raises:
        WrongUse: the date has no partition, a later one has been released, or a table does not exist.
        CitylakeError: the installation is not ready.
    """
    try:
        day = date.fromisoformat(as_of)
    except ValueError as e:
        raise WrongUse("AS_OF", f"{as_of!r} is not a date", "--as-of", "Write it as YYYY-MM-DD") from e
    check_business_date(day)
    runtime = Runtime.of(settings)
    unknown = sorted(set(select or []) - known_tables(runtime))
    if unknown:
        raise WrongUse(
            "SELECT",
            f"there is no table {', '.join(unknown)}",
            "--select",
            "Use names such as cleansed/health/archive; see `citylake tables`",
        )
    check_installation(runtime)
    if not select:
        refuse_earlier(runtime, day)
    try:
        with progress(f"night of {day}", len(select) if select else len(known_tables(runtime))) as step:
            runtime.progress = step
            report = run_night(runtime, day, select)
    finally:
        runtime.engine.stop()
    if as_json:
        print_json(report_facts(runtime, report))
    else:
        show_night(runtime, report)
    return exit_code(report)


def refuse_earlier(runtime: Runtime, day: date) -> None:
    """Refuse a night that is earlier than a finished one. Raises WrongUse."""
    newest = max((r.as_of for r in runtime.ledger.releases()), default=day)
    if day < newest:
        raise WrongUse(
            "AS_OF_EARLIER",
            f"{day} is before {newest}, of which there is a release: the tables of {day} would be made of what was delivered later",
            "--as-of",
            f"Give {newest} or a later date; late drops of {day} are taken in by that night",
        )


def known_tables(runtime: Runtime) -> set[str]:
    """Return every table that an asset makes."""
    sources = list(runtime.sources.values())
    return {c.sibling("raw") for c in sources} | set(runtime.contracts)


def exit_code(report: NightReport) -> int:
    """Return 1 when a table failed, 3 when a delivery was refused, else 0."""
    return 1 if report.failures else 3 if report.problems else 0


def report_facts(runtime: Runtime, report: NightReport) -> dict[str, object]:
    """Return the result of a night for programs."""
    accounts = [r for r in runtime.ledger.rows() if r["run_id"] in report.run_ids]
    return {
        "as_of": report.as_of,
        "succeeded": report.succeeded,
        "release": report.release.number if report.release else None,
        "held_back": report.release.held_back if report.release else [],
        "remarks": remark_facts(report.release) if report.release else [],
        "refused_deliveries": report.problems,
        "failures": report.failures,
        "not_applied": not_applied(runtime.ledger.rows()),
        "late": late_facts(runtime.contracts, report.late),
        "notified": [vars(a) for a in report.notifications.answers],
        "ledger": accounts,
    }


def show_night(runtime: Runtime, report: NightReport) -> None:
    """Show the result of a night: delivered rows by fate, problems, release, overdue deliveries, notifications."""
    accounts = [r for r in runtime.ledger.rows() if r["run_id"] in report.run_ids and r["kind"] != "derived"]
    cleansed = [r for r in accounts if not r["table"].startswith("raw/") or r["rejected"]]
    figures = ("rows in", "published", "quarantined", "duplicates", "rejected")
    show_table(
        f"Night of {report.as_of}: delivered rows by fate",
        ("table", "batch", "business date", "kind", *figures),
        [(r["table"], r["batch_id"][:8], r["business_date"], r["kind"], *[r[f.replace(" ", "_")] for f in figures]) for r in cleansed],
        right=figures,
    )
    show_notes(accounts)
    for incident in (i for i in report.incidents if i.kind not in FAILURES):
        said = "held   " if incident.kind is IncidentKind.HOLD else "refused"
        errors.print(f"[yellow]{said}[/]  {incident.line}", soft_wrap=True)
    if any(i.kind is IncidentKind.HOLD for i in report.incidents):
        errors.print(HOLDS_HINT, soft_wrap=True)
    for failure in report.failures:
        errors.print(f"[red]failed[/]   {failure}", soft_wrap=True)
    if report.release:
        back, whole = len(report.release.held_back), len(report.release.versions)
        rest = f", {back} are held back at an earlier night" if back else ""
        console.print(f"Release {report.release.number} as of {report.as_of}: {whole - back} tables belong together{rest}.")
        show_remarks(report.release)
        show_not_applied(not_applied(runtime.ledger.rows()))
    if report.late:
        console.print()
        show_late(runtime.contracts, report.late)
    show_notifications(report.notifications)
    if report.failures and report.release:
        errors.print("Readers get everything else. Correct the cause above and run the same date again.")
    elif report.failures:
        errors.print("No release: readers keep the tables of the previous release. Correct the cause above and run the same date again.")


def show_notifications(notifications: NotificationReport) -> None:
    """Show who was notified in one line, and every problem with a channel in a line of its own."""
    answered = [a.channel for a in notifications.answers if a.answered]
    if answered:
        console.print(f"Notified: {', '.join(answered)}.", markup=False)
    for trouble in notifications.troubles:
        errors.print(f"[yellow]warning[/]  {escape(trouble)}", soft_wrap=True)
