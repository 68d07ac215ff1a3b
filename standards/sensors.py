"""Quality control of readings of a sensor: spikes, and how many equal readings are too many.

Here: functions of Columns, with the settings of each item from standards/ecology/sensor.csv. Not here: what an item can be (the range of
its contract), which readings are near one another (`assets.themes.ecology.quality_control`).
Source: domain rules E4.3. A median of few readings says nothing, so a spike needs FEW of them around it; and where
most readings are equal, the median deviation is 0: it counts as at least the resolution of the sensor.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.arrays import without_nulls
from standards.rounding import scaled
from standards.tables import looked_up, rows

SENSORS = {row["item"]: row for row in rows("ecology/sensor")}
AROUND, FAR, FEW = 6, 6, 7
"""Readings before and after one that it is held against; how many median deviations are far; how few readings say nothing."""
SKEW = 10
"""Minutes that the clock of a sensor may be wrong."""


def thousandths(value: Column) -> Column:
    """A reading as a whole number, bigint."""
    return scaled(value, 3)


def stuck_from(item: Column) -> Column:
    """How many equal readings in sequence are too many."""
    return looked_up({i: int(row["stuck"]) for i, row in SENSORS.items()}, item)


def spike(item: Column, value: Column, twice: Column, fourfold: Column, readings: Column) -> Column:
    """Whether a reading is further from the median of those around it than FAR times their median deviation.

    Each of the medians is a column of its own before: in one expression an engine works it out anew wherever it is mentioned, which
    takes twenty times as long.

    Args:
        item: of the reading.
        value: of the reading, in thousandths.
        twice: `twice_median` of the readings around it and itself, in thousandths.
        fourfold: `twice_median` of their `deviations`.
        readings: how many they are.
    """
    resolution = looked_up({i: round(float(row["resolution"]) * 1000) for i, row in SENSORS.items()}, item)
    far = F.abs(value * 2 - twice) * 2 > F.greatest(fourfold, resolution.cast("bigint") * 4) * FAR
    return F.coalesce(resolution.isNotNull() & (readings >= FEW) & far, F.lit(False))


def deviations(around: Column, twice: Column) -> Column:
    """Twice the distance of each reading from the median, array<bigint>. twice: `twice_median` of the readings."""
    # each reading with the median beside it: Sail computes what a lambda names anew for each element
    beside = F.arrays_zip(without_nulls(around), F.array_repeat(twice, F.size(around)))
    return F.transform(beside, lambda pair: F.abs(pair["0"] * 2 - pair["1"]))


def twice_median(values: Column) -> Column:
    """Twice the median of whole numbers, a whole number."""
    ordered, size = F.sort_array(values), F.size(values)
    middle = ((size - F.pmod(size, F.lit(2))) / 2).cast("int")
    return F.get(ordered, middle) + F.get(ordered, size - 1 - middle)
