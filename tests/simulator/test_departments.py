"""Departments take part by being in a folder: a new one is a module, and a demo city may do without some."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import simulator
import simulator.departments
from contracts.loader import load, load_all
from contracts.short import departments
from pipelines.cli.demo import run_demo
from pipelines.cli.truth import Finding, compare
from pipelines.wrong_use import WrongUse
from simulator.declare import Department, declared
from simulator.dirt import Cell
from simulator.registers import Registers
from simulator.rejects import Rejected
from simulator.world import World

PEOPLE = 1000
MODULE = '''
"""The water company: readings of meters."""

import pandas as pd
from simulator.basics import FIRST_NIGHT, day_text, decimals, numbers
from simulator.declare import Department, Late
from simulator.dirt import Cell
from simulator.registers import Registers
from simulator.rejects import Number, Rejected

WATER = Department("water", organisation="FAKE321000000006")
DIRT = (Cell("D04", "id_no", 0.2), Cell("D20", "volume", 0.05))
UNUSABLE = (Rejected("IMPOSSIBLE", "read_date", 0.001),)


@WATER.table("reading", dirt=DIRT, copies=0.01, rejected=UNUSABLE, number=Number("reading_no", 2), late=Late(night=1, comes=2))
def readings(registers: Registers) -> pd.DataFrame:
    """A third of the households each night, in the name of their heads."""
    rows = registers.world.people.query("head")[["id_no"]].assign(_person=lambda p: p.index, _night=lambda p: p.index % 3)
    volume = registers.world.stream("water readings").gamma(2, 6, len(rows))
    read = day_text(FIRST_NIGHT + rows["_night"].to_numpy())
    return rows.assign(reading_no="WS" + numbers(rows.index, 7), read_date=read, volume=decimals(volume, 1))


@WATER.finding("meters of the dead", "themes/water/meter", "flags", "DEAD_HOLDER")
def meters_of_the_dead(registers: Registers) -> pd.Series:
    rows = registers.delivered("water/reading")
    return rows.loc[registers.proven_dead()[rows["_person"]], "reading_no"]
'''
CONTRACT = """
name: cleansed/water/reading
version: 1.0.0
title: 抄表
purpose: Readings of water meters.
delivery: {format: csv, encoding: utf-8, delimiter: ",", mode: append, sequence: []}
header: name
key: [reading_no]
columns:
  reading_no: {title: 抄表号, rule: identifier, class: L2}
  id_no:      {title: 身份证号}
  read_date:  {title: 抄表日期, rule: date, class: L1, required: true}
  volume:     {title: 水量, rule: decimal, class: L1, type: "decimal(10,2)"}
"""


class Lake:
    """Tables by name, as the lake would publish them."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = {name.replace("__", "/"): rows for name, rows in tables.items()}

    def version(self, name: str) -> int | None:
        return 0 if name in self.tables else None

    def arrow(self, name: str, columns: list[str]) -> pa.Table:
        return pa.table({c: [row[c] for row in self.tables[name]] for c in columns})


