"""The year's rates of the health archives, as the bureau would report them and as they are (domain rules C4).

Here: what is counted, per county and for the city. Not here: which archives are real (archive.py). The difference of
raw_rate and clean_rate is the value of the cleaning.

Raw counts open archives as delivered, by the county that manages them, with every service on them. Clean counts resident
golden persons with at least one archive that is not closed, duplicate, dead or fake, by the person's county, and leaves out
services after the death or entered by accounts not in service. The raw rate of the elderly has the register's own elderly
as its denominator, so that only archive_rate can exceed 100 %. A year that is not over is counted up to `as_of`.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.themes.health import survivor
from assets.themes.health.service import EXAM, FOLLOWUP, VISIT, took_place

CITY, UNKNOWN_COUNTY, UNKNOWN_ROW = "321000", "321000", "000000"
ELDERLY_AGE = 65
HTN, FACE_TO_FACE, FOLLOWUPS_A_YEAR, EXAMS_A_YEAR = "02", ("1", "2"), 4, 1
SBP_LIMIT, SBP_LIMIT_ELDERLY, DBP_LIMIT = 140, 150, 90
NOT_REAL = ("CLOSED", "DUPLICATE", "DECEASED", "FAKE_CONFIRMED")
INDICATOR = (
    "indicator", "year", "div_code", "div_level", "raw_numerator", "raw_denominator", "raw_rate", "clean_numerator",
    "clean_denominator", "clean_rate",
)  # fmt: skip
RATE = "decimal(7,2)"


@cache
def indicators() -> dict[str, dict[str, list[str]]]:
    """indicators.yaml."""
    return yaml.safe_load((Path(__file__).parent / "indicators.yaml").read_text(encoding="utf-8"))


def _any(condition: Column) -> Column:
    return F.coalesce(F.bool_or(condition), F.lit(False))


def last_pressure(service: DataFrame, key: str, year: int) -> DataFrame:
    """Per value of `key`: sbp and dbp of the last follow-up of the year that measured both, mmHg."""
    measured = (F.col("service_kind") == FOLLOWUP) & (F.year("service_date") == year) & F.col("sbp").isNotNull() & F.col("dbp").isNotNull()
    latest = Window.partitionBy(key).orderBy(F.col("service_date").desc(), F.col("service_no").desc())
    ranked = service.where(measured & F.col(key).isNotNull()).withColumn("place", F.row_number().over(latest))
    return ranked.where(F.col("place") == 1).select(key, "sbp", "dbp")


def use(service: DataFrame, key: str, as_of: date) -> DataFrame:
    """Per value of `key`: used (any service within a year), examined, norm, and the last blood pressure of the year."""
    this_year = F.year("service_date") == as_of.year
    followup = (F.col("service_kind") == FOLLOWUP) & this_year
    exam = (F.col("service_kind") == EXAM) & this_year
    past = service.where(took_place() & F.col(key).isNotNull())
    visited = F.sum(F.when(followup & F.col("way_code").isin(*FACE_TO_FACE), 1).otherwise(0))
    examined = F.sum(F.when(exam, 1).otherwise(0))
    used = past.groupBy(key).agg(
        _any(F.col("service_date") > F.add_months(F.lit(as_of), -12)).alias("used"),
        (examined >= EXAMS_A_YEAR).alias("examined"),
        ((visited >= FOLLOWUPS_A_YEAR) & (examined >= EXAMS_A_YEAR)).alias("norm"),
    )
    return used.transform(left_join_lookup, last_pressure(past, key, as_of.year), key)


def _elderly(birth: Column, as_of: date) -> Column:
    """65 or older on 31 December of the year."""
    return F.coalesce(birth <= F.lit(date(as_of.year - ELDERLY_AGE, 12, 31)), F.lit(False))


def _controlled() -> Column:
    limit = F.when(F.col("elderly"), SBP_LIMIT_ELDERLY).otherwise(SBP_LIMIT)
    return (F.col("sbp") < limit) & (F.col("dbp") < DBP_LIMIT)


def _count(name: str, condition: Column) -> Column:
    return F.sum(F.when(condition, 1).otherwise(0)).alias(name)


def raw_counts(delivered: DataFrame, service: DataFrame, link: DataFrame, as_of: date) -> DataFrame:
    """Open archives as delivered, per county."""
    by_number = use(service.where(F.col("service_kind") != VISIT), "ehr_no", as_of)
    seen = use(service.where(F.col("service_kind") == VISIT), "person_uid", as_of).select("person_uid", F.col("used").alias("seen"))
    opened = survivor.linked(delivered, link).where(survivor.is_open())
    rows = (
        opened.withColumn("county6", F.coalesce("village_county", F.lit(UNKNOWN_COUNTY)))
        .transform(left_join_lookup, by_number, "ehr_no")
        .transform(left_join_lookup, seen, "person_uid")
        .withColumn("elderly", _elderly(F.col("birth_date"), as_of))
        .withColumn("htn", _hypertensive())
    )
    used = F.coalesce("used", F.lit(False)) | F.coalesce("seen", F.lit(False))
    return rows.groupBy("county6").agg(
        _count("open", F.lit(True)),
        _count("open_used", used),
        _count("open_elderly", F.col("elderly")),
        _count("open_elderly_examined", F.col("elderly") & F.col("examined")),
        _count("open_htn", F.col("htn")),
        _count("open_htn_norm", F.col("htn") & F.col("norm")),
        _count("open_htn_controlled", F.col("htn") & _controlled()),
    )


def _hypertensive() -> Column:
    return F.coalesce(F.col("crowd_type").rlike(rf"(^|[^0-9]){HTN}([^0-9]|$)"), F.lit(False))


def clean_counts(delivered: DataFrame, archive: DataFrame, person: DataFrame, service: DataFrame, as_of: date) -> DataFrame:
    """Resident golden persons, per county."""
    crowd = delivered.select("ehr_no", "empi_id", _hypertensive().alias("htn"))
    real = archive.where(F.col("person_uid").isNotNull() & ~F.col("state").isin(*NOT_REAL)).join(crowd, ["ehr_no", "empi_id"])
    archived = real.groupBy("person_uid").agg(_any(F.col("htn")).alias("htn"), F.lit(True).alias("archived"))
    sound = use(service.where(~F.arrays_overlap("flags", F.array(F.lit("AFTER_DEATH"), F.lit("F8")))), "person_uid", as_of)
    rows = (
        person.where("resident_flag")
        .transform(left_join_lookup, archived, "person_uid")
        .transform(left_join_lookup, sound, "person_uid")
        .withColumn("elderly", _elderly(F.col("birth_date"), as_of))
        .withColumn("archived", F.coalesce("archived", F.lit(False)))
        .withColumn("htn", F.coalesce("htn", F.lit(False)))
    )
    return rows.groupBy("county6").agg(
        _count("residents", F.lit(True)),
        _count("residents_elderly", F.col("elderly")),
        _count("person_archived", F.col("archived")),
        _count("person_used", F.col("archived") & F.col("used")),
        _count("person_elderly_examined", F.col("archived") & F.col("elderly") & F.col("examined")),
        _count("person_htn", F.col("htn")),
        _count("person_htn_norm", F.col("htn") & F.col("norm")),
        _count("person_htn_controlled", F.col("htn") & _controlled()),
    )


def _rate(numerator: Column, denominator: Column) -> Column:
    return F.when(denominator > 0, (numerator * 100.0 / denominator).cast(RATE))


def _indicator(name: str) -> Column:
    """One indicator of a place, from its counts."""
    (raw_num, raw_den), (clean_num, clean_den) = indicators()[name]["raw"], indicators()[name]["clean"]
    return F.struct(
        F.lit(name).alias("indicator"),
        F.col(raw_num).cast("bigint").alias("raw_numerator"),
        F.col(raw_den).cast("bigint").alias("raw_denominator"),
        _rate(F.col(raw_num), F.col(raw_den)).alias("raw_rate"),
        F.col(clean_num).cast("bigint").alias("clean_numerator"),
        F.col(clean_den).cast("bigint").alias("clean_denominator"),
        _rate(F.col(clean_num), F.col(clean_den)).alias("clean_rate"),
    )


@lake_asset("themes/health/indicator_year")
def indicator_year(
    delivered: DataFrame = cleansed("health/archive"),
    archive: DataFrame = table("themes/health/archive"),
    person: DataFrame = table("base/population/person"),
    service: DataFrame = table("themes/health/service"),
    link: DataFrame = table("base/population/source_link"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, year and division, key (indicator, year, div_code), columns INDICATOR; rates in percent.

    div_code: county, 000000 for archives and persons of no known county, 321000 for the city, which is the sum of all others. The city
    follows from every input row, so the table declares no touched units and is made whole.
    """
    raw = raw_counts(delivered, service, link, as_of)
    clean = clean_counts(delivered, archive, person, service, as_of)
    counts = [c for c in [*raw.columns, *clean.columns] if c != "county6"]
    county = F.when(F.col("county6") == UNKNOWN_COUNTY, UNKNOWN_ROW).otherwise(F.col("county6"))
    places = F.array(
        *[F.struct(code.alias("code"), F.lit(level).alias("level")) for code, level in ((county, "county"), (F.lit(CITY), "city"))]
    )
    return (
        raw.join(clean, "county6", "full")
        .fillna(0)
        .select(F.explode(places).alias("place"), *counts)
        .groupBy("place")
        .agg(*[F.sum(c).alias(c) for c in counts])
        .select("place", F.explode(F.array(*map(_indicator, indicators()))).alias("of"))
        .select(F.lit(as_of.year).alias("year"), F.col("place.code").alias("div_code"), F.col("place.level").alias("div_level"), "of.*")
        .select(*INDICATOR)
    )
