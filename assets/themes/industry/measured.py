"""What is delivered of firms by month or parcel, in one unit each: electricity in kWh, reports in yuan, land in m², taxes by taxpayer.

Here: `electricity_month`, `report_month`, `parcel`, `taxpayer_month`; of which entity a row is, and what stands in another unit than its
neighbours (domain rules D19, D35). Not here: what they say of an entity (`entities`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened, month_of
from assets.declare import cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.industry.lives import with_entity
from assets.touch import own, units, via
from standards.units import THOUSAND, square_metres, thousandfold

TAXPAYER = "taxation/taxpayer"
LINEAGE = ("_source_file", "_row_no")
MONEY = ("output", "revenue", "profit", "value_added", "research")
HUNDREDTHS = 100
ELECTRICITY_MONTH = ("account_no", "month", "entity_uid", "uscc", "county6", "delivered", "kwh", "flags", *LINEAGE)
REPORT_MONTH = ("uscc", "month", "entity_uid", *(f"{c}_yuan" for c in MONEY), "employees", "energy_tce", "flags", *LINEAGE)
PARCEL = ("parcel_no", "entity_uid", "uscc", "county6", "delivered", "area_unit", "area_m2", "flags", *LINEAGE)
TAXPAYER_MONTH = ("tax_reg_no", "month", "tax_kind", "entity_uid", "vouchers", "paid", "taken_back", "amount", "flags")


def lineage() -> tuple[Column, ...]:
    """The columns LINEAGE of a delivered row."""
    return F.col("_source_file"), F.col("_row_no").cast("bigint").alias("_row_no")


def with_thousandfold(rows: DataFrame, series: str, value: Column) -> DataFrame:
    """The rows with `thousandfold`: the value is about a thousand times those of the other months.

    Args:
        rows: one per month.
        series: the column that names what is measured.
        value: a whole number, bigint.
    """
    marked = rows.withColumn("_whole", value)
    usual = marked.where(F.col("_whole") > 0).groupBy(series).agg(F.collect_list("_whole").alias("_all"))
    joined = marked.transform(left_join_lookup, usual, series)
    return joined.withColumn("thousandfold", thousandfold(F.col("_whole"), F.col("_all"))).drop("_whole", "_all")


@lake_asset(
    "themes/industry/electricity_month",
    unit=units(account="account_no"),
    touch={
        "electricity": own(account="account_no"),
        "entity": via("electricity", on=("uscc",), to=("uscc",), reads=("uscc",), account="account_no"),
    },
)
def electricity_month(
    electricity: DataFrame = cleansed("power_supply/company_electricity_month"),
    entity: DataFrame = table("base/legal_entity/entity"),
) -> DataFrame:
    """One row per account and month, key (account_no, month), columns ELECTRICITY_MONTH.

    kwh: `delivered`, or a thousandth of it where that is a thousand times what the account uses in other months (flag UNIT).
    """
    rows = electricity.transform(with_thousandfold, "account_no", (F.col("kwh") * HUNDREDTHS).cast("bigint"))
    kwh = F.when(F.col("thousandfold"), F.col("kwh") / THOUSAND).otherwise(F.col("kwh"))
    return (
        rows.withColumns({"delivered": F.col("kwh"), "kwh": kwh.cast("decimal(14,2)"), "flags": flags({"UNIT": F.col("thousandfold")})})
        .transform(with_entity, entity)
        .select(*ELECTRICITY_MONTH[:-2], *lineage())
    )


@lake_asset(
    "themes/industry/report_month",
    unit=units(uscc="uscc"),
    touch={"report": own(uscc="uscc"), "entity": own(uscc="uscc", reads=("uscc",))},
)
def report_month(
    report: DataFrame = cleansed("statistics/industrial_month"), entity: DataFrame = table("base/legal_entity/entity")
) -> DataFrame:
    """One row per reporting enterprise and month, key (uscc, month), columns REPORT_MONTH; money in whole yuan.

    Reports are in thousand yuan. One whose revenue is a thousand times that of the other months is in yuan already (flag UNIT).
    """
    rows = report.transform(with_thousandfold, "uscc", F.col("revenue"))
    factor = F.when(F.col("thousandfold"), 1).otherwise(THOUSAND)
    return (
        rows.withColumns({f"{c}_yuan": (F.col(c) * factor).cast("bigint") for c in MONEY})
        .withColumn("flags", flags({"UNIT": F.col("thousandfold")}))
        .transform(with_entity, entity)
        .select(*REPORT_MONTH[:-2], *lineage())
    )


@lake_asset(
    "themes/industry/parcel",
    unit=units(parcel="parcel_no"),
    touch={
        "land": own(parcel="parcel_no"),
        "entity": via("land", on=("uscc",), to=("uscc",), reads=("uscc",), parcel="parcel_no"),
    },
)
def parcel(
    land: DataFrame = cleansed("natural_resources/industrial_land"), entity: DataFrame = table("base/legal_entity/entity")
) -> DataFrame:
    """One row per parcel of industrial land, key parcel_no, columns PARCEL.

    area_m2: in m², whatever unit is stated; flag UNIT: it is possible in the other unit only; AREA: in none, or in both.
    """
    measured = land.withColumn("_area", square_metres(F.col("area"), F.col("area_unit")))
    value, converted = F.col("_area").getField("value"), F.col("_area").getField("converted")
    return (
        measured.withColumns({"area_m2": value, "delivered": F.col("area"), "flags": flags({"UNIT": converted, "AREA": value.isNull()})})
        .transform(with_entity, entity)
        .select(*PARCEL[:-2], *lineage())
    )


def taxpayers(link: DataFrame) -> DataFrame:
    """The entity of each tax registration: tax_reg_no, entity_uid."""
    mine = link.where((F.col("source_table") == TAXPAYER) & F.col("entity_uid").isNotNull())
    return mine.select(F.col("source_key").alias("tax_reg_no"), "entity_uid")


def registration() -> Column:
    """Over base/legal_entity/source_link: the tax registration, NULL for a record of another table."""
    return F.when(F.col("source_table") == TAXPAYER, F.col("source_key"))


def totals() -> list[Column]:
    """The sums of a taxpayer's vouchers and their flags."""
    paid, back = F.when(F.col("amount") > 0, F.col("amount")), F.when(F.col("amount") < 0, -F.col("amount"))
    unknown = (F.col("amount") < 0) & F.col("_paid").isNull()
    too_large = (F.col("amount") < 0) & (-F.col("amount") > F.col("_paid"))
    nothing = F.lit(0).cast("decimal(18,2)")
    return [
        F.count(F.lit(1)).alias("vouchers"),
        F.coalesce(F.sum(paid), nothing).alias("paid"),
        F.coalesce(F.sum(back), nothing).alias("taken_back"),
        F.sum("amount").alias("amount"),
        flags({"REVERSAL_UNKNOWN": F.count_if(unknown) > 0, "REVERSAL_TOO_LARGE": F.count_if(too_large) > 0}).alias("flags"),
    ]


@lake_asset(
    "themes/industry/taxpayer_month",
    unit=units(taxpayer="tax_reg_no"),
    touch={"payment": own(taxpayer="tax_reg_no"), "link": own(taxpayer=registration, reads=("source_table", "source_key", "entity_uid"))},
)
def taxpayer_month(
    payment: DataFrame = cleansed("taxation/payment"), link: DataFrame = table("base/legal_entity/source_link")
) -> DataFrame:
    """One row per tax registration, month of payment and tax, key (tax_reg_no, month, tax_kind), columns TAXPAYER_MONTH; yuan.

    amount: paid less taken_back. A negative amount counts in its own month; flags say where it names no payment of the taxpayer.
    """
    rows = payment.where(happened("pay_date", EXTRACT)).withColumn("month", month_of("pay_date"))
    named = rows.select("tax_reg_no", F.col("voucher_no").alias("reversal_of"), F.col("amount").alias("_paid"))
    key = TAXPAYER_MONTH[:3]
    return (
        rows.transform(left_join_lookup, named, ("tax_reg_no", "reversal_of"))
        .groupBy(*key)
        .agg(*totals())
        .transform(left_join_lookup, taxpayers(link), "tax_reg_no")
        .select(*TAXPAYER_MONTH)
    )
