"""F7, F8: a run is killed at every step of a publish: readers see the old or the new version of each table, the next run ends right.

The runs are killed one after another in one lake, each a little further on than the one before, so that each starts from what
the others have left. The last one is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from assets.declare import downstream
from pipelines.control.ledger import CONTROL_TABLES, Ledger
from pipelines.taking_part import contracts_of
from resources.lake import Lake
from tests.departments import ABOUT_PERSONS
from tests.differential.lakes import differences, rows
from tests.faults.city import PATIENCE
from tests.servers.forks import Fork
from tests.story.city import Installation, Result
from tests.story.first_night import FirstNight

pytestmark = pytest.mark.slow
RAW, CLEANSED, BASE, THEME = "raw/health/archive", "cleansed/health/archive", "base/population/source_link", "themes/health/cleanup_list"
CHAIN = (RAW, CLEANSED, BASE, THEME)
QUARANTINE = "quarantine/health/archive"
ORDER = (RAW, QUARANTINE, CLEANSED, BASE, THEME)
KILLED = -9
DEATHS = (
    ("stage-files", RAW, 0),
    ("commit-before", RAW, 0),
    ("commit-after", RAW, 1),
    ("stage-files", CLEANSED, 1),
    ("gate-after", CLEANSED, 1),
    ("commit-before", QUARANTINE, 1),
    ("commit-after", QUARANTINE, 2),
    ("commit-before", CLEANSED, 2),
    ("ledger-before", CLEANSED, 3),
    ("stage-after", BASE, 3),
    ("ledger-after", BASE, 4),
    ("publish-before", THEME, 4),
    ("commit-after", THEME, 5),
)
"""Where a run dies, in which table, and how many tables of ORDER are new by then."""


@dataclass(frozen=True)
class Second:
    """A lake after its first night, with the deliveries of the second."""

    desk: Installation
    day: date

    @property
    def lake(self) -> Lake:
        return self.desk.lake

    def run(self, death: str | None = None, fresh: bool = False) -> Result:
        selected = ["run", "--as-of", self.day.isoformat(), *[x for table in CHAIN for x in ("--select", table)]]
        return self._fork("tests.faults.dying:main", death, "--", *selected) if death else self.desk.run(*selected, fresh=fresh)

    def release(self, death: str) -> Result:
        return self._fork("tests.faults.dying:release", death, self.day.isoformat())

    def _fork(self, main: str, *arguments: str) -> Result:
        root, env = self.desk.root, {"CITYLAKE_CONFIG": str(self.desk.config), "PATH": ""}
        fork = Fork(*arguments, cwd=root, env=env, out=root / "out", err=root / "err", main=main)
        try:
            code = fork.wait(PATIENCE)
        finally:
            fork.kill()
        return Result(code, (root / "out").read_text(), (root / "err").read_text())


@pytest.fixture(scope="module")
def second(first_night: FirstNight, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Second]:
    """`second(name)`: a copy of its own, made of the lake of the first night."""
    folder = tmp_path_factory.mktemp("second")

    def make(name: str) -> Second:
        desk = first_night.copy(folder / name)
        first_night.city.deliver(1, desk.landing, desk.exchange_url)
        return Second(desk, first_night.city.nights[1])

    return make


def check_readers(lake: Lake, old: Lake, new: Lake, versions: dict[str, int | None]) -> list[str]:
    """Every table is whole, in its old or its new state, in every version it has; those that are new."""
    made = []
    for table in ORDER:
        handle, before = lake.open(table), old.version(table)
        assert handle is not None
        for version in range(before or 0, handle.version() + 1):
            there = lake.arrow(table, version)
            assert there is not None
            assert there.num_rows == sum(lake.open(table, version).get_add_actions(flatten=True)["num_records"].to_pylist())  # type: ignore[union-attr]
        if handle.version() != before:
            made.append(table)
        assert rows(lake, table) == rows(new if table in made else old, table), f"{table} is neither old nor new"
    others = {t: v for t, v in versions.items() if t not in ORDER}
    assert {t: lake.version(t) for t in lake.tables() if t not in (*ORDER, *CONTROL_TABLES)} == others
    return made


@pytest.mark.proves("F7", "F8")
def test_runs_that_are_killed_at_every_step(second: Callable[[str], Second], first_night: FirstNight, proven: Any) -> None:
    left_alone, mine = second("left-alone"), second("killed")
    versions, old = mine.desk.versions(), first_night.desk.lake
    done = left_alone.run(fresh=True)
    assert done.code == 0, done.err
    assert left_alone.release("stage-before").code == 0
    for point, table, new in DEATHS:
        killed = mine.run(f"{point}:{table}")
        assert killed.code == KILLED, f"{point} of {table}: {killed.err}"
        assert check_readers(mine.lake, old, left_alone.lake, versions) == list(ORDER[:new]), f"{point} of {table}"
    done = mine.run()
    assert done.code == 0, done.err
    assert [mine.release(death).code for death in ("release-before", "release-after", "stage-before")] == [KILLED, KILLED, 0]
    assert differences(left_alone.lake, mine.lake) == {}
    told = Ledger(mine.lake)
    accounts = Counter((r["table"], r["batch_id"], r["kind"], r["business_date"]) for r in told.rows())
    assert set(accounts.values()) == {1}
    assert [r.as_of for r in told.releases()][1:] == [mine.day]
    released, undisturbed, newest = told.releases()[-1], Ledger(left_alone.lake).releases()[-1], mine.desk.versions()
    back = set(released.held_back)
    made_of_it = set(downstream(BASE)) & contracts_of(ABOUT_PERSONS).keys()
    assert back == set(undisturbed.held_back) == made_of_it, "what the selected tables touch and nobody has made again"
    assert released.versions == {t: told.releases()[0].versions[t] if t in back else v for t, v in newest.items()}
    (published,) = {r["version"] for r in told.rows() if r["table"] == CLEANSED and r["as_of"] == mine.day}
    assert published == mine.lake.version(CLEANSED) == (versions[CLEANSED] or 0) + 1, "published once, in the run that was killed after it"
    proven(
        done=f"a run was killed at {len(DEATHS) + 2} steps of its publishes, one run after another in one lake",
        seen=f"each table whole, old or new, after each of {len(DEATHS)} kills; the next run ends with the rows of an undisturbed one, "
        f"{len(accounts)} accounts once each, one release",
    )
