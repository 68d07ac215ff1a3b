"""The industrial and development parks of the demo city: where they are, who is in them, and under which address firms are registered.

Here: borders, enterprises with the days on which they moved in and out, premises with standard addresses. Not here: what the parks' own
lists say wrongly (`departments.development_reform`). Names and levels are those of the city's parks; borders, days and land are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, NAT, as_days, between, numbers, only, pick, stream
from simulator.world.ground import METRES, Ground, point_in_each
from simulator.world.people import COUNTIES, towns

SHARE, LEFT, LATER = 0.45, 0.05, 900
"""Share of a county's companies that are in a park; of these, those that have moved out; days within which a park draws a firm."""
UNLISTED, ELSEWHERE, TWICE = 0.08, 0.1, 0.04
"""Shares of the firms in parks: not on the park's list; registered somewhere else; on the list of a second park, too."""
LEAST = 2
"""Of each of these, where there are so many firms."""
BUILT = (0.35, 0.75)
"""Share of a park's area that is developed industrial land."""
INSET, CORNERS = 80, 24
"""Metres between a park and the border of its town; corners of a park."""
STREETS = ("园区大道", "科技路", "创新路", "兴园路")


@dataclass(frozen=True)
class Parks:
    """The parks.

    Attributes:
        parks: code, name, level, county6, since, until (days, NaT), geometry (EPSG:4549, metres), industrial (m²).
        firms: entity_row, park (code), second (code of the park that has the firm on its list, too; None), moved_in, moved_out (days, NaT),
            listed (the park's list has it), lies (it is registered in the park), premises (code, None).
        premises: code, address, village (12 digits), lon, lat (CGCS2000 degrees).
    """

    parks: pd.DataFrame
    firms: pd.DataFrame
    premises: pd.DataFrame

    @classmethod
    def of(cls, ground: Ground, entities: pd.DataFrame, seed: int) -> Parks:
        """The parks of this ground, and which of these entities are in them."""
        rng = stream(seed, "parks")
        parks = _parks(ground, rng)
        firms = _firms(parks, entities, rng)
        return cls(parks, firms, _premises(parks, firms, ground, rng))

    def registered_at(self) -> pd.Series:
        """The address of entities by their row: of those with premises."""
        at = self.firms.dropna(subset="premises").set_index("entity_row")["premises"]
        return at.map(self.premises.set_index("code")["address"])


