"""The messages of Arrow Flight SQL that are supported, and the schemas of its lists.

Here: their fields as the specification numbers them; pyarrow has no classes for them. Not here: the answers (`flight`).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "arrow.flight.protocol.sql"
_FIELDS: dict[str, dict[int, str]] = {
    "CommandStatementQuery": {1: "query"},
    "TicketStatementQuery": {1: "statement_handle*"},
    "CommandPreparedStatementQuery": {1: "prepared_statement_handle*"},
    "ActionCreatePreparedStatementRequest": {1: "query"},
    "ActionCreatePreparedStatementResult": {1: "prepared_statement_handle*", 2: "dataset_schema*"},
    "ActionClosePreparedStatementRequest": {1: "prepared_statement_handle*"},
    "CommandGetCatalogs": {},
    "CommandGetDbSchemas": {1: "catalog", 2: "db_schema_filter_pattern"},
    "CommandGetTables": {1: "catalog", 2: "db_schema_filter_pattern", 3: "table_name_filter_pattern", 5: "include_schema?"},
    "CommandGetTableTypes": {},
    "CommandGetSqlInfo": {},
}
"""Message -> number of a field -> its name; * bytes, ? a flag, else text."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="flight_sql.proto", package=_PACKAGE, syntax="proto2")
    kinds = {"*": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES, "?": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL}
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, field in fields.items():
            kind = kinds.get(field[-1], descriptor_pb2.FieldDescriptorProto.TYPE_STRING)
            message.field.add(name=field.rstrip("*?"), number=number, type=kind, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _FIELDS}


_CLASSES = _classes()


def packed(name: str, **fields: Any) -> bytes:
    """Serialize a message as clients expect it."""
    found = any_pb2.Any()
    found.Pack(_CLASSES[name](**fields))
    return found.SerializeToString()


def unpacked(data: bytes) -> tuple[str, Any]:
    """Parse a message into its name and the message, None for one that is not supported. Raises ValueError for other bytes."""
    try:
        found = any_pb2.Any.FromString(data)
        name = found.type_url.rpartition(".")[2]
        return name, _CLASSES[name].FromString(found.value) if name in _CLASSES else None
    except Exception as e:
        raise ValueError("not a message of Arrow Flight SQL") from e


CATALOGS = pa.schema([pa.field("catalog_name", pa.string(), nullable=False)])
DB_SCHEMAS = pa.schema([("catalog_name", pa.string()), pa.field("db_schema_name", pa.string(), nullable=False)])
TABLES = pa.schema(
    [
        ("catalog_name", pa.string()), ("db_schema_name", pa.string()), pa.field("table_name", pa.string(), nullable=False),
        pa.field("table_type", pa.string(), nullable=False),
    ]
)  # fmt: skip
TABLES_WITH_SCHEMA = TABLES.append(pa.field("table_schema", pa.binary(), nullable=False))
TABLE_TYPES = pa.schema([pa.field("table_type", pa.string(), nullable=False)])


def sql_info(about: dict[int, str | bool]) -> pa.Table:
    """Build the answer to GetSqlInfo. about: number of the specification -> value."""
    kinds = [
        ("string_value", pa.string()), ("bool_value", pa.bool_()), ("bigint_value", pa.int64()), ("int32_bitmask", pa.int32()),
        ("string_list", pa.list_(pa.string())), ("int32_to_int32_list_map", pa.map_(pa.int32(), pa.list_(pa.int32()))),
    ]  # fmt: skip
    texts, flags = [v for v in about.values() if isinstance(v, str)], [v for v in about.values() if isinstance(v, bool)]
    children = [pa.array(texts, pa.string()), pa.array(flags, pa.bool_()), *(pa.array([], kind) for _, kind in kinds[2:])]
    which = [int(isinstance(v, bool)) for v in about.values()]
    offsets = [which[:i].count(w) for i, w in enumerate(which)]
    values = pa.UnionArray.from_dense(pa.array(which, pa.int8()), pa.array(offsets, pa.int32()), children, [name for name, _ in kinds])
    schema = pa.schema([pa.field("info_name", pa.uint32(), nullable=False), pa.field("value", values.type, nullable=False)])
    return pa.Table.from_arrays([pa.array(list(about), pa.uint32()), values], schema=schema)
