"""The bus network on the ground: circles, strips and crossings by hand, and random cities measured again by shapely in plain pandas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import pi, radians, sin, tan
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer
from pyspark.sql import DataFrame, SparkSession

from assets.base.geography import layers
from assets.coverage import SEGMENTS
from assets.declare import declared
from assets.themes.traffic.lines import bus_stop
from assets.themes.traffic.network import bus_network
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.geography.city import Checkpoint, cleansed
from tests.urban_management.streets import DEGREES, EAST, NORTH, at, division

AS_OF = date(2019, 12, 31)
SINCE = date(2018, 1, 1)
NETWORK = "themes/traffic/bus_network"
ROAD, LAND, STOP = "housing/road", "natural_resources/land_use", "transport/bus_stop"
CORNERS = 4 * SEGMENTS
CIRCLE = CORNERS / 2 * 500**2 * sin(2 * pi / CORNERS)
"""Square metres of a circle of 500 m as a polygon of 128 corners."""
PLANE = Transformer.from_crs(4490, 4549, always_xy=True)
ZONE = 40_000_000
Given = dict[str, Any]
Place = tuple[float, float]


def stops(*places: Place | None, line: str = "1", direction: str = "UP", valid_from: date = SINCE) -> list[Given]:
    """The stops of an edition of a line, metres east and north of the corner; None: without a position."""
    edition = {"line_no": line, "direction": direction, "valid_from": valid_from}
    return [edition | {"seq": i, "stop_no": f"{line}{i}", **(at(*place) if place else {})} for i, place in enumerate(places, 1)]


def street(number: str, *corners: Place, county: str | None = "321002") -> Given:
    """A road of cleansed/housing/road: degrees."""
    east, north = (np.array([c[i] for c in corners]) + (EAST, NORTH)[i] for i in (0, 1))
    line = shapely.linestrings(np.stack(DEGREES.transform(east, north), axis=1))
    return {"road_no": number, "county6": county, "road_class": "LOCAL", "geometry": shapely.to_wkt(line, rounding_precision=9)}


def parcel(number: str, west: float, south: float, east: float, north: float, land: str = "07", county: str | None = "321002") -> Given:
    """A rectangle of cleansed/natural_resources/land_use: metres behind the number of the zone."""
    ring = shapely.box(EAST + west + ZONE, NORTH + south, EAST + east + ZONE, NORTH + north)
    return {"parcel_no": number, "county6": county, "land_class": land, "geometry": ring.wkt}


def made(spark: SparkSession, stop: list[Given], roads: list[Given], parcels: list[Given]) -> dict[str, Any]:
    """bus_network by division."""
    sources = {STOP: stop, ROAD: roads, LAND: parcels}
    return network_of({name: frame(spark, f"cleansed/{name}", rows) for name, rows in sources.items()}, division(spark))


def network_of(tables: dict[str, DataFrame], ground: DataFrame) -> dict[str, Any]:
    """The same out of the cleansed tables by name, and divisions."""

    def of(name: str, rows: DataFrame) -> DataFrame:
        return conform(load(ROOT / f"{name}.yaml"), rows)

    placed = of("themes/traffic/bus_stop", bus_stop(tables[STOP], ground))
    ground_layers = of("base/geography/road", layers.road(tables[ROAD])), of("base/geography/land_use", layers.land_use(tables[LAND]))
    rows = of(NETWORK, bus_network(placed, *ground_layers, AS_OF)).collect()
    return {r.div_code: r for r in rows}


def test_circles_by_hand(spark: SparkSession) -> None:
    """One parcel holds the circle of a stop, one lies beyond it, one is a field; a second stop 200 m on shares most of its circle."""
    parcels = [parcel("T1", 0, 0, 2000, 2000), parcel("T2", 2000, 0, 2100, 100, "10"), parcel("T3", 2100, 0, 2200, 100, "01")]
    alone = made(spark, stops((800, 1000)), [], parcels)["321002"]
    assert float(alone.built_up_m2) == pytest.approx(4_010_000, abs=5)
    assert float(alone.covered_m2) == pytest.approx(CIRCLE, abs=1)
    assert alone.coverage_rate == Decimal("19.58")
    assert 0.9995 < CIRCLE / (pi * 500**2) < 0.9997
    two = made(spark, stops((800, 1000), (1000, 1000), (1000, 1000)), [], parcels)["321002"]
    circles = [shapely.Point(x, 1000).buffer(500, quad_segs=SEGMENTS) for x in (800, 1000)]
    assert float(two.covered_m2) == pytest.approx(shapely.union_all(circles).area, abs=1)
    assert (two.stops, two.lines) == (3, 1)


def test_strips_by_hand(spark: SparkSession) -> None:
    """A bus goes 1000 m straight east. Streets beside it at 49 m and at 51 m, one turned by 29° and one by 31°, one across, one beyond, and
    one that goes over itself."""
    turned = {a: (800 * tan(radians(a))) for a in (29, 31)}
    roads = [
        street("beside", (200, 1049), (900, 1049)), street("too far", (200, 1051), (900, 1051)), street("across", (500, 500), (500, 1500)),
        street("turned", (100, 1000), (900, 1000 + turned[29])), street("more", (100, 1000), (900, 1000 + turned[31])),
        street("twice", (500, 1000), (200, 1000), (500, 1000), (200, 1000)), street("beyond", (1100, 1000), (1500, 1000)),
        street("bent", (200, 990), (600, 990), (600, 1400), county="321003"), street("nowhere", (0, 0), (100, 0), county=None),
    ]  # fmt: skip
    told = made(spark, stops((100, 1000), (1100, 1000)), roads, [])
    town, beside, twice, bent = told["321002"], 700, 900, 400
    assert float(town.road_with_bus_m) == pytest.approx(beside + twice + 50 / sin(radians(29)) + 50, abs=0.2)
    assert (town.roads, town.roads_with_bus) == (7, 4)
    assert float(told["321003"].road_with_bus_m) == pytest.approx(bent, abs=0.2)
    assert told["321003"].network_rate == Decimal("49.38")
    assert (told["000000"].road_m, told["000000"].network_rate) == (Decimal("100.0"), 0)
    city = told["321000"]
    assert city.road_with_bus_m == town.road_with_bus_m + told["321003"].road_with_bus_m
    assert (city.div_level, city.roads, city.roads_with_bus, city.coverage_rate) == ("city", 9, 5, None)


def test_only_the_edition_in_force_counts(spark: SparkSession) -> None:
    """An edition that was and one that will be go elsewhere; without the position of a stop there is no leg to it, and none around it."""
    along, other = [(100, 1000), (1100, 1000)], [(100, 300), (1100, 300)]
    roads, parcels = [street("now", (200, 1000), (800, 1000)), street("then", (200, 300), (800, 300))], [parcel("T1", 0, 700, 50, 800)]
    editions = [*stops(*other), *stops(*along, valid_from=AS_OF), *stops(*other, valid_from=date(2020, 1, 1))]
    now = made(spark, editions, roads, parcels)["321002"]
    assert (float(now.road_with_bus_m), now.stops, now.lines) == (pytest.approx(600, abs=0.2), 2, 1)
    assert 0 < now.covered_m2 <= now.built_up_m2
    broken = made(spark, stops(along[0], None, along[1]), roads, parcels)["321002"]
    assert (broken.road_with_bus_m, broken.stops) == (0, 2)
    beside = made(spark, stops((700, 1500), (1700, 1500)), roads, parcels)["321002"]
    assert (beside.road_with_bus_m, beside.covered_m2) == (0, 0), "what shares a cell with a stop is not near it"
    nobody = made(spark, [], roads, parcels)["321002"]
    assert (nobody.network_rate, nobody.coverage_rate, nobody.stops) == (0, 0, 0)


def test_the_rates_of_the_indicators_are_those_of_the_table(spark: SparkSession) -> None:
    """By month and year, each county and the city, out of tenths of metres and square metres; nothing of a network that is not known."""
    columns = ("div_code", "div_level", "road_m", "road_with_bus_m", "built_up_m2", "covered_m2", "network_rate", "coverage_rate")
    counties = [("321002", "county", "1000.1", "300.4", "50000.5", "25000.3"), ("000000", "county", "200.0", "0.0", "0.0", "0.0")]
    rows = [*counties, ("321000", "city", "1200.1", "300.4", "50000.5", "25000.3")]
    network = frame(spark, NETWORK, [dict(zip(columns, row, strict=False)) | {"day": AS_OF} for row in rows])
    asset = declared()["themes/traffic/indicator"]
    given = {argument: frame(spark, table, []) for argument, table in asset.inputs.items()}
    told = {}
    for known in (network, given["network"]):
        made = conform(load(ROOT / "themes/traffic/indicator.yaml"), asset.function(**given | {"network": known}, as_of=AS_OF))
        found = made.where("indicator IN ('line_network_rate', 'stop_coverage_rate')").collect()
        told[known is network] = {(r.indicator, r.period, r.div_code): (r.numerator, r.denominator, r.value) for r in found}
    assert told[False] == {}
    of = {"line_network_rate": [(3004, 10_001, "30.04"), (0, 2000, "0.00"), (3004, 12_001, "25.03")],
          "stop_coverage_rate": [(250_003, 500_005, "50.00"), (0, 0, None), (250_003, 500_005, "50.00")]}  # fmt: skip
    assert told[True] == {
        (indicator, period, place): (above, below, value and Decimal(value))
        for indicator, counts in of.items()
        for period in ("2019-12", "2019")
        for place, (above, below, value) in zip(("321002", "000000", "321000"), counts, strict=True)
    }


def measured_again(stop: pd.DataFrame, roads: pd.DataFrame, land: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The network by division out of cleansed rows, with one shape of all circles and one of all strips of each road."""

    def plane(shapes: Any) -> Any:
        return shapely.transform(shapes, lambda p: np.stack(PLANE.transform(p[:, 0], p[:, 1]), axis=1))

    def within(place: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
        return lambda rows: rows if place == "321000" else rows[rows["county6"].fillna("000000") == place]

    editions = stop.loc[stop["valid_from"] <= AS_OF].groupby(["line_no", "direction"])["valid_from"].transform("max")
    now = stop.loc[editions.index][editions == stop.loc[editions.index, "valid_from"]].sort_values(["line_no", "direction", "seq"])
    placed = plane(shapely.points(now["lon"].astype(float), now["lat"].astype(float)))
    known = np.isfinite(shapely.get_x(placed))
    circles = shapely.union_all(shapely.buffer(placed[known], 500, quad_segs=SEGMENTS))
    same = (now[["line_no", "direction"]].to_numpy()[1:] == now[["line_no", "direction"]].to_numpy()[:-1]).all(axis=1)
    legs = [(a, b) for a, b, one, ok in zip(placed[:-1], placed[1:], same, known[1:] & known[:-1], strict=True) if one and ok]

    def with_bus(line: Any) -> float:
        total = 0.0
        corners = shapely.get_coordinates(line)
        for begin, end in pairwise(corners):
            bearing = np.degrees(np.arctan2(*(end - begin)))
            near = []
            for a, b in legs:
                turn = abs((np.degrees(np.arctan2(b.x - a.x, b.y - a.y)) - bearing + 90) % 180 - 90)
                near += [shapely.LineString([a, b]).buffer(50, quad_segs=SEGMENTS)] if turn <= 30 and a != b else []
            total += shapely.LineString([begin, end]).intersection(shapely.union_all(near)).length
        return total

    lines = plane(shapely.from_wkt(roads["geometry"]))
    roads = roads.assign(length=shapely.length(lines), bus=[with_bus(line) for line in lines])
    built = land[land["land_class"].isin(["05", "06", "07", "08", "09", "10"])]
    shapes = shapely.transform(shapely.from_wkt(built["geometry"]), lambda p: p - np.array([ZONE, 0]))
    built = built.assign(area=shapely.area(shapes), covered=shapely.area(shapely.intersection(shapes, circles)))
    found = {}
    for place in {"321000", *roads["county6"].fillna("000000"), *built["county6"].fillna("000000")}:
        of_roads, of_land = within(place)(roads), within(place)(built)
        found[place] = {
            "road_m": of_roads["length"].sum(), "road_with_bus_m": of_roads["bus"].sum(), "built_up_m2": of_land["area"].sum(),
            "covered_m2": of_land["covered"].sum(), "roads": len(of_roads), "roads_with_bus": int((of_roads["bus"] > 0.05).sum()),
        }  # fmt: skip
    return found


def agree(made: dict[str, Any], again: dict[str, dict[str, float]]) -> None:
    """Every county has what was measured again: lengths to a decimetre a road, areas to a square metre a parcel or two in a million."""
    assert {place for place, row in made.items() if row.roads or row.built_up_m2} == again.keys()
    for place, expected in again.items():
        row = made[place]
        assert (row.roads, row.roads_with_bus) == (expected["roads"], expected["roads_with_bus"]), place
        for column in ("road_m", "road_with_bus_m"):
            assert float(getattr(row, column)) == pytest.approx(expected[column], abs=0.1 * row.roads, rel=1e-5), (place, column)
        for column in ("built_up_m2", "covered_m2"):
            assert float(getattr(row, column)) == pytest.approx(expected[column], abs=5, rel=2e-6), (place, column)


@pytest.mark.parametrize("seed", range(2))
def test_a_random_network(spark: SparkSession, seed: int) -> None:
    random = Random(seed)

    def place(far: float = 4000) -> Place:
        return random.uniform(0, far), random.uniform(0, far / 2)

    counties = ["321002", "321003", None]
    stop = [
        s for line in "12345" for since in (SINCE, *([AS_OF] if line == "1" else [date(2020, 1, 1)] if line == "2" else []))
        for s in stops(*[random.choice([place(), place(), place(), None]) for _ in range(7)], line=line, valid_from=since)
    ]  # fmt: skip
    roads = [street(f"R{i}", *[place() for _ in range(random.choice([2, 3, 5]))], county=random.choice(counties)) for i in range(60)]
    sides = {(x, y): random.choice(["01", "05", "07", "10", "12"]) for x in range(16) for y in range(8)}
    parcels = [
        parcel(f"T{x}-{y}", x * 250, y * 250, (x + 1) * 250, (y + 1) * 250, land, random.choice(counties)) for (x, y), land in sides.items()
    ]
    told = made(spark, stop, roads, parcels)
    again = measured_again(*[pd.DataFrame(rows) for rows in (stop, roads, parcels)])
    agree(told, again)
    assert 0 < told["321000"].network_rate < 100
    assert 0 < told["321000"].coverage_rate < 100


def test_the_network_of_the_demo_city(spark: SparkSession, write: Checkpoint) -> None:
    """Every table as it is cleansed: editions, classes by their names, a position of which the axes were changed over."""
    tables = {name: cleansed(spark, write, name) for name in (STOP, ROAD, LAND)}
    told = network_of(tables, layers.division(cleansed(spark, write, "civil_affairs/division_boundary"), write))
    columns = {STOP: ["line_no", "direction", "valid_from", "seq", "lon", "lat"], ROAD: ["road_no", "county6", "geometry"],
               LAND: ["parcel_no", "county6", "land_class", "geometry"]}  # fmt: skip
    agree(told, measured_again(*[tables[name].select(*of).toPandas() for name, of in columns.items()]))
    city = told["321000"]
    assert city.lines == 3
    assert 1 < city.network_rate < 5
    assert city.coverage_rate > 0
