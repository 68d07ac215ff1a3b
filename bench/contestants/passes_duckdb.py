"""DuckDB: each day read from gzip files, typed, without copies, written as Parquet, and counted by hour."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import duckdb

from bench.contestants.passes import HOURS, TABLE
from standards.plates import CITY, FEW_LETTERS, SHAPE

TYPED = """
CREATE OR REPLACE TABLE typed AS
SELECT DISTINCT device_no, TRY_CAST(lane AS INTEGER) AS lane, TRY_CAST(passed_at AS TIMESTAMP) AS passed_at, plate_read,
  plate_type, TRY_CAST(speed_kmh AS INTEGER) AS speed_kmh, colour,
  regexp_replace(upper(plate_read), '[ \t·•.-]', '', 'g') AS plate
FROM read_csv('{files}', all_varchar = true, header = true)
WHERE TRY_CAST(lane AS INTEGER) BETWEEN 1 AND 12 AND passed_at IS NOT NULL AND plate_read <> ''
"""
COUNTED = """
CREATE OR REPLACE TABLE counted AS
WITH mended AS (SELECT *, plate[:2] || translate(plate[3:], 'OI', '01') AS digits FROM typed),
judged AS (SELECT *, CASE WHEN regexp_matches(plate, '{shape}') AND regexp_matches(plate, '{few}') THEN plate
  WHEN regexp_matches(digits, '{shape}') AND regexp_matches(digits, '{few}') THEN digits END AS found FROM mended)
SELECT device_no, passed_at::DATE AS day, hour(passed_at)::INTEGER AS hour, count(*) AS passes, count(found) AS read,
  count(*) FILTER (found <> plate) AS corrected, count(*) - count(found) AS unread, count(*) FILTER (starts_with(found, '{city}')) AS local
FROM judged GROUP BY ALL
"""


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day."""
    connection, seconds = duckdb.connect(), dict[str, float]()
    connection.execute("SET preserve_insertion_order = false")
    for number, drop in enumerate(sorted((inputs / "landing" / TABLE).iterdir()), 1):
        at = perf_counter()
        connection.execute(TYPED.format(files=drop / "*.csv.gz"))
        connection.execute(f"COPY (SELECT * EXCLUDE plate FROM typed) TO '{outputs}/pass-{drop.name}.parquet' (FORMAT parquet)")
        connection.execute(COUNTED.format(shape=SHAPE, few=FEW_LETTERS, city=CITY))
        connection.execute(f"COPY counted TO '{outputs}/hours-{drop.name}.parquet' (FORMAT parquet)")
        seconds[f"{number} day"] = perf_counter() - at
    connection.execute(f"COPY (FROM read_parquet('{outputs}/hours-*.parquet')) TO '{outputs}/{HOURS}' (FORMAT parquet)")
    return seconds
