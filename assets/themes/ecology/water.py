"""Surface water: samples of both kinds in one form, months of sections, rivers and lakes (domain rules E4.2).

Here: `water_sample`, `section_month`, `river_month`, `lake_month`. Not here: classes, states and the trophic index
(`standards.surface_water`), flags of readings (`quality_control`). The month of an item is the mean of its manual samples, where there are
any, and of the automatic readings otherwise; below the limit of detection a value counts as half of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.flags import refused
from assets.joins import Checkpoint, join_as_of, left_join_lookup
from assets.themes.ecology import quality_control
from assets.touch import named, own, units, via
from standards import surface_water as water
from standards.arrays import without_nulls
from standards.rounding import half_even, mean, scaled, shifted

MANUAL, AUTO = "MANUAL", "AUTO"
READ = ("water_temperature", "ph", "do", "conductivity", "turbidity", "codmn", "nh3n", "tp", "tn", "chla")
"""Items of an automatic station."""
ANALYSED = tuple(i for i in water.ITEMS if i not in ("conductivity", "turbidity"))
"""Items of a manual sample."""
EVERY = 240
"""Minutes from one automatic reading to the next."""
BELOW = ("<", "L", "ND")
"""Qualifiers of a value below the limit of detection; ND has no value."""
VALUE = "decimal(18,6)"
LINEAGE = ("_source_file", "_row_no", "_batch_id")
WATER_SAMPLE = (
    "section_code", "origin", "sample_id", "item", "month", "day", "value", "qualifier", "below_limit", "counted", "flags", "valid",
    *LINEAGE,
)  # fmt: skip


def counted(value: Column, qualifier: Column) -> Column:
    """What a value counts in a mean: half of the limit of detection below it (domain rules D20)."""
    return F.when(qualifier.isin(*BELOW), value * F.lit(Decimal("0.5"))).otherwise(value).cast(VALUE)


def _long(rows: DataFrame, items: tuple[str, ...], *, qualified: bool) -> DataFrame:
    """A row per item: value, qualifier, and whether the delivered value was refused."""
    parts = [
        F.struct(
            F.lit(i).alias("item"), F.col(f"`{i}`").cast(VALUE).alias("value"),
            (F.col(f"{i}_qualifier") if qualified else F.lit(None).cast("string")).alias("qualifier"),
            refused(i).alias("refused"),
        )
        for i in items
    ]  # fmt: skip
    return rows.withColumn("of", F.explode(F.array(*parts))).select("*", "of.*").drop("of", *items)


def manual_samples(manual: DataFrame) -> DataFrame:
    """The items of manual samples that were analysed."""
    refused = F.col("refused") & F.col("value").isNull()
    told = F.col("value").isNotNull() | F.col("qualifier").isNotNull() | refused
    return (
        _long(manual, ANALYSED, qualified=True)
        .where(told)
        .withColumn("origin", F.lit(MANUAL))
        .withColumn("sample_id", F.concat_ws("|", "month", "sample_no"))
        .withColumn("day", F.col("sample_date"))
        .withColumn("flags", F.array_compact(F.array(F.when(refused, quality_control.REFUSED))))
        .withColumn("valid", ~refused)
        .transform(_shaped)
    )


def automatic_samples(auto: DataFrame) -> DataFrame:
    """The readings of automatic stations, with their flags."""
    long = _long(auto, READ, qualified=False).withColumn("device", F.lit(None).cast("string"))
    kept = ("section_code", "item", "measured_at", "sent_time", "value", "qualifier", "refused", "device", *LINEAGE)
    return (
        quality_control.checked(long.select(*kept), "section_code", EVERY)
        .withColumn("origin", F.lit(AUTO))
        .withColumn("sample_id", F.col("measured_at").cast("string"))
        .withColumn("month", month_of("day"))
        .transform(_shaped)
    )


def _shaped(rows: DataFrame) -> DataFrame:
    below = F.coalesce(F.col("qualifier").isin(*BELOW), F.lit(False))
    return rows.withColumn("below_limit", below).withColumn("counted", counted(F.col("value"), F.col("qualifier"))).select(*WATER_SAMPLE)


def _around() -> Column:
    """The units of an automatic reading: the days that it may decide about, of its section."""
    days = [F.date_add(F.col("measured_at").cast("date"), n).cast("string") for n in range(-2, 3)]
    return named(*[F.concat(F.lit("auto:"), "section_code", F.lit("|"), day) for day in days])


def _sampled() -> Column:
    """The unit of a row: the section and, of manual samples, the month, of automatic ones the day."""
    auto = F.concat(F.lit("auto:"), "section_code", F.lit("|"), F.col("day").cast("string"))
    return named(F.when(F.col("origin") == MANUAL, F.concat(F.lit("manual:"), "section_code", F.lit("|"), "month")).otherwise(auto))


@lake_asset(
    "themes/ecology/water_sample",
    unit=_sampled,
    touch={"manual": own(manual=("section_code", "month")), "auto": own(_around, connects=False)},
)
def water_sample(
    manual: DataFrame = cleansed("environment/water_manual", optional=True),
    auto: DataFrame = cleansed("environment/water_auto", optional=True),
) -> DataFrame:
    """One row per section, sample and item, key (section_code, origin, sample_id, item), columns WATER_SAMPLE; units of water_item.csv."""
    return manual_samples(manual).unionByName(automatic_samples(auto))


MEANS = tuple(water.ITEMS)
SECTION_MONTH = (
    "section_code", "month", "water_body", "kind", "level", "county6", "lon", "lat", "target_class", "water_class", "state", "target_met",
    "main_pollutants", "exceedances", "items", "origin", "samples", "readings", "oxygen_saturation", "edition", *MEANS,
)  # fmt: skip


def _mean_of_item(total: Column, count: Column) -> Column:
    """The mean of the row's item with the decimals that are kept of it."""
    by_decimals = {n: [i for i, kept in water.KEPT.items() if kept == n] for n in sorted({*water.KEPT.values()})}
    return F.coalesce(*[F.when(F.col("item").isin(*items), mean(total, count, n).cast(VALUE)) for n, items in by_decimals.items()])


