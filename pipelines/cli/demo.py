"""`citylake demo`: a small city, three nights through Dagster, the findings compared with the truth, and the site."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

from pipelines.cli.run import exit_code, known_tables
from pipelines.cli.screen import console, errors, own_name, print_json, progress, show_table
from pipelines.cli.site import sentence
from pipelines.cli.truth import cells_of, compare
from pipelines.orchestration.nights import NightReport, check_installation, run_night
from pipelines.runtime import Runtime
from pipelines.site.make import MadeSite, make_site
from pipelines.wrong_use import WrongUse
from resources.errors import CitylakeError
from resources.keys import create_key
from resources.settings import CONFIG_VARIABLE, Settings, load

MARK = "citylake.toml"
CONFIG = """\
# Settings of the demo city. Every path is absolute.
lake = "{root}/lake"
landing = "{root}/landing"
exchange_url = "sqlite:///{root}/exchange.db"
key_file = "{root}/keys/pseudonym.key"
home = "{root}/dagster"
profile = "demo"
site = "{root}/site"
ui_url = "http://127.0.0.1:3000"
{taking_part}"""
FIGURES = ("rows_in", "published", "quarantined", "duplicates", "rejected")


def run_demo(folder: Path, people: int, seed: int, departments: list[str] | None = None, *, as_json: bool) -> int:
    """Build the city, run its nights, show the summary.

    Args:
        folder: where the demo city is written; an earlier demo city there is replaced.
        people: number of residents.
        seed: the same seed gives the same city.
        departments: those that take part; all by default.
        as_json: print JSON.

    Returns:
        The exit code of the worst night.

    Raises:
        WrongUse: a department is none of the demo city's.
        CitylakeError: the folder is not empty and no demo city.
    """
    from simulator import build, departments_of

    started = perf_counter()
    try:
        taking_part = departments_of(departments)
    except ValueError as e:
        raise WrongUse("DEPARTMENTS", str(e), "--departments", "Write their names, separated by commas") from None
    settings = _prepare(folder.expanduser().resolve(), taking_part if departments else [])
    errors.print(f"Building a city of {people:,} people …")
    city = build(people, seed, departments=taking_part)
    city.write_truth(folder / "truth")
    errors.print(f"The city is there: {perf_counter() - started:.1f} s")
    runtime = Runtime.of(settings.model_copy(update={"site": None}))  # made once, after the last night
    check_installation(runtime)
    assert settings.exchange_url is not None
    reports: list[NightReport] = []
    try:
        for night, day in enumerate(city.nights):
            city.deliver(night, Path(settings.landing), settings.exchange_url.get_secret_value())
            with progress(f"night {night + 1} of {len(city.nights)}, {day}", len(known_tables(runtime)) + 1) as step:
                runtime.progress = step
                reports.append(run_night(runtime, day))
    finally:
        runtime.engine.stop()
    summary = _summary(runtime, reports, folder / "truth")
    page = _page(settings, folder / "site") if any(r.release for r in reports) else None
    if as_json:
        print_json({**summary, "site": page and str(page[0].index), "seconds": round(perf_counter() - started, 1)})
    else:
        _show(summary, folder)
        console.print(f"{people:,} people, three nights, {perf_counter() - started:.0f} s.")
        if page is not None:
            console.print(sentence(*page), soft_wrap=True)
    return max(exit_code(r) for r in reports)


def _page(settings: Settings, folder: Path) -> tuple[MadeSite, float]:
    """Make the site of the last night; return it with the seconds that took."""
    started = perf_counter()
    return make_site(settings, folder), perf_counter() - started


def _prepare(root: Path, taking_part: list[str]) -> Settings:
    """Create an empty demo folder with settings and key. Only a folder that this command has made before is emptied. taking_part: the
    departments, of which there is none when all do."""
    if root.exists() and any(root.iterdir()):
        if not (root / MARK).exists():
            raise CitylakeError(
                "DEMO_FOLDER", "the folder is not empty and contains no demo city", str(root), "Choose another folder with --folder"
            )
        shutil.rmtree(root)
    for part in ("landing", "lake", "truth"):
        (root / part).mkdir(parents=True)
    (root / MARK).write_text(
        CONFIG.format(root=root.as_posix(), taking_part=f"departments = {json.dumps(taking_part)}\n" if taking_part else "")
    )
    for name in [n for n in os.environ if n.startswith("CITYLAKE_")]:
        del os.environ[name]
    os.environ[CONFIG_VARIABLE] = str(root / MARK)
    settings = load()
    create_key(settings.key_file)
    (root / ".gitignore").write_text("*\n")  # wherever the demo city is made: its lake and its key belong into no repository
    return settings


def _summary(runtime: Runtime, reports: list[NightReport], truth: Path) -> dict[str, Any]:
    """Summarize rows by fate, quarantine reasons, archives by state, findings compared with the truth."""
    rows = [r for r in runtime.ledger.rows() if r["kind"] != "derived"]
    tables: dict[str, Counter[str]] = {}
    reasons: Counter[tuple[str, str]] = Counter()
    for r in rows:
        if r["table"].startswith("cleansed/"):
            tables.setdefault(r["table"], Counter()).update({f: r[f] for f in FIGURES})
            reasons.update({(r["table"], code): n for code, n in json.loads(r["codes"]).items() if ":E_" in code})
    failures = [f for r in reports for f in r.failures]
    summary: dict[str, Any] = {
        "nights": [{"as_of": r.as_of, "release": r.release.number if r.release else None} for r in reports],
        "refused": [p for r in reports for p in r.problems],
        "failures": failures,
        "tables": {t: dict(c) for t, c in sorted(tables.items())},
        "quarantined_by_reason": [{"table": t.removeprefix("cleansed/"), "code": c, "rows": n} for (t, c), n in sorted(reasons.items())],
    }
    if not failures:
        table = runtime.lake.arrow("themes/health/archive", columns=["state", "ehr_no", "empi_id"])
        archives = table.to_pylist() if table is not None else []
        summary["archives_by_state"] = dict(Counter(a["state"] for a in archives).most_common())
        summary["findings"] = [f.facts() for f in compare(runtime.lake, truth, reports[-1].as_of)]
        made = [t for r in reports[-1:] if r.release for t in r.release.versions if t.startswith("themes/") and runtime.lake.rows(t)]
        summary["theme"] = min(made, key=lambda t: (t != "themes/health/indicator", not t.endswith("/indicator"), t), default=None)
        flagged = [a["ehr_no"] for a in archives if a["state"] == "DECEASED"]
        summary["example"] = min(flagged, default=None)
    return summary


def _show(summary: dict[str, Any], folder: Path) -> None:
    heads = [f.replace("_", " ") for f in FIGURES]
    show_table(
        "Delivered rows by fate",
        ("table", *heads),
        [(t.removeprefix("cleansed/"), *[c.get(f, 0) for f in FIGURES]) for t, c in summary["tables"].items()],
        right=heads,
    )
    show_table(
        "Quarantined by reason", ("table", "code", "rows"), [tuple(r.values()) for r in summary["quarantined_by_reason"]], right=("rows",)
    )
    for problem in summary["refused"]:
        errors.print(f"[yellow]refused[/]  {problem}", soft_wrap=True)
    for failure in summary["failures"]:
        errors.print(f"[red]failed[/]   {failure}", soft_wrap=True)
    if "findings" not in summary:
        return
    states = summary["archives_by_state"]
    open_ = sum(n for s, n in states.items() if s != "CLOSED")
    if states:
        show_table(
            "Health archives by state",
            ("state", "archives", "% of open"),
            [(s, n, "" if s == "CLOSED" else f"{n / open_:.1%}") for s, n in states.items()],
            right=("archives", "% of open"),
        )
    if summary["findings"]:
        show_table(
            "Findings, compared with the truth",
            ("finding", "truth", "found", "right", "precision", "recall"),
            [cells_of(f) for f in summary["findings"]],
            right=("truth", "found", "right", "precision", "recall"),
        )
    setting = f"CITYLAKE_CONFIG={folder / MARK}"
    console.print("Next commands:", style="bold")
    explain = [f"explain {summary['example']}"] if summary["example"] else []
    sql = [f'sql "SELECT * FROM {summary["theme"].replace("/", ".")}"'] if summary["theme"] else []
    for command in ("status", "tables", *explain, *sql, "rebuild --compare"):
        console.print(f"  {setting} {own_name()} {command}", soft_wrap=True)
    where = "" if folder == Path("demo") else f" DEMO={folder}"
    console.print(f"  make ui{where}   (the three nights in Dagster)\n")
