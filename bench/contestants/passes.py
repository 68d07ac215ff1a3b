"""What all contestants of `bench.passes` know: where the drops of the days lie, and what each leaves."""

TABLE = "traffic_police/pass"
HOURS = "hours.parquet"
"""Columns device_no, day, hour, passes, read, corrected, unread, local."""
