"""The one partitioning of the lake's runs: a business date, in the city's time zone."""

from datetime import date

from dagster import DailyPartitionsDefinition

from resources.engine import TIME_ZONE

FIRST_DATE = "2017-12-01"
BUSINESS_DATES = DailyPartitionsDefinition(start_date=FIRST_DATE, timezone=TIME_ZONE)
OUT_OF_REACH = (
    f"DELIVERY_DATE: the drop is of a date before {FIRST_DATE}, the first this lake has ({{}}). Correct the date of its folder or batch."
)


def in_reach(day: date) -> bool:
    """Whether a run can be made for a date: older ones have no partition."""
    return day >= date.fromisoformat(FIRST_DATE)
