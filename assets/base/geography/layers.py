"""Layers of lines and polygons, each from the department that has authority over it, in one form (contracts/shapes/layer.yaml).

Here: divisions with their history, and the layers that are a delivered table with its geometry. Not here: layers of points (`points`).
Source: domain rules D5.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.shapes import SHAPE, shape, shared_m2
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from contracts import load_all

LINEAGE = ("_source_file", "_row_no")


def layer(rows: DataFrame, source: str, *columns: str) -> DataFrame:
    """Some columns of a delivered table, its geometry as the lake keeps it, the system it came in, and file and line.

    Args:
        rows: of the cleansed table, with the text `geometry`.
        source: department/table, whose contract states the system.
        columns: the others to keep.
    """
    crs = load_all()[f"cleansed/{source}"].crs or ""
    shaped = rows.withColumn("_shape", shape(F.col("geometry"), crs))
    return shaped.select(*columns, *[F.col(f"_shape.{c}").alias(c) for c in SHAPE], F.lit(crs).alias("source_crs"), *LINEAGE)


@lake_asset("base/geography/division")
def division(
    source: DataFrame = cleansed("civil_affairs/division_boundary"), checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT
) -> DataFrame:
    """One row per division and period, key code and valid_from; overlap_m2: what it shares with others of its level, all in force."""
    rows = checkpoint(layer(source, "civil_affairs/division_boundary", "code", "valid_from", "valid_to", "name", "level", "parent"))
    return left_join_lookup(rows, _overlaps(in_force(rows)), ("code", "valid_from"))


def in_force(divisions: DataFrame, *levels: str) -> DataFrame:
    """The divisions in force, of some levels or of all."""
    now = divisions.where(F.col("valid_to").isNull())
    return now.where(F.col("level").isin(*levels)) if levels else now


def _overlaps(rows: DataFrame) -> DataFrame:
    """The area that each division shares with others of its level."""
    box = ("west", "south", "east", "north", "geometry")
    one, other = (
        rows.select("code", "valid_from", "level", *box).withColumnsRenamed({c: f"{n}_{c}" for c in ("code", *box)}) for n in "ab"
    )
    touching = [
        F.col("a_code") != F.col("b_code"),
        F.col("a_west") < F.col("b_east"),
        F.col("b_west") < F.col("a_east"),
        F.col("a_south") < F.col("b_north"),
        F.col("b_south") < F.col("a_north"),
    ]
    pairs = one.join(other.drop("valid_from"), ["level"])
    for condition in touching:
        pairs = pairs.where(condition)
    shared = pairs.select(F.col("a_code").alias("code"), "valid_from", shared_m2(F.col("a_geometry"), F.col("b_geometry")).alias("m2"))
    return shared.groupBy("code", "valid_from").agg(F.round(F.sum("m2"), 1).alias("overlap_m2"))


@lake_asset("base/geography/grid")
def grid(
    source: DataFrame = cleansed("integrated_governance/grid"),
    division: DataFrame = table("base/geography/division"),
) -> DataFrame:
    """One row per area of the governance grid, key grid_no; outside_m2: what lies outside its village."""
    rows = layer(source, "integrated_governance/grid", "grid_no", "name", "division")
    villages = in_force(division, "VILLAGE").select(F.col("code").alias("division"), F.col("geometry").alias("_village"))
    inside = shared_m2(F.col("geometry"), F.col("_village"))
    return left_join_lookup(rows, villages, "division").withColumn("outside_m2", F.round(F.col("area_m2") - inside, 1)).drop("_village")


@lake_asset("base/geography/building")
def building(source: DataFrame = cleansed("natural_resources/building")) -> DataFrame:
    """One row per building, key building_no."""
    return layer(source, "natural_resources/building", "building_no", "use", "floors", "division")


@lake_asset("base/geography/road")
def road(source: DataFrame = cleansed("housing/road")) -> DataFrame:
    """One row per road, key road_no."""
    return layer(source, "housing/road", "road_no", "name", "road_class", "county6")


@lake_asset("base/geography/water")
def water(source: DataFrame = cleansed("water_resources/water_body")) -> DataFrame:
    """One row per river, canal or lake, key water_body."""
    return layer(source, "water_resources/water_body", "water_body", "name", "kind", "county6")


@lake_asset("base/geography/land_use")
def land_use(source: DataFrame = cleansed("natural_resources/land_use")) -> DataFrame:
    """One row per parcel, key parcel_no."""
    surveyed = source.withColumnRenamed("area_m2", "surveyed_m2")
    return layer(surveyed, "natural_resources/land_use", "parcel_no", "land_class", "county6", "surveyed_m2")


@lake_asset("base/geography/park")
def park(source: DataFrame = cleansed("development_reform/park")) -> DataFrame:
    """One row per industrial or development park, those that are no more among them, key park_code."""
    columns = ("park_code", "name", "level", "county6", "since", "until", "industrial_ha")
    return layer(source, "development_reform/park", *columns)


@lake_asset("base/geography/red_line")
def red_line(source: DataFrame = cleansed("natural_resources/red_line", closed=True)) -> DataFrame:
    """One row per red line and period, key red_line_code and valid_from: it ends before the next one, or when the list no longer has it."""
    following = F.lead("valid_from").over(Window.partitionBy("red_line_code").orderBy("valid_from"))
    rows = source.withColumn("valid_to", F.date_sub(F.coalesce(following, "_closed_on"), 1))
    columns = ("red_line_code", "valid_from", "valid_to", "name", "kind", "county6", "area_ha")
    return layer(rows, "natural_resources/red_line", *columns)