def _parks(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Circles in the towns, cut where the town ends."""
    rows = pd.read_csv(Path(__file__).with_suffix(".csv"), dtype=str, keep_default_na=False)
    border = ground.divisions.set_index("code")["geometry"].reindex(rows["town"] + "000").to_numpy()
    plane = shapely.transform(border, lambda p: np.stack(METRES.transform(p[:, 0], p[:, 1]), axis=1))
    inside = shapely.buffer(plane, -INSET)
    circle = shapely.buffer(shapely.point_on_surface(inside), rows["radius"].astype(float).to_numpy(), quad_segs=CORNERS // 4)
    shapes = shapely.intersection(circle, inside)
    parts = [max(shapely.get_parts(shape), key=shapely.area) for shape in shapes]
    geometry = shapely.transform(np.array(parts), lambda p: p.round(2))
    return rows.assign(
        since=as_days(rows["since"].to_numpy()), until=as_days(rows["until"].replace("", "NaT").to_numpy()), geometry=geometry,
        industrial=shapely.area(geometry) * rng.uniform(*BUILT, len(rows)),
    )  # fmt: skip


def _firms(parks: pd.DataFrame, entities: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    codes = parks.groupby("county6")["code"].agg(list)
    company = (entities["kind"] == "company") & entities["uscc"].notna() & entities["county6"].isin(codes.index)
    rows = np.flatnonzero(company.to_numpy() & (rng.random(len(entities)) < SHARE))
    e = entities.iloc[rows]
    choice = rng.integers(0, 2, len(e)) % e["county6"].map(codes).str.len()
    park = np.array([codes[county][i] for county, i in zip(e["county6"], choice, strict=True)], dtype=object)
    until = as_days(parks.set_index("code")["until"].reindex(park).to_numpy())
    in_time = np.isnat(until) | (as_days(e["born"].to_numpy()) < until)
    rows, e, park, until = rows[in_time], e[in_time], park[in_time], until[in_time]
    since = as_days(parks.set_index("code")["since"].reindex(park).to_numpy())
    moved_in = np.minimum(np.maximum(as_days(e["born"].to_numpy()), since) + rng.integers(0, LATER, len(e)), AS_OF - 40)
    ended, gone = as_days(e["ended"].to_numpy()), ~e["ended"].isna().to_numpy() | ~e["revoked"].isna().to_numpy()
    leaves = ~gone & (rng.random(len(e)) < LEFT)
    moved_out = np.where(leaves, between(rng, moved_in, np.full(len(e), AS_OF)), np.where(np.isnat(ended), NAT, ended))
    moved_out = np.fmin(moved_out, until)
    moved_in = np.fmin(moved_in, np.where(np.isnat(moved_out), moved_in, moved_out))
    there = ~gone & np.isnat(moved_out)
    plain = there & e["reg_no"].isna().to_numpy() & (as_days(e["born"].to_numpy()) < AS_OF - 60)
    unlisted, elsewhere, twice = _some_of(plain, rng)
    second = parks["code"].to_numpy()[(parks["code"].searchsorted(park) + 1) % (len(parks) - 1)]
    return pd.DataFrame(
        {
            "entity_row": rows, "park": park, "second": only(twice, second), "moved_in": moved_in, "moved_out": moved_out,
            "listed": ~unlisted, "lies": there & ~elsewhere,
            "premises": only(there, "F" + numbers(np.arange(len(rows)) + 1, 9)),
        }
    )  # fmt: skip


def _some_of(plain: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Of these firms some that the list does not have, some that are registered elsewhere, some that are on two lists: no firm twice."""
    order, found, begin = rng.permutation(np.flatnonzero(plain)), [], 0
    for share in (UNLISTED, ELSEWHERE, TWICE):
        n = min(max(LEAST, round(share * len(order))), len(order) // 4)
        found.append(np.isin(np.arange(len(plain)), order[begin : begin + n]))
        begin += n
    return found


def _premises(parks: pd.DataFrame, firms: pd.DataFrame, ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """A standard address for every firm that is in a park: within its borders, or in a town without parks."""
    rows, place = firms[firms["premises"].notna()], parks.set_index("code")
    own, n = place["town"].reindex(rows["park"]).to_numpy(dtype=object), len(rows)
    codes = towns()["code"].to_numpy()
    free = codes[~np.isin(codes, parks["town"])]
    town = np.where(rows["lies"], own, free[np.searchsorted(free, own.astype(str)) % len(free)])
    degrees = shapely.transform(place["geometry"].reindex(rows["park"]).to_numpy(), _degrees)
    lon, lat = np.where(rows[["lies"]], point_in_each(degrees, rng), ground.somewhere_in(town, rng)).T
    named = pd.Series(town).map(towns().set_index("code")["name"]).to_numpy(dtype=object)
    county = pd.Series(town).str[:6].map(COUNTIES).to_numpy(dtype=object)
    street = pick(rng, STREETS, n) + numbers(np.arange(n) + 1) + "号"
    return pd.DataFrame(
        {
            "code": rows["premises"].to_numpy(), "address": "江苏省扬州市" + county + named + street, "village": town + "001",
            "lon": lon, "lat": lat,
        }
    )  # fmt: skip


def _degrees(points: np.ndarray) -> np.ndarray:
    return np.stack(METRES.transform(points[:, 0], points[:, 1], direction="INVERSE"), axis=1)
