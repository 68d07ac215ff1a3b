"""The map of the counties: polygons of the release as GeoJSON, simplified for a screen.

Here: from WKB in CGCS2000 degrees. Not here: which table has them (`assets.pages`), drawing. A release without that table has no map, and
charts of kind map are drawn as bars.
"""

from __future__ import annotations

from typing import Any

from assets.pages import COUNTIES
from pipelines.site.reading import Reading

COUNTY = "COUNTY"
TOLERANCE, DIGITS = 0.002, 4
"""Degrees: some 200 m, and ten metres."""


def counties(reading: Reading) -> dict[str, Any] | None:
    """Return the counties in force as GeoJSON: `name` is the 6-digit code, `title` the name. None without polygons."""
    found = reading.rows(COUNTIES, ("code", "level", "name", "valid_to", "geometry")) if COUNTIES in reading.contracts else None
    if found is None:
        return None
    import shapely

    rows = [r for r in found.to_pylist() if r["level"] == COUNTY and r["valid_to"] is None]
    features = []
    for r in sorted(rows, key=lambda r: r["code"]):
        shape = shapely.set_precision(shapely.simplify(shapely.from_wkb(r["geometry"]), TOLERANCE), 10**-DIGITS)
        geometry = {"type": shape.geom_type, "coordinates": _rounded(shapely.geometry.mapping(shape)["coordinates"])}
        features.append({"type": "Feature", "properties": {"name": r["code"][:6], "title": r["name"]}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features} if features else None


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, DIGITS)
    return [_rounded(c) for c in coordinates]
