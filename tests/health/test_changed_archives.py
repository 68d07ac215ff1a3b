"""What follows for archives from what has changed is what would follow from all of them.

A street of many people who have little to do with each other, so that what one change touches is touched by that change alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.health.archive import archive
from assets.themes.health.changed_archives import changed_archives
from contracts.loader import load
from contracts.refused import ROOT
from tests.population.cleansed import AS_OF, frame, number
from tests.population.town import SINCE, changes, updated

TABLES = {
    "link": "base/population/source_link", "person": "base/population/person", "death": "base/population/death",
    "service": "themes/health/service",
}  # fmt: skip
KEYS = {
    "delivered": ("ehr_no", "empi_id"), "link": ("source_table", "source_key"), "person": ("person_uid",), "death": ("person_uid",),
    "service": ("service_kind", "service_no"),
}  # fmt: skip
ARCHIVE = KEYS["delivered"]
PEOPLE, CHANGES = 90, 16
CREATED = ("2017-12-29", "2017-12-31", None, *["2010-06-01", "2019-06-01"] * 4)
SERVED = (
    "2014-12-30",
    "2014-12-31",
    "2017-12-30",
    "2017-12-31",
    "2019-12-31",
    "2020-01-01",
    *["2012-06-01", "2016-06-01", "2019-06-01"] * 3,
)
DIED = ("2019-11-30", "2019-12-01", *["2019-06-01"] * 3)
"""Around the limits that the rules have on the last two days of 2019, and far from them."""
SEEN = [("health/outpatient_visit", "v", date(2019, 12, 1), "visits.csv", 1)]
Rows = list[dict[str, Any]]


class Street:
    """One archive and a police record of most, a second archive of some; few services, visits and deaths."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rows: dict[str, Rows] = {name: [] for name in KEYS}
        for person in range(PEOPLE):
            self.rows["person"].append(self.person(person))
            for nth in range(self.random.choice([1, 1, 2])):
                self.rows["delivered"].append(self.archive(person, nth))
                self.rows["link"].append(self.link("health/archive", f"{self.number(person, nth)}|a{person}{nth}", person))
            for source in ("public_security/resident", "citizen_card/card"):
                if self.random.random() < 0.6:
                    self.rows["link"].append(self.link(source, f"{person}", person))
            for nth in range(self.random.choice([0, 0, 1, 2])):
                self.rows["service"].append(self.service(person, nth))
            if self.random.random() < 0.3:
                self.rows["death"].append(self.death(person))

    def number(self, person: int, nth: int) -> str:
        """Every tenth has the archive number of the one before."""
        return f"h{person - 1}0" if person % 10 == 9 else f"h{person}{nth}"

    def archive(self, person: int, nth: int) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "ehr_no": self.number(person, nth), "empi_id": f"a{person}{nth}", "id_no": number(person), "name": "于甲乙",
            "village_code12": pick(["321002001001", "321003001001"]), "create_date": pick(CREATED), "status": pick(["0", "0", "0", "1"]),
            "input_time": f"{pick(CREATED[-4:])}T00:00:00", "_codes": pick([[], [], ["name:W_NAME_PLACEHOLDER"]]),
        }  # fmt: skip

    def link(self, table: str, key: str, person: int) -> dict[str, Any]:
        match, reason = self.random.choice([("M1", "EXACT"), ("M1", "EXACT"), ("M1B", "NO_NAME"), ("ID_NAME_CONFLICT", None)])
        return {
            "source_table": table, "source_key": key, "person_uid": f"p{person}", "match": match, "match_reason": reason,
            "id_no": number(person),
        }  # fmt: skip

    def person(self, person: int) -> dict[str, Any]:
        return {"person_uid": f"p{person}", "hukou_div": self.random.choice(["321002001001", "321003001001"])}

    def death(self, person: int) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "person_uid": f"p{person}", "status": pick(["CONFIRMED", "CONFIRMED", "CANDIDATE"]), "grade": pick("AB"),
            "death_date": date.fromisoformat(pick(DIED)), "life_evidence": pick([[], [], SEEN]),
        }  # fmt: skip

    def service(self, person: int, nth: int) -> dict[str, Any]:
        pick, kind = self.random.choice, self.random.choice(["EXAM", "FOLLOWUP", "VISIT"])
        own = self.number(person, pick([0, 0, 1]))
        return {
            "service_kind": kind, "service_no": f"s{person}{nth}", "ehr_no": None if kind == "VISIT" else own, "person_uid": f"p{person}",
            "survivor_ehr_no": None if kind == "VISIT" else pick([own, own, self.number(person, 0)]),
            "service_date": date.fromisoformat(pick(SERVED)), "flags": pick([[], [], ["F8"], ["AFTER_DEATH"]]),
        }  # fmt: skip

    def change(self) -> None:
        """A record says something else, goes, comes, or is linked to the neighbour."""
        name = self.random.choice(["delivered", "link", "link", "link", "person", "death", "service", "service"])
        rows, n = self.rows[name], self.random.randrange(len(self.rows[name]))
        again: dict[str, Callable[[int], dict[str, Any]]] = {
            "delivered": lambda p: self.archive(p, 0), "person": self.person, "death": self.death, "service": lambda p: self.service(p, 0),
            "link": lambda p: self.link(rows[n]["source_table"], rows[n]["source_key"], p),
        }  # fmt: skip
        person = int((rows[n].get("person_uid") or f"p{PEOPLE // 2}")[1:])
        if name == "link" and self.random.random() < 0.3:
            person = (person + 1) % PEOPLE
        made = again[name](person)
        if self.random.random() < 0.2:
            rows.pop(n)
        elif name == "service" and self.random.random() < 0.5:
            rows.append({**made, "service_no": f"new{len(rows)}"})
        else:
            rows[n] = {**made, **{c: rows[n][c] for c in KEYS[name]}}


