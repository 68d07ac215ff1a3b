"""Read ODCS v3 contracts into the few typed facts the lake needs, and refuse a wrong one at once.

The standard's own Python model parses the file; on top of it come the lake's own demands (name equals path,
known rules, a key, a delivery). A contract that is wrong never gets as far as an engine: it is refused with
file, field and remedy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
LAYERS = ("cleansed", "base", "themes", "shared", "operations")
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
CLASSIFICATIONS = ("L1", "L2", "L3", "L4")
FORMATS = ("csv", "xlsx", "jsonl", "fixed_width", "database")
DAYS = {"d": 1, "m": 31, "y": 366}
"""The units of a retention: at least so many days."""
MODES = ("full", "inc", "append")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
COMPRESSIONS = (None, "gzip")
NEW_COLUMNS = ("hold", "accept")
PERIODS = ("d", "w", "m", "y")
RULES = (
    "identity", "person_name", "phone", "division", "code", "date", "timestamp", "month",
    "integer", "decimal", "identifier", "archive_no", "address", "text", "degrees", "organisation_no", "organisation_name",
)  # fmt: skip
ROW_RULES = {
    "swapped": (2, 2), "order": (2, 2), "past": (1, 1), "sex": (2, 2), "birth": (3, 3), "status": (2, 2), "reversal": (1, 2),
    "coordinates": (2, 2),
}  # fmt: skip
"""Rule over several columns of a row -> how many columns it takes, least and most."""
TABLE_RULES = {"shared": (2, 2), "constant": (4, 12), "series": (3, 3)}
"""The same for rules over the rows of a table."""
RULE_OPTIONS = {"status": ("open", "closed"), "coordinates": ("crs",), "shared": ("most",), "series": ("every", "stuck", "spike")}
LOGICAL_TYPES = ("string", "date", "timestamp", "integer", "number", "boolean", "array", "object", "map")
DIGEST_LENGTH = 16
LIBRARY_METRICS = ("rowCount",)
COMPARISONS = ("mustBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween")
BESIDE_CONTRACT = ("_source_file", "_row_no", "_batch_id", "_business_date", "_op", "_codes")
"""Columns every cleansed table has without its contract listing them: a derived column may name them as its origin."""


class ContractError(ValueError):
    """A contract file is wrong. The message names the file, the field and the remedy."""

    def __init__(self, path: Path, where: str, problem: str, remedy: str) -> None:
        self.path, self.where, self.problem, self.remedy = path, where, problem, remedy
        shown = path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path
        super().__init__(f"contract {shown}, {where}: {problem}. {remedy}.")


@dataclass(frozen=True)
class Column:
    """One column. `source` is its name in the delivery, None for a column the lake derives.

    `other_units`: units a source mixes up with the column's own -> the factor that turns them into it. `registrar`: the source
    issues the organisations' numbers itself.
    """

    name: str
    title: str
    description: str
    logical_type: str
    physical_type: str
    required: bool = False
    key_position: int | None = None
    classification: str = "L1"
    source: str | None = None
    aliases: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    rule: str | None = None
    code_list: str | None = None
    code_map: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    other_units: tuple[tuple[str, float], ...] = ()
    registrar: bool = False
    width: int | None = None
    on_error: str = "flag"
    valid_values: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        return self.rule is not None

    @property
    def personal(self) -> bool:
        """Real values of these columns stay out of logs, metadata and Delta statistics."""
        return self.classification in ("L3", "L4")


@dataclass(frozen=True)
class Rule:
    """One rule over several columns of a row (`quality.across`) or over the rows of the table (`quality.among`), and what it needs
    to know beside them."""

    rule: str
    columns: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str:
        return dict(self.options)[name]


@dataclass(frozen=True)
class Delivery:
    """How a department delivers the table. `sequence` are the columns that order the versions of one key.

    `new_columns`: what becomes of a delivery with columns beside those of the contract: "hold", or "accept" (kept in raw as text).
    `max_error_ratio`: the largest share of a column's values that may be unreadable before a delivery is held.
    """

    format: str
    mode: str
    sequence: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    compression: str | None = None
    table: str | None = None
    operation_column: str = "cd_operation"
    time_column: str = "cd_time"
    batch_column: str = "cd_batch"
    row_column: str = "cd_id"
    min_ratio: float = 0.9
    max_quarantine_ratio: float = 0.2
    max_error_ratio: float = 0.5
    new_columns: str = "hold"


@dataclass(frozen=True)
class Cadence:
    """How often a department delivers: once in every `every` days, weeks, months or years (d, w, m, y), at most `latency` days late."""

    every: int
    period: str
    latency: int = 0


@dataclass(frozen=True)
class Check:
    """One expectation of the whole table, beyond those that follow from the columns themselves."""

    metric: str
    comparison: str
    value: Any
    blocking: bool
    name: str


@dataclass(frozen=True)
class Contract:
    """One table's contract. `digest` changes with every byte of its file."""

    name: str
    version: str
    title: str
    purpose: str
    owner: str
    owner_title: str
    columns: tuple[Column, ...]
    path: Path
    delivery: Delivery | None = None
    cadence: Cadence | None = None
    checks: tuple[Check, ...] = ()
    row_rules: tuple[Rule, ...] = ()
    table_rules: tuple[Rule, ...] = ()
    digest: str = ""
    retention_days: int | None = None
    """How long a delivered batch stays in raw; None: for ever."""

    @property
    def layer(self) -> str:
        return self.name.split("/")[0]

    @property
    def domain(self) -> str:
        return self.name.split("/")[1]

    @property
    def table(self) -> str:
        return self.name.split("/")[2]

    @property
    def key(self) -> tuple[str, ...]:
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    @property
    def delivered(self) -> tuple[Column, ...]:
        """The columns a department sends, in the order of the contract."""
        return tuple(c for c in self.columns if c.delivered)

    @property
    def crs(self) -> str | None:
        """The system of reference in which coordinates are delivered."""
        return next((rule.option("crs") for rule in self.row_rules if rule.rule == "coordinates"), None)

    @property
    def statistics(self) -> bool:
        """Whether minimum and maximum of the columns may stand in the table's log: only when none is personal."""
        nested = ("array", "object", "map")
        return not any(c.personal or c.logical_type in nested for c in self.columns)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    def sibling(self, layer: str) -> str:
        """The name of the same table in another layer: cleansed/health/archive -> raw/health/archive."""
        return f"{layer}/{self.domain}/{self.table}"


