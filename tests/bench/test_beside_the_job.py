"""What is measured beside the job: a second night with few changes, and one large delivery taken in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from bench import events, ingestion
from bench.changes import DAY, LATER
from bench.contestants.events import EVENTS
from bench.contestants.two_nights import BUILD, NIGHT, ONE_OF
from bench.data import inputs
from bench.job import AS_OF
from bench.measure import run

SIZE = 0.0002
ROWS = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def test_one_row_of_a_hundred_is_changed_in_the_second_night(folder: Path, tmp_path: Path) -> None:
    seconds = run("two_nights", inputs(folder, SIZE), tmp_path / "out").seconds
    assert {BUILD, NIGHT, f"{BUILD}/themes/health/archive", f"{NIGHT}/themes/health/archive"} <= set(seconds)

    def table(name: str, *where: tuple[str, str, str]) -> pa.Table:
        return DeltaTable(str(tmp_path / "out" / name)).to_pyarrow_table(list(where) or None)

    first, second = (table("raw/health/archive", ("_business_date", "=", f"{day}")) for day in (AS_OF, DAY))
    assert len(first) == len(second), "a whole list comes whole again"
    changed = second["update_time"].to_pylist().count(LATER)
    assert len(second) // ONE_OF <= changed <= len(second) // ONE_OF + 1
    dates = table("cleansed/health/archive")["_business_date"].to_pylist()
    assert set(dates) == {AS_OF, DAY}, "what has not changed says since when it has been so"
    assert dates.count(DAY) <= changed
    assert set(table("cleansed/health/outpatient_visit")["_business_date"].to_pylist()) == {AS_OF, DAY}


def test_a_large_delivery_is_taken_in_whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "SIZE", SIZE)
    source = ingestion.delivery(folder, ROWS)
    for name in ingestion.CONTESTANTS:
        assert run(name, source, tmp_path / name).seconds
    assert DeltaTable(str(tmp_path / "taken_in/raw/health/archive")).to_pyarrow_table().num_rows == ROWS


@pytest.mark.parametrize("name", EVENTS)
def test_everybody_counts_a_day_of_events_alike(folder: Path, tmp_path: Path, name: str) -> None:
    event = EVENTS[name]
    source = events.delivery(folder, event, 18 * ROWS, days=1, seed=1)
    sums = []
    for contestant in events.CONTESTANTS:
        assert run(contestant, source, tmp_path / contestant).seconds
        sums.append(dict(zip(("rows", *event.counts), events.counted(event, tmp_path / contestant), strict=True)))
    assert sums[0] == sums[1] == sums[2]
    assert min(n for count, n in sums[0].items() if count != "frozen") > 0
