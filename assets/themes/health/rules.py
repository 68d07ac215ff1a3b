"""The detection rules of health archives: one small condition per rule over the facts of one archive (domain rules C5).

Here: the registry and the conditions; a new rule is one entry in rules.yaml and one function here. Not here: how the facts
are gathered (facts.py), what a hit leads to (archive.py, cleanup_list.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.base.population.records import sources
from assets.dates import EXTRACT, happened
from assets.themes.health.survivor import ARCHIVE


@dataclass(frozen=True)
class Needs:
    """What has to be in the lake before absence from it means anything: a table of persons, and those of so many other departments."""

    table: str
    departments: int

    def met(self, delivered: frozenset[str]) -> bool:
        return self.table in delivered and len(self.others(delivered)) >= self.departments

    def others(self, delivered: frozenset[str]) -> set[str]:
        """The other departments that have delivered records of persons besides the archives, which are in question themselves."""
        asked = {t.split("/")[0] for t in delivered & sources().keys() - {ARCHIVE}}
        return asked - {self.table.split("/")[0]}


@dataclass(frozen=True)
class DetectionRule:
    """One line of rules.yaml with its condition over the columns of facts.FACTS."""

    id: str
    kind: str
    title: str
    meaning: str
    automatic: bool
    action: str
    evidence: tuple[str, ...]
    family: str | None
    weight: float
    closed: bool
    needs: Needs | None
    condition: Callable[[Defaults], Column]

    def applies(self, delivered: frozenset[str]) -> bool:
        """Whether the delivered tables can decide the rule."""
        return self.needs is None or self.needs.met(delivered)


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


_CONDITIONS: dict[str, Callable[[Defaults], Column]] = {}


def rule(identifier: str) -> Callable[[Callable[[Defaults], Column]], Callable[[Defaults], Column]]:
    """Give the rule of rules.yaml its condition: Defaults -> boolean Column over facts.FACTS; NULL counts as no hit."""

    def register(condition: Callable[[Defaults], Column]) -> Callable[[Defaults], Column]:
        _CONDITIONS[identifier] = condition
        return condition

    return register


@cache
def catalogue() -> dict[str, Any]:
    """rules.yaml as it is: defaults, rules, states."""
    return yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text(encoding="utf-8"))


@cache
def defaults() -> Defaults:
    return Defaults(**catalogue()["defaults"])


@cache
def rules() -> dict[str, DetectionRule]:
    """Every rule by its id. Raises ValueError when data and functions do not name the same rules."""
    lines = catalogue()["rules"]
    if odd := set(lines) ^ set(_CONDITIONS):
        raise ValueError(f"rules.yaml and rules.py differ in {', '.join(sorted(odd))}")
    return {
        i: DetectionRule(
            id=i,
            kind=line["class"],
            title=line["zh"],
            meaning=line["en"],
            automatic=line["automatic"],
            action=line["action"],
            evidence=tuple(line["evidence"]),
            family=line.get("family"),
            weight=line.get("weight", 0.0),
            closed=line.get("closed", False),
            needs=Needs(**line["needs"]) if "needs" in line else None,
            condition=_CONDITIONS[i],
        )
        for i, line in lines.items()
    }


def not_applied(delivered: frozenset[str]) -> list[str]:
    """One sentence for each rule that the delivered tables cannot decide."""
    return [
        f"rule {r.id} ({r.meaning}) is not applied: it needs {r.needs.table} and the records of {r.needs.departments} other departments; "
        f"{r.needs.table} {'is' if r.needs.table in delivered else 'was never'} delivered, and "
        f"{', '.join(sorted(r.needs.others(delivered))) or 'no other department'}"
        for r in rules().values()
        if r.needs is not None and not r.applies(delivered)
    ]


def years_before(date: str, years: int) -> Column:
    return F.add_months(date, -12 * years)


@rule("U1")
def same_number_twice(_: Defaults) -> Column:
    return ~F.col("is_survivor") & (F.col("same_form") > 0)


@rule("U2")
def archive_number_on_two_persons(_: Defaults) -> Column:
    return F.col("number_on_two_persons")


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
    return F.col("id_error").startswith("E_") & (F.col("match") == "U")


@rule("F2")
def number_known_to_nobody(_: Defaults) -> Column:
    return F.col("id_no").isNotNull() & (F.col("other_sources") == 0)


@rule("F3")
def number_of_another_name(_: Defaults) -> Column:
    return (F.col("match") == "ID_NAME_CONFLICT") & F.col("number_in_police")


@rule("F4")
def placeholder(_: Defaults) -> Column:
    return F.array_contains("codes", "name:W_NAME_PLACEHOLDER") | (F.col("id_error") == "E_PLACEHOLDER")


@rule("F8")
def entered_by_account_not_in_service(d: Defaults) -> Column:
    return (F.col("service_count") > 0) & (F.col("not_in_service_count") >= F.col("service_count") * d.service_share)
