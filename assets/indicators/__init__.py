"""Indicators of all themes: counts, and the table `themes/<theme>/indicator` that is made of them (`assets.indicators.table`)."""

from assets.indicators.table import (
    INDICATOR,
    UNKNOWN,
    Counts,
    Indicator,
    IndicatorTable,
    counted,
    half_up,
    hundredths,
    percent,
    read_indicators,
)

__all__ = [
    "INDICATOR",
    "UNKNOWN",
    "Counts",
    "Indicator",
    "IndicatorTable",
    "counted",
    "half_up",
    "hundredths",
    "percent",
    "read_indicators",
]
