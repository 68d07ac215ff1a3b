"""How much of areas lies near points, and how much of lines runs along other lines.

Points, lines and areas are joined by square cells of degrees, so that no row is held against all others; what is near is decided by shapely
over batches of rows (Arrow), in the plane of EPSG:4549. The result depends on neither the order of rows nor the engine.

Here: `covered`, `alongside`. Not here: in which area a point lies, and which line is nearest to it (`assets.places`). Geometries are WKB of
CGCS2000 degrees, longitude first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.joins import left_join_lookup
from assets.places import metres
from standards.rounding import shifted

CELL = 0.01
"""Side of a cell, degrees."""
FARTHEST = 900.0
"""Metres; south of 33.5° N cells are wider, so that what is as near as that to a shape lies in its cells or in those beside them."""
SEGMENTS = 32
"""Of each quarter of a circle: a polygon of 128 corners, whose area is 99.96 % of the circle's."""
LEG = ("lon", "lat", "next_lon", "next_lat")
_PIECE = ("_lon", "_lat", "_next_lon", "_next_lat")
_OF, _NO, _X, _Y = "_key", "_no", "_x", "_y"
_PIECES = f"{_OF} string, {_NO} bigint, {' double, '.join(_PIECE)} double"
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Along:
    """When a line runs along another one: at most so many metres from it, and turned from it by at most so many degrees, either way."""

    metres: float
    degrees: float

    def __post_init__(self) -> None:
        _not_too_far(self.metres)


def covered(areas: DataFrame, points: DataFrame, key: str, reach: float) -> DataFrame:
    """Every area with covered_m2, what of it lies within reach of a point, however many: square metres with one decimal, double.

    Args:
        areas: of a layer (contracts/shapes/layer.yaml), each once, with a unique text `key`; their bounding boxes and geometries are read.
        points: with lon and lat, degrees of any numeric type; those without one of them cover nothing.
        key: column.
        reach: metres, at most FARTHEST.

    Raises:
        ValueError: the reach is greater.
    """
    _not_too_far(reach)

    def of(shapes: pd.Series, lons: pd.Series, lats: pd.Series) -> pd.Series:
        found, asked, which = np.zeros(len(shapes)), *_flat(lons)
        if len(asked):
            at = metres(shapely.points(_joined(lons, asked), _joined(lats, asked)))
            plane = metres(shapely.from_wkb(shapes.iloc[asked].to_numpy(dtype=object)))
            mine, nth, near = _counted_from_0(which, shapely.dwithin(plane[which], at, reach))
            around = shapely.buffer(shapely.multipoints(at[near], indices=nth), reach, quad_segs=SEGMENTS)
            found[asked[mine]] = shapely.area(shapely.intersection(plane[mine], around)).round(1)
        return pd.Series(found)

    place = [F.col(c).cast("double").alias(c) for c in ("lon", "lat")]
    at = points.select(*place).dropna().distinct().withColumns({_X: _cell("lon"), _Y: _cell("lat")})
    beside = _in_cells(areas.select(key, "west", "south", "east", "north"), ("west", "south", "east", "north"), 1)
    near = _gathered(beside.join(at, [_X, _Y]), (key,), ("lon", "lat"))
    made = F.pandas_udf(of, "double")("geometry", "_of_lon", "_of_lat")  # type: ignore[call-overload]
    return left_join_lookup(areas, near, key).withColumn("covered_m2", made).drop("_of_lon", "_of_lat")


def alongside(lines: DataFrame, legs: DataFrame, key: str, along: Along) -> DataFrame:
    """Every line with along_m, how much of it runs along a leg, however many: metres with two decimals, decimal.

    A line is judged piece by piece between its corners: only legs count to which the piece is about parallel, so that nothing runs along a
    leg that it only crosses.

    Args:
        lines: of a layer (contracts/shapes/layer.yaml), with a unique text `key`; lines or several lines in one.
        legs: straight, with the columns LEG, degrees of any numeric type, none of them NULL.
        key: column.
        along: what counts as running along.
    """

    def of(lon: pd.Series, lat: pd.Series, next_lon: pd.Series, next_lat: pd.Series, *legs: pd.Series) -> pd.Series:
        found, asked, which = np.zeros(len(lon)), *_flat(legs[0])
        if len(asked):
            pieces = _straight(*[c.to_numpy(dtype=float)[asked] for c in (lon, lat, next_lon, next_lat)])
            beside = _straight(*[_joined(c, asked) for c in legs])
            within = shapely.dwithin(pieces[which], beside, along.metres)
            mine, nth, near = _counted_from_0(which, within & _parallel(pieces[which], beside, along.degrees))
            strips = shapely.buffer(shapely.multilinestrings(beside[near], indices=nth), along.metres, quad_segs=SEGMENTS)
            found[asked[mine]] = shapely.length(shapely.intersection(pieces[mine], strips))
        return pd.Series((found * 100).round().astype("int64"))

    pieces = lines.select(F.col(key).alias(_OF), "geometry").mapInArrow(_pieces, _PIECES)
    straight = legs.select(*[F.col(c).cast("double").alias(c) for c in LEG]).distinct()
    touched, beside = _in_cells(*_box(pieces, _PIECE), 0), _in_cells(*_box(straight, LEG), 1)
    near = _gathered(touched.join(beside, [_X, _Y]), (_OF, _NO, *_PIECE), LEG)
    made = F.pandas_udf(of, "bigint")(*_PIECE, *[f"_of_{c}" for c in LEG])  # type: ignore[call-overload]
    total = near.select(F.col(_OF).alias(key), made.alias("_cm")).groupBy(key).agg(F.sum("_cm").alias("_cm"))
    along_m = shifted(F.coalesce("_cm", F.lit(0)), 2)
    return left_join_lookup(lines, total, key).withColumn("along_m", along_m).drop("_cm")


