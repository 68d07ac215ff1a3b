"""Cases: what patrols, cameras and residents report, and how far each has come on every night; penalties that follow from some."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from simulator.basics import (
    AS_OF,
    NIGHTS,
    as_days,
    clock_text,
    counts,
    day_text,
    decimals,
    night_of,
    numbers,
    office_seconds,
    only,
    working_days,
)
from simulator.departments.urban_management import URBAN_MANAGEMENT
from simulator.dirt import POSITION, Cell, Forgotten, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import NOWHERE
from simulator.world import ground
from simulator.world.incidents import EVENT, MOMENT
from simulator.world.people import COUNTIES, towns

CASE = "urban_management/case"
PEOPLE_PER_CASE, LEAST, SINCE = 4, 200, 75
"""Cases of the last 75 days: one for so many people, at least 200."""
OF_COMPONENT = {
    "MANHOLE": ("C0102", "C0103"), "LAMP": ("C0111",), "BIN": ("C0304",), "SIGN": ("C0205",), "TREE": ("C0405",), "HYDRANT": ("C0101",),
}  # fmt: skip
"""Kind of a component -> types of cases about it."""
EVENTS = {
    "E0101": 4, "E0102": 16, "E0103": 6, "E0104": 12, "E0201": 9, "E0202": 6, "E0301": 3, "E0302": 4, "E0401": 2, "E0501": 12, "E0504": 14,
    "E0505": 9, "E0506": 12,
}  # fmt: skip
HOURS = {"C01": 24, "C02": 48, "C03": 12, "C04": 72, "E01": 12, "E02": 24, "E03": 24, "E04": 4, "E05": 2}
"""Major class -> hours in which a case is to be dealt with."""
UNITS = {
    "C01": "市政管理处", "C02": "市政管理处", "C03": "环境卫生管理处", "C04": "园林管理处", "E01": "环境卫生管理处", "E04": "市政管理处",
}  # fmt: skip
OFFICE = "城市管理局"
"""The unit of all other classes."""
ABOUT_COMPONENTS, NOT_FILED, POSTPONED, RETURNED, NEVER = 0.3, 0.06, 0.04, 0.07, 0.02
PLACES, CASES_THERE, SPREAD = 12, 4, 10.0
"""Places where a problem recurs in a city of the reference size, cases at each, metres between them."""
STEPS = ("found_time", "accept_time", "file_time", "dispatch_time", "finish_time", "check_time", "close_time")
STATES = ("REPORTED", "REPORTED", "FILED", "DISPATCHED", "DISPOSED", "CHECKED", "CLOSED")
CUT = np.timedelta64(22 * 3600, "s")
"""When a night's extract is made."""
SOURCES = {"PATROL": 62, "VIDEO": 10, "HOTLINE": 18, "PUBLIC": 10}


def _text(moments: np.ndarray) -> np.ndarray:
    days = moments.astype("datetime64[D]")
    seconds = np.where(np.isnat(moments), 0, (moments - days).astype("timedelta64[s]").astype(np.int64))
    return clock_text(days, seconds)


