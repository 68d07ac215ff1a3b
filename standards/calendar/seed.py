"""Print exception.csv: the days that the State Council's notices free or have worked, as the package chinesecalendar knows them.

Run once a year by `make workdays`, after the new notice has been added to notice.csv and the package has the year. Nothing imports it.
"""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path

from chinese_calendar import Holiday
from chinese_calendar.constants import holidays, workdays


def main() -> None:
    """Print one row per day that a notice names, in the range of notice.csv."""
    with Path(__file__).with_name("notice.csv").open(encoding="utf-8", newline="") as file:
        notices = list(csv.DictReader(file))
    first, last = min(n["valid_from"] for n in notices), max(n["valid_to"] for n in notices)
    if max(holidays).year < date.fromisoformat(last).year:
        sys.exit(f"chinesecalendar knows no day after {max(holidays)}: wait for its next version")
    chinese = {holiday.value: holiday.chinese for holiday in Holiday}
    named = [(day, "0", name) for day, name in holidays.items()] + [(day, "1", name) for day, name in workdays.items()]
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    write(("day", "is_workday", "holiday"))
    for day, is_workday, name in sorted(named):
        if first <= day.isoformat() <= last:
            write((day.isoformat(), is_workday, chinese[name]))


if __name__ == "__main__":
    main()
