"""Gates and invariants hold of tables that the theme makes, and fail when a figure is another one; explanations lead to delivered rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

import assets.themes.industry as theme
from assets.invariants import Invariant, read_invariants
from assets.themes.industry.explain import explain_entity_month, explain_land_class, explain_park_month
from contracts.loader import load
from contracts.queries import TABLE, tables_of, with_names
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from quality.gates import check
from standards.codes import code_list
from tests.industry.figures import AS_OF
from tests.touch.chain import Tables

INVARIANTS = {i.name: i for i in read_invariants(Path(theme.__file__).with_name("invariants.yaml"))}
MONTH, YEAR, TAXES = "themes/industry/entity_month", "themes/industry/land_efficiency_year", "themes/industry/tax_month"


class Release:
    """The tables of a test, as an invariant reads them."""

    as_of, thorough, test_divisions = AS_OF, False, True

    def __init__(self, spark: SparkSession, tables: Tables) -> None:
        self.spark, self.tables = spark, tables

    def frame(self, table: str, version: int | None = None) -> DataFrame:
        return self.tables[table]

    def versions(self, table: str) -> list[int]:
        return [1]

    def sql(self, query: str) -> list[Row]:
        for table in tables_of(query):
            self.tables[table].createOrReplaceTempView(table.replace("/", "_"))
        return self.spark.sql(with_names(query, lambda table: table.replace("/", "_"))).collect()


def failed_gates(table: str, rows: DataFrame, lake: Tables) -> list[str]:
    """The blocking gates that the rows of a table do not pass."""
    contract = load(ROOT / f"{table}.yaml")
    lists = {c.code_list: tuple(code_list(c.code_list)) for c in contract.columns if c.code_list}
    return [
        g.name
        for g in check(contract, conform(contract, rows), lists, read=lambda name: rows if name == TABLE else lake[name])
        if g.blocking and not g.passed
    ]


def test_gates_hold(lake: Tables) -> None:
    names = [name for name in lake if name.startswith("themes/industry/")]
    assert len(names) == 17
    assert {name: failed_gates(name, lake[name], lake) for name in names} == {name: [] for name in names}


def test_gates_see_what_does_not_add_up(lake: Tables) -> None:
    less = lake[TAXES].withColumn("amount", F.col("amount") - 1)
    assert failed_gates(TAXES, less, lake)
    best = lake[YEAR].withColumn("land_class", F.when(F.col("land_class").isNotNull(), "A"))
    assert failed_gates(YEAR, best, lake)
    counted = lake["themes/industry/entity_division_month"]
    assert failed_gates("themes/industry/entity_division_month", counted.withColumn("deaths", F.col("deaths") + 1), lake)


def test_invariants_hold(spark: SparkSession, lake: Tables) -> None:
    release = Release(spark, lake)
    assert {name: i.find(release).count for name, i in INVARIANTS.items()} == dict.fromkeys(INVARIANTS, 0)


@pytest.fixture
def broken(spark: SparkSession, lake: Tables) -> Callable[[Invariant, str, str, Any], int]:
    """Counts the violations of an invariant when a table of the lake has another value in a column."""

    def violations(invariant: Invariant, table: str, column: str, value: Any) -> int:
        return invariant.find(Release(spark, {**lake, table: lake[table].withColumn(column, value)})).count

    return violations


def test_invariants_see_what_does_not_follow(broken: Any) -> None:
    assert broken(INVARIANTS["living_entities_counted"], "themes/industry/entity_division_month", "alive", F.col("alive") + 1) > 0
    assert broken(INVARIANTS["taxes_of_entities_are_their_taxpayers"], MONTH, "tax_yuan", F.lit(Decimal("1.00"))) > 0
    assert broken(INVARIANTS["electricity_of_entities_is_their_accounts"], MONTH, "kwh", F.lit(Decimal("1.00"))) > 0
    assert broken(INVARIANTS["class_from_the_weighted_rank"], YEAR, "score", F.col("score") + 1) > 0
    assert broken(INVARIANTS["payments_of_taxpayers_are_counted"], "themes/industry/taxpayer_month", "vouchers", F.lit(1)) > 0
    assert broken(INVARIANTS["reports_in_one_unit"], "themes/industry/report_month", "flags", F.array(F.lit("UNIT"))) > 0
    park, members = "themes/industry/park_month", "themes/industry/park_member"
    assert broken(INVARIANTS["parks_within_the_city"], park, "enterprises", F.lit(1000)) > 0
    assert broken(INVARIANTS["parks_within_the_city"], MONTH, "kwh", F.lit(0)) > 0
    assert broken(INVARIANTS["taxes_of_parks_are_those_of_their_enterprises"], park, "tax_yuan", F.col("tax_yuan") + 1) > 0
    assert broken(INVARIANTS["no_firm_counts_in_two_parks_at_a_time"], members, "counts", F.col("listed")) > 0
    trade, rates = "themes/industry/trade_month", "cleansed/commerce/exchange_rate"
    assert broken(INVARIANTS["trade_in_yuan_by_the_rate_of_its_month"], trade, "exports_yuan", F.col("exports_yuan") + 1) > 0
    assert broken(INVARIANTS["trade_in_yuan_by_the_rate_of_its_month"], rates, "rate", F.lit(Decimal("1.0000"))) > 0
    assert broken(INVARIANTS["industries_make_the_entities"], "themes/industry/industry_month", "alive", F.lit(7)) > 0


def test_explanations_lead_to_delivered_rows(lake: Tables) -> None:
    rows = {name: [r.asDict() for r in frame.collect()] for name, frame in lake.items()}

    def read(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        return [r for r in rows[table] if all(r[c] == v for c, v in equal.items())]

    codes = {e["entity_uid"]: e["uscc"] for e in rows["base/legal_entity/entity"] if e["uscc"]}
    paying = [row for row in rows[MONTH] if row["tax_yuan"] is not None and row["entity_uid"] in codes]
    assert len(paying) > 40
    for row in paying[::10]:
        (told,) = explain_entity_month(read, f"{codes[row['entity_uid']]}|{row['month']}")
        assert told == explain_entity_month(read, f"{row['entity_uid']}|{row['month']}")[0]
        assert sum(v["amount"] for v in told.facts["vouchers"]) == row["tax_yuan"]
        assert all(v["file"] and v["line"] for v in told.facts["vouchers"])
        assert told.title.endswith(", active" if row["active"] else ", not active")
        kwh = [f[2] for f in told.facts["figures"] if f[0] == "electricity"]
        assert sum(kwh) == (row["kwh"] or 0)
    for row in rows[YEAR]:
        for told in explain_land_class(read, f"{row['entity_uid']}|{row['year']}"):
            assert sum(p["m2"] or 0 for p in told.facts["parcels"]) == row["area_m2"]
            assert len(told.facts["reports"]) == row["reports"]
            if row["land_class"]:
                assert sum(m["points"] for m in told.facts["metrics"]) == row["score"]
                assert f"class {row['land_class']}, place {row['place']} of {row['evaluated']}" in told.title
    for row in rows["themes/industry/park_month"][::5]:
        (told,) = explain_park_month(read, f"{row['park_code']}|{row['month']}")
        assert sum(f["tax_yuan"] or 0 for f in told.facts["enterprises"]) == row["tax_yuan"]
        assert sum(f["alive"] for f in told.facts["enterprises"]) == row["enterprises"]
        assert len([d for d in told.facts["differences"] if "NOT_LISTED" in d["flags"]]) >= row["unlisted"]
    assert explain_park_month(read, "K1|201001") == []
    assert explain_land_class(read, "nobody|2019") == explain_land_class(read, "u1|last year") == explain_entity_month(read, "x") == []
