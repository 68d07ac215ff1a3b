"""The day of service of buses: it begins at 3:00 and ends in the next night (domain rules E3).

A moment is seconds since the midnight with which its day of service begins: 24:30 is 88,200, and a plan that says 0:30 means that, too.
Here: planned clocks and real moments in these seconds, and back. Not here: which trip is which (`trips`).
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.moments import at, day_number, seconds

DAY, HOUR, MINUTE = 86_400, 3_600, 60
BEGINS, ENDS = 3 * HOUR, 30 * HOUR
"""Of the day of service: clocks before the first are after midnight; what happens after the second shows a wrong clock."""


def planned(clock: str) -> Column:
    """Seconds of a clock of the plan."""
    return F.when(F.col(clock) < BEGINS, F.col(clock) + DAY).otherwise(F.col(clock)).cast("bigint")


def happened_at(moment: str, day: str = "service_date") -> Column:
    """Seconds of a moment, timestamp_ntz; NULL when it does not lie in its day of service."""
    since = seconds(F.col(moment)) - day_number(F.col(day)).cast("bigint") * DAY
    return F.when((since >= 0) & (since < ENDS), since)


def calendar_day(of: str, day: str = "service_date") -> Column:
    """The date on which so many seconds of a day of service lie; of NULL the day of service itself."""
    return F.date_add(day, F.when(F.col(of) >= DAY, 1).otherwise(0))


def moment(of: str, day: str = "service_date") -> Column:
    """The timestamp_ntz of so many seconds of a day of service."""
    return at(F.col(day), F.col(of).cast("int"))
