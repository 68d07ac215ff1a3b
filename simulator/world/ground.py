"""The ground of the demo city: its divisions and governance grid as a coverage of one outline, roads, buildings and the places in them.

Here: geometry, vectorised and the same for the same seed; every division is the union of those below it, so that they cover one another
exactly. Not here: any table (`simulator.departments`). Real: the codes and names of counties and towns; their borders are invented.
Positions are CGCS2000 degrees, longitude first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from simulator.basics import clock_text, numbers, office_seconds, pick, stream
from simulator.world.people import COUNTIES, ROADS, VILLAGES, towns

HERE = Path(__file__).parent
CITY = "321000"
CENTRES = {  # seat of the county, and its area in km²: how far the county reaches
    "321002": (119.43, 32.39, 341),
    "321003": (119.38, 32.43, 552),
    "321012": (119.60, 32.45, 1330),
    "321023": (119.45, 33.22, 1468),
    "321071": (119.41, 32.31, 132),
    "321081": (119.18, 32.33, 857),
    "321084": (119.50, 32.80, 1963),
}
DIGITS = 7
"""Of a degree: a centimetre. Neighbours have the same corners to the last digit."""
RAISED = 0.02
"""Degrees between the points of which the towns' shares of a county are made."""
EXPRESSWAYS = (
    ("321081", "321003"),
    ("321003", "321002"),
    ("321002", "321012"),
    ("321002", "321084"),
    ("321084", "321023"),
    ("321003", "321071"),
)
METRES = Transformer.from_crs(4490, 4549, always_xy=True)


