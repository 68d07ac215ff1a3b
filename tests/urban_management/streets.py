"""A few streets: two towns of different counties next to each other, their grid, and positions in metres east and north of a corner."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import shapely
from pyproj import Transformer
from pyspark.sql import DataFrame, SparkSession

EAST, NORTH = 447_000, 3_585_000
"""Of the corner, in the plane of EPSG:4549."""
WIDE = 2000
"""Metres: of a town from west to east, and of both from south to north; the first lies west of the corner's meridian plus WIDE."""
TOWNS = {"321002001": 0, "321003002": WIDE}
"""Code -> where it begins, metres east of the corner."""
DEGREES = Transformer.from_crs(4549, 4490, always_xy=True)


def at(x: float, y: float) -> dict[str, Decimal]:
    """The position so many metres east and north of the corner, as cleansed tables have it."""
    lon, lat = DEGREES.transform(EAST + x, NORTH + y)
    return {"lon": Decimal(f"{lon:.8f}"), "lat": Decimal(f"{lat:.8f}")}


def box(west: float, south: float, east: float, north: float) -> bytes:
    """WKB, degrees, of a rectangle in metres from the corner."""
    ring = shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)
    turned = shapely.transform(ring, lambda p: list(zip(*DEGREES.transform(p[:, 0], p[:, 1]), strict=True)))
    return bytes(shapely.to_wkb(turned))


def division(spark: SparkSession) -> DataFrame:
    """base/geography/division, as far as it is read."""
    rows = [(f"{code}000", "TOWN", None, box(x, 0, x + WIDE, WIDE)) for code, x in TOWNS.items()]
    return spark.createDataFrame(rows, "code string, level string, valid_to date, geometry binary")


def grid(spark: SparkSession) -> DataFrame:
    """base/geography/grid: each town is one area of the grid."""
    rows = [(f"{code}001001", box(x, 0, x + WIDE, WIDE)) for code, x in TOWNS.items()]
    return spark.createDataFrame(rows, "grid_no string, geometry binary")


def moment(text: str | None) -> Any:
    """`12-01 08:00` or `12-01 08:00:01` of 2019."""
    return None if text is None else datetime.fromisoformat(f"2019-{text}")
