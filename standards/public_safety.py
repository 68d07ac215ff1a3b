"""Levels of accidents, as pure functions of columns.

Here: the level by dead, injured and loss, and which of the three makes it. Source: 生产安全事故报告和调查处理条例 (State Council Decree
493, 2007), article 3: "or more" is included, "less than" is not; the highest level that one of the three reaches.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

ACCIDENT_LEVELS = {"SEVERE": (30, 100, 10_000), "MAJOR": (10, 50, 5_000), "LARGER": (3, 10, 1_000), "ORDINARY": (0, 0, 0)}
"""Level -> from how many dead, injured (seriously), and how much direct loss in 10,000 CNY, the worst first."""


MEASURES = ("dead", "injured", "万元")
"""The units of the three, in their order."""
MEASURED = "decimal(18,4)"


def _known(dead: Column, injured: Column, loss: Column) -> list[Column]:
    return [F.coalesce(c, F.lit(0)) for c in (dead, injured, loss)]


def accident_level(dead: Column, injured: Column, loss: Column) -> Column:
    """The level of an accident; NULL counts as none.

    Args:
        dead: persons.
        injured: persons.
        loss: direct, 10,000 CNY.
    """
    known = _known(dead, injured, loss)
    found = F.lit(None).cast("string")
    for level, least in reversed(ACCIDENT_LEVELS.items()):
        reached = [c >= F.lit(n) for c, n in zip(known, least, strict=True)]
        found = F.when(reached[0] | reached[1] | reached[2], F.lit(level)).otherwise(found)
    return found


def accident_measure(dead: Column, injured: Column, loss: Column) -> Column:
    """What makes the level of an accident: the dead before the injured before the loss; NULL counts as none.

    Args:
        dead: persons.
        injured: persons.
        loss: direct, 10,000 CNY.

    Returns:
        struct(value decimal(18,4), threshold decimal(18,4), unit string).
    """
    known = _known(dead, injured, loss)

    def said(value: Column, least: int, unit: str) -> Column:
        parts = {"value": value.cast(MEASURED), "threshold": F.lit(least).cast(MEASURED), "unit": F.lit(unit)}
        return F.struct(*[part.alias(name) for name, part in parts.items()])

    found = said(known[0], 0, MEASURES[0])
    for least in reversed(ACCIDENT_LEVELS.values()):
        for value, n, unit in reversed([*zip(known, least, MEASURES, strict=True)]):
            found = F.when(value >= F.lit(n), said(value, n, unit)).otherwise(found)
    return found
