"""Black-odorous waters: every measurement at its level, points and bodies by quarter (domain rules E4.3).

Here: `black_odorous_sample`, `black_odorous_grade`. Not here: levels of readings, points, reaches, bodies (`standards.black_odorous`).
A point needs three measurements in the quarter, a body three such points; points are in the order of their numbers.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.declare import table as lake_table
from assets.themes.ecology.water import counted
from assets.touch import own, units
from standards import black_odorous as black
from standards.tables import looked_up

LINEAGE = ("_source_file", "_row_no", "_batch_id")
MEASURED = tuple(black.ITEMS)
BLACK_ODOROUS_SAMPLE = (
    "water_body", "point_no", "sample_time", "quarter", *MEASURED, "depth_cm", *[f"{i}_level" for i in MEASURED], "level", *LINEAGE,
)  # fmt: skip
LEVELS = (1, 2)
BODY = "*"
"""Stands for all points in the row of a water body."""


def quarter(day: Column) -> Column:
    """The quarter of a date: 2019-Q1."""
    of_month = looked_up({f"{month:02d}": f"Q{(month + 2) // 3}" for month in range(1, 13)}, F.date_format(day, "MM"))
    return F.concat_ws("-", F.date_format(day, "yyyy"), of_month)


@lake_asset(
    "themes/ecology/black_odorous_sample",
    unit=units(sample=("water_body", "point_no", "sample_time")),
    touch={"monitor": own(sample=("water_body", "point_no", "sample_time"))},
)
def black_odorous_sample(monitor: DataFrame = cleansed("housing/black_odorous_monitor")) -> DataFrame:
    """One row per measurement, key (water_body, point_no, sample_time), columns BLACK_ODOROUS_SAMPLE: each item at its level 0 to 2."""
    qualified = {"sd_cm", "do", "nh3n"}
    values = {i: counted(F.col(i), F.col(f"{i}_qualifier")) if i in qualified else F.col(i).cast("decimal(18,6)") for i in MEASURED}
    depth = (F.col("depth_m") * 100).cast("decimal(7,1)")
    levels = {f"{i}_level": black.reading_level(i, F.col(i), F.col("depth_cm")) for i in MEASURED}
    return (
        monitor.withColumn("depth_cm", depth)
        .withColumns(values)
        .withColumns(levels)
        .withColumn("level", F.greatest(*[F.col(name) for name in levels]))
        .withColumn("quarter", quarter(F.col("sample_time").cast("date")))
        .select(*BLACK_ODOROUS_SAMPLE)
    )


def point_quarters(sample: DataFrame) -> DataFrame:
    """Per point and quarter: its level, NULL with too few measurements, and that of the reach around it."""
    counts = [F.count(f"{i}_level").alias(f"{i}_n") for i in MEASURED]
    reached = [F.count_if(F.col(f"{i}_level") >= n).alias(f"{i}_{n}") for i in MEASURED for n in LEVELS]
    grouped = sample.groupBy("water_body", "quarter", "point_no").agg(F.count("level").alias("readings"), *counts, *reached)
    level = black.point_level({i: F.col(f"{i}_n") for i in MEASURED}, {(i, n): F.col(f"{i}_{n}") for i in MEASURED for n in LEVELS})
    line = Window.partitionBy("water_body", "quarter").orderBy(F.length("point_no"), "point_no")
    before = [F.coalesce(F.lag("_level", n).over(line), F.lit(0)) for n in (2, 1)]
    after = [F.coalesce(F.lead("_level", n).over(line), F.lit(0)) for n in (1, 2)]
    return grouped.withColumn("_level", F.when(F.col("readings") >= black.LEAST_READINGS, level)).withColumn(
        "_reach", black.reach_level(before, F.coalesce("_level", F.lit(0)), after)
    )


BLACK_ODOROUS_GRADE = (
    "water_body", "quarter", "place_level", "point_no", "readings", "points", "light_points", "heavy_points", "grade", "reach_grade",
)  # fmt: skip


@lake_asset(
    "themes/ecology/black_odorous_grade",
    unit=units(body=("water_body", "quarter")),
    touch={"sample": own(body=("water_body", "quarter"))},
)
def black_odorous_grade(sample: DataFrame = lake_table("themes/ecology/black_odorous_sample")) -> DataFrame:
    """One row per water body, quarter and point, and one for the body (point BODY), key (water_body, quarter, point_no), columns
    BLACK_ODOROUS_GRADE. The grade of a body is NULL with fewer than three points that have three measurements each."""
    points = point_quarters(sample)
    bodies = points.groupBy("water_body", "quarter").agg(
        F.sum("readings").alias("readings"), F.count("_level").alias("points"),
        *[F.count_if(F.col("_level") >= n).alias(f"{name}_points") for n, name in zip(LEVELS, ("light", "heavy"), strict=True)],
        F.max("_reach").alias("_reach"),
    )  # fmt: skip
    level = black.body_level(F.col("points"), F.col("light_points"), F.col("heavy_points"), F.col("_reach"))
    none = {name: F.lit(None).cast("int") for name in ("points", "light_points", "heavy_points")}
    rows = (
        bodies.withColumns({"place_level": F.lit("BODY"), "point_no": F.lit(BODY)}).withColumn(
            "grade", F.when(F.col("points") >= black.LEAST_POINTS, black.grade(level))
        ),
        points.withColumns({"place_level": F.lit("POINT"), **none}).withColumn("grade", black.grade(F.col("_level"))),
    )
    return reduce(
        DataFrame.unionByName, [r.withColumn("reach_grade", black.grade(F.col("_reach"))).select(*BLACK_ODOROUS_GRADE) for r in rows]
    )
