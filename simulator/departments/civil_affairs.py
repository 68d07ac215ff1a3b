"""Civil affairs: the cremations that funeral homes carry out, the borders of the divisions, and the register of social organisations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from simulator.basics import as_days, day_text, night_of, numbers, only, pick
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.entity_records import entity_records, registration
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world import ground
from simulator.world.people import draw_names, draw_phones

CIVIL_AFFAIRS = Department("civil_affairs", organisation="FAKE321000000002")
FOUNDED = {"CITY": "1983-03-01", "COUNTY": "1991-04-01", "TOWN": "2001-01-01", "VILLAGE": "2004-01-01"}
"""Since when divisions have been as they are, where the history (world/division_history.csv) says nothing else."""
ORGANISATION = "civil_affairs/social_organisation"


def _of_deaths(rows: pd.DataFrame) -> np.ndarray:
    """Who was cremated has died, though the day is hearsay."""
    return np.where(~rows["_bad_id"], "B", "")


@CIVIL_AFFAIRS.table(
    "cremation",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.08),
        Cell("D07", "id_no", 0.02),
        Cell("D06", "id_no", 0.002),
        Cell("D06R", "id_no", 0.002),
        Cell("D03", "id_no", 0.015),
        Cell("MISSING", "id_no", 0.08),
        Cell("D02", "deceased_name", 0.03),
        Cell("D30", "deceased_name", 0.01),
        Cell("D15X", "cremation_date", 0.05),
        Cell("D16A", "death_date", 0.003, other="cremation_date"),
        Cell("D22", "sex_code", 0.5),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "cremation_date", 0.0005), Rejected("KEY_CONFLICT", "deceased_name", 0.0003)),
    number=Number("cremation_no", 6),
    evidence=_of_deaths,
)
def cremations(registers: Registers) -> pd.DataFrame:
    """Cremations; the day of death is what the family says, sometimes a few days off, sometimes not stated."""
    people, deaths, rng = registers.world.people, registers.world.deaths, registers.world.stream("cremations")
    known = deaths[deaths["cremation"]]
    at, n = known["at"].to_numpy(), len(known)
    who, death, cremated = people.iloc[at], as_days(known["death"].to_numpy()), as_days(known["cremated"].to_numpy())
    said = np.where(rng.random(n) < 0.02, death + 1, death)
    age = ((death - as_days(who["birth"].to_numpy())).astype(int) / 365.25).astype(int)
    rows = pd.DataFrame(
        {
            "cremation_no": "HH" + numbers(cremated.astype("datetime64[Y]").astype(int) + 1970) + numbers(np.arange(n) + 1, 6),
            "deceased_name": who["name"].to_numpy(),
            "id_no": who["id_no"].to_numpy(),
            "sex_code": who["sex"].to_numpy(),
            "age": numbers(age),
            "death_date": only(rng.random(n) < 0.97, day_text(said)),
            "cremation_date": day_text(cremated),
            "death_reason": pick(rng, ["疾病", "年老", "意外"], n, [70, 25, 5]),
            "home_addr": who["address"].to_numpy(),
            "kin_name": draw_names(rng, pick(rng, ["1", "2"], n)),
            "kin_phone": draw_phones(rng, n),
            "kin_rel": pick(rng, ["子", "女", "配偶", "孙子"], n),
            "funeral_home": people["county6"].map(lambda c: f"{c}殡仪馆").to_numpy()[at],
            "_person": at,
            "_night": night_of(cremated),
        }
    )
    return rows[rows["_night"] >= 0].sort_values("cremation_date", kind="stable", ignore_index=True)


@CIVIL_AFFAIRS.table("division_boundary", copies=0.004)
def boundaries(registers: Registers) -> pd.DataFrame:
    """All divisions in force, and those that had another name, or other borders, before. A village's border crosses itself."""
    now, before = registers.world.ground.divisions, _history(registers.world.ground.divisions)
    begun = dict(zip(before["successor"], day_text(as_days(before["valid_to"]) + 1), strict=True))
    since = now["code"].map(begun).fillna(now["level"].map(FOUNDED))
    rows = pd.concat([now.assign(valid_from=since, valid_to=None), before.drop(columns="successor")], ignore_index=True)
    crossed = _crossing(rows)
    rows["geometry"] = ground.texts(rows["geometry"])
    rows.loc[crossed, "geometry"] = ground.texts(np.array([_crossed(now["geometry"][crossed])])).item()
    changed = rows["valid_to"].fillna(rows["valid_from"])
    return rows.assign(update_time=changed + " 09:00:00", _crossed=rows.index == crossed)


def _history(now: pd.DataFrame) -> pd.DataFrame:
    """Former divisions; the areas of theirs are those of towns of today."""
    file = Path(ground.__file__).with_name("division_history.csv")
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    towns = now[now["level"] == "TOWN"]
    parts = [shapely.coverage_union_all(towns.loc[towns["code"].str.match(area), "geometry"].to_numpy()) for area in rows["area"]]
    parent = np.where(rows["level"] == "COUNTY", "321000000000", rows["code"].str[:6] + "000000")
    return rows.drop(columns="area").assign(geometry=parts, parent=parent)


def _crossing(rows: pd.DataFrame) -> int:
    """The village that is drawn wrongly: the one with the most corners."""
    corners = shapely.get_num_coordinates(rows["geometry"].to_numpy())
    return int(np.where((rows["level"] == "VILLAGE") & (shapely.get_type_id(rows["geometry"].to_numpy()) == 3), corners, 0).argmax())


def _crossed(border: shapely.Geometry) -> shapely.Geometry:
    """A border that crosses itself: two neighbouring corners in each other's place, the first two where that makes it cross."""
    corners = shapely.get_coordinates(border)
    order = np.arange(len(corners))
    swapped = [shapely.polygons(corners[[*order[:k], k + 1, k, *order[k + 2 :]]]) for k in order[1:-2]]
    return next(shape for shape in swapped if not shapely.is_valid(shape))


@CIVIL_AFFAIRS.finding("borders that cross themselves", "base/geography/division", "repaired", "True")
def crossed_borders(registers: Registers) -> pd.Series:
    rows = registers.delivered("civil_affairs/division_boundary")
    return (rows["code"] + "|" + rows["valid_from"])[rows["_crossed"].to_numpy()]


@CIVIL_AFFAIRS.table(
    "social_organisation",
    dirt=(
        Cell("D32", "entity_name", 0.05),
        Cell("D15X", "est_date", 0.05),
        Cell("D22", "organisation_type", 0.3, kind=labels({"51": ("社会团体", "社团"), "52": ("民非",), "53": ("基金会",)})),
    ),
    copies=0.01,
)
def social_organisations(registers: Registers) -> pd.DataFrame:
    """One row per association, private non-enterprise unit or foundation."""
    e, rng = registers.world.enterprises, registers.world.stream("civil affairs social organisation")
    e = e[e["kind"] == "association"]
    n = len(e)
    return pd.DataFrame(
        {
            **registration(e),
            "register_no": "MZ" + numbers(e.index, 8),
            "organisation_code": only(e["uscc"].isna().to_numpy() | (rng.random(n) < 0.7), e["org_code"].to_numpy(dtype=object)),
            "organisation_type": e["social_type"].to_numpy(),
            "authority": "扬州市民政局",
        }
    )


@CIVIL_AFFAIRS.truth("entity_record")
def whose(registers: Registers) -> pd.DataFrame:
    """Which entity each registration is of."""
    return entity_records(registers, {ORGANISATION: ("register_no",)})
