"""Indicators: a theme counts, its indicators.yaml says which count over which, and `themes/<theme>/indicator` follows.

Here: what an indicator is, reading and checking indicators.yaml, the long form of counts, the one function that makes the table.
Not here: what is counted (`assets/themes/<theme>/indicator.py`), the table's columns (`contracts/shapes/indicator.yaml`).

    version: 1.0.0                                            # stands in every row as rule_version
    counts:                                                   # what the theme counts: name -> what it is
      planned: {of: trip, zh: 时刻表班次, en: Trips of the timetable}   # of: the input whose rows it counts
      on_time: {zh: 其中晚点不超过3分钟发车的, en: "Of these, those that left at most 3 minutes late"}
    defaults: {periods: [day, month], bases: [clean]}         # settings that an indicator does not state itself
    indicators:
      punctuality: {zh: 发车准点率, en: Departures on time, numerator: on_time, denominator: planned, unit: "%", source: …, target: 97,
                    better: higher}
      late_wait:   {zh: 平均晚点, en: Mean delay, numerator: delay_s, denominator: planned, unit: min, scale: 1/60, …}

Counts are whole numbers, or sums in the smallest unit (seconds, metres, cents), which `scale` turns into the indicator's unit; % and ‰
bring their own. Counts of counties add up to the city's, and a rate is made last, of the sums: never of other rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache, reduce
from itertools import product
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.texts import Text, read_text
from contracts.kinds import Kind, of_kind, stated
from contracts.refused import ContractError, one_of
from contracts.short import unique_yaml
from standards.divisions import CITY
from standards.tables import looked_up

UNKNOWN = "000000"
"""The county of what is counted of no known county."""
PERIODS = {"year": "yyyy", "month": "yyyy-MM", "day": "yyyy-MM-dd"}
"""Kind of a period -> its form."""
BASES = ("raw", "clean")
SCALES = {"%": 100, "‰": 1000}
"""The scale of units that have one."""
HUNDRED, VALUE = 100, "decimal(18,2)"
"""Values and targets have two decimals."""
COUNTED = ("basis", "count", "period_kind", "period", "div_code", "amount")
INDICATOR = (
    "indicator", "period_kind", "period", "div_code", "div_level", "basis", "numerator", "denominator", "value", "unit", "target",
    "state", "rule_version",
)  # fmt: skip
FILE = {"version": Kind.TEXT, "counts": Kind.SETTINGS, "defaults": Kind.SETTINGS, "indicators": Kind.SETTINGS}
SETTINGS = {
    "zh": Kind.TEXT, "en": Kind.TEXT, "numerator": Kind.TEXT, "denominator": Kind.TEXT, "unit": Kind.TEXT, "scale": Kind.RATIO,
    "source": Kind.TEXT, "better": Kind.TEXT, "periods": Kind.TEXTS, "bases": Kind.TEXTS, "target": Kind.NUMBER,
    "most": Kind.NUMBER,
}  # fmt: skip

OPTIONAL = ("target", "most")


class Better(StrEnum):
    """The direction in which an indicator is good: its target is the least or the most."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Indicator:
    """One line of indicators.yaml: `scale` times `numerator` over `denominator`, two counts, is its value in `unit`.

    periods: the kinds of periods it is made for. bases: of which counts it is made (raw: as delivered, clean: after the cleaning).
    most: where higher is better, the value up to which it is: one above is no success but a finding, such as more archives than residents.
    """

    id: str
    zh: str
    en: str
    numerator: str
    denominator: str
    unit: str
    scale: Fraction
    source: str
    better: Better
    periods: tuple[str, ...]
    bases: tuple[str, ...]
    target: Fraction | None = None
    most: Fraction | None = None

    def is_beyond(self, value: str) -> bool:
        """Whether a value, written in decimals, is above the most that is a success."""
        return self.most is not None and Fraction(value) > self.most

    @property
    def needs(self) -> set[tuple[str, str, str]]:
        """The counts it is made of: period_kind, basis, count."""
        return set(product(self.periods, self.bases, (self.numerator, self.denominator)))


@dataclass(frozen=True)
class Count(Text):
    """What a count counts. of: the input whose rows it counts; empty when that is not said, so that it may be any."""

    of: str = ""


@dataclass(frozen=True)
class Counts:
    """Counts in long form: a frame with the columns COUNTED, and which (period_kind, basis, count) it has.

    div_code: county, 6 digits; NULL or the city when unknown. period: as PERIODS. amount: bigint. Amounts of one place add up.
    """

    frame: DataFrame
    given: frozenset[tuple[str, str, str]]


