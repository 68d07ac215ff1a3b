"""Units that sources mix up, where one value alone does not show it (domain rules D19): thousandfold values, m² and 亩.

Here: a month against the other months of its meter or enterprise, an area against what a parcel can be. Not here: values that are
impossible in their unit (the range and `other_units` of a contract).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.sensors import twice_median

THOUSAND = 1000
NEAR, FEW = 5, 6
"""How many times the thousandfold of what is usual a value may be; how few months say nothing about what is usual."""
SQUARE_METRES: Mapping[str, Decimal] = {"M2": Decimal(1), "MU": Decimal("666.67"), "HA": Decimal(10_000)}
"""Square metres of a unit of area; the mu of domain rules E6."""
MIXED_UP = ("M2", "MU")
PARCEL = (300, 3_000_000)
"""Square metres of the smallest and of the largest industrial parcel."""


def thousandfold(value: Column, others: Column) -> Column:
    """Whether a value is about a thousand times what is usual, so that it is in the smaller unit.

    Args:
        value: a whole number, bigint.
        others: array<bigint>, all values above 0 of the series, itself among them.

    Returns:
        boolean, false where there are fewer than FEW values.
    """
    usual = twice_median(others)
    near = (value * (2 * NEAR) >= usual * THOUSAND) & (value * 2 <= usual * (THOUSAND * NEAR))
    return F.coalesce((F.size(others) >= FEW) & (usual > 0) & near, F.lit(False))


def square_metres(area: Column, unit: Column) -> Column:
    """The area of a parcel in square metres, decimal(16,2), and whether it stands under another unit than its own.

    An area that is impossible in its unit (PARCEL), or has none, is in the one of MIXED_UP in which it is possible; NULL where that is none
    or both.

    Args:
        area: decimal.
        unit: code of area_unit.

    Returns:
        struct<value, converted: boolean>.
    """
    in_unit = {u: (area * F.lit(factor)).cast("decimal(16,2)") for u, factor in SQUARE_METRES.items()}
    possible = {u: F.when((v >= PARCEL[0]) & (v <= PARCEL[1]), v) for u, v in in_unit.items()}
    stated = reduce(lambda found, u: found.when(unit == u, possible[u]), SQUARE_METRES, F.when(F.lit(False), possible["M2"]))
    one, other = (possible[u] for u in MIXED_UP)
    only = F.when(one.isNull(), other).when(other.isNull(), one)
    converted = stated.isNull() & only.isNotNull()
    return F.struct(F.coalesce(stated, only).alias("value"), converted.alias("converted"))
