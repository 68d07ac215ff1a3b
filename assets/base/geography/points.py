"""Layers of points: places of public interest, components of the public space, with the town in which each lies.

Positions are CGCS2000 already: the row rule `coordinates` has converted them from the system of the contract. Not here: addresses
(`address`).
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.geography.layers import LINEAGE, in_force
from assets.declare import cleansed, lake_asset, table
from assets.places import nearest, within
from contracts import load_all

REACH = 300.0
"""Metres to the road that a component is said to belong to."""


def towns(division: DataFrame) -> DataFrame:
    """The towns in force: code (9 digits), geometry."""
    return in_force(division, "TOWN").select(F.substring("code", 1, 9).alias("town"), "geometry")


def source_crs(source: str) -> str:
    """The system in which a department delivers the positions of a table, by its contract."""
    return load_all()[f"cleansed/{source}"].crs or ""


@lake_asset("base/geography/poi")
def poi(source: DataFrame = cleansed("natural_resources/poi"), division: DataFrame = table("base/geography/division")) -> DataFrame:
    """One row per place, key poi_no."""
    rows = source.select(
        "poi_no", "name", "category", "lon", "lat", F.lit(source_crs("natural_resources/poi")).alias("source_crs"), *LINEAGE
    )
    return within(rows, towns(division), "town")


@lake_asset("base/geography/component")
def component(
    source: DataFrame = cleansed("urban_management/component"),
    division: DataFrame = table("base/geography/division"),
    road: DataFrame = table("base/geography/road"),
) -> DataFrame:
    """One row per component, key component_no; road_no, road_no_m: the nearest road within REACH metres."""
    rows = source.select(
        "component_no",
        "kind",
        "state",
        "owner",
        "lon",
        "lat",
        F.lit(source_crs("urban_management/component")).alias("source_crs"),
        *LINEAGE,
    )
    return nearest(within(rows, towns(division), "town"), road, "road_no", REACH)
