"""The lines and stops of buses as they were on each day: an edition holds until the next one of its line and direction.

Here: `bus_stop`, which edition is in force when, and the legs between stops. Not here: trips (`trips`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import and_

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.declare import cleansed, lake_asset, table
from assets.joins import join_as_of, left_join_lookup
from assets.places import within
from assets.themes.traffic.service_day import MINUTE
from assets.touch import own, units

LINE = ("line_no", "direction")
LINEAGE = ("_source_file", "_row_no", "_batch_id")
BUS_STOP = (
    *LINE, "valid_from", "seq", "valid_to", "stop_no", "name", "lon", "lat", "county6", "town", "distance_km", "run_s", *LINEAGE,
)  # fmt: skip


def with_end(rows: DataFrame) -> DataFrame:
    """Rows of editions, with `valid_to`: the day before the next edition of the line and direction; NULL of the last."""
    editions = rows.select(*LINE, "valid_from").distinct()
    following = F.lead("valid_from").over(Window.partitionBy(*LINE).orderBy("valid_from"))
    return rows.transform(left_join_lookup, editions.withColumn("valid_to", F.date_sub(following, 1)), (*LINE, "valid_from"))


def on_the_day(rows: DataFrame, editions: DataFrame, *columns: str) -> DataFrame:
    """Rows of lines and days of service with `columns` of the edition that was in force; NULL where none was.

    Args:
        rows: with LINE and service_date.
        editions: with LINE, valid_from and valid_to, one of a line and direction on each day.
        columns: of the editions.
    """
    return join_as_of(rows, editions.select(*LINE, "valid_from", "valid_to", *columns), "service_date", LINE).drop("provisional")


def in_force_on(rows: DataFrame, stop: DataFrame) -> DataFrame:
    """Rows of lines and days of service, each with every stop of its line and direction that was in force then.

    Args:
        rows: with LINE and service_date.
        stop: with LINE, valid_from and valid_to; the other columns are added.
    """
    over = F.coalesce(F.col("valid_to") < F.col("service_date"), F.lit(False))
    return stop.join(rows, list(LINE)).where((F.col("valid_from") <= F.col("service_date")) & ~over).drop("valid_from", "valid_to")


def legs(stop: DataFrame, ends: Mapping[str, str]) -> DataFrame:
    """The legs of lines, from each stop to the next one of its edition: the rows of stops after which another one comes.

    Args:
        stop: with LINE, valid_from, seq and columns.
        ends: new column -> column whose value at the next stop it has. Where any of these is NULL at either end, there is no leg.
    """
    line = Window.partitionBy(*LINE, "valid_from").orderBy("seq")
    both = [F.col(c).isNotNull() for c in (*ends, *ends.values())]
    return stop.withColumns({name: F.lead(of).over(line) for name, of in ends.items()}).where(reduce(and_, both))


@lake_asset(
    "themes/traffic/bus_stop",
    unit=units(line=LINE),
    touch={"stop": own(line=LINE)},
)
def bus_stop(stop: DataFrame = cleansed("transport/bus_stop"), division: DataFrame = table("base/geography/division")) -> DataFrame:
    """One row per line, direction, edition and place in the order of stops, key (line_no, direction, valid_from, seq), columns BUS_STOP."""
    return (
        within(with_end(stop), towns(division), "town")
        .withColumn("county6", F.substring("town", 1, 6))
        .withColumn("run_s", F.col("run_min") * MINUTE)
        .select(*BUS_STOP)
    )
