"""Touch declarations: which units of a derived table a change of its inputs concerns, so that only these are made again.

A *unit* is a group of rows of the table that follow from the same input rows, such as all that is said of one person. It has a name
`kind:value`, and stands in arrays as a number, the digest of its name (`named`): units are many, and numbers are joined in less time and
memory than texts. Two that share a digest are touched together, which is more than necessary and not wrong. A table declares the units
of its own rows and, per input, the *paths* that lead from a row to units:

    @lake_asset("themes/health/service", unit=units(number="ehr_no"), touch={
        "examination": own(number="ehr_no"),                          # columns of the input name the unit
        "death": via("link", on=("person_uid",), to=("person_uid",), visit="source_key"),   # another input leads there
        "visit": own(visit="key", turns=(Turn("visit_time", months=12),)),                  # rows that enter or leave with the date
    })

The same paths serve three purposes: rows that were inserted, changed or deleted touch their units; a row with several units connects
them, so that touched units grow until no row connects a touched and an untouched one; and every input is narrowed to the rows of touched
units before the table's function is called. A path with `narrows=False` only touches: its input is a lookup that is given whole.
An input without a path makes the table whole when it changes.

Here: the vocabulary. Not here: following it (`pipelines.steps.touched`). A declaration is right when the function, given only the rows
of some units, makes the same rows of these units as from all rows; one property test asks that of every declared table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import digest

Cell = str | Callable[[], Column]
"""A column by its name, or a function that makes one (columns can only be made in a session)."""
Units = Callable[[], Column]
"""Makes an array<bigint> column: the units of a row."""
WHOLE_ABOVE = 0.02
"""Measured with 4.6 million people: above it, finding what is touched takes longer than making the table whole."""


def cell(column: Cell) -> Column:
    """The column that a Cell stands for."""
    return F.col(column) if isinstance(column, str) else column()


@cache
def units(**kinds: Cell | tuple[Cell, ...]) -> Units:
    """The units that some columns name, one per kind; a row whose column is NULL has none of that kind. For the same columns the same."""

    def text(kind: str, column: Cell | tuple[Cell, ...]) -> Column:
        parts = [cell(c).cast("string") for c in (column if isinstance(column, tuple) else (column,))]
        separated = [p for part in parts for p in (F.lit("|"), part)]
        return F.concat(F.lit(f"{kind}:"), *separated[1:])

    return lambda: named(*[text(kind, column) for kind, column in kinds.items()])


def named(*names: Column) -> Column:
    """The units of a row by their names, `kind:value`; a name that is NULL is none."""
    return F.array_compact(F.array(*map(digest, names)))


@dataclass(frozen=True)
class Turn:
    """Rows that begin or cease to count when the date passes theirs: `column` is a date or a moment, the offset a whole number of
    months and days after it."""

    column: Cell
    months: int = 0
    days: int = 0

    def passed(self, since: date, as_of: date) -> Column:
        """Whether the date passed the row's between two runs; both ends count, which is a day too many rather than too few."""
        on, (earlier, later) = cell(self.column).cast("date"), sorted((since, as_of))
        ends = [F.date_sub(F.add_months(F.lit(day), -self.months), self.days) for day in (earlier, later)]
        return F.coalesce((on >= ends[0]) & (on <= ends[1]), F.lit(False))


@dataclass(frozen=True)
class EveryDate:
    """Rows that are different ones for every date, such as proposals that carry it: those for which the condition holds."""

    condition: Cell

    def passed(self, since: date, as_of: date) -> Column:
        return F.coalesce(cell(self.condition), F.lit(False))


@dataclass(frozen=True)
class EveryMonth:
    """Rows from which something else follows in every month, such as what still exists: those for which the condition holds."""

    condition: Cell

    def passed(self, since: date, as_of: date) -> Column:
        same = (since.year, since.month) == (as_of.year, as_of.month)
        return F.coalesce(cell(self.condition) & F.lit(not same), F.lit(False))


Turns = tuple[Turn | EveryDate | EveryMonth, ...]
SELF = "self"
"""As the name of an input: the rows of the table itself, as they were published."""


