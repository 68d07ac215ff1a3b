"""The fleet of buses: what each bus counts as on the day of the run, and what is counted of all.

Here: `bus_fleet`, `fleet_counts`. Not here: factors and energies (`standards.buses`), which count over which (indicators.yaml), the table
of indicators (`indicator`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset
from assets.indicators import Counts, by_county, residents_in
from standards.buses import factor_edition, is_new_energy, standard_tenths
from standards.rounding import scaled, shifted

PERIODS = ("month", "year")
COUNTED, UNRATED, NOT_YET, GONE = "COUNTED", "UNRATED", "NOT_YET", "GONE"
IN_SERVICE = (COUNTED, UNRATED)
BUS_FLEET = (
    "vehicle_no", "operator", "line_no", "county6", "length_m", "decks", "energy", "new_energy", "service_from", "service_to", "state",
    "standard_buses", "factor_edition", "_source_file", "_row_no",
)  # fmt: skip


def _state(tenths: Column, day: Column) -> Column:
    """Whether a bus is in service on a day, and counted among the standard buses; an unknown beginning is long past, an unknown end has
    not come."""
    return (
        F.when(F.col("service_from") > day, NOT_YET).when(F.col("service_to") < day, GONE)
        .when(tenths.isNull(), UNRATED).otherwise(COUNTED)
    )  # fmt: skip


@lake_asset("themes/traffic/bus_fleet")
def bus_fleet(bus: DataFrame = cleansed("transport/bus"), as_of: date = AS_OF) -> DataFrame:
    """One row per bus of the register, key vehicle_no, columns BUS_FLEET; made whole, as the edition of the day has the factors.

    Its plate is left out, which is personal in general: `explain` finds it in the register.
    """
    known = scaled(F.col("length_m"), 3), F.col("decks"), as_of
    tenths = standard_tenths(*known)
    return bus.select(
        *BUS_FLEET[:7],
        is_new_energy(F.col("energy")).alias("new_energy"),
        "service_from",
        "service_to",
        _state(tenths, F.lit(as_of)).alias("state"),
        shifted(tenths, 1).alias("standard_buses"),
        factor_edition(*known).alias("factor_edition"),
        "_source_file",
        "_row_no",
    )


def fleet_counts(fleet: DataFrame, person: DataFrame, as_of: date) -> list[Counts]:
    """What is counted, by county, month and year.

    Args:
        fleet: rows of themes/traffic/bus_fleet, as of the same date.
        person: rows of base/population/person; without a bus in service no resident is counted.
        as_of: the date of the run, on which buses and residents are counted.
    """
    day = F.lit(as_of)
    counts = {
        "buses": F.count(F.lit(1)),
        "standard_tenths": F.coalesce(F.sum(scaled(F.col("standard_buses"), 1)), F.lit(0)),
        "unrated_buses": F.count_if(F.col("state") == UNRATED),
        "powered_buses": F.count("energy"),
        "new_energy_buses": F.count_if("new_energy"),
    }
    running = fleet.where(F.col("state").isin(*IN_SERVICE))
    residents = residents_in(person, running.select(F.date_format(day, "yyyy-MM").alias("month")))
    return [
        *by_county(running, counts, day, *PERIODS),
        *by_county(residents, {"bus_residents": F.sum("n")}, day, *PERIODS),
    ]