def _not_too_far(reach: float) -> None:
    if reach > FARTHEST:
        raise ValueError(f"{reach} m are more than cells of {CELL}° allow: make it at most {FARTHEST} m, or CELL larger")


def _cell(degrees: str) -> Column:
    return F.floor(F.col(degrees) / CELL).cast("bigint")


def _box(rows: DataFrame, ends: Sequence[str]) -> tuple[DataFrame, Sequence[str]]:
    """Rows of straight lines with the columns of the box around them, and these columns."""
    lon, lat, next_lon, next_lat = ends
    box = {
        "_west": F.least(lon, next_lon), "_south": F.least(lat, next_lat), "_east": F.greatest(lon, next_lon),
        "_north": F.greatest(lat, next_lat),
    }  # fmt: skip
    return rows.withColumns(box), tuple(box)


def _in_cells(rows: DataFrame, box: Sequence[str], margin: int) -> DataFrame:
    """A row for each cell that the box of a row touches, and for so many cells around these; without the columns of the box."""
    west, south, east, north = box
    of_x, of_y = (F.explode(F.sequence(_cell(low) - margin, _cell(high) + margin)) for low, high in ((west, east), (south, north)))
    return rows.withColumn(_X, of_x).withColumn(_Y, of_y).drop(*box)


def _gathered(pairs: DataFrame, keys: Sequence[str], columns: Sequence[str]) -> DataFrame:
    """Per key the different values of some columns, as one array `_of_<column>` each, in their order."""

    def every(column: str) -> Column:
        return F.transform("_of", lambda of: of[column]).alias(f"_of_{column}")

    found = pairs.groupBy(*keys).agg(F.sort_array(F.collect_set(F.struct(*columns))).alias("_of"))
    return found.select(*keys, *[every(c) for c in columns])


def _pieces(batches: Batches) -> Batches:
    """The straight pieces of lines, in degrees, with numbers that differ within a line."""
    for batch in batches:
        shapes: Any = shapely.from_wkb(batch.column("geometry").to_pylist())
        parts, of_shape = shapely.get_parts(shapes, return_index=True)
        corners, of_part = shapely.get_coordinates(parts, return_index=True)
        begins = np.flatnonzero(of_part[:-1] == of_part[1:])
        ends = np.hstack([corners[begins], corners[begins + 1]]).T
        names = pa.array(batch.column(_OF).to_pylist(), pa.string()).take(pa.array(of_shape[of_part[begins]], pa.int64()))
        columns = [names, pa.array(begins, pa.int64()), *[pa.array(c, pa.float64()) for c in ends]]
        yield pa.RecordBatch.from_arrays(columns, names=[_OF, _NO, *_PIECE])


def _flat(arrays: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The places of the rows that have an array, and of each element of these which of them it belongs to, counted from 0."""
    asked = np.flatnonzero(arrays.notna().to_numpy())
    return asked, np.repeat(np.arange(len(asked)), np.array([len(a) for a in arrays.iloc[asked]], dtype=int))


def _counted_from_0(which: np.ndarray, hit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of pairs of which the first is named, those that are hit: the different first ones, which of these each has, and their places."""
    near = np.flatnonzero(hit)
    return (*np.unique(which[near], return_inverse=True), near)


def _joined(arrays: pd.Series, asked: np.ndarray) -> np.ndarray:
    return np.concatenate([np.asarray(a, dtype=float) for a in arrays.iloc[asked]])


def _straight(lon: np.ndarray, lat: np.ndarray, next_lon: np.ndarray, next_lat: np.ndarray) -> Any:
    """Straight lines in the plane."""
    ends = np.stack([np.stack([lon, lat], axis=1), np.stack([next_lon, next_lat], axis=1)], axis=1)
    return metres(shapely.linestrings(ends))


def _parallel(lines: Any, others: Any, degrees: float) -> np.ndarray:
    """Whether straight lines are turned by at most so many degrees from others, either way; never when one has no length."""
    one, other = (np.diff(shapely.get_coordinates(each).reshape(-1, 2, 2), axis=1)[:, 0] for each in (lines, others))
    sizes = np.hypot(*one.T) * np.hypot(*other.T)
    return (sizes > 0) & (np.abs((one * other).sum(axis=1)) >= cos(radians(degrees)) * sizes)
