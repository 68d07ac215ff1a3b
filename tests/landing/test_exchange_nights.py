"""Nights on an exchange database that departments write into meanwhile: nothing is lost, nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.runtime import Runtime
from pipelines.steps.ingest import ingest, pending
from resources import landing
from resources.errors import Unreachable
from resources.readers import database
from tests.cleansed.nights import fold, ledger, night, published, resident, shares, take_in
from tests.landing.department import Department
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.slow

RESIDENT = "public_security/resident"
DAY, NEXT = "2019-12-30", "2019-12-31"


@pytest.fixture
def city(installation: Callable[..., Runtime], postgres: Postgres) -> Runtime:
    made = installation()
    made.settings.exchange_url = SecretStr(postgres.url(postgres.database()))
    return made


@pytest.fixture
def police(city: Runtime) -> Department:
    assert city.settings.exchange_url is not None
    return Department(city.settings.exchange_url.get_secret_value(), city.contracts[f"cleansed/{RESIDENT}"])


def waiting(city: Runtime) -> list[int]:
    return [d.declared_rows for d in pending(city, city.contracts[f"cleansed/{RESIDENT}"], date.fromisoformat(NEXT))]


def test_a_row_committed_late_with_an_older_time_and_a_lower_number(city: Runtime, police: Department) -> None:
    with police.transaction() as slow:
        police.insert(slow, DAY, resident("P1", 1), seconds=0)
        police.deliver(DAY, resident("P2", 2), resident("P3", 3))
        first = night(city, RESIDENT, DAY)
        assert published(city, RESIDENT, "_row_no") == {"P2": 2, "P3": 3}
        assert waiting(city) == []
        slow.commit()
    assert waiting(city) == [3]
    second = night(city, RESIDENT, DAY)
    assert published(city, RESIDENT, "_row_no") == {"P1": 1, "P2": 2, "P3": 3}
    assert shares(first.accounts) == [("batch", DAY, 2, 2, 0, 0)]
    (again,) = second.accounts
    assert (again.rows_in, again.quarantined) == (3, 0)
    assert again.published + again.duplicates == 3
    assert waiting(city) == []


def test_a_row_committed_while_its_batch_is_read(city: Runtime, police: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ROWS_PER_BATCH", 2)
    people = [resident(f"P{n}", n) for n in range(1, 8)]
    with police.transaction() as slow:
        police.insert(slow, DAY, people[0])
        police.deliver(DAY, *people[1:])
        after_first_rows(monkeypatch, slow.commit)
        night(city, RESIDENT, DAY)
    assert sorted(published(city, RESIDENT, "name")) == [p["person_no"] for p in people[1:]]
    night(city, RESIDENT, DAY)
    assert sorted(published(city, RESIDENT, "name")) == [p["person_no"] for p in people]


def test_a_transaction_rolled_back_leaves_a_gap_and_nothing_else(city: Runtime, police: Department) -> None:
    with police.transaction() as undone:
        for number in range(1, 4):
            police.insert(undone, DAY, resident(f"P{number}", number))
        police.deliver(DAY, resident("P4", 4))
        night(city, RESIDENT, DAY)
        undone.rollback()
    assert published(city, RESIDENT, "_row_no") == {"P4": 4}
    assert waiting(city) == []
    police.deliver(NEXT, resident("P5", 5))
    night(city, RESIDENT, NEXT)
    assert published(city, RESIDENT, "_row_no") == {"P4": 4, "P5": 5}


def test_a_connection_cut_in_the_middle_of_a_batch(city: Runtime, police: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ROWS_PER_BATCH", 5)
    police.deliver(DAY, resident("P0", 100))
    night(city, RESIDENT, DAY)
    people = [resident(f"P{n}", n) for n in range(1, 61)]
    police.deliver(NEXT, *people)
    before, files = city.lake.version(f"raw/{RESIDENT}"), stored(city)

    with monkeypatch.context() as cut:
        after_first_rows(cut, lambda: cut_all(police))
        with pytest.raises(Unreachable, match=r"EXCHANGE_DATABASE: .*ended the connection") as error:
            ingest(city, city.contracts[f"cleansed/{RESIDENT}"], date.fromisoformat(NEXT), uuid4().hex)
    assert police.engine.url.password is not None
    assert police.engine.url.password not in str(error.value)
    assert (city.lake.version(f"raw/{RESIDENT}"), stored(city)) == (before, files)
    assert fold(city, RESIDENT, NEXT).changed is False
    assert list(published(city, RESIDENT, "name")) == ["P0"]
    assert waiting(city) == [60]

    assert shares(take_in(city, RESIDENT, NEXT).accounts) == [("batch", NEXT, 60, 60, 0, 0)]
    fold(city, RESIDENT, NEXT)
    assert len(published(city, RESIDENT, "name")) == 61
    assert shares(ledger(city, RESIDENT)) == [("batch", DAY, 1, 1, 0, 0), ("batch", NEXT, 60, 60, 0, 0)]
    assert waiting(city) == []


def after_first_rows(patch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Something happens once the first rows of a delivery have been handed over."""
    whole = landing.DropReader.batches

    def interrupted(self: landing.DropReader) -> Iterator[pa.RecordBatch]:
        for position, batch in enumerate(whole(self)):
            yield batch
            if position == 0:
                happens()

    patch.setattr(landing.DropReader, "batches", interrupted)


def cut_all(police: Department) -> None:
    """End every connection of the lake to this database."""
    with police.engine.connect() as connection:
        lake = "application_name = 'citylake' AND datname = current_database()"
        ended = connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {lake}")).all()
    assert ended == [(True,)]


def stored(city: Runtime) -> list[Path]:
    """Every file of the raw table, stages too."""
    return sorted(p for p in Path(city.settings.lake, "raw", RESIDENT).rglob("*") if p.is_file())
