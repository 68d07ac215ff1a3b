"""`citylake check`: verify the invariants on one release; exit code 1 when one is violated.

Here: progress and the table. Not here: the invariants (`pipelines.checks`).
"""

from __future__ import annotations

from dataclasses import asdict

from pipelines.checks import Verdict, View, all_checks, check_lake
from pipelines.checks.declared import NEVER_DELIVERED, NOT_IN_RELEASE
from pipelines.cli.screen import console, print_json, progress, show_table
from pipelines.runtime import Runtime
from pipelines.serving.tables import released
from resources.settings import Settings


def run_check(settings: Settings, release: int | None, *, thorough: bool, as_json: bool) -> int:
    """Check one release and show the findings.

    Args:
        settings: of the installation.
        release: number of the release; default the newest.
        thorough: also run the checks that take as long as a night.
        as_json: print JSON.

    Returns:
        Exit code 1 when an invariant is violated, else 0.

    Raises:
        CitylakeError: there is no such release.
    """
    runtime = Runtime.of(settings)
    view = View(runtime, released(runtime.lake, release), thorough)
    try:
        with progress(f"release {view.release.number}", len(all_checks())) as step:
            found = check_lake(view, step)
    finally:
        runtime.engine.stop()
    violated = [f for f in found if f.verdict is Verdict.VIOLATED]
    holding = sum(f.verdict is Verdict.HOLDS for f in found)
    applying = sum(f.verdict is not Verdict.DOES_NOT_APPLY for f in found)
    if as_json:
        facts = {"release": view.release.number, "as_of": view.as_of, "ok": not violated, "holding": holding, "applying": applying}
        print_json({**facts, "checks": [asdict(f) for f in found]})
        return 1 if violated else 0
    shown = [f for f in found if f.verdict is not Verdict.DOES_NOT_APPLY]
    show_table(
        f"Release {view.release.number} as of {view.as_of}",
        ("check", "code", "what must hold", "verdict", "violations"),
        [(f.name, f.code, f.must, f.verdict, f.violations) for f in shown],
        right=("violations",),
    )
    if examples := [(f.name, line) for f in shown for line in f.examples]:
        show_table("First examples", ("check", ""), examples)
    absent = [f for f in found if f.why.endswith((NOT_IN_RELEASE, NEVER_DELIVERED))]
    for title, applies in (("Could not be checked, and count as violated", True), ("Do not apply", False)):
        of = [f for f in found if f.why and f not in absent and (f.verdict is not Verdict.DOES_NOT_APPLY) is applies]
        if of:
            show_table(title, ("check", "why"), [(f.name, f.why) for f in of])
    if absent:
        console.print(f"{len(absent)} more are about tables whose sources have never been delivered; --json names them.")
    console.print(f"Invariants hold: {holding} of {applying}.")
    return 1 if violated else 0