def _custom(items: Any) -> dict[str, Any]:
    return {p.property: p.value for p in items or []}


def _one_of(path: Path, where: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        choices = ", ".join(str(a) for a in allowed if a is not None)
        raise ContractError(path, where, f"{value!r} is not known", f"Use one of: {choices}")
    return value


def _need(path: Path, where: str, value: Any) -> Any:
    if value in (None, "", []):
        raise ContractError(path, where, "is missing", "Add it")
    return value


def _column(path: Path, p: Any, code_lists: frozenset[str]) -> Column:
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
    return Column(
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


def _delivery(path: Path, raw: dict[str, Any], columns: tuple[Column, ...]) -> Delivery:
    names = {c.name for c in columns if c.delivered}
    unknown = set(raw) - set(Delivery.__dataclass_fields__)
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
    return Delivery(**{**raw, "sequence": tuple(raw.get("sequence") or ())})


def _cadence(path: Path, promises: Any) -> Cadence | None:
    """From the service levels `frequency` and `latency`; None without a frequency: delivered now and then, never late."""
    said = {p.property: p for p in promises or []}
    for name, allowed, least in (("frequency", PERIODS, 1), ("latency", ("d",), 0)):
        if name in said:
            _one_of(path, f"slaProperties, {name}, unit", said[name].unit, allowed)
            if not isinstance(said[name].value, int) or said[name].value < least:
                where = f"slaProperties, {name}"
                raise ContractError(path, where, f"{said[name].value!r} is not a count", f"Write a whole number from {least} on")
    if "frequency" not in said:
        return None
    return Cadence(said["frequency"].value, said["frequency"].unit, said["latency"].value if "latency" in said else 0)


def _rules(path: Path, name: str, raw: Any, known: dict[str, tuple[int, int]], columns: tuple[Column, ...]) -> tuple[Rule, ...]:
    return tuple(_rule(path, f"{name}, {r.get('rule')!r}", r, known, tuple(c.name for c in columns if c.delivered)) for r in raw or [])


def _rule(path: Path, where: str, raw: dict[str, Any], known: dict[str, tuple[int, int]], names: tuple[str, ...]) -> Rule:
    rule, columns = _one_of(path, where, raw.get("rule"), tuple(known)), tuple(raw.get("columns") or ())
    options, asked = {k: str(v) for k, v in raw.items() if k not in ("rule", "columns")}, RULE_OPTIONS.get(rule, ())
    for name in columns:
        _one_of(path, f"{where}, columns", name, names)
    least, most = known[rule]
    if not least <= len(columns) <= most or set(options) != set(asked):
        told = ", ".join(("rule", "columns", *asked))
        raise ContractError(
            path, where, f"has {len(columns)} columns and says {', '.join(raw)}", f"Give {least} to {most} columns; say {told}"
        )
    return Rule(rule, columns, tuple(sorted(options.items())))


def _check(path: Path, q: Any) -> Check:
    where = "quality of the table"
    metric = _one_of(path, f"{where}, metric", q.metric, LIBRARY_METRICS)
    stated = [c for c in COMPARISONS if getattr(q, c) is not None]
    if len(stated) != 1:
        raise ContractError(path, where, f"has {len(stated)} comparisons", f"Give exactly one of: {', '.join(COMPARISONS)}")
    severity = _one_of(path, f"{where}, severity", q.severity or "error", ("error", "warning"))
    return Check(metric, stated[0], getattr(q, stated[0]), severity == "error", q.name or metric)


def _retention(path: Path, properties: Any) -> int | None:
    stated = next((p for p in properties or [] if p.property == "retention"), None)
    if stated is None:
        return None
    days = DAYS[_one_of(path, "slaProperties, unit of the retention", stated.unit, tuple(DAYS))]
    if not isinstance(stated.value, int) or stated.value < 1:
        raise ContractError(
            path, "slaProperties, retention", f"{stated.value!r} is not a whole number", "Say how many days, months or years"
        )
    return int(stated.value) * days


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
        cadence=_cadence(path, odcs.slaProperties) if delivery else None,
        checks=tuple(_check(path, q) for q in schema.quality or []),
        row_rules=_rules(path, "rowRules", custom.get("rowRules"), ROW_RULES, columns),
        table_rules=_rules(path, "tableRules", custom.get("tableRules"), TABLE_RULES, columns),
        digest=sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH],
        retention_days=_retention(path, odcs.slaProperties),
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
