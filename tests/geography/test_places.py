"""Points in areas and near lines: what the cells decide is what geometry says of every point.

That both engines say the same: `tests/standards/test_both_engines.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyspark.sql import DataFrame, SparkSession

from assets.places import DEGREES, metres, nearest, within
from tests.geography.city import registers

AREAS, LINES, POINTS = "town string, geometry binary", "road_no string, geometry binary", "i int, lon double, lat double"
SQUARES = {
    "B": shapely.box(119.400, 32.400, 119.4213, 32.4213),
    "A": shapely.box(119.4213, 32.400, 119.45, 32.42),
    "C": shapely.box(119.5, 32.5, 119.53, 32.53),
}
HOLE = shapely.box(119.511, 32.511, 119.519, 32.519)
ROADS = {"R2": shapely.LineString([(119.40, 32.40), (119.45, 32.40)]), "R1": shapely.LineString([(119.42, 32.39), (119.42, 32.43)])}


def shapes(spark: SparkSession, drawn: dict[str, Any], ddl: str) -> DataFrame:
    return spark.createDataFrame([(code, bytearray(shapely.to_wkb(shape))) for code, shape in drawn.items()], ddl)


def _asked(spark: SparkSession, points: list[tuple[float | None, float | None]], areas: dict[str, Any]) -> list[str | None]:
    rows = spark.createDataFrame([(i, *p) for i, p in enumerate(points)], POINTS)
    found = within(rows, shapes(spark, areas, AREAS), "town")
    assert found.columns == ["i", "lon", "lat", "town"]
    return [r["town"] for r in sorted(found.collect(), key=lambda r: r["i"])]


STORY = {
    (119.41, 32.41): "B",  # in a cell that B covers whole
    (119.4212, 32.41): "B",  # in the cell that A and B share, on either side of their border
    (119.4214, 32.41): "A",
    (119.4213, 32.41): "A",  # on the border: the least code
    (119.40, 32.40): "B",  # a corner
    (119.42, 32.42): "B",  # the corner of four cells
    (119.515, 32.515): None,  # in the hole of C
    (119.52, 32.52): "C",
    (119.3999999, 32.41): None,
    (0.0, 0.0): None,
    (None, 32.41): None,
    (float("nan"), 32.41): None,
}


def test_a_point_lies_in_the_area_that_covers_it(spark: SparkSession) -> None:
    areas = {**SQUARES, "C": SQUARES["C"].difference(HOLE)}
    assert dict(zip(STORY, _asked(spark, list(STORY), areas), strict=True)) == STORY


def test_every_point_of_the_city_is_where_geometry_says(spark: SparkSession) -> None:
    """The towns of the demo city, ten thousand points of its box, and the corners of the towns, which lie on borders."""
    towns = registers().world.ground.divisions.query("level == 'TOWN'")
    areas = dict(zip(towns["code"], towns["geometry"], strict=True))
    rng = np.random.default_rng(85)
    points = np.concatenate([rng.uniform((119.0, 32.1), (119.9, 33.5), (10_000, 2)), shapely.get_coordinates(list(areas.values()))[::7]])
    at, area = shapely.STRtree(list(areas.values())).query(shapely.points(points), predicate="intersects")
    expected: list[str | None] = [None] * len(points)
    for i, code in sorted(zip(at, np.array(list(areas))[area], strict=True), reverse=True):
        expected[i] = str(code)
    found = _asked(spark, [tuple(map(float, p)) for p in points], areas)
    assert found == expected
    assert 4_000 < sum(code is not None for code in found[:10_000]) < 6_000


def test_areas_smaller_than_a_cell_and_without_any(spark: SparkSession) -> None:
    small = {f"S{i}": shapely.box(119.4 + i * DEGREES / 8, 32.4, 119.4 + (i + 1) * DEGREES / 8, 32.4 + DEGREES / 8) for i in range(8)}
    middles = [(119.4 + (i + 0.5) * DEGREES / 8, 32.4006) for i in range(8)]
    assert _asked(spark, middles, small) == list(small)
    assert _asked(spark, middles[:1], {}) == [None]


def _roads_near(spark: SparkSession, points: list[tuple[float, float]], reach: float) -> list[tuple[str | None, float | None]]:
    rows = spark.createDataFrame([(i, *p) for i, p in enumerate(points)], POINTS)
    found = nearest(rows, shapes(spark, ROADS, LINES), "road_no", reach)
    assert found.columns == ["i", "lon", "lat", "road_no", "road_no_m"]
    return [(r["road_no"], r["road_no_m"]) for r in sorted(found.collect(), key=lambda r: r["i"])]


def test_the_nearest_road_within_reach(spark: SparkSession) -> None:
    on_both = (119.42, 32.40)
    found = _roads_near(spark, [on_both, (119.41, 32.401), (119.419, 32.42), (119.47, 32.40)], 300)
    assert found[0] == ("R1", 0.0)  # of equally near ones the least
    assert found[1] == ("R2", pytest.approx(110.9, abs=0.5))  # a thousandth of a degree of latitude
    assert found[2] == ("R1", pytest.approx(94.0, abs=0.5))
    assert found[3] == (None, None)


@pytest.mark.parametrize("reach", [50.0, 2_000.0])
def test_no_cell_hides_a_road(spark: SparkSession, reach: float) -> None:
    points = np.random.default_rng(3).uniform((119.39, 32.38), (119.46, 32.44), (2_000, 2))
    apart = np.array([shapely.distance(road, metres(shapely.points(points))) for road in metres(np.array(list(ROADS.values())))]).round(2)
    found = _roads_near(spark, [tuple(map(float, p)) for p in points], reach)
    expected = [float(d) if d <= reach else None for d in apart.min(axis=0)]
    assert [m for _, m in found] == expected
    names = np.array(list(ROADS))[apart.argmin(axis=0)]
    assert all(name == n for (name, m), n, both in zip(found, names, apart.T, strict=True) if m is not None and both[0] != both[1])
