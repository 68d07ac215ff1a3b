"""What is counted of the fleet of buses: standard buses for the residents, those of new energy, those without a factor.

Here: `fleet_counts`, of the buses in service on the day of the run. Not here: factors and energies (`standards.buses`), which count over
which (indicators.yaml), the table (`indicator`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.indicators import Counts, by_county, residents_in
from standards.buses import is_new_energy, standard_tenths
from standards.rounding import scaled

PERIODS = ("month", "year")


def in_service(bus: DataFrame, day: date) -> DataFrame:
    """The buses that are in service on a day; an unknown beginning is long past, an unknown end has not come."""
    begun = F.coalesce(F.col("service_from") <= F.lit(day), F.lit(True))
    return bus.where(begun & F.coalesce(F.col("service_to") >= F.lit(day), F.lit(True)))


def fleet_counts(bus: DataFrame, person: DataFrame, as_of: date) -> list[Counts]:
    """What is counted, by county, month and year.

    Args:
        bus: rows of cleansed/transport/bus.
        person: rows of base/population/person; without a fleet no resident is counted.
        as_of: the date of the run, on which buses and residents are counted.
    """
    day = F.lit(as_of)
    tenths = standard_tenths(scaled(F.col("length_m"), 3), F.col("decks"), as_of)
    counts = {
        "buses": F.count(F.lit(1)),
        "standard_tenths": F.coalesce(F.sum(tenths), F.lit(0)),
        "unrated_buses": F.count_if(tenths.isNull()),
        "powered_buses": F.count("energy"),
        "new_energy_buses": F.count_if(is_new_energy(F.col("energy"))),
    }
    fleet = in_service(bus, as_of)
    residents = residents_in(person, fleet.select(F.date_format(day, "yyyy-MM").alias("month")))
    return [
        *by_county(fleet, counts, day, *PERIODS),
        *by_county(residents, {"bus_residents": F.sum("n")}, day, *PERIODS),
    ]