def item_months(sample: DataFrame) -> DataFrame:
    """Per section, month and item: the mean, whether all values are below their limits, and of which samples."""
    manual = F.col("origin") == MANUAL
    grouped = sample.where("valid").groupBy("section_code", "month", "item").agg(
        *[F.sum(F.when(of, F.col("counted"))).alias(f"{n}_sum") for n, of in (("manual", manual), ("auto", ~manual))],
        *[F.count(F.when(of, F.col("counted"))).alias(f"{n}_n") for n, of in (("manual", manual), ("auto", ~manual))],
        F.count_if(manual).alias("manual_rows"), F.count_if(manual & F.col("below_limit")).alias("manual_below"),
    )  # fmt: skip
    by_hand = F.col("manual_rows") > 0
    total, count = (F.when(by_hand, F.col(f"manual_{x}")).otherwise(F.col(f"auto_{x}")) for x in ("sum", "n"))
    return (
        grouped.withColumn("value", _mean_of_item(total, count))
        .withColumn("below", by_hand & (F.col("manual_below") == F.col("manual_rows")))
        .withColumn("by_hand", by_hand)
        .where(F.col("value").isNotNull() | F.col("below"))
    )


def with_class(rows: DataFrame, limit: DataFrame) -> DataFrame:
    """The class of each item by the edition that is valid at the end of the month, and the item as a pollutant when it is worse than III.

    Args:
        rows: columns month, kind, item, value, and below: all of it is below the limits of detection, which is class I.
        limit: reference/ecology/surface_water_limit.
    """
    bounds = [F.max(F.when(F.col("class") == n, F.col(b))).alias(f"{b}_{n}") for n in water.CLASSES for b in ("least", "most")]
    lines = limit.withColumnRenamed("kind", "_kind").groupBy("edition", "item", "_kind", "valid_from", "valid_to").agg(*bounds)
    limits = [(F.col(f"least_{n}"), F.col(f"most_{n}")) for n in water.CLASSES]
    last = F.last_day(first_day())
    dated = rows.withColumns({"_last": last, "_kind": F.when(F.col("kind") == "LAKE", "LAKE").otherwise("RIVER")})
    found = F.when(F.col("below"), 1).otherwise(water.item_class(F.col("value"), limits))
    return (
        join_as_of(dated, lines, "_last", ["item", "_kind"])
        .withColumn("item_class", F.when(F.col("item").isin(*water.EVALUATED), found))
        .withColumn("_times", water.exceedance(F.col("value"), limits[water.GOOD - 1]))
        .withColumn("pollutant", water.pollutant(F.col("item"), F.col("item_class"), F.col("_times")))
        .select(*rows.columns, "edition", "item_class", "pollutant")
    )


