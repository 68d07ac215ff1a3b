"""What follows from the records that have changed is what would follow from all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.base.population import person as persons
from assets.base.population.changed_links import KEY, changed_links
from assets.base.population.changed_persons import changed_persons
from assets.base.population.death import changed_deaths, death
from assets.base.population.person import person
from assets.base.population.source_link import source_link
from assets.declare import Changes
from assets.lookup import unlike, without
from tests.population.chain import SOURCES
from tests.population.cleansed import AS_OF, contract, frame, number, pseudonym

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, DataFrame]
NAMES = ("于甲乙", "于甲己", "丙丁戊", "庚辛壬", None)
DAYS = ("2018-12-30", "2018-12-31", "2019-01-01", "2019-06-01", "2019-12-20", "2019-12-31", "2020-01-01")
SINCE = AS_OF.replace(day=30)
OF_DEATHS, OF_PERSONS = (
    ("certificate", "cancellation", "cremation", "pension", "archive", "visit"),
    ("resident", "archive", "card", "visit"),
)


class Town:
    """Records that share few numbers, cards, documents and names, so that everything meets everything."""

    def __init__(self, seed: int) -> None:
        self.random, self.made = Random(seed), 0
        self.rows: Rows = {name: [] for name in SOURCES}
        for name in SOURCES:
            for _ in range(self.random.randint(3, 9)):
                self.rows[name].append(self._row(name))

    def _row(self, name: str) -> dict[str, Any]:
        pick, self.made = self.random.choice, self.made + 1
        n = self.made
        id_no = pick([number(1), number(2), None])
        document = {"id_type": "03", "id_no_raw": pick(["E1234567", "E7654321"]), "id_no_error": "E_LEN", "birth_date": "1910-05-05"}
        said = {"id_no": id_no, "_business_date": AS_OF, "_batch_id": pick(["b1", "b2"])}
        card = pick(["C1", "C2", None])
        own = {
            "resident": lambda: {"person_no": f"r{n}", "former_name": pick(NAMES), "hukou_div": pick(["321003", None])},
            "cancellation": lambda: {"id_no": id_no or number(4), "cancel_date": f"{date(2019, 6, 1) + timedelta(n)}"},
            "pension": lambda: {"pay_month": "201911", "person_no": pick(["p1", "p2"]), "item": f"{n}"},
            "archive": lambda: {
                "ehr_no": f"e{n}", "empi_id": "a", "status": pick(["0", "0", "1"]), "dead_flag": pick(["1", None]),
                "dead_date": pick(["2019-11-01", None]), **({} if id_no else document),
            },
            "certificate": lambda: {"cert_no": f"d{n}", "death_datetime": "2019-11-02T04:00:00", **({} if id_no else document)},
            "visit": lambda: {
                "org_code": "o", "visit_no": f"v{n}", "visit_time": f"{pick(DAYS)}T08:00:00", "card_no": card,
                **({} if id_no else document),
            },
            "card": lambda: {"card_no": f"C{n}", "social_card_no": pick(["C1", "C2"]), "status": "1"},
            "cremation": lambda: {"cremation_no": f"k{n}", "deceased_name": pick(NAMES), "cremation_date": "2019-11-03"},
        }  # fmt: skip
        name_column = {} if name == "cremation" else {"name": pick(NAMES)}
        return {**said, **name_column, **own[name]()}

    def tables(self, spark: SparkSession) -> Tables:
        return {name: frame(spark, name, rows) for name, rows in self.rows.items()}

    def night(self) -> None:
        """Of some tables a record changes, or only its place; one goes, one comes."""
        for name in self.random.sample(SOURCES, self.random.randint(1, 4)):
            rows, n = self.rows[name], self.random.randrange(len(self.rows[name]))
            what = self.random.choice(["changes", "moves", "goes", "comes"])
            if what == "changes":
                kept = [c for c in rows[n] if c in contract(name).key]
                rows[n] = {**self._row(name), **{c: rows[n][c] for c in kept}, "_batch_id": "b3"}
            elif what == "moves":
                rows[n] = {**rows[n], "_batch_id": "b3"}
            elif what == "goes":
                rows[n] = {**rows[n], "_gone": True}
                self.rows[name] = [r for r in rows if "_gone" not in r]
            else:
                rows.append(self._row(name))


@pytest.fixture
def write(spark: SparkSession, tmp_path: Path) -> Callable[[DataFrame], DataFrame]:
    """As a night writes rows down in the middle of a step."""

    def checkpoint(rows: DataFrame) -> DataFrame:
        where = str(tmp_path / uuid4().hex)
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    return checkpoint


def changes(before: DataFrame, was: Tables, now: Tables, keys: dict[str, tuple[str, ...]]) -> Changes:
    return Changes(
        before, SINCE, {n: unlike(now[n], was[n], keys[n]) for n in now}, {n: unlike(was[n], now[n], keys[n]) for n in now}
    )  # fmt: skip


def updated(before: DataFrame, update: Any, key: tuple[str, ...]) -> list[Any]:
    stays = without(without(before, update.keys, key), update.rows, key)
    return sorted([*stays.collect(), *update.rows.select(*before.columns).collect()], key=str)


@pytest.mark.parametrize("seed", range(5))
def test_what_changed_records_say_is_what_all_would_say(
    spark: SparkSession, write: Callable[[DataFrame], DataFrame], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    town = Town(seed)

    def of(tables: Tables, names: tuple[str, ...]) -> Tables:
        return {n: tables[n] for n in names}

    def made(tables: Tables, as_of: date) -> tuple[DataFrame, DataFrame, DataFrame]:
        link = write(source_link(**tables, pseudonym=pseudonym, checkpoint=write))
        dead = write(
            death(link, *[tables[n] for n in ("certificate", "cancellation", "cremation", "pension", "archive", "visit")], as_of, write)
        )
        return (
            link,
            dead,
            write(person(link, dead, *[tables[n] for n in ("resident", "archive", "card", "visit")], as_of, pseudonym, write)),
        )

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
