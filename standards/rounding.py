"""Rounding of measured values by GB/T 8170: to the nearest, a half to the even digit; in whole numbers, so that a half is a half.

Here: fractions of whole numbers, and decimals, means and percentiles that are brought to them. Not here: rates of indicators
(`assets.indicators`), which are rounded half up.
"""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

DECIMALS = 6
"""Decimals of measured values that count; totals stay below 10^9 so that a total in its smallest unit is exact."""


def scaled(value: Column, decimals: int = DECIMALS) -> Column:
    """A decimal as a whole number of units of its last digit, bigint."""
    return (value.cast(f"decimal(18,{DECIMALS})") * F.lit(10**decimals)).cast("bigint")


def half_even(above: Column, below: Column) -> Column:
    """One whole number over another, above 0, to the nearest whole number, a half to the even one; bigint."""
    whole, rest = _divided(above, below)
    more = F.when(rest * 2 < below, 0).when(rest * 2 > below, 1).otherwise(F.pmod(whole, F.lit(2)))
    return whole + more


def up(above: Column, below: Column) -> Column:
    """One whole number over another, above 0, up to the next whole number; bigint."""
    whole, rest = _divided(above, below)
    return whole + F.when(rest > 0, 1).otherwise(0)


def _divided(above: Column, below: Column) -> tuple[Column, Column]:
    """Quotient and remainder. The remainder is taken off before the division, which then is exact."""
    rest = F.pmod(above, below)
    return ((above - rest) / below).cast("bigint"), rest


def shifted(whole: Column, decimals: int) -> Column:
    """A whole number of units of the last digit as a decimal(18,decimals)."""
    return (whole.cast("decimal(18,0)") * F.lit(Decimal(1).scaleb(-decimals))).cast(f"decimal(18,{decimals})")


def rounded(value: Column, decimals: int) -> Column:
    """A decimal with at most DECIMALS decimals, rounded to fewer; decimal(18,decimals)."""
    return shifted(half_even(scaled(value), F.lit(10 ** (DECIMALS - decimals)).cast("bigint")), decimals)


def mean(total: Column, count: Column, decimals: int) -> Column:
    """The mean of decimals from their total and number, rounded once; decimal(18,decimals), NULL of none.

    Args:
        total: of values with at most DECIMALS decimals.
        count: of the values.
        decimals: of the mean.
    """
    below = F.when(count > 0, count.cast("bigint") * 10 ** (DECIMALS - decimals))
    return shifted(half_even(scaled(total), below), decimals)


def percentile(values: Column, percent: int) -> Column:
    """A percentile of whole numbers, rounded: at place 1 + (n-1)p of the sorted values, between two in proportion; bigint, NULL of none.

    values: array<bigint> in ascending order.
    """
    steps = (F.size(values) - 1) * percent
    rest = F.pmod(steps, F.lit(100))
    place = ((steps - rest) / 100).cast("int")
    low, high = F.get(values, place), F.coalesce(F.get(values, place + 1), F.get(values, place))
    return F.when(F.size(values) > 0, half_even(low * (100 - rest) + high * rest, F.lit(100).cast("bigint")))
