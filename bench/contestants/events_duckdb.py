"""DuckDB: each day read from gzip files, typed, without copies, written as Parquet, and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import duckdb

from bench.contestants.events import COUNTED, delivered
from bench.contestants.formulas import DuckFunctions
from standards import coordinates, positions
from standards.coordinates import LAT, LON
from standards.plates import CITY, FEW_LETTERS, SHAPE

PASSES = """
SELECT DISTINCT device_no, TRY_CAST(lane AS INTEGER) AS lane, TRY_CAST(passed_at AS TIMESTAMP) AS passed_at, plate_read,
  plate_type, TRY_CAST(speed_kmh AS INTEGER) AS speed_kmh, colour
FROM read_csv('{files}', all_varchar = true, header = true)
WHERE TRY_CAST(lane AS INTEGER) BETWEEN 1 AND 12 AND passed_at IS NOT NULL AND plate_read <> ''
"""
PASS_HOURS = f"""
WITH cleaned AS (SELECT *, regexp_replace(upper(plate_read), '[ \t·•.-]', '', 'g') AS plate FROM typed),
mended AS (SELECT *, plate[:2] || translate(plate[3:], 'OI', '01') AS digits FROM cleaned),
judged AS (SELECT *, CASE WHEN regexp_matches(plate, '{SHAPE}') AND regexp_matches(plate, '{FEW_LETTERS}') THEN plate
  WHEN regexp_matches(digits, '{SHAPE}') AND regexp_matches(digits, '{FEW_LETTERS}') THEN digits END AS found FROM mended)
SELECT device_no, passed_at::DATE AS day, hour(passed_at)::INTEGER AS hour, count(*) AS passes, count(found) AS read,
  count(*) FILTER (found <> plate) AS corrected, count(*) - count(found) AS unread, count(*) FILTER (starts_with(found, '{CITY}')) AS local
FROM judged GROUP BY ALL
"""


def _positions() -> str:
    """Positions in CGCS2000 and in the plane, and why each cannot be right."""
    m, lon, lat = DuckFunctions(), duckdb.ColumnExpression("lon"), duckdb.ColumnExpression("lat")
    less_lon, less_lat = coordinates.gcj_offset(lon, lat, m)
    east, north = coordinates.to_gk(lon, lat, m)
    nearer = f"SELECT * EXCLUDE (lon, lat), x - {less_lon} AS lon, y - {less_lat} AS lat FROM"
    steps = [f"turned{n} AS ({nearer} turned{n - 1})" for n in (1, 2, 3)]
    return f"""
WITH turned0 AS (
  SELECT DISTINCT kind, vehicle_no, TRY_CAST(located_at AS TIMESTAMP) AS located_at, TRY_CAST(lon AS DOUBLE) AS x,
    TRY_CAST(lat AS DOUBLE) AS y, TRY_CAST(speed_kmh AS INTEGER) AS speed_kmh, x AS lon, y AS lat
  FROM read_csv('{{files}}', all_varchar = true, header = true) WHERE located_at IS NOT NULL),
{", ".join(steps)},
inside AS (
  SELECT * REPLACE (round(lon, 8) AS lon, round(lat, 8) AS lat), NOT (x = 0 AND y = 0) AS placed,
    lon BETWEEN {LON[0]} AND {LON[1]} AND lat BETWEEN {LAT[0]} AND {LAT[1]} AS here FROM turned3),
plane AS (
  SELECT * REPLACE (CASE WHEN placed AND here THEN lon END AS lon, CASE WHEN placed AND here THEN lat END AS lat),
    CASE WHEN placed AND NOT here THEN 'OUTSIDE' WHEN NOT placed THEN 'NO_POSITION'
      WHEN speed_kmh > {positions.FASTEST} THEN 'TOO_FAST' END AS unfit,
    (located_at - INTERVAL 3 HOUR)::DATE AS service_date, epoch(located_at)::BIGINT AS t FROM inside),
placed AS (SELECT *, round({east} * 100)::BIGINT AS east_cm, round({north} * 100)::BIGINT AS north_cm FROM plane),
sides AS (
  SELECT *, t - lag(t) OVER line AS since, lead(t) OVER line - t AS until, apart(east_cm - lag(east_cm) OVER line,
    north_cm - lag(north_cm) OVER line) / 100 AS before, apart(east_cm - lead(east_cm) OVER line,
    north_cm - lead(north_cm) OVER line) / 100 AS after, apart(lag(east_cm) OVER line - lead(east_cm) OVER line,
    lag(north_cm) OVER line - lead(north_cm) OVER line) / 100 AS around
  FROM placed WINDOW line AS (PARTITION BY vehicle_no, service_date, unfit IS NULL ORDER BY located_at))