def judged(rows: DataFrame, key: Sequence[str], *also: Column) -> DataFrame:
    """Per key: the mean of each item in a column of its name, water_class, main_pollutants, exceedances, edition, and other aggregates."""
    values = [F.max(F.when(F.col("item") == i, F.col("value"))).alias(i) for i in MEANS]
    worse = F.sort_array(without_nulls(F.collect_list("pollutant")), False)
    made = (F.max("item_class").alias("water_class"), worse.alias("_worse"), F.max("edition").alias("edition"))
    return (
        rows.groupBy(*key)
        .agg(*values, *made, *also)
        .withColumn("main_pollutants", water.main_pollutants(F.col("_worse")))
        .withColumn("exceedances", water.exceedances(F.col("_worse")))
    )


@lake_asset(
    "themes/ecology/section_month",
    unit=units(section=("section_code", "month")),
    touch={
        "sample": own(section=("section_code", "month")),
        "section": via("sample", on=("section_code",), to=("section_code",), section=("section_code", "month"),
                       reads=("water_body", "kind", "level", "county6", "lon", "lat", "target_class")),
    },
)  # fmt: skip
def section_month(
    sample: DataFrame = table("themes/ecology/water_sample"),
    section: DataFrame = cleansed("environment/water_section"),
    limit: DataFrame = table("reference/ecology/surface_water_limit"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per section and month with samples, key (section_code, month), columns SECTION_MONTH; means in the units of the items."""
    known = section.select(
        "section_code", "water_body", "kind", "level", "county6", "lon", "lat", F.col("target_class").cast("int").alias("target_class")
    )
    evaluated = F.col("item").isin(*water.EVALUATED)
    also = (
        F.count_if(evaluated).cast("int").alias("items"), F.count_if(evaluated & F.col("by_hand")).alias("_by_hand"),
        F.max("manual_rows").cast("int").alias("samples"), F.max("auto_n").cast("int").alias("readings"),
    )  # fmt: skip
    origin = F.when(F.col("_by_hand") == F.col("items"), MANUAL).when(F.col("_by_hand") == 0, AUTO).otherwise("BOTH")
    share = half_even(scaled(F.col("do"), 2) * 1000, scaled(water.oxygen_saturation(F.col("water_temperature")), 2))
    by_item = checkpoint(checkpoint(item_months(sample)).transform(left_join_lookup, known, "section_code").transform(with_class, limit))
    return (
        judged(by_item, ("section_code", "month"), *also)
        .transform(left_join_lookup, known, "section_code")
        .withColumn("state", water.state(F.col("water_class")))
        .withColumn("target_met", F.col("water_class") <= F.col("target_class"))
        .withColumn("origin", origin)
        .withColumn("oxygen_saturation", shifted(share, 1))
        .select(*SECTION_MONTH)
    )


def _of_sections(section: DataFrame, limit: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    """Per water body, month and item: the mean of the sections, its class, and how many sections exceed it."""
    parts = F.array(*[F.struct(F.lit(i).alias("item"), F.col(f"`{i}`").alias("value")) for i in MEANS])
    long = section.where(F.col("water_body").isNotNull()).withColumn("of", F.explode(parts))
    rows = long.select("water_body", "month", "kind", "of.*", F.lit(False).alias("below")).where(F.col("value").isNotNull())
    over = F.count_if(F.col("item_class") > water.GOOD).alias("over")
    means = (
        rows.transform(with_class, limit)
        .groupBy("water_body", "month", "kind", "item")
        .agg(_mean_of_item(F.sum("value"), F.count("value")).alias("value"), over)
    )
    return checkpoint(checkpoint(means).withColumn("below", F.lit(False)).transform(with_class, limit))


def _body_months(section: DataFrame, limit: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    """Per water body and month: `judged`, the number of sections by class, and the items that most sections exceed."""
    counts = {
        "sections": F.count("water_class"), "good_sections": F.count_if(F.col("water_class") <= water.GOOD),
        "worse_sections": F.count_if(F.col("water_class") == water.WORSE),
    }  # fmt: skip
    counted_ = section.groupBy("water_body", "month").agg(*[c.cast("int").alias(n) for n, c in counts.items()])
    often = F.when(F.col("over") > 0, water.pollutant(F.col("item"), F.lit(water.WORSE), F.col("over").cast("decimal(18,2)")))
    most = F.sort_array(without_nulls(F.collect_list(often)), False).alias("_often")
    found = judged(_of_sections(section, limit, checkpoint), ("water_body", "month"), most)
    return counted_.join(found, ["water_body", "month"])


RIVER_MONTH = (
    "water_body", "month", "sections", "good_sections", "worse_sections", "basis", "water_class", "state", "main_pollutants", "exceedances",
    "edition", *MEANS,
)  # fmt: skip


@lake_asset(
    "themes/ecology/river_month",
    unit=units(body=("water_body", "month")),
    touch={"section": own(body=("water_body", "month"))},
)
def river_month(
    section: DataFrame = table("themes/ecology/section_month"),
    limit: DataFrame = table("reference/ecology/surface_water_limit"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per river or canal and month, key (water_body, month), columns RIVER_MONTH.

    With fewer than five sections by the means of its sections, otherwise by the shares of their classes.
    """
    few = F.col("sections") < water.FEW_SECTIONS
    shares = water.river_state(F.col("sections"), F.col("good_sections"), F.col("worse_sections"))
    return (
        _body_months(section.where(F.col("kind") != "LAKE"), limit, checkpoint)
        .withColumn("water_class", F.when(few, F.col("water_class")))
        .withColumn("basis", F.when(few, "MEANS").otherwise("SHARES"))
        .withColumn("state", F.when(few, water.state(F.col("water_class"))).otherwise(shares))
        .withColumn("main_pollutants", F.when(few, F.col("main_pollutants")).otherwise(water.main_pollutants(F.col("_often"))))
        .withColumn("exceedances", F.when(few, F.col("exceedances")).otherwise(F.array().cast("array<string>")))
        .select(*RIVER_MONTH)
    )


LAKE_MONTH = (
    "water_body", "month", "sections", "water_class", "state", "main_pollutants", "exceedances", "trophic_index", "trophic_grade",
    "edition", *MEANS,
)  # fmt: skip


@lake_asset(
    "themes/ecology/lake_month",
    unit=units(body=("water_body", "month")),
    touch={"section": own(body=("water_body", "month"))},
)
def lake_month(
    section: DataFrame = table("themes/ecology/section_month"),
    limit: DataFrame = table("reference/ecology/surface_water_limit"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per lake and month, key (water_body, month), columns LAKE_MONTH: class by the means of its sections, trophic index."""
    return (
        _body_months(section.where(F.col("kind") == "LAKE"), limit, checkpoint)
        .withColumn("state", water.state(F.col("water_class")))
        .withColumn("trophic_index", water.trophic_index({i: F.col(i) for i in water.INDEX}))
        .withColumn("trophic_grade", water.lake_grade(F.col("trophic_index")))
        .select(*LAKE_MONTH)
    )
