"""Coordinates of every system that the city's departments deliver, in CGCS2000: published vectors, and round trips anywhere in the city."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts import load
from contracts.rules import ContractRule
from quality.rows import typed
from standards import coordinates
from tests.servers.need import ROOT

VECTORS = [  # WGS-84, GCJ-02, BD-09 as lon, lat; Gauss-Krueger as northing, easting (domain rules A12)
    ((119.4378, 32.3960), (119.443242, 32.394095), (119.449798, 32.399864), (3585904.025, 447105.184)),
    ((119.3600, 33.2400), (119.365539, 33.238520), (119.372061, 33.244437), (3679548.239, 440351.898)),
    ((119.1840, 32.2720), (119.189369, 32.270007), (119.195856, 32.276016), (3572306.612, 423120.967)),
    ((119.5700, 32.4340), (119.575006, 32.431776), (119.581619, 32.437435), (3590060.349, 459560.344)),
    ((119.2500, 32.8000), (119.255333, 32.798071), (119.261823, 32.804174), (3630816.580, 429751.547)),
]
METRE = 1 / 93_000  # degrees of longitude; of latitude it is less
GK = Transformer.from_crs(4490, 4549, always_xy=True)


@pytest.fixture
def positions(spark: SparkSession) -> Callable[..., list[tuple[float | None, float | None, list[str]]]]:
    """`positions(crs, pairs)`: what a delivery of pairs of texts in that system becomes: longitude, latitude, codes of the first."""
    contract = load(ROOT / "tests/dirt/contracts/stop.yaml")

    def ask(crs: str, pairs: list[tuple[Any, Any]]) -> list[tuple[float | None, float | None, list[str]]]:
        agreed = replace(contract, columns=contract.columns[:3], row_rules=(ContractRule("coordinates", ("lon", "lat"), (("crs", crs),)),))
        rows = [(str(i), str(lon), str(lat)) for i, (lon, lat) in enumerate(pairs)]
        lineage = dict.fromkeys(("_batch_id", "_source_file", "_op", "_extract_ts"), F.lit("I"))
        lineage |= {"_order": F.lit("7"), "_row_no": F.lit(1), "_business_date": F.lit(date(2019, 12, 31)), "_defect": F.lit(None)}
        frame = spark.createDataFrame(rows, "stop_no string, lon string, lat string").withColumns(lineage)
        frame = frame.withColumn("_defect", F.col("_defect").cast("string"))
        found = sorted(typed(agreed, frame, test_divisions=False).collect(), key=lambda r: int(r["stop_no"]))
        return [
            (*(v if v is None else float(v) for v in (r["lon"], r["lat"])), [c[4:] for c in r["_codes"] if c[:3] == "lon"]) for r in found
        ]

    return ask


def test_vectors_of_every_system(positions: Callable[..., Any]) -> None:
    delivered = {
        "WGS84": [v[0] for v in VECTORS],
        "GCJ02": [v[1] for v in VECTORS],
        "BD09": [v[2] for v in VECTORS],
        "GK120": [(v[3][1], v[3][0]) for v in VECTORS] + [(40_000_000 + v[3][1], v[3][0]) for v in VECTORS],
    }
    for crs, pairs in delivered.items():
        for (lon, lat, codes), (true_lon, true_lat) in zip(positions(crs, pairs), 2 * [v[0] for v in VECTORS], strict=False):
            assert max(abs(lon - true_lon), abs(lat - true_lat)) < 2e-6, crs
            assert codes == ([] if crs == "WGS84" else ["F_CRS"])


def test_a_plane_system_is_read_as_metres(positions: Callable[..., Any]) -> None:
    (true_lon, true_lat), (north, east) = VECTORS[0][0], VECTORS[0][3]
    told = positions("GK120", [(north, east), (north, 40_000_000 + east), (0, 0), (119.4378, 32.396), (east, 3_400_000)])
    for lon, lat, codes in told[:2]:
        assert (round(lon, 6), round(lat, 6), codes) == (true_lon, true_lat, ["F_SWAP", "F_CRS"])
    assert told[2] == (None, None, ["F_NULL"])
    assert told[3] == told[4] == (None, None, ["E_BBOX"])
    assert positions("XIAN80", [(119.4378, 32.396)]) == [(None, None, ["E_CRS"])]


def _gcj02(lon: float, lat: float) -> tuple[float, float]:
    """The public approximation of GCJ-02, written from its formulae once more."""
    x, y = lon - 105, lat - 35
    both = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3

    def waves(v: float, *parts: tuple[float, float]) -> float:
        return sum(amount * math.sin(v * math.pi / per) for amount, per in parts) * 2 / 3

    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + both + waves(y, (20, 1), (40, 3), (160, 12), (320, 30))
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + both + waves(x, (20, 1), (40, 3), (150, 12), (300, 30))
    m = 1 - 0.00669342162296594323 * math.sin(math.radians(lat)) ** 2
    return (
        lon + east * 180 / (6378245 / math.sqrt(m) * math.cos(math.radians(lat)) * math.pi),
        lat + north * 180 / (6378245 * (1 - 0.00669342162296594323) / (m * math.sqrt(m)) * math.pi),
    )


def _bd09(lon: float, lat: float) -> tuple[float, float]:
    lon, lat = _gcj02(lon, lat)
    z = math.hypot(lon, lat) + 2e-5 * math.sin(lat * math.pi * 3000 / 180)
    turn = math.atan2(lat, lon) + 3e-6 * math.cos(lon * math.pi * 3000 / 180)
    return z * math.cos(turn) + 0.0065, z * math.sin(turn) + 0.006


def test_round_trips_anywhere_in_the_city_stay_within_half_a_metre(positions: Callable[..., Any]) -> None:
    rng = np.random.default_rng(12)
    true = list(zip(rng.uniform(119.0167, 119.9, 300).round(8), rng.uniform(31.9333, 33.4167, 300).round(8), strict=True))
    for crs, there in {"GCJ02": _gcj02, "BD09": _bd09, "GK120": GK.transform}.items():
        back = positions(crs, [tuple(round(float(v), 8) for v in there(*p)) for p in true])
        off = max(max(abs(lon - x), abs(lat - y)) for (lon, lat, _), (x, y) in zip(back, true, strict=True))
        assert off < 0.5 * METRE, crs


def test_the_series_is_the_projection_of_the_library(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(118.9, 120.1, 500), rng.uniform(31.8, 33.5, 500)
    east, north = GK.transform(lon, lat)
    frame = spark.createDataFrame(
        [tuple(map(float, r)) for r in zip(lon, lat, east, north, strict=True)], "lon double, lat double, e double, n double"
    )
    plane, back = coordinates.to_gk(F.col("lon"), F.col("lat")), coordinates.from_gk(F.col("e"), F.col("n"))
    off = [F.max(F.abs(found - F.col(c))) for found, c in zip((*plane, *back), ("e", "n", "lon", "lat"), strict=True)]
    assert np.all(np.array(frame.agg(*[o.alias(f"o{i}") for i, o in enumerate(off)]).collect()[0]) < [1e-3, 1e-3, 1e-8, 1e-8])
