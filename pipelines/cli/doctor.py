"""`citylake doctor`: is this installation ready for a night? One line per check: what was found, what to do.

Here: the order of the checks, progress and the table. Not here: the checks (`pipelines.doctor`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType

from rich.markup import escape

from pipelines.cli.screen import console, errors, print_json, show_table
from pipelines.doctor import machine
from pipelines.doctor.checks import Check, Finding, Verdict, hiding, run_check, shown
from pipelines.doctor.engine import EngineProbe
from pipelines.doctor.stores import Stores
from resources.settings import Settings

ROUNDS = 20
THOROUGH_ROUNDS = 500
NEEDS_SETTINGS = ("capacity", "pseudonym key", "lake", "put-if-absent", "landing zone", "exchange database", "clocks", "Java", "engine")


def run_doctor(load: Callable[[], Settings], *, thorough: bool, as_json: bool) -> int:
    """Run all checks and show the findings.

    Args:
        load: loads the settings; an error is a finding.
        thorough: test the store's put-if-absent in 500 rounds instead of 20.
        as_json: print JSON.

    Returns:
        Exit code 0 when everything is in order, else 1.
    """
    read: list[Settings] = []

    def settings_read() -> str:
        read.append(load())
        return machine.sources()

    found = [_finding(Check("settings", settings_read), None)]
    settings = read[0] if read else None
    contracts = Check("contracts", lambda: machine.contracts(settings.departments if settings else ()))
    found += [_finding(check, settings) for check in (Check("packages", machine.packages), contracts)]
    if settings:
        found += _installation(settings, THOROUGH_ROUNDS if thorough else ROUNDS)
    else:
        found += [Finding(name, Verdict.NOT_CHECKED, "the settings must be read first") for name in NEEDS_SETTINGS]
    bad = [f for f in found if not f.good]
    values = shown(settings) if settings else {}
    if as_json:
        print_json({"ok": not bad, "settings": values, "checks": [asdict(f) for f in found]})
    else:
        show_table("Settings", ("setting", "value"), list(values.items()))
        rows = [(f.check, f.verdict, f.found, f.remedy) for f in found]
        show_table("Checks", ("check", "verdict", "found", "what to do"), rows)
        console.print("All in order." if not bad else f"{len(bad)} of {len(found)} are not in order: {', '.join(f.check for f in bad)}.")
    return 1 if bad else 0


def _installation(settings: Settings, rounds: int) -> list[Finding]:
    """Run the checks of everything the settings name, whatever the others found; test files are removed in the end."""
    stores = Stores(settings)
    engine = EngineProbe(settings, stores.scratch)

    def publishes() -> str:
        stores.require_lake()
        return engine.writes()

    checks = [
        Check("capacity", lambda: machine.capacity(settings)),
        Check("pseudonym key", lambda: machine.key(settings)),
        Check("lake", stores.lake, 120),
        Check("put-if-absent", lambda: stores.put_if_absent(rounds), 120 + rounds),
        Check("landing zone", stores.landing, 120),
        Check("exchange database", stores.exchange),
        Check("clocks", stores.clocks, 120),
        Check("Java", lambda: machine.java(settings)),
        Check("engine", engine.starts, engine.seconds),
        Check("engine and lake", publishes, EngineProbe.WRITE_SECONDS),
    ]
    found: list[Finding] = []
    with _until_the_end():
        try:
            found += [_finding(check, settings) for check in checks]
        finally:
            engine.close()
            left = run_check(Check("clean-up", stores.clean, 120), hiding(settings))
    return [*found, left] if stores.refusal is None else found


def _finding(check: Check, settings: Settings | None) -> Finding:
    """Run a check and print its verdict at once, as some take long."""
    with errors.status(f"{check.name} …"):
        finding = run_check(check, hiding(settings))
    errors.print(f"{escape(check.name)}: {finding.verdict} ({finding.seconds:.1f} s)")
    return finding


@contextmanager
def _until_the_end() -> Iterator[None]:
    """Inside the block SIGTERM raises KeyboardInterrupt, so that test files are removed before the process ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
