"""Coordinates: one number of degrees out of a delivered value, and the systems of reference they are given in.

Here: decimal degrees, degrees-minutes-seconds, the city's box, GCJ-02, BD-09 and Gauss-Krueger to CGCS2000. Not here: what a pair of
them means (`quality.row_rules`); polygons (`assets.places`); systems whose parameters are classified (Xi'an 80, Beijing 54, the city's
own), which nobody converts.
Source: domain rules A12, D21; the public approximation of GCJ-02, inverted by iteration (error below 1e-9 degrees); the ellipsoid of
CGCS2000 by GB 22021-2008, and Krueger's series in the third flattening to its fourth power (error below 1 mm).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import pi, sqrt
from operator import add
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, cleaned, codes_text, flag, is_absent, no_codes, text_fixes

DECIMAL = r"^[+-]?[0-9]{1,10}(?:[.][0-9]{1,20})?\z"
HEMISPHERE = "(?:[NEne]|北纬|东经|北|东|经度|纬度)?"
PART = "([0-9]{1,3}(?:[.][0-9]{1,8})?)"
SECONDS = rf"(?: *{PART}(?:[\"″”“秒sS]|''|’’|′′)?)?"
DMS = rf"^{HEMISPHERE} *{PART}[°º度dD:](?: *{PART}['′’‘分mM:]{SECONDS})? *{HEMISPHERE}\z"
BROKEN = r"[.][0-9]+[^0-9.]+[0-9]"
"""Degrees, minutes and seconds, quotes as typed or as a word processor sets them. BROKEN: a fraction before the last part."""
TYPE = "decimal(18,8)"
MARGIN = 0.02
LON, LAT = (119.0167 - MARGIN, 119.9 + MARGIN), (31.9333 - MARGIN, 33.4167 + MARGIN)
"""The city's box with its margin, degrees: CGCS2000."""
AXIS, ECCENTRICITY = 6378245.0, 0.00669342162296594323
KEPT = ("CGCS2000", "WGS84")
"""Stored as they are: they differ by centimetres."""
SEMI_MAJOR, FLATTENING = 6378137.0, 1 / 298.257222101
CENTRAL_MERIDIAN, FALSE_EASTING, ZONE = 120, 500_000, 1_000_000
"""EPSG:4549; EPSG:4528 is the same with the number of the zone, in millions, before the easting."""
CENTIMETRES = 100
_N = FLATTENING / (2 - FLATTENING)
_RADIUS = SEMI_MAJOR / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_TO_PLANE = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49561 * _N**4 / 161280,
)
_TO_SPHERE = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440,
    17 * _N**3 / 480 - 37 * _N**4 / 840,
    4397 * _N**4 / 161280,
)
_TO_LATITUDE = (
    2 * _N - 2 * _N**2 / 3 - 2 * _N**3 + 116 * _N**4 / 45,
    7 * _N**2 / 3 - 8 * _N**3 / 5 - 227 * _N**4 / 45,
    56 * _N**3 / 15 - 136 * _N**4 / 35,
    4279 * _N**4 / 630,
)
"""Coefficients of Krueger's series: conformal sphere to plane, back, and conformal to geodetic latitude."""


