"""Indicators of a theme that is nothing but counts: periods, bases, divisions, rounding, targets; and tables that are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assets.declare import declared
from assets.indicators import INDICATOR, counted, read_indicators
from contracts import load_all
from contracts.loader import expanded
from contracts.refused import ROOT
from tests.refusals import refused_with

BUS: dict[str, Any] = {
    "version": "2.1",
    "counts": {
        "planned": {"zh": "班次", "en": "Trips"}, "on_time": {"zh": "准点班次", "en": "Trips on time"},
        "delay_s": {"zh": "晚点秒数", "en": "Seconds late"}, "complaints": {"zh": "投诉", "en": "Complaints"},
    },
    "defaults": {"periods": ["month"], "bases": ["clean"], "better": "higher", "source": "S41"},
    "indicators": {
        "punctuality": {
            "zh": "准点率", "en": "On time", "numerator": "on_time", "denominator": "planned", "unit": "%", "target": 62.5,
            "periods": ["day", "month"],
        },
        "delay": {
            "zh": "平均晚点", "en": "Mean delay", "numerator": "delay_s", "denominator": "planned", "unit": "min", "scale": "1/60",
            "target": 1.5, "better": "lower",
        },
        "complaint_rate": {
            "zh": "投诉率", "en": "Complaints", "numerator": "complaints", "denominator": "planned", "unit": "‰",
            "bases": ["raw", "clean"], "target": 0, "better": "lower",
        },
    },
}  # fmt: skip
EAST, WEST = "321002", "321003"
TRIPS = [
    *[(EAST, date(2019, 3, 1), on_time, 145, 0) for on_time in (True, True, True, False, False)],
    *[(EAST, date(2019, 3, 2), on_time, 0, -1) for on_time in (True, True, False)],
    *[(WEST, date(2019, 3, 2), False, 600, 1)] * 2,
    ("321000", date(2019, 4, 1), True, 0, 0),
    (None, date(2019, 4, 1), True, 0, 0),
]
"""County, day, on time, seconds late, complaints (negative: withdrawn)."""


def written(folder: Path, table: dict[str, Any]) -> Path:
    file = folder / "indicators.yaml"
    file.write_text(yaml.safe_dump(table, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


Row = dict[tuple[str, str, str, str], Any]


@pytest.fixture(scope="module")
def bus(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Row:
    trips = spark.createDataFrame(TRIPS, "county6 string, day date, on_time boolean, late_s int, complaints int")
    sums = {"planned": F.count(F.lit(1)), "on_time": F.count_if("on_time"), "delay_s": F.sum("late_s"), "complaints": F.sum("complaints")}
    raw = {"planned": F.count(F.lit(1)) * 10, "complaints": F.count_if(F.col("complaints") > 0)}
    table = read_indicators(written(tmp_path_factory.mktemp("bus"), BUS))
    place = {"division": F.col("county6"), "day": F.col("day")}
    daily = counted(trips, {"clean": sums}, period_kind="day", **place)
    monthly = counted(trips, {"clean": sums, "raw": raw}, period_kind="month", **place)
    made = table.rows(daily, monthly)
    assert tuple(made.columns) == INDICATOR
    found = made.collect()
    rows = {(r.indicator, r.period, r.div_code, r.basis): r for r in found}
    assert len(rows) == len(found)
    return rows


@pytest.mark.parametrize(
    ("row", "numerator", "denominator", "value", "state"),
    [
        (("punctuality", "2019-03-01", EAST, "clean"), 3, 5, "60.00", "NOT_MET"),
        (("punctuality", "2019-03", EAST, "clean"), 5, 8, "62.50", "MET"),
        (("punctuality", "2019-03-02", "321000", "clean"), 2, 5, "40.00", "NOT_MET"),
        (("punctuality", "2019-03", "321000", "clean"), 5, 10, "50.00", "NOT_MET"),
        (("punctuality", "2019-04", "000000", "clean"), 2, 2, "100.00", "MET"),
        (("delay", "2019-03", EAST, "clean"), 725, 8, "1.51", "NOT_MET"),
        (("delay", "2019-03", WEST, "clean"), 1200, 2, "10.00", "NOT_MET"),
        (("delay", "2019-04", "321000", "clean"), 0, 2, "0.00", "MET"),
        (("complaint_rate", "2019-03", EAST, "clean"), -3, 8, "-375.00", "MET"),
        (("complaint_rate", "2019-03", "321000", "raw"), 2, 100, "20.00", "NOT_MET"),
    ],
)
def test_values_are_made_of_sums(
    bus: Row, row: tuple[str, str, str, str], numerator: int, denominator: int, value: str, state: str
) -> None:
    """The city of March 2 is 2 of 5: the mean of its counties, two thirds and nothing, would be a third."""
    r = bus[row]
    assert (r.numerator, r.denominator, r.value, r.state, r.rule_version) == (numerator, denominator, Decimal(value), state, "2.1")


def test_only_the_periods_and_bases_of_an_indicator_are_made(bus: Row) -> None:
    made = {(r.indicator, r.period_kind, r.basis, r.unit) for r in bus.values()}
    assert made == {
        ("punctuality", "day", "clean", "%"), ("punctuality", "month", "clean", "%"), ("delay", "month", "clean", "min"),
        ("complaint_rate", "month", "clean", "‰"), ("complaint_rate", "month", "raw", "‰"),
    }  # fmt: skip
    assert {(r.div_code, r.div_level) for r in bus.values()} == {
        (EAST, "county"), (WEST, "county"), ("000000", "county"), ("321000", "city"),
    }  # fmt: skip


def test_a_half_is_rounded_up_and_a_target_is_held_against_the_exact_value(spark: SparkSession, tmp_path: Path) -> None:
    """29 of 20,000 are 0.145 %, which in binary is a little less; 89.995 % are shown as 90.00 % and miss 90 %."""
    table = copy.deepcopy(BUS)
    table["counts"] = {name: table["counts"][name] for name in ("planned", "on_time")}
    table["indicators"] = {"punctuality": table["indicators"]["punctuality"] | {"target": 90, "periods": ["year"]}}
    pairs = {
        (29, 20_000): "0.15",
        (1, 800): "0.13",
        (-1, 800): "-0.13",
        (17_999, 20_000): "90.00",
        (10**11, 3 * 10**11): "33.33",
        (5, 0): None,
    }
    places = {f"32{n:04d}": pair for n, pair in enumerate(pairs)}
    rows = spark.createDataFrame([(place, *pair) for place, pair in places.items()], "county6 string, a bigint, b bigint")
    sums = {"on_time": F.sum("a"), "planned": F.sum("b")}
    counts = counted(rows, {"clean": sums}, division=F.col("county6"), period_kind="year", day=F.lit(date(2019, 12, 31)))
    made = {r.div_code: r for r in read_indicators(written(tmp_path, table)).rows(counts).collect()}
    for place, pair in places.items():
        assert made[place].value == (Decimal(pairs[pair]) if pairs[pair] else None), pair
    assert {made[p].state for p, pair in places.items() if pair[0] != 5} == {"NOT_MET"}
    assert [made[p].state for p, pair in places.items() if pair[0] == 5] == ["EMPTY"]


def test_counts_and_table_must_be_of_one_mind(spark: SparkSession, tmp_path: Path) -> None:
    trips = spark.createDataFrame(TRIPS, "county6 string, day date, on_time boolean, late_s int, complaints int")
    given = {"planned": F.count(F.lit(1)), "on_time": F.count_if("on_time"), "delay_s": F.sum("late_s"), "cancelled": F.lit(0)}
    counts = counted(trips, {"clean": given}, division=F.col("county6"), period_kind="month", day=F.col("day"))
    with pytest.raises(ValueError, match="differ in: ") as refused:
        read_indicators(written(tmp_path, BUS)).rows(counts)
    assert str(refused.value).removeprefix("indicators.yaml and what is counted differ in: ").split(", ") == [
        "day clean on_time (not counted)", "day clean planned (not counted)", "month clean cancelled (not used)",
        "month clean complaints (not counted)", "month raw complaints (not counted)", "month raw planned (not counted)",
    ]  # fmt: skip


Change = Callable[[dict[str, Any]], Any]
BROKEN: dict[str, tuple[Change, str, str, str]] = {
    "unknown count": (
        lambda t: t["indicators"]["delay"].update(numerator="delay"),
        "indicator 'delay', numerator", "'delay' is not known", "planned, on_time",
    ),
    "count that nothing uses": (lambda t: t["counts"].update(stops="Stops"), "counts", "no indicator uses stops", "Remove it"),
    "count in one language": (lambda t: t["counts"].update(planned={"en": "Trips"}), "count 'planned'", "has no zh", "in both languages"),
    "no version": (lambda t: t.pop("version"), "version", "is missing", "Add it"),
    "version as a number": (lambda t: t.update(version=2.1), "file, version", "is 2.1", "Write a text"),
    "misspelt setting": (
        lambda t: t["indicators"]["delay"].update(tagret=1), "indicator 'delay'", "unknown settings ['tagret']", "Use only: zh, en",
    ),
    "misspelt default": (lambda t: t["defaults"].update(base=["raw"]), "defaults", "unknown settings ['base']", "Use only: zh, en"),
    "no direction and no source": (
        lambda t: [t["defaults"].pop(s) for s in ("better", "source")],
        "indicator 'punctuality'", "has no source, better", "to the defaults",
    ),
    "no scale of a unit that has none": (
        lambda t: t["indicators"]["delay"].pop("scale"), "indicator 'delay'", "has no scale", "Add it here or to the defaults",
    ),
    "permille times a hundred": (
        lambda t: t["indicators"]["complaint_rate"].update(scale=100),
        "indicator 'complaint_rate', scale", "is 100", "Write 1000, or leave it out",
    ),
    "scale of nothing": (lambda t: t["indicators"]["delay"].update(scale=0), "indicator 'delay', scale", "is 0", "Write one above 0"),
    "scale in words": (
        lambda t: t["indicators"]["delay"].update(scale="one sixtieth"),
        "indicator 'delay', scale", "'one sixtieth'", "a number or a ratio: 1/60",
    ),
    "most of what is good when low": (
        lambda t: t["indicators"]["delay"].update(most=9), "indicator 'delay', most", "is 9", "Only of a higher value that is better",
    ),
    "target above the most": (
        lambda t: t["indicators"]["punctuality"].update(most=60), "indicator 'punctuality', most", "is 60", "no target above",
    ),
    "target finer than values": (
        lambda t: t["indicators"]["delay"].update(target=1.125), "indicator 'delay', target", "is 1.125", "Write at most 2 decimals",
    ),
    "unknown period": (
        lambda t: t["indicators"]["delay"].update(periods=["week"]),
        "indicator 'delay', periods", "'week' is not known", "year, month, day",
    ),
    "unknown basis": (
        lambda t: t["indicators"]["delay"].update(bases=["true"]), "indicator 'delay', bases", "'true' is not known", "raw, clean",
    ),
    "unknown direction": (
        lambda t: t["indicators"]["delay"].update(better="up"), "indicator 'delay', better", "'up' is not known", "higher, lower",
    ),
    "indicator that is a list": (lambda t: t["indicators"].update(delay=[1]), "indicator 'delay'", "is [1]", "Write settings"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_wrong_table_is_refused_with_file_field_and_remedy(wrong: str, tmp_path: Path) -> None:
    change, where, problem, remedy = BROKEN[wrong]
    table = copy.deepcopy(BUS)
    change(table)
    with refused_with("indicators.yaml", where, problem, remedy):
        read_indicators(written(tmp_path, table))


@pytest.mark.parametrize("name", sorted(name for name in load_all() if name.endswith("/indicator")))
def test_contract_and_table_of_a_theme_name_the_same_indicators(name: str) -> None:
    titles = {i.id: i.zh for i in declared()[name].function.__globals__["INDICATORS"].indicators.values()}
    columns = expanded(ROOT / f"{name}.yaml")["schema"][0]["properties"]
    assert tuple(c["name"] for c in columns) == INDICATOR
    assert {v["value"]: v["description"] for v in columns[0]["enum"]} == titles


@pytest.mark.parametrize("name", sorted(name for name in load_all() if name.endswith("/indicator")))
def test_a_count_names_an_input_of_its_theme(name: str) -> None:
    counts = declared()[name].function.__globals__["INDICATORS"].counts
    assert {c.of for c in counts.values()} - {""} <= set(declared()[name].inputs)
