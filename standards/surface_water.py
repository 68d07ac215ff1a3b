"""Surface water: classes by single factors, exceedance, main pollutants, states of sections and rivers, the trophic index of lakes.

Here: functions of Columns; limits are columns that come from reference/ecology/surface_water_limit. Classes are 1 to 5, and 6 for worse
than V; items are in standards/ecology/water_item.csv, in mg/L unless it says otherwise; kinds of water are RIVER (and canals) and LAKE.
Not here: means of samples (`assets.themes.ecology.water`).
Source: GB 3838-2002 table 1; 环办〔2011〕22号 地表水环境质量评价办法（试行）(21 items: without water temperature, total nitrogen and faecal
coliforms; rivers; lakes); domain rules E4.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.arrays import without_nulls
from standards.rounding import half_even, scaled, shifted
from standards.tables import looked_up, rows

ITEMS = tuple(row["item"] for row in rows("ecology/water_item"))
EVALUATED = tuple(row["item"] for row in rows("ecology/water_item") if row["evaluated"] == "1")
"""The items that decide on the class."""
KEPT = {row["item"]: int(row["decimals"]) for row in rows("ecology/water_item")}
"""Decimals of the mean of an item."""
CLASSES = range(1, 6)
GOOD, WORSE, MOST_NAMED = 3, 6, 3
FEW_SECTIONS = 5
"""A river with fewer sections is judged by the means of its sections, one with more by the shares of their classes."""
INDEX = tuple(row["item"] for row in rows("ecology/lake_index"))
"""The items of the trophic index: chla µg/L, transparency m, the others mg/L."""

Limit = tuple[Column, Column]
"""The least and the greatest value of an item, NULL for no limit."""


def item_class(value: Column, limits: Sequence[Limit]) -> Column:
    """The best class whose limit a value keeps, int; equal limits give the better class. NULL without a value or without limits.

    Args:
        value: of an item.
        limits: of the classes I to V.
    """
    found = F.when(value.isNull() | (limits[0][0].isNull() & limits[0][1].isNull()), F.lit(None).cast("int"))
    for number, (least, most) in enumerate(limits, 1):
        found = found.when(F.coalesce(value >= least, F.lit(True)) & F.coalesce(value <= most, F.lit(True)), number)
    return found.otherwise(WORSE)


def exceedance(value: Column, limit: Limit) -> Column:
    """By how many times a value is above the limit of class III: (C - S) / S, decimal(18,2); NULL when it is not, and for pH and oxygen.

    Args:
        value: of an item.
        limit: of class III.
    """
    least, most = limit
    return F.when(least.isNull() & (value > most), shifted(half_even((scaled(value) - scaled(most)) * 100, scaled(most)), 2))


def pollutant(item: Column, water_class: Column, times: Column) -> Column:
    """An item that is worse than class III, NULL for another: struct<class, times, place, item>.

    Sorted in descending order, the worst come first: by class, then by exceedance, then in the order of the standard.
    """
    place = -looked_up({name: n for n, name in enumerate(ITEMS)}, item)
    told = F.coalesce(times, F.lit(0).cast("decimal(18,2)"))
    parts = (water_class.alias("class"), told.alias("times"), place.alias("place"), item.alias("item"))
    return F.when(water_class > GOOD, F.struct(*parts))


def main_pollutants(worse: Column) -> Column:
    """The first three of the pollutants in descending order by name, array<string>."""
    return F.slice(F.transform(worse, lambda one: one["item"]), 1, MOST_NAMED)


def exceedances(worse: Column) -> Column:
    """The pollutants in descending order that have an exceedance, as `nh3n 1.30`, array<string>."""
    told = F.transform(worse, lambda one: F.when(one["times"] > 0, F.concat_ws(" ", one["item"], one["times"].cast("string"))))
    return without_nulls(told)


def state(water_class: Column) -> Column:
    """The state of a section of a class: EXCELLENT, GOOD, LIGHT, MODERATE, HEAVY."""
    return looked_up({int(row["class"]): row["state"] for row in rows("ecology/water_state")}, water_class)  # type: ignore[arg-type]


def river_state(sections: Column, good: Column, worse: Column) -> Column:
    """The state of a river with FEW_SECTIONS or more.

    Args:
        sections: number of sections with a class.
        good: of them, those of class I to III.
        worse: of them, those worse than class V.
    """
    found = F.when(sections.isNull() | (sections == 0), F.lit(None).cast("string"))
    for row in rows("ecology/river_state"):
        shares = [
            *([good * 100 >= sections * int(row["good_from"])] if row["good_from"] else []),
            *([worse * 100 >= sections * int(row["worse_from"])] if row["worse_from"] else []),
        ]
        found = found.when(reduce(Column.__and__, shares, F.lit(True)), row["state"])
    return found


def oxygen_saturation(temperature: Column) -> Column:
    """Dissolved oxygen at saturation, mg/L, at a water temperature in °C: 468 / (31.6 + T); decimal(18,2)."""
    return shifted(half_even(F.lit(468 * 100 * 10).cast("bigint"), scaled(temperature, 1) + 316), 2)


def trophic_index(values: Mapping[str, Column]) -> Column:
    """The trophic level index of a lake: the weighted sum of 10 (a + b ln C) over INDEX, decimal(18,2); NULL when one is missing or 0.

    A logarithm is no decimal: it is reckoned in double, and rounded half up where the engines agree.
    """
    there = reduce(Column.__and__, [values[item] > 0 for item in INDEX])
    parts = [
        F.lit(float(row["weight"]) * 10)
        * (F.lit(float(row["constant"])) + F.lit(float(row["slope"])) * F.ln(values[row["item"]].cast("double")))
        for row in rows("ecology/lake_index")
    ]
    hundredths = F.floor(reduce(Column.__add__, parts) * 100 + 0.5).cast("bigint")
    return F.when(there, shifted(hundredths, 2))


def lake_grade(index: Column) -> Column:
    """The trophic grade of an index: OLIGOTROPHIC, MESOTROPHIC, LIGHT, MODERATE, HEAVY (eutrophic)."""
    found = F.when(index.isNull(), F.lit(None).cast("string"))
    for row in rows("ecology/lake_grade"):
        limit = F.lit(int(row["below"])) if row["below"] else None
        found = found.when(F.lit(True) if limit is None else (index <= limit if row["including"] == "1" else index < limit), row["grade"])
    return found
