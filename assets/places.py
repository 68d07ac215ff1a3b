"""Where points lie: in which area of a layer, and how far from the nearest line.

Areas and lines are cut into square cells. A point is joined to what its cell knows by the number of the cell: the area that covers the
cell whole, or the pieces of areas and lines in it. Only points in cells with pieces are decided by geometry, by shapely over batches of
rows (Arrow). The result depends on neither the order of rows nor the engine.

Here: `within`, `nearest`, `of_points`. Not here: layers (`assets.base.geography`), coordinates of single points (`standards.coordinates`).
Geometries are WKB of CGCS2000 degrees, longitude first; distances are metres in the plane of EPSG:4549.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from standards import coordinates

DEGREES = 0.01
"""Side of a cell of areas: about a kilometre."""
ROW = 1 << 20
"""Cells are numbered from the south-west of the plane, row by row of so many."""
_CELL, _WHOLE, _CODES, _PIECES, _FOUND = "_cell", "_whole", "_cell_codes", "_pieces", "_found"
Batches = Iterator[pa.RecordBatch]


def within(points: DataFrame, areas: DataFrame, code: str, lon: str = "lon", lat: str = "lat", name: str | None = None) -> DataFrame:
    """Every point with the code of the area in which it lies; NULL outside of all, and without a position. On a border: the least code.

    Args:
        points: with longitude and latitude, degrees of any numeric type.
        areas: with a text `code` and the WKB polygon `geometry`. Areas that overlap count as if the least code covered what is shared.
        code: column of the areas.
        lon: column of the points.
        lat: column of the points.
        name: of the new column; by default `code`.
    """
    shapes = areas.select(F.col(code).alias("code"), "geometry")
    cells = _by_cell(shapes.mapInArrow(_cut_areas, "cell bigint, code string, piece binary"))
    x, y = F.col(lon).cast("double"), F.col(lat).cast("double")
    joined = _joined(points, cells, _number(x, y, DEGREES))
    decided = F.pandas_udf(_first_covering, "string")(_CELL, x, y, _CODES, _PIECES)  # type: ignore[call-overload]
    return joined.withColumn(name or code, F.coalesce(_WHOLE, decided)).drop(_CELL, _WHOLE, _CODES, _PIECES)


def nearest(
    points: DataFrame, lines: DataFrame, code: str, reach: float, lon: str = "lon", lat: str = "lat", name: str | None = None
) -> DataFrame:
    """Every point with the code of the nearest line and the distance, `<name>` and `<name>_m`; NULL where none is within reach.

    Args:
        points: with longitude and latitude, degrees of any numeric type.
        lines: with a text `code` and the WKB `geometry`, a line, or a polygon, whose inside is at no distance.
        code: column of the lines.
        reach: greatest distance, metres; also the side of a cell.
        lon: column of the points.
        lat: column of the points.
        name: of the new column; by default `code`. Of equally near lines it is the least.
    """
    shapes = lines.select(F.col(code).alias("code"), "geometry")

    def cut(batches: Batches) -> Batches:
        return _cut_lines(batches, reach)

    cells = _by_cell(shapes.mapInArrow(cut, "cell bigint, code string, piece binary"))
    x, y = coordinates.to_gk(F.col(lon).cast("double"), F.col(lat).cast("double"))
    placed = points.withColumns({"_x": x, "_y": y})
    joined = _joined(placed, cells, _number(F.col("_x"), F.col("_y"), reach))
    found = F.pandas_udf(_nearest_within(reach), "code string, metres double")(_CELL, "_x", "_y", _CODES, _PIECES)  # type: ignore[call-overload]
    name = name or code
    named = joined.withColumn(_FOUND, found).withColumns({name: F.col(f"{_FOUND}.code"), f"{name}_m": F.col(f"{_FOUND}.metres")})
    return named.drop(_CELL, _WHOLE, _CODES, _PIECES, _FOUND, "_x", "_y")


def of_points(lon: str = "lon", lat: str = "lat") -> Column:
    """The WKB of points with longitude and latitude, so that `nearest` may look for them; NULL without a position."""

    def made(x: pd.Series, y: pd.Series) -> pd.Series:
        known = (x.notna() & y.notna()).to_numpy()
        found = np.full(len(x), None, dtype=object)
        found[known] = shapely.to_wkb(shapely.points(x.to_numpy(dtype=float)[known], y.to_numpy(dtype=float)[known]))
        return pd.Series(found)

    x, y = (F.col(c).cast("double") for c in (lon, lat))
    return F.pandas_udf(made, "binary")(x, y)  # type: ignore[call-overload]


def metres(shapes: Any) -> Any:
    """Shapes in the plane of EPSG:4549, metres.

    By the series of `standards.coordinates`: PROJ ends the process when it is called in threads of an engine's.
    """
    return shapely.transform(shapes, lambda p: np.stack(coordinates.to_gk(p[:, 0], p[:, 1], np), axis=1))


def _number(x: Column, y: Column, side: float) -> Column:
    return F.floor(y / side).cast("bigint") * ROW + F.floor(x / side).cast("bigint")


def _joined(points: DataFrame, cells: DataFrame, number: Column) -> DataFrame:
    return cells.join(points.withColumn(_CELL, number), [_CELL], "right")


def _by_cell(pieces: DataFrame) -> DataFrame:
    """One row per cell: the area that covers it whole, or codes and pieces in the order of the codes."""
    first = F.min(F.when(F.col("piece").isNull(), F.col("code")))
    of_cell = F.sort_array(F.collect_list(F.when(F.col("piece").isNotNull(), F.struct("code", "piece"))))
    grouped = pieces.groupBy(F.col("cell").alias(_CELL)).agg(first.alias(_WHOLE), of_cell.alias(_FOUND))
    open_ = F.when(F.col(_WHOLE).isNull(), F.col(_FOUND))
    return grouped.select(
        _CELL, _WHOLE, F.transform(open_, lambda p: p["code"]).alias(_CODES), F.transform(open_, lambda p: p["piece"]).alias(_PIECES)
    )


def _grid(bounds: np.ndarray, side: float, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the cells that a box with a margin touches, and the cells."""
    west, south, east, north = np.floor((bounds + np.array([-margin, -margin, margin, margin])) / side).astype(int)
    x, y = (v.ravel() for v in np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1)))
    return y * ROW + x, shapely.box(x * side, y * side, (x + 1) * side, (y + 1) * side)


