"""What is counted of positions: those that cannot be right, arrivals that they confirm, key vehicles that are looked at.

Here: `position_counts`. A vehicle belongs to no county, so that its days count in the city; an arrival counts in the county of its stop.
Not here: which count over which (indicators.yaml), the table (`indicator`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.indicators import UNKNOWN, Counts, by_county
from assets.themes.traffic.key_vehicles import is_watched
from assets.themes.traffic.position_trips import CONFIRMED, DIFFERS, NEITHER, REPORTED_ONLY
from assets.themes.traffic.positions import AT_NIGHT

DAILY = ("day", "month")


def position_counts(vehicle: DataFrame, arrival: DataFrame) -> list[Counts]:
    """What is counted, by county, day and month.

    Args:
        vehicle: rows of themes/traffic/position_day.
        arrival: rows of themes/traffic/position_arrival.
    """
    key = is_watched()
    coach = key & F.col("kind").isin(*AT_NIGHT)
    of_days = {
        "positions": F.sum("delivered"), "dropped_positions": F.sum(F.col("delivered") - F.col("kept")),
        "key_vehicles": F.count_if(key), "speeding_vehicles": F.count_if(key & (F.col("speeding_s") > 0)),
        "coaches": F.count_if(coach), "night_coaches": F.count_if(coach & (F.col("night_s") > 0)),
    }  # fmt: skip
    of_stops: dict[str, Column] = {
        "reported_arrivals": F.count_if(F.col("state").isin(CONFIRMED, DIFFERS, REPORTED_ONLY)),
        "confirmed_arrivals": F.count_if(F.col("state") == CONFIRMED),
        "tracked_stops": F.count(F.lit(1)), "unknown_stops": F.count_if(F.col("state") == NEITHER),
    }  # fmt: skip
    return [
        *by_county(vehicle.withColumn("county6", F.lit(UNKNOWN)), of_days, F.col("day"), *DAILY),
        *by_county(arrival, of_stops, F.col("service_date"), *DAILY),
    ]
