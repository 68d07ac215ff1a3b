"""Cases: one row each, with its time limit, whether it was kept, and whether the applicant had to come (domain rules E1).

Here: `case`. Not here: how days are counted (`time_limit`), what is counted of cases (`counting`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.government_services.item import LINEAGE, NO_PROMISE, PROMISED
from assets.themes.government_services.time_limit import suspended, with_limit
from assets.touch import EveryDate, Turn, own, units, via

REMOTE = ("WEB", "APP", "SELF_SERVICE", "EMS", "AGENCY")
"""Channels of applications without meeting the applicant."""
BROUGHT = ("EMS", "ELECTRONIC")
"""Ways in which a result comes to the applicant."""
GOALS = {"ENTERPRISE_START": 3, "REAL_ESTATE": 5, "CONSTRUCTION": 50}
"""The goals 3550 of the province: kind of item -> workdays."""
TEST_ORGANISATION = "^(测试|[Tt][Ee][Ss][Tt])"
TEST, NO_ITEM, ORDER, FUTURE, DUE_DIFFERS, NO_LIMIT = "TEST", "NO_ITEM", "FINISH_BEFORE_ACCEPT", "FUTURE", "DUE_DIFFERS", "NO_LIMIT"
APPLIED, REFUSED, OPEN, SUSPENDED, FINISHED, VOID = "APPLIED", "REFUSED", "OPEN", "SUSPENDED", "FINISHED", "VOID"
ON_TIME, LATE, OVERDUE, UNKNOWN = "ON_TIME", "LATE", "OVERDUE", "UNKNOWN"
OF_ITEM = ("department", "item_type", "project_type", "kind_3550", "limit_days", "day_unit")
CASE = (
    "case_no", "item_code", "item_version", "department", "item_type", "project_type", "kind_3550", "county6", "applicant_kind",
    "apply_channel", "deliver_type", "ems_no", "visits", "window_steps", "apply_date", "accept_date", "finish_date", "result", "state",
    "limit_days", "day_unit", "suspended_days", "due_date", "due_provisional", "stated_due", "timeliness", "late_days", "used_days",
    "workdays", "early", "no_meeting", "within_goal", "counts", "flags", *LINEAGE,
)  # fmt: skip


def timeliness(finish: Column, due: Column, as_of: date) -> Column:
    """Whether a limit was kept, at the end of a date: ON_TIME, LATE; of what is open OPEN, OVERDUE; UNKNOWN without a limit."""
    return (
        F.when(due.isNull(), UNKNOWN)
        .when(finish.isNotNull(), F.when(finish <= due, ON_TIME).otherwise(LATE))
        .otherwise(F.when(due <= F.lit(as_of), OVERDUE).otherwise(OPEN))
    )


def is_test() -> Column:
    """Whether a case was entered to try the system (domain rules D08): a stand-in for the name of a person, or a test by its first word."""
    stand_in = F.array_contains("_codes", "applicant_name:W_NAME_PLACEHOLDER")
    person = F.coalesce(F.col("applicant_kind") == "PERSON", F.lit(True))
    return stand_in & (person | F.col("applicant_name").rlike(TEST_ORGANISATION))


def _happened(moment: str, as_of: date) -> Column:
    return F.when(happened(moment, as_of, EXTRACT), F.col(moment).cast("date"))


def _open() -> Column:
    """Not finished, as far as its extract can know."""
    return F.col("finish_time").isNull() | (F.col("finish_time").cast("date") > F.col(EXTRACT))


def with_dates(case: DataFrame, as_of: date) -> DataFrame:
    """The cases with the days that had come: apply_date, accept_date, finish_date; `_future`: one is still to come."""
    days = {"apply_date": "apply_time", "accept_date": "accept_time", "finish_date": "finish_time"}
    future = [F.col(moment).isNotNull() & ~happened(moment, as_of, EXTRACT) for moment in days.values()]
    return case.withColumns(
        {day: _happened(moment, as_of) for day, moment in days.items()} | {"_future": future[0] | future[1] | future[2]}
    )


def _periods(rows: DataFrame, suspension: DataFrame, as_of: date) -> DataFrame:
    """The suspended periods of accepted cases, with the dates between which they count."""
    known = rows.where(F.col("accept_date").isNotNull()).select(
        "case_no", F.col("accept_date").alias("after_date"), F.coalesce("finish_date", F.lit(as_of)).alias("until_date")
    )
    days = suspension.select(
        "case_no", "suspension_no", F.col("from_time").cast("date").alias("from_date"), F.col("to_time").cast("date").alias("to_date")
    )
    return days.join(known, "case_no")


@lake_asset(
    "themes/government_services/case",
    unit=units(case="case_no"),
    touch={
        "case": own(case="case_no", turns=(EveryDate(_open), Turn("apply_time"), Turn("accept_time"), Turn("finish_time"))),
        "item": via("case", on=("item_code", "item_version"), to=("item_code", "item_version"), reads=(*OF_ITEM, "flags"), narrows=False,
                    case="case_no"),
        "suspension": own(case="case_no"),
        "step": own(case="case_no", reads=("at_window",)),
    },
)  # fmt: skip
def case(
    case: DataFrame = cleansed("government_services/case"),
    item: DataFrame = table("themes/government_services/item"),
    suspension: DataFrame = cleansed("government_services/case_suspension"),
    step: DataFrame = cleansed("government_services/case_step"),
    calendar: DataFrame = table("reference/calendar/workday"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per case, key case_no, columns CASE, as it stands at the end of the date.

    counts: accepted, not void and no test; what does not count is in no figure. Of times that contradict each other nothing
    is said but that they do.
    """
    rows = with_dates(case, as_of)
    items = item.select("item_code", "item_version", *OF_ITEM, F.col("flags").alias("_item_flags"), F.lit(True).alias("_item"))
    periods = _periods(rows, suspension, as_of)
    now = periods.where(F.coalesce(F.col("to_date") > F.lit(as_of), F.lit(True)) & (F.col("from_date") <= F.lit(as_of)))
    paused = now.groupBy("case_no").agg(F.lit(True).alias("_paused"))
    windows = step.groupBy("case_no").agg(F.count_if(F.col("at_window") == "1").cast("int").alias("window_steps"))
    return (
        rows.transform(left_join_lookup, items, ["item_code", "item_version"])
        .transform(with_limit, suspended(periods, calendar), calendar)
        .transform(left_join_lookup, paused, "case_no")
        .transform(left_join_lookup, windows, "case_no")
        .withColumn("window_steps", F.coalesce("window_steps", F.lit(0)))
        .transform(_judged, as_of)
        .select(*CASE)
    )


