"""SHOW TABLES, DESCRIBE and `spark.catalog`, answered from the release: the engine's own catalogue is empty.

Here: the answers, as queries over constants. Not here: other queries (`queries`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pipelines.serving import queries
from pipelines.serving.queries import Refused
from pipelines.serving.tables import Table, Tables

_SHOW = re.compile(r"\s*SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<namespace>[\w.`]+))?\s*;?\s*", re.IGNORECASE)
_DESCRIBE = re.compile(r"\s*DESC(?:RIBE)?(?:\s+TABLE)?\s+(?P<table>[\w.`]+)\s*;?\s*", re.IGNORECASE)


def of_statement(text: str, tables: Tables) -> str | None:
    """Return the query that answers SHOW TABLES or DESCRIBE; None for every other statement."""
    if found := _SHOW.fullmatch(text):
        rows = [(t.namespace, t.parts[-1], False) for t in _within(tables, found["namespace"])]
        return _constants(("namespace string", "tableName string", "isTemporary boolean"), rows)
    if found := _DESCRIBE.fullmatch(text):
        return _constants(("col_name string", "data_type string", "comment string"), tables.columns(_table(found["table"], tables)))
    return None


def of_catalog(catalog: Any, tables: Tables) -> str:
    """Return the query that answers a call of `spark.catalog`. Raises Refused for all but lists of tables and columns."""
    kind = catalog.WhichOneof("cat_type")
    asked: Any = getattr(catalog, kind) if kind else None
    if kind == "list_tables":
        pattern = asked.pattern if asked.HasField("pattern") else "*"
        within = _within(tables, asked.db_name if asked.HasField("db_name") else None)
        return _constants(_TABLE, [_described(t) for t in within if fnmatchcase(t.parts[-1], pattern)])
    if kind == "get_table":
        return _constants(_TABLE, [_described(_table(_full(asked), tables))])
    if kind == "table_exists":
        return _constants(("found boolean",), [(tables.find(queries.name(_full(asked))) is not None,)])
    if kind == "list_columns":
        columns = tables.columns(_table(_full(asked), tables))
        return _constants(_COLUMN, [(name, comment, kind, True, False, False, False) for name, kind, comment in columns])
    raise Refused("spark.catalog supports only listTables, getTable, tableExists and listColumns here")


_TABLE = ("name string", "catalog string", "namespace array<string>", "description string", "tableType string", "isTemporary boolean")
_COLUMN = (
    "name string", "description string", "dataType string", "nullable boolean", "isPartition boolean", "isBucket boolean",
    "isCluster boolean",
)  # fmt: skip


def _described(table: Table) -> tuple[Any, ...]:
    return table.parts[-1], "lake", list(table.parts[:-1]), table.title, "EXTERNAL", False


def _full(asked: Any) -> str:
    return f"{asked.db_name}.{asked.table_name}" if asked.HasField("db_name") else str(asked.table_name)


def _table(name: str, tables: Tables) -> Table:
    parts = queries.name(name)
    table = tables.find(parts)
    if table is None:
        raise Refused(queries.unknown(parts, tables))
    return table


def _within(tables: Tables, namespace: str | None) -> list[Table]:
    """Return the tables below a namespace such as `themes` or `themes.health`."""
    parts = queries.name(namespace) if namespace else ()
    return [t for t in tables if t.parts[: len(parts)] == parts]


def _constants(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    names, types = zip(*(c.split(" ") for c in columns), strict=True)
    chosen = ", ".join(f"CAST(`{n}` AS {t}) AS `{n}`" for n, t in zip(names, types, strict=True))
    values = ", ".join("(" + ", ".join(_literal(v) for v in row) + ")" for row in rows or [[None] * len(columns)])
    source = ", ".join(f"`{n}`" for n in names)
    return f"SELECT {chosen} FROM VALUES {values} AS `listed`({source})" + ("" if rows else " WHERE false")


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).lower()
    if isinstance(value, list):
        return "array(" + ", ".join(_literal(v) for v in value) + ")"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ") + "'"