def degrees_rule() -> Steps:
    """Rule `degrees`: value decimal(18,8), degrees as delivered, whichever way round and in whatever unit; nothing is converted but
    degrees, minutes, seconds (F_DMS). E_DEGREES: neither form. F_WIDTH, F_INVIS, F_HTML, F_TRIM."""

    def parts(row: Row) -> dict[str, Column]:
        s = row["s"]
        other = F.when(~s.rlike(DECIMAL), s)
        whole, minutes, seconds = (
            F.coalesce(F.regexp_extract(other, DMS, i).try_cast("decimal(12,8)"), F.lit(0).cast("decimal(12,8)")) for i in (1, 2, 3)
        )
        sexagesimal = whole.cast("double") + minutes.cast("double") / 60 + seconds.cast("double") / 3600
        return {
            "absent": is_absent(s),
            "plain": F.when(s.rlike(DECIMAL), s).try_cast(TYPE),
            "dms": F.when(other.rlike(DMS) & ~other.rlike(BROKEN) & (minutes < 60) & (seconds < 60), F.round(sexagesimal, 8).cast(TYPE)),
        }

    def answer(row: Row) -> dict[str, Column]:
        value = F.coalesce(row["plain"], row["dms"])
        codes = codes_text(*text_fixes(row["raw"]), flag(row["dms"].isNotNull(), "F_DMS"), flag(value.isNull(), "E_DEGREES"))
        untouched = row["absent"] | (row["plain"].isNotNull() & (row["s"] == row["raw"]))
        return {"value": value, "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return cleaned, parts, answer


def inside(lon: Column, lat: Column) -> Column:
    """Both stand in the city's box."""
    return lon.between(*LON) & lat.between(*LAT)


def gcj_offset(lon: Any, lat: Any, m: Any = F) -> tuple[Any, Any]:
    """What GCJ-02 adds to a true position, degrees of longitude and latitude (double).

    Args:
        lon: longitude, a Column, or what the functions of `m` take.
        lat: latitude.
        m: as in `to_gk`.
    """

    def wave(v: Any, amount: float, per: float) -> Any:
        return amount * m.sin(v * (pi / per))

    x, y = lon - 105, lat - 35
    root = m.sqrt(m.abs(x))
    both = (wave(x, 20, 1 / 6) + wave(x, 20, 0.5)) * (2 / 3)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both
    north = north + (wave(y, 20, 1) + wave(y, 40, 3) + wave(y, 160, 12) + wave(y, 320, 30)) * (2 / 3)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both
    east = east + (wave(x, 20, 1) + wave(x, 40, 3) + wave(x, 150, 12) + wave(x, 300, 30)) * (2 / 3)
    radians = lat * (pi / 180)
    w = 1 - ECCENTRICITY * m.sin(radians) * m.sin(radians)
    per_lat = AXIS * (1 - ECCENTRICITY) / (w * m.sqrt(w)) * pi
    return east * 180 / (AXIS / m.sqrt(w) * m.cos(radians) * pi), north * 180 / per_lat


def from_bd09(lon: Column, lat: Column) -> tuple[Column, Column]:
    """BD-09 to GCJ-02, degrees (double)."""
    x, y = lon - 0.0065, lat - 0.006
    z = F.sqrt(x * x + y * y) - 2e-5 * F.sin(y * (pi * 3000 / 180))
    turn = F.atan2(y, x) - 3e-6 * F.cos(x * (pi * 3000 / 180))
    return z * F.cos(turn), z * F.sin(turn)


def _series(coefficients: Sequence[float], xi: Any, eta: Any, m: Any) -> tuple[Any, Any]:
    """What the series adds to northing and easting, as parts of the radius."""
    north = [c * m.sin(2 * j * xi) * m.cosh(2 * j * eta) for j, c in enumerate(coefficients, 1)]
    east = [c * m.cos(2 * j * xi) * m.sinh(2 * j * eta) for j, c in enumerate(coefficients, 1)]
    return reduce(add, north), reduce(add, east)


def to_gk(lon: Any, lat: Any, m: Any = F) -> tuple[Any, Any]:
    """CGCS2000 degrees to easting and northing in metres (EPSG:4549), double.

    Args:
        lon: longitude, a Column, or with `m` numpy an array.
        lat: latitude.
        m: whose functions compute: the module of those of Columns, numpy, or what has functions of the same names.
    """
    eccentricity = 2 * sqrt(_N) / (1 + _N)
    sine, turn = m.sin(m.radians(lat)), m.radians(lon - CENTRAL_MERIDIAN)
    t = m.sinh(m.atanh(sine) - eccentricity * m.atanh(eccentricity * sine))
    xi, eta = m.atan2(t, m.cos(turn)), m.atanh(m.sin(turn) / m.sqrt(1 + t * t))
    north, east = _series(_TO_PLANE, xi, eta, m)
    return FALSE_EASTING + _RADIUS * (eta + east), _RADIUS * (xi + north)


def to_centimetres(lon: Column, lat: Column) -> tuple[Column, Column]:
    """CGCS2000 degrees of any numeric type to whole centimetres of easting and northing (EPSG:4549), bigint: the same on every engine."""
    east, north = to_gk(lon.cast("double"), lat.cast("double"))
    return F.round(east * CENTIMETRES).cast("bigint"), F.round(north * CENTIMETRES).cast("bigint")


def from_gk(east: Any, north: Any, m: Any = F) -> tuple[Any, Any]:
    """Easting and northing in metres (EPSG:4549, and EPSG:4528 with the zone before the easting) to CGCS2000 degrees, double.

    Args:
        east: easting, a Column, or with `m` numpy an array.
        north: northing.
        m: as in `to_gk`.
    """
    xi, eta = north / _RADIUS, (east % ZONE - FALSE_EASTING) / _RADIUS
    less_north, less_east = _series(_TO_SPHERE, xi, eta, m)
    x, y = xi - less_north, eta - less_east
    chi = m.asin(m.sin(x) / m.cosh(y))
    latitude = chi + reduce(add, [c * m.sin(2 * j * chi) for j, c in enumerate(_TO_LATITUDE, 1)])
    return CENTRAL_MERIDIAN + m.degrees(m.atan2(m.sinh(y), m.cos(x))), m.degrees(latitude)