def _state() -> Column:
    paused, accepted = F.coalesce("_paused", F.lit(False)), F.col("accept_date").isNotNull()
    return (
        F.when(F.col("result") == VOID, VOID)
        .when(~accepted & (F.col("accept_result") == REFUSED), REFUSED)
        .when(F.col("finish_date").isNotNull(), FINISHED)
        .when(~accepted, APPLIED)
        .otherwise(F.when(paused, SUSPENDED).otherwise(OPEN))
    )


def _reversed() -> Column:
    return F.coalesce(F.col("finish_date") < F.col("accept_date"), F.lit(False))


def _without_meeting() -> Column:
    """Whether the applicant met nobody, from the application to the delivery of the result."""
    far = F.col("apply_channel").isin(*REMOTE) & F.col("deliver_type").isin(*BROUGHT)
    return F.coalesce(far & (F.col("visits") == 0) & (F.col("window_steps") == 0), F.lit(False))


def _flags() -> Column:
    known = F.col("_item").isNotNull()
    conditions = {
        TEST: F.col("_test"),
        NO_ITEM: ~known,
        NO_PROMISE: F.array_contains("_item_flags", NO_PROMISE),
        NO_LIMIT: known & F.col("limit_days").isNull(),
        ORDER: _reversed(),
        FUTURE: F.col("_future"),
        DUE_DIFFERS: F.col("promise_due").cast("date") != F.col("due_date"),
    }
    return flags(conditions)


def _judged(rows: DataFrame, as_of: date) -> DataFrame:
    """state, timeliness and all that follows from them."""
    finish, due = F.col("finish_date"), F.col("due_date")
    done, running = finish.isNotNull() & ~_reversed(), F.col("state").isin(OPEN, SUSPENDED, FINISHED)
    goal = [F.when(F.col("kind_3550") == kind, F.lit(days)) for kind, days in GOALS.items()]
    late = F.datediff(F.coalesce(finish, F.lit(as_of)), due).cast("int")
    return (
        rows.withColumn("state", _state())
        .withColumn("timeliness", F.when(running, timeliness(finish, F.when(~_reversed(), due), as_of)))
        .withColumn("late_days", F.when(F.col("timeliness").isin(LATE, OVERDUE), late))
        .withColumns({c: F.when(done, F.col(c)) for c in ("used_days", "workdays")})
        .withColumn("early", F.when((F.col("project_type") == PROMISED) & done, F.col("used_days") < F.col("limit_days")))
        .withColumn("no_meeting", F.when(finish.isNotNull(), _without_meeting()))
        .withColumn("within_goal", F.when(done, F.col("workdays") <= F.coalesce(*goal)))
        .withColumn("_test", F.coalesce(is_test(), F.lit(False)))
        .withColumn("counts", ~F.col("_test") & running)
        .withColumn("flags", _flags())
        .withColumn("stated_due", F.col("promise_due").cast("date"))
        .withColumn("county6", F.col("division_county"))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
    )