SELECT kind, vehicle_no, located_at, lon, lat, speed_kmh, t, east_cm, north_cm, coalesce(unfit,
  CASE WHEN since <= {positions.JUMP_SECONDS} AND before > {positions.JUMP_METRES}
    AND NOT coalesce(until <= {positions.JUMP_SECONDS} AND after < around, false) THEN 'JUMP' END) AS reason
FROM sides
"""


POSITION_DAYS = """
WITH legs AS (
  SELECT *, located_at::DATE AS day, hour(located_at) BETWEEN 2 AND 4 AS small, t - lag(t) OVER line AS since,
    lag(speed_kmh) OVER line AS speed0, lag(small) OVER line AND small AS night,
    round(apart(east_cm - lag(east_cm) OVER line, north_cm - lag(north_cm) OVER line))::BIGINT AS way
  FROM typed WINDOW line AS (PARTITION BY vehicle_no, located_at::DATE, reason IS NULL ORDER BY located_at)),
told AS (
  SELECT *, since <= 300 AS online, speed_kmh > 0 AND speed0 > 0 AS moves,
    CASE kind WHEN 'COACH' THEN 100 WHEN 'TOUR' THEN 100 WHEN 'HAZARDOUS' THEN 80 END AS most FROM legs)
SELECT day, vehicle_no, max(kind) AS kind, count(*) AS delivered, count(*) FILTER (reason IS NULL) AS kept,
  count(*) FILTER (reason = 'NO_POSITION') AS no_position, count(*) FILTER (reason = 'OUTSIDE') AS outside,
  count(*) FILTER (reason = 'TOO_FAST') AS too_fast, count(*) FILTER (reason = 'JUMP') AS jumps,
  count(*) FILTER (reason IS NULL AND moves AND way = 0) AS frozen,
  min(located_at) FILTER (reason IS NULL) AS first_at, max(located_at) FILTER (reason IS NULL) AS last_at,
  round_even(coalesce(sum(way) FILTER (reason IS NULL AND online AND (speed_kmh > 0 OR speed0 > 0)), 0) / 100, 0)::BIGINT AS metres,
  coalesce(sum(since) FILTER (reason IS NULL AND online), 0)::BIGINT AS online_s, count(*) FILTER (reason IS NULL AND NOT online) AS gaps,
  coalesce(sum(since) FILTER (reason IS NULL AND NOT online), 0)::BIGINT AS gap_s,
  coalesce(sum(since) FILTER (reason IS NULL AND online AND speed_kmh > most AND speed0 > most), 0)::BIGINT AS speeding_s,
  coalesce(sum(since) FILTER (reason IS NULL AND online AND moves AND kind IN ('COACH', 'TOUR') AND night), 0)::BIGINT AS night_s
FROM told GROUP BY day, vehicle_no
"""
WAYS: dict[str, tuple[Callable[[], str], str]] = {"passes": (lambda: PASSES, PASS_HOURS), "positions": (_positions, POSITION_DAYS)}
"""Event -> the query of the typed rows of files, and that which counts them."""


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day."""
    connection, seconds, (event, drops) = duckdb.connect(), dict[str, float](), delivered(inputs)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("CREATE MACRO apart(x, y) AS sqrt((x * x + y * y)::DOUBLE)")
    typed, counts = WAYS[event.name]
    for number, drop in enumerate(drops, 1):
        at = perf_counter()
        connection.execute("CREATE OR REPLACE TABLE typed AS " + typed().format(files=drop / "*.csv.gz"))
        connection.execute(f"COPY typed TO '{outputs}/typed-{drop.name}.parquet' (FORMAT parquet)")
        connection.execute(f"COPY ({counts}) TO '{outputs}/counted-{drop.name}.parquet' (FORMAT parquet)")
        seconds[f"{number} day"] = perf_counter() - at
    connection.execute(f"COPY (FROM read_parquet('{outputs}/counted-*.parquet')) TO '{outputs}/{COUNTED}' (FORMAT parquet)")
    return seconds
