"""Read contracts into typed objects, and refuse a wrong one at load.

A short contract is first expanded (`contracts.short`). The Python model of the Open Data Contract Standard v3 validates the full
structure; the lake adds its own checks (name equals path, known rules, a key, a delivery). A wrong contract never reaches an engine: it
is refused with file, field and remedy.
"""

from __future__ import annotations

import csv
import json
import re
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from contracts.delivery import delivery_spec
from contracts.kinds import Kind, of_kind
from contracts.model import Cadence, Check, Contract, Field, OnError, Period, SourceContract
from contracts.queries import TABLE, tables_of
from contracts.refused import ROOT, ContractError
from contracts.refused import one_of as _one_of
from contracts.registry import COLUMN_OPTIONS, CUSTOM, ROW_RULES, Level, RowRule
from contracts.rules import rules
from contracts.short import COMPARISONS, IN_BOTH, expand, is_short, unique_yaml
from contracts.strict import RANGE, check

LAYERS = ("reference", "cleansed", "base", "themes", "shared", "operations")
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
CLASSIFICATIONS = ("L1", "L2", "L3", "L4")
DAYS = {"d": 1, "m": 31, "y": 366}
"""Unit of a retention -> days, rounded up."""
PROMISES = {"frequency": (tuple(Period), 1), "latency": (("d",), 0), "retention": (tuple(DAYS), 1)}
"""Service level -> its permitted units and its smallest count."""
AT_TABLE = ("delivery", *Level, *IN_BOTH.values())
"""Custom properties of a table."""
LOGICAL_TYPES = ("string", "date", "timestamp", "integer", "number", "boolean", "array", "object", "map")
DIGEST_LENGTH = 16
LIBRARY_METRICS = ("rowCount",)
CODE_LIST, UNIT = "codeList", "unit"
OF_EVERY_COLUMN = (CODE_LIST, UNIT)
"""The custom properties that a derived column may have, too: the list that holds its values, the unit of its numbers."""


def _custom(path: Path, where: str, items: Any) -> dict[str, Any]:
    return {_need(path, f"{where}, property", p.property): p.value for p in items or []}


def _need(path: Path, where: str, value: Any) -> Any:
    if value in (None, "", []):
        raise ContractError(path, where, "is missing", "Add it")
    return value


def _column(path: Path, p: Any, code_lists: frozenset[str]) -> Field:
    where = f"column {p.name!r}"
    custom, options = _custom(path, f"{where}, customProperties", p.customProperties), p.logicalTypeOptions or {}
    rule = custom.get("rule")
    if rule is not None:
        _options(path, where, ROW_RULES[_one_of(path, f"{where}, rule", rule, tuple(ROW_RULES))], {**options, **custom})
    elif wrong := sorted({*custom, *options} - {*RANGE, *OF_EVERY_COLUMN}):
        raise ContractError(path, where, f"has settings {wrong} but no rule", "Add a rule, or remove them")
    elif not p.transformSourceObjects and not p.description:
        raise ContractError(
            path, where, "has neither a rule (delivered) nor a description (derived)", "Add a rule, or describe how the lake derives it"
        )
    if p.quality:
        raise ContractError(
            path, where, "has quality checks of its own", "State it by required, codeList, enum or a range; the gates follow from these"
        )
    if CODE_LIST in custom:
        _one_of(path, f"{where}, {CODE_LIST}", custom[CODE_LIST], tuple(sorted(code_lists)))
    valid = tuple(str(e.value) for e in p.enum or [])
    if p.name is None or not p.name.isidentifier() or p.name != p.name.lower():
        raise ContractError(path, where, "is not a lower-case identifier", "Use lower-case letters, digits and underscores")
    return Field(
        name=p.name,
        title=p.businessName or p.name,
        description=p.description or "",
        logical_type=_one_of(path, f"{where}, logicalType", p.logicalType, LOGICAL_TYPES),
        physical_type=_need(path, f"{where}, physicalType", p.physicalType),
        required=bool(p.required),
        key_position=(p.primaryKeyPosition or 1) if p.primaryKey else None,
        classification=_one_of(path, f"{where}, classification", p.classification, CLASSIFICATIONS),
        unit=custom.get(UNIT, ""),
        source=p.physicalName if rule else None,
        aliases=tuple(custom.get("aliases") or ()),
        derived_from=tuple(p.transformSourceObjects or ()),
        rule=rule,
        code_list=custom.get(CODE_LIST),
        code_map=tuple((str(k), str(v)) for k, v in (custom.get("codeMap") or {}).items()),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        other_units=tuple((str(k), float(v)) for k, v in (custom.get("otherUnits") or {}).items()),
        registrar=bool(custom.get("registrar")),
        date_format=custom.get("dateFormat"),
        digits=custom.get("digits"),
        crs=custom.get("crs"),
        width=custom.get("width"),
        on_error=OnError(
            _one_of(
                path,
                f"{where}, onError",
                custom.get("onError", OnError.QUARANTINE if p.required or p.primaryKey else OnError.FLAG),
                tuple(OnError),
            )
        ),
        valid_values=valid,
        meanings=tuple((str(e.value), e.description or str(e.value)) for e in p.enum or []),
    )