def counted(rows: DataFrame, of: Mapping[str, Mapping[str, Column]], *, division: Column, period_kind: str, day: Column) -> Counts:
    """Count rows by county and period.

    Args:
        rows: what is counted.
        of: basis -> count -> aggregate of the rows, a whole number: `F.count_if(condition)`, `F.sum("seconds")`.
        division: the county of a row.
        period_kind: year, month or day.
        day: the date of a row, which decides on its period.
    """
    named = {f"{basis}_{count}": (basis, count, made) for basis, counts in of.items() for count, made in counts.items()}
    period = F.date_format(day, PERIODS[period_kind])
    wide = rows.groupBy(period.alias("period"), division.alias("div_code")).agg(*[made.alias(name) for name, (*_, made) in named.items()])
    long = F.array(
        *[
            F.struct(F.lit(basis).alias("basis"), F.lit(count).alias("count"), F.col(name).cast("bigint").alias("amount"))
            for name, (basis, count, _) in named.items()
        ]
    )
    frame = wide.select("period", "div_code", F.explode(long).alias("of")).withColumn("period_kind", F.lit(period_kind))
    return Counts(frame.select("*", "of.*").select(*COUNTED), frozenset((period_kind, basis, count) for basis, count, _ in named.values()))


def by_county(rows: DataFrame, of: Mapping[str, Column], day: Column, *period_kinds: str) -> list[Counts]:
    """Count rows on the basis clean by their county6, in every kind of period.

    Args:
        rows: what is counted.
        of: count -> aggregate of the rows, a whole number.
        day: the date of a row.
        period_kinds: year, month, day.
    """
    return [counted(rows, {"clean": of}, division=F.col("county6"), period_kind=kind, day=day) for kind in period_kinds]


def residents_in(person: DataFrame, months: DataFrame) -> DataFrame:
    """The residents `n` of every county6 in every `month` of some rows: a month without data has no rate of 0.

    person: rows of base/population/person.
    """
    of_county = person.where("resident_flag").groupBy("county6").agg(F.count(F.lit(1)).alias("n"))
    return of_county.crossJoin(months.select("month").distinct())


def known_county() -> Column:
    """The column county6, UNKNOWN where it is NULL."""
    return F.coalesce("county6", F.lit(UNKNOWN)).alias("county6")


def county_and_city(column: str) -> Column:
    """The row once for its county, which is UNKNOWN where it names none, and once for the city."""
    county = F.when(F.col(column) == CITY, UNKNOWN).otherwise(F.coalesce(column, F.lit(UNKNOWN)))
    return F.explode(F.array(county, F.lit(CITY)))


@dataclass(frozen=True)
class IndicatorTable:
    """A theme's indicators.yaml: the version of its rules, its indicators by name, and what each count counts."""

    version: str
    indicators: Mapping[str, Indicator]
    counts: Mapping[str, Count]

    def rows(self, *counts: Counts) -> DataFrame:
        """Make the table of indicators out of all counts of the theme.

        Returns:
            One row per indicator, period, division and basis, columns INDICATOR. div_code: each county that has a count, UNKNOWN, and the
            city, which is the sum of all. A count that a place does not have is 0 there.

        Raises:
            ValueError: an indicator needs a count that is not given, or no indicator uses a given one.
        """
        needed, given = {need for i in self.indicators.values() for need in i.needs}, {each for c in counts for each in c.given}
        used = {each[1:] for each in needed}
        odd = [(each, "not counted") for each in needed - given] + [(each, "not used") for each in given if each[1:] not in used]
        if odd:
            which = ", ".join(f"{' '.join(count)} ({how})" for count, how in sorted(odd))
            raise ValueError(f"indicators.yaml and what is counted differ in: {which}")
        parts = [_part(i, basis) for i in self.indicators.values() for basis in i.bases]
        made_for = [F.col("indicator").isin(*self._of(kind)) & (F.col("period_kind") == kind) for kind in PERIODS if self._of(kind)]
        return (
            reduce(DataFrame.unionByName, [c.frame for c in counts])
            .withColumn("div_code", county_and_city("div_code"))
            .groupBy("period_kind", "period", "div_code")
            .agg(*[_total(basis, count) for basis, count in sorted(used)])
            .select("period_kind", "period", "div_code", F.explode(F.array(*parts)).alias("part"))
            .select("*", "part.*", F.when(F.col("div_code") == CITY, "city").otherwise("county").alias("div_level"))
            .where(reduce(Column.__or__, made_for))
            .transform(self._with_value)
            .withColumn("rule_version", F.lit(self.version))
            .select(*INDICATOR)
        )

    def _of(self, period_kind: str) -> list[str]:
        return [i.id for i in self.indicators.values() if period_kind in i.periods]

    def _with_value(self, rows: DataFrame) -> DataFrame:
        """value, unit, target and state of rows with indicator, numerator and denominator; all in whole numbers up to the last division."""

        def by_indicator(setting: Callable[[Indicator], Any]) -> Column:
            return looked_up({i.id: setting(i) for i in self.indicators.values() if setting(i) is not None}, F.col("indicator"))

        above = F.col("numerator") * by_indicator(lambda i: (i.scale * HUNDRED).numerator)
        below = F.when(F.col("denominator") > 0, F.col("denominator") * by_indicator(lambda i: (i.scale * HUNDRED).denominator))
        target = by_indicator(lambda i: None if i.target is None else int(i.target * HUNDRED)).cast("bigint")
        lower = by_indicator(lambda i: i.better) == Better.LOWER
        met = F.when(lower, above <= target * below).otherwise(above >= target * below)
        return (
            rows.withColumn("value", (half_up(above, below) / HUNDRED).cast(VALUE))
            .withColumn("unit", by_indicator(lambda i: i.unit))
            .withColumn("target", (target / HUNDRED).cast(VALUE))
            .withColumn("state", F.when(below.isNull(), "EMPTY").when(target.isNull(), "NO_TARGET").when(met, "MET").otherwise("NOT_MET"))
        )


