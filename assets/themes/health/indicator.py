"""What the year's indicators of the health archives are made of, as the bureau would report them and as they are (domain rules C4).

Here: what is counted, per county and year. Not here: which count over which (indicators.yaml), how rates and the city follow
(assets/indicators), which archives are real (archive.py). The difference of the raw and the clean value is that of the cleaning.

Raw counts open archives as delivered, by the county that manages them, with every service on them. Clean counts resident
golden persons with at least one archive that is not closed, duplicate, dead or fake, by the person's county, and leaves out
services after the death or entered by accounts not in service. The raw rate of the elderly has the register's own elderly
as its denominator, so that only archive_rate can exceed 100 %.

Two years are counted: the year of `as_of` up to that date, and the year before as of its 31 December, from all data known today. Services
delivered late and deaths and duplicates found later therefore count. Archives count if created and not closed by that day, persons if born
and not dead by then. Moves have no history: a person counts in the county of today's register.
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
from assets.themes.health.facts import created_on
from assets.themes.health.service import EXAM, FOLLOWUP, VISIT, took_place

ELDERLY_AGE = 65
HTN, FACE_TO_FACE, FOLLOWUPS_A_YEAR, EXAMS_A_YEAR = "02", ("1", "2"), 4, 1
SBP_LIMIT, SBP_LIMIT_ELDERLY, DBP_LIMIT = 140, 150, 90
NEVER_REAL = ("5", "6")
"""Reasons of closing: a duplicate, a fake."""
REGISTERED = "H"
"""person_class of those in the police register."""
END = "counted_until"
"""The column with the last day that counts of a row's year."""
INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))


def ends(as_of: date) -> tuple[date, date]:
    """The days up to which the two years are counted: the last day of the year before, and the date of the run."""
    return date(as_of.year - 1, 12, 31), as_of


def _counts_until(as_of: date) -> Column:
    """The two days, each in a row of its own."""
    return F.explode(F.array(*[F.lit(day) for day in ends(as_of)])).alias(END)


def _any(condition: Column) -> Column:
    return F.coalesce(F.bool_or(condition), F.lit(False))


def _in_the_year() -> Column:
    return F.year("service_date") == F.year(END)


def last_pressure(service: DataFrame, key: str) -> DataFrame:
    """Per value of `key` and year: sbp and dbp of the last follow-up of the year that measured both, mmHg."""
    measured = (F.col("service_kind") == FOLLOWUP) & _in_the_year() & F.col("sbp").isNotNull() & F.col("dbp").isNotNull()
    latest = Window.partitionBy(key, END).orderBy(F.col("service_date").desc(), F.col("service_no").desc())
    ranked = service.where(measured).withColumn("place", F.row_number().over(latest))
    return ranked.where(F.col("place") == 1).select(key, END, "sbp", "dbp")


def use(service: DataFrame, key: str, as_of: date) -> DataFrame:
    """Per value of `key` and year: used (any service within twelve months), examined, norm, and the last blood pressure of the year."""
    recent = service.where(F.col("service_date") > F.add_months(F.lit(ends(as_of)[0]), -12))
    of_years = recent.where(took_place() & F.col(key).isNotNull()).select("*", _counts_until(as_of))
    within = of_years.where((F.col("service_date") <= F.col(END)) & (F.col("service_date") > F.add_months(END, -12)))
    followup = (F.col("service_kind") == FOLLOWUP) & _in_the_year()
    exam = (F.col("service_kind") == EXAM) & _in_the_year()
    visited = F.sum(F.when(followup & F.col("way_code").isin(*FACE_TO_FACE), 1).otherwise(0))
    examined = F.sum(F.when(exam, 1).otherwise(0))
    used = within.groupBy(key, END).agg(
        F.lit(True).alias("used"),
        (examined >= EXAMS_A_YEAR).alias("examined"),
        ((visited >= FOLLOWUPS_A_YEAR) & (examined >= EXAMS_A_YEAR)).alias("norm"),
    )
    return used.transform(left_join_lookup, last_pressure(within, key), (key, END))


def _elderly() -> Column:
    """65 or older on 31 December of the year."""
    last = F.make_date(F.year(END) - ELDERLY_AGE, F.lit(12), F.lit(31))
    return F.coalesce(F.col("birth_date") <= last, F.lit(False))


def _by_then(day: Column) -> Column:
    """Whether something whose day is known was so at the end of the year; what has no day has always been so."""
    return F.coalesce(day <= F.col(END), F.lit(True))


