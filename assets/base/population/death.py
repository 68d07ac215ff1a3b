"""Who has died, and when: one row per dead person, fused from every department that knows (domain rules C6).

Here: evidence, grades, the choice of a date, signs of life. Not here: what a death does to an archive (themes/health).
Evidence whose number is under another person's name (ID_NAME_CONFLICT) is never used: it would close a living person. On a
doubtful link it is a hint (C) that no other hint raises. Whoever was seen alive afterwards is not dead before people decide.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import of_linked_person, source_key
from assets.base.population.source_link import CONFLICT, M2, is_sure
from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.linkage import of_first, value_of
from assets.touch import Turn, own, units
from quality.lineage import LINEAGE
from standards.identity import birth_of
from standards.tables import looked_up

CONFLICT_DAYS = 7
CONTRADICTED = "CONFLICT"
"""Status of a death of grade A or B after which the person was seen alive: for people to decide."""
PAIR_MONTHS = 12
"""Two hints of grade C speak of one death when their dates are within a year: a pension stops when somebody notices."""
LIFE_DAYS = 7
LIFE_EVIDENCE_KEPT = 10
YES, REASON_DEATH_POLICE, REASON_DEATH_PENSION = "1", "01", "01"
DAY, BEFORE_CREMATION, MONTH, CANCELLED = "DAY", "BEFORE_CREMATION", "MONTH", "CANCEL_DATE"
PRECISION = {DAY: 0, BEFORE_CREMATION: 1, MONTH: 2, CANCELLED: 3}
"""Kinds of date, the best first. CANCEL_DATE is the day of the entry, the latest day the death can have been."""
INEXACT = (BEFORE_CREMATION, CANCELLED)
INVALID = {"future": "INVALID_FUTURE", "birth": "INVALID_BEFORE_BIRTH"}
EVIDENCE = {
    "health/death_certificate": (1, "health"),
    "public_security/death_cancellation": (2, "public_security"),
    "civil_affairs/cremation": (3, "civil_affairs"),
    "human_resources/pension_payment": (4, "human_resources"),
    "health/archive": (5, "health"),
}
"""Source -> (order that settles ties, department: two grade C of different departments are independent)."""
SOURCE = ("source_table", "source_key", "grade", "death_date", "date_kind", "_source_file", "_row_no")
LIFE = ("source_table", "source_key", "event_date", "_source_file", "_row_no")


def _of_certificate(frame: DataFrame) -> DataFrame:
    return frame.select("*", F.lit("A").alias("grade"), F.to_date("death_datetime").alias("dead_on"), F.lit(DAY).alias("date_kind"))


def _of_cancellation(frame: DataFrame) -> DataFrame:
    dated = F.col("death_date").isNotNull()
    return frame.where(F.coalesce(F.col("cancel_reason"), F.lit(REASON_DEATH_POLICE)) == REASON_DEATH_POLICE).select(
        "*",
        F.when(dated, "A").otherwise("B").alias("grade"),
        F.coalesce("death_date", "cancel_date").alias("dead_on"),
        F.when(dated, DAY).otherwise(CANCELLED).alias("date_kind"),
    )


def _of_cremation(frame: DataFrame) -> DataFrame:
    return frame.select(
        "*",
        F.lit("B").alias("grade"),
        F.coalesce(F.col("death_date"), F.date_sub("cremation_date", 1)).alias("dead_on"),
        F.when(F.col("death_date").isNotNull(), DAY).otherwise(BEFORE_CREMATION).alias("date_kind"),
    )


def _of_pension(frame: DataFrame) -> DataFrame:
    """The benefit ends the month after the death (domain rules B4): the last day of the month before stop_month."""
    stopped = frame.where((F.col("stop_flag") == YES) & (F.col("stop_reason") == REASON_DEATH_PENSION))
    return stopped.select("*", F.lit("C").alias("grade"), last_paid_day().alias("dead_on"), F.lit(MONTH).alias("date_kind"))


def last_paid_day() -> Column:
    """The day before the month `stop_month` (yyyyMM)."""
    first = F.concat_ws("-", F.substring("stop_month", 1, 4), F.substring("stop_month", 5, 2), F.lit("01")).try_cast("date")
    return F.date_sub(first, 1)


def _of_archive(frame: DataFrame) -> DataFrame:
    flagged = frame.where(F.col("dead_flag") == YES)
    return flagged.select("*", F.lit("C").alias("grade"), F.col("dead_date").alias("dead_on"), F.lit(DAY).alias("date_kind"))


READERS = {
    "health/death_certificate": _of_certificate,
    "public_security/death_cancellation": _of_cancellation,
    "civil_affairs/cremation": _of_cremation,
    "human_resources/pension_payment": _of_pension,
    "health/archive": _of_archive,
}


def evidence(frames: dict[str, DataFrame], link: DataFrame) -> DataFrame:
    """Every usable statement that a person is dead: SOURCE, EXTRACT, person_uid, birth, order, department. Unlinked ones are left out."""

    def read(name: str, frame: DataFrame) -> DataFrame:
        order, department = EVIDENCE[name]
        born = F.when(happened("birth_date", EXTRACT), F.col("birth_date")) if "birth_date" in frame.columns else F.lit(None).cast("date")
        return READERS[name](frame).select(
            F.lit(name).alias("source_table"),
            source_key(name).alias("source_key"),
            "grade",
            F.col("dead_on").alias("death_date"),
            "date_kind",
            "_source_file",
            F.col("_row_no").cast("bigint").alias("_row_no"),
            EXTRACT,
            born.alias("stated_birth"),
            F.lit(order).alias("order"),
            F.lit(department).alias("department"),
        )

    statements = reduce(DataFrame.unionByName, [read(name, frame) for name, frame in frames.items()])
    only_a_document = (F.col("match") == M2) & ~is_sure()
    usable = link.where(F.col("person_uid").isNotNull() & (F.col("match") != CONFLICT) & ~only_a_document)
    usable = usable.select("source_table", "source_key", "person_uid", "id_no", is_sure().alias("sure"))
    linked = statements.join(usable, ["source_table", "source_key"]).withColumn(
        "grade", F.when(F.col("sure"), F.col("grade")).otherwise("C")
    )
    return linked.withColumn("birth", F.coalesce(birth_of(F.col("id_no")), "stated_birth")).drop("stated_birth", "id_no")


def with_validity(statements: DataFrame, as_of: date) -> DataFrame:
    """A date after `as_of`, after the extract or before the birth makes a statement invalid; it stays visible by its date_kind."""
    kind = (
        F.when(F.col("death_date").isNotNull() & ~happened("death_date", as_of, EXTRACT), INVALID["future"])
        .when(F.col("death_date") < F.col("birth"), INVALID["birth"])
        .otherwise(F.col("date_kind"))
    )
    return statements.withColumn("date_kind", kind).withColumn("valid", ~F.col("date_kind").isin(*INVALID.values()))


def with_weight(statements: DataFrame) -> DataFrame:
    """`weight`: the grade, B for the hints that a hint of another department confirms. Both on sure links, within PAIR_MONTHS."""
    hints = statements.where(F.col("valid") & F.col("sure") & (F.col("grade") == "C") & F.col("death_date").isNotNull())
    mine = hints.select("person_uid", "source_table", "source_key", "department", "death_date")
    other = hints.select("person_uid", F.col("department").alias("other_department"), F.col("death_date").alias("other_date"))
    first, last = F.least("death_date", "other_date"), F.greatest("death_date", "other_date")
    near = last <= F.add_months(first, PAIR_MONTHS)
    pairs = mine.join(other, "person_uid").where((F.col("department") != F.col("other_department")) & near)
    confirmed = pairs.select("person_uid", "source_table", "source_key", F.lit("B").alias("raised")).distinct()
    joined = statements.transform(left_join_lookup, confirmed, ["person_uid", "source_table", "source_key"])
    return joined.withColumn("weight", F.coalesce(F.when(F.col("valid"), F.col("raised")), F.col("grade"))).drop("raised")


def fused(statements: DataFrame) -> DataFrame:
    """One row per person: grade, date of the best grade (ties: better kind of date, order of sources, earliest), all sources."""
    precision = F.coalesce(looked_up(PRECISION, F.col("date_kind")), F.lit(len(PRECISION)))
    undated, dated = F.col("death_date").isNull().cast("int"), F.coalesce(F.col("death_date").cast("string"), F.lit(""))
    rank = F.concat_ws("|", "weight", undated, precision, "order", dated, "source_key")
    valid, exact = F.col("valid"), F.col("valid") & F.col("grade").isin("A", "B") & ~F.col("date_kind").isin(*INEXACT)
    per_person = statements.groupBy("person_uid").agg(
        of_first(F.when(valid, rank), F.col("weight"), F.col("death_date")).alias("best"),
        F.datediff(F.max(F.when(exact, F.col("death_date"))), F.min(F.when(exact, F.col("death_date")))).alias("spread"),
        F.sort_array(F.collect_list(F.struct(*SOURCE))).alias("sources"),
    )
    status = F.when(F.col("best").isNull(), "INVALID").when(F.col("grade").isin("A", "B"), "CONFIRMED").otherwise("CANDIDATE")
    return (
        per_person.withColumn("grade", value_of("best", 0, 2))
        .withColumn("status", status)
        .withColumn("death_date", value_of("best", 1, 2).cast("date"))
        .withColumn("date_conflict", F.coalesce(F.col("spread") > CONFLICT_DAYS, F.lit(False)))
    )


def with_contradiction(deaths: DataFrame) -> DataFrame:
    """X4: a death after which the person was seen alive is not confirmed; it waits for people, whatever its grade."""
    contradicted = (F.col("status") == "CONFIRMED") & (F.size("life_evidence") > 0)
    status = F.when(contradicted, CONTRADICTED).otherwise(F.col("status"))
    return deaths.withColumn("status", status).withColumn("is_candidate", F.col("status") == "CANDIDATE")


def with_life_evidence(deaths: DataFrame, visit: DataFrame, link: DataFrame, as_of: date) -> DataFrame:
    """Visits in person (own valid number) more than LIFE_DAYS days after the death: X4. At most the first ten are kept."""
    mine = link.where((F.col("source_table") == "health/outpatient_visit") & F.col("match").isin("M1", "M1B"))
    mine = deaths.select("person_uid", "death_date").join(mine, "person_uid")
    seen = visit.where(happened("visit_time", as_of, EXTRACT)).select(
        source_key("health/outpatient_visit").alias("source_key"), F.to_date("visit_time").alias("event_date")
    )
    event = F.struct("event_date", "source_table", "source_key", "_source_file", "_row_no")
    first = F.slice(F.sort_array(F.collect_list(event)), 1, LIFE_EVIDENCE_KEPT)
    alive = (
        mine.join(seen, "source_key")
        .where(F.col("event_date") > F.date_add("death_date", LIFE_DAYS))
        .groupBy("person_uid")
        .agg(F.transform(first, lambda e: F.struct(*[e[c].alias(c) for c in LIFE])).alias("life_evidence"))
    )
    nothing = F.array().cast("array<struct<source_table:string,source_key:string,event_date:date,_source_file:string,_row_no:bigint>>")
    return deaths.transform(left_join_lookup, alive, "person_uid").withColumn("life_evidence", F.coalesce("life_evidence", nothing))


@lake_asset(
    "base/population/death",
    unit=units(person="person_uid"),
    touch={
        "link": own(person="person_uid", reads=("person_uid", "match", "match_reason", "id_no", "name", *LINEAGE)),
        "certificate": of_linked_person("health/death_certificate", turns=(Turn("death_datetime"),)),
        "cancellation": of_linked_person("public_security/death_cancellation", turns=(Turn("death_date"), Turn("cancel_date"))),
        "cremation": of_linked_person("civil_affairs/cremation", turns=(Turn("death_date"), Turn("cremation_date", days=-1))),
        "pension": of_linked_person("human_resources/pension_payment", turns=(Turn(last_paid_day),)),
        "archive": of_linked_person("health/archive", turns=(Turn("dead_date"),)),
        "visit": of_linked_person("health/outpatient_visit", turns=(Turn("visit_time"),)),
    },
    whole_above=0.001,  # made whole it takes a fifth of the time in which six inputs are narrowed
    spread=7,
)
def death(
    link: DataFrame = table("base/population/source_link"),
    certificate: DataFrame = cleansed("health/death_certificate", optional=True),
    cancellation: DataFrame = cleansed("public_security/death_cancellation", optional=True),
    cremation: DataFrame = cleansed("civil_affairs/cremation", optional=True),
    pension: DataFrame = cleansed("human_resources/pension_payment", optional=True),
    archive: DataFrame = cleansed("health/archive", optional=True),
    visit: DataFrame = cleansed("health/outpatient_visit", optional=True),
    as_of: date = AS_OF,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per person of whom somebody says they are dead, key person_uid.

    grade A, B, C; status CONFIRMED (A, B), CANDIDATE (a single C), CONFLICT (seen alive afterwards), INVALID (every stated date
    after `as_of`, after its own extract, or before the birth); date_conflict: exact dates of grade A and B more than seven
    days apart; sources: every statement; life_evidence: visits after the death.
    """
    frames = {
        "health/death_certificate": certificate,
        "public_security/death_cancellation": cancellation,
        "civil_affairs/cremation": cremation,
        "human_resources/pension_payment": pension,
        "health/archive": archive,
    }
    return (
        checkpoint(evidence(frames, link).transform(with_validity, as_of))
        .transform(with_weight)
        .transform(fused)
        .transform(checkpoint)
        .transform(with_life_evidence, visit, link, as_of)
        .transform(with_contradiction)
        .select("person_uid", "death_date", "grade", "status", "is_candidate", "date_conflict", "sources", "life_evidence")
    )
