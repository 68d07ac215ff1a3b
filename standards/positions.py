"""Positions that vehicles send: which cannot be right, where on a leg of its line a vehicle is, which speed it may have.

Here: functions of Columns. Not here: the rows before and after a position (`assets.themes.traffic.positions`). Points are pairs of
metres or centimetres in the plane of EPSG:4549. Source: domain rules E3 (faster than 120 km/h, more than 500 m in at most 10 s, outside
the city; within 50 m of the line; inside 30 m of the stop); speed limits: standards/traffic/vehicle_limit.csv; hours in which coaches stop:
道路旅客运输企业安全管理规范, article 38.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import looked_up, rows

FASTEST = 120
"""km/h above which a position cannot be right."""
JUMP_METRES, JUMP_SECONDS = 500, 10
NEAR_LINE, AT_STOP = 50, 30
"""Metres within which a position is put on its line, and within which of a stop the vehicle has arrived."""
WATCHED = tuple(row["kind"] for row in rows("traffic/vehicle_limit"))
"""Kinds of vehicles with a greatest speed of their own, which a transport bureau watches (两客一危)."""
NO_POSITION, OUTSIDE, TOO_FAST, JUMP = "NO_POSITION", "OUTSIDE", "TOO_FAST", "JUMP"
REASONS = (NO_POSITION, OUTSIDE, TOO_FAST, JUMP)
STOPS_AT, GOES_ON_AT = 2, 5
"""Hours between which coaches stop, or hand over their passengers."""
Point = tuple[Column, Column]


def unfit(placed: Column, outside: Column, speed: Column) -> Column:
    """Why a position cannot be right by itself: OUTSIDE, NO_POSITION or TOO_FAST, string; NULL when it can.

    Args:
        placed: whether it has coordinates.
        outside: whether what it says lies outside the city.
        speed: km/h; unknown is not too fast.
    """
    return F.when(outside, OUTSIDE).when(~placed, NO_POSITION).when(speed > FASTEST, TOO_FAST)


def is_jump(metres: Column, seconds: Column) -> Column:
    """Whether a vehicle cannot have come so far in so many seconds; NULL of NULL."""
    return (seconds <= JUMP_SECONDS) & (metres > JUMP_METRES)


def jumped(before: Column, after: Column, around: Column) -> Column:
    """Whether a position is off the way of its vehicle: a jump from the one before, unless the vehicle goes on there.

    It does when the position after is nearer to this one than to the one before: then nothing says which of the two places is wrong. The
    last of a series has no position after it, and is dropped when it is a jump from the one before, even if that one is the wrong one.

    Args:
        before: whether it is a jump from the position before.
        after: metres to the position after it, NULL when that is not as near in time.
        around: metres from the position before to the one after.
    """
    return F.coalesce(before & ~F.coalesce(after < around, F.lit(False)), F.lit(False))


def apart(a: Point, b: Point) -> Column:
    """The distance of two points, double."""
    east, north = a[0] - b[0], a[1] - b[1]
    return F.sqrt((east * east + north * north).cast("double"))


def foot(point: Point, begin: Point, end: Point) -> Point:
    """The point of the leg from `begin` to `end` that is nearest to a point, double."""
    east, north = end[0] - begin[0], end[1] - begin[1]
    length = (east * east + north * north).cast("double")
    along = ((point[0] - begin[0]) * east + (point[1] - begin[1]) * north).cast("double")
    share = F.coalesce(F.greatest(F.lit(0.0), F.least(F.lit(1.0), along / F.when(length > 0, length))), F.lit(0.0))
    return begin[0] + share * east, begin[1] + share * north


def speed_limit(kind: Column) -> Column:
    """The greatest speed of a kind of vehicle on any road, km/h, int; NULL of kinds without one of their own."""
    return looked_up({row["kind"]: int(row["limit_kmh"]) for row in rows("traffic/vehicle_limit")}, kind)


def in_small_hours(hour: Column) -> Column:
    """Whether an hour is one in which coaches stop."""
    return (hour >= STOPS_AT) & (hour < GOES_ON_AT)
