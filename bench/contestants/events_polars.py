"""Polars: each day read from gzip files, typed, without copies, written as Parquet, and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import polars as pl

from bench.contestants.events import COUNTED, delivered
from bench.contestants.formulas import PolarsFunctions
from standards import coordinates, positions
from standards.coordinates import LAT, LON
from standards.plates import CITY, FEW_LETTERS, SHAPE

MOMENT = "%Y-%m-%d %H:%M:%S"


def _passes(files: Path) -> pl.DataFrame:
    return (
        pl.scan_csv(files, infer_schema=False)
        .with_columns(
            pl.col("lane", "speed_kmh").cast(pl.Int32, strict=False),
            pl.col("passed_at").str.to_datetime(MOMENT, strict=False),
        )
        .filter(pl.col("lane").is_between(1, 12) & pl.col("passed_at").is_not_null() & (pl.col("plate_read") != ""))
        .unique()
        .collect()
    )


def _is_plate(text: pl.Expr) -> pl.Expr:
    return text.str.contains(SHAPE) & text.str.contains(FEW_LETTERS)


def _pass_hours(typed: pl.DataFrame) -> pl.DataFrame:
    plate = pl.col("plate_read").str.to_uppercase().str.replace_all("[ \t·•.-]", "")
    mended = pl.col("plate").str.slice(0, 2) + pl.col("plate").str.slice(2).str.replace_many(["O", "I"], ["0", "1"])
    judged = typed.with_columns(plate=plate).with_columns(digits=mended)
    found = pl.when(_is_plate(pl.col("plate"))).then("plate").when(_is_plate(pl.col("digits"))).then("digits")
    return (
        judged.with_columns(found=found)
        .group_by("device_no", day=pl.col("passed_at").dt.date(), hour=pl.col("passed_at").dt.hour().cast(pl.Int32))
        .agg(
            passes=pl.len().cast(pl.Int64),
            read=pl.col("found").count().cast(pl.Int64),
            corrected=(pl.col("found") != pl.col("plate")).sum().cast(pl.Int64),
            unread=pl.col("found").null_count().cast(pl.Int64),
            local=pl.col("found").str.starts_with(CITY).sum().cast(pl.Int64),
        )
    )


def _apart(of: int, other: int) -> pl.Expr:
    """Centimetres from the place so many rows before to that of another row, of one series of a vehicle."""
    east, north = (pl.col(side).shift(of) - pl.col(side).shift(other) for side in ("east_cm", "north_cm"))
    return (east * east + north * north).cast(pl.Float64).sqrt()


def _positions(files: Path) -> pl.DataFrame:
    """Positions in CGCS2000 and in the plane, in order, and why each cannot be right."""
    m, lon, lat = PolarsFunctions(), pl.col("lon"), pl.col("lat")
    less_lon, less_lat = coordinates.gcj_offset(lon, lat, m)
    rows = (
        pl.scan_csv(files, infer_schema=False)
        .with_columns(
            pl.col("speed_kmh").cast(pl.Int32, strict=False),
            pl.col("located_at").str.to_datetime(MOMENT, strict=False),
            pl.col("lon", "lat").cast(pl.Float64, strict=False),
        )
        .filter(pl.col("located_at").is_not_null())
        .unique()
        .with_columns(x=lon, y=lat)
    )
    for _ in range(3):
        rows = rows.with_columns(lon=pl.col("x") - less_lon, lat=pl.col("y") - less_lat)
    placed, here = ~((pl.col("x") == 0) & (pl.col("y") == 0)), lon.is_between(*LON) & lat.is_between(*LAT)
    right = placed & here
    unfit = (
        pl.when(placed & ~here).then(pl.lit("OUTSIDE")).when(~placed).then(pl.lit("NO_POSITION"))
        .when(pl.col("speed_kmh") > positions.FASTEST).then(pl.lit("TOO_FAST"))
    )  # fmt: skip
    plane = zip(("east_cm", "north_cm"), coordinates.to_gk(lon, lat, m), strict=True)
    centimetres = {name: (metres * coordinates.CENTIMETRES).round().cast(pl.Int64) for name, metres in plane}
    series = ["vehicle_no", "service_date", "fit"]
    sides = {"since": pl.col("t") - pl.col("t").shift(1), "until": pl.col("t").shift(-1) - pl.col("t"), "before": _apart(0, 1),
             "after": _apart(0, -1), "around": _apart(1, -1)}  # fmt: skip
    goes_on = ((pl.col("until") <= positions.JUMP_SECONDS) & (pl.col("after") < pl.col("around"))).fill_null(value=False)
    jumps = (pl.col("since") <= positions.JUMP_SECONDS) & (pl.col("before") > positions.JUMP_METRES * 100) & ~goes_on
    return (
        rows.with_columns(unfit=unfit, lon=pl.when(right).then(lon.round(8)), lat=pl.when(right).then(lat.round(8)))
        .with_columns(
            service_date=(pl.col("located_at") - pl.duration(hours=3)).dt.date(), fit=pl.col("unfit").is_null(),
            t=pl.col("located_at").dt.epoch("s"), **centimetres,
        )
        .sort("vehicle_no", "located_at")
        .with_columns(**{name: of.over(series) for name, of in sides.items()})
        .select(
            "kind", "vehicle_no", "located_at", "lon", "lat", "speed_kmh", "t", "east_cm", "north_cm",
            reason=pl.coalesce("unfit", pl.when(jumps).then(pl.lit("JUMP"))),
        )
        .collect()
    )  # fmt: skip


def _position_days(typed: pl.DataFrame) -> pl.DataFrame:
    kept, here, before = pl.col("reason").is_null(), pl.col("speed_kmh"), pl.col("speed0")
    legs = {"since": pl.col("t") - pl.col("t").shift(1), "way": _apart(0, 1).round().cast(pl.Int64), "speed0": here.shift(1),
            "night": pl.col("small").shift(1) & pl.col("small")}  # fmt: skip
    limit = pl.col("kind").replace_strict({"COACH": 100, "TOUR": 100, "HAZARDOUS": 80}, default=None, return_dtype=pl.Int32)
    online, moves = pl.col("since") <= 300, (here > 0) & (before > 0)
    driven = pl.col("way").filter(kept & online & ((here > 0) | (before > 0))).sum()
    since, night = pl.col("since"), pl.col("kind").is_in(["COACH", "TOUR"]) & pl.col("night")
    dropped = {"no_position": "NO_POSITION", "outside": "OUTSIDE", "too_fast": "TOO_FAST", "jumps": "JUMP"}
    counts = {
        "delivered": pl.len(),
        "kept": kept.sum(),
        **{name: (pl.col("reason") == reason).sum() for name, reason in dropped.items()},
        "frozen": (kept & moves & (pl.col("way") == 0)).sum(),
        "metres": (driven / 100).round(0),
        "online_s": since.filter(kept & online).sum(),
        "gaps": (kept & ~online).sum(),
        "gap_s": since.filter(kept & ~online).sum(),
        "speeding_s": since.filter(kept & online & (here > limit) & (before > limit)).sum(),
        "night_s": since.filter(kept & online & moves & night).sum(),
    }
    moment = pl.col("located_at")
    return (
        typed.lazy()
        .with_columns(day=moment.dt.date(), small=moment.dt.hour().is_between(2, 4), kept=kept)
        .with_columns(**{name: of.over("vehicle_no", "day", "kept") for name, of in legs.items()})
        .group_by("day", "vehicle_no")
        .agg(
            kind=pl.col("kind").max(), first_at=moment.filter(kept).min(), last_at=moment.filter(kept).max(),
            **{name: of.cast(pl.Int64) for name, of in counts.items()},
        )
        .collect()
    )  # fmt: skip


Typed = Callable[[Path], pl.DataFrame]
Counted = Callable[[pl.DataFrame], pl.DataFrame]
WAYS: dict[str, tuple[Typed, Counted]] = {"passes": (_passes, _pass_hours), "positions": (_positions, _position_days)}
"""Event -> the typed rows of files, and what is counted of them."""


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day."""
    seconds, found, (event, drops) = dict[str, float](), list[pl.DataFrame](), delivered(inputs)
    typed, counts = WAYS[event.name]
    for number, drop in enumerate(drops, 1):
        at = perf_counter()
        rows = typed(drop / "*.csv.gz")
        rows.write_parquet(outputs / f"typed-{drop.name}.parquet")
        found.append(counts(rows))
        seconds[f"{number} day"] = perf_counter() - at
    pl.concat(found).write_parquet(outputs / COUNTED)
    return seconds
