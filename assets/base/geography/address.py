"""Standard addresses: their elements, the divisions that they name, and whether they lie there.

Here: the dictionary of villages and the topology of addresses. Not here: the grammar (`standards.addresses`). Source: domain rules A13, D5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.layers import LINEAGE
from assets.base.geography.points import source_crs, towns
from assets.base.geography.shapes import apart_m
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.places import within
from standards import divisions
from standards.addresses import taken_apart

TOLERANCE = 50.0
"""Metres that an address may lie outside its town."""
ELEMENTS = ("village_name", "group_no", "road", "door_no", "compound", "building", "unit", "floor", "room", "extra")
OWN_NAMES = {"village": "village_name", "group": "group_no", "door": "door_no"}
"""Element of the grammar -> column, where they differ."""
SUFFIXES = ("社区", "居委会", "村委会", "村")


def with_elements(rows: DataFrame, text: str) -> DataFrame:
    """The rows with the elements of an address, NULL what is not there.

    Adds county_named (6 digits), town_named (9 digits), ELEMENTS, addr_key (text, for comparison) and parse_level (int, 0 to 9).

    Args:
        rows: with the address.
        text: its column.
    """
    kept, found = rows.columns, {text: F.col(text)}
    for i, step in enumerate(taken_apart(text)):
        named = {field: (f"_step{i}_{field}", made) for field, made in step(found).items()}
        rows = rows.withColumns(dict(named.values()))
        found |= {field: F.col(name) for field, (name, _) in named.items()}
    of = {OWN_NAMES.get(field, field): made for field, made in found.items()}
    named_divisions = {f"{level}_named": F.nullif(of[level], F.lit("")) for level in ("county", "town")}
    elements = {name: F.nullif(of[name], F.lit("")) for name in ELEMENTS}
    added = {**named_divisions, **elements, "addr_key": of["key"], "parse_level": of["level"].cast("int")}
    return rows.withColumns(added).select(*kept, *added)


def village_names(division: DataFrame) -> DataFrame:
    """The dictionary of villages: town (9 digits), village_name, village (12 digits).

    A village is known by the names it has and had, each without its suffix and with another one, where only one village of the town is
    meant.

    division: base/geography/division.
    """
    known = division.where(F.col("level") == "VILLAGE").select("code", "name")
    stem = F.regexp_replace("name", f"(?:{'|'.join(SUFFIXES)})\\z", "")
    ways = F.array("name", stem, *(F.concat(stem, F.lit(s)) for s in SUFFIXES))
    named = known.select("code", "name", F.explode(F.array_distinct(ways)).alias("village_name"))
    in_town = named.withColumn("town", F.substring("code", 1, 9)).groupBy("town", "village_name")
    by_name = F.min(F.when(F.col("name") == F.col("village_name"), F.col("code")))
    only = F.when(F.count_distinct("code") == 1, F.min("code"))
    return in_town.agg(F.coalesce(by_name, only).alias("village")).where(F.col("village").isNotNull())


@lake_asset("base/geography/address")
def address(
    source: DataFrame = cleansed("public_security/standard_address"),
    division: DataFrame = table("base/geography/division"),
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per standard address, key address_no."""
    kept = ("address_no", "address", "division", "lon", "lat", "building_no", *LINEAGE)
    rows = with_elements(source.select(*kept), "address").transform(_placed, village_names(division))
    located = checkpoint(within(rows, towns(division), "town", name="town_at"))
    apart = _apart(located, towns(division))
    crs = F.lit(source_crs("public_security/standard_address"))
    return left_join_lookup(located, apart, "address_no").withColumns({"flags": _flags(), "source_crs": crs})


def _placed(rows: DataFrame, villages: DataFrame) -> DataFrame:
    """Add county, town and village: as the police state them, else as the address names them."""
    stated = divisions.town_of(F.col("division"))
    whole = F.when(~F.col("division").endswith("000"), F.col("division"))
    town = F.coalesce(stated, F.col("town_named"))
    placed = left_join_lookup(rows.withColumn("town", town), villages, ("town", "village_name"))
    county = F.coalesce(F.substring("town", 1, 6), F.col("county_named"), divisions.county_of(F.col("division")))
    return placed.withColumns({"county": county, "village": F.coalesce(whole, F.col("village"))})


def _apart(rows: DataFrame, towns: DataFrame) -> DataFrame:
    """How far those addresses are from their town that do not lie in it: address_no, apart_m."""
    elsewhere = rows.where(F.col("lon").isNotNull() & F.col("town").isNotNull() & ~F.col("town").eqNullSafe(F.col("town_at")))
    position = [F.col(c).cast("double") for c in ("lon", "lat")]
    return towns.join(elsewhere.select("address_no", "town", "lon", "lat"), ["town"]).select(
        "address_no", apart_m(*position, F.col("geometry")).alias("apart_m")
    )


def _flags() -> Column:
    """What is wrong with an address, in the order of the contract."""
    differs = [F.col(f"{level}_named") != F.col(level) for level in ("county", "town")]
    conditions = {
        "ADDRESS_EMPTY": F.col("parse_level") == 0,
        "NO_POSITION": F.col("lon").isNull(),
        "OTHER_DIVISION": reduce(Column.__or__, [F.coalesce(d, F.lit(False)) for d in differs]),
        "OUTSIDE_TOWN": F.col("apart_m") > TOLERANCE,
    }
    return F.array_compact(F.array(*(F.when(condition, code) for code, condition in conditions.items())))
