"""Plates that cameras read wrongly: O, D and 0, I and 1, B and 8 taken for one another (domain rules A10, B13).

Here: `plate_correction`. Not here: what no camera could read (`passes`), the shapes of plates (`standards.plates`). A read plate that is
registered stands. One that is not is corrected when it names exactly one registered plate of its kind: with O and I as 0 and 1, which no
plate has behind its region, else with any of the confusions. What could be several plates stays as it was read, and is counted.

Passes come by millions a day: they are counted by day, text and kind first, and joined with the classes of the register. A plate that is
registered anew, or no longer, touches the days with passes that could have been it, and no others.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.joins import left_join_lookup
from assets.themes.traffic.passes import day_of
from assets.touch import by_day, units, via
from standards import plates

PLATE_CORRECTION = ("day", "plate_read", "plate_type", "passes", "state", "because", "plate_corrected", "candidates")
CORRECTED, AMBIGUOUS = "CORRECTED", "AMBIGUOUS"
NEVER_USED, CONFUSED = "NEVER_USED", "CONFUSED"


def _class_of(column: str) -> Column:
    return plates.confusion_class(plates.normalise(F.col(column)))


@lake_asset(
    "themes/traffic/plate_correction",
    unit=units(day="day"),
    touch={
        "passed": by_day("passed_at"),
        "vehicle": via(
            "passed",
            on=(lambda: _class_of("plate"), "plate_type"),
            to=(lambda: _class_of("plate_read"), "plate_type"),
            reads=("plate", "plate_type"),
            narrows=False,
            day=lambda: day_of("passed_at"),
        ),
    },
    whole_above=0.9,
)
def plate_correction(
    passed: DataFrame = cleansed("traffic_police/pass"), vehicle: DataFrame = cleansed("traffic_police/vehicle")
) -> DataFrame:
    """One row per day and read text that is no registered plate but could be, key (day, plate_read, plate_type), columns PLATE_CORRECTION.

    plate_read: normalised. because: NEVER_USED, with O and I as 0 and 1 it is registered; CONFUSED, exactly one plate of its class is.
    candidates: registered plates of its class.
    """
    text = plates.normalise(F.col("plate_read")).alias("plate_read")
    reads = passed.select(day_of("passed_at").alias("day"), text, "plate_type").groupBy("day", "plate_read", "plate_type")
    register = vehicle.select("plate", "plate_type", plates.confusion_class(F.col("plate")).alias("_class"))
    classes = register.groupBy("_class", "plate_type").agg(F.count(F.lit(1)).cast("int").alias("candidates"), F.min("plate").alias("_only"))
    known = register.select(F.col("plate").alias("_mended"), "plate_type", F.lit(True).alias("_known"))
    mended = F.when(F.col("_known"), F.col("_mended"))
    one = F.when(F.col("candidates") == 1, F.col("_only"))
    return (
        reads.agg(F.count(F.lit(1)).alias("passes"))
        .withColumn("_class", plates.confusion_class(F.col("plate_read")))
        .join(classes, ["_class", "plate_type"])
        .withColumn("_mended", plates.without_never_used(F.col("plate_read")))
        .transform(left_join_lookup, known, ("_mended", "plate_type"))
        .withColumn("plate_corrected", F.coalesce(mended, one))
        .where(~F.coalesce(F.col("plate_corrected") == F.col("plate_read"), F.lit(False)))
        .withColumn("state", F.when(F.col("plate_corrected").isNull(), AMBIGUOUS).otherwise(CORRECTED))
        .withColumn("because", F.when(F.col("_known"), NEVER_USED).when(F.col("plate_corrected").isNotNull(), CONFUSED))
        .select(*PLATE_CORRECTION)
    )
