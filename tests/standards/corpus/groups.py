"""Questions about groups and orders: aggregates, windows and set operations with ties, nulls and strings of every plane."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

ROWS = [
    (key, word, size)
    for key in ("a", "b", None)
    for word, size in (
        ("王", 1),
        ("𠀀", 2),
        ("\uff01", 2),
        ("Z", None),
        ("z", 3),
        (None, 4),
        ("王", 1),
        ("\U0010ffff", -1),
        ("\ue000", None),
    )
]
DDL = "k string, s string, n int"
HEAD = [*ROWS[:9], ("c", None, None), (None, None, None)]


def _numbered(frame: DataFrame) -> DataFrame:
    return frame.select(F.row_number().over(Window.orderBy(*frame.columns)).alias("i"), "*")


def _window(frame: DataFrame) -> DataFrame:
    down = Window.partitionBy("k").orderBy(F.col("s").desc(), "i")
    up = Window.partitionBy("k").orderBy(F.col("n").asc_nulls_last(), F.col("s").desc_nulls_last(), "i")
    ties = Window.partitionBy("k").orderBy(F.col("n").desc())
    return frame.select(
        "i", F.row_number().over(down).alias("down"), F.row_number().over(up).alias("up"), F.rank().over(ties).alias("rank"),
        F.dense_rank().over(ties).alias("dense"), F.lag("s").over(up).alias("before"), F.lead("n").over(up).alias("after"),
        F.last("s", ignorenulls=True).over(up).alias("so_far"),
        F.min("s").over(Window.partitionBy("k")).alias("least"), F.max("s").over(Window.partitionBy("k")).alias("most"),
        F.count("s").over(Window.partitionBy("k")).alias("counted"), F.sum("n").over(Window.partitionBy("k")).alias("sum"),
    )  # fmt: skip


def _known() -> Column:
    """What rows are compared by must have no NULL inside: Sail then takes whichever row comes first."""
    return F.struct(F.col("n").isNull(), F.coalesce("n", F.lit(0)), F.coalesce("s", F.lit("")).alias("s"))


def _text() -> Column:
    return F.concat(F.lpad(F.coalesce("n", F.lit(0)).cast("string"), 3, "0"), F.coalesce("s", F.lit("")))


def _aggregate(frame: DataFrame) -> DataFrame:
    return frame.groupBy("k").agg(
        F.min("s").alias("least"), F.max("s").alias("most"), F.count_distinct("s").alias("distinct"), F.count(F.lit(1)).alias("rows"),
        F.count("n").alias("counted"), F.sum("n").alias("sum"), F.bool_or(F.col("n") > 2).alias("any"),
        F.count_if(F.col("n") > 2).alias("several"),
        F.bool_or(F.col("n") > 9).alias("none"), F.min_by("s", _known()).alias("first"), F.min(_known())["s"].alias("pair"),
        F.max(F.when(F.col("n") > 1, _known()))["s"].alias("last"), F.sort_array(F.collect_list("s")).alias("all"),
        F.sort_array(F.collect_list(F.struct("n", "s"))).alias("pairs"), F.sort_array(F.collect_set("s")).alias("set"),
        F.sort_array(F.collect_set(F.struct("n", "s"))).alias("set_of_pairs"), F.max(F.when(F.col("n") == 2, F.col("s"))).alias("when"),
        F.collect_list(F.when(F.col("n") > 99, F.col("s"))).alias("nothing"),
        F.bit_count(F.bit_or(F.when(F.col("n") == 2, 1).when(F.col("s") == "王", 4).otherwise(0))).alias("bits"),
        F.min_by(F.when(F.col("n") != 1, F.col("s")), _text()).alias("of_the_first"),
        F.max_by("n", _text()).alias("of_the_last"),
    ).transform(_numbered)  # fmt: skip


GROUPS: dict[str, Callable[[DataFrame], DataFrame]] = {
    "window": _window,
    "aggregate": _aggregate,
    "aggregate of nothing": lambda f: (
        f.where("false")
        .agg(F.sum("n").alias("s"), F.count("n").alias("c"), F.max("s").alias("m"), F.count_if(F.col("n") > 2).alias("several"))
        .transform(_numbered)
    ),
    "distinct": lambda f: f.select("k", "s").distinct().transform(_numbered),
    "exceptAll": lambda f: f.select("k", "s").exceptAll(f.where(F.col("i") < 7).select("k", "s")).transform(_numbered),
    "explode": lambda f: (
        f.select("i", "k", F.explode(F.array("s", F.lit("王"), F.lit(None).cast("string"))).alias("e"))
        .select("k", "e")
        .transform(_numbered)
    ),
    "join": lambda f: f.select("k", "s").join(f.select("k", F.col("s").alias("t")).where("t = '王'"), "k", "left").transform(_numbered),
    "full join": lambda f: f.select("k", "s").join(f.select(F.lit("c").alias("k")).distinct(), "k", "full").transform(_numbered),
    "left_anti": lambda f: f.select("k", "s").join(f.where("n = 2").select("k", "s"), ["k", "s"], "left_anti").transform(_numbered),
    "isin": lambda f: f.select(
        "i", F.col("s").isin("王", "Z").alias("in"), (~F.col("s").isin("王")).alias("out"), (F.col("n") % 2).alias("mod")
    ),
    "boolean": lambda f: f.select(
        "i", ((F.col("n") > 1) | (F.col("s") > "z")).alias("or"), ((F.col("n") > 1) & (F.col("s") > "z")).alias("and")
    ),
}
