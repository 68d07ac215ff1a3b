"""The soak itself: nights one after the other in one process, faults, reruns, and what holds after each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from pipelines.checks import Verdict, View, check_lake
from pipelines.checks.rebuilt import compare_with_rebuild
from pipelines.orchestration.nights import NightReport, run_night
from pipelines.runtime import Runtime
from resources import memory
from resources.errors import LakeUnreachable
from resources.keys import create_key
from resources.settings import Settings
from tests.departments import ABOUT_PERSONS
from tests.soak.deliveries import Departments
from tests.soak.engine import SailProcess
from tests.soak.faults import DELIVERED, FAULTS, Died, Night

RERUNS = 3
SAMPLE_SECONDS = 0.1


@dataclass
class Told:
    """One night. outcome: what the first run came to, before anything was put right. end_mb: of this process alone."""

    day: date
    faults: list[str]
    outcome: str = ""
    runs: int = 0
    release: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    own_peak_mb: float = 0.0
    engine_peak_mb: float = 0.0
    end_mb: float = 0.0
    peak_at: str = ""
    holding: int = 0
    applying: int = 0
    violated: list[str] = field(default_factory=list)


@dataclass
class Soak:
    root: Path
    nights: int
    people: int
    seed: int
    engine: SailProcess = field(default_factory=SailProcess)
    keep: Callable[[dict[str, Any]], None] = lambda told: None
    """Gets what is known after every night, and at the end."""

    def __post_init__(self) -> None:
        (self.root / "landing").mkdir(parents=True)
        url = f"sqlite:///{self.root}/exchange.db"
        settings = Settings(
            lake=f"{self.root}/lake", landing=f"{self.root}/landing", exchange_url=url, key_file=self.root / "key", profile="demo",
            departments=ABOUT_PERSONS,
            home=self.root / "dagster",
        )  # fmt: skip
        create_key(settings.key_file)
        self.runtime = Runtime.of(settings, self.engine)
        self.departments = Departments(self.people, self.seed, self.nights, self.root / "landing", url)
        self.random = Random(self.seed)
        self.owed: list[tuple[str, date]] = []
        self.doing = ""

    def run(self) -> dict[str, Any]:
        """All nights, then everything made anew and compared. Ends early when an invariant is violated."""
        nights: list[dict[str, Any]] = []
        told: dict[str, Any] = {
            "people": self.people,
            "seed": self.seed,
            "asked": self.nights,
            "nights": nights,
            "compared": 0,
            "different": [],
        }
        for day in self.departments.days:
            nights.append(vars(self.night(day, self._chosen() if nights else [])))
            self.keep(told)
            if nights[-1]["violated"]:
                break
        report, differences = compare_with_rebuild(self.runtime)
        told |= {"compared": len(differences), "different": report.failures + [d.table for d in differences if not d.equal]}
        self.keep(told)
        return told

    def _chosen(self) -> list[str]:
        """One to three faults; one of the deliveries at most, so that no drop is spoiled twice."""
        names = self.random.sample(sorted(FAULTS), self.random.randint(1, 3))
        of_deliveries = [n for n in names if n in DELIVERED]
        return [n for n in names if n not in of_deliveries[1:]]

    def night(self, day: date, faults: list[str]) -> Told:
        """Deliver, spoil, run; put right and run again until there is a release of everything; check."""
        told, begin, cpu = Told(day, faults), perf_counter(), cpu_seconds()
        night = Night(day, self.departments, self.runtime, self.random, self.owed)
        with watched(self.engine, self._at_work) as peak:
            self.doing = "before the run"
            for table, owed in [self.owed.pop() for _ in range(len(self.owed))]:
                self.departments.drop(table, owed)
            self.departments.deliver(day)
            for name in faults:
                if before := FAULTS[name].before:
                    before(night)
            with ExitStack() as during:
                for name in faults:
                    if wrapped := FAULTS[name].during:
                        during.enter_context(wrapped(night))
                report, told.outcome = self._run(day)
            told.runs = 1
            for name in faults:
                if after := FAULTS[name].after:
                    after(night)
            while (report is None or report.failures or report.problems) and told.runs <= RERUNS:
                report, _ = self._run(day)
                told.runs += 1
            if report is None or report.release is None:
                told.violated = [*(report.failures if report else ["the run dies each time"]), "no release after all reruns"]
            else:
                self._check(told)
                self.engine.stop()
        told.seconds, told.cpu_seconds = round(perf_counter() - begin, 1), round(cpu_seconds() - cpu, 1)
        told.peak_mb, told.own_peak_mb, told.engine_peak_mb = (round(mb, 1) for mb in (peak.both, peak.own, peak.engine))
        told.peak_at, told.end_mb = peak.at, round(memory.resident("self"), 1)
        return told

    def _at_work(self) -> str:
        return ", ".join(self.runtime.profile.at_work) or self.doing

    def _run(self, day: date) -> tuple[NightReport | None, str]:
        self.doing = "between the tables"
        try:
            report = run_night(self.runtime, day)
        except Died:
            return None, "died"
        except LakeUnreachable as e:
            return None, f"given up: {e.code}"
        finally:
            self.engine.stop()
        if report.failures:
            return report, f"failed: {report.failures[0].split(':')[0]}"
        return report, f"refused: {report.problems[0].split(':')[0]}" if report.problems else "well"

    def _check(self, told: Told) -> None:
        self.doing = "the checks"
        release = self.runtime.ledger.releases()[-1]
        found = check_lake(View(self.runtime, release))
        told.release = release.number
        told.holding = sum(f.verdict is Verdict.HOLDS for f in found)
        told.applying = sum(f.verdict is not Verdict.DOES_NOT_APPLY for f in found)
        told.violated = [
            f"{f.name}: {f.why or '; '.join(f.examples)}" for f in found if f.verdict not in (Verdict.HOLDS, Verdict.DOES_NOT_APPLY)
        ]


def line(night: dict[str, Any]) -> str:
    """One night for people."""
    faults = ", ".join(night["faults"]) or "no fault"
    held = f"{night['holding']} of {night['applying']} hold" + (f", VIOLATED {night['violated']}" if night["violated"] else "")
    figures = f"{night['runs']} runs, {night['seconds']:.0f} s, {night['peak_mb']:.0f} MB at {night['peak_at']}"
    return f"{night['day']}: {faults}; {night['outcome']}; {figures}; {held}"


def cpu_seconds() -> float:
    """Of this process and of those it has started that have ended."""
    return sum(os.times()[:4])


@dataclass
class Peak:
    """The most resident memory in MB, of both processes together and of each, and what was done when both had most."""

    both: float = 0.0
    own: float = 0.0
    engine: float = 0.0
    at: str = ""

    def seen(self, own: float, engine: float, at_work: str) -> None:
        if own + engine > self.both:
            self.both, self.at = own + engine, at_work
        self.own, self.engine = max(self.own, own), max(self.engine, engine)


@contextmanager
def watched(engine: SailProcess, at_work: Callable[[], str]) -> Iterator[Peak]:
    """The memory of this process and the engine's while the block runs, sampled."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            peak.seen(memory.resident("self"), memory.resident(*engine.pids), at_work())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
