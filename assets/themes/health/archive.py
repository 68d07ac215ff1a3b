"""The state of every health archive: fake, dead, duplicate, dormant or active, and why (domain rules C5).

Here: what makes an archive fake besides single rules, what the lake proposes to do. Not here: the rules (rules.py), how hits, score and
one state by precedence follow from them (`assets.rules`), the work list for institutions (cleanup_list.py). Nothing is deleted: a
proposal is a status with a reason, restorable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import of_linked_person
from assets.declare import AS_OF, CHECKPOINT, SOURCES, cleansed, lake_asset, table
from assets.themes.health import survivor
from assets.themes.health.facts import facts, same_words
from assets.themes.health.rules import RULES, years_before
from assets.themes.health.service import VISIT
from assets.touch import SELF, Cell, EveryDate, Turn, named, own, units

ARCHIVE = (
    "ehr_no", "empi_id", "person_uid", "state", "also", "rules", "fake_score", "is_automatic", "pending", "close_reason", "close_date",
    "survivor_ehr_no", "survivor_empi_id", "merged_from", "death_date", "death_grade", "create_date", "last_event_date", "event_count",
    "county6", "mana_org", "_source_file", "_row_no", "_batch_id",
)  # fmt: skip


def _special() -> dict[str, Column]:
    """The conditions of states to which not only rules lead."""
    d = RULES.thresholds
    seen = F.coalesce(F.col("last_visit_date") >= years_before("as_of", d.medical_years), F.lit(False))
    by_score = (F.col("fake_score") >= d.confirm_score) & (F.col("families") >= d.confirm_families) & ~seen
    confirmed = RULES.hit(*RULES.states["FAKE_CONFIRMED"].by) | by_score
    suspect = (F.col("fake_score") >= d.suspect_score) & ~confirmed
    return {"CLOSED": ~F.col("open"), "FAKE_CONFIRMED": confirmed, "FAKE_SUSPECT": suspect}


def with_proposal(frame: DataFrame) -> DataFrame:
    """Reason and date of closing; is_automatic: a rule that acts by itself leads to the state; pending: within the days of grace."""
    reason, closed_on, automatic = F.lit(None).cast("string"), F.lit(None).cast("date"), F.lit(False)
    for state in RULES.states.values():
        if close := state.own.get("close"):
            here = F.col("state") == state.name
            reason = F.when(here, close["reason"]).otherwise(reason)
            closed_on = F.when(here, F.col(close["date"])).otherwise(closed_on)
            automatic = F.when(here, RULES.hit(*[r for r in state.by if RULES.rules[r].automatic])).otherwise(automatic)
    grace = F.col("open") & F.col("is_sure") & (F.col("as_of") <= F.date_add("death_date", RULES.thresholds.grace_days))
    closed = F.col("state") == "CLOSED"
    return (
        frame.withColumn("close_reason", F.when(closed, F.col("cancel_reason")).otherwise(reason))
        .withColumn("close_date", F.when(closed, F.col("cancel_date")).otherwise(closed_on))
        .withColumn("is_automatic", automatic)
        .withColumn("pending", F.coalesce(grace, F.lit(False)))
    )


def _proposed_for_the_date() -> Column:
    """A proposal whose date of closing is that of the run."""
    dated = [state.name for state in RULES.states.values() if state.own.get("close", {}).get("date") == "as_of"]
    return F.col("state").isin(*dated)


def _of_link() -> Column:
    """The units of a link: the person of an archive; and the number, of which the archives count the sources that know it."""
    person = F.when(F.col("source_table") == survivor.ARCHIVE, F.concat(F.lit("person:"), "person_uid"))
    return named(person, F.concat(F.lit("id:"), "id_no"))


def _of_service() -> Column:
    """The units of a service: the archive it was given under and the one it moves to; of a visit the person."""
    given = [F.when(F.col("service_kind") != VISIT, F.concat(F.lit("number:"), c)) for c in ("ehr_no", "survivor_ehr_no")]
    seen = F.when(F.col("service_kind") == VISIT, F.concat(F.lit("person:"), "person_uid"))
    return F.array_distinct(named(*given, seen))


def _of_scored() -> Column:
    """The units of a candidate: the number of its archive; of a statement of death the person of whom it probably speaks."""
    return named(survivor.number_unit(), F.concat(F.lit("person:"), "candidate_uid"))


def _thresholds(column: Cell) -> tuple[Turn, ...]:
    """The dates at which an event happens, is long ago (rules D1, D2), and is too long ago to speak against a fake (domain rules C5)."""
    d = RULES.thresholds
    return tuple(Turn(column, months=12 * years) for years in (0, d.dormant_years, d.medical_years))


@lake_asset(
    "themes/health/archive",
    unit=units(number="ehr_no"),
    touch={
        "delivered": (
            own(number="ehr_no", id="id_no", alike=same_words, turns=(*_thresholds("create_date"), *_thresholds("input_time"))),
            of_linked_person(survivor.ARCHIVE),
        ),
        "link": own(_of_link, reads=("person_uid", "match", "match_reason", "id_no")),
        "person": own(person="person_uid", reads=("hukou_div",)),
        "death": own(person="person_uid", turns=(Turn("death_date"), Turn("death_date", days=RULES.thresholds.grace_days))),
        "service": own(_of_service, turns=_thresholds("service_date")),
        "scored": own(_of_scored),
        SELF: own(number="ehr_no", narrows=False, turns=(EveryDate(_proposed_for_the_date),)),
    },
    whole_above=0.001,  # made whole it takes less than half of the time
    spread=80,
    not_applied=RULES.not_applied,
)  # fmt: skip
def archive(
    delivered: DataFrame = cleansed("health/archive"),
    link: DataFrame = table("base/population/source_link"),
    person: DataFrame = table("base/population/person"),
    death: DataFrame = table("base/population/death"),
    service: DataFrame = table("themes/health/service", optional=True),
    scored: DataFrame = table("base/population/scored_match"),
    as_of: date = AS_OF,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
    sources: frozenset[str] = SOURCES,
) -> DataFrame:
    """One row per row of health/archive, key (ehr_no, empi_id), columns ARCHIVE; exactly one state each."""
    return (
        facts(delivered, link, person, death, service, scored, as_of, checkpoint)
        .transform(RULES.with_hits, sources, F.col("open"))
        .transform(RULES.with_score, "fake_score")
        .transform(RULES.with_state, _special())
        .transform(with_proposal)
        .select(*ARCHIVE)
    )
