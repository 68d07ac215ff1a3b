"""Row rules: from delivered strings to typed columns, codes, the order of versions, and what holds a row back."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from contracts import Contract, load_all
from contracts.model import DeliverySpec, Field, Format, Mode, OnError, SourceContract
from quality.rows import typed
from tests.cleansed.nights import certificate, citizen, examination, resident, staff

DAY, EXTRACT = "2019-12-31", "2019-12-31T22:00:00+08:00"


def judged(spark: SparkSession, table: str | Contract, *rows: dict[str, Any]) -> list[Row]:
    contract = load_all()[f"cleansed/{table}"] if isinstance(table, str) else table
    names = [c.name for c in contract.delivered]
    lineage = {"_source_file": "f", "_op": "I", "_order": "7", "_defect": None}
    lineage |= {"_batch_id": "b", "_extract_ts": EXTRACT, "_business_date": DAY}
    values = [(*({**lineage, **r}.get(n) for n in (*names, *lineage)), i) for i, r in enumerate(rows, 2)]
    ddl = ", ".join([f"`{n}` string" for n in (*names, *lineage)] + ["_row_no bigint"])
    raw = spark.createDataFrame(values, ddl)
    found = typed(contract, raw.withColumn("_business_date", raw["_business_date"].cast("date")), test_divisions=True)
    return found.orderBy("_row_no").collect()


def test_codes_name_their_column_and_stand_in_the_order_of_the_contract(spark: SparkSession) -> None:
    (row,) = judged(spark, "health/staff", staff("", id_no=citizen(7).replace("3", "３"), status="x", start_date="2019-02-30"))
    assert row["_codes"] == ["licence_no:E_REQUIRED", "id_no:F_WIDTH", "status:E_CODE", "start_date:E_DATE"]


@pytest.mark.parametrize(
    ("changed", "codes", "bad"),
    [
        ({}, [], False),
        ({"id_no": "123"}, ["id_no:E_LEN"], False),  # may be empty, so it stays on the row
        ({"status": "x"}, ["status:E_CODE"], True),  # required
        ({"org_code": ""}, ["org_code:E_REQUIRED"], True),
        ({"org_code": None}, ["org_code:E_REQUIRED"], True),
        ({"licence_no": "NULL"}, ["licence_no:E_REQUIRED"], True),
        ({"id_no": " " + citizen(7)}, ["id_no:F_TRIM"], False),
        ({"id_no": " " + citizen(7)[:-1]}, ["id_no:F_TRIM", "id_no:E_LEN"], False),
        ({"_defect": "E_COLUMNS", **dict.fromkeys(staff("A"))}, ["row:E_COLUMNS"], True),  # says nothing of values nobody could read
    ],
)  # fmt: skip
def test_what_holds_a_row_back(spark: SparkSession, changed: dict[str, Any], codes: list[str], bad: bool) -> None:
    (row,) = judged(spark, "health/staff", {**staff("A"), **changed})
    assert (row["_codes"], row["_bad"]) == (codes, bad)


def test_an_end_that_has_not_come_leaves_the_status(spark: SparkSession) -> None:
    found = judged(spark, "health/staff", *[staff("A", leave_date=day) for day in (DAY, "2020-01-01")])
    assert [(r["status"], r["_codes"]) for r in found] == [("0", ["status:F_STATUS"]), ("1", ["leave_date:W_FUTURE"])]


def test_error_in_a_column_does_not_hold_a_column_whose_name_ends_like_it(spark: SparkSession) -> None:
    columns = (
        Field("no", "", "", "string", "string", required=True, key_position=1, rule="identifier", on_error=OnError.QUARANTINE),
        Field("start_no", "", "", "integer", "int", rule="integer"),
    )
    path, delivery = load_all()["cleansed/health/staff"].path, DeliverySpec(Format.CSV, Mode.APPEND)
    contract = SourceContract("cleansed/a/b", "1", "", "", "", "", columns, path, delivery=delivery)
    (row,) = judged(spark, contract, {"no": "A", "start_no": "many"})
    assert [c.split(":")[0] for c in row["_codes"]] == ["start_no"]
    assert not row["_bad"]


def test_derived_columns_of_an_identity_number(spark: SparkSession) -> None:
    numbers = [citizen(7), " " + citizen(7), "123", "", None, "320102080101996"]
    rows = judged(spark, "health/staff", *[staff(f"S{i}", id_no=n) for i, n in enumerate(numbers)])  # type: ignore[arg-type]
    assert [(r["id_no"], r["id_no_raw"], r["id_no_error"]) for r in rows] == [
        (citizen(7), citizen(7), None),
        (citizen(7), " " + citizen(7), None),
        (None, "123", "E_LEN"),
        (None, "", "E_NULL"),
        (None, None, "E_NULL"),
        (None, "320102080101996", "W_CENTURY"),
    ]


def test_name_and_division_have_their_derived_columns(spark: SparkSession) -> None:
    (row,) = judged(spark, "public_security/resident", resident("P1", 1, name="张 三", hukou_div="321002001001"))
    assert (row["name"], row["name_key"], row["hukou_div"], row["hukou_county"]) == ("张三", "张三", "321002001001", "321002")
    (row,) = judged(spark, "public_security/resident", resident("P1", 1))
    assert row["hukou_county"] == "321000"


def test_hash_is_equal_for_equal_deliveries_only(spark: SparkSession) -> None:
    same, again, other, empty, null, moved = judged(
        spark, "health/staff", staff("A"), staff("A", _source_file="g", _order="9"), staff("A", title="护士"), staff("A", title=""),
        {**staff("A"), "title": None}, {**staff("A"), "title": None, "scope": "医师"},
    )  # fmt: skip
    assert same["_row_hash"] == again["_row_hash"]
    assert len({r["_row_hash"] for r in (same, other, empty, null, moved)}) == 5


@pytest.mark.parametrize(
    ("table", "row", "sequence"),
    [
        ("health/staff", staff("A"), f"{DAY}|{EXTRACT}|20191201080000"),
        ("health/examination", examination("E"), f"20191220090000|{EXTRACT}"),
        ("health/death_certificate", certificate("C"), f"20191220090000|{EXTRACT}|7"),
        ("public_security/resident", resident("P", 1), "20191220090000|7"),
        ("civil_affairs/cremation", {"cremation_no": "H", "cremation_date": DAY}, EXTRACT),
    ],
)
def test_sequence_of_versions(spark: SparkSession, table: str, row: dict[str, Any], sequence: str) -> None:
    (found,) = judged(spark, table, row)
    assert found["_seq"] == sequence


def test_types_are_those_of_the_contract(spark: SparkSession) -> None:
    contract = load_all()["cleansed/health/examination"]
    (row,) = judged(spark, "health/examination", examination("E", temperature="36.6", bmi="22.345", pulse="7O"))
    assert (row["sbp"], str(row["temperature"]), row["exam_date"].isoformat(), row["pulse"]) == (120, "36.6", "2019-12-20", None)
    assert set(contract.key) <= set(row.asDict())
