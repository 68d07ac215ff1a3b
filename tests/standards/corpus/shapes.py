"""Questions about places: areas, roads, points and legs, which each engine hands to Python through Arrow, batch by batch.

Here: rows and what is asked of them. Not here: the engines (`engines`), what is right (`tests/geography`, `tests/traffic/test_network.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.coverage import LEG, Along, alongside, covered
from assets.places import nearest, within
from tests.geography.test_places import AREAS, LINES, ROADS, SQUARES, STORY, shapes

POINTS = "lon double, lat double"
WEST, SOUTH, WIDE = 119.40, 32.40, 0.06
BOX = "geometry binary, west double, south double, east double, north double"
Points = list[tuple[float | None, float | None]]
Answer = list[list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Network:
    """Random parcels, roads, stops and legs of trips between two places."""

    parcels: Any
    roads: Any
    stops: Points
    legs: list[tuple[float, ...]]


@cache
def network() -> Network:
    rng = np.random.default_rng(7)

    def somewhere(*shape: int) -> np.ndarray:
        return np.array([WEST, SOUTH]) + rng.uniform(0, WIDE, (*shape, 2))

    corner = somewhere(200)
    parcels = shapely.box(*corner.T, *(corner + rng.uniform(0.0005, 0.02, corner.shape)).T)
    roads = [*shapely.linestrings(somewhere(150, 3)), shapely.multilinestrings(list(somewhere(4, 2)))]
    stops = [*map(tuple, somewhere(60).tolist()), (None, 32.4), (WEST, SOUTH), (WEST, SOUTH)]
    return Network(parcels, roads, stops, [tuple(map(float, leg)) for leg in somewhere(80, 2).reshape(-1, 4)])


def _layer(spark: SparkSession, key: str, drawn: Any) -> DataFrame:
    rows = [(f"{i}", bytearray(shapely.to_wkb(shape)), *map(float, shape.bounds)) for i, shape in enumerate(drawn)]
    return spark.createDataFrame(rows, f"{key} string, {BOX}")


def of_stops(stops: DataFrame) -> Answer:
    """How much of each parcel lies near the stops, and how much of each road along the legs."""
    spark, city = stops.sparkSession, network()
    legs = spark.createDataFrame(city.legs, ", ".join(f"{c} double" for c in LEG))
    near = covered(_layer(spark, "parcel_no", city.parcels), stops, "parcel_no", 500.0)
    along = alongside(_layer(spark, "road_no", city.roads), legs, "road_no", Along(metres=50.0, degrees=30.0))
    asked = near.selectExpr("parcel_no", "CAST(covered_m2 AS string)"), along.selectExpr("road_no", "CAST(along_m AS string)")
    found = [sorted(map(tuple, rows.collect())) for rows in asked]
    assert all(len({value for _, value in rows}) > 50 for rows in found)
    return found


def houses() -> Points:
    rng = np.random.default_rng(9)
    return [tuple(map(float, p)) for p in rng.uniform((119.39, 32.38), (119.54, 32.54), (3_000, 2))] + list(STORY)


def of_houses(points: DataFrame) -> Answer:
    """The town that each house lies in, and the road that it is nearest to."""
    spark = points.sparkSession
    placed = within(points, shapes(spark, SQUARES, AREAS), "town")
    located = nearest(placed, shapes(spark, ROADS, LINES), "road_no", 500.0)
    found = sorted(map(tuple, located.select("i", "town", "road_no", F.col("road_no_m").cast("string")).collect()))
    assert {town for _, town, *_ in found} == {"A", "B", "C", None}
    return [found]


PLACES: dict[str, tuple[Callable[[], Points], Callable[[DataFrame], Answer]]] = {
    "parcels near stops, roads along legs": (lambda: network().stops, of_stops),
    "houses in areas and near roads": (houses, of_houses),
}
"""Question -> the points it is about, and what is asked of them."""
