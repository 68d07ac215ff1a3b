"""What a step costs: its time part by part, the processor, the engine, files and memory.

Here: measuring. Not here: the table of it (`pipelines.control.profile`), what Dagster shows (`pipelines.orchestration.metadata`), the
screen (`pipelines.cli.profile`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import local
from time import perf_counter, process_time
from typing import Any

from resources import memory
from resources.engine import Engine
from resources.lake import Published

PARTS = ("start", "plan", "stage", "counts", "gates", "publish", "ledger", "metadata")
"""What the seconds of a step are named after.

start: of the engine, by the first step that needs it. plan: telling the engine what is wanted. stage: writing candidate rows; as
the engine is lazy, this is its whole work on them; of raw, reading the delivery too. counts: staged rows, batch by batch. gates:
checks of staged rows; by the first step of a process, loading their library too. publish: seals and commits. ledger: accounts.
metadata: what Dagster shows of the rows. `other` is what has no name, such as looking up what is new."""
MADE, UNCHANGED, FAILED, BOOK = "made", "unchanged", "failed", "book"


class Clock:
    """Seconds by part. A part within another one stops the outer's time, so the parts never sum up to more than the whole."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        self._account()
        self._open.append(part)
        try:
            yield
        finally:
            self._account()
            self._open.pop()

    def _account(self) -> None:
        now = perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


@dataclass
class Measured:
    """One table in one run. Figures are whole once the step has ended.

    outcome: made, unchanged, failed; book: one of the lake's own tables. scope: whether it was made whole or in part, and why. rows:
    published. bytes, files: what the step's commits added, those to the quarantine too. engine_jobs: plans sent to the engine to be
    carried out. peak_memory_mb: largest resident size of this process; None where the system does not report it. bytes_spilled: what
    operators wrote to disk for want of memory; None where the engine does not report it. seconds_cpu, bytes_spilled: of the process, in
    equal parts where several steps are at work.
    """

    run_id: str
    job: str
    table: str
    started_at: datetime
    as_of: date | None = None
    outcome: str = FAILED
    scope: str = ""
    rows: int | None = None
    bytes_written: int = 0
    files_written: int = 0
    seconds_total: float = 0.0
    seconds_cpu: float = 0.0
    engine_jobs: int = 0
    peak_memory_mb: float | None = None
    bytes_spilled: int | None = None
    clock: Clock = field(default_factory=Clock, repr=False)

    def wrote(self, *published: Published) -> None:
        """Count the files of a commit."""
        self.bytes_written += sum(p.bytes for p in published)
        self.files_written += sum(p.files for p in published)

    def ended(self, outcome: str, rows: int | None = None, scope: str = "") -> None:
        """The step did what it should."""
        self.outcome, self.rows, self.scope = outcome, rows, scope

    def parts(self) -> dict[str, float]:
        """Seconds by part; with `other` they sum up to the whole."""
        named = self.clock.seconds
        return {**named, "other": max(0.0, self.seconds_total - sum(named.values()))}

    def figures(self) -> dict[str, Any]:
        """The numbers, each under a name that stays the same and has its unit."""
        return {
            "seconds_total": self.seconds_total, "seconds_cpu": self.seconds_cpu,
            **{f"seconds_{part}": seconds for part, seconds in self.parts().items()},
            "rows": self.rows, "bytes_written": self.bytes_written, "files_written": self.files_written,
            "engine_jobs": self.engine_jobs, "peak_memory_mb": self.peak_memory_mb, "bytes_spilled": self.bytes_spilled,
        }  # fmt: skip


class Profile:
    """What the steps of a run cost, kept until it is written down. Each thread has one step at work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._measured: dict[tuple[str, str], Measured] = {}
        self._here = local()
        self._at_work: list[Measured] = []
        self._cpu = process_time()
        self._spilled = engine.spilled()
        self._resettable = False

    @property
    def step(self) -> Measured:
        """What this thread measures; between steps, figures that nobody reads."""
        return getattr(self._here, "step", None) or _nobody()

    @property
    def at_work(self) -> list[str]:
        """The tables whose steps are at work, of all threads."""
        return [step.table for step in self._at_work]

    @contextmanager
    def of(self, table: str, *, run_id: str, job: str) -> Iterator[Measured]:
        """Measure a step. A retried step replaces its first measurement."""
        self._here.step = self._measured[run_id, table] = step = Measured(run_id, job, table, datetime.now(UTC))
        self._account()
        self._at_work.append(step)
        jobs, started = self._engine.jobs_here, perf_counter()
        try:
            yield step
        finally:
            step.seconds_total, step.engine_jobs = perf_counter() - started, self._engine.jobs_here - jobs
            self._account()
            self._at_work.remove(step)
            self._here.step = None

    def _account(self) -> None:
        """Write what the process has used since the last time to the steps at work, in equal parts; its largest size to each of them."""
        cpu, spilled, peak = process_time(), self._engine.spilled(), memory.peak()
        more = None if spilled is None or self._spilled is None else spilled - self._spilled
        for step in self._at_work:
            step.seconds_cpu += (cpu - self._cpu) / len(self._at_work)
            step.bytes_spilled = None if more is None else (step.bytes_spilled or 0) + more // len(self._at_work)
            step.peak_memory_mb = max(step.peak_memory_mb or 0, peak) if peak is not None and self._resettable else None
        self._cpu, self._spilled, self._resettable = cpu, spilled, memory.forget_peak()

    def ended(self) -> list[Measured]:
        """What the steps cost that have ended since `taken` was asked last."""
        return [step for step in self._measured.values() if step not in self._at_work]

    def taken(self) -> list[Measured]:
        """All that was measured since this was asked last, in the order of the steps."""
        found, self._measured = list(self._measured.values()), {}
        return found


def _nobody() -> Measured:
    return Measured("", "", "", datetime.now(UTC))