def _options(path: Path, where: str, rule: RowRule, stated: dict[str, Any]) -> None:
    """Check the settings of a delivered column against those its rule takes."""
    known = (*COLUMN_OPTIONS, *rule.options)
    for name, value in stated.items():
        of_kind(path, f"{where}, {name}", value, {**CUSTOM, **dict.fromkeys(RANGE, Kind.NUMBER)}.get(name, Kind.TEXT))
    unknown, missing = sorted(set(stated) - set(known)), sorted(set(rule.needs) - set(stated))
    if unknown:
        raise ContractError(path, where, f"unknown settings {unknown} of rule {rule.name}", f"Use only: {', '.join(known)}")
    if missing:
        raise ContractError(path, where, f"rule {rule.name} lacks {missing}", "Add it")


def _promises(path: Path, stated: Any) -> dict[str, tuple[int, str]]:
    """Return the service levels the lake uses: name -> (count, unit)."""
    found = {}
    for p in stated or []:
        _one_of(path, "slaProperties", p.property, tuple(PROMISES))
        where, (units, least) = f"slaProperties, {p.property}", PROMISES[p.property]
        _one_of(path, f"{where}, unit", p.unit, units)
        if not isinstance(p.value, int) or p.value < least:
            raise ContractError(path, where, f"{p.value!r} is not a count", f"Write a whole number from {least} on")
        found[p.property] = (p.value, p.unit)
    return found


def _cadence(promises: dict[str, tuple[int, str]]) -> Cadence | None:
    """Return how often the table is delivered; None without a frequency: it is never late."""
    if "frequency" not in promises:
        return None
    every, unit = promises["frequency"]
    return Cadence(every, Period(unit), promises.get("latency", (0, ""))[0])


def _retention(promises: dict[str, tuple[int, str]]) -> int | None:
    """Return the days a raw batch is kept; None: for ever."""
    if "retention" not in promises:
        return None
    count, unit = promises["retention"]
    return count * DAYS[unit]


def _check(path: Path, q: Any) -> Check:
    where = f"quality of the table, {q.name!r}" if q.name else "quality of the table"
    read = CHECKS[_one_of(path, f"{where}, type", q.type or LIBRARY, tuple(CHECKS))]
    stated = [c for c in COMPARISONS.values() if getattr(q, c) is not None]
    if len(stated) != 1:
        raise ContractError(path, where, f"has {len(stated)} comparisons", f"Give exactly one of: {', '.join(COMPARISONS.values())}")
    value = getattr(q, stated[0])
    for number in value if isinstance(value, list) else [value]:
        of_kind(path, f"{where}, {stated[0]}", number, Kind.NUMBER)
    severity = _one_of(path, f"{where}, severity", q.severity or "error", ("error", "warning"))
    return read(path, where, q, {"comparison": stated[0], "value": value, "blocking": severity == "error"})


