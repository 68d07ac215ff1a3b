"""Indicators of all themes: counts, and the table `themes/<theme>/indicator` that is made of them (`assets.indicators.table`)."""

from assets.indicators.table import INDICATOR, Counts, Indicator, IndicatorTable, counted, read_indicators

__all__ = ["INDICATOR", "Counts", "Indicator", "IndicatorTable", "counted", "read_indicators"]
