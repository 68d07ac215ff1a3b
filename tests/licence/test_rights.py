"""Owners of land and houses: co-owners of one cell come apart with nothing lost, each is linked, and burdens stand on their days only."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import Row, SparkSession

from assets.base.licence.right_holder import right_holder
from assets.base.licence.right_party import right_party
from tests.legal_entity.chain import collected
from tests.licence.chain import ENTITY, HISTORY, PERSON
from tests.population.cleansed import AS_OF, frame, number

UNIT = "321002001001GB00001F0000000"
PERSONS = [("p1", number(1), "王小明", None, 1, None), ("p2", number(2), "李四光", None, 1, None)]
USCC = "91321002MA0FAKE170"
ENTITIES = [("e1", USCC, None, None, "某有限公司", "1", None, None)]
ONE, TWO = number(1), number(2)
CELLS: dict[str, tuple[str | None, str | None, list[tuple[str | None, str | None, str | None]]]] = {
    "alone": ("王小明", ONE, [("王小明", ONE, "p1")]),
    "both": ("王小明，李四光", f"{ONE}，{TWO}", [("王小明", ONE, "p1"), ("李四光", TWO, "p2")]),
    "spaces": (" 王小明 、李四光;", f"{ONE} ; {TWO.lower()}", [("王小明", ONE, "p1"), ("李四光", TWO, "p2")]),
    "old": ("王小明,李四光", None, [("王小明", None, None), ("李四光", None, None)]),
    "one_number": ("王小明,李四光", ONE, [("王小明", ONE, "p1"), ("李四光", None, None)]),
    "more_numbers": ("王小明", f"{ONE},{TWO}", [("王小明", ONE, "p1"), (None, TWO, "p2")]),
    "damaged": ("王小明,李四光", f"{ONE},32109919", [("王小明", ONE, "p1"), ("李四光", None, None)]),
    "swapped": ("李四光,王小明", f"{ONE},{TWO}", [("李四光", ONE, None), ("王小明", TWO, None)]),
    "mixed": ("某有限公司,王小明", f"{USCC},{ONE}", [("某有限公司", USCC, None), ("王小明", ONE, "p1")]),
    "nobody": (None, None, [(None, None, None)]),
}  # fmt: skip


def rights() -> list[dict[str, Any]]:
    """One row for each cell, each of a unit of its own."""
    return [
        {"certificate_no": name, "unit_no": f"{UNIT}{n}", "holder_no": "1", "right_type": "4", "right_state": "1", "holder_name": names,
         "holder_id_no_raw": numbers}
        for n, (name, (names, numbers, _)) in enumerate(CELLS.items())
    ]  # fmt: skip


def owners(spark: SparkSession, as_of: date = AS_OF, **burdens: list[dict[str, Any]]) -> dict[tuple[str, int], Row]:
    right = frame(spark, "right", rights())
    mortgage, seizure = (frame(spark, n, burdens.get(n, [])) for n in ("mortgage", "seizure"))
    golden = (spark.createDataFrame(PERSONS, PERSON), spark.createDataFrame(ENTITIES, ENTITY), spark.createDataFrame([], HISTORY))
    party = collected(right_party(right))
    return {(r.certificate_no, r.party_no): r for r in right_holder(party, right, mortgage, seizure, *golden, as_of, collected).collect()}


def test_co_owners_of_one_cell_come_apart_with_nothing_lost(spark: SparkSession) -> None:
    found = owners(spark)
    told = {name: [(r.holder_name, r.holder_id_no, r.person_uid) for (key, _), r in sorted(found.items()) if key == name] for name in CELLS}
    assert told == {name: parties for name, (_, _, parties) in CELLS.items()}
    assert (found["mixed", 1].entity_uid, found["both", 2].county6) == ("e1", "321002")
    assert {name: found[name, 1].match_reason for name in ("alone", "old", "swapped")} == {
        "alone": "EXACT", "old": "NO_NUMBER", "swapped": "DIFFERS",
    }  # fmt: skip


def test_a_burden_stands_from_its_entry_to_its_end(spark: SparkSession) -> None:
    unit = {name: f"{UNIT}{n}" for n, name in enumerate(CELLS)}

    def mortgage(no: str, name: str, since: str, until: str | None) -> dict[str, Any]:
        return {"mortgage_no": no, "unit_no": unit[name], "register_date": since, "released_date": until}

    def entry(no: str, name: str, kind: str, seizure: str, day: str, since: str | None = None, to: str | None = None) -> dict[str, Any]:
        said = {"entry_kind": kind, "seizure_no": seizure, "entry_date": day, "from_date": since, "to_date": to}
        return {"entry_no": no, "unit_no": unit[name], **said}

    burdens = {
        "mortgage": [
            mortgage("1", "alone", "2019-01-01", None), mortgage("2", "both", "2019-01-01", str(AS_OF)),
            mortgage("3", "old", "2020-01-01", None), mortgage("4", "spaces", "2019-01-01", "2020-01-01"),
        ],
        "seizure": [
            entry("1", "alone", "1", "A", "2019-01-01", "2019-01-01", "2019-12-30"),
            entry("2", "both", "1", "B", "2019-01-01", "2019-01-01", "2019-12-30"),
            entry("3", "both", "3", "B", "2019-12-01", "2019-12-31", "2021-01-01"),
            entry("4", "old", "1", "C", "2019-01-01"), entry("5", "old", "4", "C", "2019-06-01"), entry("6", "old", "2", "D", "2019-02-01"),
            entry("7", "spaces", "1", "E", "2019-01-01"), entry("8", "spaces", "4", "E", "2020-01-01"),
        ],
    }  # fmt: skip
    found = owners(spark, **burdens)
    assert {name for (name, _), r in found.items() if r.mortgaged} == {"alone", "spaces"}
    assert {name for (name, _), r in found.items() if r.seized} == {"both", "old", "spaces"}, "a release to come has not happened yet"
    later = owners(spark, date(2020, 1, 1), **burdens)
    assert {name for (name, _), r in later.items() if r.mortgaged} == {"alone", "old"}
    assert {name for (name, _), r in later.items() if r.seized} == {"both", "old"}
