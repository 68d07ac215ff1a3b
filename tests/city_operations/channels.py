"""Small deliveries of the services that tell of events: reports some seconds after noon, some metres to the north of a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import shapely
from pyspark.sql import DataFrame, SparkSession

from assets.themes.city_operations.event import city_event
from assets.themes.city_operations.report import city_report
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame

Write = Callable[[DataFrame], DataFrame]
Row = dict[str, Any]
PLACE = "place"
"""Of an order, the addr_key of the place that it names."""
AS_OF = date(2019, 12, 31)
NOON = datetime(2019, 12, 30, 12)
LON, LAT = 119.45, 32.4
METRE = 1 / 110_900
"""Degrees of latitude."""
TABLES = {
    "alarm": "cleansed/public_security/alarm",
    "call": "themes/public_safety/alarm",
    "order": "cleansed/government_services/hotline",
    "place": "themes/city_operations/hotline_address",
    "address": "base/geography/address",
    "event": "cleansed/integrated_governance/event",
    "case": "cleansed/urban_management/case",
    "accident": "cleansed/emergency/accident",
}
"""Arguments of city_report."""
NUMBER = {
    "alarm": ("alarm_no", "call_time"), "order": ("order_no", "call_time"), "event": ("event_no", "report_time"),
    "case": ("case_no", "found_time"), "accident": ("accident_no", "occurred_at"),
}  # fmt: skip
"""Argument -> columns of the number and of the moment."""


def at(north: float, east: float = 0) -> Row:
    return {"lon": round(LON + east * METRE, 8), "lat": round(LAT + north * METRE, 8)}


def told(service: str, number: str, after: float = 0, **says: Any) -> tuple[str, Row]:
    """A report to a service, some seconds after noon."""
    name, moment = NUMBER[service]
    return service, {name: number, moment: NOON + timedelta(seconds=after), **says}


def tables(spark: SparkSession, rows: Mapping[str, list[Row]]) -> dict[str, DataFrame]:
    """The inputs of city_report by argument, with a town and a grid around the place."""
    town = shapely.to_wkb(shapely.box(119.4, 32.3, 119.5, 32.5))
    ground = {
        "division": spark.createDataFrame(
            [("321002003000", "TOWN", None, town)], "code string, level string, valid_to date, geometry binary"
        ),
        "grid": spark.createDataFrame([("G1", town)], "grid_no string, geometry binary"),
    }
    return {a: frame(spark, t, rows.get(a, [])) for a, t in TABLES.items()} | ground


def made(
    spark: SparkSession, write: Write, reports: list[tuple[str, Row]], more: Mapping[str, list[Row]] | None = None
) -> tuple[DataFrame, DataFrame]:
    """Reports and events of what was told, as they would be published."""
    rows: dict[str, list[Row]] = {a: list(given) for a, given in (more or {}).items()}
    for service, row in reports:
        own = dict(row)
        if key := own.pop(PLACE, None):
            rows.setdefault("place", []).append({"order_no": row["order_no"], "call_time": row["call_time"], "place_key": f"{key}||"})
        rows.setdefault(service, []).append(own)
    found = city_report(**tables(spark, rows), checkpoint=write, as_of=AS_OF)
    report = write(conform(load(ROOT / "themes/city_operations/city_report.yaml"), found))
    return report, write(conform(load(ROOT / "themes/city_operations/city_event.yaml"), city_event(report)))
