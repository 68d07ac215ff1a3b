"""The exchange database: batches, rows, and errors that give no secret away."""

from __future__ import annotations

import datetime as dt
import traceback
from dataclasses import replace

import pytest
import sqlalchemy as sa

from resources.errors import DeliveryRejected, Unreachable
from resources.landing import LandingZone
from resources.readers import database, exchange_connection
from tests.landing.writing import business, contract

TABLE = contract("database", table="visits", mode="inc")


@pytest.fixture
def exchange(tmp_path):
    url = f"sqlite:///{tmp_path}/exchange.db"
    engine = sa.create_engine(url)
    names = ["就诊号", "姓名", "就诊日期"]
    table = sa.Table(
        "visits",
        sa.MetaData(),
        sa.Column("cd_id", sa.Integer, primary_key=True),
        sa.Column("cd_operation", sa.String),
        sa.Column("cd_time", sa.DateTime),
        sa.Column("cd_batch", sa.String),
        *(sa.Column(n, sa.String) for n in names),
    )
    table.create(engine)

    def add(batch, *rows):
        at = dt.datetime(2019, 12, 31, 3, 4, 5)
        with engine.begin() as connection:
            for op, *values in rows:
                connection.execute(
                    table.insert(), {"cd_operation": op, "cd_time": at, "cd_batch": batch, **dict(zip(names, values, strict=True))}
                )

    def change(statement):
        with engine.begin() as connection:
            connection.execute(sa.text(statement))

    add.url, add.change = url, change
    return add


def rows_of(zone, drop):
    with zone.read(TABLE, drop) as delivery:
        return [r for b in delivery.batches() for r in b.to_pylist()]


def test_one_drop_per_batch(tmp_path, exchange, monkeypatch):
    monkeypatch.setattr(database, "ROWS_PER_BATCH", 2)
    exchange("20191230", ("I", "A1", " 王 ", None))
    exchange("20191229", *[("I", f"B{i}", "x", "y") for i in range(5)])
    exchange("20191230", ("u ", "A1", "", "2019"), ("D", "A2", None, None))
    exchange("to do", ("I", "A9", None, None))
    zone = LandingZone(str(tmp_path), exchange.url)
    first, second, undated = zone.drops(TABLE)
    assert (undated.business_date, undated.declared_rows, undated.complete) == (dt.date(2019, 12, 31), 1, True)
    assert (first.business_date.day, first.declared_rows) == (29, 5)
    assert (second.business_date.day, second.declared_rows) == (30, 3)
    assert second.complete
    assert second.problem is None
    assert second.extract_ts == "2019-12-31T03:04:05"
    assert len(second.batch_id) == 32
    rows = rows_of(zone, second)
    assert [[r["visit_no"], r["name"], r["visit_date"]] for r in rows] == [["A1", " 王 ", None], ["A1", "", "2019"], ["A2", None, None]]
    assert [r["_op"] for r in rows] == ["I", "U", "D"]
    assert [r["_row_no"] for r in rows] == [1, 7, 8]
    assert [r["_order"] for r in rows] == [f"{n:020d}" for n in (1, 7, 8)]
    assert {r["_source_file"] for r in rows} == {"visits"}
    assert len(rows_of(zone, first)) == 5


NAMES_OF_ONE_DAY = [
    "20191230", " 20191230 ", "20191230\t", "2019-12-30", "2019/12/30", "2019.12.30", "2019_12_30", "2019-12-30 00:00:00", "20191230.0",
    "２０１９１２３０", "2019年12月30日", "'20191230", "20191230\0\0", "2019-12-30T00:00:00.000", "\ufeff20191230",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES_OF_ONE_DAY)
def test_batch_names_are_read_in_any_usual_form(tmp_path, exchange, name):
    exchange(name, ("I", "A1", "x", "y"))
    (found,) = (zone := LandingZone(str(tmp_path), exchange.url)).drops(TABLE, dt.date(2019, 12, 30))
    assert found.problem is None
    assert [r["visit_no"] for r in rows_of(zone, found)] == ["A1"]


def test_two_names_of_one_day_are_two_drops(tmp_path, exchange):
    exchange("20191230", ("I", "A1", "x", "y"))
    exchange("2019-12-30", ("I", "A2", "x", "y"))
    zone = LandingZone(str(tmp_path), exchange.url)
    assert sorted(r["visit_no"] for d in zone.drops(TABLE) for r in rows_of(zone, d)) == ["A1", "A2"]


@pytest.mark.parametrize(
    "name", ["b20191230", "20191230a", "20191230-2", "2019123", "20191330", "2019-02-30", "", None, "latest", "x\ny" * 50]
)
def test_a_batch_not_named_by_a_date_is_refused_in_one_line(tmp_path, exchange, name):
    """It counts on the day of its latest row."""
    exchange(name, ("I", "A1", "x", "y"), ("I", "A2", "x", "y"))
    (found,) = (zone := LandingZone(str(tmp_path), exchange.url)).drops(TABLE)
    assert (found.business_date, found.declared_rows) == (dt.date(2019, 12, 31), 2)
    with pytest.raises(DeliveryRejected, match=r"^DELIVERY_DATE: the name of the batch is no date YYYYMMDD [^\n]*\Z") as refusal:
        zone.read(TABLE, found)
    assert str(refusal.value) == found.problem