def _cut_areas(batches: Batches) -> Batches:
    for batch in batches:
        for code, shape in _shapes(batch):
            shapely.prepare(shape)
            cells, boxes = _grid(shapely.bounds(shape), DEGREES, 0)
            touched = shapely.intersects(shape, boxes)
            cells, boxes = cells[touched], boxes[touched]
            whole = shapely.covers(shape, boxes)
            pieces = np.where(whole, None, shapely.to_wkb(shapely.intersection(shape, boxes)))
            yield _piece_batch(cells, code, pieces)


def _cut_lines(batches: Batches, reach: float) -> Batches:
    for batch in batches:
        for code, shape in _shapes(batch):
            (plane,) = metres(np.array([shape]))
            cells, boxes = _grid(shapely.bounds(plane), reach, reach)
            around = shapely.buffer(boxes, reach, join_style="mitre")
            near = shapely.intersects(plane, around)
            yield _piece_batch(cells[near], code, shapely.to_wkb(shapely.intersection(plane, around[near])))


def _shapes(batch: pa.RecordBatch) -> Iterator[tuple[str, Any]]:
    shapes: Any = shapely.from_wkb(batch.column("geometry").to_pylist())
    return zip(batch.column("code").to_pylist(), shapes, strict=True)


def _piece_batch(cells: np.ndarray, code: str, pieces: Any) -> pa.RecordBatch:
    columns = [pa.array(cells, pa.int64()), pa.array([code] * len(cells), pa.string()), pa.array(list(pieces), pa.binary())]
    return pa.RecordBatch.from_arrays(columns, names=["cell", "code", "piece"])


def _pairs(cell: pd.Series, codes: pd.Series, pieces: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every point with every piece of its cell, in the order of points and codes: position of the point, code, piece."""
    asked = np.flatnonzero(pieces.notna().to_numpy())
    numbers, first, of = np.unique(cell.to_numpy()[asked], return_index=True, return_inverse=True)
    if not len(numbers):
        return (np.empty(0, dtype=int), *np.empty((2, 0), dtype=object))
    known = asked[first]
    sizes = np.array([len(p) for p in pieces.iloc[known]])
    begins = np.cumsum(sizes) - sizes
    shapes = shapely.from_wkb(np.concatenate([np.asarray(p, dtype=object) for p in pieces.iloc[known]]))
    named = np.concatenate([np.asarray(c, dtype=object) for c in codes.iloc[known]])
    point = np.repeat(asked, sizes[of])
    within_cell = np.arange(len(point)) - np.repeat(np.cumsum(sizes[of]) - sizes[of], sizes[of])
    at = np.repeat(begins[of], sizes[of]) + within_cell
    return point, named[at], shapes[at]


def _first_covering(cell: pd.Series, x: pd.Series, y: pd.Series, codes: pd.Series, pieces: pd.Series) -> pd.Series:
    found = np.full(len(cell), None, dtype=object)
    point, named, shapes = _pairs(cell, codes, pieces)
    hit = np.flatnonzero(shapely.intersects_xy(shapes, x.to_numpy()[point], y.to_numpy()[point])) if len(point) else point
    found[point[hit[::-1]]] = named[hit[::-1]]
    return pd.Series(found)


def _nearest_within(reach: float) -> Callable[..., pd.DataFrame]:
    def of(cell: pd.Series, x: pd.Series, y: pd.Series, codes: pd.Series, pieces: pd.Series) -> pd.DataFrame:
        found, apart = np.full(len(cell), None, dtype=object), np.full(len(cell), np.nan)
        point, named, shapes = _pairs(cell, codes, pieces)
        if len(point):
            distance = shapely.distance(shapes, shapely.points(x.to_numpy()[point], y.to_numpy()[point])).round(2)
            order = np.lexsort((np.arange(len(point)), distance, point))
            best = order[np.unique(point[order], return_index=True)[1]]
            best = best[distance[best] <= reach]
            found[point[best]], apart[point[best]] = named[best], distance[best]
        return pd.DataFrame({"code": found, "metres": pd.Series(apart, dtype="Float64").mask(np.isnan(apart))})

    return of
