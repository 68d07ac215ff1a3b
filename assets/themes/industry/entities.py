"""Every entity month by month, and their sums: what exists, is born and ends, who is active, what they insure, pay, use and sell.

Here: `entity_month`, `entity_division_month`, `industry_month`, `entity_survival`. Not here: units of what is delivered (`measured`).
Source: domain rules E6.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.industry.lives import DATES, MARKET, READS, lives, months_until, with_entity, with_place
from assets.themes.industry.measured import TAXPAYER, taxpayers
from assets.touch import EveryMonth, Turn, own, units, via

YEARS_BEFORE = 2
"""Whole years before this one of which there are months."""
ACTIVE_MONTHS = 3
"""An entity is active for so many months after a sign of activity, that of the sign among them."""
SIGNS = {"INSURED": "insured", "TAX": "tax_yuan", "INVOICE": "invoiced_yuan", "POWER": "kwh"}
"""Sign of activity -> the figure that is above 0 then."""
MEASURES = {
    "exists": "int", "alive": "int", "born": "int", "gone": "int", "active": "int", "insured": "int", "tax_yuan": "decimal(18,2)",
    "invoiced_yuan": "decimal(18,2)", "kwh": "decimal(16,2)", "output_yuan": "bigint", "revenue_yuan": "bigint",
    "value_added_yuan": "bigint",
}  # fmt: skip
STATES = ("exists", "alive", "born", "gone", "active")
FIGURES = tuple(m for m in MEASURES if m not in STATES)
ENTITY_MONTH = ("entity_uid", "month", "county6", "entity_kind", "section", "division", *STATES[1:], *FIGURES, "signs", "flags")
SUMMED = ("insured", "tax_yuan", "invoiced_yuan", "kwh", "output_yuan", "revenue_yuan", "value_added_yuan")
SURVIVAL_YEARS = tuple(range(1, 11))


def _part(rows: DataFrame, month: Column, **values: Column | str) -> DataFrame:
    """Rows of an entity and month with some of MEASURES, the others NULL."""
    named = {c: F.col(v) if isinstance(v, str) else v for c, v in values.items()}
    known = rows.where(F.col("entity_uid").isNotNull())
    return known.select("entity_uid", month.alias("month"), *[named.get(c, F.lit(None)).cast(t).alias(c) for c, t in MEASURES.items()])


def months_of_life(entity: DataFrame, as_of: date) -> DataFrame:
    """A part for every month in which an entity exists, be it for a day: exists, born, gone, and alive on its last day or on the date."""
    months = F.array(*map(F.lit, months_until(as_of, YEARS_BEFORE)))
    rows = lives(entity).withColumn("first", F.explode(months)).withColumn("last", F.least(F.last_day("first"), F.lit(as_of)))
    there = (F.col("born").isNull() | (F.col("born") <= F.col("last"))) & (F.col("gone").isNull() | (F.col("gone") >= F.col("first")))
    still = F.col("gone").isNull() | (F.col("gone") > F.col("last"))
    return _part(
        rows.where(there),
        month_of("first"),
        exists=F.lit(1),
        alive=F.when(still, 1).otherwise(0),
        born=F.when(F.col("born") >= F.col("first"), 1).otherwise(0),
        gone=F.when(still, 0).otherwise(1),
    )


def with_signs(part: DataFrame) -> DataFrame:
    """The part, and `active` in the months of each sign in it and the following ones."""
    sign = reduce(Column.__or__, [F.coalesce(F.col(c) > 0, F.lit(False)) for c in SIGNS.values()])
    after = F.explode(F.array(*[F.add_months(first_day(), n) for n in range(ACTIVE_MONTHS)]))
    active = part.where(sign).select("entity_uid", after.alias("first"))
    return part.unionByName(_part(active, month_of("first"), active=F.lit(1)))


@lake_asset(
    "themes/industry/entity_month",
    unit=units(entity="entity_uid"),
    touch={
        "entity": own(entity="entity_uid", reads=READS, turns=(EveryMonth(lambda: F.lit(True)), *map(Turn, DATES))),
        "tax": own(entity="entity_uid"),
        "invoice": via("link", on=(lambda: F.lit(TAXPAYER), "tax_reg_no"), to=("source_table", "source_key"), entity="entity_uid"),
        "link": own(entity="entity_uid", reads=("source_table", "source_key", "entity_uid")),
        "insured": via("entity", on=("uscc",), to=("uscc",), entity="entity_uid"),
        "power": own(entity="entity_uid"),
        "report": own(entity="entity_uid"),
    },
)
def entity_month(
    entity: DataFrame = table("base/legal_entity/entity"),
    link: DataFrame = table("base/legal_entity/source_link"),
    tax: DataFrame = table("themes/industry/taxpayer_month", optional=True),
    invoice: DataFrame = cleansed("taxation/invoice_month", optional=True),
    insured: DataFrame = cleansed("human_resources/insured_month", optional=True),
    power: DataFrame = table("themes/industry/electricity_month", optional=True),
    report: DataFrame = table("themes/industry/report_month", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per entity and month in which it exists or of which there is a figure, key (entity_uid, month), columns ENTITY_MONTH.

    This year up to the month of the date, and the two years before. alive: at the end of the month. active: alive, with a sign of activity
    in this month or the two before. flags: NOT_THERE, figures of a month in which the entity does not exist.
    """
    figures = [
        _part(tax, F.col("month"), tax_yuan="amount"),
        _part(invoice.transform(left_join_lookup, taxpayers(link), "tax_reg_no"), F.col("month"), invoiced_yuan="amount"),
        _part(insured.transform(with_entity, entity), F.col("month"), insured="insured"),
        _part(power, F.col("month"), kwh="kwh"),
        _part(report, F.col("month"), output_yuan="output_yuan", revenue_yuan="revenue_yuan", value_added_yuan="value_added_yuan"),
    ]
    sums = reduce(DataFrame.unionByName, figures).groupBy("entity_uid", "month").agg(*[F.sum(c).alias(c) for c in MEASURES])
    monthly = sums.select("entity_uid", "month", *[F.col(c).cast(t).alias(c) for c, t in MEASURES.items()]).transform(with_signs)
    known = [date(as_of.year - YEARS_BEFORE, 1, 1).strftime("%Y%m"), as_of.strftime("%Y%m")]
    states = {c: F.coalesce(F.col(c), F.lit(0)) == 1 for c in STATES}
    signs = F.array_compact(F.array(*[F.when(F.col(c) > 0, sign) for sign, c in SIGNS.items()]))
    return (
        monthly.unionByName(months_of_life(entity, as_of))
        .where(F.col("month").between(*known))
        .groupBy("entity_uid", "month")
        .agg(*[F.max(c).alias(c) for c in MEASURES])
        .withColumns(states)
        .withColumn("active", F.col("active") & F.col("alive"))
        .where(F.col("exists") | reduce(Column.__or__, [F.col(c).isNotNull() for c in FIGURES]))
        .withColumns({"signs": signs, "flags": flags({"NOT_THERE": ~F.col("exists")})})
        .transform(with_place, entity)
        .transform(left_join_lookup, entity.select("entity_uid", "entity_kind"), "entity_uid")
        .select(*ENTITY_MONTH)
    )


