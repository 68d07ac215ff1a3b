"""The partitions of the lake's runs: business dates in the city's time zone."""

from datetime import date

from dagster import DailyPartitionsDefinition

from resources.engine import TIME_ZONE

FIRST_DATE = "2017-12-01"
BUSINESS_DATES = DailyPartitionsDefinition(start_date=FIRST_DATE, timezone=TIME_ZONE)
OUT_OF_REACH = (
    f"DELIVERY_DATE: the drop's date is before {FIRST_DATE}, the first date of this lake ({{}}). Correct the date of its folder or batch."
)


def in_reach(day: date) -> bool:
    """Whether a date has a partition, so that a run is possible; older dates have none."""
    return day >= date.fromisoformat(FIRST_DATE)