def _places(registers: Registers) -> pd.DataFrame:
    """Type, component and position (metres) of every case; the last ones recur at few places."""
    world, rng = registers.world, registers.world.stream("case places")
    n = max(LEAST, len(world.people) // PEOPLE_PER_CASE)
    components = registers.rows("urban_management/component")
    at = rng.integers(0, len(components), n)
    about = rng.random(n) < ABOUT_COMPONENTS
    weights = towns()["residents_10k"].to_numpy()
    town = rng.choice(towns()["code"].to_numpy(dtype=object), n, p=weights / weights.sum())
    east, north = ground.METRES.transform(*world.ground.somewhere_in(town, rng).T)
    kind = components["kind"].to_numpy(dtype=object)[at]
    of_component = [OF_COMPONENT[k][int(u * len(OF_COMPONENT[k]))] for k, u in zip(kind, rng.random(n), strict=True)]
    rows = pd.DataFrame(
        {
            "problem_type": np.where(about, np.array(of_component, dtype=object), ground.kinds(rng, EVENTS, n)),
            "component_no": only(about, components["component_no"].to_numpy(dtype=object)[at]),
            "_east": np.where(about, components["lon"].astype(float).to_numpy()[at], east),
            "_north": np.where(about, components["lat"].astype(float).to_numpy()[at], north),
            "_town": only(~about, town),
            "_day": working_days(rng, np.full(n, AS_OF - SINCE), np.full(n, AS_OF)),
            EVENT: None,
        }
    )
    places = _recurring(rows, len(world.people))
    again = places.loc[places.index.repeat(CASES_THERE)].reset_index(drop=True)
    m = len(again)
    there = {c: again[c] + rng.uniform(-SPREAD, SPREAD, m) for c in ("_east", "_north")}
    rows = pd.concat([rows, again.assign(**there, _day=AS_OF - rng.integers(0, 25, m))], ignore_index=True)
    seconds = rng.integers(7 * 3600, 20 * 3600, len(rows)).astype("timedelta64[s]")
    rows[MOMENT] = as_days(rows["_day"].to_numpy()).astype("datetime64[s]") + seconds
    return pd.concat([rows, _of_incidents(registers)], ignore_index=True)


def _recurring(rows: pd.DataFrame, people: int) -> pd.DataFrame:
    return rows[rows["component_no"].isna()].iloc[: counts(PLACES, people, 2)]


def recurring_places(registers: Registers) -> pd.DataFrame:
    """Where problems recur: _town, _east and _north (metres)."""
    return _recurring(_places(registers), len(registers.world.people))[["_town", "_east", "_north"]]


def _of_incidents(registers: Registers) -> pd.DataFrame:
    """Cases of which other services are told, too."""
    told = registers.world.told("URBAN")
    east, north = ground.METRES.transform(told["lon"].to_numpy(), told["lat"].to_numpy())
    rows = told[["code", "moment", "incident"]].rename(columns={"code": "problem_type", "moment": MOMENT, "incident": EVENT})
    return rows.assign(component_no=None, _east=east, _north=north, _day=told["moment"].to_numpy().astype("datetime64[D]"))


def _lives(rng: np.random.Generator, cases: pd.DataFrame) -> pd.DataFrame:
    """The moments of each case, NaT for what never comes, whatever the date is: STEPS, due_time; whether postponed, times returned."""
    n = len(cases)
    hours = cases["problem_type"].str[:3].map(HOURS).to_numpy(dtype=float)
    postponed, returned = rng.random(n) < POSTPONED, np.where(rng.random(n) < RETURNED, 1 + (rng.random(n) < 0.15), 0)
    limit = (hours * 3600 * np.where(postponed, 2, 1)).astype(np.int64)
    took = limit * rng.gamma(4, 0.15, n) * np.where(returned > 0, 1.7, 1)
    waits = [rng.integers(300, 2400, n), rng.integers(300, 3600, n), rng.integers(600, 5400, n), took, rng.integers(1800, 20_000, n)]
    moments = [cases[MOMENT].to_numpy().astype("datetime64[s]")]
    for wait in (*waits, rng.integers(600, 9000, n)):
        moments.append(moments[-1] + np.asarray(wait).astype(np.int64).astype("timedelta64[s]"))
    due = moments[3] + limit.astype("timedelta64[s]")
    filed, ends = rng.random(n) >= NOT_FILED, rng.random(n) >= NEVER
    lives = dict(zip(STEPS, moments, strict=True)) | {"due_time": due}
    nat = np.datetime64("NaT", "s")
    for name in (*STEPS[2:], "due_time"):
        lives[name] = np.where(filed & (ends | (name in ("file_time", "dispatch_time", "due_time"))), lives[name], nat)
    return pd.DataFrame(lives).assign(postponed=postponed, return_count=returned, _filed=filed)


def _as_of(cases: pd.DataFrame, cut: np.datetime64) -> pd.DataFrame:
    """The cases as the system has them at a moment."""
    moments = cases[list(STEPS)].to_numpy().astype("datetime64[s]")
    happened = moments <= cut
    seen = np.where(happened, moments, np.datetime64("NaT", "s"))
    furthest = happened.shape[1] - 1 - happened[:, ::-1].argmax(axis=1)
    refused = ~cases["_filed"].to_numpy() & (furthest >= 1)
    dispatched, disposed = happened[:, STEPS.index("dispatch_time")], happened[:, STEPS.index("finish_time")]
    closed = happened[:, -1] & cases["source"].isin(["HOTLINE", "PUBLIC"]).to_numpy()
    states = np.array(STATES, dtype=object)[furthest]
    last = seen[np.arange(len(seen)), furthest]
    return cases.assign(
        **{name: _text(seen[:, i]) for i, name in enumerate(STEPS)},
        due_time=only(dispatched, _text(cases["due_time"].to_numpy().astype("datetime64[s]"))),
        state=np.where(refused, "REJECTED", states),
        postponed=np.where(cases["postponed"].to_numpy() & dispatched, "1", "0"),
        return_count=np.where(disposed, cases["return_count"].to_numpy(), 0).astype(str),
        satisfied=only(closed, np.where(cases["_content"].to_numpy(), "1", "0")),
        update_time=_text(last),
    )[happened[:, 0]]


@URBAN_MANAGEMENT.table(
    "case",
    dirt=(
        Cell("D22", "source", 0.03, kind=labels({"PATROL": ("巡查", "采集员"), "VIDEO": ("视频",), "HOTLINE": ("12345", "热线")})),
        Cell("D22", "problem_type", 0.03, kind=labels({"E0102": ("暴露垃圾",), "E0504": ("店外经营", "出店经营"), "E0501": ("流动摊点",)})),
        Cell("D22", "state", 0.03, kind=labels({"CLOSED": ("结案", "已结案"), "DISPATCHED": ("已派遣",)})),
        Cell("D21Z", "lon", 0.004, other="lat", kind=NOWHERE),
        Cell("D21", "lon", 0.011, other="lat", kind=POSITION),
        Cell("D18", "division", 0.02),
        Cell("D16", "finish_time", 0.003, other="accept_time"),
        Cell("D37", "found_time", 0.003),
        Cell("D40", "content", 0.005),
    ),
    copies=0.01,
    forgotten=Forgotten("state", "close_time", 0.005, "CHECKED"),
    rejected=(Rejected("UNREADABLE", "update_time", 0.001), Rejected("D23", "content", 0.001)),
    number=Number("case_no", 2),
)
def cases(registers: Registers) -> pd.DataFrame:
    """Every case as of the first night, and again as of the later ones where it has moved on (D12)."""
    rng, world = registers.world.stream("cases"), registers.world
    rows = _places(registers).sort_values("_day", kind="stable", ignore_index=True)
    n = len(rows)
    lon, lat = ground.METRES.transform(rows["_east"].to_numpy(), rows["_north"].to_numpy(), direction="INVERSE")
    grids = world.ground.grids
    of_point = pd.Series(*shapely.STRtree(grids["geometry"].to_numpy()).query(shapely.points(lon, lat), predicate="intersects")[::-1])
    grid = grids.iloc[of_point[~of_point.index.duplicated()].reindex(np.arange(n), fill_value=0).to_numpy()]
    village, town = grid["village"].to_numpy(dtype=object), grid["village"].str[:9].map(towns().set_index("code")["name"]).to_numpy()
    county = grid["village"].str[:6].map(COUNTIES).to_numpy(dtype=object)
    x, y = ground.gcj02(lon, lat)
    major = rows["problem_type"].str[:3]
    rows = pd.concat([rows, _lives(rng, rows)], axis=1).assign(
        case_no="AJ" + np.char.replace(as_days(rows["_day"].to_numpy()).astype(str), "-", "").astype(object) + numbers(np.arange(n) + 1, 6),
        source=ground.kinds(rng, SOURCES, n),
        content=county + town + "发现问题，请及时处置",
        address="扬州市" + county + town + "路边",
        lon=decimals(x, 6),
        lat=decimals(y, 6),
        grid_no=grid["code"].to_numpy(dtype=object),
        division=village,
        unit=county + major.map(UNITS).fillna(OFFICE).to_numpy(dtype=object),
        _content=rng.random(n) < 0.9,
    )
    cuts = [np.datetime64(night).astype("datetime64[s]") + CUT for night in NIGHTS]
    nights = [_as_of(rows, cut).assign(_night=night) for night, cut in enumerate(cuts)]
    return pd.concat(nights).drop_duplicates(["case_no", "update_time"]).reset_index(drop=True)


def _newest(registers: Registers) -> pd.DataFrame:
    return registers.delivered(CASE).drop_duplicates("case_no", keep="last")


@URBAN_MANAGEMENT.finding("cases that are due and open", "themes/urban_management/case", "outcome", "OVERDUE")
def overdue(registers: Registers) -> pd.Series:
    """Cases without an end whose day has come."""
    rows = _newest(registers)
    due = rows["due_time"].str[:10].fillna("9999") <= str(AS_OF)
    return rows.loc[due & rows["close_time"].isna(), "case_no"]


@URBAN_MANAGEMENT.table(
    "penalty",
    dirt=(
        Cell("D22", "kind", 0.1, kind=labels({"FINE": ("罚款",), "WARNING": ("警告",)})),
        Cell("D35", "amount", 0.02),
        Cell("D15", "decision_date", 0.05),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "decision_date", 0.01),),
    number=Number("decision_no", 2),
)
def penalties(registers: Registers) -> pd.DataFrame:
    """Penalties of enterprises for cases about streets and building sites."""
    rng, e = registers.world.stream("urban penalties"), registers.world.enterprises
    rows = registers.rows(CASE).drop_duplicates("case_no")
    rows = rows[rows["case_no"].str.len().eq(16) & rows["found_time"].str.len().eq(19)].iloc[::20].reset_index(drop=True)
    n, party = len(rows), e.iloc[rng.integers(0, len(e), len(rows))]
    day = np.minimum(as_days(rows["found_time"].str[:10].to_numpy().astype("datetime64[D]")) + 5, AS_OF)
    kind = ground.kinds(rng, {"FINE": 70, "WARNING": 20, "CONFISCATION": 6, "DEMOLITION": 4}, n)
    return pd.DataFrame(
        {
            "decision_no": "CF" + numbers(np.arange(n) + 1, 8),
            "case_no": rows["case_no"],
            "party_no": party["uscc"].to_numpy(dtype=object),
            "party_entity": party["name"].to_numpy(dtype=object),
            "kind": kind,
            "amount": only(kind == "FINE", decimals(rng.integers(1, 100, n) * 50.0, 2)),
            "county6": party["county6"].to_numpy(dtype=object),
            "decision_date": day_text(day),
            "op_time": clock_text(day, office_seconds(rng, n)),
            "_night": night_of(day),
        }
    )
