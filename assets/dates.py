"""What had happened when a night was made: the one place that says which dates the rules may believe. And moments as numbers.

Departments deliver dates that lie ahead: typing errors, appointments, test rows. An event after the night has not happened yet, and
one after the extract that states it cannot have been known to it, however late the night is (domain rules C6, D16). The contract rule
`past` flags such dates (W_FUTURE); here they are no evidence.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.touch import Cell, cell

EXTRACT = "_business_date"
"""The column with the date of the extract that states a row."""


def happened(day: Cell, *by: date | Cell) -> Column:
    """Whether a date is known and not later than each of `by`.

    Args:
        day: a date or a moment.
        by: dates: of the night, and of the extract that states the event (EXTRACT).
    """
    on, known = cell(day).cast("date"), F.lit(True)
    for limit in by:
        known &= on <= (F.lit(limit) if isinstance(limit, date) else cell(limit))
    return F.coalesce(known & on.isNotNull(), F.lit(False))


def seconds(moment: Column) -> Column:
    """The seconds of a timestamp_ntz since 2000-01-01, bigint, out of its digits: both engines count them alike, whatever their zone."""
    digits = moment.cast("string")
    parts = zip((12, 15, 18), (3600, 60, 1), strict=True)
    days = F.datediff(moment.cast("date"), F.lit("2000-01-01").cast("date")).cast("bigint") * 86_400
    return sum((F.substring(digits, at, 2).cast("bigint") * each for at, each in parts), days)
