"""Delivered geometries as the lake keeps them: WKB of CGCS2000 degrees with bounding box and size, invalid polygons repaired.

Here: one geometry, and two held against each other, by shapely over batches of rows. Not here: which layer has which
(`layers`), points in areas (`assets.places`). Source: domain rules A12, D5; areas and lengths are those of EPSG:4549.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.places import metres
from standards import coordinates

DIGITS = 8
"""Of a degree, as the lake stores positions."""
METRES = ("GK120", "GK40")
"""The systems of delivered geometries that are no degrees; of degrees, WGS 84 differs from CGCS2000 by centimetres."""
SHAPE = ("geometry", "west", "south", "east", "north", "area_m2", "length_m", "repaired")
SCHEMA = "geometry binary, west double, south double, east double, north double, area_m2 double, length_m double, repaired boolean"


def shape(text: Column, crs: str) -> Column:
    """The struct SHAPE of a geometry as well-known text in a system; its fields are NULL for NULL.

    length_m: of a line its length, of a polygon its border. repaired: the polygon crossed itself and was made valid.
    """

    def of(texts: pd.Series) -> pd.DataFrame:
        delivered = _in_degrees(shapely.from_wkt(texts.to_numpy(dtype=object)), crs)
        wrong = ~shapely.is_missing(delivered) & ~shapely.is_valid(delivered)
        shapes = np.where(wrong, shapely.make_valid(delivered, method="structure", keep_collapsed=False), delivered)
        plane = metres(shapes)
        sizes = np.stack([shapely.area(plane), shapely.length(plane)], axis=1).round(1)
        numbers = pd.DataFrame(np.hstack([shapely.bounds(shapes), sizes]), columns=list(SHAPE[1:7]))
        return pd.DataFrame({"geometry": shapely.to_wkb(shapes)}).join(numbers).assign(repaired=wrong)

    return _over_batches(of, SCHEMA)(text)


def shared_m2(one: Column, other: Column) -> Column:
    """The area, m², that two polygons (WKB) have in common."""

    def of(ones: pd.Series, others: pd.Series) -> pd.Series:
        return pd.Series(shapely.area(shapely.intersection(_plane(ones), _plane(others))).round(1))

    return _over_batches(of, "double")(one, other)


def apart_m(lon: Column, lat: Column, area: Column) -> Column:
    """How far, m, a position is from a polygon (WKB); 0 inside."""

    def of(lons: pd.Series, lats: pd.Series, areas: pd.Series) -> pd.Series:
        points = metres(shapely.points(lons.to_numpy(), lats.to_numpy()))
        return pd.Series(shapely.distance(points, _plane(areas)).round(1))

    return _over_batches(of, "double")(lon, lat, area)


def _over_batches(function: Callable[..., Any], returned: str) -> Callable[..., Column]:
    made: Callable[..., Column] = F.pandas_udf(function, returned)  # type: ignore[call-overload]
    return made


def _plane(wkb: pd.Series) -> Any:
    return metres(shapely.from_wkb(wkb.to_numpy(dtype=object)))


def _in_degrees(shapes: Any, crs: str) -> Any:
    def degrees(p: np.ndarray) -> np.ndarray:
        return np.stack(coordinates.from_gk(p[:, 0], p[:, 1], np), axis=1) if crs in METRES else p

    return shapely.transform(shapes, lambda p: degrees(p).round(DIGITS))
