"""Nights of one table for the tests of this folder: what is delivered, what is published, what is held back.

Here: short ways of saying a story in rows. Not here: writing drops (`tests.deliveries`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import uuid4

from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.ingest import ingest
from pipelines.steps.outcome import Outcome

CODES = "10X98765432"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CROWD = 20


def citizen(number: int) -> str:
    """A valid number of a person who never was: division 321099, born 1908-01-01."""
    body = f"32109919080101{number:03}"
    return body + CODES[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def staff(licence_no: str, **changed: str) -> dict[str, Any]:
    return {"licence_no": licence_no, "org_code": "321099001", "status": "1", "title": "医师",
            "update_time": "2019-12-01 08:00:00", **changed}  # fmt: skip


def crowd() -> list[dict[str, Any]]:
    """Staff who never change: with them a snapshot does not shrink by a tenth when one person leaves."""
    return [staff(f"N{i:02}") for i in range(CROWD)]


def examination(exam_no: str, **changed: str) -> dict[str, Any]:
    return {"exam_no": exam_no, "ehr_no": "32109900100100001", "exam_date": "2019-12-20", "sbp": "120",
            "input_time": "2019-12-20 09:00:00", **changed}  # fmt: skip


def certificate(cert_no: str, **changed: str) -> dict[str, Any]:
    return {"cert_no": cert_no, "death_datetime": "2019-12-20 04:00:00", "report_org": "321099001",
            "update_time": "2019-12-20 09:00:00", **changed}  # fmt: skip


def resident(person_no: str, number: int, **changed: str) -> dict[str, Any]:
    return {"person_no": person_no, "id_no": citizen(number), "name": "测试人", "op_time": "2019-12-20 09:00:00", **changed}


def take_in(runtime: Runtime, table: str, day: str) -> Outcome:
    return ingest(runtime, runtime.contracts[f"cleansed/{table}"], date.fromisoformat(day), uuid4().hex)


def fold(runtime: Runtime, table: str, day: str, run_id: str = "", *, rebuild: bool = False) -> Outcome:
    return cleanse(runtime, runtime.contracts[f"cleansed/{table}"], date.fromisoformat(day), run_id or uuid4().hex, rebuild=rebuild)


def night(runtime: Runtime, table: str, day: str) -> Outcome:
    """Take in the delivery of a date and fold it."""
    taken = take_in(runtime, table, day)
    assert not taken.problems
    return fold(runtime, table, day)


def published(runtime: Runtime, table: str, *columns: str) -> dict[Any, Any]:
    """Key -> the columns asked for (one: its value; more: a tuple), of all published rows but the crowd's."""
    contract = runtime.contracts[f"cleansed/{table}"]
    found = runtime.lake.arrow(contract.name)
    assert found is not None
    told = {}
    for row in found.to_pylist():
        key = row[contract.key[0]] if len(contract.key) == 1 else tuple(row[k] for k in contract.key)
        assert key not in told, f"{key} is published twice"
        told[key] = row[columns[0]] if len(columns) == 1 else tuple(row[c] for c in columns)
    return {k: v for k, v in told.items() if not (isinstance(k, str) and k.startswith("N"))}


def quarantined(runtime: Runtime, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """The columns asked for, of all rows held back, sorted."""
    found = runtime.lake.arrow(f"quarantine/{table}")
    rows = [] if found is None else found.to_pylist()
    return sorted(tuple(r[c] for c in columns) for r in rows)


def shares(accounts: Iterable[Any]) -> list[tuple[Any, ...]]:
    """(kind, business date, rows in, published, quarantined, duplicates) of accounts, or of rows of the ledger."""
    told = [a if isinstance(a, dict) else vars(a) for a in accounts]
    return [
        (a["kind"], a["business_date"].isoformat(), *(a[n] for n in ("rows_in", "published", "quarantined", "duplicates"))) for a in told
    ]


def ledger(runtime: Runtime, table: str) -> list[dict[str, Any]]:
    """The ledger's rows of a cleansed table, in the order of the runs."""
    return [r for r in runtime.ledger.rows() if r["table"] == f"cleansed/{table}"]


def balanced(city: Runtime, table: str, *expected: tuple[int, int, int, int]) -> None:
    """Rows in, published, quarantined, duplicates of every batch, in the order of the runs."""
    rows = [tuple(r[c] for c in ("rows_in", "published", "quarantined", "duplicates")) for r in ledger(city, table)]
    assert rows == list(expected)
    assert all(r["rows_in"] == r["published"] + r["quarantined"] + r["duplicates"] + r["rejected"] for r in ledger(city, table))
