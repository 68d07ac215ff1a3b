"""The workbook a department gets back: harmless, masked unless asked for by its own data officer, complete."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from contracts.registry import meanings
from pipelines.cli.main import app
from pipelines.control.audit import AUDIT, Entry, lines, record, verify
from pipelines.quarantine import workbook
from pipelines.quarantine.cells import LONGEST, visible
from pipelines.runtime import Runtime
from resources.errors import CitylakeError
from resources.lake import Lake
from tests.cleansed.nights import certificate, citizen, crowd, night, staff
from tests.deliveries import deliver

STAFF = "health/staff"
D29, D30 = "2019-12-29", "2019-12-30"
NAME, NUMBER = "王小明", citizen(7)
TRAPS = {"title": "=1+1", "scope": "+cmd|' /C calc'!A0"}
OFFICER = {"CITYLAKE_ROLE": "data_officer@health"}
PERSON = ["--who", "O. Officer", "--why", "correct them"]
Installation = Callable[..., Runtime]


@pytest.fixture
def city(installation: Installation) -> Runtime:
    """B is held back, full of traps; so is a line nobody can read."""
    city = installation()
    wrong = staff("B", status="@SUM(1)", name=NAME, id_no=NUMBER, **TRAPS)
    deliver(city, STAFF, D29, [staff("OLD", status="-9"), *crowd()])
    night(city, STAFF, D29)
    deliver(city, STAFF, D30, [wrong, staff("\tC", status="9\x019", title="_x0041_"), *crowd()], extra_lines=(f"L9,{NUMBER}",))
    night(city, STAFF, D30)
    return city


@pytest.mark.proves("B25")
def test_a_masked_workbook_says_what_is_wrong_and_holds_no_formula(city: Runtime, tmp_path: Path, proven: Any) -> None:
    (made,) = export(city, tmp_path)
    assert (made["department"], made["rows"]) == ("health", 3)
    sheets = contents(made["file"])
    assert list(sheets) == ["说明 Read me", "汇总 Summary", "卫生人员"]
    assert ("卫生人员", "在岗状态", "E_CODE", 1, "代码不在约定的代码表内", "改用代码表中的代码") in [r[:6] for r in sheets["汇总 Summary"]]
    head, *rows = sheets["卫生人员"]
    told = {r[2]: dict(zip(head, r, strict=True)) for r in rows}
    assert sorted(told) == [2, 3, 24], "only the newest of the snapshots counts, and its lines are those of the file"
    assert told[2]["原因 reason"] == "在岗状态：代码不在约定的代码表内"
    assert (told[2]["姓名"], told[2]["身份证号"]) == ("王*明", f"{NUMBER[:6]}********{NUMBER[-4:]}")
    assert (told[2]["职称"], told[2]["执业范围"], told[2]["在岗状态"]) == ("=1+1", TRAPS["scope"], "@SUM(1)")
    assert told[3]["在岗状态"] == "9␁9", "a control character is shown, not lost"
    assert told[24][workbook.AFTER_VALUES] == "****"

    book = openpyxl.load_workbook(made["file"])
    texts = [c for sheet in book for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]
    assert {c.data_type for c in texts} == {"s"}
    assert {bool(c.quotePrefix) for c in texts if c.value.startswith(("=", "+", "-", "@", "\t"))} == {True}
    with zipfile.ZipFile(made["file"]) as packed:
        xml = {n: packed.read(n) for n in packed.namelist()}
    assert [n for n, data in xml.items() if re.search(rb"<f[ >/]", data)] == []
    assert any(b'quotePrefix="1"' in data for data in xml.values())
    assert b"_x005F_x0041_" in b"".join(xml.values()), "a spreadsheet would read _x0041_ as the letter A"
    assert [n for n, data in xml.items() if NUMBER.encode() in data or NAME.encode() in data] == []
    proven(
        done="cells that start with = + @, control characters and a person's number went through delivery and export",
        seen=f"{len(texts)} text cells, 0 formulas in the XML, quotePrefix set, no number and no name of a person",
    )


@pytest.mark.proves("H10")
def test_only_the_departments_own_officer_gets_values_and_it_is_written_down(city: Runtime, tmp_path: Path, proven: Any) -> None:
    for env, words in (
        ({}, "role none may not receive delivered values of health"),
        ({"CITYLAKE_ROLE": "analyst@health"}, "role analyst@health may not"),
        ({"CITYLAKE_ROLE": "data_officer@civil_affairs"}, "may not"),
        ({"CITYLAKE_ROLE": "data_officer"}, "may not"),
    ):
        with pytest.raises(CitylakeError, match=words):
            export(city, tmp_path, "--values", *PERSON, env=env)
    with pytest.raises(CitylakeError, match="VALUES_UNEXPLAINED"):
        export(city, tmp_path, "--values", "--who", "O. Officer", env=OFFICER)
    assert CliRunner().invoke(app, ["quarantine", "--lake", city.settings.lake, "--values"], env=OFFICER).exit_code == 2
    assert lines(city.lake) == []
    assert list(tmp_path.glob("*.xlsx")) == []

    (made,) = export(city, tmp_path, "--values", *PERSON, env=OFFICER)
    assert Path(made["file"]).stat().st_mode & 0o077 == 0
    head, *rows = contents(made["file"])["卫生人员"]
    told = {r[2]: dict(zip(head, r, strict=True)) for r in rows}
    assert (told[2]["姓名"], told[2]["身份证号"], told[24][workbook.AFTER_VALUES]) == (NAME, NUMBER, f"L9,{NUMBER}")
    (line,) = lines(city.lake)
    assert {k: line[k] for k in ("number", "who", "role", "action", "table", "rows", "why")} == {
        "number": 1, "who": "O. Officer", "role": "data_officer", "action": "export", "table": "quarantine/health/staff", "rows": 3,
        "why": "correct them",
    }  # fmt: skip
    proven(
        done="four other roles and a request without a reason asked for the values, then the department's own data officer",
        seen="5 refused with an error and without a file; 1 granted: 3 rows, 1 line in the audit",
    )


@pytest.mark.proves("H10")
def test_a_changed_line_of_the_audit_is_found_and_nothing_more_is_given_out(tmp_path: Path, proven: Any) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for rows in (3, 400, 5):
        record(lake, [Entry("O. Officer", "data_officer", "export", "quarantine/health/staff", rows, "为更正")])
    known = lines(lake)
    assert verify(known) is None
    assert verify([known[0], {**known[1], "rows": 4}, known[2]]) == "line 2 of the audit was changed after it was written"
    assert verify([known[0], known[2]]) == "line 2 of the audit does not continue the previous line"
    assert verify([known[0], {**known[2], "number": 2}]) == "line 2 of the audit does not continue the previous line"

    stage = lake.stage(AUDIT, "thief")
    stage.write_arrow(pa.Table.from_pylist([known[0], {**known[1], "rows": 4}, known[2]]).to_reader())
    lake.publish(stage, base_version=lake.version(AUDIT))
    assert CliRunner().invoke(app, ["audit", "--lake", lake.root]).exit_code == 1
    with pytest.raises(CitylakeError, match="AUDIT_BROKEN"):
        record(lake, [Entry("O. Officer", "data_officer", "export", "quarantine/health/staff", 1, "为更正")])
    proven(
        done="a line of the audit was changed, one taken out, one moved",
        seen="each was found at line 2; the command ends with 1 and no further values are given out",
    )


def test_a_table_larger_than_a_sheet_is_split(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, "health/death_certificate", D29, [*[certificate(f"C{i}", death_datetime="?") for i in range(9)], certificate("C9")])
    night(city, "health/death_certificate", D29)
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    monkeypatch.setattr(workbook, "CHUNK", 2)
    (made,) = export(city, tmp_path)
    sheets = contents(made["file"])
    parts = [s for s in sheets if s not in ("说明 Read me", "汇总 Summary")]
    assert parts == ["居民死亡医学证明", "居民死亡医学证明 2", "居民死亡医学证明 3"]
    assert [len(sheets[s]) for s in parts] == [5, 5, 2]
    assert [r[2] for s in parts for r in sheets[s][1:]] == list(range(2, 11))


def test_what_a_cell_cannot_hold_is_made_visible() -> None:
    assert visible("a\x00b\x0bc\rd\x7fe\x85f\ufffe") == "a␀b␋c␍d␡e\\u0085f\\ufffe"
    assert visible("line\nline\ttab") == "line\nline\ttab"
    book = openpyxl.Workbook(write_only=True)
    long = workbook.cell(book.create_sheet(), "长" * 40_000).value
    assert len(long) == LONGEST
    assert long.endswith("(40000)")


def test_every_code_that_holds_a_row_back_has_a_meaning() -> None:
    root = Path(workbook.__file__).parents[2]
    sources = [f for p in ("standards", "quality", "resources/readers", "assets/cleansed") for f in (root / p).rglob("*.py")]
    found = {c for f in sources for c in re.findall(r'[":](E_[A-Z0-9_]+)"', f.read_text(encoding="utf-8"))}
    assert len(found) > 15
    assert found - set(meanings()) == set()


def export(city: Runtime, folder: Path, *options: str, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """What `citylake quarantine --export` says. Raises its error."""
    arguments = ["quarantine", "--export", str(folder), "--lake", city.settings.lake, "--json", *options]
    done = CliRunner().invoke(app, arguments, env=env)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    made: list[dict[str, Any]] = json.loads(done.stdout)
    return made


def contents(file: str) -> dict[str, list[tuple[Any, ...]]]:
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in openpyxl.load_workbook(file)}


def test_a_row_is_there_once_though_others_of_its_delivery_contest_a_key(installation: Installation, tmp_path: Path) -> None:
    city = installation()
    twice = [staff("K"), staff("K", title="99")]
    deliver(city, STAFF, D29, [staff("B", status="-9"), *twice, *crowd()])
    night(city, STAFF, D29)
    (made,) = export(city, tmp_path)
    head, *rows = contents(made["file"])["卫生人员"]
    lines_ = [row[head.index("行号 line")] for row in rows]
    assert (len(lines_), made["rows"]) == (len(set(lines_)), len(lines_))
    assert {row[head.index("代码 codes")] for row in rows} >= {"key:E_KEY_CONFLICT"}