def test_batch_that_grows_is_another_batch(tmp_path, exchange):
    exchange("20191230", ("I", "A1", "x", "y"))
    zone = LandingZone(str(tmp_path), exchange.url)
    (before,) = zone.drops(TABLE)
    assert zone.drops(TABLE) == [before]
    exchange("20191230", ("I", "A2", "x", "y"))
    assert zone.drops(TABLE)[0].batch_id != before.batch_id
    with pytest.raises(DeliveryRejected, match="DELIVERY_CHANGED"):
        zone.read(TABLE, before)


def test_unknown_operation_is_a_defect(tmp_path, exchange):
    exchange("20191230", ("X", "A1", "x", None), (None, "A2", "x", None), ("I", "A3", "x", None))
    zone = LandingZone(str(tmp_path), exchange.url)
    rows = rows_of(zone, zone.drops(TABLE)[0])
    assert {r["_row_no"]: r["_defect"] for r in rows} == {1: "E_OPERATION", 2: "E_OPERATION", 3: None}
    assert next(r for r in rows if r["_row_no"] == 1)["_defect_text"] == '["X", "A1", "x", null]'


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("ALTER TABLE visits ADD COLUMN 备注 TEXT", "unknown columns '备注'"),
        ("ALTER TABLE visits DROP COLUMN 姓名", "missing columns '姓名'"),
        ("ALTER TABLE visits DROP COLUMN cd_time", "columns of the exchange cd_time"),
    ],
)
def test_table_that_is_not_contracted(tmp_path, exchange, statement, expected):
    exchange("20191230", ("I", "A1", "x", None))
    exchange.change(statement)
    zone = LandingZone(str(tmp_path), exchange.url)
    with pytest.raises(DeliveryRejected, match="DELIVERY_HEADER") as refusal:
        rows_of(zone, zone.drops(TABLE)[0])
    assert expected in str(refusal.value)


def test_a_new_column_that_the_contract_accepts_is_kept_beside_the_others(tmp_path, exchange):
    exchange("20191230", ("I", "A1", "x", None))
    exchange.change("ALTER TABLE visits ADD COLUMN 备注 TEXT")
    exchange.change("UPDATE visits SET 备注 = 'first'")
    zone, accepting = LandingZone(str(tmp_path), exchange.url), replace(TABLE, delivery=replace(TABLE.delivery, new_columns="accept"))
    with zone.read(accepting, zone.drops(accepting)[0]) as delivery:
        rows = [r for b in delivery.batches() for r in b.to_pylist()]
    assert [(r["visit_no"], r["_extra"]) for r in rows] == [("A1", '{"备注":"first"}')]
    assert delivery.new_columns == ["备注"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "EXCHANGE_URL"),
        ("no url, s3cret", "EXCHANGE_URL"),
        ("sqlite:////nowhere/exchange.db?password=s3cret", "EXCHANGE_DATABASE"),
        ("nosuchdriver://user:s3cret@db.example/x", "EXCHANGE_DATABASE"),
        ("sqlite+nosuch://user:s3cret@db.example/x", "EXCHANGE_DATABASE"),
    ],
)
def test_unreachable_database_gives_no_password_away(tmp_path, url, code):
    with pytest.raises(Unreachable) as error:
        LandingZone(str(tmp_path), url).drops(TABLE)
    assert error.value.code == code
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in "".join(traceback.format_exception(error.value))


def test_table_not_created_yet(tmp_path, exchange):
    exchange.change("DROP TABLE visits")
    with pytest.raises(Unreachable, match="EXCHANGE_TABLE"):
        LandingZone(str(tmp_path), exchange.url).drops(TABLE)


def test_rows_are_business_values(tmp_path, exchange):
    import pyarrow as pa

    exchange("20191231", ("I", "A1", "王", "2019-12-31"))
    zone = LandingZone(str(tmp_path), exchange.url)
    with zone.read(TABLE, zone.drops(TABLE)[0]) as delivery:
        table = pa.Table.from_batches(delivery.batches(), delivery.schema)
    assert business(table) == [["A1", "王", "2019-12-31"]]


def test_questions_asked_one_after_the_other_see_the_same_state(exchange):
    exchange("20191231", ("I", "A1", "x", "y"))
    exchange.change("PRAGMA journal_mode = WAL")  # lets others write while somebody reads

    def count(connection):
        return connection.execute(sa.text("SELECT count(*) FROM visits")).scalar_one()

    with exchange_connection.snapshot(exchange.url, "visits", count) as (connection, before):
        exchange("20191231", ("I", "A2", "x", "y"))
        assert before == count(connection) == 1
    with exchange_connection.snapshot(exchange.url, "visits", count) as (_, after):
        assert after == 2


def test_a_locked_database_is_asked_again_and_given_up(tmp_path, exchange, monkeypatch, caplog):
    exchange("20191231", ("I", "A1", "x", "y"))
    monkeypatch.setitem(exchange_connection.DRIVERS, "pysqlite", exchange_connection.Driver({"timeout": 0.01}, ("BEGIN",)))
    with sa.create_engine(exchange.url).connect() as writer:
        writer.execute(sa.text("BEGIN EXCLUSIVE"))
        with pytest.raises(Unreachable, match="EXCHANGE_DATABASE: the database is locked"):
            LandingZone(str(tmp_path), exchange.url).drops(TABLE)
    assert [r.getMessage() for r in caplog.records if "trying again" in r.getMessage()] == [
        f"sqlite /{tmp_path}/exchange.db, table visits: the database is locked, trying again"
    ] * (exchange_connection.TRIES - 1)
