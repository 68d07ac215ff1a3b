"""The table of faults: what is done to a delivery before the night, to the lake while it runs, and what is put right after it.

Here: the faults, each a few lines. Not here: which of them a night gets (`nights`).
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from pipelines.maintenance.maintain import maintain
from quality import gates
from quality.gates import GateResult
from resources.stage import Stage
from tests.faults.points import POINTS, Died, die, dying
from tests.soak.deliveries import CHANGED, Departments

WORKSHOP = "themes/health/archive"
WRITES = 40
"""A night writes more stages than these."""


@dataclass
class Night:
    """What a fault may touch. owed: what is still to be delivered on a later day."""

    day: date
    departments: Departments
    runtime: Any
    random: Random
    owed: list[tuple[str, date]]

    @property
    def appended(self) -> list[str]:
        return sorted(t for t in self.departments.tables if t not in CHANGED)

    @property
    def first(self) -> bool:
        return self.day == self.departments.days[0]


Action = Callable[[Night], None]


@dataclass(frozen=True)
class Fault:
    """before: to the deliveries; during: while the night runs; after: put right before the date is run again."""

    before: Action | None = None
    during: Callable[[Night], Any] | None = None
    after: Action | None = None


def _chosen(night: Night) -> str:
    """The same table before and after: it follows from the day."""
    return Random(night.day.toordinal()).choice(night.appended)


def bad_file(night: Night) -> None:
    file = night.departments.file(_chosen(night), night.day)
    file.write_bytes(file.read_bytes() + b"\x00")


def sent_again(night: Night) -> None:
    night.departments.drop(_chosen(night), night.day, again=True)


def missing_drop(night: Night) -> None:
    """It comes with the next night."""
    table = _chosen(night)
    shutil.rmtree(night.departments.folder(table, night.day))
    night.owed.append((table, night.day))


def corrected_drop(night: Night) -> None:
    """Yesterday's, once more, with a later time of its extract."""
    if not night.first:
        night.departments.drop(_chosen(night), night.day - timedelta(days=1), again=True)


def replay(night: Night) -> None:
    """Every drop of an earlier day to the byte, and its batch of the exchange database."""
    if not night.first:
        day = night.random.choice(night.departments.days[: night.departments.days.index(night.day)])
        for table in night.departments.tables:
            if night.departments.folder(table, day).exists():
                night.departments.drop(table, day)


def shrunk(night: Night) -> None:
    """A snapshot of staff with a third of its rows missing."""
    departments, table = night.departments, "health/staff"
    days = departments.days.index(night.day)
    whole = departments.tables[table][days]
    departments.tables[table][days] = whole.iloc[: len(whole) * 2 // 3]
    departments.drop(table, night.day)
    departments.tables[table][days] = whole


def whole_again(night: Night) -> None:
    night.departments.drop("health/staff", night.day, again=True)


def half_written(night: Night) -> None:
    """A drop whose manifest has not come yet."""
    (night.departments.folder(_chosen(night), night.day) / "manifest.json").unlink()


def no_manifest_fields(night: Night) -> None:
    manifest = night.departments.folder(_chosen(night), night.day) / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    del facts["row_count"]
    manifest.write_text(json.dumps(facts), encoding="utf-8")


def crash(night: Night) -> Any:
    """A step dies at a named point, past everything that would tidy up after an error; Dagster ends the run."""
    return dying(night.random.choice(sorted(POINTS)), nth=night.random.randint(1, 8), death=die)


@contextmanager
def _at_a_write(night: Night, happens: Callable[[int], None]) -> Iterator[None]:
    """From some write of a stage on, this happens before each: it is told how many there were."""
    left = [night.random.randint(1, WRITES)]
    original = Stage._written

    @contextmanager
    def written(stage: Stage) -> Iterator[None]:
        left[0] -= 1
        if left[0] < 0:
            happens(-left[0] - 1)
        with original(stage):
            yield

    with patch.object(Stage, "_written", written):
        yield


def disk_full(night: Night) -> Any:
    """From some write on there is no room for a stage."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return _at_a_write(night, full)


def engine_ends(night: Night) -> Any:
    """The engine goes in the middle of a step; the next one finds another."""

    def end(times: int) -> None:
        if times == 0:
            night.runtime.engine.stop()

    return _at_a_write(night, end)


@contextmanager
def gate_fails(night: Night) -> Iterator[None]:
    """A blocking gate of one table."""
    original = gates.check

    def check(contract: Any, *rest: Any) -> list[GateResult]:
        found = original(contract, *rest)
        return [*found, GateResult("soak", False, True, "a gate that fails tonight")] if contract.name == WORKSHOP else found

    with patch.object(gates, "check", check):
        yield


def maintained(night: Night) -> None:
    """All tables are compacted, their logs get checkpoints, and what nobody is promised any more goes."""
    maintain(night.runtime, f"soak-{night.day}")


FAULTS: dict[str, Fault] = {
    "bad file": Fault(before=bad_file, after=sent_again),
    "no row count in the manifest": Fault(before=no_manifest_fields, after=sent_again),
    "missing drop": Fault(before=missing_drop),
    "half-written drop": Fault(before=half_written, after=sent_again),
    "corrected drop": Fault(before=corrected_drop),
    "replay": Fault(before=replay),
    "shrunk snapshot": Fault(before=shrunk, after=whole_again),
    "crash": Fault(during=crash),
    "disk full": Fault(during=disk_full),
    "gate fails": Fault(during=gate_fails),
    "engine ends": Fault(during=engine_ends),
    "maintenance": Fault(before=maintained),
}
DELIVERED = [name for name, fault in FAULTS.items() if fault.after or name in ("missing drop", "corrected drop", "replay")]
"""Faults of deliveries: two of them must not meet on the same drop."""
__all__ = ["DELIVERED", "FAULTS", "Died", "Fault", "Night"]
