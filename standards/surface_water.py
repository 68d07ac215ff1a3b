"""Surface water: classes by single factors, exceedance, main pollutants, states of sections and rivers, the trophic index of lakes.

Here: functions of Columns over tables in standards/ecology. Classes are 1 to 5, and 6 for worse than V; items as in
standards/ecology/water_item.csv, in mg/L unless it says otherwise; kinds of water RIVER (and canals) and LAKE. Not here: means of samples
(`assets.themes.ecology`).
Source: GB 3838-2002 table 1; 环办〔2011〕22号 地表水环境质量评价办法（试行）(21 items: without water temperature, total nitrogen and faecal
coliforms; rivers; lakes); domain rules, section E4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.rounding import DECIMALS, half_even, scaled, shifted
from standards.tables import looked_up, rows

ITEMS = tuple(row["item"] for row in rows("ecology/water_item"))
EVALUATED = tuple(row["item"] for row in rows("ecology/water_item") if row["evaluated"] == "1")
"""The items that decide on the class."""
KEPT = {row["item"]: int(row["decimals"]) for row in rows("ecology/water_item")}
"""Decimals of the mean of an item."""
KINDS = ("RIVER", "LAKE")
GOOD, WORSE, MOST_NAMED = 3, 6, 3
FEW_SECTIONS = 5
"""A river with fewer sections is judged by the means of its sections, one with more by the shares of their classes."""
INDEX = tuple(row["item"] for row in rows("ecology/lake_index"))
"""The items of the trophic index: chla µg/L, transparency m, the others mg/L."""

Limits = tuple[tuple[Decimal | None, Decimal | None], ...]


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@cache
def limits(item: str, kind: str) -> Limits:
    """(least, most) of the classes I to V of an item; none for an item without."""
    found = [row for row in rows("ecology/surface_water_limit") if (row["item"], row["kind"]) == (item, kind)]
    return tuple((_decimal(row["least"]), _decimal(row["most"])) for row in sorted(found, key=lambda row: row["class"]))


def _by_kind(item: str, kind: Column, made: Mapping[str, Column]) -> Column:
    """What holds for the kind of water, where that matters."""
    alike = limits(item, "RIVER") == limits(item, "LAKE")
    return made["RIVER"] if alike else F.when(kind == "LAKE", made["LAKE"]).otherwise(made["RIVER"])


def item_class(item: str, kind: Column, value: Column) -> Column:
    """The best class whose limit an item keeps, int; equal limits give the better class. NULL without a value or without limits."""
    return _by_kind(item, kind, {k: _class_of(limits(item, k), value) for k in KINDS})


def _class_of(classes: Limits, value: Column) -> Column:
    found = F.when(value.isNull() | F.lit(not classes), F.lit(None).cast("int"))
    for number, (least, most) in enumerate(classes, 1):
        kept = ([value >= F.lit(least)] if least is not None else []) + ([value <= F.lit(most)] if most is not None else [])
        found = found.when(reduce(Column.__and__, kept), number)
    return found.otherwise(WORSE)


def exceedance(item: str, kind: Column, value: Column) -> Column:
    """By how many times an item is above the limit of class III: (C - S) / S, decimal(18,2); NULL when it is not, and for pH and oxygen."""
    return _by_kind(item, kind, {k: _times_above(limits(item, k), value) for k in KINDS})


def _times_above(classes: Limits, value: Column) -> Column:
    least, most = classes[GOOD - 1] if classes else (None, None)
    if most is None or least is not None:
        return F.lit(None).cast("decimal(18,2)")
    limit = int(most.scaleb(DECIMALS))
    above = (scaled(value) - limit) * 100
    return F.when(value > F.lit(most), shifted(half_even(above, F.lit(limit).cast("bigint")), 2))


def section_class(classes: Mapping[str, Column]) -> Column:
    """The class of a section: that of its worst item among EVALUATED."""
    return F.greatest(*[classes[item] for item in EVALUATED])


def pollutants(classes: Mapping[str, Column], times: Mapping[str, Column]) -> Column:
    """The items worse than class III, the worst first: by class, then by exceedance, then in the order of the standard.

    Args:
        classes: item -> its class, of all EVALUATED.
        times: item -> its exceedance.

    Returns:
        array<struct<class, times, place, item>>; times is 0 where there is none.
    """
    nothing = F.lit(0).cast("decimal(18,2)")
    named = [
        F.when(
            classes[item] > GOOD,
            F.struct(
                classes[item].alias("class"), F.coalesce(times[item], nothing).alias("times"), F.lit(-n).alias("place"),
                F.lit(item).alias("item"),
            ),
        )
        for n, item in enumerate(EVALUATED)
    ]  # fmt: skip
    return F.sort_array(F.array_compact(F.array(*named)), False)


def main_pollutants(worse: Column) -> Column:
    """The first three of `pollutants` by name, array<string>."""
    return F.slice(F.transform(worse, lambda one: one["item"]), 1, MOST_NAMED)


def exceedances(worse: Column) -> Column:
    """The `pollutants` that have an exceedance, as `nh3n 1.30`, array<string>."""
    told = F.transform(worse, lambda one: F.when(one["times"] > 0, F.concat_ws(" ", one["item"], one["times"].cast("string"))))
    return F.array_compact(told)


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