@pytest.fixture
def water(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A department in a folder beside the others; its tables have contracts."""
    (tmp_path / "water.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "reading.yaml").write_text(CONTRACT, encoding="utf-8")
    monkeypatch.setattr(simulator.departments, "__path__", [*simulator.departments.__path__, str(tmp_path)])
    monkeypatch.setitem(departments(), "water", "Water company")
    reading = load(tmp_path / "reading.yaml")
    monkeypatch.setitem(load_all(), reading.name, reading)
    monkeypatch.setitem(load_all(), "themes/water/meter", replace(reading, name="themes/water/meter"))
    yield
    sys.modules.pop("simulator.departments.water", None)


def deliver(city: simulator.City, folder: Path, nights: tuple[int, ...] = (0, 1, 2)) -> set[str]:
    """Deliver, and say which drops there are."""
    folder.mkdir(exist_ok=True)
    for night in nights:
        city.deliver(night, folder / "landing", f"sqlite:///{folder}/exchange.db")
    return {p.parent.relative_to(folder / "landing").as_posix() for p in folder.rglob("manifest.json")}


@pytest.mark.usefixtures("water")
def test_a_module_beside_the_others_takes_part(tmp_path: Path) -> None:
    assert "water" in declared()
    assert list(declared()) == sorted(declared())
    city = simulator.build(PEOPLE, departments=["water", "public_security"])
    assert {table.partition("/")[0] for table in city.tables} == {"public_security", "water"}
    assert "water/reading" in city.tables

    early = {d for d in deliver(city, tmp_path / "city", (0, 1)) if d.startswith("water")}
    assert early == {"water/reading/2019-12-29"}, "the second night comes with the third"
    assert {d for d in deliver(city, tmp_path / "city", (2,)) if d.startswith("water")} == {
        f"water/reading/{day}" for day in ("2019-12-29", "2019-12-30", "2019-12-31")
    }

    drops = pd.concat(city.tables["water/reading"])
    dirt = city.truth["dirt"].query("table == 'water/reading'").set_index("code")["key"]
    assert set(dirt.index) == {"D04", "D11", "D20", "IMPOSSIBLE"}
    assert drops["reading_no"].duplicated().sum() == (dirt.index == "D11").sum()
    assert drops.set_index("reading_no").loc[dirt["D20"], "volume"].str.endswith("元").all()
    assert dirt["IMPOSSIBLE"].startswith("WS9")


@pytest.mark.usefixtures("water")
def test_what_a_department_declares_is_held_against_the_lake(tmp_path: Path) -> None:
    city = simulator.build(PEOPLE, departments=["water", "civil_affairs"])
    city.write_truth(tmp_path)
    dead = set(city.truth["finding"].query("finding == 'meters of the dead'")["key"]) - {""}
    proven = city.truth["person"].query("death_grade == 'B'")["id_no"]
    holders = pd.concat(city.tables["water/reading"]).set_index("reading_no")["id_no"].str.translate(str.maketrans("x×хХ", "XXXX"))
    assert dead == set(holders[holders.isin(proven)].index)
    assert len(dead) > 3

    first, *others = sorted(dead)
    flagged = [{"reading_no": key, "flags": ["DEAD_HOLDER", "OLD"]} for key in [*others, "WS0"]]
    lake = Lake(
        themes__water__meter=[{"reading_no": first, "flags": []}, *flagged], base__population__death=[], base__population__person=[]
    )
    deaths, meters = compare(lake, tmp_path, date(2019, 12, 31))  # type: ignore[arg-type]
    assert (deaths.expected, deaths.found) == (len(proven), 0)
    assert meters == Finding("meters of the dead", len(dead), len(dead), len(dead) - 1)


def test_a_city_may_do_without_some_departments(tmp_path: Path) -> None:
    whole, part = simulator.build(PEOPLE), simulator.build(PEOPLE, departments=["public_security", "health"])
    assert {t.split("/")[0] for t in part.tables} == {"health", "public_security"}
    assert {d.split("/")[0] for d in deliver(part, tmp_path)} == {"health", "public_security"}
    assert set(part.truth["dirt"]["table"]) == set(part.tables)
    for table, drops in part.tables.items():
        assert all(a.equals(b) for a, b in zip(drops, whole.tables[table], strict=True)), f"{table} is the same in both"
    fewer, all_ = part.truth["person"], whole.truth["person"]
    assert (fewer.loc[all_["death_grade"] == "A", "death_grade"] == "A").all()
    assert (fewer["death_grade"] != "A").sum() == (all_["death_grade"] != "A").sum(), "only these two departments date deaths"
    assert (fewer["death_grade"] == "none").sum() > (all_["death_grade"] == "none").sum(), "nobody has told of cremations and pensions"


def test_an_exchange_database_without_deliveries_has_its_tables(tmp_path: Path) -> None:
    city = simulator.build(PEOPLE, departments=["citizen_card"])
    deliver(city, tmp_path)
    assert set(city.truth) == {"person", "finding", "dirt"}
    rows = pd.read_sql("select * from ga_resident", f"sqlite:///{tmp_path}/exchange.db")
    assert len(rows) == 0
    assert "person_no" in rows


def test_a_wrong_department_is_wrong_use_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no department 'warter'; there are .*civil_affairs, .*environment, .*water_resources"):
        run_demo(tmp_path / "demo", PEOPLE, 1, ["health", "warter"], as_json=True)
    assert not (tmp_path / "demo").exists()


def test_a_declaration_that_cannot_be_meant_is_refused_at_once() -> None:
    water = Department("water", organisation="FAKE321000000006")
    for declared_ in ({"dirt": (Cell("D22", "pipe", 0.1),)}, {"rejected": (Rejected("D99", "pipe", 0.1),)}):
        with pytest.raises(TypeError, match=r"water/reading: there is no such kind of dirt.*'pipe'"):
            water.table("reading", **declared_)(lambda registers: pd.DataFrame())
    water.table("reading")(lambda registers: pd.DataFrame())
    with pytest.raises(LookupError, match=r"write contracts/cleansed/water/reading\.yaml"):
        Registers(World.of(300, 1), {"water": water}, ["water"]).drops("water/reading")
