"""What a later night asks for again: drops whose files were still on their way, and nothing else that was refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipelines.runtime import Runtime
from pipelines.steps.ingest import ingest, pending
from tests.cleansed.nights import resident, staff
from tests.deliveries import deliver
from tests.landing.department import Department

TABLE, DAY = "health/staff", "2019-12-29"


def waiting(city: Runtime) -> list[str]:
    return [d.business_date.isoformat() for d in pending(city, city.contracts[f"cleansed/{TABLE}"], date(2019, 12, 31))]


def night(city: Runtime) -> list[str]:
    outcome = ingest(city, city.contracts[f"cleansed/{TABLE}"], date.fromisoformat(DAY), "run")
    return [p.partition(":")[0] for p in outcome.problems]


@pytest.mark.proves("B16")
def test_file_that_was_cut_on_its_way_is_taken_in_when_it_is_whole(
    installation: Callable[..., Runtime], proven: Callable[..., None]
) -> None:
    city = installation()
    file = deliver(city, TABLE, DAY, [staff("A"), staff("B")]) / "staff.csv"
    whole = Path(file).read_bytes()
    seen: list[object] = []
    for data in (whole[:-9], None, whole):
        file.unlink(missing_ok=True)
        if data is not None:
            file.write_bytes(data)
        assert waiting(city) == [DAY]
        seen.append(night(city))
    assert seen == [["DELIVERY_DIGEST"], ["DELIVERY_MISSING"], []]
    assert waiting(city) == []
    expected = [r for r in city.ledger.rows() if r["table"] == f"raw/{TABLE}"]
    taken = {fate: sum(r[fate] for r in expected) for fate in ("rows_in", "published", "rejected")}
    assert taken == {"rows_in": 2, "published": 2, "rejected": 0}
    proven(
        done="the same manifest with a file that is cut, then missing, then whole",
        seen=f"refused twice ({seen[0]}, {seen[1]}), asked for again each night, then in the ledger {taken}",
    )


def test_what_will_never_be_right_is_not_asked_for_again(installation: Callable[..., Runtime]) -> None:
    city = installation()
    deliver(city, TABLE, DAY, [staff("A")], row_count=2)
    assert waiting(city) == [DAY]
    assert night(city) == ["DELIVERY_ROW_COUNT"]
    assert waiting(city) == []


@pytest.mark.proves("B15")
def test_drop_without_rows_is_taken_in_once(installation: Callable[..., Runtime], proven: Callable[..., None]) -> None:
    city = installation()
    deliver(city, TABLE, DAY, [])
    assert (waiting(city), night(city), waiting(city), night(city)) == ([DAY], [], [], [])
    accounts = [(r["kind"], r["rows_in"]) for r in city.ledger.rows() if r["table"] == f"raw/{TABLE}"]
    assert accounts == [("batch", 0)]
    proven(
        done="a header alone under a manifest that says 0 rows, run twice",
        seen=f"{len(accounts)} batch of {accounts[0][1]} rows in the ledger",
    )


def test_a_batch_that_is_named_by_no_date_is_accounted_for(installation: Callable[..., Runtime], tmp_path: Path) -> None:
    """It is asked for on the day of its latest row, refused once with its rows, and the dated batch of that day goes on."""
    city, table, day = installation(), "public_security/resident", date(2019, 12, 31)
    contract, url = city.contracts[f"cleansed/{table}"], f"sqlite:///{tmp_path}/exchange.db"
    city.settings.exchange_url = SecretStr(url)
    police = Department(url, contract)
    police.deliver("2019-12-31", resident("P1", 1))
    police.deliver("b2", resident("P2", 2), resident("P3", 3))
    assert [d.declared_rows for d in pending(city, contract, day)] == [1, 2]
    problems = ingest(city, contract, day, "run").problems
    assert [p.partition(":")[0] for p in problems] == ["DELIVERY_DATE"]
    accounts = {r["kind"]: (r["rows_in"], r["published"], r["rejected"]) for r in city.ledger.rows() if r["table"] == f"raw/{table}"}
    assert accounts == {"batch": (1, 1, 0), "rejected": (2, 0, 2)}
    assert pending(city, contract, day) == []
