"""The endpoint of Arrow Flight SQL: the same answers, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as fl
import pytest
from adbc_driver_flightsql import dbapi

from pipelines.serving.flight_messages import packed


@pytest.fixture
def cursor(flight: str) -> Iterator[dbapi.Cursor]:
    with dbapi.connect(flight, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


def test_queries(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT state, count(*) AS n FROM themes.health.archive GROUP BY state")
    assert cursor.fetchall() == [("ACTIVE", 2)], "release 1, not the newest versions"
    cursor.execute("SELECT * FROM themes.health.archive WHERE false")
    assert cursor.fetch_arrow_table().schema.names == ["ehr_no", "state", "person_uid"]
    cursor.execute("SHOW TABLES IN themes.health")
    assert {r[1] for r in cursor.fetchall()} == {"archive", "indicator"}
    cursor.execute("SELECT hour(CAST(0 AS TIMESTAMP))")
    assert cursor.fetchall() == [(8,)], "times are the city's"


def test_a_large_answer_comes_whole(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT id FROM range(300000)")
    assert cursor.fetch_arrow_table()["id"].to_pylist() == list(range(300000))


def test_a_tool_can_list_what_there_is(flight: str) -> None:
    with dbapi.connect(flight, autocommit=True) as connection:
        found = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
        assert {
            (c["catalog_name"], s["db_schema_name"], t["table_name"], t["table_type"])
            for c in found
            for s in c["catalog_db_schemas"]
            for t in s["db_schema_tables"]
        } == {
            ("themes", "health", "archive", "TABLE"),
            ("themes", "health", "indicator", "TABLE"),
            ("base", "population", "person", "TABLE"),
        }
        one = connection.adbc_get_objects(depth="all", catalog_filter="base", db_schema_filter="pop%").read_all().to_pylist()
        (table,) = one[0]["catalog_db_schemas"][0]["db_schema_tables"]
        assert [c["column_name"] for c in table["table_columns"]] == ["person_uid", "name"]
        assert connection.adbc_get_table_types() == ["TABLE"]
        schema = connection.adbc_get_table_schema("archive", catalog_filter="themes", db_schema_filter="health")
        assert schema.names == ["ehr_no", "state", "person_uid"]
        assert connection.adbc_get_info()["vendor_name"] == "citylake"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM text.`{secret}`",
        "TABLE text.`{secret}`",
        "SELECT * FROM themes.health.archive VERSION AS OF 1",
        "INSERT INTO themes.health.archive VALUES ('9', 'ACTIVE', 'z')",
        "INSERT OVERWRITE DIRECTORY '{out}/x' USING parquet SELECT 1 AS a",
        "CREATE TABLE x USING delta LOCATION '{out}/x' AS SELECT 1 AS a",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
    ],
)
def test_it_only_reads(cursor: dbapi.Cursor, secret: Path, untouched: Callable[[], Path], query: str) -> None:
    with pytest.raises(adbc_driver_manager.Error, match="READ_ONLY"):
        cursor.execute(query.format(secret=secret, out=untouched()))


def test_rows_are_not_taken(cursor: dbapi.Cursor, untouched: Callable[[], Path]) -> None:
    untouched()
    with pytest.raises(adbc_driver_manager.Error, match="READ_ONLY"):
        cursor.adbc_ingest("x", pa.table({"a": [1]}))


def test_a_ticket_of_ones_own_is_checked_like_a_query(flight: str, secret: Path) -> None:
    with fl.connect(flight) as client:
        forged = packed("TicketStatementQuery", statement_handle=f"SELECT * FROM text.`{secret}`".encode())
        prepared = packed("CommandPreparedStatementQuery", prepared_statement_handle=f"SELECT * FROM text.`{secret}`".encode())
        for ticket in (forged, prepared, b"\xff", b"", packed("ActionClosePreparedStatementRequest")):
            with pytest.raises(fl.FlightUnauthorizedError, match="READ_ONLY"):
                client.do_get(fl.Ticket(ticket)).read_all()
        for kind in ("BeginTransaction", "SetSessionOptions", "CancelFlightInfo"):
            with pytest.raises(fl.FlightUnauthorizedError, match="READ_ONLY"):
                list(client.do_action(fl.Action(kind, b"")))


def test_errors_of_the_engine_arrive(cursor: dbapi.Cursor) -> None:
    with pytest.raises(adbc_driver_manager.Error, match="nothing_there"):
        cursor.execute("SELECT nothing_there FROM themes.health.archive")
