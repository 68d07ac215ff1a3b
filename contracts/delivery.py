"""Read how a department delivers a table: the settings of `delivery`, of any format and of some."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.kinds import Kind, of_kind, stated
from contracts.model import ControlLine, DeliverySpec, Field, Format, Mode, NewColumns
from contracts.refused import ContractError, one_of

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "cp936")
COMPRESSIONS = (None, "gzip")
WORKBOOKS = (Format.XLSX, Format.XLS)
OF_FORMATS: dict[str, tuple[Kind, tuple[Format, ...]]] = {
    "record": (Kind.TEXT, (Format.XML,)),
    "sheets": (Kind.TEXTS, WORKBOOKS),
    "header_rows": (Kind.COUNT, (Format.CSV, *WORKBOOKS)),
    "first_line": (Kind.SETTINGS, (Format.FIXED_WIDTH,)),
    "last_line": (Kind.SETTINGS, (Format.FIXED_WIDTH,)),
}
"""Settings that only some formats have."""
LINE = {"begins": Kind.TEXT, "count": Kind.PLACE, "sums": Kind.SETTINGS}


def delivery_spec(path: Path, raw: Any, columns: tuple[Field, ...]) -> DeliverySpec:
    """Return how a table is delivered.

    Args:
        path: of the contract, for messages.
        raw: the settings as stated.
        columns: of the table.

    Raises:
        ContractError: for an unknown setting, a wrong value, or one that the format does not have.
    """
    names = {c.name for c in columns if c.delivered}
    of_kind(path, "delivery", raw, Kind.SETTINGS)
    unknown = set(raw) - set(DeliverySpec.__dataclass_fields__)
    if unknown:
        raise ContractError(path, "delivery", f"unknown settings {sorted(unknown)}", "Remove them or correct the spelling")
    one_of(path, "delivery, format", raw.get("format"), tuple(Format))
    one_of(path, "delivery, mode", raw.get("mode"), tuple(Mode))
    one_of(path, "delivery, encoding", raw.get("encoding", "utf-8"), ENCODINGS)
    one_of(path, "delivery, compression", raw.get("compression"), COMPRESSIONS)
    one_of(path, "delivery, new_columns", raw.get("new_columns", NewColumns.HOLD), tuple(NewColumns))
    for name in of_kind(path, "delivery, sequence", raw.get("sequence", []), Kind.TEXTS):
        one_of(path, "delivery, sequence", name, tuple(sorted(names)))
    file_format = Format(raw["format"])
    if file_format == Format.DATABASE and not raw.get("table"):
        raise ContractError(path, "delivery, table", "is missing", "Add it")
    if file_format == Format.FIXED_WIDTH and any(c.width is None for c in columns if c.delivered):
        raise ContractError(path, "delivery", "a fixed-width column has no width", "Give every delivered column a width in bytes")
    for name, (kind, formats) in OF_FORMATS.items():
        if name in raw:
            of_kind(path, f"delivery, {name}", raw[name], kind)
            one_of(path, f"delivery, {name}, of format", str(file_format), tuple(map(str, formats)))
    states: dict[str, Any] = {"format": file_format, "mode": Mode(raw["mode"])}
    states |= {name: tuple(raw.get(name) or ()) for name in ("sequence", "sheets")}
    states |= {name: _control_line(path, f"delivery, {name}", raw[name], names) for name in ("first_line", "last_line") if name in raw}
    if "new_columns" in raw:
        states["new_columns"] = NewColumns(raw["new_columns"])
    return DeliverySpec(**{**raw, **states})


def _control_line(path: Path, where: str, raw: Mapping[str, Any], columns: set[str]) -> ControlLine:
    said = stated(path, where, raw, LINE)
    for name, place in said.get("sums", {}).items():
        one_of(path, f"{where}, sums", name, tuple(sorted(columns)))
        of_kind(path, f"{where}, sums, {name}", place, Kind.PLACE)
    sums = tuple((name, tuple(place)) for name, place in said.get("sums", {}).items())
    return ControlLine(said.get("begins", ""), tuple(said["count"]) if "count" in said else None, sums)
