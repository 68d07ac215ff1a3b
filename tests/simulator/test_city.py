"""The demo city as a whole: the same bytes each time, drops that keep their promises, shares as the domain expects them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import simulator
from contracts import load_all, sources
from simulator.drops import sm3
from tests.departments import ABOUT_PERSONS

PEOPLE = 1000
PLACEHOLDERS = {"321002190001010000"}
TEST_PHONE = "13800138000"  # of the operator itself
BROKEN_LINES = {"health/archive", "health/death_certificate", "citizen_card/card"}
MAY_LIE_AHEAD = {"next_date"}
OPEN_SHARES = {
    "ACTIVE": (0.55, 0.68),
    "DUPLICATE": (0.025, 0.06),
    "DECEASED": (0.02, 0.045),
    "FAKE_SUSPECT": (0.01, 0.035),
    "FAKE_CONFIRMED": (0.002, 0.01),
}


def deliver(city: simulator.City, folder: Path, on_time: bool = False) -> Path:
    for night in range(3):
        city.deliver(night, folder / "landing", f"sqlite:///{folder}/exchange.db", on_time=on_time)
    return folder / "landing"


def digests(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def city() -> simulator.City:
    return simulator.build(PEOPLE, seed=7, departments=ABOUT_PERSONS)


@pytest.fixture(scope="module")
def landing(city: simulator.City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deliver(city, tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def larger() -> simulator.City:
    return simulator.build(6000, departments=ABOUT_PERSONS)


def manifests(landing: Path) -> list[tuple[Path, dict]]:
    return [(p.parent, json.loads(p.read_text(encoding="utf-8"))) for p in sorted(landing.rglob("manifest.json"))]


def test_same_people_and_seed_give_the_same_bytes(landing: Path, tmp_path: Path) -> None:
    assert digests(deliver(simulator.build(PEOPLE, seed=7, departments=ABOUT_PERSONS), tmp_path)) == digests(landing)


def test_another_seed_gives_another_city(landing: Path, tmp_path: Path) -> None:
    other = deliver(simulator.build(PEOPLE, seed=8, departments=ABOUT_PERSONS), tmp_path)
    manifest = "health/archive/2019-12-29/manifest.json"
    assert (other / manifest).read_bytes() != (landing / manifest).read_bytes()


def test_manifests_tell_the_truth_about_their_files(landing: Path) -> None:
    found = manifests(landing)
    files = {
        c.name
        for c in sources(load_all()).values()
        if {c.domain, f"{c.domain}/{c.table}"} & {*ABOUT_PERSONS} and c.delivery.format != "database"
    }
    assert Counter(f"cleansed/{manifest['table']}" for _, manifest in found) == dict.fromkeys(files, 3)
    for folder, manifest in found:
        delivery = load_all()[f"cleansed/{manifest['table']}"].delivery
        assert (manifest["format"], manifest["mode"], manifest["encoding"]) == (delivery.format, delivery.mode, delivery.encoding)
        assert {f["name"] for f in manifest["files"]} == {p.name for p in folder.iterdir()} - {"manifest.json"}
        for file in manifest["files"]:
            data = (folder / file["name"]).read_bytes()
            assert (sm3(data), len(data)) == (file["sm3"], file["bytes"])


def test_text_files_hold_the_declared_rows_under_the_contracted_header(landing: Path) -> None:
    for folder, manifest in manifests(landing):
        contract = load_all()[f"cleansed/{manifest['table']}"]
        texts = []
        for file in manifest["files"] if manifest["format"] != "xlsx" else []:
            data = (folder / file["name"]).read_bytes()
            texts.append((gzip.decompress(data) if file["name"].endswith(".gz") else data).decode(manifest["encoding"]))
        if manifest["format"] == "csv":
            rows = [list(csv.reader(t.splitlines())) for t in texts]
            assert all(r[0] == [c.source for c in contract.delivered] for r in rows)
            assert sum(len(r) - 1 for r in rows) == manifest["row_count"]
            widths = {len(x) for r in rows for x in r}
            assert widths == {len(contract.delivered)} or manifest["table"] in BROKEN_LINES
        elif manifest["format"] == "jsonl":
            rows = [json.loads(line) for t in texts for line in t.splitlines()]
            assert len(rows) == manifest["row_count"]
            assert all(set(r) == {c.source for c in contract.delivered} for r in rows)
        elif manifest["format"] == "fixed_width":
            lines = [line for t in texts for line in t.splitlines()]
            assert len(lines) == manifest["row_count"]
            assert {len(line.encode(manifest["encoding"])) for line in lines} <= {sum(c.width for c in contract.delivered)}


def test_workbook_has_titles_above_and_totals_below(landing: Path) -> None:
    from python_calamine import CalamineWorkbook

    folder = landing / "civil_affairs/cremation/2019-12-29"
    rows = CalamineWorkbook.from_path(str(next(folder.glob("*.xlsx")))).get_sheet_by_index(0).to_python()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert rows[2] == [c.source for c in load_all()["cleansed/civil_affairs/cremation"].delivered]
    assert [str(r[0])[:2] for r in rows[-2:]] == ["合计", "制表"]
    assert len(rows) == 3 + manifest["row_count"] + 2


def test_followups_of_the_second_night_come_late_unless_on_time(city: simulator.City, tmp_path: Path) -> None:
    late, prompt = tmp_path / "late", tmp_path / "prompt"
    drop = "landing/health/hypertension_followup/2019-12-30/manifest.json"
    for folder, on_time in ((late, False), (prompt, True)):
        folder.mkdir()
        for night in (0, 1):
            city.deliver(night, folder / "landing", f"sqlite:///{folder}/exchange.db", on_time=on_time)
        assert (folder / drop).exists() is on_time
        city.deliver(2, folder / "landing", f"sqlite:///{folder}/exchange.db", on_time=on_time)
    assert digests(late / "landing") == digests(prompt / "landing")


def test_examinations_of_the_second_night_are_sent_again(city: simulator.City, tmp_path: Path) -> None:
    folder = tmp_path / "landing/health/examination/2019-12-30"
    stamps = []
    for night in range(3):
        city.deliver(night, tmp_path / "landing", f"sqlite:///{tmp_path}/exchange.db")
        if night:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            stamps.append((manifest["extract_ts"], manifest["files"][0]["sm3"], manifest["row_count"]))
    (before, digest, count), (after, other_digest, other_count) = stamps
    assert before < after
    assert digest != other_digest
    assert count == other_count


def test_exchange_database_holds_a_full_load_then_changes(landing: Path) -> None:
    with sqlite3.connect(landing.parent / "exchange.db") as db:
        rows = pd.read_sql("select * from ga_resident order by cd_id", db)
    first = rows[rows["cd_batch"] == "20191229"]
    assert set(first["cd_operation"]) == {"I"}
    assert 0.98 * PEOPLE < len(first) <= PEOPLE + 4
    assert {"I", "U", "D"} == set(rows.loc[rows["cd_batch"] == "20191230", "cd_operation"])
    assert rows["cd_id"].is_unique
    ordered = rows.sort_values("cd_id")
    older_later = ordered.groupby("person_no")["op_time"].apply(lambda t: not t.is_monotonic_increasing)
    assert older_later.any()


def test_identity_numbers_are_of_the_test_division_and_phones_of_the_reserved_block(landing: Path) -> None:
    text = (landing / "health/archive/2019-12-31").glob("*.csv")
    rows = pd.concat([pd.read_csv(p, encoding="gb18030", dtype=str, on_bad_lines="skip") for p in text])
    ids = rows["证件号码"].dropna().str.normalize("NFKC").str.replace(r"[^0-9A-Za-zхХ×]", "", regex=True)
    proper = ids[ids.str.fullmatch(r"\d{15}|\d{17}[\dXx×хХ]")]
    foreign = proper[~proper.str.startswith("321099") & ~proper.isin(PLACEHOLDERS)]
    assert not foreign.str[6:14].str.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])").any()
    phones = rows["本人电话"].dropna()
    assert phones[phones != TEST_PHONE].str.fullmatch(r"1\d{2}0000\d{4}").all()


def test_identity_numbers_of_the_truth_are_valid_and_unique(larger: simulator.City) -> None:
    ids = larger.truth["person"]["id_no"]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    assert ids.is_unique
    assert all("10X98765432"[sum(int(c) * w for c, w in zip(i, weights, strict=False)) % 11] == i[17] for i in ids)


def test_open_archives_have_the_expected_shares(larger: simulator.City) -> None:
    states = larger.truth["archive"]["expected_state"]
    shares = states[states != "CLOSED"].value_counts(normalize=True)
    assert {s: shares[s] for s, (low, high) in OPEN_SHARES.items() if not low <= shares[s] <= high} == {}
    assert 0.2 <= shares["DORMANT"] + shares["DORMANT_NEVER"] <= 0.30
    assert 0.03 <= (states == "CLOSED").mean() <= 0.05


def test_ages_and_services_are_realistic(larger: simulator.City) -> None:
    person, service = larger.truth["person"], larger.truth["service"]
    age = (pd.Timestamp("2019-12-31") - pd.to_datetime(person.loc[person["alive"] == 1, "birth_date"])).dt.days / 365.25
    assert (age >= 60).mean() == pytest.approx(0.26, abs=0.03)
    assert (age >= 65).mean() == pytest.approx(0.20, abs=0.03)
    visits = service[service["kind"] == "visit"].groupby("true_person").size().sort_values(ascending=False)
    assert visits.iloc[: len(visits) // 5].sum() / visits.sum() > 0.7
    assert 0.002 < service["after_death"].mean() < 0.006


def test_no_service_is_so_near_a_death_that_the_date_decides(larger: simulator.City) -> None:
    rows = larger.truth["service"].merge(larger.truth["person"], on="true_person")
    gap = (pd.to_datetime(rows["service_date"]) - pd.to_datetime(rows["death_date"])).dt.days.abs()
    assert not (gap < 10).any()


def test_after_death_services_belong_to_deaths_of_grade_a(larger: simulator.City) -> None:
    rows = larger.truth["service"].merge(larger.truth["person"], on="true_person")
    assert set(rows.loc[rows["after_death"] == 1, "death_grade"]) == {"A"}


def noted(city: simulator.City, code: str, table: str) -> pd.Series:
    """The keys under which dirt of a kind is noted."""
    dirt = city.truth["dirt"]
    return dirt.loc[(dirt["code"] == code) & (dirt["table"] == table), "key"]


def test_nothing_happens_after_the_business_date_of_its_batch(larger: simulator.City) -> None:
    late = []
    for night, day in enumerate(larger.nights):
        for table, rows in ((t, drops[night]) for t, drops in larger.tables.items()):
            for column in [c for c in rows if c.endswith(("_date", "_time", "_datetime")) and c not in MAY_LIE_AHEAD]:
                text = rows[column].dropna()
                written = text[text.str.match(r"\d{4}-\d\d-\d\d") & ~text.str.startswith("9999")]
                late += [(table, column, v) for v in written[written > f"{day} 22:30:00"]]
    assert late == []


def test_broken_lines_are_additional_and_counted(landing: Path) -> None:
    kinds: dict[str, set[bool]] = {}
    for folder, manifest in manifests(landing):
        if manifest["table"] not in BROKEN_LINES:
            continue
        width = len(load_all()[f"cleansed/{manifest['table']}"].delivered)
        for file in manifest["files"]:
            lines = (folder / file["name"]).read_bytes().decode(manifest["encoding"]).splitlines()
            kinds.setdefault(manifest["table"], set()).update(len(x) > width for x in csv.reader(lines) if len(x) != width)
    assert set(kinds) == BROKEN_LINES


def test_archives_stand_in_the_list_beside_their_broken_lines(larger: simulator.City) -> None:
    last = larger.tables["health/archive"][2]
    whole = last[last["_line"].isna()]
    assert set(larger.truth["archive"]["empi_id"]) == set(whole["empi_id"])
    assert len(last) - len(whole) == len(noted(larger, "D23", "health/archive")) >= 4


@pytest.mark.parametrize(
    ("table", "code", "kind"),
    [
        ("health/examination", "IMPOSSIBLE", "exam"),
        ("health/hypertension_followup", "IMPOSSIBLE", "followup"),
        ("health/outpatient_visit", "UNREADABLE", "visit"),
    ],
)
def test_services_without_a_date_are_none_of_the_truth(larger: simulator.City, table: str, code: str, kind: str) -> None:
    key = list(load_all()[f"cleansed/{table}"].key)
    delivered = pd.concat(larger.tables[table])[key].agg("|".join, axis=1)
    service = larger.truth["service"]
    unusable = noted(larger, code, table)
    unusable = unusable[unusable.str.contains(r"(?:TJ|SF|MZ)9")]
    assert len(unusable) >= 1
    assert unusable.isin(delivered).all()
    assert not unusable.isin(service.loc[service["kind"] == kind, "service_no"]).any()


def test_one_cremation_number_has_two_names_in_one_drop(larger: simulator.City) -> None:
    (number,) = noted(larger, "KEY_CONFLICT", "civil_affairs/cremation")
    found = [d[d["cremation_no"] == number] for d in larger.tables["civil_affairs/cremation"]]
    (pair,) = [rows for rows in found if len(rows)]
    assert len(pair) == pair["deceased_name"].nunique() == 2


def test_a_borrowed_number_is_that_of_another_living_person(larger: simulator.City) -> None:
    borrowed = noted(larger, "F3", "health/archive").str.split("|", expand=True)
    assert len(borrowed) >= 5
    archive = larger.truth["archive"].set_index("empi_id").loc[borrowed[1]]
    rows = larger.tables["health/archive"][0].drop_duplicates("empi_id").set_index("empi_id").loc[borrowed[1]]
    person = larger.truth["person"]
    owner = person.set_index("id_no").loc[rows["id_no"]]
    assert (owner["alive"] == 1).all()
    assert not (owner["name"].to_numpy() == rows["name"].to_numpy()).any()
    assert not (owner["true_person"].to_numpy() == archive["true_person"].to_numpy()).any()
    assert set(archive["duplicate_group"]) == {""}
    assert set(archive["expected_state"]) <= {"ACTIVE", "DORMANT", "DORMANT_NEVER"}
    assert owner.index.is_unique


def test_shares_of_phones_and_sexes(larger: simulator.City) -> None:
    n = len(larger.truth["archive"])
    assert len(noted(larger, "D09", "health/archive")) / n == pytest.approx(0.04, abs=0.01)
    assert len(noted(larger, "D17", "health/archive")) / n == pytest.approx(0.01, abs=0.005)


def test_truth_is_written_as_csv(city: simulator.City, tmp_path: Path) -> None:
    city.write_truth(tmp_path)
    read = {file.stem: pd.read_csv(file, dtype=str) for file in tmp_path.glob("*.csv")}
    assert {k: len(v) for k, v in read.items()} == {k: len(v) for k, v in city.truth.items()}
    assert {"person", "archive", "service", "finding", "dirt"} <= read.keys()
    assert list(read["dirt"]) == ["table", "key", "column", "code", "clean"]


def test_only_contracts_are_imported() -> None:
    for path in Path(simulator.__file__).parent.rglob("*.py"):
        imported = set(re.findall(r"^(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.M))
        assert not imported & {"standards", "assets", "quality", "resources", "pipelines"}
