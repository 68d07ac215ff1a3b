"""Moments as numbers and digits, and when their hour and quarter began: at the turn of a day and in an hour that clocks left out."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import moments

MIDNIGHT, LATE = datetime(2000, 1, 1), datetime(2019, 12, 31, 23, 59, 59)
GAP, EARLY = datetime(1986, 5, 4, 2, 30, 15), datetime(999, 2, 3, 4, 5, 6)


def test_moments(spark: SparkSession) -> None:
    frame, m = spark.createDataFrame([(m,) for m in (MIDNIGHT, LATE, GAP, EARLY)], "m timestamp_ntz"), F.col("m")
    made = (moments.minutes(m), moments.seconds(m), moments.hour_begin(m), moments.quarter_begin(m), moments.digits(m))
    found = {r[0]: tuple(r[1:]) for r in frame.select("m", *[c.alias(str(n)) for n, c in enumerate(made)]).collect()}

    def apart(moment: datetime) -> tuple[int, int]:
        seconds = int((moment - MIDNIGHT).total_seconds())
        return seconds // 60, seconds

    assert found == {
        MIDNIGHT: (0, 0, MIDNIGHT, MIDNIGHT, "20000101000000"),
        LATE: (*apart(LATE), datetime(2019, 12, 31, 23), datetime(2019, 12, 31, 23, 45), "20191231235959"),
        GAP: (*apart(GAP), datetime(1986, 5, 4, 2), datetime(1986, 5, 4, 2, 30), "19860504023015"),
        EARLY: (*apart(EARLY), datetime(999, 2, 3, 4), datetime(999, 2, 3, 4), "09990203040506"),
    }
