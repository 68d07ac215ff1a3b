"""Explain where something lies: a position, and a standard address with its elements."""

from __future__ import annotations

import re
from typing import Any

import shapely

from assets.explain import Explanation, RowReader, Section, explains
from assets.places import metres

POSITION = re.compile(r"^([0-9.]+)[,，] ?([0-9.]+)$")
LEVELS = ("CITY", "COUNTY", "TOWN", "VILLAGE")
ELEMENTS = (
    "county", "town", "village", "village_name", "group_no", "road", "door_no", "compound", "building", "unit", "floor", "room", "extra",
    "parse_level",
)  # fmt: skip


@explains("position (longitude,latitude)")
def explain_position(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a position in CGCS2000 degrees by the divisions in force that cover it, each with its border's distance, file and line."""
    found = POSITION.match(identifier)
    if not found:
        return []
    covering = _covering(rows, *map(float, found.groups()))
    names = " ".join(d["name"] for d in covering) or "outside the city"
    return [Explanation(f"Position {identifier}: {names}", facts={"divisions": covering}, sections=[_section(covering)])]


@explains("standard address number")
def explain_address(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a standard address by its elements, and by the divisions that cover its position."""
    return [_address(rows, row) for row in rows("base/geography/address", address_no=identifier)]


def _address(rows: RowReader, row: dict[str, Any]) -> Explanation:
    covering = _covering(rows, float(row["lon"]), float(row["lat"])) if row["lon"] is not None else []
    said = {name: row[name] for name in ELEMENTS if row[name] is not None}
    about = {name: row[name] for name in ("apart_m", "flags", "source_crs", "_source_file", "_row_no")}
    return Explanation(
        f"Standard address {row['address_no']}: {', '.join(row['flags']) or 'nothing is wrong'}",
        facts={"elements": said, "divisions": covering, **about},
        sections=[Section("Elements", ("element", "value"), list(said.items())), _section(covering)],
    )


def _covering(rows: RowReader, lon: float, lat: float) -> list[dict[str, Any]]:
    """The divisions in force around a position, the widest first."""
    point, found = shapely.Point(lon, lat), []
    for level in LEVELS:
        for d in rows("base/geography/division", level=level):
            if d["valid_to"] is None and d["west"] <= lon <= d["east"] and d["south"] <= lat <= d["north"]:
                area = shapely.from_wkb(d["geometry"])
                if shapely.intersects(area, point):
                    border = shapely.distance(*metres([shapely.boundary(area), point]))
                    said = {name: d[name] for name in ("level", "code", "name", "valid_from", "repaired", "_source_file", "_row_no")}
                    found.append(said | {"border_m": round(float(border), 1)})
    return found


def _section(covering: list[dict[str, Any]]) -> Section:
    columns = ("level", "code", "name", "valid_from", "border_m", "_source_file", "_row_no")
    shown = ("level", "code", "name", "since", "metres to its border", "file", "line")
    return Section("Divisions in force that cover the position", shown, [[str(d[c]) for c in columns] for d in covering])
