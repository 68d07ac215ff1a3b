"""DataFrame plans as Spark Connect sends them: only those that read the served tables and compute on them.

Here: the allowed relations and expressions, and the plan that the engine gets. Not here: SQL text (`queries`), the service
(`endpoint`).

Only listed relations and expressions are allowed; everything else is refused, also what a later Spark adds. Unknown fields are
dropped first. Only this module makes relations that read files.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.message import Message
from pyspark.sql.connect.proto import expressions_pb2, relations_pb2

from pipelines.serving import listing, queries
from pipelines.serving.allowed import CODE, EXPRESSIONS, RELATIONS, TABLE_FUNCTIONS
from pipelines.serving.queries import Refused
from pipelines.serving.tables import Table, Tables

_CODE_SENTENCE = (
    "user-defined functions would run on the server: use built-in functions, or fetch the rows with .toPandas() and continue there"
)


def checked(message: Message, tables: Tables, known: Collection[str] = ()) -> None:
    """Check a plan, or a request with one, and rewrite it in place for the engine.

    Args:
        message: the plan.
        tables: the tables that are served.
        known: names that the client has given to DataFrames.

    Raises:
        Refused: the plan does more than read served tables.
    """
    message.DiscardUnknownFields()
    _walk(message, tables, frozenset(known))


def _walk(message: Message, tables: Tables, known: frozenset[str]) -> None:
    if isinstance(message, relations_pb2.Relation):
        if not _relation(message, tables, known):
            return
        known |= _aliases(message)
    elif isinstance(message, expressions_pb2.Expression):
        _expression(message, tables, known)
    elif message.DESCRIPTOR.full_name == "google.protobuf.Any":
        raise Refused("extensions of Spark Connect are not supported here")
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for item in value.values():
                    _walk(item, tables, known)
        elif isinstance(value, Message):
            _walk(value, tables, known)
        else:
            for item in value:
                _walk(item, tables, known)


def _allowed(kind: str | None, among: Collection[str], unnamed: str) -> str:
    if kind in CODE:
        raise Refused(_CODE_SENTENCE)
    if kind is None or kind not in among:
        raise Refused(f"{kind or unnamed} is not supported here")
    return kind


def _relation(relation: Any, tables: Tables, known: frozenset[str]) -> bool:
    """Check one relation; False when it has been replaced, so that nothing of the client is left to check."""
    kind = _allowed(relation.WhichOneof("rel_type"), RELATIONS, "this plan")
    if kind == "read":
        _read(relation, _named(relation.read, tables))
        return False
    if kind == "sql":
        listed = listing.of_statement(relation.sql.query, tables)
        relation.sql.query = listed or queries.query(relation.sql.query, tables, known)
    elif kind == "catalog":
        text = listing.of_catalog(relation.catalog, tables)
        relation.sql.query = text
        return False
    elif kind == "unresolved_table_valued_function":
        called = relation.unresolved_table_valued_function.function_name.lower()
        if called not in TABLE_FUNCTIONS:
            raise Refused(f"{called} is not a table function here")
    elif kind == "subquery_alias" and relation.subquery_alias.qualifier:
        raise Refused("an alias must be a single name here")
    return True


def _named(read: Any, tables: Tables) -> Table:
    if read.WhichOneof("read_type") != "named_table" or read.is_streaming:
        raise Refused("files, streams and databases are not read here: use spark.table with a name from SHOW TABLES")
    if read.named_table.options:
        raise Refused(f"tables are read as of release {tables.release} here, without options")
    parts = queries.name(read.named_table.unparsed_identifier)
    table = tables.find(parts)
    if table is None:
        raise Refused(queries.unknown(parts, tables))
    return table


def _read(relation: Any, table: Table) -> None:
    """Replace the table's name by its files at the served version. The relation keeps its id, to which columns refer."""
    relation.subquery_alias.alias = table.parts[-1]
    source = relation.subquery_alias.input.read.data_source
    source.format = "delta"
    source.paths.append(table.uri)
    source.options["versionAsOf"] = str(table.version)


def _aliases(relation: Any) -> frozenset[str]:
    """Return the names that `spark.sql("… {df}", df=df)` gives to its DataFrames."""
    if relation.WhichOneof("rel_type") != "with_relations":
        return frozenset()
    references = relation.with_relations.references
    return frozenset(r.subquery_alias.alias for r in references if r.WhichOneof("rel_type") == "subquery_alias")


def _expression(expression: Any, tables: Tables, known: frozenset[str]) -> None:
    kind = _allowed(expression.WhichOneof("expr_type"), EXPRESSIONS, "an empty expression")
    if kind == "expression_string":
        expression.expression_string.expression = queries.expression(expression.expression_string.expression, tables, known)
    elif kind == "unresolved_function" and expression.unresolved_function.is_user_defined_function:
        raise Refused(_CODE_SENTENCE)
