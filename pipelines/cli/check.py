"""`citylake check`: the invariants of one release, each with its verdict; exit code 1 when one is violated.

Here: progress and the table. Not here: the invariants (`pipelines.checks`).
"""

from __future__ import annotations

from dataclasses import asdict

from pipelines.checks import DOES_NOT_APPLY, HOLDS, VIOLATED, View, all_checks, check_lake
from pipelines.cli.screen import console, print_json, progress, show_table
from pipelines.runtime import Runtime
from pipelines.serving.tables import released
from resources.settings import Settings


def run_check(settings: Settings, release: int | None, *, thorough: bool, as_json: bool) -> int:
    """Check the newest release, or the one asked for. Raises CitylakeError when there is none."""
    runtime = Runtime.of(settings)
    view = View(runtime, released(runtime.lake, release), thorough)
    try:
        with progress(f"release {view.release.number}", len(all_checks())) as told:
            found = check_lake(view, told)
    finally:
        runtime.engine.stop()
    violated = [f for f in found if f.verdict == VIOLATED]
    holding = sum(f.verdict == HOLDS for f in found)
    applying = sum(f.verdict != DOES_NOT_APPLY for f in found)
    if as_json:
        facts = {"release": view.release.number, "as_of": view.as_of, "ok": not violated, "holding": holding, "applying": applying}
        print_json({**facts, "checks": [asdict(f) for f in found]})
        return 1 if violated else 0
    show_table(
        f"Release {view.release.number} as of {view.as_of}",
        ("check", "code", "what must hold", "verdict", "violations"),
        [(f.name, f.code, f.must, f.verdict, f.violations) for f in found],
        right=("violations",),
    )
    told_why = [(f.name, line) for f in found for line in ([f.why] if f.why else f.examples)]
    if told_why:
        show_table("Why, and the first examples", ("check", ""), told_why)
    console.print(f"Invariants hold: {holding} of {applying}.")
    return 1 if violated else 0
