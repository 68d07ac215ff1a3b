"""Roads: the state of a segment by its speed, the grade of a travel time index, the level of service of an intersection.

Here: functions of Columns over the break points in standards/traffic. Not here: what was measured (`assets.themes.traffic`). Source:
domain rules E3: GB/T 33171-2016 (states, index), HCM 2010 (six levels by delay), CJJ 152-2010 (four levels by delay, saturation and
queue, of which the worst counts). Where two ranges of CJJ 152 name the same border, it belongs to the better one, but the best ends
before its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import rows

SATURATION_FLOW = 1650
"""Vehicles that a lane lets pass in an hour of green (domain rules E3, s; usual for a lane straight ahead)."""
STATES = tuple(dict.fromkeys(row["state"] for row in rows("traffic/segment_state")))
SEVERE = "SEVERE"
CONGESTED = ("MODERATE", SEVERE)
"""States of a segment that count as congested."""
GRADES = tuple(row["grade"] for row in rows("traffic/tti_grade"))
CJJ_MEASURES = ("delay_s", "saturation", "queue_m")
FREE_FLOW_PERCENT, FREE_FLOW_FROM, FREE_FLOW_TO = 85, 22, 6
"""The free speed is this percentile of the speeds from the one hour of the evening to the other of the morning."""


def segment_state(road_class: Column, speed: Column) -> Column:
    """FREE, MOSTLY_FREE, LIGHT, MODERATE or SEVERE by the speed in km/h; NULL without a class or a speed."""
    found = F.when(F.lit(False), F.lit(None).cast("string"))
    for row in rows("traffic/segment_state"):
        above = speed > int(row["above"]) if row["above"] else speed.isNotNull()
        found = found.when((road_class == row["road_class"]) & above, row["state"])
    return found


def tti_grade(index: Column) -> Column:
    """The grade of a travel time index, named as the states of segments; NULL of NULL."""
    found = F.when(index.isNull(), F.lit(None).cast("string"))
    for row in rows("traffic/tti_grade"):
        found = found.when(index < F.lit(row["below"]).cast("decimal(4,2)") if row["below"] else F.lit(True), row["grade"])
    return found


def level(scheme: str, measure: str, value: Column) -> Column:
    """The level of one measure, string; NULL of NULL.

    Args:
        scheme: HCM (A to F) or CJJ (1 to 4).
        measure: delay_s (HCM and CJJ), saturation or queue_m (CJJ).
        value: decimal; seconds per vehicle, a share, metres.
    """
    found = F.when(value.isNull(), F.lit(None).cast("string"))
    for row in rows("traffic/intersection_level"):
        if (row["scheme"], row["measure"]) == (scheme, measure):
            found = found.when(_reaches(value, row["most"], row["inclusive"] == "1"), row["level"])
    return found


def _reaches(value: Column, most: str, inclusive: bool) -> Column:
    if not most:
        return F.lit(True)
    limit = F.lit(most).cast("decimal(8,2)")
    return value <= limit if inclusive else value < limit


def worst(levels: Iterable[Column]) -> Column:
    """The worst of the levels of one scheme that are known."""
    return F.greatest(*levels)
