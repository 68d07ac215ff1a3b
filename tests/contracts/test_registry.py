"""The registry of rules: one entry per rule, its functions, its codes with their meanings, and the list of rules in docs/rules.md."""

from __future__ import annotations

import os
from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts.refused import ROOT
from contracts.registry import COLUMN_OPTIONS, EVERY_RULE, ROW_RULES, RULES_AT_TABLE, Level, agree, at_level, meanings
from standards.rules import Options, parse
from tests.standards.corpus import functions

LIST = ROOT.parent / "docs" / "rules.md"
HEAD = """# Rules a contract can name

Written from `contracts/registry.py` by `UPDATE_SNAPSHOTS=1` and `tests/contracts/test_registry.py`; change the registry, not this page.

## Rules of a column

Every delivered column names one. Settings of every column: {settings}. Columns in brackets are derived only when the contract asks for
them.

| rule | reads | type | level | derives | settings | codes |
|---|---|---|---|---|---|---|
"""
AT_TABLE = """
## Rules at the table

`rowRules` compare columns of one row, `tableRules` compare rows. All options are required.

| rule | stated under | does | columns | options | codes |
|---|---|---|---|---|---|
"""
CODES = """
## Codes

`E_`: the value is NULL, and in a key or required column the row goes to quarantine. `W_`: a warning. `F_`: a repair.

| code | meaning | 含义 |
|---|---|---|
"""


def _row(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n"


def _list() -> str:
    text = HEAD.format(settings=", ".join(f"`{o}`" for o in COLUMN_OPTIONS[1:]))
    for r in ROW_RULES.values():
        derived = ", ".join(f"`…_{c.suffix}`" if c.usual else f"(`…_{c.suffix}`)" for c in r.companions)
        text += _row(
            f"`{r.name}`", r.reads, r.type or "stated", r.classification or "stated", derived, ", ".join(r.options), " ".join(r.codes)
        )
    text += AT_TABLE
    for level in Level:
        for t in at_level(level).values():
            count = f"{t.columns[0]}" if len(set(t.columns)) == 1 else f"{t.columns[0]}–{t.columns[1]}"
            text += _row(f"`{t.name}`", level, t.does, count, ", ".join(o.name for o in t.options), " ".join(t.codes))
    return text + CODES + "".join(_row(f"`{code}`", m.english, m.chinese) for code, m in sorted(meanings().items()))


def test_the_list_of_rules_in_the_docs_follows_from_the_registry() -> None:
    if os.environ.get("UPDATE_SNAPSHOTS"):
        LIST.write_text(_list(), encoding="utf-8")
    assert LIST.read_text(encoding="utf-8") == _list()


def test_errors_say_what_to_do_in_both_languages() -> None:
    for code, meaning in meanings().items():
        assert meaning.english, code
        assert meaning.chinese, code
        if code.startswith("E_"):
            assert meaning.remedy_english, code
            assert meaning.remedy_chinese, code


@pytest.mark.parametrize("rule", sorted(ROW_RULES))
def test_a_rule_gives_only_its_registered_codes(spark: SparkSession, rule: str) -> None:
    found: set[str] = set()
    for values, options in functions.RULES[rule]:
        frame = spark.createDataFrame([(v,) for v in values], "raw string")
        asked = Options(**{"business_date": F.lit(date(2019, 12, 31)), **options})
        parsed = parse(frame, {"p": (rule, "raw", asked)}).select(F.explode(F.split("p.codes", ",")).alias("code")).distinct()
        found |= {row["code"] for row in parsed.collect()}
    assert found - {*ROW_RULES[rule].codes, *EVERY_RULE} == set()


def test_an_entry_without_a_function_and_a_function_without_an_entry_are_refused() -> None:
    with pytest.raises(ValueError, match=r"quality/x\.py: nothing for \['order'\], and \['ordr'\] are not in contracts/registry\.py"):
        agree("quality/x.py", ["past", "ordr"], ["past", "order"])


def test_names_of_rules_are_unique_over_both_levels() -> None:
    assert len(at_level(Level.ROW)) + len(at_level(Level.TABLE)) == len(RULES_AT_TABLE)
    assert set(RULES_AT_TABLE).isdisjoint(ROW_RULES)


def test_companions_are_named_after_their_source() -> None:
    names = {
        rule: [c.name(source) for c in ROW_RULES[rule].companions] for rule, source in (("identity", "id_no"), ("person_name", "name"))
    }
    assert names == {"identity": ["id_no_raw", "id_no_error"], "person_name": ["name_key"]}
    (county,) = ROW_RULES["division"].companions
    assert [county.name(s) for s in ("village_code12", "hukou_div", "town")] == ["village_county", "hukou_county", "town_county"]
