"""The order in which a source writes day, month and year, as a contract states it: `date_format: dd/MM/yyyy`.

Here: reading such a format. Not here: dates themselves (`standards.dates`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIELDS = {
    "yyyy": "([0-9]{4})", "yy": "([0-9]{2})", "MM": "([0-9]{1,2})", "dd": "([0-9]{1,2})", "HH": "([0-9]{2})", "mm": "([0-9]{2})",
    "ss": "([0-9]{2})",
}  # fmt: skip
"""Field of a format, as Java writes it -> its pattern."""
FORMAT = re.compile("((?:yyyy|yy|MM|dd|HH|mm|ss|[-/. :年月日])+)")
TOKEN = re.compile("|".join(FIELDS))
DAY, CLOCK = ("MM", "dd"), ("HH", "mm")


@dataclass(frozen=True)
class DateFormat:
    """`pattern`: a regular expression of a value in this format. `iso`: what to replace it by, `$3-$2-$1 $4:$5:00`."""

    pattern: str
    iso: str


def date_format(text: str) -> DateFormat:
    """Read a format: `yyyy` or `yy`, `MM`, `dd`, each once, perhaps `HH`, `mm` and `ss`, and between them - / . : 年 月 日 or a blank.

    Raises ValueError for any other text.
    """
    named = TOKEN.findall(text)
    place = {field[:2]: f"${i}" for i, field in enumerate(named, 1)}
    clock = [field for field in named if field in ("HH", "mm", "ss")]
    if not FORMAT.fullmatch(text) or len(place) < len(named) or not {"yy", *DAY} <= {*place} or clock not in ([], [*CLOCK], [*CLOCK, "ss"]):
        raise ValueError(f"{text!r} is no format of dates")
    pattern = TOKEN.sub(lambda field: FIELDS[field.group()], text.replace(".", "[.]"))
    day = f"{place['yy']}-{place['MM']}-{place['dd']}"
    return DateFormat(rf"^{pattern}\z", f"{day} {place['HH']}:{place['mm']}:{place.get('ss', '00')}" if clock else day)