@dataclass(frozen=True)
class Path:
    """How a row of an input leads to units of the table.

    units: of the row itself or, with a bridge, of the bridge's rows whose `to` equals the row's `on`. connects: whether the row may
    have several units, and so connects them. single: whether no row has several. labels: units that a row also has but that connect
    nothing. reads: the columns whose change counts; None: any.
    """

    units: Units
    bridge: str | None = None
    on: tuple[Cell, ...] = ()
    to: tuple[Cell, ...] = ()
    connects: bool = False
    single: bool = False
    labels: Units | None = None
    reads: tuple[str, ...] | None = None
    turns: Turns = ()
    narrows: bool = True
    day: str | None = None
    begins: int = 0


@dataclass(frozen=True)
class Touch:
    """The declaration of one table. unit: of its own rows. paths: by the name of the input's argument. whole_above: the share of touched
    rows above which the table is made whole, because that is quicker. spread: how many times as large that share is as that of changed
    rows in the inputs, as measured; by it a table is made whole before what is touched has been looked for."""

    unit: Units
    paths: Mapping[str, tuple[Path, ...]]
    whole_above: float = WHOLE_ABOVE
    spread: float = 1.0


def own(
    made: Units | None = None,
    *,
    connects: bool | None = None,
    labels: Units | None = None,
    reads: tuple[str, ...] | None = None,
    turns: Turns = (),
    narrows: bool = True,
    **kinds: Cell | tuple[Cell, ...],
) -> Path:
    """The path of rows whose own columns name their units.

    Args:
        made: makes the units instead of `kinds`.
        connects: whether a row may have several units; by default with `made`, and with more than one kind.
        labels: units of the row that connect nothing.
        reads: the columns whose change counts; None: any.
        turns: dates of the row at which it begins or ceases to count.
        narrows: False: the input is given whole.
        kinds: kind of unit -> column, or columns, that name it.
    """
    single = made is None and len(kinds) == 1
    several = not single if connects is None else connects
    return Path(made or units(**kinds), connects=several, single=single, labels=labels, reads=reads, turns=turns, narrows=narrows)


def day_from(moment: str, begins: int) -> Column:
    """The day to which a moment belongs when days begin at an hour of the morning; where they begin at midnight also that of a date."""
    day = F.col(moment).cast("date")
    return F.date_sub(day, F.when(F.hour(moment) < begins, 1).otherwise(0)) if begins else day


def by_day(column: str, *, around: int = 0, begins: int = 0, turns: Turns = ()) -> Path:
    """The path of rows whose unit is a day, `day:2019-12-31`: a large table of events is narrowed to days without a look at its keys.

    Rows of a day come together, so an engine passes over the parts of files that have none of the touched days, and the work of a night
    follows from the days that it changed, however many lie behind them.

    Args:
        column: a date or a moment; with `begins` a moment.
        around: days before and after that of a row whose rows it decides about, too; it connects none of them.
        begins: hour at which a day begins; what is earlier belongs to the day before.
        turns: dates of the row at which it begins or ceases to count.
    """

    def days() -> Column:
        day = day_from(column, begins)
        return named(*[F.concat(F.lit("day:"), F.date_add(day, n).cast("string")) for n in range(-around, around + 1)])

    return Path(days, turns=turns, day=column, begins=begins)


def via(
    bridge: str,
    *,
    on: tuple[Cell, ...],
    to: tuple[Cell, ...],
    made: Units | None = None,
    reads: tuple[str, ...] | None = None,
    turns: Turns = (),
    narrows: bool = True,
    **kinds: Cell | tuple[Cell, ...],
) -> Path:
    """The path of rows whose units another input knows.

    Args:
        bridge: the argument of that input.
        on: columns of the row.
        to: the columns of the bridge that equal them.
        made: makes the units of the bridge's rows instead of `kinds`.
        reads: the columns of the row whose change counts; None: any.
        turns: dates of the row at which it begins or ceases to count.
        narrows: False: the input is given whole.
        kinds: kind of unit -> column, or columns, of the bridge that name it.
    """
    return Path(made or units(**kinds), bridge, on, to, connects=len(kinds) > 1, reads=reads, turns=turns, narrows=narrows)