def _part(indicator: Indicator, basis: str) -> Column:
    """The counts of one indicator in a place, out of its totals."""
    counts = {"numerator": indicator.numerator, "denominator": indicator.denominator}
    parts = [F.col(f"{basis}_{count}").alias(part) for part, count in counts.items()]
    return F.struct(F.lit(indicator.id).alias("indicator"), F.lit(basis).alias("basis"), *parts)


def _total(basis: str, count: str) -> Column:
    amount = F.when((F.col("basis") == basis) & (F.col("count") == count), F.col("amount"))
    return F.coalesce(F.sum(amount), F.lit(0)).cast("bigint").alias(f"{basis}_{count}")


def half_up(above: Column, below: Column) -> Column:
    """One whole number over another, above 0, rounded to a whole number, halves away from 0.

    The remainder is taken off before the division, which then is exact: a half is a half.
    """
    twice = F.abs(above) * 2 + below
    rounded = (twice - twice % (below * 2)) / (below * 2)
    return F.when(above < 0, -rounded).otherwise(rounded)


def hundredths(above: Column, below: Column) -> Column:
    """One whole number over another with two decimals, half up; NULL over 0."""
    return (half_up(above * HUNDRED, F.when(below > 0, below)) / HUNDRED).cast(VALUE)


def percent(part: Column, whole: Column) -> Column:
    """A whole number in percent of another, with two decimals, half up; NULL of 0."""
    return hundredths(part * HUNDRED, whole)


@cache
def read_indicators(path: Path) -> IndicatorTable:
    """Read a theme's indicators.yaml. Raises ContractError, with file, field and remedy, for what is missing, unknown or unused."""
    file = stated(path, "file", unique_yaml(path), FILE)
    for setting in ("version", "counts", "indicators"):
        if not file.get(setting):
            raise ContractError(path, setting, "is missing", "Add it")
    defaults = stated(path, "defaults", file.get("defaults", {}), SETTINGS)
    found = {name: _indicator(path, name, line, defaults, tuple(file["counts"])) for name, line in file["indicators"].items()}
    used = {count for i in found.values() for count in (i.numerator, i.denominator)}
    if unused := [count for count in file["counts"] if count not in used]:
        raise ContractError(path, "counts", f"no indicator uses {', '.join(unused)}", "Remove it, or name it in an indicator")
    counts = {name: _count(path, f"count {name!r}", said) for name, said in file["counts"].items()}
    return IndicatorTable(file["version"], found, counts)


def _count(path: Path, where: str, line: Any) -> Count:
    said = dict(of_kind(path, where, line, Kind.SETTINGS))
    of = of_kind(path, f"{where}, of", said.pop("of"), Kind.TEXT) if "of" in said else ""
    text = read_text(path, where, said)
    return Count(text.zh, text.en, of)


def _indicator(path: Path, name: str, line: Any, defaults: dict[str, Any], counts: tuple[str, ...]) -> Indicator:
    where = f"indicator {name!r}"
    settings = {**defaults, **stated(path, where, line, SETTINGS)}
    own = SCALES.get(settings.get("unit", ""))
    settings = {"scale": own, **settings}
    if missing := [s for s in SETTINGS if settings.get(s) is None and s not in OPTIONAL]:
        raise ContractError(path, where, f"has no {', '.join(missing)}", "Add it here or to the defaults")
    known = {"numerator": counts, "denominator": counts, "better": tuple(Better), "periods": tuple(PERIODS), "bases": BASES}
    for setting, allowed in known.items():
        stands = settings[setting]
        for value in stands if isinstance(stands, list) else [stands]:
            one_of(path, f"{where}, {setting}", value, allowed)
    exact = {s: Fraction(str(settings[s])) for s in ("scale", *OPTIONAL) if s in settings}
    if exact["scale"] <= 0 or (own and exact["scale"] != own):
        raise ContractError(
            path, f"{where}, scale", f"is {settings['scale']}", f"Write {own}, or leave it out" if own else "Write one above 0"
        )
    if (exact.get("target", Fraction(0)) * HUNDRED).denominator != 1:
        raise ContractError(path, f"{where}, target", f"is {settings['target']}", "Write at most 2 decimals, as values have")
    if "most" in exact and (settings["better"] != Better.HIGHER or exact.get("target", 0) > exact["most"]):
        raise ContractError(path, f"{where}, most", f"is {settings['most']}", "Only of a higher value that is better, and no target above")
    lists = {s: tuple(settings[s]) for s in ("periods", "bases")}
    typed: dict[str, Any] = settings | exact | lists | {"better": Better(settings["better"])}
    return Indicator(id=name, **typed)