def _frame(spark: SparkSession, name: str, rows: Rows) -> DataFrame:
    """Rows of one of the inputs; what they leave out is NULL."""
    if name == "delivered":
        return frame(spark, "archive", rows)
    columns = {c.name: c.physical_type for c in load(ROOT / f"{TABLES[name]}.yaml").columns}
    return spark.createDataFrame([[row.get(c) for c in columns] for row in rows], ", ".join(f"{c} {t}" for c, t in columns.items()))


@pytest.fixture
def night(spark: SparkSession, write: Callable[[DataFrame], DataFrame]) -> Callable[[dict[str, Rows], dict[str, Rows]], tuple[int, int]]:
    """Holds the archives of a night's changes against all archives, and says how many were made of how many."""

    def held(rows_before: dict[str, Rows], rows: dict[str, Rows]) -> tuple[int, int]:
        was, now = ({n: write(_frame(spark, n, r)) for n, r in given.items()} for given in (rows_before, rows))
        before, after = (write(archive(**inputs, as_of=day, checkpoint=write)) for inputs, day in ((was, SINCE), (now, AS_OF)))
        update = changed_archives(changes(before, was, now, KEYS), as_of=AS_OF, checkpoint=write, **now)
        assert updated(before, update, ARCHIVE) == sorted(after.collect(), key=str)
        return update.rows.count(), after.count()

    return held


@pytest.mark.parametrize("changed", [CHANGES, 0], ids=["changes", "the date alone"])
@pytest.mark.parametrize("seed", range(8))
def test_archives_of_what_has_changed_are_what_all_would_be(night: Callable[..., tuple[int, int]], seed: int, changed: int) -> None:
    street = Street(seed)
    before = {name: list(rows) for name, rows in street.rows.items()}
    for _ in range(changed):
        street.change()
    made, of = night(before, street.rows)
    assert made < of, "most have nothing to do with what has changed"


def _link(key: str, person: str) -> dict[str, Any]:
    return {
        "source_table": "health/archive", "source_key": key, "person_uid": person, "match": "M1", "match_reason": "EXACT",
        "id_no": number(1),
    }  # fmt: skip


def test_an_archive_that_is_linked_to_another_person_is_no_double_any_more(night: Callable[..., tuple[int, int]]) -> None:
    archives = [{"ehr_no": f"h{n}", "empi_id": f"a{n}", "id_no": number(1), "status": "0"} for n in range(3)]
    before: dict[str, Rows] = {
        "delivered": archives, "person": [], "death": [], "service": [],
        "link": [_link("h0|a0", "p1"), _link("h1|a1", "p1"), _link("h2|a2", "p3")],
    }  # fmt: skip
    assert night(before, {**before, "link": [_link("h0|a0", "p1"), _link("h1|a1", "p2"), _link("h2|a2", "p3")]}) == (2, 3)


def test_a_visit_of_five_years_ago_protects_a_doubtful_archive_no_more(night: Callable[..., tuple[int, int]]) -> None:
    """Nobody else knows the number, the name is a placeholder, and who entered the examination was not in service."""
    doubtful = {"ehr_no": "h1", "empi_id": "a1", "id_no": number(1), "status": "0", "_codes": ["name:W_NAME_PLACEHOLDER"]}
    visit = {"service_kind": "VISIT", "service_no": "v1", "person_uid": "p1", "service_date": date(2014, 12, 30), "flags": []}
    examined = {"service_kind": "EXAM", "service_no": "e1", "ehr_no": "h1", "survivor_ehr_no": "h1", "flags": ["F8"]}
    rows: dict[str, Rows] = {
        "delivered": [doubtful], "link": [_link("h1|a1", "p1")], "person": [], "death": [],
        "service": [visit, {**examined, "service_date": date(2019, 6, 1)}],
    }  # fmt: skip
    assert night(rows, rows) == (1, 1)
