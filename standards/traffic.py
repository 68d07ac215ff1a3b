"""Roads: the state of a segment by its speed, the grade of a travel time index, the level of service of an intersection.

Here: functions of Columns over the break points in standards/traffic. Not here: what was measured (`assets.themes.traffic`). Source:
domain rules E3: GB/T 33171-2016 (states, index), HCM 2010 (six levels by delay), CJJ 152-2010 (four levels by delay, saturation and
queue, of which the worst counts). Where two ranges of CJJ 152 name the same border, it belongs to the better one, but the best ends
before its own. A measure is held against a border as it is, and not as it is rounded to be shown (GB/T 8170, comparison in full): both
are whole numbers, one over the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

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
HUNDRED = 100
FREE_FLOW_PERCENT, FREE_FLOW_FROM, FREE_FLOW_TO = 85, 22, 6
"""The free speed is this percentile of the speeds from the one hour of the evening to the other of the morning."""


def segment_state(road_class: Column, speed: Column) -> Column:
    """FREE, MOSTLY_FREE, LIGHT, MODERATE or SEVERE by the speed in km/h; NULL without a class or a speed."""
    found = F.when(F.lit(False), F.lit(None).cast("string"))
    for row in rows("traffic/segment_state"):
        above = speed > int(row["above"]) if row["above"] else speed.isNotNull()
        found = found.when((road_class == row["road_class"]) & above, row["state"])
    return found


def tti_grade(travel: Column, free: Column) -> Column:
    """The grade of a travel time index, the travel time over that at free speed, named as the states of segments; NULL of 0 and of NULL.

    travel, free: whole numbers of one unit of time.
    """
    found = F.when(~_is_known(travel, free), F.lit(None).cast("string"))
    for row in rows("traffic/tti_grade"):
        found = found.when(_parts(travel) < free * _hundredths(row["below"]) if row["below"] else F.lit(True), row["grade"])
    return found


def level(scheme: str, measure: str, above: Column, below: Column) -> Column:
    """The level of one measure, string; NULL when it is not known.

    Args:
        scheme: HCM (A to F) or CJJ (1 to 4).
        measure: delay_s (HCM and CJJ), saturation or queue_m (CJJ): seconds per vehicle, a share, metres.
        above: whole number; over `below` it is the measure.
        below: whole number; of 0 the measure is not known.
    """
    found = F.when(~_is_known(above, below), F.lit(None).cast("string"))
    for row in rows("traffic/intersection_level"):
        if (row["scheme"], row["measure"]) == (scheme, measure):
            found = found.when(_reaches(above, below, row), row["level"])
    return found


def _is_known(above: Column, below: Column) -> Column:
    return F.coalesce(above.isNotNull() & (below > 0), F.lit(False))


def _parts(of: Column) -> Column:
    return of.cast("bigint") * HUNDRED


def _hundredths(limit: str) -> int:
    """A border in hundredths, which every border is a whole number of."""
    return int(Decimal(limit) * HUNDRED)


def _reaches(above: Column, below: Column, row: dict[str, str]) -> Column:
    if not row["most"]:
        return F.lit(True)
    limit = below * _hundredths(row["most"])
    return _parts(above) <= limit if row["inclusive"] == "1" else _parts(above) < limit


def worst(levels: Iterable[Column]) -> Column:
    """The worst of the levels of one scheme that are known."""
    return F.greatest(*levels)