def _since_then(day: str, as_of: date) -> Column:
    """Whether something has come about after the end of the year, and by now."""
    return F.coalesce((F.col(day) > F.col(END)) & (F.col(day) <= F.lit(as_of)), F.lit(False))


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
    """Archives as delivered that were open at the end of the year."""
    by_number = use(service.where(F.col("service_kind") != VISIT), "ehr_no", as_of)
    seen = use(service.where(F.col("service_kind") == VISIT), "person_uid", as_of).select("person_uid", END, F.col("used").alias("seen"))
    linked = survivor.linked(delivered, link).select("*", _counts_until(as_of))
    opened = linked.where((survivor.is_open() | _since_then("cancel_date", as_of)) & _by_then(created_on()))
    rows = (
        opened.transform(left_join_lookup, by_number, ("ehr_no", END))
        .transform(left_join_lookup, seen, ("person_uid", END))
        .withColumn("elderly", _elderly())
        .withColumn("htn", _hypertensive())
    )
    used = F.coalesce("used", F.lit(False)) | F.coalesce("seen", F.lit(False))
    of = {"raw": _of_archives(F.lit(True), used)}
    return counted(rows, of, division=F.col("village_county"), period_kind="year", day=F.col(END))


def _hypertensive() -> Column:
    return F.coalesce(F.col("crowd_type").rlike(rf"(^|[^0-9]){HTN}([^0-9]|$)"), F.lit(False))


def _was_real(as_of: date) -> Column:
    """Whether an archive was real and open at the end of the year, by what is known today: not a duplicate or a fake, and neither closed
    nor its person dead by then."""
    state, invented = F.col("state"), F.coalesce(F.col("close_reason").isin(*NEVER_REAL), F.lit(False))
    closed = (state == "CLOSED") & (invented | ~_since_then("close_date", as_of))
    return ~state.isin("DUPLICATE", "FAKE_CONFIRMED") & ~closed & ((state != "DECEASED") | _since_then("death_date", as_of))


def clean_counts(delivered: DataFrame, archive: DataFrame, person: DataFrame, service: DataFrame, as_of: date) -> Counts:
    """Resident golden persons; the residents are the denominator of the raw archive rate, too."""
    crowd = delivered.select("ehr_no", "empi_id", _hypertensive().alias("htn"), created_on().alias("created_on"))
    judged = archive.where(F.col("person_uid").isNotNull()).join(crowd, ["ehr_no", "empi_id"]).select("*", _counts_until(as_of))
    real = judged.where(_was_real(as_of) & _by_then(F.col("created_on")))
    archived = real.groupBy("person_uid", END).agg(_any(F.col("htn")).alias("htn"), F.lit(True).alias("archived"))
    sound = use(service.where(~F.arrays_overlap("flags", F.array(F.lit("AFTER_DEATH"), F.lit("F8")))), "person_uid", as_of)
    died_since = (F.col("person_class") == REGISTERED) & _since_then("death_date", as_of)
    everybody = person.select("*", _counts_until(as_of))
    rows = (
        everybody.where((F.col("resident_flag") | died_since) & _by_then(F.col("birth_date")))
        .transform(left_join_lookup, archived, ("person_uid", END))
        .transform(left_join_lookup, sound, ("person_uid", END))
        .withColumn("elderly", _elderly())
        .withColumn("archived", F.coalesce("archived", F.lit(False)))
        .withColumn("htn", F.coalesce("htn", F.lit(False)))
    )
    residents = {"residents": F.count(F.lit(1))}
    of = {"raw": residents, "clean": residents | _of_archives(F.col("archived"), F.col("used"))}
    return counted(rows, of, division=F.col("county6"), period_kind="year", day=F.col(END))


@lake_asset("themes/health/indicator")
def indicator(
    delivered: DataFrame = cleansed("health/archive"),
    archive: DataFrame = table("themes/health/archive"),
    person: DataFrame = table("base/population/person"),
    service: DataFrame = table("themes/health/service"),
    link: DataFrame = table("base/population/source_link"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, division and basis for the year of `as_of` and the one before, columns INDICATOR; values in percent.

    The city follows from every input row, so the table declares no touched units and is made whole.
    """
    return INDICATORS.rows(raw_counts(delivered, service, link, as_of), clean_counts(delivered, archive, person, service, as_of))
