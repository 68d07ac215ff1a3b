"""A night in which every department delivers badly: each says what, where and what to do; nothing is lost; the rest goes on."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from simulator import City
from tests.deliveries import sm3
from tests.story.city import Installation, Result
from tests.story.first_night import FirstNight

pytestmark = pytest.mark.slow


def _seal(drop: Path, data: bytes | None = None, **facts: Any) -> None:
    """Put new content into a drop's only file and make its manifest fit again, but for the facts given."""
    manifest = json.loads((drop / "manifest.json").read_text(encoding="utf-8"))
    entry = manifest["files"][0]
    if data is not None:
        (drop / entry["name"]).write_bytes(data)
        entry |= {"sm3": sm3(data), "bytes": len(data)}
    manifest |= facts
    (drop / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")


def _file(drop: Path) -> Path:
    return drop / json.loads((drop / "manifest.json").read_text(encoding="utf-8"))["files"][0]["name"]


def _text(drop: Path, encoding: str) -> str:
    return _file(drop).read_bytes().decode(encoding)


def wrong_encoding(drop: Path) -> None:
    """Bytes of two encodings in one file: none of them is right for all of it."""
    data = _file(drop).read_bytes()
    _seal(drop, data + data.decode("gb18030").splitlines()[1].encode("utf-8") + b"\xff\n")


def missing_column(drop: Path) -> None:
    _seal(drop, _text(drop, "utf-8").replace("更新时间", "随便什么", 1).encode())


def extra_column(drop: Path) -> None:
    head, rest = _text(drop, "gb18030").split("\n", 1)
    lines = [line + ",x" for line in rest.splitlines()]
    _seal(drop, "\n".join([head.rstrip("\r") + ",新栏目", *lines, ""]).encode("gb18030"))


def duplicate_header(drop: Path) -> None:
    _seal(drop, _text(drop, "utf-8-sig").replace("报告单位", "报告日期", 1).encode("utf-8-sig"))


def truncated_gzip(drop: Path) -> None:
    data = _file(drop).read_bytes()
    _seal(drop, data[: len(data) * 2 // 3])


def other_row_count(drop: Path) -> None:
    manifest = json.loads((drop / "manifest.json").read_text(encoding="utf-8"))
    _seal(drop, row_count=manifest["row_count"] + 1)


def other_digest(drop: Path) -> None:
    _file(drop).write_bytes(gzip.compress(b"{}\n", mtime=0))


def empty_file(drop: Path) -> None:
    _seal(drop, b"", row_count=3)


def no_workbook(drop: Path) -> None:
    _seal(drop, "火化证号,死者姓名\n".encode())


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "health/archive": (wrong_encoding, "DELIVERY_ENCODING"),
    "health/staff": (missing_column, "DELIVERY_HEADER"),
    "citizen_card/card": (extra_column, "DELIVERY_HEADER"),
    "health/death_certificate": (duplicate_header, "DELIVERY_HEADER"),
    "health/examination": (truncated_gzip, "DELIVERY_TRUNCATED"),
    "human_resources/pension_payment": (other_row_count, "DELIVERY_ROW_COUNT"),
    "health/outpatient_visit": (other_digest, "DELIVERY_DIGEST"),
    "public_security/death_cancellation": (empty_file, "DELIVERY_EMPTY"),
    "civil_affairs/cremation": (no_workbook, "DELIVERY_FORMAT"),
}


@pytest.fixture(scope="module")
def city(first_night: FirstNight) -> City:
    return first_night.city


@pytest.fixture(scope="module")
def installation(first_night: FirstNight, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """After one good night."""
    return first_night.copy(tmp_path_factory.mktemp("bad") / "city")


@pytest.fixture(scope="module")
def bad_night(installation: Installation, city: City) -> dict[str, Any]:
    """The night after it: nine drops spoiled, and the exchange database out of reach."""
    before = installation.versions()
    day = city.nights[1]
    city.deliver(1, installation.landing, installation.exchange_url, on_time=True)
    for table, (spoil, _) in BAD.items():
        spoil(installation.landing / table / day.isoformat())
    done = installation.run("run", "--as-of", day.isoformat(), "--exchange-url", "sqlite:////nowhere/at/all.db", "--json")
    return {"done": done, "said": done.json(), "before": before, "after": installation.versions(), "day": day}


def test_the_night_goes_on_and_its_exit_code_says_that_deliveries_were_refused(bad_night: dict[str, Any]) -> None:
    assert bad_night["done"].code == 3, bad_night["done"].err
    assert bad_night["said"]["failures"] == []
    assert bad_night["said"]["release"] == 2


@pytest.mark.parametrize("table", BAD)
def test_a_bad_delivery_is_refused_in_one_line_that_says_what_where_and_what_to_do(bad_night: dict[str, Any], table: str) -> None:
    code = BAD[table][1]
    said = [p for p in bad_night["said"]["refused_deliveries"] if f"{table}/{bad_night['day']}" in p.replace("\\", "/")]
    assert len(said) == 1, bad_night["said"]["refused_deliveries"]
    assert said[0].startswith(f"{code}: ")
    assert "\n" not in said[0]


@pytest.mark.parametrize("table", BAD)
def test_its_rows_are_accounted_for_as_rejected(bad_night: dict[str, Any], table: str) -> None:
    (account,) = [r for r in bad_night["said"]["ledger"] if r["table"] == f"raw/{table}"]
    assert account["kind"] == ("held" if BAD[table][1] == "DELIVERY_HEADER" else "rejected")
    assert account["rows_in"] == account["rejected"] > 0
    assert account["published"] == 0


@pytest.mark.parametrize("table", [*BAD, "public_security/resident"])
def test_readers_keep_the_last_state_of_its_table(bad_night: dict[str, Any], table: str) -> None:
    for layer in ("raw", "cleansed"):
        name = f"{layer}/{table}"
        assert bad_night["after"][name] == bad_night["before"][name], name


def test_what_was_delivered_well_is_taken_in(bad_night: dict[str, Any]) -> None:
    name = "cleansed/health/hypertension_followup"
    assert bad_night["after"][name] == bad_night["before"][name] + 1


def test_an_exchange_database_out_of_reach_is_named_without_its_secrets(bad_night: dict[str, Any]) -> None:
    said = [p for p in bad_night["said"]["refused_deliveries"] if p.startswith("EXCHANGE")]
    assert len(said) == 1, bad_night["said"]["refused_deliveries"]


@pytest.fixture(scope="module")
def corrected_night(bad_night: dict[str, Any], installation: Installation, city: City) -> Result:
    """The departments deliver the same date again; the database is back."""
    shutil.rmtree(installation.landing)
    installation.landing.mkdir()
    other = installation.root / "again.db"
    city.deliver(1, installation.landing, f"sqlite:///{other}", on_time=True)
    city.deliver(1, installation.landing, installation.exchange_url, on_time=True)
    day: date = bad_night["day"]
    return installation.run("run", "--as-of", day.isoformat(), "--json")


def test_a_corrected_delivery_of_the_same_date_is_taken_in_afterwards(corrected_night: Result) -> None:
    assert corrected_night.code == 0, corrected_night.err
    taken = {r["table"] for r in corrected_night.json()["ledger"] if r["table"].startswith("raw/") and r["published"]}
    assert taken >= {f"raw/{t}" for t in BAD} | {"raw/public_security/resident"}


@pytest.mark.usefixtures("corrected_night")
def test_a_full_snapshot_forty_percent_smaller_is_held_and_closes_nothing(installation: Installation, city: City) -> None:
    landing = installation.root / "shrunk"
    city.deliver(2, landing, f"sqlite:///{installation.root}/third.db", on_time=True)
    day = city.nights[2].isoformat()
    drop = landing / "health" / "staff" / day
    lines = _text(drop, "utf-8").splitlines(keepends=True)
    kept = lines[: 1 + int((len(lines) - 1) * 0.6)]
    _seal(drop, "".join(kept).encode(), row_count=len(kept) - 1)
    target = installation.landing / "health" / "staff" / day
    shutil.copytree(drop, target)
    before = installation.versions()
    done = installation.run("run", "--as-of", day, "--json")
    assert done.code == 3, done.err
    assert any(p.startswith("DELIVERY_SHRUNK: ") and "40%" in p for p in done.json()["refused_deliveries"]), done.out
    (account,) = [r for r in done.json()["ledger"] if r["table"] == "raw/health/staff"]
    assert account["kind"] == "held"
    assert installation.versions()["cleansed/health/staff"] == before["cleansed/health/staff"]
    assert installation.run("status").code == 3