def _library_check(path: Path, where: str, q: Any, compared: dict[str, Any]) -> Check:
    """A metric of the standard's own library."""
    metric = _one_of(path, f"{where}, metric", q.metric, LIBRARY_METRICS)
    return Check(metric=metric, name=q.name or metric, **compared)


def _sql_check(path: Path, where: str, q: Any, compared: dict[str, Any]) -> Check:
    """A query that gives one number, which reads the table."""
    name, query = _need(path, f"{where}, name", q.name), _need(path, f"{where}, query", q.query)
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ContractError(path, where, "its name is not a lower-case identifier", "Use lower-case letters, digits and underscores")
    if TABLE not in tables_of(query):
        raise ContractError(path, f"{where}, query", "does not read the table", f"Write the table as {{{TABLE}}}")
    return Check(metric=SQL, name=name, query=query, says=_need(path, f"{where}, description", q.description), **compared)


LIBRARY, SQL = "library", "sql"
CHECKS = {LIBRARY: _library_check, SQL: _sql_check}
"""Type of a quality line -> what reads it."""


@cache
def chinese() -> dict[str, str]:
    """Return the Chinese of what contracts say in English, by the English: chinese.csv.

    That is descriptions of columns, meanings of values, sentences of gates; what an installation has added may be missing. It is in no
    contract, so that it counts in no fingerprint.
    """
    with (ROOT / "chinese.csv").open(encoding="utf-8", newline="") as file:
        return {row["en"]: row["zh"] for row in csv.DictReader(file)}


@cache
def code_lists() -> frozenset[str]:
    """Return the names of the code lists under standards/codes."""
    return frozenset(p.stem for p in (ROOT.parent / "standards" / "codes").glob("*.csv"))


def _digest(full: dict[str, Any]) -> str:
    """Return a digest of what a contract says, whatever its form and layout."""
    said = json.dumps(full, ensure_ascii=False, sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:DIGEST_LENGTH]


def expanded(path: Path) -> dict[str, Any]:
    """Return the full ODCS structure of a contract file in either form. Raises ContractError."""
    raw = unique_yaml(path)
    if not isinstance(raw, dict):
        raise ContractError(path, "file", "is no YAML mapping", "Write a contract as docs/new-table.md shows")
    return expand(path, raw) if is_short(raw) else raw


def _unknown(path: Path, where: str, raw: Any, read: Any) -> None:
    """Refuse settings that the standard's model drops without a word, at every level."""
    if isinstance(read, list):
        for i, (inner, one) in enumerate(zip(raw, read, strict=True)):
            name = inner.get("name", inner.get("property", i)) if isinstance(inner, dict) else i
            _unknown(path, f"{where}, {name!r}", inner, one)
    fields = getattr(type(read), "model_fields", None)
    if fields is None:
        return
    known = {field.alias or name: name for name, field in fields.items()}
    for setting, inner in raw.items():
        if setting not in known:
            close = get_close_matches(setting, known, 1)
            remedy = f"Write {close[0]}, or remove it" if close else "Remove it or correct the spelling"
            raise ContractError(path, where, f"{setting!r} is not in the Open Data Contract Standard", remedy)
        _unknown(path, f"{where}, {setting}", inner, getattr(read, known[setting]))


