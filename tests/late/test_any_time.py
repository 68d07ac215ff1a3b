"""Deliveries that are late, missing, corrected or still being written: the end is that of the undisturbed order, in every table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from assets.declare import declared
from pipelines.runtime import Runtime
from pipelines.steps.derive import derive
from pipelines.steps.ingest import ingest, pending
from tests.cleansed.nights import certificate, citizen, examination, fold, resident
from tests.deliveries import deliver, exchange
from tests.differential.lakes import rows

pytestmark = pytest.mark.slow
ARCHIVE, CERTIFICATE, EXAMINATION, RESIDENT = (
    "health/archive", "health/death_certificate", "health/examination", "public_security/resident",
)  # fmt: skip
DERIVED = (
    "base/population/source_link",
    "base/population/death",
    "base/population/person",
    "base/population/scored_match",
    "themes/health/service",
    "themes/health/archive",
)
D29, D30, D31 = "2019-12-29", "2019-12-30", "2019-12-31"
Installation = Callable[..., Runtime]
Rows = list[dict[str, Any]]


def archive(number: int, **changed: str) -> dict[str, Any]:
    return {"ehr_no": f"321099001001{number:05}", "empi_id": f"E{number}", "id_no": citizen(number), "name": "测试人", "status": "1",
            "update_time": "2019-12-01 08:00:00", **changed}  # fmt: skip


def archives(*numbers: int, **changed: str) -> Rows:
    return [archive(n, **changed) for n in numbers]


def dead(number: int, day: str, **changed: str) -> dict[str, Any]:
    return certificate(f"C{number}", id_no=citizen(number), name="测试人", death_datetime=f"{day} 04:00:00", **changed)


def checked(number: int, **changed: str) -> dict[str, Any]:
    return examination(f"X{number}", ehr_no=f"321099001001{number:05}", **changed)


def living(row: int, number: int, **changed: str) -> dict[str, Any]:
    return {**resident(f"P{number}", number, **changed), "_id": row}


EARLY, FIRST, CORRECTED, LAST = "early", "first", "corrected", "last"
WHAT: dict[str, tuple[str, dict[str, Rows]]] = {
    EARLY: (D29, {
        ARCHIVE: archives(*range(1, 11)), CERTIFICATE: [dead(1, "2019-12-20")], EXAMINATION: [checked(1), checked(2)],
        RESIDENT: [living(n, n) for n in range(1, 11)],
    }),
    FIRST: (D30, {
        ARCHIVE: [*archives(*range(1, 10), name="张三"), archive(11)], CERTIFICATE: [dead(2, "2019-12-02"), dead(3, "2019-12-03")],
        EXAMINATION: [checked(3, sbp="99"), checked(4), checked(5)],
        RESIDENT: [living(11, 5, _op="U", name="改名人", op_time="2019-12-30 09:00:00")],
    }),
    CORRECTED: (D30, {
        ARCHIVE: [*archives(*range(1, 10)), archive(12)], CERTIFICATE: [dead(2, "2019-12-22", update_time="2019-12-23 09:00:00")],
        EXAMINATION: [checked(3, sbp="130")], RESIDENT: [living(12, 6, _op="U", name="另一人", op_time="2019-12-30 10:00:00")],
    }),
    LAST: (D31, {
        ARCHIVE: archives(*range(1, 10), 12, 13), CERTIFICATE: [dead(4, "2019-12-24")], EXAMINATION: [checked(6)],
        RESIDENT: [living(13, 4, _op="D", op_time="2019-12-31 09:00:00")],
    }),
}  # fmt: skip
HOURS = {FIRST: "12"}


def send(city: Runtime, *what: str, without: Iterable[str] = ()) -> None:
    for name in what:
        day, tables = WHAT[name]
        for table, content in tables.items():
            if table in without:
                continue
            if table == RESIDENT:
                exchange(city, table, day, content)
            else:
                deliver(city, table, day, content, extract_ts=f"{day}T{HOURS.get(name, '22')}:00:00+08:00")


def night(city: Runtime, day: str) -> list[str]:
    """Take in what is there up to a date and fold it, table by table. Returns what was taken in."""
    taken = []
    for table in WHAT[EARLY][1]:
        contract = city.contracts[f"cleansed/{table}"]
        for drop in pending(city, contract, date.fromisoformat(day)):
            assert not ingest(city, contract, drop.business_date, uuid4().hex).problems
            taken.append(f"{table} {drop.business_date}")
        fold(city, table, day)
    return taken


def made(city: Runtime) -> dict[str, Any]:
    """Base and themes as of the last day; every table after raw, row for row."""
    for contract in city.contracts.values():
        if contract.delivery is not None and city.lake.version(contract.name) is None:
            fold(city, f"{contract.domain}/{contract.table}", D31)
    for name in DERIVED:
        derive(city, declared()[name], date.fromisoformat(D31), uuid4().hex)
    return {t: rows(city.lake, t) for t in city.lake.tables() if t.split("/")[0] not in ("raw", "operations")}


@pytest.mark.proves("D25", "D28", "B30", "H2")
def test_late_missing_and_corrected_deliveries_end_where_the_undisturbed_order_ends(installation: Installation, proven: Any) -> None:
    calm, city = installation("calm"), installation("disturbed")
    city.settings.key_file.unlink()
    shutil.copy(calm.settings.key_file, city.settings.key_file)  # the same pseudonyms
    send(calm, EARLY, FIRST)
    assert len(night(calm, D30)) == 8
    send(calm, CORRECTED, LAST)
    assert len(night(calm, D31)) == 8

    send(city, FIRST, without=[CERTIFICATE])
    assert night(city, D30) == [f"{t} {D30}" for t in (ARCHIVE, EXAMINATION, RESIDENT)], "what is missing stops nothing"
    send(city, LAST)
    deliver(city, CERTIFICATE, D30, WHAT[FIRST][1][CERTIFICATE], extract_ts=f"{D30}T12:00:00+08:00")
    manifest = Path(city.settings.landing, EXAMINATION, D31, "manifest.json")
    written = manifest.read_bytes()
    manifest.unlink()
    assert f"{EXAMINATION} {D31}" not in night(city, D31), "still being written"
    send(city, EARLY, CORRECTED)
    manifest.write_bytes(written)
    last = night(city, D31)
    assert sorted(last) == sorted([*(f"{t} {d}" for t in WHAT[EARLY][1] for d in (D29, D30)), f"{EXAMINATION} {D31}"])

    undisturbed, disturbed = made(calm), made(city)
    assert sorted(undisturbed) == sorted(disturbed)
    assert [t for t in undisturbed if undisturbed[t] != disturbed[t]] == []
    deaths = city.lake.arrow("base/population/death", columns=["death_date"])
    assert deaths is not None
    assert sorted(r["death_date"].day for r in deaths.to_pylist()) == [3, 20, 22, 24], "late, corrected and last deaths are all known"
    total = sum(_balanced(city, table) for table in WHAT[EARLY][1])
    count = sum(map(len, undisturbed.values()))
    proven(
        done="full, inc and append files and an exchange table: a day missing, then late; a day corrected after its night; a manifest "
        "that arrived after its night",
        seen=f"{len(undisturbed)} tables with {count} rows equal to the undisturbed order's; {total} delivered rows balance",
    )


def _balanced(city: Runtime, table: str) -> int:
    """Over the whole ledger: rows in = published + quarantined + duplicates, and raw has them all. Returns the rows."""
    kept = city.lake.arrow(f"raw/{table}", columns=["_batch_id"])
    assert kept is not None
    for layer in ("raw", "cleansed"):
        told = [r for r in city.ledger.rows() if r["table"] == f"{layer}/{table}"]
        assert sum(r["rows_in"] for r in told) == len(kept)
        assert sum(r["published"] + r["quarantined"] + r["duplicates"] for r in told) == len(kept)
    return len(kept)
