"""Who has acknowledged an alert: the desks' answers, and which alert each is about (domain rules E9: ack).

Here: `acknowledgement`, and the alert that an answer is about, which `alert` asks as well. Not here: the alerts (`alert`). A desk names
the rule, the place and the moment of the alert as it saw it. The answer is about the alert of this rule and place that lasted at that
moment, else about the nearest of those that began up to 15 minutes later, as clocks differ, or ended up to an hour before, as an accident
is over when the desk hears of it (both figures are of the city's own).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import own, units
from standards.moments import seconds

ACKNOWLEDGEMENT = (
    "acknowledgement_no", "rule", "place", "alerted_at", "post", "acknowledged_at", "action", "state", "began_at", "known_on",
    "_source_file", "_row_no", "_batch_id",
)  # fmt: skip
ALERT_KEY = ("rule", "place", "began_at")
BEFORE, AFTER = 15 * 60, 60 * 60
"""Seconds by which the desk's moment of an alert may be before its beginning, and after its end."""
FIRST, AGAIN, EARLY, NO_ALERT = "FIRST", "AGAIN", "EARLY", "NO_ALERT"


def early() -> Column:
    """Whether an answer was given before the moment of the alert that it names: it answers nothing."""
    return F.col("acknowledged_at") < F.col("alerted_at")


def of_alert(said: DataFrame, alerts: DataFrame) -> DataFrame:
    """Of every answer that is about an alert: acknowledgement_no and began_at. said: answers; alerts: ALERT_KEY and ended_at."""
    moment = seconds(F.col("alerted_at"))
    before, after = seconds(F.col("began_at")) - moment, moment - seconds(F.col("ended_at"))
    fits = (before <= BEFORE) & (after <= AFTER)
    nearest = F.min(F.struct(F.greatest(before, after, F.lit(0)).alias("_apart"), "began_at"))
    candidates = said.select("acknowledgement_no", "rule", "place", "alerted_at").join(
        alerts.select(*ALERT_KEY, "ended_at"), ["rule", "place"]
    )
    return candidates.where(fits).groupBy("acknowledgement_no").agg(nearest["began_at"].alias("began_at"))


def first_answers(said: DataFrame, alerts: DataFrame) -> DataFrame:
    """Of every alert that was acknowledged, ALERT_KEY, acknowledgement_no and acknowledged_at of the first answer to it."""
    found = said.where(~early()).transform(left_join_lookup, of_alert(said, alerts), "acknowledgement_no")
    first = F.min(F.struct("acknowledged_at", "acknowledgement_no"))
    return found.where(F.col("began_at").isNotNull()).groupBy(*ALERT_KEY).agg(first.alias("_first")).select(*ALERT_KEY, "_first.*")


@lake_asset(
    "themes/city_operations/acknowledgement",
    unit=units(place="place"),
    touch={"said": own(place="place"), "alerts": own(place="place", reads=("rule", "place", "began_at", "ended_at", "acknowledgement_no"))},
)
def acknowledgement(
    said: DataFrame = cleansed("emergency/alert_acknowledgement"), alerts: DataFrame = table("themes/city_operations/alert")
) -> DataFrame:
    """One row per answer, key acknowledgement_no, columns ACKNOWLEDGEMENT.

    state: FIRST or AGAIN of its alert; EARLY: given before the moment of the alert that it names; NO_ALERT: it is about none. began_at:
    of the alert that it is about.
    """
    answered = alerts.where(F.col("acknowledgement_no").isNotNull()).select("acknowledgement_no", F.lit(True).alias("_first"))
    state = F.when(F.col("began_at").isNull(), NO_ALERT).when(early(), EARLY).when(F.col("_first"), FIRST).otherwise(AGAIN)
    return (
        said.transform(left_join_lookup, of_alert(said, alerts), "acknowledgement_no")
        .transform(left_join_lookup, answered, "acknowledgement_no")
        .withColumn("state", state)
        .withColumn("known_on", F.col("_business_date"))
        .select(*ACKNOWLEDGEMENT)
    )