def load(path: Path) -> Contract:
    """Read one contract, short or full. Raises ContractError (file, field, remedy) when the lake cannot work with it."""
    import pydantic
    from open_data_contract_standard.model import OpenDataContractStandard

    full = expanded(path)
    try:
        odcs = OpenDataContractStandard(**full)
    except pydantic.ValidationError as e:
        first = e.errors()[0]
        raise ContractError(
            path, ".".join(str(x) for x in first["loc"]), first["msg"], "Correct it as the Open Data Contract Standard says"
        ) from e
    _unknown(path, "contract", full, odcs)
    _one_of(path, "apiVersion", odcs.apiVersion, API_VERSIONS)
    name = _need(path, "name", odcs.name)
    if len(name.split("/")) != 3 or name.split("/")[0] not in LAYERS:
        raise ContractError(path, "name", f"{name!r} is not layer/domain/table", f"Start it with one of: {', '.join(LAYERS)}")
    if path.is_relative_to(ROOT) and path.relative_to(ROOT).with_suffix("").as_posix() != name:
        raise ContractError(
            path, "name", f"{name!r} differs from the file's path", "Rename the file or change the name: a table has one name everywhere"
        )
    if not odcs.schema_ or len(odcs.schema_) != 1:
        raise ContractError(path, "schema", "does not describe exactly one table", "Keep one schema object per file")
    schema = odcs.schema_[0]
    columns = tuple(_column(path, p, code_lists()) for p in _need(path, "schema, properties", schema.properties))
    names = [c.name for c in columns]
    for twice in {n for n in names if names.count(n) > 1}:
        raise ContractError(path, f"column {twice!r}", "is there twice", "Remove one")
    if not any(c.key_position is not None for c in columns):
        raise ContractError(path, "schema", "has no primary key", "Mark the columns of the business key with primaryKey: true")
    custom = _custom(path, "schema, customProperties", schema.customProperties)
    for setting in custom:
        _one_of(path, "schema, customProperties", setting, AT_TABLE)
    how = delivery_spec(path, custom["delivery"], columns) if "delivery" in custom else None
    team = odcs.team
    if team is None or isinstance(team, list) or not team.name:
        raise ContractError(path, "team", "names no owner", "Give team.name, the department responsible for the table")
    delivered = tuple(c.name for c in columns if c.delivered)
    promises = _promises(path, odcs.slaProperties)
    stated: dict[str, Any] = dict(
        name=name,
        version=_need(path, "version", odcs.version),
        title=schema.businessName or name,
        purpose=(odcs.description.purpose if odcs.description else None) or "",
        owner=team.name,
        owner_title=team.description or team.name,
        columns=columns,
        path=path,
        cadence=_cadence(promises) if how else None,
        checks=tuple(_check(path, q) for q in schema.quality or []),
        row_rules=rules(path, Level.ROW, custom.get(Level.ROW), delivered),
        table_rules=rules(path, Level.TABLE, custom.get(Level.TABLE), delivered),
        digest=_digest(full),
        **{name: of_kind(path, f"schema, customProperties, {p}", custom[p], Kind.TEXT) for name, p in IN_BOTH.items() if p in custom},
        retention_days=_retention(promises),
    )
    contract = Contract(**stated) if how is None else SourceContract(**stated, delivery=how)
    check(contract)
    return contract


def _origins(contract: Contract, contracts: dict[str, Contract]) -> None:
    """Check that every origin is `table.column` of a known contract or, without a dot, a column of the same table."""
    for column in contract.columns:
        where = f"column {column.name!r}, transformSourceObjects"
        for origin in column.derived_from:
            table, _, name = origin.rpartition(".")
            source = contracts[_one_of(contract.path, f"{where}, table of {origin!r}", table or contract.name, tuple(contracts))]
            _one_of(contract.path, f"{where}, column of {source.name}", name, source.column_names)


def files(root: Path = ROOT) -> list[Path]:
    """Return the contract files below `root`, which has one folder per layer."""
    return sorted(f for layer in LAYERS for f in (root / layer).rglob("*.yaml"))


@cache
def load_all(root: Path = ROOT) -> dict[str, Contract]:
    """Read every contract below `root`, by table name. Raises ContractError for a wrong contract or an unknown origin."""
    contracts = {c.name: c for c in map(load, files(root))}
    for contract in contracts.values():
        _origins(contract, contracts)
    return contracts
