"""Exchange databases on PostgreSQL: the same texts as from SQLite, one snapshot, a few rows at a time."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from contracts import load_all
from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.landing import LandingZone
from resources.readers import database
from resources.readers.manifest import delivery_of
from simulator import build
from simulator.drops import write_exchange
from tests.departments import ABOUT_PERSONS
from tests.landing.department import Department
from tests.landing.writing import business, contract
from tests.servers.postgres import Postgres

TABLE = contract("database", table="visits", mode="inc")
DAY = "2019-12-31"
RESIDENT = "public_security/resident"


def visit(number: int, **more: Any) -> dict[str, Any]:
    return {"visit_no": f"A{number}", "name": "王", "visit_date": DAY, **more}


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.database())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows at a time, so that little tables take many fetches."""
    monkeypatch.setattr(database, "ROWS_PER_BATCH", 2)


def tables(url: str, agreed: Contract = TABLE) -> Iterator[pa.Table]:
    """Every drop, oldest first, as one table each."""
    zone = LandingZone("unused", url)
    for drop in zone.drops(agreed):
        with zone.read(agreed, drop) as delivery:
            yield pa.Table.from_batches(delivery.batches(), delivery.schema)


def test_the_demo_city_reads_the_same_from_both_databases(tmp_path: Path, url: str) -> None:
    city, agreed = build(people=600, departments=ABOUT_PERSONS), load_all()[f"cleansed/{RESIDENT}"]
    lite = f"sqlite:///{tmp_path}/exchange.db"
    for where in (lite, url):
        for rows, night in zip(city.tables[RESIDENT], city.nights, strict=True):
            write_exchange(where, agreed, rows, night)
    assert [t.to_pylist() for t in tables(url, agreed)] == [t.to_pylist() for t in tables(lite, agreed)]
    assert LandingZone(str(tmp_path), url).drops(agreed)[0].batch_id == LandingZone(str(tmp_path), lite).drops(agreed)[0].batch_id
    assert sum(len(t) for t in tables(url, agreed)) == sum(len(rows) for rows in city.tables[RESIDENT])


def test_a_night_written_again_replaces_itself_in_a_schema_of_its_own(url: str) -> None:
    city, agreed = build(people=600, departments=ABOUT_PERSONS), load_all()[f"cleansed/{RESIDENT}"]
    agreed = replace(agreed, delivery=replace(delivery_of(agreed), table="police.resident"))
    for _ in range(2):
        write_exchange(url, agreed, city.tables[RESIDENT][1], city.nights[1])
    (table,) = tables(url, agreed)
    assert len(table) == len(city.tables[RESIDENT][1])
    assert set(table["_source_file"].to_pylist()) == {"police.resident"}


ZONE = dt.timezone(dt.timedelta(hours=3))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (sa.DateTime, dt.datetime(2019, 12, 31, 8, 5), "2019-12-31 08:05:00"),
        (sa.DateTime, dt.datetime(2019, 12, 31, 8, 5, 6, 120000), "2019-12-31 08:05:06.120000"),
        (sa.DateTime(timezone=True), dt.datetime(2019, 12, 31, 8, 5, tzinfo=ZONE), "2019-12-31 13:05:00+08:00"),
        (sa.Date, dt.date(1960, 2, 29), "1960-02-29"),
        (sa.Time, dt.time(7, 30), "07:30:00"),
        (sa.Boolean, True, "1"),
        (sa.Boolean, False, "0"),
        (sa.Integer, 0, "0"),
        (sa.Numeric(12, 2), decimal.Decimal("1234567.50"), "1234567.50"),
        (sa.Numeric, decimal.Decimal("1E+20"), "100000000000000000000"),
        (sa.Double, 36.5, "36.5"),
        (sa.CHAR(4), "A ", "A   "),
        (sa.LargeBinary, b"\x00\xff", "00ff"),
        (sa.JSON, {"名": [1, None]}, '{"名": [1, null]}'),
        (sa.Uuid, "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        (sa.Text, "", ""),
        (sa.Text, None, None),
    ],
)
def test_a_value_of_any_type_becomes_its_text(url: str, kind: Any, value: Any, text: str | None) -> None:
    if kind is sa.Uuid:
        kind = sa.Uuid(as_uuid=False)
    Department(url, TABLE, {"姓名": kind}).deliver(DAY, visit(1, name=value))
    (table,) = tables(url)
    assert business(table) == [["A1", text, DAY]]


