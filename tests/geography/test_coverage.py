"""What lies near points and runs along lines is the same on both engines; by hand and against geometry: `tests/traffic/test_network.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyspark.sql import DataFrame, SparkSession

from assets.coverage import LEG, Along, alongside, covered
from resources.engine import Engine
from tests.standards.corpus.engines import both_engines

WEST, SOUTH, WIDE = 119.40, 32.40, 0.06


def layer(spark: SparkSession, key: str, shapes: Any) -> DataFrame:
    rows = [
        (f"{i}", bytearray(shapely.to_wkb(shape)), *map(float, shape.bounds)) for i, shape in enumerate(shapes)
    ]  # fmt: skip
    return spark.createDataFrame(rows, f"{key} string, geometry binary, west double, south double, east double, north double")


def test_a_reach_beyond_the_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 900"):
        Along(metres=901, degrees=30)


@pytest.mark.slow
def test_both_engines_say_the_same(engine: Engine) -> None:
    """Areas, roads, points and legs through Arrow, on Sail and on Apache Spark."""
    rng = np.random.default_rng(7)

    def somewhere(*shape: int) -> np.ndarray:
        return np.array([WEST, SOUTH]) + rng.uniform(0, WIDE, (*shape, 2))

    corner = somewhere(200)
    parcels = shapely.box(*corner.T, *(corner + rng.uniform(0.0005, 0.02, corner.shape)).T)
    roads = [*shapely.linestrings(somewhere(150, 3)), shapely.multilinestrings(list(somewhere(4, 2)))]
    points = [*map(tuple, somewhere(60).tolist()), (None, 32.4), (WEST, SOUTH), (WEST, SOUTH)]
    legs = [tuple(map(float, leg)) for leg in somewhere(80, 2).reshape(-1, 4)]
    said = []
    with both_engines(engine) as both:
        for stops in both.frames(points, "lon double, lat double"):
            spark = stops.sparkSession
            straight = spark.createDataFrame(legs, ", ".join(f"{c} double" for c in LEG))
            of_areas = covered(layer(spark, "parcel_no", parcels), stops, "parcel_no", 500.0)
            of_roads = alongside(layer(spark, "road_no", roads), straight, "road_no", Along(metres=50.0, degrees=30.0))
            found = (
                of_areas.selectExpr("parcel_no", "CAST(covered_m2 AS string)"),
                of_roads.selectExpr("road_no", "CAST(along_m AS string)"),
            )
            said.append([sorted(map(tuple, rows.collect())) for rows in found])
    assert said[0] == said[1]
    assert all(len({value for _, value in rows}) > 50 for rows in said[0])
