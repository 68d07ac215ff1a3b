"""What follows from the records that have changed is what would follow from all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.base.population import person as persons
from assets.base.population.changed_links import KEY, changed_links
from assets.base.population.changed_persons import changed_persons
from assets.base.population.death import changed_deaths, death
from assets.base.population.person import person
from assets.base.population.source_link import source_link
from tests.population.chain import SOURCES
from tests.population.cleansed import AS_OF, contract, frame, number, pseudonym
from tests.population.town import OF_DEATHS, OF_PERSONS, SINCE, Rows, Tables, Town, changes, updated


@pytest.mark.parametrize("seed", range(5))
def test_what_changed_records_say_is_what_all_would_say(
    spark: SparkSession, write: Callable[[DataFrame], DataFrame], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    town = Town(seed)

    def of(tables: Tables, names: tuple[str, ...]) -> Tables:
        return {n: tables[n] for n in names}

    def made(tables: Tables, as_of: date) -> tuple[DataFrame, DataFrame, DataFrame]:
        link = write(source_link(**tables, pseudonym=pseudonym, checkpoint=write))
        dead = write(death(link, **of(tables, OF_DEATHS), as_of=as_of, checkpoint=write))
        return link, dead, write(person(link, dead, **of(tables, OF_PERSONS), as_of=as_of, pseudonym=pseudonym, checkpoint=write))

    was = {n: write(f) for n, f in town.tables(spark).items()}
    links, deaths, people = made(was, SINCE)
    for _ in range(3):
        town.night()
    now = {n: write(f) for n, f in town.tables(spark).items()}
    linked, died, born = made(now, AS_OF)
    of_source = {n: contract(n).key for n in SOURCES}

    update = changed_links(changes(links, was, now, of_source), pseudonym=pseudonym, checkpoint=write, **now)
    assert updated(links, update, KEY) == sorted(linked.collect(), key=str)

    before = changes(deaths, {"link": links} | was, {"link": linked} | now, {"link": KEY} | of_source)
    update = changed_deaths(before, link=linked, **of(now, OF_DEATHS), as_of=AS_OF, checkpoint=write)
    assert updated(deaths, update, ("person_uid",)) == sorted(died.collect(), key=str)

    monkeypatch.setattr(persons, "LINKS_AT_ONCE", 7)  # in several parts, too
    whole = {"link": linked, "death": died}
    before = changes(people, {"link": links, "death": deaths} | was, whole | now, {"link": KEY, "death": ("person_uid",)} | of_source)
    update = changed_persons(before, **whole, **of(now, OF_PERSONS), as_of=AS_OF, pseudonym=pseudonym, checkpoint=write)
    assert updated(people, update, ("person_uid",)) == sorted(born.collect(), key=str)


PASSPORT = {"id_type": "03", "id_no_raw": "E1234567", "id_no_error": "E_LEN", "birth_date": "1910-05-05"}
VISIT = {"org_code": "o", "visit_no": "v", "name": "于甲乙", "card_no": "C1"}
TEACHER = {"card_no": "C1", "id_no": number(1), "name": "于甲乙", "status": "1"}
SECOND = {"card_no": "C2", "id_no": number(2), "name": "丙丁戊", "status": "1", "social_card_no": "C1"}
ARCHIVE, CERTIFICATE = {"ehr_no": "e", "empi_id": "a", "name": "ANNA", **PASSPORT}, {"cert_no": "d", "name": "ANNA", **PASSPORT}
STORIES: dict[str, tuple[Rows, Rows, dict[str, str]]] = {
    "the card that said whose visit it was is gone": (
        {"card": [TEACHER], "visit": [VISIT]}, {"visit": [VISIT]}, {"o|v": "NONE"},
    ),
    "of two cards that said different things one is gone": (
        {"card": [TEACHER, SECOND], "visit": [VISIT]}, {"card": [TEACHER], "visit": [VISIT]}, {"o|v": "M3"},
    ),
    "a card now is somebody else's": (
        {"card": [TEACHER], "visit": [VISIT]}, {"card": [TEACHER | {"id_no": number(2)}], "visit": [VISIT]}, {"o|v": "M3"},
    ),
    "the archive that introduced a passport is gone": (
        {"archive": [ARCHIVE], "certificate": [CERTIFICATE]}, {"certificate": [CERTIFICATE]}, {"d": "NONE"},
    ),
    "the police now spell a name as the archive did not": (
        {"resident": [{"person_no": "r", "id_no": number(1), "name": "于甲乙"}],
         "archive": [{"ehr_no": "e", "empi_id": "a", "id_no": number(1), "name": "于甲乙"}]},
        {"resident": [{"person_no": "r", "id_no": number(1), "name": "丙丁戊"}],
         "archive": [{"ehr_no": "e", "empi_id": "a", "id_no": number(1), "name": "于甲乙"}]}, {"r": "M1", "e|a": "ID_NAME_CONFLICT"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_a_record_changes_what_others_are_taken_for(spark: SparkSession, write: Callable[[DataFrame], DataFrame], story: str) -> None:
    before, after, told = STORIES[story]
    was, now = ({n: write(frame(spark, n, rows.get(n, []))) for n in SOURCES} for rows in (before, after))
    links, linked = (write(source_link(**tables, pseudonym=pseudonym, checkpoint=write)) for tables in (was, now))
    update = changed_links(changes(links, was, now, {n: contract(n).key for n in SOURCES}), pseudonym=pseudonym, checkpoint=write, **now)
    rows = updated(links, update, KEY)
    assert rows == sorted(linked.collect(), key=str)
    assert {r.source_key: r.match for r in rows if r.source_key in told} == told
