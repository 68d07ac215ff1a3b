"""The one partitioning of the lake's runs: a business date, in the city's time zone."""

from dagster import DailyPartitionsDefinition

from resources.engine import TIME_ZONE

FIRST_DATE = "2017-12-01"
BUSINESS_DATES = DailyPartitionsDefinition(start_date=FIRST_DATE, timezone=TIME_ZONE)
