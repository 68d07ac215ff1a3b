"""The endpoint only reads, and only what is served: the ways around that were thought of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Extension
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc, relations_pb2

from tests.analysts.conftest import City

QUERIES = [
    "SELECT * FROM text.`{secret}`",
    "SELECT * FROM TEXT.`{secret}`",
    "SELECT * FROM `text`.`{secret}`",
    "SELECT * FROM text . `{secret}`",
    "SELECT * FROM text/**/./* */`{secret}`",
    "SELECT value FROM csv.`{secret}` UNION ALL SELECT ehr_no FROM themes.health.archive",
    "SELECT a.* FROM themes.health.archive a JOIN text.`{secret}` t ON true",
    "SELECT * FROM themes.health.archive, text.`{secret}`",
    "SELECT * FROM themes.health.archive WHERE EXISTS (SELECT 1 FROM text.`{secret}`)",
    "SELECT (SELECT max(value) FROM text.`{secret}`)",
    "WITH x AS (SELECT * FROM text.`{secret}`) SELECT * FROM x",
    "WITH text AS (SELECT 1) SELECT * FROM text.`{secret}`",
    "SELECT * FROM (TABLE text.`{secret}`)",
    "TABLE text.`{secret}`",
    "SELECT 1 UNION ALL TABLE text.`{secret}`",
    "SELECT * FROM IDENTIFIER('text.`{secret}`')",
    "SELECT * FROM IDENTIFIER(:p)",
    "SELECT explode(TABLE(text.`{secret}`))",
    "SELECT * FROM VALUES (1) t, LATERAL (SELECT * FROM text.`{secret}`)",
    "SELECT 'a\\' FROM x --', value FROM text.`{secret}`",
    "SELECT /* /* */ 1 */ * FROM text.`{secret}`",
    "SELECT U&'\\' FROM text.`{secret}` --'",
    "SELECT $$ ' $$, value FROM text.`{secret}` -- '",
    "SELECT r 'a\\', value FROM text.`{secret}` --'",
    "SELECT 1 `x``, * FROM text.``{secret}``` FROM themes.health.archive",
    "SELECT * FROM themes.health.archive LATERAL VIEW explode(array(1)) `t AS x CROSS JOIN text.``{secret}``` AS y",
    "SELECT * FROM themes.health.archive VERSION AS OF 1",
    "SELECT * FROM delta.`{lake}/themes/health/archive`",
    "SELECT * FROM `{secret}`",
    "SELECT * FROM default.archive",
    "SELECT * FROM archive",
    "SELECT * FROM system.session.sessions",
    "SELECT * FROM read_files('{secret}')",
    "SELECT 1; SELECT * FROM text.`{secret}`",
    "EXPLAIN SELECT * FROM text.`{secret}`",
    "DESCRIBE text.`{secret}`",
    "DESCRIBE TABLE text.`{secret}`",
    "SHOW COLUMNS IN text.`{secret}`",
    "SELECT TRANSFORM(ehr_no) USING 'cat {secret}' AS (x) FROM themes.health.archive",
]
COMMANDS = [
    "INSERT INTO themes.health.archive VALUES ('9', 'ACTIVE', 'z')",
    "INSERT INTO delta.`{lake}/themes/health/archive` VALUES ('9', 'ACTIVE', 'z')",
    "INSERT OVERWRITE DIRECTORY '{out}/x' USING parquet SELECT 1 AS a",
    "WITH x AS (SELECT 1) INSERT INTO themes.health.archive SELECT * FROM x",
    "FROM themes.health.archive INSERT INTO y SELECT *",
    "/* SELECT */ CREATE TABLE x USING delta LOCATION '{out}/x' AS SELECT 1 AS a",
    "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
    "CREATE TABLE x AS SELECT 1",
    "SELECT 1 AS a INTO x",
    "CACHE TABLE x AS SELECT 1",
    "DELETE FROM delta.`{lake}/themes/health/archive`",
    "UPDATE delta.`{lake}/themes/health/archive` SET state = 'X'",
    "MERGE INTO delta.`{lake}/themes/health/archive` t USING (SELECT 1) s ON false WHEN NOT MATCHED THEN INSERT *",
    "DROP TABLE themes.health.archive",
    "ALTER TABLE themes.health.archive ADD COLUMN x INT",
    "CREATE DATABASE x LOCATION '{out}/x'",
    "COPY INTO x FROM '{secret}'",
    "SET spark.sql.ansi.doubleQuotedIdentifiers = true",
    "USE CATALOG system",
    "CREATE FUNCTION f AS 'x'",
    "VACUUM themes.health.archive",
    "",
]


@pytest.mark.parametrize("query", [*QUERIES, *COMMANDS])
def test_sql(analyst: SparkSession, city: City, secret: Path, untouched: Callable[[], Path], query: str) -> None:
    text = query.format(secret=secret, lake=city.root, out=untouched(), s="")
    with pytest.raises(SparkConnectGrpcException, match="READ_ONLY"):
        analyst.sql(text, {"p": f"text.`{secret}`"} if ":p" in text else None).collect()


@pytest.mark.parametrize("query", ["SELECT * FROM text.`{secret}`", "TABLE text.`{secret}`", "SELECT * FROM IDENTIFIER('text.`{secret}`')"])
def test_the_engine_alone_would_have_read_it(spark: SparkSession, secret: Path, query: str) -> None:
    assert "not-for-analysts" in str(spark.sql(query.format(secret=secret)).collect())


def test_the_engine_alone_would_have_written_it(spark: SparkSession, tmp_path: Path) -> None:
    spark.sql(f"INSERT OVERWRITE DIRECTORY '{tmp_path}/x' USING parquet SELECT 1 AS a")
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT max(value) FROM text.`{secret}`)",
        "EXISTS (SELECT 1 FROM csv.`{secret}`)",
        "1 FROM text.`{secret}`",
        "1) FROM text.`{secret}` --",
        "1, (SELECT 1)",
        "IDENTIFIER('x')",
        "'",
    ],
)
def test_expressions(analyst: SparkSession, secret: Path, expression: str) -> None:
    text, archive = expression.format(secret=secret), analyst.table("themes.health.archive")
    for use in (archive.selectExpr, archive.filter, lambda e: archive.agg(F.expr(e)), lambda e: archive.orderBy(F.expr(e))):
        with pytest.raises(SparkConnectGrpcException, match="READ_ONLY"):
            use(text).collect()


def _active(session: Any) -> None:
    """A table function asks the session that is active, which may be another one of this process."""
    type(session)._active_session.session = session


USES: dict[str, Callable[[SparkSession, DataFrame, str, str], Any]] = {
    "read text": lambda s, t, secret, out: s.read.text(secret).collect(),
    "read delta": lambda s, t, secret, out: s.read.format("delta").load(secret).collect(),
    "read table with a path": lambda s, t, secret, out: s.read.table(f"text.`{secret}`").collect(),
    "table with a path": lambda s, t, secret, out: s.table(f"text.`{secret}`").collect(),
    "table with a backtick": lambda s, t, secret, out: s.table("themes.health.`archive").collect(),
    "another version": lambda s, t, secret, out: s.read.option("versionAsOf", "1").table("themes.health.archive").collect(),
    "jdbc": lambda s, t, secret, out: s.read.jdbc("jdbc:postgresql://127.0.0.1/x", "t").collect(),
    "csv of rows": lambda s, t, secret, out: s.read.csv(s.createDataFrame([("a,b",)], "v string")).collect(),
    "stream": lambda s, t, secret, out: s.readStream.format("rate").load().isStreaming,
    "write": lambda s, t, secret, out: t.write.save(out + "/x"),
    "write parquet": lambda s, t, secret, out: t.write.parquet(out + "/x"),
    "save as table": lambda s, t, secret, out: t.write.saveAsTable("x"),
    "insert into": lambda s, t, secret, out: t.write.insertInto("themes.health.archive"),
    "write to": lambda s, t, secret, out: t.writeTo("x").create(),
    "write stream": lambda s, t, secret, out: t.writeStream.format("parquet").start(out + "/x"),
    "merge into": lambda s, t, secret, out: t.mergeInto("themes.health.archive", F.lit(True)).whenMatched().delete().merge(),
    "temporary view": lambda s, t, secret, out: t.createOrReplaceTempView("v"),
    "cache": lambda s, t, secret, out: t.cache(),
    "checkpoint": lambda s, t, secret, out: t.checkpoint(),
    "local checkpoint": lambda s, t, secret, out: t.localCheckpoint(),
    "udf": lambda s, t, secret, out: t.select(F.udf(lambda x: Path(secret).read_text())("state")).collect(),
    "pandas udf": lambda s, t, secret, out: t.select(F.pandas_udf(lambda x: x, "string")("state")).collect(),
    "map in pandas": lambda s, t, secret, out: t.mapInPandas(lambda frames: frames, "state string").collect(),
    "map in arrow": lambda s, t, secret, out: t.mapInArrow(lambda frames: frames, "state string").collect(),
    "apply in pandas": lambda s, t, secret, out: t.groupBy("state").applyInPandas(lambda f: f, t.schema).collect(),
    "registered function": lambda s, t, secret, out: s.udf.register("f", lambda x: x),
    "table function": lambda s, t, secret, out: (_active(s), F.udtf(_Rows, returnType="x int")().collect()),
    "java function": lambda s, t, secret, out: s.udf.registerJavaFunction("f", "x.Y"),
    "file sent along": lambda s, t, secret, out: s.addArtifact(secret, file=True),
    "program sent along": lambda s, t, secret, out: s.addArtifact(__file__, pyfile=True),
    "file copied": lambda s, t, secret, out: s.copyFromLocalToFs(secret, out + "/x"),
    "files of a table": lambda s, t, secret, out: t.inputFiles(),
    "setting": lambda s, t, secret, out: s.conf.set("spark.sql.ansi.doubleQuotedIdentifiers", "true"),
    "unsetting": lambda s, t, secret, out: s.conf.unset("spark.sql.ansi.enabled"),
    "create table": lambda s, t, secret, out: s.catalog.createTable("x", secret, "text"),
    "drop view": lambda s, t, secret, out: s.catalog.dropTempView("x"),
    "set database": lambda s, t, secret, out: s.catalog.setCurrentDatabase("default"),
    "set catalogue": lambda s, t, secret, out: s.catalog.setCurrentCatalog("system"),
    "refresh by path": lambda s, t, secret, out: s.catalog.refreshByPath(secret),
    "columns of a file": lambda s, t, secret, out: s.catalog.listColumns(f"text.`{secret}`"),
    "observed": lambda s, t, secret, out: t.observe("o", F.count("*")).collect(),
}


class _Rows:
    def eval(self) -> Any:
        yield (1,)


@pytest.mark.parametrize("use", USES)
def test_uses(analyst: SparkSession, secret: Path, untouched: Callable[[], Path], use: str) -> None:
    with pytest.raises((SparkConnectGrpcException, grpc.RpcError), match=r"READ_ONLY: .{10,}"):
        USES[use](analyst, analyst.table("themes.health.archive"), str(secret), str(untouched()))


def test_what_to_do_instead_is_said(analyst: SparkSession) -> None:
    with pytest.raises(SparkConnectGrpcException, match=r"spark\.sql\('SELECT … FROM \{df\}', df=df\)"):
        analyst.table("themes.health.archive").createOrReplaceTempView("v")
    with pytest.raises(SparkConnectGrpcException, match=r"\.toPandas\(\)"):
        analyst.table("themes.health.archive").write.save("x")


def _plan(**root: Any) -> base_pb2.ExecutePlanRequest:
    return base_pb2.ExecutePlanRequest(session_id=str(uuid4()), plan=base_pb2.Plan(root=relations_pb2.Relation(**root)))


def _crafted(secret: Path, city: City) -> dict[str, base_pb2.ExecutePlanRequest]:
    """Requests no client library would send."""
    read = relations_pb2.Read(data_source=relations_pb2.Read.DataSource(format="text", paths=[str(secret)]))
    inner = relations_pb2.Relation(read=read)
    sql = relations_pb2.SQL(query=f"SELECT * FROM text.`{secret}`")
    requests = {
        "files": _plan(read=read),
        "files deep inside": _plan(
            limit=relations_pb2.Limit(limit=1, input=relations_pb2.Relation(offset=relations_pb2.Offset(input=inner)))
        ),
        "files beside a query": _plan(
            with_relations=relations_pb2.WithRelations(
                root=relations_pb2.Relation(sql=relations_pb2.SQL(query="SELECT 1")), references=[inner]
            )
        ),
        "a query below a query": _plan(show_string=relations_pb2.ShowString(num_rows=9, input=relations_pb2.Relation(sql=sql))),
        "the lake's own file": _plan(
            read=relations_pb2.Read(data_source=relations_pb2.Read.DataSource(format="delta", paths=[f"{city.root}/themes/health/archive"]))
        ),
        "a command as a query": _plan(sql=relations_pb2.SQL(query="CREATE OR REPLACE TEMP VIEW v AS SELECT 1")),
        "a name with a qualifier": _plan(
            subquery_alias=relations_pb2.SubqueryAlias(
                input=relations_pb2.Relation(range=relations_pb2.Range(end=1, step=1)), alias=str(secret), qualifier=["text"]
            )
        ),
        "an extension": _plan(extension=Extension(type_url="type.googleapis.com/x.Y", value=b"x")),
        "remembered rows": _plan(cached_local_relation=relations_pb2.CachedLocalRelation(hash="x")),
        "nothing": _plan(),
        "no plan": base_pb2.ExecutePlanRequest(session_id=str(uuid4())),
        "packed": base_pb2.ExecutePlanRequest(
            session_id=str(uuid4()),
            plan=base_pb2.Plan(compressed_operation=base_pb2.Plan.CompressedOperation(data=b"x", op_type=1, compression_codec=1)),
        ),
    }
    argument = _plan(sql=relations_pb2.SQL(query="SELECT ?"))
    argument.plan.root.sql.pos_arguments.add().expression_string.expression = f"(SELECT max(value) FROM text.`{secret}`)"
    named = _plan(sql=relations_pb2.SQL(query="SELECT :x"))
    named.plan.root.sql.named_arguments["x"].expression_string.expression = f"(SELECT max(value) FROM text.`{secret}`)"
    function = _plan(project=relations_pb2.Project(input=relations_pb2.Relation(range=relations_pb2.Range(end=1, step=1))))
    function.plan.root.project.expressions.add().unresolved_function.is_user_defined_function = True
    old = base_pb2.ExecutePlanRequest(session_id=str(uuid4()))
    old.plan.command.sql_command.sql = f"SELECT * FROM text.`{secret}`"
    return {**requests, "an argument": argument, "a named argument": named, "a function": function, "an old client": old}


@pytest.mark.parametrize(
    "name",
    [
        "files", "files deep inside", "files beside a query", "a query below a query", "the lake's own file", "a command as a query",
        "a name with a qualifier", "an extension", "remembered rows", "nothing", "no plan", "packed", "an argument", "a named argument",
        "a function", "an old client",
    ],
)  # fmt: skip
def test_crafted_requests(address: str, secret: Path, city: City, name: str) -> None:
    with grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            list(base_pb2_grpc.SparkConnectServiceStub(channel).ExecutePlan(_crafted(secret, city)[name]))
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED, refused.value.details()


def test_fields_of_another_version_do_not_reach_the_engine(address: str, secret: Path) -> None:
    """A field this version does not know could be a plan to the engine: what is left without it runs."""
    request = _plan(range=relations_pb2.Range(end=3, step=1))
    unknown = base_pb2.ExecutePlanRequest.FromString(request.SerializeToString() + b"\xfa\x7f\x03abc")
    with grpc.insecure_channel(address) as channel:
        answers = list(base_pb2_grpc.SparkConnectServiceStub(channel).ExecutePlan(unknown))
    assert sum(a.arrow_batch.row_count for a in answers) == 3


def test_methods_that_are_not_listed_are_not_there(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = base_pb2_grpc.SparkConnectServiceStub(channel)
        for call in (
            lambda: stub.CloneSession(base_pb2.CloneSessionRequest(session_id=str(uuid4()))),
            lambda: stub.GetStatus(base_pb2.GetStatusRequest(session_id=str(uuid4()))),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                call()
            assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


PIECES = [
    "SELECT", " * ", " value ", " FROM ", " UNION ALL ", " WHERE ", " JOIN ", "themes.health.archive", "text.`{secret}`",
    "`text`.`{secret}`", "'", '"', "`", "\\", "--", "/*", "*/", "\n", "\r", "\u2028", " ", ",", "(", ")", "r", "R ", "U&", "x", "$$",
    "$a$", ";", "/* ", "''", "\\'", "'text.`{secret}`'", " AS ", " t ", "TABLE ", "IDENTIFIER(", "explode(", "LATERAL ", "1", "{", "}",
    "{#", "#}", "?", ":a", "&", "@", "\x00", "\xa0", "é", "WITH t AS (", "VALUES (1)", " ON true", "/*+ ", " r'\\'", "e'",
]  # fmt: skip


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14))
def test_no_text_reads_a_file(analyst: SparkSession, secret: Path, pieces: list[str]) -> None:
    for opening in ("SELECT ", "SELECT * FROM "):
        text = (opening + "".join(pieces)).replace("{secret}", str(secret))
        try:
            found = str(analyst.sql(text).collect())
        except PySparkException as e:
            found = str(e)
        assert "not-for-analysts" not in found, text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("a'\"`\\-/*;$ \n\t%_#{}é王0u1xr&.,()"), max_size=20))
def test_a_string_is_a_string(analyst: SparkSession, text: str) -> None:
    """Whatever stands in a string: the endpoint and the engine end it at the same quote."""
    literal = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    (row,) = analyst.sql(f"SELECT {literal} AS s, count(*) AS n FROM themes.health.archive WHERE {literal} = {literal}").collect()
    assert tuple(row) == (text, 2)
