"""The vital signs of the city and the rules of its alerts, as the data files in `city_operations` say them.

Here: `vital_signs`, `alert_rules`, the score of a sign. Not here: where the rows come from (`assets.themes.city_operations`). In the files
what is counted is written in SQL over the columns of the named input. Source: domain rules E9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.rounding import mean
from standards.tables import rows

DECIMALS = 2


@dataclass(frozen=True)
class VitalSign:
    """One line of vital_sign.csv.

    Attributes:
        sign: its name.
        argument: the input whose rows are counted.
        moment: their date or moment.
        of_day: the input whose rows are counted for a day instead of its hours, by the same columns and their `day`; empty: the hours are.
        counts: which rows count.
        numerator: aggregate of them, a whole number.
        denominator: aggregate of them, a whole number.
        per_residents: whether a day is divided by the residents of the city instead.
        scale: what the quotient is multiplied by.
        good: value from which on the score is 100.
        bad: value from which on it is 0.
        weight: in the index of the city.
    """

    sign: str
    argument: str
    moment: str
    of_day: str
    counts: str
    numerator: str
    denominator: str
    per_residents: bool
    scale: int
    unit: str
    good: int
    bad: int
    weight: int

    def score(self, value: Column) -> Column:
        """100 · clip((value − bad) / (good − bad)) of a decimal, decimal(18,2); NULL of NULL."""
        way = 1 if self.good > self.bad else -1
        reached = mean((value - F.lit(self.bad)) * F.lit(way * 100), F.lit(way * (self.good - self.bad)), DECIMALS)
        least, most = (F.lit(n).cast(f"decimal(18,{DECIMALS})") for n in (0, 100))
        return F.when(value.isNotNull(), F.greatest(least, F.least(most, reached)))


@dataclass(frozen=True)
class AlertRule:
    """One line of alert_rule.csv: of the rows of an input those for which the condition holds, from their moment until another.

    known: when such a row can be known. minutes: how long the condition has to hold without a pause. level: 1 the worst to 4. value,
    threshold, unit: what was measured, what it was held against, and the unit of both, in SQL as the others.
    """

    rule: str
    argument: str
    place: str
    moment: str
    until: str
    known: str
    minutes: int
    value: str
    threshold: str
    condition: str
    level: int
    unit: str


def vital_signs() -> Sequence[VitalSign]:
    """The vital signs, in the order of the file."""
    kept = ("zh", "en", "source")
    whole: dict[str, Callable[[str], int]] = dict.fromkeys(("scale", "good", "bad", "weight"), int)
    typed = [
        {c: whole.get(c, str)(t) for c, t in line.items() if c not in (*kept, "per_residents")}
        for line in rows("city_operations/vital_sign")
    ]
    shared = [line["per_residents"] == "1" for line in rows("city_operations/vital_sign")]
    return [VitalSign(per_residents=of, **line) for line, of in zip(typed, shared, strict=True)]  # type: ignore[arg-type]


def alert_rules() -> Sequence[AlertRule]:
    """The rules of alerts, in the order of the file."""
    kept, whole = ("zh", "en", "source"), ("minutes", "level")
    lines = rows("city_operations/alert_rule")
    return [AlertRule(**{c: int(t) if c in whole else t for c, t in line.items() if c not in kept}) for line in lines]  # type: ignore[arg-type]
