"""Industries by GB/T 4754-2017: division and section of a code, and its sector by the rules of the National Bureau of Statistics.

Here: functions of a code of two to four digits. Source: GB/T 4754-2017 (sections and divisions), 三次产业划分规定 (2018): sector 1 is
section A without its services (05), sector 2 sections B to E without the services of mining (11) and the repair of machines (43).
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import looked_up, rows

DIVISIONS = {f"{n:02}": line for line in rows("industry/section") for n in range(int(line["first"]), int(line["last"]) + 1)}
"""Division -> its line: section, sector. The names of the sections: the code list industry_section."""
INDUSTRY = ("B", "C", "D")
"""The sections of industry (工业)."""
ABOVE_SCALE = 20_000_000
"""Yuan of main revenue a year from which an industrial enterprise is above the designated size (规模以上, since 2011)."""
CODE = "^[0-9]{2,4}\\z"


def division(code: Column) -> Column:
    """The division, two digits; NULL when there is none of the code."""
    found = F.substring(code, 1, 2)
    return F.when(code.rlike(CODE) & found.isin(*DIVISIONS), found)


def section(code: Column) -> Column:
    """The section, A to T; NULL when there is none of the code."""
    return looked_up({d: line["section"] for d, line in DIVISIONS.items()}, division(code))


def sector(code: Column) -> Column:
    """The sector, 1 to 3; NULL when there is none of the code."""
    return looked_up({d: line["sector"] for d, line in DIVISIONS.items()}, division(code))
