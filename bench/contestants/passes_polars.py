"""Polars: each day read from gzip files, typed, without copies, written as Parquet, and counted by hour."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import polars as pl

from bench.contestants.passes import HOURS, TABLE
from standards.plates import CITY, FEW_LETTERS, SHAPE


def _is_plate(text: pl.Expr) -> pl.Expr:
    return text.str.contains(SHAPE) & text.str.contains(FEW_LETTERS)


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day."""
    seconds, hours = dict[str, float](), list[pl.DataFrame]()
    for number, drop in enumerate(sorted((inputs / "landing" / TABLE).iterdir()), 1):
        at = perf_counter()
        typed = (
            pl.scan_csv(drop / "*.csv.gz", infer_schema=False)
            .with_columns(
                pl.col("lane", "speed_kmh").cast(pl.Int32, strict=False),
                pl.col("passed_at").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
            )
            .filter(pl.col("lane").is_between(1, 12) & pl.col("passed_at").is_not_null() & (pl.col("plate_read") != ""))
            .unique()
            .collect()
        )
        typed.write_parquet(outputs / f"pass-{drop.name}.parquet")
        plate = pl.col("plate_read").str.to_uppercase().str.replace_all("[ \t·•.-]", "")
        mended = pl.col("plate").str.slice(0, 2) + pl.col("plate").str.slice(2).str.replace_many(["O", "I"], ["0", "1"])
        judged = typed.with_columns(plate=plate).with_columns(digits=mended)
        found = pl.when(_is_plate(pl.col("plate"))).then("plate").when(_is_plate(pl.col("digits"))).then("digits")
        hours.append(
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
        seconds[f"{number} day"] = perf_counter() - at
    pl.concat(hours).write_parquet(outputs / HOURS)
    return seconds
