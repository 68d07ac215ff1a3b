"""Short contracts: what a line expands to, what comes from the field dictionaries, what is refused and how."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from contracts import ContractError, SourceContract, load_all
from contracts.loader import expanded, files, load
from contracts.model import Check
from contracts.refused import ROOT
from contracts.short import fields
from pipelines.cli.main import app
from tests.refusals import refused_with

GOOD: dict[str, Any] = {
    "name": "cleansed/health/thing", "version": "1.0.0", "title": "事项", "purpose": "Things.", "sla": {"frequency": "1 d"},
    "delivery": {"format": "csv", "mode": "full", "sequence": ["update_time"]}, "key": ["no"],
    "columns": {
        "no": {"title": "编号", "rule": "identifier", "class": "L2"},
        "id_no": "证件号码",
        "doctor_name": {"field": "name", "title": "医生", "source": "doctor"},
        "sbp": {"required": True},
        "site": {"title": "地点", "rule": "address", "companions": ["level"]},
        "update_time": {"required": True},
    },
}  # fmt: skip
DERIVED: dict[str, Any] = {
    "name": "themes/health/thing", "version": "1.0.0", "title": "事项", "purpose": "Things.", "key": ["id_no"],
    "inputs": {"archive": "cleansed/health/archive", "visit": "cleansed/health/outpatient_visit", "both": ["archive", "visit"]},
    "origins": {"dates": {"archive": ["birth_date", "dead_date"], "visit": "visit_time"}},
    "columns": {
        "id_no": {"description": "As delivered", "from": "both.id_no"},
        "last": {"title": "最近", "description": "Last visit", "type": "date", "class": "L3", "from": ["visit.visit_no", "dates"]},
        "state": {"description": "State", "type": "string", "class": "L1", "values": {"A": "active"}, "how": "By rule"},
    },
}  # fmt: skip
RATES: dict[str, Any] = {
    "name": "themes/health/indicator", "version": "1.0.0", "shape": "indicator", "title": "指标", "purpose": "Rates.",
    "inputs": {"archive": "cleansed/health/archive"}, "origins": {"counted": {"archive": ["status", "birth_date"]}},
    "columns": {"indicator": {"values": {"rate": "率"}}, "numerator": "人数", "denominator": {"from": "archive.status", "range": None}},
}  # fmt: skip
Change = Callable[[dict[str, Any]], Any]
GATE = {"sql": "SELECT count(*) FROM {table} WHERE last IS NULL", "must_be": 0, "says": "all have a date"}


def _gate(**settings: Any) -> Change:
    return lambda c: c.update(gates={"dated": GATE | settings})


def written(folder: Path, contract: dict[str, Any]) -> Path:
    file = folder / "thing.yaml"
    file.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def column(full: dict[str, Any], name: str) -> dict[str, Any]:
    return next(p for p in full["schema"][0]["properties"] if p["name"] == name)


def test_a_source_takes_types_levels_and_companions_from_rules_and_dictionaries(tmp_path: Path) -> None:
    contract = load(written(tmp_path, GOOD))
    assert isinstance(contract, SourceContract)
    assert [(c.name, c.title, c.source, c.physical_type, c.classification) for c in contract.columns] == [
        ("no", "编号", "编号", "string", "L2"),
        ("id_no", "证件号码", "证件号码", "string", "L3"),
        ("id_no_raw", "证件号码(原值)", None, "string", "L3"),
        ("id_no_error", "证件号码(错误)", None, "string", "L1"),
        ("doctor_name", "医生", "doctor", "string", "L3"),
        ("doctor_name_key", "医生(比对键)", None, "string", "L3"),
        ("sbp", "收缩压", "收缩压", "int", "L3"),
        ("site", "地点", "地点", "string", "L3"),
        ("site_level", "地点(层级)", None, "int", "L1"),
        ("update_time", "更新时间", "更新时间", "timestamp_ntz", "L1"),
    ]
    pressure = contract.column("sbp")
    assert (pressure.minimum, pressure.maximum, pressure.other_units, pressure.unit) == (30, 320, (("kPa", 7.5),), "mmHg")
    assert (contract.key, contract.column("no").required, pressure.required) == (("no",), True, True)
    assert (contract.owner, contract.owner_title) == ("health", "Health Commission (卫生健康委员会)")
    assert [(c.name, c.comparison, c.value) for c in contract.checks] == [("rowCount", "mustBeGreaterThan", 0)]


def test_a_gate_in_sql_becomes_a_quality_line_of_the_standard_next_to_the_number_of_rows(tmp_path: Path) -> None:
    query = "SELECT count(*) FROM {table} WHERE last IS NULL"
    gates = {"dated": {"sql": query, "must_be_less_than": 3, "says": "nearly all have a date", "severity": "warning"}}
    file = written(tmp_path, {**DERIVED, "gates": gates})
    assert expanded(file)["schema"][0]["quality"][1] == {
        "type": "sql", "name": "dated", "description": "nearly all have a date", "query": query, "mustBeLessThan": 3, "severity": "warning",
    }  # fmt: skip
    rows, dated = load(file).checks
    assert rows.metric == "rowCount"
    assert dated == Check("sql", "mustBeLessThan", 3, False, "dated", query, "nearly all have a date")


def test_a_derived_table_takes_no_rules_and_names_its_origins_by_input(tmp_path: Path) -> None:
    contract = load(written(tmp_path, DERIVED))
    assert not isinstance(contract, SourceContract)
    assert [c.rule for c in contract.columns] == [None, None, None]
    assert (contract.column("id_no").title, contract.column("id_no").classification) == ("公民身份号码", "L3")
    assert contract.column("id_no").derived_from == ("cleansed/health/archive.id_no", "cleansed/health/outpatient_visit.id_no")
    assert contract.column("last").derived_from == (
        "cleansed/health/outpatient_visit.visit_no", "cleansed/health/archive.birth_date", "cleansed/health/archive.dead_date",
        "cleansed/health/outpatient_visit.visit_time",
    )  # fmt: skip
    assert (contract.column("state").valid_values, contract.column("state").title) == (("A",), "state")


def test_a_derived_column_has_the_code_list_that_it_or_its_field_states(tmp_path: Path) -> None:
    contract = copy.deepcopy(DERIVED)
    contract["columns"] |= {
        "sex": {"type": "string", "class": "L1", "codes": "sex", "from": "archive.sex_code"},
        "section": {"from": "archive.ehr_no"},
        "currency": {"type": "string", "from": "archive.ehr_no"},
    }
    found = {c.name: (c.code_list, c.rule) for c in load(written(tmp_path, contract)).columns}
    assert {n: found[n] for n in ("sex", "section", "currency")} == {
        "sex": ("sex", None), "section": ("industry_section", None), "currency": (None, None),
    }  # fmt: skip


def test_a_unit_is_a_property_of_its_own_in_every_layer(tmp_path: Path) -> None:
    """And what a column is stays without it."""
    contract = copy.deepcopy(DERIVED)
    contract["columns"]["height"] = {"description": "Mean", "unit": "m", "type": "double", "class": "L1", "from": "archive.ehr_no"}
    file = written(tmp_path, contract)
    assert column(expanded(file), "height")["customProperties"] == [{"property": "unit", "value": "m"}]
    height = load(file).column("height")
    assert (height.description, height.unit) == ("Mean", "m")
    delivered = column(expanded(written(tmp_path, GOOD)), "sbp")
    assert {"property": "unit", "value": "mmHg"} in delivered["customProperties"]
    assert "description" not in delivered


def test_a_table_of_a_shape_states_only_what_differs(tmp_path: Path) -> None:
    contract, shipped = load(written(tmp_path, RATES)), load_all()["themes/health/indicator"]
    assert [(c.name, c.physical_type, c.classification) for c in contract.columns] == [
        (c.name, c.physical_type, c.classification) for c in shipped.columns
    ]
    assert contract.key == shipped.key == ("indicator", "period_kind", "period", "div_code", "basis")
    assert contract.column("indicator").valid_values == ("rate",)
    above, below = contract.column("numerator"), contract.column("denominator")
    assert (above.title, above.minimum, above.required) == ("人数", 0, True)
    assert above.derived_from == ("cleansed/health/archive.status", "cleansed/health/archive.birth_date")
    assert (below.minimum, below.derived_from) == (None, ("cleansed/health/archive.status",))


def test_a_table_of_a_shape_may_have_columns_of_its_own(tmp_path: Path) -> None:
    more = {**RATES, "columns": {"remark": {"title": "备注", "type": "string", "class": "L1", "from": "archive.status"}}}
    names = [c.name for c in load(written(tmp_path, more)).columns]
    assert (names[0], names[-1]) == ("remark", "rule_version"), "its own come first"


def test_a_column_drops_what_it_does_not_take_from_the_dictionary(tmp_path: Path) -> None:
    contract = copy.deepcopy(GOOD)
    contract["columns"]["sbp"] = {"unit": None, "range": None}
    pressure = load(written(tmp_path, contract)).column("sbp")
    assert (pressure.unit, pressure.minimum, pressure.maximum, pressure.title) == ("", None, None, "收缩压")


def test_both_forms_and_every_layout_of_a_contract_have_one_digest(tmp_path: Path) -> None:
    for file in files():
        full = tmp_path / "full.yaml"
        full.write_text("# a comment\n" + yaml.safe_dump(expanded(file), allow_unicode=True), encoding="utf-8")
        assert load(full).digest == load(file).digest, file
    changed = copy.deepcopy(GOOD)
    changed["columns"]["no"]["class"] = "L3"
    assert load(written(tmp_path, GOOD)).digest != load(written(tmp_path, changed)).digest


def test_every_field_of_the_dictionaries_is_used() -> None:
    text = "\n".join(f.read_text(encoding="utf-8") for f in files())
    assert [name for name in fields() if f"{name}:" not in text and f"field: {name}" not in text] == []


def test_a_contract_is_printed_and_exported_in_full(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["contract", "health/archive"])
    assert shown.exception is not None
    shown = CliRunner().invoke(app, ["contract", "cleansed/health/archive"])
    assert yaml.safe_load(shown.stdout) == expanded(ROOT / "cleansed/health/archive.yaml")
    assert CliRunner().invoke(app, ["contract", "--export", str(tmp_path)]).exit_code == 0
    assert {f.relative_to(tmp_path).with_suffix("").as_posix() for f in tmp_path.rglob("*.yaml")} == set(load_all())
    for name, contract in load_all().items():
        assert load(tmp_path / f"{name}.yaml").digest == contract.digest


def test_the_contract_in_the_docs_is_one(tmp_path: Path) -> None:
    page = (ROOT.parent / "docs" / "new-table.md").read_text(encoding="utf-8")
    file = tmp_path / "cremation.yaml"
    (text,) = [t for t in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if t.startswith("name: cleansed/civil_affairs/cremation")]
    file.write_text(text, encoding="utf-8")
    contract, shipped = load(file), load_all()["cleansed/civil_affairs/cremation"]
    assert {c.name for c in contract.columns} < {c.name for c in shipped.columns}


BROKEN: dict[str, tuple[Change, str, str, str]] = {
    "misspelt setting of the table": (lambda c: c.update(tilte="x"), "contract", "unknown settings ['tilte']", "Use only: name, version"),
    "misspelt setting of a column": (
        lambda c: c["columns"]["no"].update(requierd=True), "column 'no'", "unknown settings ['requierd']", "Use only: title",
    ),
    "no version": (lambda c: c.pop("version"), "version", "is missing", "Add it"),
    "no purpose": (lambda c: c.pop("purpose"), "purpose", "is missing", "Add it"),
    "columns as a list": (lambda c: c.update(columns=["no"]), "contract, columns", "is ['no']", "Write settings: {a: b}"),
    "name of two parts": (lambda c: c.update(name="cleansed/thing"), "name", "not layer/domain/table", "Write all three parts"),
    "unknown owner": (lambda c: c.update(owner="helth"), "owner", "'helth' is not known", "Use one of: big_data"),
    "unknown field": (lambda c: c["columns"].update(x={"field": "nmae"}), "column 'x', field", "'nmae' is not known", "Use one of"),
    "column that says nothing and is in no dictionary": (
        lambda c: c["columns"].update(x={}), "column 'x'", "has neither a rule nor a type", "Name a field of contracts/fields",
    ),
    "column without settings": (lambda c: c["columns"].update(sbp=None), "column 'sbp'", "is None", "Write settings: {a: b}"),
    "no level": (lambda c: c["columns"]["no"].pop("class"), "column 'no', classification", "None is not known", "L1, L2, L3, L4"),
    "type nobody knows": (
        lambda c: c["columns"]["sbp"].update(type="integer"), "column 'sbp', type", "'integer' is not known", "Use one of: string",
    ),
    "key without a column": (lambda c: c.update(key=["nr"]), "key", "'nr' is not known", "Use one of: no, id_no"),
    "unknown companion": (
        lambda c: c["columns"]["site"].update(companions=["lvel"]),
        "column 'site', companions", "'lvel' is not known", "Use one of: key, level",
    ),
    "range of one number": (
        lambda c: c["columns"]["sbp"].update(range=[1]), "column 'sbp', range", "is [1]", "Write [least, most]",
    ),
    "cadence without a unit": (lambda c: c.update(sla={"frequency": 1}), "sla, frequency", "is 1", "Write a count and a unit: 1 d"),
    "aliases as a text": (
        lambda c: c["columns"]["no"].update(aliases="流水号"), "column 'no', aliases", "is '流水号'", "Write a list of names",
    ),
    "width in words": (
        lambda c: c["columns"]["no"].update(width="ten"), "column 'no', width", "is 'ten'", "Write a whole number from 1 on",
    ),
    "factor in words": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": "seven"}),
        "column 'sbp', other_units", "is {'kPa': 'seven'}", "Write units and factors",
    ),
    "factor of nothing": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": 0}),
        "column 'sbp', otherUnits", "no number of kPa is 0.0", "Write a factor above 0 with at most 19 digits",
    ),
    "factor below nothing": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": -7.5}),
        "column 'sbp', otherUnits", "no number of kPa is -7.5", "Write a factor above 0 with at most 19 digits",
    ),
    "factor without end": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": float("inf")}),
        "column 'sbp', otherUnits", "no number of kPa is inf", "Write a factor above 0 with at most 19 digits",
    ),
    "factor that is no number": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": float("nan")}),
        "column 'sbp', otherUnits", "no number of kPa is nan", "Write a factor above 0 with at most 19 digits",
    ),
    "factor of twenty digits": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": 1e19}),
        "column 'sbp', otherUnits", "no number of kPa is 1e+19", "Write a factor above 0 with at most 19 digits",
    ),
    "factor of nineteen places": (
        lambda c: c["columns"]["sbp"].update(other_units={"kPa": 1e-19}),
        "column 'sbp', otherUnits", "no number of kPa is 1e-19", "Write a factor above 0 with at most 19 digits",
    ),
    "unknown header": (lambda c: c.update(header="chinese"), "header", "'chinese' is not known", "Use one of: title, name"),
}  # fmt: skip
BROKEN_DERIVED: dict[str, tuple[Change, str, str, str]] = {
    "unknown input": (
        lambda c: c["columns"]["id_no"].update({"from": "archiv.id_no"}),
        "column 'id_no', from, input", "'archiv' is not known", "Use one of: archive, visit, both",
    ),
    "neither input nor group": (
        lambda c: c["columns"]["id_no"].update({"from": "date"}),
        "column 'id_no', from", "'date' is neither input.column nor a group", "Use one of: dates",
    ),
    "group of origins that names itself": (
        lambda c: c["origins"].update(dates=["dates"]),
        "origins, dates", "'dates' is neither input.column nor a group", "Use one of",
    ),
    "input that no column uses": (
        lambda c: c["inputs"].update(death="base/population/death"),
        "inputs, death", "no column comes from base/population/death", "Remove it, or name it in `from` of a column",
    ),
    "gate without a query": (_gate(sql=None), "quality of the table, 'dated', query", "is missing", "Add it"),
    "gate without a sentence": (_gate(says=None), "quality of the table, 'dated', description", "is missing", "Add it"),
    "gate without a comparison": (_gate(must_be=None), "quality of the table, 'dated'", "has 0 comparisons", "Give exactly one of"),
    "gate with a misspelt setting": (_gate(mustBe=0), "gates, 'dated'", "unknown settings ['mustBe']", "Use only: says, sql, severity"),
    "gate that must be a text": (_gate(must_be="0"), "gates, 'dated', must_be", "is '0'", "Write a number"),
    "gate that does not read the table": (
        _gate(sql="SELECT count(*) FROM thing"), "quality of the table, 'dated', query", "does not read the table", "as {table}",
    ),
    "gate that is called like another": (
        lambda c: c.update(gates={"rowCount": GATE}), "quality of the table, 'rowCount'", "not a lower-case identifier", "Use lower-case",
    ),
    "rule of a derived column": (
        lambda c: c["columns"]["last"].update(rule="date"), "column 'last'", "has delivery settings ['rule']", "Remove them",
    ),
}  # fmt: skip


BROKEN_SHAPE: dict[str, tuple[Change, str, str, str]] = {
    "unknown shape": (lambda c: c.update(shape="indicators"), "shape", "'indicators' is not known", "Use one of: indicator"),
    "column of the shape without settings": (
        lambda c: c["columns"].update(unit=None), "column 'unit'", "is None", "Write settings: {a: b}",
    ),
    "nothing said of what is counted": (
        lambda c: c.pop("origins"), "column 'div_code', from", "'counted' is neither input.column nor a group", "Use one of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", [*BROKEN, *BROKEN_DERIVED, *BROKEN_SHAPE])
def test_broken_short_contract_is_refused_with_file_field_and_remedy(wrong: str, tmp_path: Path) -> None:
    change, field, problem, remedy = (BROKEN | BROKEN_DERIVED | BROKEN_SHAPE)[wrong]
    contract = copy.deepcopy(GOOD if wrong in BROKEN else DERIVED if wrong in BROKEN_DERIVED else RATES)
    change(contract)
    with refused_with("thing.yaml", field, problem, remedy):
        load(written(tmp_path, contract))


@pytest.mark.parametrize("factor", [10_000, 1e18, 1e-18, 0.055556])
def test_factors_that_engines_can_compute_with(factor: float, tmp_path: Path) -> None:
    contract = copy.deepcopy(GOOD)
    contract["columns"]["sbp"].update(other_units={"kPa": factor})
    assert dict(load(written(tmp_path, contract)).column("sbp").other_units) == {"kPa": factor}


def test_a_column_may_be_called_no(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    file.write_text(file.read_text(encoding="utf-8").replace("'no'", "no"), encoding="utf-8")
    assert load(file).key == ("no",)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    file.write_text(file.read_text(encoding="utf-8").replace("  sbp:", "  no:"), encoding="utf-8")
    with pytest.raises(ContractError, match=r"line 1?[0-9]: 'no' is there twice"):
        load(file)
