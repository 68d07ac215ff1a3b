"""The persons of whom a night may say something new, and no others (domain rules D1, D2).

Here: which those are. What they look like is said by person, of their links only: all that it knows of a person comes by their links.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.changed_links import KEY
from assets.base.population.person import RESIDENCE_MONTHS, TABLES, person
from assets.base.population.records import source_key
from assets.declare import Changes, Update, update_of
from assets.joins import distinct_keys, semi_join

SEEN = {**TABLES, "visit": "health/outpatient_visit"}
"""The arguments of `person` that are records, and their tables."""


def turning(visit: DataFrame, since: date, as_of: date) -> DataFrame:
    """The visits that have begun or ceased to prove a residence because the date is another one."""
    on, (earlier, later) = F.to_date("visit_time"), sorted((since, as_of))
    ends = [F.add_months(F.lit(day), -RESIDENCE_MONTHS) for day in (earlier, later)]
    return visit.where(((on > F.lit(earlier)) & (on <= F.lit(later))) | ((on > ends[0]) & (on <= ends[1])))


@update_of("base/population/person")
def changed_persons(
    changes: Changes, as_of: date, pseudonym: Callable[[Column], Column], checkpoint: Callable[[DataFrame], DataFrame],
    **inputs: DataFrame,
) -> Update:  # fmt: skip
    """The persons of changed links, deaths and records, and those whose proof of residence begins or ends with the date."""
    link = inputs["link"]
    told = [rows[argument].select("person_uid") for rows in (changes.came, changes.was) for argument in ("link", "death")]
    changed = [(table, rows[argument]) for rows in (changes.came, changes.was) for argument, table in SEEN.items()]
    seen = [
        rows.select(F.lit(table).alias("source_table"), source_key(table).alias("source_key"))
        for table, rows in (*changed, (SEEN["visit"], turning(inputs["visit"], changes.since, as_of)))
    ]
    told.append(semi_join(link, distinct_keys(*seen), KEY).select("person_uid"))
    touched = checkpoint(distinct_keys(*told))
    mine = checkpoint(semi_join(link, touched, ["person_uid"]))
    return Update(touched, person(**{**inputs, "link": mine}, as_of=as_of, pseudonym=pseudonym, checkpoint=checkpoint))
