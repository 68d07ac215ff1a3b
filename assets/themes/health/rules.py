"""The detection rules of health archives: one small condition per rule over the facts of one archive (domain rules C5).

Here: thresholds and conditions; a new rule is one entry in rules.yaml and one function here. Not here: reading the table and what
follows from it (`assets.rules`), how the facts are gathered (facts.py), what a hit leads to (archive.py, cleanup_list.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.base.population.records import sources
from assets.dates import EXTRACT, happened
from assets.rules import Conditions, read_rules
from assets.themes.health.survivor import ARCHIVE
from contracts.kinds import Kind


@dataclass(frozen=True)
class Defaults:
    """The thresholds of rules.yaml; units: days, years, shares of 1, scores of 1."""

    grace_days: int
    dormant_years: int
    service_share: float
    suspect_score: float
    confirm_score: float
    confirm_families: int
    medical_years: int


rule = Conditions[Defaults]()
"""Conditions over the columns of facts.FACTS."""


def others() -> frozenset[str]:
    """The tables that speak of persons besides the archives, which are in question themselves."""
    return frozenset(sources().keys() - {ARCHIVE})


def years_before(date: str, years: int) -> Column:
    return F.add_months(date, -12 * years)


@rule("U1")
def same_number_twice(_: Defaults) -> Column:
    return ~F.col("is_survivor") & (F.col("same_form") > 0)


@rule("U2")
def archive_number_on_two_persons(_: Defaults) -> Column:
    return F.col("number_on_two_persons")


@rule("U3")
def same_words_twice(_: Defaults) -> Column:
    return F.col("same_words").isNotNull()


@rule("U4")
def fifteen_and_eighteen_digits(_: Defaults) -> Column:
    return ~F.col("is_survivor") & (F.col("other_form") > 0)


@rule("X1")
def dead_and_open(d: Defaults) -> Column:
    return F.col("is_sure") & (F.col("as_of") > F.date_add("death_date", d.grace_days))


@rule("X2")
def served_after_death(_: Defaults) -> Column:
    return F.col("after_death_count") > 0


@rule("X3")
def created_after_death(_: Defaults) -> Column:
    return F.col("is_sure") & happened("create_date", "as_of", EXTRACT) & (F.col("create_date") > F.col("death_date"))


@rule("X4")
def flagged_dead_but_seen(_: Defaults) -> Column:
    return F.col("seen_alive")


@rule("X5")
def death_one_character_off(_: Defaults) -> Column:
    """The death is stated under a name one character off the archive's, or the archive's name is one off that of the dead."""
    edited = (F.col("match") == "M1B") & (F.col("match_reason") == "ONE_EDIT")
    return F.col("edited_hint") | (edited & F.col("death_date").isNotNull())


@rule("X6")
def probably_dead(_: Defaults) -> Column:
    """The person that an archive without a usable number probably speaks of is dead, or a statement of death without one speaks of the
    archive's."""
    return F.col("is_probably_dead") & F.col("death_date").isNull()


@rule("N1")
def number_to_be_corrected(_: Defaults) -> Column:
    return F.col("is_found")


@rule("D1")
def never_used(d: Defaults) -> Column:
    unused = F.col("last_event_date").isNull() | (F.col("last_event_date") <= F.col("created_on"))
    return (F.col("created_on") <= years_before("as_of", d.dormant_years)) & unused


@rule("D2")
def long_unused(d: Defaults) -> Column:
    used = F.col("created_on").isNull() | (F.col("last_event_date") > F.col("created_on"))
    return used & (F.col("last_event_date") < years_before("as_of", d.dormant_years))


@rule("F1")
def invalid_number_matches_nobody(_: Defaults) -> Column:
    return F.col("id_error").startswith("E_") & (F.col("match") == "U") & ~F.col("is_found")


@rule("F2")
def number_known_to_nobody(_: Defaults) -> Column:
    return F.col("id_no").isNotNull() & (F.col("other_sources") == 0)


@rule("F3")
def number_of_another_name(_: Defaults) -> Column:
    return (F.col("match") == "ID_NAME_CONFLICT") & F.col("number_in_police")


@rule("F4")
def placeholder(_: Defaults) -> Column:
    """A number typed to get past a form is no sign of a fake where everything else of the archive is that of a known person."""
    number = (F.col("id_error") == "E_PLACEHOLDER") & ~F.col("is_found")
    return F.array_contains("codes", "name:W_NAME_PLACEHOLDER") | number


@rule("F8")
def entered_by_account_not_in_service(d: Defaults) -> Column:
    return (F.col("service_count") > 0) & (F.col("not_in_service_count") >= F.col("service_count") * d.service_share)


RULES = read_rules(Path(__file__).with_name("rules.yaml"), Defaults, rule, own={"close": Kind.SETTINGS}, witnesses=others)
