"""The monthly evaluation of cases: of the city, counties, towns, responsible units and types (domain rules E8; structure of CJ/T 292).

Here: `case_month`, `case_day`, and what is counted of cases, which the indicators count as well. Not here: the cases (`case`). Each count
belongs to the month or day of an event: what was reported, was due, was disposed of, was checked. Due are cases whose day has come.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import month_of
from assets.declare import lake_asset, table
from assets.indicators import hundredths, known_county
from assets.themes.urban_management.case import LATE, ON_TIME, OVERDUE, PENDING
from assets.touch import named, own, units
from standards.divisions import CITY

EVENTS = {"REPORTED": "found_time", "DUE": "due_time", "DISPOSED": "finish_time", "CHECKED": "check_time"}
PROACTIVE = ("PATROL", "VIDEO")
"""Sources of cases that urban management has found itself."""


def _returned() -> Column:
    return F.coalesce(F.col("return_count") > 0, F.lit(False))


COUNTS: dict[str, tuple[str, Callable[[], Column]]] = {
    "reported": ("REPORTED", lambda: F.lit(True)),
    "filed": ("REPORTED", lambda: F.col("file_time").isNotNull()),
    "proactive": ("REPORTED", lambda: F.col("source").isin(*PROACTIVE)),
    "repeated": ("REPORTED", lambda: F.col("repeated")),
    "due": ("DUE", lambda: F.lit(True)),
    "closed": ("DUE", lambda: F.col("outcome").isin(ON_TIME, LATE)),
    "on_time": ("DUE", lambda: F.col("outcome") == ON_TIME),
    "overdue": ("DUE", lambda: F.col("outcome") == OVERDUE),
    "postponed": ("DUE", lambda: F.col("postponed")),
    "disposed": ("DISPOSED", lambda: F.lit(True)),
    "reworked": ("DISPOSED", _returned),
    "checked": ("CHECKED", lambda: F.lit(True)),
    "passed": ("CHECKED", lambda: ~_returned()),
}
"""Count -> the event whose month it belongs to, and which of these cases it counts."""
RATES = {
    "filing_rate": ("filed", "reported"), "proactive_rate": ("proactive", "reported"), "closure_rate": ("closed", "due"),
    "on_time_rate": ("on_time", "due"), "overdue_rate": ("overdue", "due"), "postponement_rate": ("postponed", "due"),
    "rework_rate": ("reworked", "disposed"), "first_pass_rate": ("passed", "checked"),
}  # fmt: skip
WEIGHTS = {"on_time": 40, "closed": 30, "rework": 20, "postponement": 10}
"""Of the score, out of 100: those that were closed in time, that were closed, and without rework and postponement."""
DIMENSIONS: dict[str, Callable[[], Column]] = {
    "CITY": lambda: F.lit(CITY),
    "COUNTY": known_county,
    "TOWN": lambda: F.col("town"),
    "UNIT": lambda: F.col("unit"),
    "TYPE": lambda: F.col("problem_type"),
}
PERCENT = 100
CASE_MONTH = ("dimension", "code", "month", *COUNTS, *RATES, "score")
UNKNOWN = "*"
OF_DAY = ("county6", "grid_no", "unit", "problem_type")
CASE_DAY = ("day", *OF_DAY, *COUNTS)


def event_days() -> dict[str, Column]:
    """Event -> its day; NULL of a case to which it has not happened, and of one that is not due yet."""
    days = {event: F.col(moment).cast("date") for event, moment in EVENTS.items()}
    return days | {"DUE": F.when(F.col("outcome") != PENDING, days["DUE"])}


def counts_of(event: str) -> dict[str, Column]:
    """The counts that belong to the month of an event, over cases with this event."""
    return {name: F.count_if(condition()) for name, (of, condition) in COUNTS.items() if of == event}


def _months() -> Column:
    return named(*[F.concat(F.lit("month:"), month_of(moment)) for moment in EVENTS.values()])


def _days() -> Column:
    return named(*[F.concat(F.lit("day:"), F.col(moment).cast("date").cast("string")) for moment in EVENTS.values()])


def sums() -> list[Column]:
    """The counts of cases with `event`, each of those with its own event."""
    return [F.count_if((F.col("event") == of) & condition()).alias(name) for name, (of, condition) in COUNTS.items()]


def score() -> Column:
    """40 % closed in time, 30 % closed, 20 % not reworked, 10 % not postponed, of 100; NULL while nothing is due or disposed of."""
    due, disposed = F.col("due"), F.col("disposed")
    of_due = (
        WEIGHTS["on_time"] * F.col("on_time") + WEIGHTS["closed"] * F.col("closed") + WEIGHTS["postponement"] * (due - F.col("postponed"))
    )
    of_disposed = WEIGHTS["rework"] * (disposed - F.col("reworked"))
    return hundredths(of_due * disposed + of_disposed * due, due * disposed)


@lake_asset("themes/urban_management/case_month", unit=units(month="month"), touch={"case": own(_months, connects=False)}, whole_above=0.5)
def case_month(case: DataFrame = table("themes/urban_management/case")) -> DataFrame:
    """One row per city, county, town, unit or type, and month, key (dimension, code, month), columns CASE_MONTH; rates in percent."""
    happened = [F.struct(F.lit(event).alias("event"), month_of(day).alias("month")) for event, day in event_days().items()]
    seen = [F.struct(F.lit(name).alias("dimension"), code().alias("code")) for name, code in DIMENSIONS.items()]
    return (
        case.withColumn("_of", F.explode(F.array(*happened)))
        .select("*", "_of.*")
        .where(F.col("month").isNotNull())
        .withColumn("_in", F.explode(F.array(*seen)))
        .select("*", "_in.*")
        .where(F.col("code").isNotNull())
        .groupBy("dimension", "code", "month")
        .agg(*sums())
        .withColumns({name: hundredths(F.col(above) * PERCENT, F.col(below)) for name, (above, below) in RATES.items()})
        .withColumn("score", score())
        .select(*CASE_MONTH)
    )


@lake_asset("themes/urban_management/case_day", unit=units(day="day"), touch={"case": own(_days, connects=False)}, whole_above=0.5)
def case_day(case: DataFrame = table("themes/urban_management/case")) -> DataFrame:
    """One row per day, county, area of the grid, unit and type, key (day, OF_DAY), columns CASE_DAY; UNKNOWN where a case names none."""
    happened = [F.struct(F.lit(event).alias("event"), day.alias("day")) for event, day in event_days().items()]
    named_or_not = {"county6": known_county()} | {c: F.coalesce(F.col(c), F.lit(UNKNOWN)).alias(c) for c in OF_DAY[1:]}
    return (
        case.withColumn("_of", F.explode(F.array(*happened)))
        .select("*", "_of.*")
        .where(F.col("day").isNotNull())
        .groupBy("day", *named_or_not.values())
        .agg(*sums())
        .select(*CASE_DAY)
    )
