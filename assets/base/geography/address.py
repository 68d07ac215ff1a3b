"""Standard addresses: their elements, the divisions that they name, and whether they lie there.

Here: the dictionary of villages, the topology of addresses, and the standard address of a text. Not here: the grammar
(`standards.addresses`). Source: domain rules A13, D5.
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
from standards.addresses import elements, located
from standards.text import Row, Steps

TOLERANCE = 50.0
"""Metres that an address may lie outside its town."""
ELEMENTS = ("village_name", "group_no", "road", "door_no", "compound", "building", "unit", "floor", "room", "extra")
OWN_NAMES = {"village": "village_name", "group": "group_no", "door": "door_no"}
"""Element of the grammar -> column, where they differ."""
SUFFIXES = ("社区", "居委会", "村委会", "村", "社区居委会", "村村委会")


def with_elements(rows: DataFrame, text: str, stated: str, villages: DataFrame) -> DataFrame:
    """The rows with the elements of an address, NULL what is not there.

    Adds county_named (6 digits) and town_named (9 digits), as the address names them; town (9 digits); village (12 digits) where the
    dictionary knows the name; ELEMENTS, addr_key (text, for comparison) and parse_level (int, 0 to 9).

    Args:
        rows: with the address.
        text: its column.
        stated: the column that says the town (9 digits), NULL where only the address does.
        villages: the dictionary, `village_names`.
    """
    kept = [c for c in rows.columns if c != stated]
    rows, found = _taken(rows, {text: F.col(text)}, located(text), "above")
    town = F.coalesce(F.col(stated), F.nullif(found["town"], F.lit("")))
    known = left_join_lookup(rows.withColumns({"town": town, "_maybe": found["maybe"]}), villages, ("town", "_maybe"))
    village = F.when(F.col("village").isNotNull(), F.col("_maybe"))
    left = F.when(village.isNull(), found["left"]).otherwise(F.substr(found["left"], F.length("_maybe") + 1))
    rows, found = _taken(known, found, (lambda _: {"village": village, "left": left}, *elements(text)), "below")
    of = {OWN_NAMES.get(field, field): made for field, made in found.items()}
    named_divisions = {f"{level}_named": F.nullif(of[level], F.lit("")) for level in ("county", "town")}
    named = {name: F.nullif(of[name], F.lit("")) for name in ELEMENTS}
    added = {**named_divisions, **named, "addr_key": of["key"], "parse_level": of["level"].cast("int")}
    return rows.withColumns(added).select(*kept, "town", "village", *added)


def _taken(rows: DataFrame, found: Row, steps: Steps, stage: str) -> tuple[DataFrame, Row]:
    """Take the steps, one projection each: the rows with what the steps name, and the fields by their names."""
    for i, step in enumerate(steps):
        named = {field: (f"_{stage}{i}_{field}", made) for field, made in step(found).items()}
        rows = rows.withColumns(dict(named.values()))
        found = {**found, **{field: F.col(name) for field, (name, _) in named.items()}}
    return rows, found


def village_names(division: DataFrame) -> DataFrame:
    """The dictionary of villages: town (9 digits), _maybe (as an address may call it), village (12 digits).

    A village is known by the names it has and had, and by these with another suffix where only one village of the town is meant.

    division: base/geography/division.
    """
    known = division.where(F.col("level") == "VILLAGE").select("code", "name")
    stem = F.regexp_replace("name", f"(?:{'|'.join(SUFFIXES)})+\\z", "")
    ways = F.array("name", *(F.concat(stem, F.lit(s)) for s in SUFFIXES))
    called = known.select("code", "name", F.explode(F.array_distinct(ways)).alias("_maybe"))
    in_town = called.withColumn("town", F.substring("code", 1, 9)).groupBy("town", "_maybe")
    by_name = F.min(F.when(F.col("name") == F.col("_maybe"), F.col("code")))
    only = F.when(F.min("code") == F.max("code"), F.min("code"))
    return in_town.agg(F.coalesce(by_name, only).alias("village")).where(F.col("village").isNotNull())


def place_key() -> Column:
    """What two addresses of one place share, over rows `with_elements`: the key for comparison, the village and the group of the text."""
    return F.concat_ws("|", "addr_key", F.coalesce("village_name", F.lit("")), F.coalesce("group_no", F.lit("")))


def at_standard_address(rows: DataFrame, address: DataFrame) -> DataFrame:
    """The rows with the standard address of their place_key, `address_no`, `lon` and `lat`; NULL where none lies where it says.

    Of several addresses of one key it is the first by number.

    Args:
        rows: with `place_key`.
        address: base/geography/address.
    """
    sound = F.col("lon").isNotNull() & ~F.array_contains("flags", "OUTSIDE_TOWN")
    of_key = address.where(sound).groupBy(place_key().alias("place_key")).agg(F.min(F.struct("address_no", "lon", "lat")).alias("at"))
    return left_join_lookup(rows, of_key.select("place_key", "at.*"), "place_key")


@lake_asset("base/geography/address")
def address(
    source: DataFrame = cleansed("public_security/standard_address"),
    division: DataFrame = table("base/geography/division"),
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per standard address, key address_no."""
    kept = ("address_no", "address", "division", "lon", "lat", "building_no", *LINEAGE)
    rows = source.select(*kept, divisions.town_of(F.col("division")).alias("_stated"))
    placed = with_elements(rows, "address", "_stated", village_names(division)).withColumns(_places())
    lying = checkpoint(within(placed, towns(division), "town", name="town_at"))
    crs = F.lit(source_crs("public_security/standard_address"))
    return left_join_lookup(lying, _apart(lying, towns(division)), "address_no").withColumns({"flags": _flags(), "source_crs": crs})


def _places() -> dict[str, Column]:
    """County and village: as the police state them, else as the address names them."""
    stated = F.when(~F.col("division").endswith("000"), F.col("division"))
    county = F.coalesce(F.substring("town", 1, 6), F.col("county_named"), divisions.county_of(F.col("division")))
    return {"county": county, "village": F.coalesce(stated, F.col("village"))}


def _apart(rows: DataFrame, towns: DataFrame) -> DataFrame:
    """How far those addresses are from their town that do not lie in it: address_no, apart_m."""
    elsewhere = rows.where(F.col("lon").isNotNull() & F.col("town").isNotNull() & ~F.col("town").eqNullSafe(F.col("town_at")))
    apart = apart_m(F.col("lon").cast("double"), F.col("lat").cast("double"), F.col("geometry"))
    return towns.join(elsewhere.select("address_no", "town", "lon", "lat"), ["town"]).select("address_no", apart.alias("apart_m"))


def _flags() -> Column:
    """What is wrong with an address, in the order of the contract."""
    stated = {
        "county_named": F.nullif(divisions.county_of(F.col("division")), F.lit(divisions.CITY)),
        "town_named": divisions.town_of(F.col("division")),
    }
    conditions = {
        "ADDRESS_EMPTY": F.col("parse_level") == 0,
        "NO_POSITION": F.col("lon").isNull(),
        "OTHER_DIVISION": reduce(Column.__or__, [F.coalesce(F.col(named) != of, F.lit(False)) for named, of in stated.items()]),
        "OUTSIDE_TOWN": F.col("apart_m") > TOLERANCE,
    }
    return F.array_compact(F.array(*(F.when(condition, code) for code, condition in conditions.items())))