def test_a_moment_is_the_same_whatever_zone_the_server_is_set_to(url: str) -> None:
    department = Department(url, TABLE, {"cd_time": sa.DateTime(timezone=True)})
    department.deliver(DAY, visit(1))
    (before,) = LandingZone("unused", url).drops(TABLE)
    department.execute(f'ALTER DATABASE "{sa.make_url(url).database}" SET timezone = "America/New_York"')
    assert LandingZone("unused", url).drops(TABLE) == [before]


def test_a_table_of_another_owner_with_decimal_numbers(url: str, few: None) -> None:
    agreed = contract("database", table="his.visits", mode="inc")
    department = Department(url, agreed, {"cd_id": sa.Numeric(20), "cd_batch": sa.Integer, "cd_operation": sa.CHAR(8)})
    with department.transaction() as transaction:
        for number in (9_000_000_000_000_000_007, 9_000_000_000_000_000_003, 9_000_000_000_000_000_005):
            department.insert(transaction, DAY, visit(number), number)
        transaction.commit()
    (table,) = tables(url, agreed)
    assert table["_row_no"].to_pylist() == [9_000_000_000_000_000_003, 9_000_000_000_000_000_005, 9_000_000_000_000_000_007]
    assert table["_op"].to_pylist() == ["I"] * 3


@pytest.mark.parametrize("kind", [sa.Text, sa.Numeric(20, 1)])
def test_rows_without_whole_numbers_are_refused(url: str, kind: Any) -> None:
    department = Department(url, TABLE, {"cd_id": kind})
    department.execute("INSERT INTO visits VALUES ('1.5', 'I', now(), '20191231', 'A1', 'x', 'y')")
    with pytest.raises(DeliveryRejected, match="DELIVERY_FORMAT: column cd_id is not a whole number"):
        list(tables(url))


def test_all_rows_are_of_the_moment_in_which_the_reading_began(url: str, few: None) -> None:
    department = Department(url, TABLE)
    department.deliver(DAY, *(visit(n) for n in range(7)))
    zone = LandingZone("unused", url)
    (drop,) = zone.drops(TABLE)
    with zone.read(TABLE, drop) as delivery:
        batches = delivery.batches()
        seen = next(batches).to_pylist()
        assert len(seen) == 2
        department.execute("UPDATE visits SET 姓名 = '改' WHERE cd_id > 3")
        department.execute("DELETE FROM visits WHERE cd_id = 4")
        department.deliver(DAY, visit(99))
        department.deliver("2019-12-30", visit(100))
        for batch in batches:
            seen += batch.to_pylist()
    assert [(r["visit_no"], r["name"]) for r in seen] == [(f"A{n}", "王") for n in range(7)]
    earlier, now = zone.drops(TABLE)
    assert earlier.declared_rows == 1
    assert now.batch_id != drop.batch_id


def test_a_row_written_between_the_check_of_the_batch_and_its_rows(url: str) -> None:
    department = Department(url, TABLE)
    department.deliver(DAY, visit(1))
    (listed,) = database.batches(TABLE, url)
    written: list[str] = []

    def write(_: object, cursor: object, statement: str, *__: object) -> None:
        if "ORDER BY cd_id" in statement and not written:
            written.append(statement)
            department.deliver(DAY, visit(2))

    sa.event.listen(sa.Engine, "before_cursor_execute", write)
    try:
        rows = [r["visit_no"] for batch in database.read(TABLE, url, listed) for r in batch.to_pylist()]
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", write)
    assert written
    assert rows == ["A1"]
    assert [b.count for b in database.batches(TABLE, url)] == [2]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO visits SELECT 99, cd_operation, cd_time, cd_batch, 就诊号, 姓名, 就诊日期 FROM visits WHERE cd_id = 1",
        "DELETE FROM visits WHERE cd_id = 3",
        "UPDATE visits SET cd_batch = '20191230'",
        "UPDATE visits SET cd_time = cd_time + interval '1 hour' WHERE cd_id = 5",
        "UPDATE visits SET cd_id = 4 WHERE cd_id = 3",  # as many rows as before, the same last one
    ],
)
def test_a_batch_that_has_changed_since_it_was_listed_is_not_read(url: str, change: str) -> None:
    department = Department(url, TABLE)
    with department.transaction() as transaction:
        for number in (1, 3, 5):
            department.insert(transaction, DAY, visit(number), number, seconds=number)
        transaction.commit()
    (listed,) = database.batches(TABLE, url)
    department.execute(change)
    with pytest.raises(DeliveryRejected, match="DELIVERY_CHANGED"):
        next(database.read(TABLE, url, listed))
    department.execute("DELETE FROM visits")
    with pytest.raises(DeliveryRejected, match="DELIVERY_CHANGED"):
        next(database.read(TABLE, url, listed))


