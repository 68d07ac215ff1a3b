"""The map: polygons of the counties as GeoJSON and lines of the waters, as of the release, simplified for a screen.

Here: from WKB in CGCS2000 degrees. Not here: which table has them (`assets.pages`), drawing. A release without that table has no map, and
charts of kind map are drawn as bars.
"""

from __future__ import annotations

from typing import Any

from assets.pages import COUNTIES, WATERS
from pipelines.site.names import divisions
from pipelines.site.reading import Reading

COUNTY = "COUNTY"
TOLERANCE, DIGITS = 0.002, 4
"""Degrees: some 200 m, and ten metres."""


def counties(reading: Reading) -> dict[str, Any] | None:
    """Return the counties in force as GeoJSON: `name` is the 6-digit code, `title` the Chinese and English name. None without polygons."""
    found = reading.rows(COUNTIES, ("code", "level", "name", "valid_to", "geometry")) if COUNTIES in reading.contracts else None
    if found is None:
        return None
    import shapely

    rows = [r for r in found.to_pylist() if r["level"] == COUNTY and r["valid_to"] is None]
    features = []
    for r in sorted(rows, key=lambda r: r["code"]):
        shape = shapely.set_precision(shapely.simplify(shapely.from_wkb(r["geometry"]), TOLERANCE), 10**-DIGITS)
        code = r["code"][:6]
        title = [r["name"], divisions()[code].en if code in divisions() else r["name"]]
        geometry = {"type": shape.geom_type, "coordinates": _rounded(shapely.geometry.mapping(shape)["coordinates"])}
        features.append({"type": "Feature", "properties": {"name": code, "title": title}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features} if features else None


def waters(reading: Reading) -> list[Any]:
    """Return the lines of rivers and canals and the borders of lakes, each as a list of positions; none without their table."""
    found = reading.rows(WATERS, ("water_body", "geometry")) if WATERS in reading.contracts else None
    if found is None:
        return []
    import shapely

    lines = []
    for r in sorted(found.to_pylist(), key=lambda r: r["water_body"]):
        shape = shapely.simplify(shapely.from_wkb(r["geometry"]), TOLERANCE)
        for part in shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape):
            lines.append(_rounded(shapely.get_coordinates(part).tolist()))
    return lines


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, DIGITS)
    return [_rounded(c) for c in coordinates]
