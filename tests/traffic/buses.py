"""Small bus days: rows of the cleansed tables in few words, and the tables of the theme made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from assets.reference.calendar import workday
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.urban_management.streets import WIDE, at, division

Given = dict[str, Any]
Rows = dict[str, list[Given]]
Write = Callable[[DataFrame], DataFrame]
SOURCE = "cleansed/transport"
SOURCES = ("bus_line", "bus_stop", "bus_plan", "bus_trip", "bus_arrival", "taxi_order")
ORDER = ("bus_stop", "bus_trip", "stop_event", "bus_headway_hour", "bus_line_day", "taxi_day", "indicator")
"""The tables of the theme, each after those it is made of."""
DAY, AS_OF = date(2019, 12, 30), date(2019, 12, 31)
LINE = {"line_no": "1", "direction": "UP"}


def of_clock(clock: str) -> int:
    """Seconds of `H:mm[:ss]`."""
    hour, minute, second = (int(p) for p in f"{clock}:0".split(":")[:3])
    return hour * 3600 + minute * 60 + second


def moment(day: date, clock: str | None) -> datetime | None:
    """The moment of a clock of a day of service; 24:30 is half past midnight."""
    return None if clock is None else datetime(day.year, day.month, day.day) + timedelta(seconds=of_clock(clock))


def plan(trip: str, depart: str, arrive: str | None = None, day: date = DAY, **more: Any) -> Given:
    clocks = {"plan_depart": of_clock(depart), "plan_arrive": of_clock(arrive) if arrive else None}
    return {**LINE, "service_date": day, "trip_no": trip, **clocks, "vehicle_no": "V1", **more}


def run(trip: str, depart: str | None, arrive: str | None = None, day: date = DAY, **more: Any) -> Given:
    clocks = {"depart_time": moment(day, depart), "arrive_time": moment(day, arrive)}
    said = {"trip_id": f"{more.get('line_no', 1)}{day.day}{trip}", "vehicle_no": "V1", "km": "10", "valid": "1"}
    return {**LINE, "service_date": day, "trip_no": trip, **said, **clocks, **more}


def stop(seq: int, run_min: int | None, valid_from: date = date(2018, 1, 1), x: float = 100, **more: Any) -> Given:
    return {**LINE, "valid_from": valid_from, "seq": seq, "stop_no": f"S{seq}", **at(x, WIDE / 2), "run_min": run_min, **more}


def arrival(trip: str, seq: int, clock: str, day: date = DAY, **more: Any) -> Given:
    return {"trip_id": f"1{day.day}{trip}", "seq": seq, "stop_no": f"S{seq}", "arrive_time": moment(day, clock), **more}


def theme(spark: SparkSession, write: Write, rows: Rows, as_of: date = AS_OF) -> dict[str, DataFrame]:
    """The tables of buses by name, out of rows of the sources, by name; nothing is known of roads."""
    tables = {f"{SOURCE}/{name}": frame(spark, f"{SOURCE}/{name}", rows.get(name, [])) for name in SOURCES}
    tables["base/geography/division"] = division(spark)
    tables["reference/calendar/workday"] = workday(spark.createDataFrame)
    for name in ORDER:
        asset = declared()[f"themes/traffic/{name}"]
        dated = dict.fromkeys(asset.parameters, as_of)
        given = {a: tables[table] if table in tables else frame(spark, table, []) for a, table in asset.inputs.items()}
        made = asset.function(**given, **dated)
        tables[asset.name] = write(conform(load(ROOT / f"{asset.name}.yaml"), made))
    return {name: tables[f"themes/traffic/{name}"] for name in ORDER}
