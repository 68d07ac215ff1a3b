"""Indicators of all themes: counts, and the table `themes/<theme>/indicator` that is made of them (`assets.indicators.table`)."""

from assets.indicators.table import (
    INDICATOR,
    UNKNOWN,
    Counts,
    Indicator,
    IndicatorTable,
    by_county,
    counted,
    county_and_city,
    half_up,
    hundredths,
    known_county,
    percent,
    read_indicators,
    residents_in,
)

__all__ = [
    "INDICATOR",
    "UNKNOWN",
    "Counts",
    "Indicator",
    "IndicatorTable",
    "by_county",
    "counted",
    "county_and_city",
    "half_up",
    "hundredths",
    "known_county",
    "percent",
    "read_indicators",
    "residents_in",
]
