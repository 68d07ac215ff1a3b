"""Every figure of the theme is that which the formulas give when they are followed by hand, for each county and the city."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import quantiles
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.indicators import counted
from assets.indicators.table import IndicatorTable
from assets.themes.government_services.indicator import INDICATORS
from assets.themes.government_services.months import nearest_rank
from tests.frames import frame
from tests.government_services.by_hand import FORMULAS, figures
from tests.government_services.chain import theme
from tests.touch.counter import Counter

AS_OF = date(2019, 12, 31)
UNITS = {"mean_workdays": Decimal(1), "letter_hours": Decimal(1) / 60}


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter(16, cases=150)


@pytest.fixture(scope="module")
def tables(spark: SparkSession, counter: Counter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    rows = {name.rpartition("/")[2]: said for name, said in counter.rows.items()}
    here, numbers = tmp_path_factory.mktemp("figures"), iter(range(1000))

    def write(found: DataFrame) -> DataFrame:
        where = str(here / str(next(numbers)))
        found.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    made = theme(spark, write, AS_OF, **rows)
    wanted = ("indicator", "department_month", "item_month", "case")
    return {name: [r.asDict() for r in made[name].collect()] for name in wanted}


@pytest.fixture(scope="module")
def delivered(spark: SparkSession, counter: Counter) -> dict[str, list[Any]]:
    return {n.rpartition("/")[2]: [r.asDict() for r in frame(spark, n, rows).collect()] for n, rows in counter.rows.items()}


def test_every_indicator_of_counties_and_city(tables: dict[str, list[Any]], delivered: dict[str, list[Any]]) -> None:
    hand = figures(delivered, AS_OF)
    found = {(r["indicator"], r["period_kind"], r["period"], r["div_code"]): r for r in tables["indicator"]}
    assert {name for name, *_ in found} == set(FORMULAS)
    wrong = {}
    for key, row in found.items():
        above, below = hand.rate(*key)
        scale = UNITS.get(key[0], Decimal(100))
        value = (scale * above / below).quantize(Decimal("0.01"), ROUND_HALF_UP) if below else None
        if (row["numerator"], row["denominator"], row["value"]) != (above, below, value):
            wrong[key] = (row["numerator"], row["denominator"], row["value"], above, below, value)
    assert wrong == {}
    counted_by_hand = {(kind, period, division) for (kind, period, division, _), n in hand.counts.items() if n}
    assert {key[1:] for key in found} >= counted_by_hand, "no figure is missing"
    assert {division for *_, division in counted_by_hand} == {"321000", "321002", "321003", "000000"}
    seen = {key[0] for key in found if key[-1] == "321000" and hand.rate(*key)[0]}
    assert seen == set(FORMULAS), "every formula counts something in this city"


def test_months_of_departments_have_the_medians_of_their_cases(tables: dict[str, list[Any]]) -> None:
    taken: dict[tuple[str, str], list[int]] = {}
    for case in tables["case"]:
        if case["counts"] and case["workdays"] is not None:
            taken.setdefault((case["department"] or "UNKNOWN", f"{case['finish_date']:%Y-%m}"), []).append(case["workdays"])
            taken.setdefault(("ALL", f"{case['finish_date']:%Y-%m}"), []).append(case["workdays"])
    months = {(r["department"], r["month"]): r for r in tables["department_month"] if r["div_code"] == "321000"}
    for key, days in taken.items():
        ordered = sorted(days)
        rank = {p: ordered[-(-len(ordered) * p // 100) - 1] for p in (50, 90)}
        assert (months[key]["median_workdays"], months[key]["p90_workdays"], months[key]["workdays_total"]) == (
            rank[50],
            rank[90],
            sum(days),
        )
    of_items: dict[str, int] = {}
    for r in tables["item_month"]:
        of_items[r["month"]] = of_items.get(r["month"], 0) + r["finished"] + r["left_open"]
    assert {m: n for m, n in of_items.items() if n} == {
        m: r["finished"] + r["left_open"] for (d, m), r in months.items() if d == "ALL" and r["finished"] + r["left_open"]
    }


def test_the_published_rate_of_gaoyou(spark: SparkSession) -> None:
    """January to May 2018: 140,736 of 141,612 cases finished, 99.38 %, published as 99.4 %."""
    rows = spark.createDataFrame(
        [("321084", 1, 100_000, 100_000), ("321084", 5, 40_736, 41_612)], "county string, m int, done int, came int"
    )
    of = {"clean": {"finished": F.sum("done"), "accepted": F.sum("came")}}
    day = F.make_date(F.lit(2018), F.col("m"), F.lit(1))
    kinds = [counted(rows, of, division=F.col("county"), period_kind=kind, day=day) for kind in ("month", "year")]
    alone = IndicatorTable(INDICATORS.version, {"finish_rate": INDICATORS.indicators["finish_rate"]}, {})
    year = {r.div_code: r for r in alone.rows(*kinds).where("period_kind = 'year'").collect()}
    assert {code: (r.numerator, r.denominator, r.value) for code, r in year.items()} == {
        code: (140_736, 141_612, Decimal("99.38")) for code in ("321084", "321000")
    }


def test_the_nearest_rank_is_a_value_of_the_list(spark: SparkSession) -> None:
    lists: list[list[int]] = [[], [7], [1, 2], [3, 1, 2], list(range(1, 11)), list(range(1, 12)), [5] * 9 + [100]]
    rows = spark.createDataFrame([(i, values) for i, values in enumerate(lists)], "i int, v array<int>")
    found = {
        r.i: (r.a, r.b)
        for r in rows.select("i", nearest_rank(F.col("v"), 50).alias("a"), nearest_rank(F.col("v"), 90).alias("b")).collect()
    }
    assert found == {0: (None, None), 1: (7, 7), 2: (1, 2), 3: (2, 3), 4: (5, 9), 5: (6, 10), 6: (5, 5)}
    assert all(found[i][0] <= quantiles(values, n=2, method="inclusive")[0] for i, values in enumerate(lists) if len(values) > 1)
