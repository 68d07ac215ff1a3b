"""Geometries as well-known text (WKT): what makes one usable.

Here: the rule `geometry`. Not here: other forms (WKB), projections, what the areas of two tables have in common. Source: OGC 06-103r4,
section 7 (well-known text); the city's box of domain rules A12, in degrees and in the Gauss-Krüger plane around 120°E.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.registry import PLANES, agree
from standards.coordinates import LAT, LON
from standards.text import Row, Steps, cleaned, codes_text, flag, is_absent, no_codes, text_fixes

NUMBER = "[+-]?[0-9]{1,9}(?:[.][0-9]{1,20})?"
POSITION = f"{NUMBER} {NUMBER}"
RING = r"\(p\)"
POLYGON = rf"\({RING}(?:,{RING})*\)"
FORMS = (r"^POINT\(p\)\z", r"^LINESTRING\(p\)\z", rf"^POLYGON{POLYGON}\z", rf"^MULTIPOLYGON\({POLYGON}(?:,{POLYGON})*\)\z")
"""What is left of each kind once a sequence of positions has become one `p`. Long ones never meet a repeated group: Java recurses."""
LEAST = {"POINT": 1, "LINESTRING": 2, "POLYGON": 4}
"""Positions of a part: a ring has four, the last of which is the first."""
EAST, NORTH, ZONE = (400_000.0, 500_000.0), (3_525_000.0, 3_710_000.0), 40_000_000.0
"""The city's box with its margin, metres of EPSG:4549; with its number in front, the zone moves eastings."""
BOXES = {"CGCS2000": (LON, LAT), "WGS84": (LON, LAT), "GK120": (EAST, NORTH), "GK40": ((EAST[0] + ZONE, EAST[1] + ZONE), NORTH)}
agree("standards/geometry.py", BOXES, PLANES)


def geometry_rule(crs: str) -> Steps:
    """Rule `geometry`: value string, the delivered text of a POINT, LINESTRING, POLYGON or MULTIPOLYGON.

    E_GEOMETRY: another text, three dimensions, too few positions, a ring that is not closed, a position outside the city. F_WIDTH,
    F_INVIS, F_HTML, F_TRIM. `crs`: the system of its positions (`contracts.registry.PLANES`).
    """
    easting, northing = BOXES[crs]

    def reduced(row: Row) -> dict[str, Column]:
        single = F.regexp_replace(F.upper(row["s"]), " +", " ")  # first: runs of blanks before a sign take the square of their length
        tight = F.regexp_replace(single, " ?([(),]) ?", "$1")
        parts = F.filter(F.split(F.regexp_replace(tight, "[A-Z]+|,?[(]+", ""), r"[)]+"), lambda part: part != "")
        form = F.replace(F.regexp_replace(tight, POSITION, "p"), F.lit(",p"), F.lit(""))
        return {"absent": is_absent(row["s"]), "form": form, "parts": F.transform(parts, lambda part: F.split(part, ","))}

    def inside(position: Column) -> Column:
        x, y = (F.substring_index(position, " ", i).try_cast("double") for i in (1, -1))
        return F.coalesce(x.between(*easting) & y.between(*northing), F.lit(False))

    def judged(row: Row) -> dict[str, Column]:
        form, parts = row["form"], row["parts"]
        enough = reduce(or_, [form.contains(kind) & _each_has(parts, n) for kind, n in LEAST.items()])
        open_ring = form.contains("POLYGON") & F.exists(parts, lambda part: part[0] != F.element_at(part, -1))
        there = F.forall(F.flatten(parts), inside)
        return {"right": form.rlike("|".join(FORMS)) & enough & ~open_ring & there}

    def answer(row: Row) -> dict[str, Column]:
        value = F.when(row["right"], row["s"])
        codes = codes_text(*text_fixes(row["raw"]), flag(value.isNull(), "E_GEOMETRY"))
        untouched = row["absent"] | (value == row["raw"])
        return {"value": value, "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return cleaned, reduced, judged, answer


def _each_has(parts: Column, least: int) -> Column:
    """Every part has so many positions."""
    return F.forall(parts, lambda part: F.size(part) >= least)
