"""Reports to all services of the city, in one form, and which of them are about one event.

Here: `city_report`. Not here: what is made of the reports of an event (`event`), the standard types (`standards.city_events`). Source:
domain rules E9: reports of one standard type at most 200 m and 60 minutes apart, disasters two hours, are one event; so are reports of the
same caller about the same topic within 24 hours, and calls to 110 that public safety has found to be about one event.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.address import at_standard_address, place_key
from assets.base.geography.points import towns
from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, CHECKPOINT, cleansed, lake_asset, table
from assets.joins import Checkpoint, left_join_lookup
from assets.nearby import EARLIER, HOPS, LATER, SINCE, chains, pairs
from assets.places import within
from assets.themes.public_safety.alarm import is_valid
from assets.touch import Path, Turn, Units, named, own, units, via
from standards.city_events import event_type, minutes
from standards.moments import seconds
from standards.public_safety import ACCIDENT_LEVELS, accident_level
from standards.tables import looked_up

METRES, SAME_CALLER = 200.0, 24 * 3600
AHEAD = 2**HOPS
"""Days after a report in which others may report its event: a chain has so many links of at most a day."""
NEAR, CALLER, POLICE_CALL = "NEAR", "CALLER", "POLICE_CALL"
LEVEL_OF = {level: n for n, level in enumerate(ACCIDENT_LEVELS, start=1)}
"""Level of an accident -> level of its event, 1 the worst."""
LINEAGE = ("_source_file", "_row_no", "_batch_id")
TOLD = (
    "source", "source_no", "type_std", "reported_at", "caller", "unit", "assigned_at", "arrived_at", "closed_at", "level", "county6", "lon",
    "lat", "address_no", "known_on", "first_call", *LINEAGE,
)  # fmt: skip
"""What a report says, whatever service it was made to."""
TYPES = {
    **dict.fromkeys(("reported_at", "assigned_at", "arrived_at", "closed_at"), "timestamp_ntz"), "level": "int", "_row_no": "bigint",
    **dict.fromkeys(("lon", "lat"), "decimal(18,8)"), "known_on": "date",
}  # fmt: skip
"""All others are texts."""
CITY_REPORT = (
    "report_no", "event_uid", "reported", "because", "linked_to", "source", "source_no", "type_std", "reported_at", "day", "level",
    "county6", "town", "grid_no", "address_no", "lon", "lat", "unit", "assigned_at", "arrived_at", "closed_at", "known_on", *LINEAGE,
)  # fmt: skip


def days_of(moment: str) -> Units:
    """The units of a report: its day, and the days after it on which others may report its event."""
    return lambda: named(*[F.concat(F.lit("day:"), F.date_add(F.col(moment).cast("date"), n).cast("string")) for n in range(AHEAD + 1)])


def _told(rows: DataFrame, source: str, number: str, **says: Column | str) -> DataFrame:
    """Reports to one service, columns TOLD; what it does not say is NULL. Rows that are about no event are left out."""
    own: dict[str, Column | str] = {c: c for c in TOLD if c in rows.columns}
    own |= {"source": F.lit(source), "source_no": number, "known_on": EXTRACT, **says}

    def made(column: str) -> Column:
        said = own.get(column, F.lit(None))
        return F.col(said) if isinstance(said, str) else said

    return rows.select(*[made(c).cast(TYPES.get(c, "string")).alias(c) for c in TOLD]).where(F.col("type_std").isNotNull())


def police(alarm: DataFrame, call: DataFrame) -> DataFrame:
    """Calls to 110 that are about something; first_call: the first call about the event, where that is another one."""
    first = F.when(F.col("event_no") != F.col("alarm_no"), F.col("event_no"))
    return _told(
        alarm.transform(left_join_lookup, call.select("alarm_no", "event_no"), "alarm_no"),
        "POLICE",
        "alarm_no",
        type_std=F.when(is_valid(), event_type("POLICE", F.col("kind"))),
        reported_at="call_time",
        caller="caller_phone",
        unit="police_station_code",
        arrived_at="arrive_time",
        closed_at="finish_time",
        first_call=first,
    )


def hotline(order: DataFrame, place: DataFrame, address: DataFrame) -> DataFrame:
    """Orders of 12345 about something that happens in the city, at the standard address that they name."""
    located = place.select("order_no", "place_key").transform(at_standard_address, address)
    return _told(
        order.transform(left_join_lookup, located.select("order_no", "address_no", "lon", "lat"), "order_no"),
        "HOTLINE",
        "order_no",
        type_std=event_type("HOTLINE", F.col("type"), F.col("title")),
        reported_at="call_time",
        caller="caller_phone",
        unit="department",
        assigned_at="assign_time",
        closed_at="finish_time",
        county6="division_county",
    )


def grid_workers(event: DataFrame) -> DataFrame:
    """Events that the workers of the grid report."""
    what = event_type("GRID", F.col("kind"), F.col("title"))
    return _told(event, "GRID", "event_no", type_std=what, reported_at="report_time", closed_at="finish_time")


def urban_management(case: DataFrame) -> DataFrame:
    """Cases of urban management."""
    return _told(
        case,
        "URBAN",
        "case_no",
        type_std=event_type("URBAN", F.col("problem_type")),
        reported_at="found_time",
        assigned_at="dispatch_time",
        closed_at="close_time",
        county6="division_county",
    )


def emergency(accident: DataFrame) -> DataFrame:
    """Accidents, the only reports that say how bad it was."""
    level = looked_up(LEVEL_OF, accident_level(F.col("dead"), F.col("injured"), F.col("loss")))
    return _told(
        accident, "EMERGENCY", "accident_no", type_std=event_type("EMERGENCY", F.col("kind")), reported_at="occurred_at", level=level
    )


def same_caller(reports: DataFrame) -> DataFrame:
    """Of every report the first by the same telephone about the same topic, at most a day earlier: columns later and earlier."""
    topics = [t for of in minutes().values() for t in of]
    calls = reports.where(F.col("caller").isNotNull() & F.col("type_std").isin(*topics)).withColumn("_t", seconds(F.col("reported_at")))
    day = Window.partitionBy("caller", "type_std").orderBy("_t").rangeBetween(-SAME_CALLER, 0)
    first = calls.withColumn("_first", F.min(F.struct("_t", "report_no")).over(day)["report_no"])
    return first.where(F.col("_first") != F.col("report_no")).select(F.col("report_no").alias(LATER), F.col("_first").alias(EARLIER))


def links(reports: DataFrame) -> DataFrame:
    """Which reports are about one event: columns later, earlier, because, and since, the seconds of the earlier one."""
    found = [
        pairs(
            reports.where(F.col("type_std").isin(*types)), "report_no", "reported_at", metres=METRES, within_seconds=within_minutes * 60,
            same=("type_std",),
        ).drop(SINCE).withColumn("because", F.lit(NEAR))
        for within_minutes, types in minutes().items()
    ]  # fmt: skip
    told = reports.where(F.col("first_call").isNotNull())
    calls = told.select(F.col("report_no").alias(LATER), F.concat(F.lit("POLICE:"), "first_call").alias(EARLIER))
    found += [same_caller(reports).withColumn("because", F.lit(CALLER)), calls.withColumn("because", F.lit(POLICE_CALL))]
    moment = reports.select(F.col("report_no").alias(EARLIER), seconds(F.col("reported_at")).alias(SINCE))
    return reduce(DataFrame.unionByName, found).join(moment, [EARLIER])


def fused(reports: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    """Every report with event_uid, the first report of its event, and linked_to and because: the report that says so."""
    found = checkpoint(links(reports))
    direct = found.groupBy(LATER).agg(F.min(F.struct(SINCE, EARLIER, "because")).alias("_link"))
    first = chains(found.drop("because"), checkpoint)
    said = direct.select(
        F.col(LATER).alias("report_no"), F.col("_link")[EARLIER].alias("linked_to"), F.col("_link")["because"].alias("because")
    )
    of_report = first.withColumnsRenamed({LATER: "report_no", EARLIER: "_event"})
    told = reports.transform(left_join_lookup, said, "report_no").transform(left_join_lookup, of_report, "report_no")
    return told.withColumn("event_uid", F.coalesce("_event", "report_no")).drop("_event")


def _reported(moment: str, *ends: str) -> Path:
    """The path of the reports of a service. moment: when they were made; ends: moments of what has become of them."""
    return own(days_of(moment), connects=False, turns=tuple(Turn(c) for c in (moment, *ends)))


@lake_asset(
    "themes/city_operations/city_report",
    unit=units(day=("day",)),
    touch={
        "alarm": _reported("call_time", "arrive_time", "finish_time"),
        "call": own(days_of("call_time"), connects=False, reads=("alarm_no", "call_time", "event_no")),
        "order": _reported("call_time", "assign_time", "finish_time"),
        "place": own(days_of("call_time"), connects=False),
        "address": via("place", on=(place_key,), to=("place_key",), made=days_of("call_time")),
        "event": _reported("report_time", "finish_time"),
        "case": _reported("found_time", "dispatch_time", "close_time"),
        "accident": _reported("occurred_at"),
    },
)
def city_report(
    alarm: DataFrame = cleansed("public_security/alarm", optional=True),
    call: DataFrame = table("themes/public_safety/alarm", optional=True),
    order: DataFrame = cleansed("government_services/hotline", optional=True),
    place: DataFrame = table("themes/city_operations/hotline_address", optional=True),
    address: DataFrame = table("base/geography/address", optional=True),
    event: DataFrame = cleansed("integrated_governance/event", optional=True),
    case: DataFrame = cleansed("urban_management/case", optional=True),
    accident: DataFrame = cleansed("emergency/accident", optional=True),
    division: DataFrame = table("base/geography/division", optional=True),
    grid: DataFrame = table("base/geography/grid", optional=True),
    checkpoint: Checkpoint = CHECKPOINT,
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per report of an event, key report_no, columns CITY_REPORT. What is still to come has not happened."""
    told = [police(alarm, call), hotline(order, place, address), grid_workers(event), urban_management(case), emergency(accident)]
    reports = checkpoint(
        reduce(DataFrame.unionByName, told)
        .where(happened("reported_at", as_of))
        .withColumns(
            {
                c: F.when(happened(c, as_of) & (F.col(c) >= F.col("reported_at")), F.col(c))
                for c in ("assigned_at", "arrived_at", "closed_at")
            }
        )
        .withColumn("report_no", F.concat("source", F.lit(":"), "source_no"))
    )
    placed = within(within(reports, towns(division), "town"), grid.select("grid_no", "geometry"), "grid_no")
    return (
        fused(placed, checkpoint)
        .withColumn("reported", F.when(F.col("event_uid") == F.col("report_no"), "FIRST").otherwise("AGAIN"))
        .withColumn("day", F.col("reported_at").cast("date"))
        .withColumn("county6", F.coalesce(F.substring("town", 1, 6), "county6"))
        .select(*CITY_REPORT)
    )