def test_a_row_corrected_in_its_place_is_not_seen_but_one_written_anew_is(url: str) -> None:
    department = Department(url, TABLE)
    department.deliver(DAY, visit(1), visit(2))
    zone = LandingZone("unused", url)
    before = zone.drops(TABLE)
    department.execute("UPDATE visits SET 姓名 = '改' WHERE 就诊号 = 'A1'")
    assert zone.drops(TABLE) == before
    department.deliver(DAY, visit(1, name="改", _op="U"))
    assert zone.drops(TABLE) != before


def test_a_time_beyond_the_calendar_refuses_the_batch(url: str) -> None:
    department = Department(url, TABLE, {"就诊日期": sa.DateTime})
    department.deliver(DAY, visit(1))
    department.execute("UPDATE visits SET 就诊日期 = 'infinity'")
    with pytest.raises(DeliveryRejected, match="DELIVERY_FORMAT: a value the driver cannot take over") as refusal:
        list(tables(url))
    assert "batch 20191231" in str(refusal.value)


@pytest.mark.parametrize(("encoding", "expected"), [("EUC_CN", None), ("SQL_ASCII", "DELIVERY_ENCODING")])
def test_chinese_text_in_a_database_that_is_not_utf_8(postgres: Postgres, encoding: str, expected: str | None) -> None:
    name = f"db_{encoding.lower()}"
    with sa.create_engine(postgres.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"))
    url = postgres.url(name)
    department = Department(f"{url}?client_encoding=utf8", TABLE)
    department.deliver(DAY, visit(1, name="a"))
    written = "convert_from('\\xCDF5', 'EUC_CN')" if expected is None else "E'\\xCD\\xF5'"
    department.execute(f"UPDATE visits SET 姓名 = {written}")
    if expected is None:
        assert [business(t) for t in tables(url)] == [[["A1", "王", DAY]]]
    else:
        with pytest.raises(DeliveryRejected, match=expected):
            list(tables(url))


ROWS, ALLOWED_MB = 300_000, 250
GROWTH = """
import os, sys
from pathlib import Path
from resources.landing import LandingZone
from tests.landing.writing import contract
def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
agreed, zone, rows = contract("database", table="visits", mode="inc"), LandingZone("unused", sys.argv[1]), 0
(drop,) = zone.drops(agreed)
start = peak = megabytes()
with zone.read(agreed, drop) as delivery:
    for batch in delivery.batches():
        rows, peak = rows + len(batch), max(peak, megabytes())
print(rows, round(peak - start))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_large_batch_is_read_in_little_memory(tmp_path: Path, url: str, kind: str) -> None:
    """Fetched at once these rows take several times what is allowed."""
    where = url if kind == "postgresql" else f"sqlite:///{tmp_path}/exchange.db"
    numbers = f"generate_series(1, {ROWS}) g"
    if kind == "sqlite":
        numbers = f"(WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < {ROWS}) SELECT g FROM s)"
    wide = "'值' || g || '" + "x" * 300 + "'"
    Department(where, TABLE).execute(
        f"INSERT INTO visits SELECT g, 'I', '2019-12-31 20:00:00', '20191231', {wide}, {wide}, {wide} FROM {numbers}"
    )
    expected = subprocess.run([sys.executable, "-c", GROWTH, where], capture_output=True, text=True, timeout=300, check=True).stdout.split()
    assert int(expected[0]) == ROWS
    assert int(expected[1]) < ALLOWED_MB
