"""What an analyst gets from the endpoint with a plain PySpark client."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.serving.endpoint import Endpoint
from pipelines.serving.engine import Backend
from pipelines.serving.tables import released, tables_of
from tests.analysts.conftest import City


def test_a_table_by_its_name_is_that_of_the_release(analyst: SparkSession) -> None:
    assert {(r["ehr_no"], r["state"]) for r in analyst.table("themes.health.archive").collect()} == {("1", "ACTIVE"), ("2", "ACTIVE")}
    (row,) = analyst.sql("SELECT count(*) AS n FROM Themes.`health`.ARCHIVE").collect()
    assert row["n"] == 2, "release 1 has two archives, the newest version three"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT state, count(*) FROM themes.health.archive GROUP BY state", [("ACTIVE", 2)]),
        (
            "SELECT a.ehr_no, p.name FROM themes.health.archive a JOIN base.population.person AS p USING (person_uid) WHERE ehr_no = '1'",
            [("1", "欧阳测试")],
        ),
        ("SELECT themes.health.archive.ehr_no FROM themes.health.archive WHERE archive.ehr_no > '1'", [("2",)]),
        ("WITH a AS (SELECT * FROM themes.health.archive) SELECT max(ehr_no) FROM a", [("2",)]),
        (
            "SELECT 'themes.health.archive -- /* ', count(*) /* no */ FROM themes.health.archive -- no; end\n;",
            [("themes.health.archive -- /* ", 2)],
        ),
        (
            "SELECT count(*) FROM themes.health.archive "
            "WHERE person_uid IN (SELECT person_uid FROM base.population.person WHERE name LIKE '欧%')",
            [(1,)],
        ),
        ("SELECT ehr_no, row_number() OVER (ORDER BY ehr_no DESC) FROM themes.health.archive ORDER BY 1 LIMIT 1", [("1", 2)]),
        ("SELECT count(*) FROM themes.health.archive TABLESAMPLE (100 PERCENT)", [(2,)]),
        ("SELECT x FROM themes.health.archive LATERAL VIEW explode(array(1, 2)) t AS x WHERE ehr_no = '2'", [(1,), (2,)]),
        ("(SELECT 1) UNION ALL VALUES (2)", [(1,), (2,)]),
        (
            "SELECT date '2019-12-31' + INTERVAL 1 DAY, X'ab', r'\\d', 'it\\'s', 'a' 'b', \"q\", timestamp'2020-01-01 00:00:00' IS NULL",
            [(date(2020, 1, 1), b"\xab", "\\d", "it's", "ab", "q", False)],
        ),
        ("SELECT id FROM range(2)", [(0,), (1,)]),
        ("SELECT `table`, `csv` FROM VALUES (1, 2) AS t(`table`, `csv`)", [(1, 2)]),
        ("SELECT max(release) FROM operations.release", [(2,)]),
    ],
)  # fmt: skip
def test_queries(analyst: SparkSession, query: str, rows: list[tuple[object, ...]]) -> None:
    assert sorted((tuple(r) for r in analyst.sql(query).collect()), key=str) == rows


def test_dataframes(analyst: SparkSession) -> None:
    archive, person = analyst.table("themes.health.archive"), analyst.table("base.population.person")
    joined = archive.join(person, archive["person_uid"] == person["person_uid"], "left").select(archive.ehr_no, person["name"])
    assert [tuple(r) for r in joined.orderBy("ehr_no").collect()] == [("1", "欧阳测试"), ("2", "司徒测试")]
    by_state = archive.groupBy("state").agg(F.count("*").alias("n"), F.max("ehr_no").alias("last"))
    assert by_state.toPandas().to_dict("records") == [{"state": "ACTIVE", "n": 2, "last": "2"}]
    chosen = archive.filter("ehr_no in (select max(ehr_no) from themes.health.archive)").selectExpr("lower(state) as s", "archive.ehr_no")
    assert [tuple(r) for r in chosen.collect()] == [("active", "2")]
    own = analyst.createDataFrame([("1", "一")], "ehr_no string, note string")
    assert [tuple(r) for r in archive.join(own, "ehr_no").select("note").collect()] == [("一",)]
    given = analyst.sql(
        "SELECT count(*) AS n FROM {a} JOIN base.population.person USING (person_uid) WHERE name = :n", {"n": "欧阳测试"}, a=archive
    )
    assert given.collect()[0]["n"] == 1
    assert archive.schema.simpleString() == "struct<ehr_no:string,state:string,person_uid:string>"


def test_the_client_can_list_what_there_is(analyst: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    everything = {(r["namespace"], r["tableName"]) for r in analyst.sql("SHOW TABLES").collect()}
    health = {("themes.health", "archive"), ("themes.health", "indicator")}
    assert everything == {*health, ("base.population", "person"), ("operations", "release")}
    assert {(r["namespace"], r["tableName"]) for r in analyst.sql("show tables in themes").collect()} == health
    described = {r["col_name"]: (r["data_type"], r["comment"]) for r in analyst.sql("DESCRIBE TABLE themes.health.indicator").collect()}
    assert described["indicator"] == ("string", "指标")
    assert described["value"][0] == "double"
    assert [t.name for t in analyst.catalog.listTables("themes.health", "indi*")] == ["indicator"]
    assert analyst.catalog.listTables("nothing") == []
    assert analyst.sql("SHOW TABLES IN system").collect() == []
    assert analyst.catalog.getTable("themes.health.archive").description
    assert analyst.catalog.tableExists("themes.health.archive")
    assert not analyst.catalog.tableExists("themes.health.nothing")
    assert "state" in [c.name for c in analyst.catalog.listColumns("themes.health.archive")]


def test_errors_of_the_engine_arrive_as_they_are(analyst: SparkSession) -> None:
    with pytest.raises(PySparkException, match="nothing_there"):
        analyst.sql("SELECT nothing_there FROM themes.health.archive").collect()
    assert analyst.sql("SELECT 1 AS one").collect()[0]["one"] == 1, "and the session goes on"


def test_times_are_the_citys_unless_the_client_says_otherwise(address: str) -> None:
    session = SparkSession.builder.remote(f"sc://{address}").create()
    assert session.conf.get("spark.sql.session.timeZone") == "Asia/Shanghai"
    assert session.sql("SELECT hour(CAST(0 AS TIMESTAMP)) AS h").collect()[0]["h"] == 8
    session.conf.set("spark.sql.session.timeZone", "UTC")
    assert session.sql("SELECT hour(CAST(0 AS TIMESTAMP)) AS h").collect()[0]["h"] == 0
    session.stop()


def test_only_the_tables_that_are_served_can_be_read(city: City, backend: Backend) -> None:
    served = tables_of(city.lake, released(city.lake, None), ["themes.health"])
    endpoint = Endpoint(served, backend, "127.0.0.1", 0)
    session = SparkSession.builder.remote(f"sc://{endpoint.address}").create()
    try:
        assert session.table("themes.health.archive").count() == 3
        with pytest.raises(PySparkException, match=r"base\.population\.person is not a table of release 2"):
            session.table("base.population.person").count()
        with pytest.raises(PySparkException, match=r"base\.population\.person is not a table of release 2"):
            session.sql("SELECT * FROM themes.health.archive WHERE EXISTS (SELECT 1 FROM base.population.person)")
    finally:
        session.stop()
        endpoint.stop()


def test_a_published_night_does_not_change_what_is_served(city: City, analyst: SparkSession) -> None:
    newest = city.lake.arrow("themes/health/archive")
    assert newest is not None
    assert newest.num_rows == 3
    assert analyst.table("themes.health.archive").count() == 2
