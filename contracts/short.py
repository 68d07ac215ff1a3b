"""The short form of a contract, and its expansion into the full structure of the Open Data Contract Standard v3.1.

Here: which settings the short form has, field dictionaries, shapes, defaults, the expansion. Not here: what the lake demands of a contract
(`contracts.loader` checks the expanded one), the rules (`contracts.registry`).

A short contract states the table's head and, line by line, its columns:

    name: cleansed/civil_affairs/cremation
    version: 1.0.0
    title: 火化信息
    purpose: Cremations carried out by the funeral homes.
    sla: {frequency: 1 d, latency: 2 d}
    delivery: {format: xlsx, mode: append}
    header: title
    key: [cremation_no]
    columns:
      cremation_no:  {title: 火化证号, rule: identifier, class: L3}
      deceased_name: {field: name, title: 死者姓名}
      sex_code:      {}
      death_reason:  {title: 死亡原因, rule: text, class: L4}

A column whose name, or whose `field`, is in a dictionary (contracts/fields) states only what differs. A plain text in place of the
braces is its title. A table with a `shape` has the key and the columns of contracts/shapes, and states what differs or is its own.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from contracts.kinds import Kind, of_kind, stated
from contracts.refused import ROOT, ContractError, one_of
from contracts.registry import CUSTOM, ROW_RULES, Companion, Level

HEAD = {
    "name": Kind.TEXT, "version": Kind.TEXT, "shape": Kind.TEXT, "title": Kind.TEXT, "title_en": Kind.TEXT, "purpose": Kind.TEXT,
    "purpose_zh": Kind.TEXT, "owner": Kind.TEXT,
    "sla": Kind.SETTINGS, "delivery": Kind.SETTINGS, "header": Kind.TEXT, "key": Kind.TEXTS, "inputs": Kind.SETTINGS,
    "origins": Kind.SETTINGS, "columns": Kind.SETTINGS, "row_rules": Kind.RULES, "table_rules": Kind.RULES, "quality": Kind.RULES,
    "gates": Kind.SETTINGS,
}  # fmt: skip
IN_BOTH = {"title_en": "titleEn", "purpose_zh": "purposeZh"}
"""Setting -> custom property: what the standard has in one language."""
NEEDED = ("name", "version", "title", "purpose", "columns")
HEADERS = ("title", "name")
FIELD = {"title": Kind.TEXT, "description": Kind.TEXT, "unit": Kind.TEXT, "type": Kind.TEXT, "class": Kind.TEXT}
"""What a column takes from a dictionary in every layer."""
DELIVERED = {
    "rule": "rule", "codes": "codeList", "code_map": "codeMap", "other_units": "otherUnits", "aliases": "aliases", "width": "width",
    "on_error": "onError", "registrar": "registrar", "date_format": "dateFormat",
    "digits": "digits", "crs": "crs",
}  # fmt: skip
"""Settings of a delivered column -> custom property."""
CUSTOM_OF_COLUMN = {"unit": "unit", **DELIVERED}
"""Settings of any column -> custom property."""
CODES = "codes"
"""The one of them that a derived column may have, too; it takes it from a dictionary's field that has no rule."""
DICTIONARY = {**FIELD, **{short: CUSTOM[full] for short, full in DELIVERED.items()}, "range": Kind.LIMITS, "companions": Kind.TEXTS}
COLUMN = {
    **DICTIONARY, "field": Kind.TEXT, "source": Kind.TEXT, "required": Kind.TRUTH, "values": Kind.CODES,
    "from": Kind.ORIGIN, "how": Kind.TEXT,
}  # fmt: skip
LOGICAL = {
    "string": "string", "date": "date", "timestamp": "timestamp", "timestamp_ntz": "timestamp", "int": "integer", "bigint": "integer",
    "boolean": "boolean", "decimal": "number", "double": "number", "float": "number", "binary": "string",
    "array": "array", "struct": "object", "map": "map",
}  # fmt: skip
"""Physical type, without what follows in brackets -> logical type."""
COMPARISONS = {
    "must_be": "mustBe", "must_be_greater_than": "mustBeGreaterThan", "must_be_greater_or_equal_to": "mustBeGreaterOrEqualTo",
    "must_be_less_than": "mustBeLessThan", "must_be_less_or_equal_to": "mustBeLessOrEqualTo", "must_be_between": "mustBeBetween",
}  # fmt: skip
"""What a number must be, in the short form -> in the standard."""
GATE = {
    "says": Kind.TEXT, "sql": Kind.TEXT, "severity": Kind.TEXT, **dict.fromkeys(COMPARISONS, Kind.NUMBER), "must_be_between": Kind.LIMITS,
}  # fmt: skip
ROWS_EXPECTED = [{"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0, "severity": "error"}]


def unique_yaml(path: Path) -> Any:
    """Read a YAML file in which no key stands twice; only `true` and `false` are booleans, `no` and `on` are texts (YAML 1.2).

    Raises ContractError.
    """
    import yaml

    class Loader(yaml.CSafeLoader):  # libyaml, which every wheel has, is ten times as quick
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
            keys = [self.construct_object(k, deep=True) for k, _ in node.value]
            for twice in {k for k in keys if keys.count(k) > 1}:
                raise ContractError(path, f"line {node.start_mark.line + 1}", f"{twice!r} is there twice", "Remove one")
            return super().construct_mapping(node, deep)

    boolean = "tag:yaml.org,2002:bool"
    Loader.yaml_implicit_resolvers = {
        first: [r for r in resolvers if r[0] != boolean] for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(boolean, re.compile("^(?:true|false)$"), ["t", "f"])
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, TypeError) as e:
        mark = getattr(e, "problem_mark", None)
        said, line = getattr(e, "problem", None) or str(e).splitlines()[0], f", line {mark.line + 1}" if mark else ""
        raise ContractError(path, f"file{line}", f"is not readable YAML ({said})", "Correct the syntax") from e


@cache
def fields() -> dict[str, dict[str, Any]]:
    """Return every field of the dictionaries under contracts/fields, by its name. Raises ContractError."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((ROOT / "fields").glob("*.yaml")):
        for name, entry in unique_yaml(path).items():
            if name in found:
                raise ContractError(path, f"field {name!r}", "is in another dictionary too", "Keep one of them")
            found[name] = stated(path, f"field {name!r}", entry, DICTIONARY)
    return found


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """Return what contracts of one shape share, by the shape's name: settings of a contract, above all `key` and `columns`."""
    return {p.stem: unique_yaml(p) for p in sorted((ROOT / "shapes").glob("*.yaml"))}


@cache
def departments() -> dict[str, str]:
    """Return the titles of the departments, by their names."""
    titles: dict[str, str] = unique_yaml(ROOT / "departments.yaml")
    return titles


def is_short(raw: Any) -> bool:
    """Whether a contract is in the short form."""
    return isinstance(raw, dict) and not raw.keys().isdisjoint(("columns", "shape"))


def expand(path: Path, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the full ODCS structure of a short contract. Raises ContractError for what the short form does not have."""
    short = _shaped(path, stated(path, "contract", raw, HEAD))
    for setting in NEEDED:
        if not short.get(setting):
            raise ContractError(path, setting, "is missing", "Add it")
    for column in short.get("key", ()):
        one_of(path, "key", column, tuple(short["columns"]))
    name = short["name"]
    if len(name.split("/")) != 3:
        raise ContractError(path, "name", f"{name!r} is not layer/domain/table", "Write all three parts")
    _, domain, table = name.split("/")
    owner = short.get("owner", domain)
    one_of(path, "owner", owner, tuple(departments()))
    custom = {
        **{full: short.get(setting) for setting, full in IN_BOTH.items()},
        "delivery": short.get("delivery"),
        Level.ROW.value: short.get("row_rules"),
        Level.TABLE.value: short.get("table_rules"),
    }
    properties = [p for column, entry in short["columns"].items() for p in _column(path, short, column, entry)]
    origins = {o.rpartition(".")[0] for p in properties for o in p.get("transformSourceObjects", ())}
    for alias, table_of in short.get("inputs", {}).items():
        if isinstance(table_of, str) and table_of not in origins:
            raise ContractError(path, f"inputs, {alias}", f"no column comes from {table_of}", "Remove it, or name it in `from` of a column")
    schema: dict[str, Any] = {
        "name": table,
        "businessName": short["title"],
        "physicalType": "table",
        "properties": properties,
        "quality": [*short.get("quality", ROWS_EXPECTED), *(_gate(path, *g) for g in short.get("gates", {}).items())],
    }
    at_table = [{"property": k, "value": v} for k, v in custom.items() if v is not None]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:citylake:{name.replace('/', ':')}",
        "name": name,
        "version": short["version"],
        "status": "active",
        "domain": domain,
        "description": {"purpose": short["purpose"]},
        "team": {"name": owner, "description": departments()[owner]},
        "slaProperties": [_promise(path, k, v) for k, v in short.get("sla", {}).items()],
        "schema": [schema | ({"customProperties": at_table} if at_table else {})],
    }


def _shaped(path: Path, short: dict[str, Any]) -> dict[str, Any]:
    """Return the contract with what its shape, if it has one, says and it does not say itself; its own columns come first."""
    if "shape" not in short:
        return short
    shape = shapes()[one_of(path, "shape", short["shape"], tuple(shapes()))]
    columns = {name: dict(line) for name, line in shape["columns"].items()}
    for name, line in short.get("columns", {}).items():
        settings = of_kind(path, f"column {name!r}", _settings(line), Kind.SETTINGS)
        columns[name] = {**columns.get(name, {}), **settings}
    own_first = {name: columns[name] for name in sorted(columns, key=lambda name: name in shape["columns"])}
    return {**shape, **short, "columns": own_first, "gates": {**shape.get("gates", {}), **short.get("gates", {})}}


def _settings(line: Any) -> Any:
    """Return a column's line as settings: a plain text is its title."""
    return {"title": line} if isinstance(line, str) else line


def _gate(path: Path, name: str, line: Any) -> dict[str, Any]:
    """Return a gate in SQL as a quality line of the standard."""
    settings = stated(path, f"gates, {name!r}", line, GATE)
    said = {"type": "sql", "name": name, "description": settings.get("says"), "query": settings.get("sql")}
    compared = {full: settings[short] for short, full in COMPARISONS.items() if short in settings}
    return said | compared | {"severity": settings.get("severity", "error")}


def _promise(path: Path, name: str, promised: Any) -> dict[str, Any]:
    """`frequency: 1 d` as a service level of the standard."""
    count, _, unit = str(promised).partition(" ")
    if not count.isdigit() or not unit:
        raise ContractError(path, f"sla, {name}", f"is {promised!r}", "Write a count and a unit: 1 d")
    return {"property": name, "value": int(count), "unit": unit}


def _column(path: Path, short: Mapping[str, Any], name: str, line: Any) -> list[dict[str, Any]]:
    """Return the full column, followed by the companions that its rule derives from it."""
    where, sourced = f"column {name!r}", "delivery" in short
    entry = _settings(line)
    settings = stated(path, where, entry, COLUMN)
    if "field" in settings:
        one_of(path, f"{where}, field", settings["field"], tuple(fields()))
    if not sourced and (wrong := sorted(({*DELIVERED, "source", "companions"} - {CODES}) & set(settings))):
        raise ContractError(path, where, f"has delivery settings {wrong}, but the table has no delivery", "Remove them")
    base = fields().get(settings.get("field", name), {})
    named = {**base, **entry}.get("rule")
    rule = ROW_RULES[one_of(path, f"{where}, rule", named, tuple(ROW_RULES))] if named else None
    merged = {"type": rule.type if rule else None, "class": rule.classification if rule else None}
    kept = {*FIELD, CODES} if "rule" not in base else {*FIELD}
    merged |= {k: v for k, v in base.items() if sourced or k in kept} | entry
    merged = {k: v for k, v in merged.items() if v is not None}
    if "type" not in merged:
        raise ContractError(path, where, "has neither a rule nor a type", "Name a field of contracts/fields, or a rule, or a type")
    column = _properties(path, where, short, name, merged)
    if name in short.get("key", ()):
        column |= {"primaryKey": True, "primaryKeyPosition": short["key"].index(name) + 1, "required": True}
    made = [_companion(c, name, column) for c in (rule.companions if rule and sourced else ()) if _wanted(path, where, c, merged)]
    return [column, *made]


def _properties(path: Path, where: str, short: Mapping[str, Any], name: str, merged: Mapping[str, Any]) -> dict[str, Any]:
    title, physical = merged.get("title", name), merged["type"]
    kind = one_of(path, f"{where}, type", physical.partition("(")[0].partition("<")[0], tuple(LOGICAL))
    column: dict[str, Any] = {"name": name, "businessName": title}
    if "rule" in merged:
        header = one_of(path, "header", short.get("header", "title"), HEADERS)
        column["physicalName"] = merged.get("source", title if header == "title" else name)
    column |= {"logicalType": LOGICAL[kind], "physicalType": physical, "classification": merged.get("class")}
    if merged.get("required"):
        column["required"] = merged["required"]
    if "range" in merged:
        column["logicalTypeOptions"] = {k: v for k, v in zip(("minimum", "maximum"), merged["range"], strict=True) if v is not None}
    column |= {"description": merged["description"]} if "description" in merged else {}
    custom = [{"property": full, "value": merged[k]} for k, full in CUSTOM_OF_COLUMN.items() if k in merged]
    column |= {"customProperties": custom} if custom else {}
    if "from" in merged:
        column["transformSourceObjects"] = _origins(path, f"{where}, from", short, merged["from"])
    column |= {"transformDescription": merged["how"]} if "how" in merged else {}
    if "values" in merged:
        column["enum"] = [{"value": str(v), "description": d} for v, d in merged["values"].items()]
    return column


def _wanted(path: Path, where: str, companion: Companion, merged: Mapping[str, Any]) -> bool:
    """Whether a companion is made: as the column's `companions` lists it, else the usual ones."""
    if "companions" not in merged:
        return companion.usual
    known = [c.suffix for c in ROW_RULES[merged["rule"]].companions]
    for suffix in merged["companions"]:
        one_of(path, f"{where}, companions", suffix, tuple(known))
    return companion.suffix in merged["companions"]


def _companion(companion: Companion, source: str, column: Mapping[str, Any]) -> dict[str, Any]:
    title = f"{column['businessName']}{companion.title}" if companion.title.startswith("(") else companion.title
    return {
        "name": companion.name(source),
        "businessName": title,
        "logicalType": LOGICAL[companion.physical_type],
        "physicalType": companion.physical_type,
        "classification": companion.classification or column["classification"],
        "description": companion.description,
        "transformSourceObjects": [source],
    }


def _origins(path: Path, where: str, short: Mapping[str, Any], named: Any) -> list[str]:
    """Return `table.column` of each origin.

    Named is `input.column`, a group of the contract's `origins`, a mapping input -> column or columns, or a list of these. An input is an
    alias of the contract's `inputs`, which may stand for several tables.
    """
    of_kind(path, where, named, Kind.ORIGIN)
    if isinstance(named, list):
        return [o for one in named for o in _origins(path, where, short, one)]
    if isinstance(named, Mapping):
        each = {alias: of_kind(path, where, c if isinstance(c, list) else [c], Kind.TEXTS) for alias, c in named.items()}
        return [f"{table}.{c}" for alias, columns in each.items() for table in _tables(path, where, short, alias) for c in columns]
    groups = short.get("origins", {})
    if named in groups:
        others = {name: group for name, group in groups.items() if name != named}
        return _origins(path, f"origins, {named}", {**short, "origins": others}, groups[named])
    alias, dot, column = named.rpartition(".")
    if not dot:
        raise ContractError(path, where, f"{named!r} is neither input.column nor a group of origins", f"Use one of: {', '.join(groups)}")
    return _origins(path, where, short, {alias: column})


def _tables(path: Path, where: str, short: Mapping[str, Any], alias: str) -> list[str]:
    """Return the tables an input stands for: one, or those of a list of inputs."""
    inputs = short.get("inputs", {})
    stands_for = inputs[one_of(path, f"{where}, input", alias, tuple(inputs))]
    if not isinstance(stands_for, list):
        return [of_kind(path, f"inputs, {alias}", stands_for, Kind.TEXT)]
    others = {name: table for name, table in inputs.items() if name != alias}
    return [t for a in stands_for for t in _tables(path, where, {**short, "inputs": others}, a)]
