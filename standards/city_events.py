"""What a report to one of the city's services is about: one standard type for all of them, as pure functions of columns.

Here: the type by the service's own code and words (`city_operations/event_type_map.csv`, the first line that fits counts), and within how
many minutes reports of a type are about one event (`city_operations/event_type.csv`). Source: domain rules E9. A line without a type says
that such reports are about no event, and so does no line.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import rows

TYPES, MAP = "city_operations/event_type", "city_operations/event_type_map"
Line = tuple[list[str], list[str], str | None]


def minutes() -> dict[int, list[str]]:
    """Minutes within which two reports are about one event -> the types of which that is so; a type without a topic has none."""
    found: dict[int, list[str]] = {}
    for line in rows(TYPES):
        if line["minutes"]:
            found.setdefault(int(line["minutes"]), []).append(line["type_std"])
    return found


def _lines(source: str) -> Iterator[Line]:
    """The lines of a service: codes and words, of which none means any, and the type."""
    for line in rows(MAP):
        if source in line["source"].split("|"):
            yield *([part for part in line[c].split("|") if part] for c in ("code", "word")), line["type_std"] or None  # type: ignore[misc]


def event_type(source: str, code: Column, text: Column | None = None) -> Column:
    """The standard type of a report; NULL when it is about no event.

    Args:
        source: the service, as in the map.
        code: its own code for what happened.
        text: what was reported, where the service writes that down.
    """
    found = F.when(F.lit(False), F.lit(None).cast("string"))
    for codes, words, type_std in _lines(source):
        fits = code.isin(*codes) if codes else F.lit(True)
        if words:
            fits &= F.lit(False) if text is None else text.rlike("|".join(words))
        found = found.when(F.coalesce(fits, F.lit(False)), F.lit(type_std))
    return found
