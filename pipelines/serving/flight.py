"""The Arrow Flight SQL endpoint, for tools that use ADBC: queries and lists, nothing else.

Here: the protocol's commands and their answers. Not here: its messages (`flight_messages`), which queries are allowed
(`plans`, `queries`).

The server is stateless: a ticket contains its query, which is checked again when its rows are requested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import grpc
import pyarrow as pa
import pyarrow.flight as fl
from pyspark.sql.connect.proto import base_pb2

from pipelines.serving import flight_messages as messages
from pipelines.serving.engine import Backend
from pipelines.serving.plans import checked
from pipelines.serving.queries import Refused
from pipelines.serving.tables import Table, Tables

_KIND = "TABLE"
_ABOUT: dict[int, str | bool] = {0: "citylake", 3: True, 504: "`"}
"""SqlInfo of the specification: server name, read only, the quote character of names."""


class FlightSql(fl.FlightServerBase):
    """A running endpoint. `address` is where it listens."""

    def __init__(self, tables: Tables, backend: Backend, host: str, port: int) -> None:
        self._tables, self._backend, self._session = tables, backend, str(uuid4())
        super().__init__(f"grpc://{host}:{port}")
        self.address = f"{host}:{self.port}"

    def get_flight_info(self, context: Any, descriptor: fl.FlightDescriptor) -> fl.FlightInfo:
        name, message = _read(descriptor.command or b"")
        query = _query(name, message)
        if query is None:
            schema, ticket = self._list(name, message).schema, descriptor.command
        else:
            schema, ticket = self._schema(query), messages.packed("TicketStatementQuery", statement_handle=query.encode())
        return fl.FlightInfo(schema, descriptor, [fl.FlightEndpoint(ticket, [])], -1, -1)

    def do_get(self, context: Any, ticket: fl.Ticket) -> fl.FlightDataStream:
        name, message = _read(ticket.ticket)
        query = _query(name, message)
        if query is None:
            return fl.RecordBatchStream(self._list(name, message))
        schema = self._schema(query)
        return fl.GeneratorStream(schema, (batch.cast(schema) for answer in self._answers(query) for batch in answer))

    def do_action(self, context: Any, action: fl.Action) -> Iterator[bytes]:
        if action.type == "CreatePreparedStatement":
            _, message = _read(action.body.to_pybytes())
            schema = self._schema(message.query).serialize().to_pybytes()
            yield messages.packed(
                "ActionCreatePreparedStatementResult", prepared_statement_handle=message.query.encode(), dataset_schema=schema
            )
        elif action.type != "ClosePreparedStatement":
            raise _refused(f"this endpoint only reads: {action.type[:80]} is refused")

    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        raise _refused("this endpoint only reads: rows are not accepted")

    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        raise _refused("this endpoint only reads: rows are not accepted")

    def list_actions(self, context: Any) -> list[tuple[str, str]]:
        return [("CreatePreparedStatement", "a query without parameters"), ("ClosePreparedStatement", "the server keeps no state")]

    def _list(self, name: str, message: Any) -> pa.Table:
        if name == "CommandGetSqlInfo":
            return messages.sql_info(_ABOUT)
        if name == "CommandGetTableTypes":
            return pa.table([[_KIND]], schema=messages.TABLE_TYPES)
        places = [
            _place(t) for t in self._tables if name != "CommandGetTables" or _asked(message, "table_name_filter_pattern", t.parts[-1])
        ]
        if name == "CommandGetCatalogs":
            return pa.table([sorted({catalog for catalog, *_ in places if catalog})], schema=messages.CATALOGS)
        if name not in ("CommandGetDbSchemas", "CommandGetTables"):
            raise _refused(f"this endpoint only reads: {name[:80]} is not answered")
        places = [
            p for p in places
            if (not message.HasField("catalog") or (p[0] or "") == message.catalog) and _asked(message, "db_schema_filter_pattern", p[1])
        ]  # fmt: skip
        if name == "CommandGetDbSchemas":
            pairs = sorted({p[:2] for p in places}, key=str)
            return pa.table([[catalog for catalog, _ in pairs], [schema for _, schema in pairs]], schema=messages.DB_SCHEMAS)
        schema = messages.TABLES_WITH_SCHEMA if message.include_schema else messages.TABLES
        rows = [dict(zip(messages.TABLES.names, (*p[:3], _KIND), strict=True)) for p in places]
        if message.include_schema:
            for row, place in zip(rows, places, strict=True):
                row["table_schema"] = self._schema(f"SELECT * FROM {place[3]}").serialize().to_pybytes()
        return pa.Table.from_pylist(rows, schema=schema)

    def _schema(self, query: str) -> pa.Schema:
        """Return the columns of a query's answer without running it, all nullable."""
        schema: pa.Schema = next(self._answers(query, limit=0)).schema
        return pa.schema([f.with_nullable(True) for f in schema])

    def _answers(self, query: str, limit: int | None = None) -> Iterator[pa.RecordBatchReader]:
        request = base_pb2.ExecutePlanRequest(session_id=self._session)
        plan = request.plan.root if limit is None else request.plan.root.limit.input
        if limit is not None:
            request.plan.root.limit.limit = limit
        plan.sql.query = query
        try:
            checked(request.plan, self._tables)
        except (Refused, RecursionError) as e:
            raise _refused(str(e)) from None
        self._backend.greet(self._session, request.user_context)
        running = self._backend.stream("ExecutePlan", request.SerializeToString())
        try:
            for answer in running:
                found = base_pb2.ExecutePlanResponse.FromString(answer)
                if found.HasField("arrow_batch"):
                    yield pa.ipc.open_stream(found.arrow_batch.data)
        except grpc.RpcError as e:
            raise fl.FlightServerError(e.details() or str(e.code())) from None
        finally:
            running.cancel()


def _read(data: bytes) -> tuple[str, Any]:
    try:
        name, message = messages.unpacked(data)
    except ValueError as e:
        raise _refused(f"this is {e}") from None
    if message is None:
        raise _refused(f"this endpoint only reads: {name[:80]} is not answered")
    return name, message


def _query(name: str, message: Any) -> str | None:
    """Return the text of a query; None for other commands."""
    if name == "CommandStatementQuery":
        return str(message.query)
    handles = {"TicketStatementQuery": "statement_handle", "CommandPreparedStatementQuery": "prepared_statement_handle"}
    return getattr(message, handles[name]).decode(errors="replace") if name in handles else None


def _place(table: Table) -> tuple[str | None, str, str, str]:
    """Return catalogue, schema, name and SQL name of a table; a name with two parts, such as operations.ledger, has no catalogue."""
    *above, name = table.parts
    return above[0] if len(above) > 1 else None, above[-1], name, table.sql_name


def _asked(message: Any, field: str, name: str) -> bool:
    """Whether a name matches the request's pattern: % is any text, _ any character."""
    if not message.HasField(field):
        return True
    signs = {"%": ".*", "_": "."}
    pattern = "".join(signs.get(c, re.escape(c)) for c in getattr(message, field))
    return re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL) is not None


def _refused(sentence: str) -> fl.FlightUnauthorizedError:
    return fl.FlightUnauthorizedError(f"READ_ONLY: {sentence}")
