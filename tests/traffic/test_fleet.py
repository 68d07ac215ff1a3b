"""The fleet of buses: factors at each of their borders, what is in service, and every county counted again in plain pandas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.declare import declared
from assets.themes.traffic.explain import explain_bus
from assets.themes.traffic.fleet import bus_fleet
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.runtime import Runtime
from pipelines.steps.derive import conform
from standards.buses import standard_tenths
from tests.cleansed.nights import balanced, night, published, quarantined
from tests.deliveries import deliver
from tests.departments import OF_BUSES
from tests.frames import frame

AS_OF = date(2019, 12, 31)
FIRST = "2019-12-29"
INDICATOR, FLEET, BUS = "themes/traffic/indicator", "themes/traffic/bus_fleet", "transport/bus"
FACTORS = {
    (5000, 1): None, (5001, 1): 7, (7000, 1): 7, (7001, 1): 10, (10_000, 1): 10, (10_001, 1): 13, (13_000, 1): 13, (13_001, 1): None,
    (16_000, 1): None, (16_001, 1): 20, (18_000, 1): 20, (18_001, 1): 25, (11_400, 2): 19, (None, 2): 19, (None, 1): None, (8500, None): 10,
}  # fmt: skip
"""Length in millimetres and decks -> tenths of a standard bus."""
Installation = Callable[..., Runtime]
Given = dict[str, Any]


def test_factors_at_their_borders(spark: SparkSession) -> None:
    rows = spark.createDataFrame(list(FACTORS), "length bigint, decks int")
    told = rows.withColumn("tenths", standard_tenths(F.col("length"), F.col("decks"), AS_OF)).collect()
    assert {(r.length, r.decks): r.tenths for r in told} == FACTORS


def bus(number: int, **more: Any) -> Given:
    return {"vehicle_no": f"G{number}", "county6": "321002", "length_m": "8.5", "decks": 1, "energy": "BEV", **more}


def rated(spark: SparkSession, fleet: list[Given]) -> DataFrame:
    """bus_fleet of the register."""
    return conform(load(ROOT / f"{FLEET}.yaml"), bus_fleet(frame(spark, f"cleansed/{BUS}", fleet), AS_OF))


def told_of(spark: SparkSession, fleet: list[Given], residents: dict[str, int]) -> dict[tuple[str, str, str], tuple[int, int, Any]]:
    """What the indicators of the fleet say, by indicator, period and division."""
    asset = declared()[INDICATOR]
    people = [{"person_uid": f"{c}{n}", "county6": c, "resident_flag": True} for c, n in residents.items() for n in range(n)]
    people += [{"person_uid": "away", "county6": "321002", "resident_flag": False}]
    given = {argument: frame(spark, table, people if argument == "person" else []) for argument, table in asset.inputs.items()}
    given["fleet"] = rated(spark, fleet)
    made = conform(load(ROOT / f"{INDICATOR}.yaml"), asset.function(**given, as_of=AS_OF)).collect()
    return {
        (r.indicator, r.period, r.div_code): (r.numerator, r.denominator, r.value)
        for r in made if r.indicator in ("standard_buses", "new_energy_bus_rate", "unrated_bus_rate")
    }  # fmt: skip


def test_a_fleet_by_hand(spark: SparkSession) -> None:
    """In one county 1.0, 1.3 and 1.9 and one of 14 m; one came and one went on the day, others later and before; in another only people."""
    fleet = [
        bus(1), bus(2, length_m="12", energy="DIESEL", service_to=AS_OF), bus(3, length_m="11.4", decks=2, energy="PHEV"),
        bus(4, length_m="14", energy=None, service_from=AS_OF), bus(5, service_from=date(2020, 1, 1)),
        bus(6, service_to=date(2019, 12, 30)),
    ]  # fmt: skip
    told = told_of(spark, fleet, {"321002": 3, "321003": 4})
    for period in ("2019-12", "2019"):
        assert told["standard_buses", period, "321002"] == (42, 3, Decimal("14000.00"))
        assert told["standard_buses", period, "321003"] == (0, 4, Decimal("0.00"))
        assert told["standard_buses", period, "321000"] == (42, 7, Decimal("6000.00"))
        assert told["new_energy_bus_rate", period, "321000"] == (2, 3, Decimal("66.67"))
        assert told["unrated_bus_rate", period, "321000"] == (1, 4, Decimal("25.00"))


def test_why_a_bus_counts(spark: SparkSession) -> None:
    """By number and by plate: counted, without a factor, of unknown length, before and after its service."""
    fleet = [
        bus(1, length_m="12", plate="苏K00001D", line_no="3", service_from=date(2015, 3, 1)), bus(2, length_m="14", energy=None),
        bus(3, length_m=None, energy="DIESEL"), bus(4, service_from=date(2020, 1, 1)), bus(5, service_to=date(2019, 12, 30)),
        bus(6, decks=2, length_m=None), bus(7, length_m="18.5"),
    ]  # fmt: skip
    trip = {"line_no": "3", "direction": "UP", "service_date": date(2019, 12, 30), "trip_no": "001", "vehicle_no": "G1"}
    tables = {FLEET: [r.asDict() for r in rated(spark, fleet).collect()], f"cleansed/{BUS}": fleet,
              "themes/traffic/bus_trip": [trip | {"depart_time": None, "arrive_time": None}]}  # fmt: skip

    def read(table: str, /, **equal: Any) -> list[Given]:
        return [row for row in tables[table] if all(row.get(c) == v for c, v in equal.items())]

    told = {n: explain_bus(read, f"G{n}")[0] for n in range(1, 8)}
    assert explain_bus(read, " 苏k·00001d") == [told[1]]
    assert explain_bus(read, "G9") == []
    standard = "in CJJ/T 119-2008, Terms of urban public transport engineering (城市公共交通工程术语标准)"
    assert told[1].title == "Bus G1: COUNTED"
    assert list(told[1].lines) == [
        f"counted as 1.3 standard buses: the factor of buses of one deck over 10 m up to 13 m {standard}",
        "Battery electric, which is new energy",
        "assigned to line 3",
    ]
    assert [s.rows for s in told[1].sections][1] == [[date(2019, 12, 30), "3", "UP", "001", None, None]]
    assert "苏K" not in str(told[1])
    assert told[1].facts["service_from"] == "2015-03-01"
    because = [told[n].lines[0] for n in range(2, 8)]
    assert because == [
        "counted among the buses and not among the standard buses: no public source has the factor of its length, 14.000 m",
        "counted among the buses and not among the standard buses: its length is not known",
        "not counted: it comes into service on 2020-01-01",
        "not counted: its last day in service was 2019-12-30",
        f"counted as 1.9 standard buses: the factor of buses of two decks {standard}",
        f"counted as 2.5 standard buses: the factor of buses of one deck over 18 m {standard}",
    ]
    assert [told[n].lines[1] for n in (2, 3)] == [
        "its energy is not known, so that it is left out of the share of new energy", "Diesel, which is not new energy"
    ]  # fmt: skip


def test_nobody_is_counted_when_no_fleet_is_known(spark: SparkSession) -> None:
    assert told_of(spark, [], {"321002": 3}) == {}


@pytest.mark.parametrize("seed", range(2))
def test_a_random_fleet(spark: SparkSession, seed: int) -> None:
    random, counties = Random(seed), ["321002", "321003", None]
    days = [None, date(2015, 1, 1), AS_OF, date(2020, 1, 1)]
    fleet = [
        bus(
            n, county6=random.choice(counties), length_m=random.choice([None, "4.5", "6.999", "7", "9", "13", "15", "17", "25"]),
            decks=random.choice([1, 1, 1, 2, None]), energy=random.choice(["BEV", "FCEV", "GAS", "HEV", None]),
            service_from=random.choice(days), service_to=random.choice([None, None, *days]),
        )
        for n in range(120)
    ]  # fmt: skip
    residents = {"321002": 40, "321003": 25}
    rows = pd.DataFrame(fleet).astype({"service_from": object, "service_to": object})
    begun, over = (
        rows[c].map(lambda d, c=c: pd.notna(d) and (d > AS_OF if c == "service_from" else d < AS_OF))
        for c in ("service_from", "service_to")
    )
    rows = rows[~begun & ~over].assign(county6=lambda r: r["county6"].fillna("000000"))
    metres = pd.to_numeric(rows["length_m"])
    of_length = pd.cut(metres, [5, 7, 10, 13, 16, 18, 100], labels=[7, 10, 13, -1, 20, 25]).astype(float).replace(-1, float("nan"))
    rows["tenths"] = of_length.where(rows["decks"] != 2, 19)
    rows["new"], rows["known"] = rows["energy"].isin(["BEV", "FCEV"]), rows["energy"].notna()
    expected: dict[tuple[str, str, str], tuple[int, int]] = {}
    for period in ("2019-12", "2019"):
        for place in ("321002", "321003", "000000", "321000"):
            here = rows if place == "321000" else rows[rows["county6"] == place]
            people = sum(residents.values()) if place == "321000" else residents.get(place, 0)
            expected["standard_buses", period, place] = int(here["tenths"].sum()), people
            expected["new_energy_bus_rate", period, place] = int(here["new"].sum()), int(here["known"].sum())
            expected["unrated_bus_rate", period, place] = int(here["tenths"].isna().sum()), len(here)
    told = told_of(spark, fleet, residents)
    assert {key: of[:2] for key, of in told.items()} == expected


def test_a_register_is_put_right(installation: Installation) -> None:
    """Lengths in millimetres, energies by their names, plates in another form; an end before the beginning, three decks, no time."""
    city = installation(departments=OF_BUSES)
    row = {
        "vehicle_no": "GJ1",
        "plate": "苏K·00001d",
        "county6": "321002",
        "decks": "1",
        "service_from": "2015年3月1日",
        "update_time": "2019-01-01 08:00:00",
    }
    rows = [
        row | {"length_m": "12000", "energy": "纯电"},
        row | {"vehicle_no": "GJ2", "length_m": "8.5", "energy": "LNG", "service_to": "2014-01-01"},
        row | {"vehicle_no": "GJ3", "length_m": "85", "energy": "蒸汽", "decks": "3"},
        row | {"vehicle_no": "GJ4", "length_m": "8.5", "update_time": "上午"},
    ]
    deliver(city, BUS, FIRST, rows)
    night(city, BUS, FIRST)
    told = published(city, BUS, "plate", "length_m", "energy", "decks")
    assert told == {
        "GJ1": ("苏K00001D", Decimal("12.000"), "BEV", 1),
        "GJ2": ("苏K00001D", Decimal("8.500"), "GAS", 1),
        "GJ3": ("苏K00001D", None, None, None),
    }
    codes = {key: set(c) for key, c in published(city, BUS, "_codes").items()}
    assert {"length_m:F_UNIT", "energy:F_CODE", "service_from:F_DATE"} <= codes["GJ1"]
    assert any(c.endswith(":W_ORDER") for c in codes["GJ2"])
    assert {"length_m:E_RANGE", "energy:E_CODE", "decks:E_RANGE"} <= codes["GJ3"]
    assert [[c for c in codes if ":E_" in c] for (codes,) in quarantined(city, BUS, "codes")] == [["update_time:E_DATE"]]
    balanced(city, BUS, (4, 3, 1, 0))
