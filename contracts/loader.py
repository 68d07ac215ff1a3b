"""Read ODCS v3 contracts into the few typed facts the lake needs, and refuse a wrong one at once.

The standard's own Python model parses the file; on top of it come the lake's own demands (name equals path,
known rules, a key, a delivery). A contract that is wrong never gets as far as an engine: it is refused with
file, field and remedy.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from contracts.model import Cadence, Check, Contract, DeliverySpec, Field
from contracts.refused import ROOT, ContractError
from contracts.refused import one_of as _one_of
from contracts.rules import ROW_RULES, TABLE_RULES, rules

LAYERS = ("cleansed", "base", "themes", "shared", "operations")
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
CLASSIFICATIONS = ("L1", "L2", "L3", "L4")
FORMATS = ("csv", "xlsx", "xls", "jsonl", "fixed_width", "dbf", "database")
DAYS = {"d": 1, "m": 31, "y": 366}
"""The units of a retention: at least so many days."""
MODES = ("full", "inc", "append")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "cp936")
COMPRESSIONS = (None, "gzip")
NEW_COLUMNS = ("hold", "accept")
PROMISES = {"frequency": (("d", "w", "m", "y"), 1), "latency": (("d",), 0), "retention": (tuple(DAYS), 1)}
"""Service levels -> the units they may have, and the least count."""
RULES = (
    "identity", "person_name", "phone", "division", "code", "date", "timestamp", "month",
    "integer", "decimal", "identifier", "archive_no", "address", "text", "degrees", "organisation_no", "organisation_name",
)  # fmt: skip
LOGICAL_TYPES = ("string", "date", "timestamp", "integer", "number", "boolean", "array", "object", "map")
DIGEST_LENGTH = 16
LIBRARY_METRICS = ("rowCount",)
COMPARISONS = ("mustBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween")
BESIDE_CONTRACT = ("_source_file", "_row_no", "_batch_id", "_business_date", "_op", "_codes")
"""Columns every cleansed table has without its contract listing them: a derived column may name them as its origin."""


def _custom(items: Any) -> dict[str, Any]:
    return {p.property: p.value for p in items or []}


def _need(path: Path, where: str, value: Any) -> Any:
    if value in (None, "", []):
        raise ContractError(path, where, "is missing", "Add it")
    return value


def _column(path: Path, p: Any, code_lists: frozenset[str]) -> Field:
    where = f"column {p.name!r}"
    custom, options = _custom(p.customProperties), p.logicalTypeOptions or {}
    unknown = set(custom) - {"rule", "codeList", "codeMap", "aliases", "width", "onError", "otherUnits", "registrar"}
    if unknown:
        raise ContractError(path, where, f"unknown custom properties {sorted(unknown)}", "Remove them or correct the spelling")
    rule = custom.get("rule")
    if rule is not None:
        _one_of(path, f"{where}, rule", rule, RULES)
    elif not p.transformSourceObjects and not p.description:
        raise ContractError(
            path, where, "is neither delivered (rule) nor described", "Add a rule, or a description of how the lake derives it"
        )
    if p.quality:
        raise ContractError(
            path, where, "has quality checks of its own", "Say it by required, codeList, enum or a range, from which the gates follow"
        )
    if rule == "code":
        _one_of(path, f"{where}, codeList", custom.get("codeList"), tuple(sorted(code_lists)))
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
        source=p.physicalName if rule else None,
        aliases=tuple(custom.get("aliases") or ()),
        derived_from=tuple(p.transformSourceObjects or ()),
        rule=rule,
        code_list=custom.get("codeList"),
        code_map=tuple((str(k), str(v)) for k, v in (custom.get("codeMap") or {}).items()),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        other_units=tuple((str(k), float(v)) for k, v in (custom.get("otherUnits") or {}).items()),
        registrar=bool(custom.get("registrar")),
        width=custom.get("width"),
        on_error=_one_of(
            path, f"{where}, onError", custom.get("onError", "quarantine" if p.required or p.primaryKey else "flag"), ("quarantine", "flag")
        ),
        valid_values=valid,
    )


def _delivery(path: Path, raw: dict[str, Any], columns: tuple[Field, ...]) -> DeliverySpec:
    names = {c.name for c in columns if c.delivered}
    unknown = set(raw) - set(DeliverySpec.__dataclass_fields__)
    if unknown:
        raise ContractError(path, "delivery", f"unknown settings {sorted(unknown)}", "Remove them or correct the spelling")
    _one_of(path, "delivery, format", raw.get("format"), FORMATS)
    _one_of(path, "delivery, mode", raw.get("mode"), MODES)
    _one_of(path, "delivery, encoding", raw.get("encoding", "utf-8"), ENCODINGS)
    _one_of(path, "delivery, compression", raw.get("compression"), COMPRESSIONS)
    _one_of(path, "delivery, new_columns", raw.get("new_columns", "hold"), NEW_COLUMNS)
    for name in raw.get("sequence") or []:
        _one_of(path, "delivery, sequence", name, tuple(sorted(names)))
    if raw["format"] == "database":
        _need(path, "delivery, table", raw.get("table"))
    if raw["format"] == "fixed_width" and any(c.width is None for c in columns if c.delivered):
        raise ContractError(path, "delivery", "a fixed-width column has no width", "Give every delivered column a width in bytes")
    return DeliverySpec(**{**raw, "sequence": tuple(raw.get("sequence") or ())})


def _promises(path: Path, stated: Any) -> dict[str, tuple[int, str]]:
    """Count and unit of the service levels that the lake knows, by their names."""
    found = {}
    for p in stated or []:
        if p.property not in PROMISES:
            continue
        where, (units, least) = f"slaProperties, {p.property}", PROMISES[p.property]
        _one_of(path, f"{where}, unit", p.unit, units)
        if not isinstance(p.value, int) or p.value < least:
            raise ContractError(path, where, f"{p.value!r} is not a count", f"Write a whole number from {least} on")
        found[p.property] = (p.value, p.unit)
    return found


def _cadence(promises: dict[str, tuple[int, str]]) -> Cadence | None:
    """None without a frequency: delivered now and then, never late."""
    if "frequency" not in promises:
        return None
    return Cadence(*promises["frequency"], promises.get("latency", (0, "d"))[0])


def _retention(promises: dict[str, tuple[int, str]]) -> int | None:
    """Days; None: for ever."""
    if "retention" not in promises:
        return None
    count, unit = promises["retention"]
    return count * DAYS[unit]


def _check(path: Path, q: Any) -> Check:
    where = "quality of the table"
    metric = _one_of(path, f"{where}, metric", q.metric, LIBRARY_METRICS)
    stated = [c for c in COMPARISONS if getattr(q, c) is not None]
    if len(stated) != 1:
        raise ContractError(path, where, f"has {len(stated)} comparisons", f"Give exactly one of: {', '.join(COMPARISONS)}")
    severity = _one_of(path, f"{where}, severity", q.severity or "error", ("error", "warning"))
    return Check(metric, stated[0], getattr(q, stated[0]), severity == "error", q.name or metric)


@cache
def code_lists() -> frozenset[str]:
    """The names of the code lists kept under standards/codes."""
    return frozenset(p.stem for p in (ROOT.parent / "standards" / "codes").glob("*.csv"))


def load(path: Path) -> Contract:
    """Read one contract. Raises ContractError (file, field, remedy) when it is not what the lake can work with."""
    import pydantic
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard

    try:
        odcs = OpenDataContractStandard.from_string(path.read_text(encoding="utf-8"))
    except pydantic.ValidationError as e:
        first = e.errors()[0]
        raise ContractError(
            path, ".".join(str(x) for x in first["loc"]), first["msg"], "Correct it as the Open Data Contract Standard says"
        ) from e
    except (yaml.YAMLError, TypeError) as e:
        raise ContractError(path, "file", f"is not readable YAML ({str(e).splitlines()[0]})", "Correct the syntax") from e
    _one_of(path, "apiVersion", odcs.apiVersion, API_VERSIONS)
    name = _need(path, "name", odcs.name)
    if len(name.split("/")) != 3 or name.split("/")[0] not in LAYERS:
        raise ContractError(path, "name", f"{name!r} is not layer/domain/table", f"Start it with one of: {', '.join(LAYERS)}")
    if path.is_relative_to(ROOT) and path.relative_to(ROOT).with_suffix("").as_posix() != name:
        raise ContractError(path, "name", f"{name!r} differs from the file's path", "One table has one name everywhere: rename one of them")
    if not odcs.schema_ or len(odcs.schema_) != 1:
        raise ContractError(path, "schema", "does not describe exactly one table", "Keep one schema object per file")
    schema = odcs.schema_[0]
    columns = tuple(_column(path, p, code_lists()) for p in _need(path, "schema, properties", schema.properties))
    names = [c.name for c in columns]
    for twice in {n for n in names if names.count(n) > 1}:
        raise ContractError(path, f"column {twice!r}", "is there twice", "Remove one")
    if not any(c.key_position is not None for c in columns):
        raise ContractError(path, "schema", "has no primary key", "Mark the columns of the business key with primaryKey: true")
    custom = _custom(schema.customProperties)
    delivery = _delivery(path, custom["delivery"], columns) if "delivery" in custom else None
    if name.startswith("cleansed/") and delivery is None:
        raise ContractError(path, "schema, customProperties", "has no delivery", "Say how the department delivers the table")
    team = odcs.team
    if team is None or isinstance(team, list) or not team.name:
        raise ContractError(path, "team", "names no owner", "Give team.name, the department that answers for the table")
    delivered = tuple(c.name for c in columns if c.delivered)
    promises = _promises(path, odcs.slaProperties)
    return Contract(
        name=name,
        version=_need(path, "version", odcs.version),
        title=schema.businessName or name,
        purpose=(odcs.description.purpose if odcs.description else None) or "",
        owner=team.name,
        owner_title=team.description or team.name,
        columns=columns,
        path=path,
        delivery=delivery,
        cadence=_cadence(promises) if delivery else None,
        checks=tuple(_check(path, q) for q in schema.quality or []),
        row_rules=rules(path, "rowRules", custom.get("rowRules"), ROW_RULES, delivered),
        table_rules=rules(path, "tableRules", custom.get("tableRules"), TABLE_RULES, delivered),
        digest=sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH],
        retention_days=_retention(promises),
    )


def _origins(contract: Contract, contracts: dict[str, Contract]) -> None:
    """Refuse an origin that is neither `table.column` of a known contract nor, without a dot, a column of the same table."""
    for column in contract.columns:
        where = f"column {column.name!r}, transformSourceObjects"
        for origin in column.derived_from:
            table, _, name = origin.rpartition(".")
            source = contracts[_one_of(contract.path, f"{where}, table of {origin!r}", table or contract.name, tuple(contracts))]
            known = tuple(c.name for c in source.columns) + (BESIDE_CONTRACT if source.layer == "cleansed" else ())
            _one_of(contract.path, f"{where}, column of {source.name}", name, known)


@cache
def load_all(root: Path = ROOT) -> dict[str, Contract]:
    """Every contract below `root`, by table name. One wrong contract, or one that names an origin nobody has, stops the start."""
    contracts = {c.name: c for c in map(load, sorted(root.rglob("*.yaml")))}
    for contract in contracts.values():
        _origins(contract, contracts)
    return contracts
