"""The partitions of the lake's runs: business dates in the city's time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dagster import DailyPartitionsDefinition

from pipelines.wrong_use import WrongUse
from resources.engine import TIME_ZONE

FIRST_DATE = "2017-12-01"
BUSINESS_DATES = DailyPartitionsDefinition(start_date=FIRST_DATE, timezone=TIME_ZONE)


def check_business_date(day: date) -> None:
    """Check that a date has a partition. Raises WrongUse for a date before the first one, or one that has not ended yet."""
    last = BUSINESS_DATES.get_last_partition_key()
    if FIRST_DATE <= day.isoformat() <= (last or ""):
        return
    what = f"{day} is before the first date of this lake" if day.isoformat() < FIRST_DATE else f"{day} has not ended yet"
    raise WrongUse("AS_OF", what, "--as-of", f"Give a date from {FIRST_DATE} to {last}")


def drop_date_fault(day: date, location: str) -> str | None:
    """Describe why no run can ever ingest a drop of this date; None when one can."""
    if day < date.fromisoformat(FIRST_DATE):
        what = f"before {FIRST_DATE}, the first date of this lake"
    elif day > datetime.now(ZoneInfo(TIME_ZONE)).date():
        what = "in the future"
    else:
        return None
    return f"DELIVERY_DATE: the drop's date {day} is {what} ({location}). Correct the date of its folder or batch."
