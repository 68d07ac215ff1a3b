"""What the year's indicators of the health archives are made of, as the bureau would report them and as they are (domain rules C4).

Here: what is counted, per county. Not here: which count over which (indicators.yaml), how rates and the city follow
(assets/indicators), which archives are real (archive.py). The difference of the raw and the clean value is that of the cleaning.

Raw counts open archives as delivered, by the county that manages them, with every service on them. Clean counts resident
golden persons with at least one archive that is not closed, duplicate, dead or fake, by the person's county, and leaves out
services after the death or entered by accounts not in service. The raw rate of the elderly has the register's own elderly
as its denominator, so that only archive_rate can exceed 100 %. A year that is not over is counted up to `as_of`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import Counts, counted, read_indicators
from assets.joins import left_join_lookup
from assets.themes.health import survivor
from assets.themes.health.service import EXAM, FOLLOWUP, VISIT, took_place

ELDERLY_AGE = 65
HTN, FACE_TO_FACE, FOLLOWUPS_A_YEAR, EXAMS_A_YEAR = "02", ("1", "2"), 4, 1
SBP_LIMIT, SBP_LIMIT_ELDERLY, DBP_LIMIT = 140, 150, 90
NOT_REAL = ("CLOSED", "DUPLICATE", "DECEASED", "FAKE_CONFIRMED")
INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))


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


def _of_archives(archived: Column, used: Column) -> dict[str, Column]:
    """The counts of indicators.yaml, but for residents, over rows with elderly, examined, htn, norm and the last blood pressure."""
    return {
        "archives": F.count_if(archived),
        "used": F.count_if(archived & used),
        "elderly": F.count_if(F.col("elderly")),
        "elderly_examined": F.count_if(archived & F.col("elderly") & F.col("examined")),
        "htn": F.count_if(F.col("htn")),
        "htn_norm": F.count_if(F.col("htn") & F.col("norm")),
        "htn_controlled": F.count_if(F.col("htn") & _controlled()),
    }


def raw_counts(delivered: DataFrame, service: DataFrame, link: DataFrame, as_of: date) -> Counts:
    """Open archives as delivered."""
    by_number = use(service.where(F.col("service_kind") != VISIT), "ehr_no", as_of)
    seen = use(service.where(F.col("service_kind") == VISIT), "person_uid", as_of).select("person_uid", F.col("used").alias("seen"))
    opened = survivor.linked(delivered, link).where(survivor.is_open())
    rows = (
        opened.transform(left_join_lookup, by_number, "ehr_no")
        .transform(left_join_lookup, seen, "person_uid")
        .withColumn("elderly", _elderly(F.col("birth_date"), as_of))
        .withColumn("htn", _hypertensive())
    )
    used = F.coalesce("used", F.lit(False)) | F.coalesce("seen", F.lit(False))
    of = {"raw": _of_archives(F.lit(True), used)}
    return counted(rows, of, division=F.col("village_county"), period_kind="year", day=F.lit(as_of))


def _hypertensive() -> Column:
    return F.coalesce(F.col("crowd_type").rlike(rf"(^|[^0-9]){HTN}([^0-9]|$)"), F.lit(False))


def clean_counts(delivered: DataFrame, archive: DataFrame, person: DataFrame, service: DataFrame, as_of: date) -> Counts:
    """Resident golden persons; the residents are the denominator of the raw archive rate, too."""
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
    residents = {"residents": F.count(F.lit(1))}
    of = {"raw": residents, "clean": residents | _of_archives(F.col("archived"), F.col("used"))}
    return counted(rows, of, division=F.col("county6"), period_kind="year", day=F.lit(as_of))


@lake_asset("themes/health/indicator")
def indicator(
    delivered: DataFrame = cleansed("health/archive"),
    archive: DataFrame = table("themes/health/archive"),
    person: DataFrame = table("base/population/person"),
    service: DataFrame = table("themes/health/service"),
    link: DataFrame = table("base/population/source_link"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, division and basis for the year of `as_of`, columns INDICATOR of assets.indicators; values in percent.

    The city follows from every input row, so the table declares no touched units and is made whole.
    """
    return INDICATORS.rows(raw_counts(delivered, service, link, as_of), clean_counts(delivered, archive, person, service, as_of))
