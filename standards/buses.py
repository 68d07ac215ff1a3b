"""Buses as a fleet: how many standard buses one counts as, and which energies are new.

Here: functions of Columns. Not here: which buses are in service (`assets.themes.traffic.fleet`). Source: CJJ/T 119-2008, factors by length
and decks in standards/traffic/standard_bus.csv, by edition; no public source was found for lengths up to 5 m and from 13 to 16 m, so that
they have no factor. New energy: Regulation on access of makers and products of new energy vehicles (新能源汽车生产企业及产品准入管理规定),
article 3: plug-in hybrids, those with a range extender, battery and fuel cell vehicles.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import rows

NEW_ENERGY = ("BEV", "PHEV", "FCEV")
LAST = date(9999, 12, 31)


def standard_tenths(length_mm: Column, decks: Column, day: date) -> Column:
    """As how many tenths of a standard bus a bus counts, int; NULL when its length or its decks have no factor.

    Args:
        length_mm: whole millimetres; a bus of two decks has the same factor at any length, known or not.
        decks: 1 or 2; unknown is 1.
        day: on which the fleet is counted; the edition that is valid then has the factors.
    """
    return _of_factor("tenths", length_mm, decks, day).cast("int")


def factor_edition(length_mm: Column, decks: Column, day: date) -> Column:
    """The edition of the standard that has the factor of `standard_tenths`, of which the arguments are the same; NULL without a factor."""
    return _of_factor("edition", length_mm, decks, day)


def _of_factor(said: str, length_mm: Column, decks: Column, day: date) -> Column:
    """A column of the table of factors, text, in its row for a bus."""
    found = F.when(F.lit(False), F.lit(None).cast("string"))
    for row in rows("traffic/standard_bus"):
        if (row["valid_from"] or str(date.min)) <= str(day) <= (row["valid_to"] or str(LAST)):
            there = F.coalesce(decks, F.lit(1)) == int(row["decks"])
            over = length_mm > int(row["over_mm"]) if row["over_mm"] else F.lit(True)
            up_to = length_mm <= int(row["up_to_mm"]) if row["up_to_mm"] else F.lit(True)
            found = found.when(there & over & up_to, row[said])
    return found


def is_new_energy(energy: Column) -> Column:
    """Whether a code of `bus_energy` is one of new energy; NULL of NULL."""
    return energy.isin(*NEW_ENERGY)