def _sums(rows: DataFrame, key: Sequence[str], measures: Sequence[str]) -> DataFrame:
    """Counts of entities and sums of figures; a sum of nothing is 0."""
    counts = {"alive": "alive", "births": "born", "deaths": "gone", "active": "active"}
    sums = [F.coalesce(F.sum(c), F.lit(0)).alias(c) for c in measures]
    return rows.groupBy(*key).agg(*[F.count_if(c).cast("int").alias(name) for name, c in counts.items()], *sums)


@lake_asset("themes/industry/entity_division_month", unit=units(month="month"), touch={"entities": own(month="month")})
def entity_division_month(entities: DataFrame = table("themes/industry/entity_month")) -> DataFrame:
    """One row per month, county and kind of entity, key (month, county6, entity_kind).

    alive at the end of the month; births and deaths within it, net their difference; active; the sums of what they insure, pay, use, sell.
    """
    key, summed = ("month", "county6", "entity_kind"), SUMMED[:4]
    rows = _sums(entities, key, summed).withColumn("net", F.col("births") - F.col("deaths"))
    return rows.select(*key, "alive", "births", "deaths", "net", "active", *summed)


@lake_asset("themes/industry/industry_month", unit=units(month="month"), touch={"entities": own(month="month")})
def industry_month(entities: DataFrame = table("themes/industry/entity_month")) -> DataFrame:
    """One row per month, county, section and division of GB/T 4754, key of these four: entities, and the sums of what is known of them.

    Section Z and division 00: nobody says what they do.
    """
    key = ("month", "county6", "section", "division")
    reporting = entities.groupBy(*key).agg(F.count("revenue_yuan").cast("int").alias("reporting"))
    rows = _sums(entities, key, SUMMED).transform(left_join_lookup, reporting, key)
    return rows.select(*key, "alive", "active", "reporting", *SUMMED)


@lake_asset("themes/industry/entity_survival")
def entity_survival(entity: DataFrame = table("base/legal_entity/entity"), as_of: date = AS_OF) -> DataFrame:
    """One row per year of birth, county and number of years, key (cohort, county6, years): market entities, and how many still existed.

    An entity has survived n years when it existed on the nth anniversary of its birth. A cohort has a row of n years once the last of its
    entities has had that anniversary.
    """
    born = lives(entity).where(F.col("entity_kind").isin(*MARKET) & F.col("born").isNotNull())
    years = F.explode(F.array(*map(F.lit, SURVIVAL_YEARS)))
    complete = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    rows = born.withColumn("cohort", F.year("born")).withColumn("years", years).where(F.col("cohort") + F.col("years") <= complete)
    anniversary = reduce(
        lambda found, n: found.when(F.col("years") == n, F.add_months("born", 12 * n)),
        SURVIVAL_YEARS,
        F.when(F.lit(False), F.col("born")),
    )
    survived = F.col("gone").isNull() | (F.col("gone") > anniversary)
    found = rows.groupBy("cohort", "county6", "years").agg(F.count(F.lit(1)).alias("entities"), F.count_if(survived).alias("survived"))
    return found.select("cohort", "county6", "years", *[F.col(c).cast("int").alias(c) for c in ("entities", "survived")])