@dataclass(frozen=True)
class Ground:
    """The ground.

    Attributes:
        divisions: code (12 digits), name, level (CITY, COUNTY, TOWN, VILLAGE), parent (code), geometry.
        grids: code, village (12 digits), geometry; the smallest areas.
        roads: code, name, class, county6, geometry.
        buildings: code, village (12 digits), lon, lat, width and depth (metres), floors.
        addresses: code, address, village (12 digits), building (code), lon, lat.
    """

    divisions: pd.DataFrame
    grids: pd.DataFrame
    roads: pd.DataFrame
    buildings: pd.DataFrame
    addresses: pd.DataFrame

    @classmethod
    def of(cls, people: pd.DataFrame, seed: int) -> Ground:
        """The ground on which these people live: it has the villages, streets and houses of their addresses."""
        rng, centres = stream(seed, "ground"), _town_centres(seed)
        villages = _villages(people)
        town_cells = voronoi(centres)
        of_village = villages["code"].str[:9].map({code: i for i, code in enumerate(towns()["code"])}).to_numpy()
        village_seeds = point_in_each(town_cells[of_village], rng)
        residents = people.groupby("village12").size().reindex(villages["code"], fill_value=0).to_numpy()
        of_grid = np.repeat(np.arange(len(villages)), np.minimum(rng.integers(1, 3, len(villages)) + residents // 300, 8))
        cells = rounded(voronoi(point_in_each(voronoi(village_seeds)[of_grid], rng)))
        grids = pd.DataFrame({"village": villages["code"].to_numpy()[of_grid], "geometry": cells})
        grids.insert(0, "code", grids["village"] + numbers(grids.groupby("village").cumcount() + 1, 3))
        buildings, addresses = _houses(people, grids, rng)
        return cls(_divisions(villages, grids), grids, _roads(people, centres, town_cells, rng), buildings, addresses)

    def somewhere_in(self, divisions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A point in each of the towns or villages: longitude and latitude."""
        return _somewhere_in(self.grids, divisions, rng)


def _somewhere_in(grids: pd.DataFrame, divisions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    codes = grids["village"].to_numpy(dtype=str)  # in order, so that the areas of a division stand together
    begin, end = (np.searchsorted(codes, edge) for edge in (divisions.astype(str), np.char.add(divisions.astype(str), "~")))
    return point_in_each(grids["geometry"].to_numpy()[rng.integers(begin, end)], rng)


def outline() -> shapely.Polygon:
    """The city's border, roughly."""
    return shapely.Polygon(pd.read_csv(HERE / "outline.csv").to_numpy())


def rounded(shapes: np.ndarray) -> np.ndarray:
    """The shapes with corners of so many digits as are delivered."""
    return shapely.transform(shapes, lambda points: points.round(DIGITS))


def voronoi(points: np.ndarray) -> np.ndarray:
    """The part of the city that is nearest to each point."""
    border = outline()
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=border, ordered=True))
    crossing = ~shapely.contains_properly(border, cells)
    cells[crossing] = shapely.intersection(cells[crossing], border)
    return cells


def point_in_each(cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A point in each of the cells, which are about convex: from the middle some way to the border."""
    middle = shapely.get_coordinates(shapely.point_on_surface(cells))
    angle = rng.uniform(0, 2 * np.pi, len(cells))
    rays = shapely.linestrings(np.stack([middle, middle + np.stack([np.cos(angle), np.sin(angle)], axis=1)], axis=1))
    ways = shapely.get_parts(shapely.intersection(rays, cells), return_index=True)
    first = np.unique(ways[1], return_index=True)[1]
    end = shapely.get_coordinates(shapely.get_point(ways[0][first], -1))
    return middle + (end - middle) * rng.uniform(0.15, 0.85, (len(cells), 1))


@cache
def _town_centres(seed: int) -> np.ndarray:
    """The centres of the towns, in the order of `towns`: spread over the part of the city that is their county's."""
    rng, border = stream(seed, "towns"), outline()
    west, south, east, north = border.bounds
    grid = np.stack(np.meshgrid(np.arange(west, east, RAISED), np.arange(south, north, RAISED)), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-RAISED / 3, RAISED / 3, grid.shape)
    grid = grid[shapely.contains_xy(border, *grid.T)]
    reach = np.array([(lon, lat, area) for lon, lat, area in CENTRES.values()])
    county = (_distance(grid, reach[:, :2]) / np.sqrt(reach[:, 2])).argmin(axis=1)
    of_town, found = towns()["code"].str[:6].to_numpy(), np.empty((len(towns()), 2))
    for i, code in enumerate(CENTRES):
        members, mine = of_town == code, grid[county == i]
        centres = mine[rng.choice(len(mine), members.sum(), replace=False)]
        for _ in range(8):
            nearest = _distance(mine, centres).argmin(axis=1)
            centres = np.stack([mine[nearest == k].mean(axis=0) for k in range(len(centres))])
        found[members] = centres
    return found


def _distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of every point to each of the others, in degrees of latitude."""
    apart = (points[:, None] - others[None]) * [0.84, 1]
    return np.hypot(apart[..., 0], apart[..., 1])


def _villages(people: pd.DataFrame) -> pd.DataFrame:
    """The villages where people live, and one in every town; code and name, by code."""
    lived_in = people[["village12", "village_name"]].drop_duplicates("village12").set_axis(["code", "name"], axis=1)
    seats = pd.DataFrame({"code": towns()["code"] + "001", "name": f"{VILLAGES[0]}社区"})
    return pd.concat([lived_in, seats]).drop_duplicates("code").sort_values("code", ignore_index=True)


def _divisions(villages: pd.DataFrame, grids: pd.DataFrame) -> pd.DataFrame:
    named = {"VILLAGE": villages, "TOWN": towns()[["code", "name"]], "COUNTY": pd.DataFrame(COUNTIES.items(), columns=["code", "name"])}
    named["CITY"] = pd.DataFrame({"code": [CITY], "name": ["扬州市"]})
    digits, above, parts = {"VILLAGE": 12, "TOWN": 9, "COUNTY": 6, "CITY": 4}, {12: 9, 9: 6, 6: 0, 4: 0}, []
    below, of = grids["geometry"].to_numpy(), grids["village"]
    for level, names in named.items():
        group = of.str[: digits[level]]
        union = pd.Series(below).groupby(group.to_numpy()).agg(lambda cells: shapely.coverage_union_all(cells.to_numpy()))
        found = names.assign(level=level, geometry=union.to_numpy()[np.argsort(np.argsort(names["code"].to_numpy()))])
        parent = found["code"].str[: above[digits[level]]].replace("", CITY)
        found["parent"] = None if level == "CITY" else parent.str.ljust(12, "0")
        below, of = found["geometry"].to_numpy(), found["code"]
        parts.append(found.assign(code=found["code"].str.ljust(12, "0")))
    return pd.concat(parts[::-1], ignore_index=True)


def _houses(people: pd.DataFrame, grids: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The buildings and the addresses in them: one of each household, flats of one number in one building."""
    homes = people.loc[people["head"], ["address", "village12"]].drop_duplicates("address", ignore_index=True)
    house = homes["village12"] + homes["address"].str.extract("^(.*?[0-9]+幢|.*)", expand=False)
    of_building, names = pd.factorize(house)
    village = np.asarray(names.str[:12], dtype=object)
    places = _somewhere_in(grids, village, rng)
    flats = np.array([name.endswith("幢") for name in names])
    buildings = pd.DataFrame(
        {
            "code": "B" + numbers(np.arange(len(names)) + 1, 8),
            "village": village,
            "lon": places[:, 0],
            "lat": places[:, 1],
            "width": np.where(flats, rng.integers(30, 60, len(names)), rng.integers(9, 20, len(names))),
            "depth": np.where(flats, 14, rng.integers(8, 15, len(names))),
            "floors": np.where(flats, rng.integers(6, 19, len(names)), rng.integers(1, 4, len(names))),
        }
    )
    at = buildings.iloc[of_building].reset_index(drop=True)
    addresses = pd.DataFrame(
        {"code": "A" + numbers(np.arange(len(homes)) + 1, 9), "address": homes["address"], "village": homes["village12"]}
    )
    return buildings, addresses.assign(building=at["code"], lon=at["lon"], lat=at["lat"])


def _roads(people: pd.DataFrame, centres: np.ndarray, cells: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Expressways from county to county, arterial roads between the towns of a county, streets of the towns where people live in them."""
    town, county = towns()["code"].to_numpy(), towns()["code"].str[:6].to_numpy()
    seat = {code: int(_distance(centres[county == code], np.array([CENTRES[code][:2]])).argmin()) for code in CENTRES}
    seats = {code: centres[county == code][i] for code, i in seat.items()}
    express = [(f"{COUNTIES[a][:2]}{COUNTIES[b][:2]}快速路", "EXPRESS", a, seats[a], seats[b]) for a, b in EXPRESSWAYS]
    arterial = []
    for code in CENTRES:
        mine = np.flatnonzero(county == code)
        for k in range(1, len(mine)):
            joined = mine[_distance(centres[mine[k : k + 1]], centres[mine[:k]]).argmin()]
            arterial.append((f"{towns()['name'][mine[k]][:2]}大道", "ARTERIAL", code, centres[joined], centres[mine[k]]))
    streets: list[tuple[str, str, str, np.ndarray, np.ndarray]] = []
    index = {code: i for i, code in enumerate(town)}
    lived_in = people["town"] + people["address"].str.extract(f"({'|'.join(ROADS)})", expand=False)
    for name in sorted(lived_in.dropna().unique()):
        cell = cells[index[name[:9]]]
        a, b = point_in_each(np.array([cell, cell]), rng)
        streets.append((name[9:], ("SECONDARY", "LOCAL")[len(streets) % 2], name[:6], a, b))
    rows = [*express, *arterial, *streets]
    ends = np.array([[a, b] for *_, a, b in rows])
    bend = ends.mean(axis=1) + (ends[:, 1] - ends[:, 0])[:, ::-1] * [-1, 1] * rng.uniform(-0.1, 0.1, (len(rows), 1))
    lines = rounded(shapely.linestrings(np.stack([ends[:, 0], bend, ends[:, 1]], axis=1)))
    made = pd.DataFrame([row[:3] for row in rows], columns=["name", "class", "county6"])
    return made.assign(code="R" + numbers(np.arange(len(rows)) + 1, 6), geometry=lines)


def metres(shapes: np.ndarray) -> np.ndarray:
    """The shapes in the plane of surveyors (EPSG:4549), to the centimetre."""
    return shapely.transform(shapes, lambda p: np.stack(METRES.transform(p[:, 0], p[:, 1]), axis=1).round(2))


def boxes(buildings: pd.DataFrame) -> np.ndarray:
    """The ground plans of buildings in that plane."""
    east, north = METRES.transform(buildings["lon"].to_numpy(), buildings["lat"].to_numpy())
    half = buildings["width"].to_numpy() / 2, buildings["depth"].to_numpy() / 2
    return shapely.transform(shapely.box(east - half[0], north - half[1], east + half[0], north + half[1]), lambda p: p.round(2))


def gcj02(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions as maps for the public show them, moved by half a kilometre (domain rules A12)."""
    x, y = lon - 105, lat - 35
    root = np.sqrt(np.abs(x))

    def waves(v: np.ndarray, *parts: tuple[float, float]) -> np.ndarray:
        return np.sum([amount * np.sin(v * np.pi / per) for amount, per in parts], axis=0) * 2 / 3

    both = waves(x, (20, 1 / 6), (20, 0.5))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both + waves(y, (20, 1), (40, 3), (160, 12), (320, 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both + waves(x, (20, 1), (40, 3), (150, 12), (300, 30))
    radians, ee, axis = np.radians(lat), 0.00669342162296594323, 6378245.0
    m = 1 - ee * np.sin(radians) ** 2
    return lon + east * 180 / (axis / np.sqrt(m) * np.cos(radians) * np.pi), lat + north * 180 / (axis * (1 - ee) / m**1.5 * np.pi)


def texts(shapes: np.ndarray, digits: int = DIGITS) -> np.ndarray:
    """Well-known text."""
    return np.asarray(shapely.to_wkt(shapes, rounding_precision=digits), dtype=object)


def changed(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the time of their last change, in the two years before the middle of 2019."""
    days = np.datetime64("2019-06-30") - rng.integers(0, 700, len(rows))
    return rows.assign(update_time=clock_text(days, office_seconds(rng, len(rows))))


def kinds(rng: np.random.Generator, weights: Mapping[str, float], n: int) -> np.ndarray:
    """`n` kinds by their weights."""
    return pick(rng, list(weights), n, list(weights.values()))
