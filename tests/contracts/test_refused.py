"""Broken contracts: each is refused at once, with the file, the field and what to do, in one line."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import ContractError
from contracts.loader import load

GOOD: dict[str, Any] = {
    "apiVersion": "v3.1.0", "kind": "DataContract", "id": "urn:test", "status": "active",
    "name": "cleansed/health/thing", "version": "1.0.0",
    "team": {"name": "health", "description": "Health Commission"},
    "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}, {"property": "latency", "value": 2, "unit": "d"}],
    "schema": [{
        "name": "thing",
        "physicalType": "table",
        "properties": [
            {"name": "no", "physicalName": "编号", "logicalType": "string", "physicalType": "string", "primaryKey": True, "required": True,
             "classification": "L3", "customProperties": [{"property": "rule", "value": "identifier"}]},
            {"name": "sex", "logicalType": "string", "physicalType": "string", "classification": "L1",
             "customProperties": [{"property": "rule", "value": "code"}, {"property": "codeList", "value": "sex"}]},
        ],
        "quality": [{"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}],
        "customProperties": [{"property": "delivery", "value": {"format": "csv", "mode": "full", "sequence": ["no"]}}],
    }],
}  # fmt: skip
Change = Callable[[dict[str, Any]], Any]


def _schema(c: dict[str, Any]) -> dict[str, Any]:
    return c["schema"][0]  # type: ignore[no-any-return]


def _column(c: dict[str, Any], i: int = 0) -> dict[str, Any]:
    return _schema(c)["properties"][i]  # type: ignore[no-any-return]


def _delivery(c: dict[str, Any]) -> dict[str, Any]:
    return _schema(c)["customProperties"][0]["value"]  # type: ignore[no-any-return]


def _fixed_width(c: dict[str, Any]) -> None:
    _delivery(c).update(format="fixed_width")
    for column in _schema(c)["properties"]:
        column["customProperties"].append({"property": "width", "value": 4})


def _check(c: dict[str, Any]) -> dict[str, Any]:
    return _schema(c)["quality"][0]  # type: ignore[no-any-return]


def _rule(kind: str, **said: Any) -> Change:
    return lambda c: _schema(c)["customProperties"].append({"property": kind, "value": [said]})


def _derived(name: str, **settings: Any) -> dict[str, Any]:
    column = {"name": name, "logicalType": "string", "physicalType": "string", "classification": "L3", "description": "Derived",
              "transformSourceObjects": ["no"]}  # fmt: skip
    return column | ({"customProperties": [{"property": k, "value": v} for k, v in settings.items()]} if settings else {})


def _add(c: dict[str, Any], rule: str, physical: str, logical: str = "string", **stated: Any) -> None:
    """A further delivered column x."""
    column = {"name": "x", "logicalType": logical, "physicalType": physical, "classification": "L3", **stated}
    _schema(c)["properties"].append(column | {"customProperties": [{"property": "rule", "value": rule}]})


BROKEN: dict[str, tuple[Change, str, str, str]] = {
    # what is wrong: how, field, problem, remedy
    "cadence in an unknown unit": (
        lambda c: c["slaProperties"][0].update(unit="h"),
        "slaProperties, frequency, unit", "'h' is not known", "Use one of: d, w, m, y",
    ),
    "latency that is no count": (
        lambda c: c["slaProperties"][1].update(value="soon"),
        "slaProperties, latency", "'soon' is not a count", "Write a whole number from 0 on",
    ),
    "old standard": (lambda c: c.update(apiVersion="v2.2.2"), "apiVersion", "'v2.2.2' is not known", "Use one of: v3.0.0"),
    "no name": (lambda c: c.pop("name"), "name", "is missing", "Add it"),
    "name of two parts": (lambda c: c.update(name="cleansed/thing"), "name", "is not layer/domain/table", "Start it with one of"),
    "unknown layer": (
        lambda c: c.update(name="gold/health/thing"),
        "name", "is not layer/domain/table", "Start it with one of: reference",
    ),
    "no version": (lambda c: c.update(version=""), "version", "is missing", "Add it"),
    "no owner": (lambda c: c.pop("team"), "team", "names no owner", "Give team.name"),
    "owner without a name": (lambda c: c.update(team={"description": "x"}), "team", "names no owner", "Give team.name"),
    "owners as a list": (lambda c: c.update(team=[{"username": "x"}]), "team", "names no owner", "Give team.name"),
    "two tables": (
        lambda c: c["schema"].append(copy.deepcopy(c["schema"][0])),
        "schema", "exactly one table", "one schema object per file",
    ),
    "rule of rows nobody knows": (
        _rule("rowRules", rule="magic", columns=["no"]),
        "rowRules, 'magic'", "'magic' is not known", "Use one of: swapped",
    ),
    "rule of a column that is not there": (
        _rule("rowRules", rule="past", columns=["when"]),
        "rowRules, 'past', columns", "'when' is not known", "Use one of: no, sex",
    ),
    "rule without its option": (
        _rule("rowRules", rule="coordinates", columns=["no", "sex"]),
        "rowRules, 'coordinates'", "has 2 columns and states columns, rule", "state rule, columns, crs",
    ),
    "rule of the table with too few columns": (
        _rule("tableRules", rule="shared", columns=["no"], most=5),
        "tableRules, 'shared'", "has 1 columns", "Give 2 columns",
    ),
    "setting of another format": (
        lambda c: _delivery(c).update(record="ITEM"),
        "delivery, record, of format", "'csv' is not known", "Use one of: xml",
    ),
    "header of no rows": (
        lambda c: _delivery(c).update(header_rows=0),
        "delivery, header_rows", "is 0", "Write a whole number from 1 on",
    ),
    "sheets as a text": (
        lambda c: _delivery(c).update(format="xlsx", sheets="S1"),
        "delivery, sheets", "is 'S1'", "Write a list of names",
    ),
    "control line with an unknown setting": (
        lambda c: (_fixed_width(c), _delivery(c).update(last_line={"rows": [1, 2]})),
        "delivery, last_line", "unknown settings ['rows']", "Use only: begins, count, sums",
    ),
    "control line that sums up a column nobody delivers": (
        lambda c: (_fixed_width(c), _delivery(c).update(last_line={"sums": {"amount": [1, 2]}})),
        "delivery, last_line, sums", "'amount' is not known", "Use one of: no, sex",
    ),
    "control line with half a place": (
        lambda c: (_fixed_width(c), _delivery(c).update(first_line={"count": [1]})),
        "delivery, first_line, count", "is [1]", "Write [first byte from 1, width]",
    ),
    "no columns": (lambda c: _schema(c).pop("properties"), "schema, properties", "is missing", "Add it"),
    "no key": (lambda c: _column(c).pop("primaryKey"), "schema", "has no primary key", "primaryKey: true"),
    "column twice": (
        lambda c: _schema(c)["properties"].append(copy.deepcopy(_column(c))),
        "column 'no'", "is there twice", "Remove one",
    ),
    "column in capitals": (lambda c: _column(c).update(name="No"), "column 'No'", "lower-case identifier", "Use lower-case letters"),
    "unknown rule": (
        lambda c: _column(c)["customProperties"][0].update(value="identfier"),
        "column 'no', rule", "'identfier'", "identifier",
    ),
    "no rule": (
        lambda c: _column(c, 1).pop("customProperties"),
        "column 'sex'", "neither a rule (delivered) nor a description", "Add a rule",
    ),
    "unknown code list": (
        lambda c: _column(c, 1)["customProperties"][1].update(value="gender"),
        "column 'sex', codeList", "'gender'", "sex",
    ),
    "code without a list": (
        lambda c: _column(c, 1)["customProperties"].pop(),
        "column 'sex'", "rule code lacks ['codeList']", "Add it",
    ),
    "unknown property": (
        lambda c: _column(c)["customProperties"].append({"property": "codelist", "value": "x"}),
        "column 'no'", "unknown settings ['codelist'] of rule identifier", "Use only: rule, aliases, width, onError",
    ),
    "setting of another rule": (
        lambda c: _column(c)["customProperties"].append({"property": "codeList", "value": "sex"}),
        "column 'no'", "unknown settings ['codeList'] of rule identifier", "Use only: rule, aliases, width, onError",
    ),
    "range of a text": (
        lambda c: _column(c).update(logicalTypeOptions={"minimum": 1}),
        "column 'no'", "unknown settings ['minimum'] of rule identifier", "Use only",
    ),
    "setting without a rule": (
        lambda c: _schema(c)["properties"].append(_derived("x", width=4)),
        "column 'x'", "has settings ['width'] but no rule", "Add a rule",
    ),
    "derived column of a misspelt name": (
        lambda c: (_column(c)["customProperties"][0].update(value="identity"), _schema(c)["properties"].append(_derived("no_eror"))),
        "column 'no_eror'", "does not follow from no by rule identity", "Use one of: no_raw, no_error",
    ),
    "derived column of a rule that derives nothing": (
        lambda c: _schema(c)["properties"].append(_derived("no_raw")),
        "column 'no_raw'", "does not follow from no by rule identifier", "rule identifier derives nothing",
    ),
    "derived column of nothing": (
        lambda c: _schema(c)["properties"].append({**_derived("no_raw"), "transformSourceObjects": ["nr"]}),
        "column 'no_raw', transformSourceObjects", "'nr' is not known", "Use one of: no, sex",
    ),
    "derived column of another type": (
        lambda c: (_column(c)["customProperties"][0].update(value="identity"),
                   _schema(c)["properties"].append({**_derived("no_raw"), "physicalType": "int", "logicalType": "integer"})),
        "column 'no_raw', physicalType", "is int", "Write string",
    ),
    "misspelt setting of a column": (
        lambda c: _column(c, 1).update(requierd=True),
        "contract, schema, 'thing', properties, 'sex'", "'requierd' is not in the Open Data Contract Standard", "Write required",
    ),
    "misspelt setting of a check": (
        lambda c: _check(c).update(mustBeGreaterthan=3), "schema, 'thing', quality, 0", "'mustBeGreaterthan'", "Write mustBeGreaterThan",
    ),
    "unknown service level": (
        lambda c: c["slaProperties"][0].update(property="freqency"),
        "slaProperties", "'freqency' is not known", "Use one of: frequency, latency, retention",
    ),
    "unknown setting of the table": (
        lambda c: _schema(c)["customProperties"].append({"property": "rowrules", "value": []}),
        "schema, customProperties", "'rowrules' is not known", "Use one of: delivery, rowRules, tableRules",
    ),
    "delivery that is no mapping": (
        lambda c: _schema(c)["customProperties"][0].update(value="csv"),
        "delivery", "is 'csv'", "Write settings: {a: b}",
    ),
    "sequence that is no list": (lambda c: _delivery(c).update(sequence="no"), "delivery, sequence", "is 'no'", "Write a list"),
    "sequence that may be missing": (
        lambda c: _delivery(c).update(sequence=["sex"]),
        "column 'sex'", "orders the versions of a key (delivery, sequence), but is not required", "required: true",
    ),
    "key that may be missing": (lambda c: _column(c).pop("required"), "column 'no'", "is in the key, but not required", "required: true"),
    "share above 1": (lambda c: _delivery(c).update(min_ratio=90), "delivery, min_ratio", "90 is no share", "from 0 to 1"),
    "delivery of a derived table": (
        lambda c: c.update(name="themes/health/thing"), "delivery", "a table of themes is not delivered", "name the table cleansed/",
    ),
    "rule of a derived table": (
        lambda c: (c.update(name="themes/health/thing"), _schema(c).pop("customProperties")),
        "column 'no'", "has rule identifier, but is not delivered", "Remove the rule",
    ),
    "type that does not hold the rule's values": (
        lambda c: _add(c, "date", "string"), "column 'x', physicalType", "string does not hold values of rule date", "Write date",
    ),
    "decimal without digits": (
        lambda c: _add(c, "decimal", "double", "number"),
        "column 'x', physicalType", "double does not hold values of rule decimal", "Write decimal(p,s)",
    ),
    "logical type of another type": (
        lambda c: _add(c, "date", "date"), "column 'x', logicalType", "string does not describe date", "Write date",
    ),
    "type no engine has": (
        lambda c: _add(c, "text", "varchar2"), "column 'x', physicalType", "'varchar2' is not known", "Use one of: string",
    ),
    "limits the wrong way round": (
        lambda c: _add(c, "integer", "int", "integer", logicalTypeOptions={"minimum": 9, "maximum": 1}),
        "column 'x'", "no number is from 9 to 1", "Exchange the limits",
    ),
    "code map to a code the list does not have": (
        lambda c: _column(c, 1)["customProperties"].append({"property": "codeMap", "value": {"M": "7"}}),
        "column 'sex', codeMap", "'7' is not known", "Use one of: 0, 1, 2, 9",
    ),
    "format of dates without a day": (
        lambda c: (
            _add(c, "date", "date", "date"), _column(c, -1)["customProperties"].append({"property": "dateFormat", "value": "MM/yyyy"}),
        ),
        "column 'x', dateFormat", "'MM/yyyy' is no format of dates", "Write yyyy, MM and dd",
    ),
    "two columns of one delivered name": (
        lambda c: _add(c, "text", "string", physicalName="编号"),
        "column 'x'", "is delivered as '编号', like column 'no'", "Correct source",
    ),
    "status with codes nobody knows": (
        lambda c: (_add(c, "date", "date", "date"), _rule("rowRules", rule="status", columns=["sex", "x"], open="A", closed="1")(c)),
        "rowRules, 'status', open", "'A' is not known", "Use one of: 0, 1, 2, 9",
    ),
    "order of texts": (
        lambda c: _rule("rowRules", rule="order", columns=["no", "sex"])(c),
        "rowRules, 'order'", "column 'no' has rule identifier", "Name a column of rule date or timestamp",
    ),
    "swap within one rule": (
        lambda c: (_add(c, "phone", "string"), _rule("rowRules", rule="swapped", columns=["x", "x"])(c)),
        "rowRules, 'swapped'", "its columns have the same rule", "columns of different rules",
    ),
    "coordinates of a misspelt system": (
        lambda c: (_add(c, "degrees", "decimal(18,8)", "number"),
                   _rule("rowRules", rule="coordinates", columns=["x", "x"], crs="GCJ-02")(c)),
        "rowRules, 'coordinates', crs", "'GCJ-02' is not known", "Use one of: CGCS2000, WGS84, GCJ02",
    ),
    "count in words": (
        _rule("tableRules", rule="shared", columns=["no", "sex"], most="five"),
        "tableRules, 'shared', most", "'five' is not a number from 1 on", "Correct it",
    ),
    "unknown type": (lambda c: _column(c).update(logicalType="text"), "logicalType", "text", "string"),
    "no physical type": (lambda c: _column(c).pop("physicalType"), "column 'no', physicalType", "is missing", "Add it"),
    "no classification": (
        lambda c: _column(c).pop("classification"),
        "column 'no', classification", "None is not known", "L1, L2, L3, L4",
    ),
    "unknown classification": (
        lambda c: _column(c).update(classification="secret"),
        "column 'no', classification", "'secret'", "L1, L2, L3, L4",
    ),
    "unknown reaction": (
        lambda c: _column(c)["customProperties"].append({"property": "onError", "value": "drop"}),
        "column 'no', onError", "'drop' is not known", "quarantine, flag",
    ),
    "no delivery": (
        lambda c: _schema(c).pop("customProperties"),
        "schema, customProperties", "has no delivery", "how the department delivers",
    ),
    "unknown format": (lambda c: _delivery(c).update(format="parquet"), "delivery, format", "'parquet'", "csv, xlsx"),
    "unknown mode": (lambda c: _delivery(c).update(mode="delta"), "delivery, mode", "'delta'", "full, inc, append"),
    "unknown encoding": (lambda c: _delivery(c).update(encoding="gbk"), "delivery, encoding", "'gbk'", "gb18030"),
    "unknown compression": (lambda c: _delivery(c).update(compression="zip"), "delivery, compression", "'zip'", "gzip"),
    "sequence of nothing": (
        lambda c: _delivery(c).update(sequence=["update_time"]),
        "delivery, sequence", "'update_time'", "no, sex",
    ),
    "unknown setting": (
        lambda c: _delivery(c).update(enconding="utf-8"),
        "delivery", "unknown settings ['enconding']", "correct the spelling",
    ),
    "database without a table": (lambda c: _delivery(c).update(format="database"), "delivery, table", "is missing", "Add it"),
    "fixed width without widths": (
        lambda c: _delivery(c).update(format="fixed_width"),
        "delivery", "has no width", "a width in bytes",
    ),
    "unknown metric": (lambda c: _check(c).update(metric="freshness"), "quality of the table, metric", "'freshness'", "rowCount"),
    "two comparisons": (
        lambda c: _check(c).update(mustBeLessThan=9),
        "quality of the table", "has 2 comparisons", "Give exactly one of",
    ),
    "no comparison": (
        lambda c: _check(c).pop("mustBeGreaterThan"),
        "quality of the table", "has 0 comparisons", "Give exactly one of",
    ),
    "check of a column": (
        lambda c: _column(c).update(quality=[{"type": "library", "metric": "nullValues"}]),
        "column 'no'", "has quality checks of its own", "required, codeList, enum or a range",
    ),
    "unknown severity": (lambda c: _check(c).update(severity="fatal"), "severity", "'fatal' is not known", "error, warning"),
    "wrong kind of value": (lambda c: _column(c).update(required="perhaps"), "required", "boolean", "Open Data Contract Standard"),
}  # fmt: skip


def _written(folder: Path, contract: dict[str, Any]) -> Path:
    file = folder / "thing.yaml"
    file.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    return file


def test_good_contract_is_accepted(tmp_path: Path) -> None:
    contract = load(_written(tmp_path, GOOD))
    assert (contract.key, contract.owner, [c.source for c in contract.columns]) == (("no",), "health", ["编号", None])
    assert [c.delivered for c in contract.columns] == [True, True]
    assert [(c.name, c.blocking) for c in contract.checks] == [("rowCount", True)]


@pytest.mark.parametrize("wrong", BROKEN)
def test_broken_contract_is_refused_with_file_field_and_remedy(wrong: str, tmp_path: Path) -> None:
    change, field, problem, remedy = BROKEN[wrong]
    contract = copy.deepcopy(GOOD)
    change(contract)
    with pytest.raises(ContractError) as refused:
        load(_written(tmp_path, contract))
    message = str(refused.value)
    assert "\n" not in message
    assert "thing.yaml" in message
    assert field in refused.value.where
    assert problem.lower() in refused.value.problem.lower()
    assert remedy in refused.value.remedy


@pytest.mark.parametrize("text", ["name: [unclosed", "a: b: c", "- a\n- list", "just text", ""])
def test_file_that_is_no_yaml_mapping_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"broken\.yaml"):
        load(file)


def test_name_that_differs_from_the_path_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("contracts.loader.ROOT", tmp_path)
    monkeypatch.setattr("contracts.loader.code_lists", lambda: frozenset({"sex"}))
    with pytest.raises(ContractError, match="differs from the file's path"):
        load(_written(tmp_path, GOOD))
