"""What is there for a disaster: supervised enterprises, shelters, stocks of warehouses, desks on duty."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, NIGHTS, counts, day_text, decimals, night_of, numbers, only, pick
from simulator.departments.emergency import EMERGENCY
from simulator.dirt import POSITION, Cell, labels, one
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, SWAPPED, moment_text
from simulator.world import ground
from simulator.world.people import COUNTIES, draw_phones

FIRMS, SHELTERS, DUTY_DAYS = 300, 120, 60
"""Supervised enterprises and shelters of a city of the reference size; days of which shifts are known."""
KINDS = {"CHEMICAL": 30, "METAL": 40, "BUILDING": 15, "MINE": 2, "FIREWORKS": 5, "OTHER": 8}
RISKS = {"RED": 5, "ORANGE": 15, "YELLOW": 40, "BLUE": 40}
WITHOUT_PERMIT = ("METAL", "OTHER")
QUOTAS = {"TENT": 60, "QUILT": 300, "COT": 200, "PUMP": 8, "SANDBAG": 5000, "LIFE_JACKET": 150, "BOAT": 6, "GENERATOR": 4}
AGEING = ("TENT", "QUILT", "SANDBAG", "LIFE_JACKET")
SHIFTS = {"DAY": (8, 12), "NIGHT": (20, 12)}
"""Shift -> the hour at which it begins, and its length."""
WITH_COMMAS = one(lambda value, rng: f"{int(value):,}", befalls=lambda values: values.str.len() > 3)
LATE, NOBODY = 0.06, 0.01
"""Shares of shifts to which somebody came late, and nobody."""


def _seats(registers: Registers, stream: str, base: float, least: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """A random stream, towns where people live, and a point in each."""
    world, rng = registers.world, registers.world.stream(stream)
    n = counts(base, len(world.people), least)
    town = world.people["town"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)]
    return rng, town, world.ground.somewhere_in(town, rng)


@EMERGENCY.table(
    "enterprise",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"CHEMICAL": ("危化品", "危险化学品"), "METAL": ("工贸",)})),
        Cell("D22", "risk_level", 0.2, kind=labels({"RED": ("红",), "BLUE": ("蓝色",)})),
        Cell("D32", "entity_name", 0.03),
        Cell("D02", "address", 0.03),
        Cell("D15X", "permit_to", 0.05),
        Cell("D09", "contact_phone", 0.04),
        Cell("D21", "lon", 0.03, other="lat", kind=POSITION),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "kind", 0.005),),
    number=Number("enterprise_no", 2),
)
def enterprises(registers: Registers) -> pd.DataFrame:
    """Enterprises of which some may go on without a permit and some go on with one that has expired."""
    rng, town, at = _seats(registers, "supervised enterprises", FIRMS, 30)
    n, firms = len(town), registers.world.enterprises
    chosen = firms.iloc[rng.choice(len(firms), n, replace=n > len(firms))]
    kind = ground.kinds(rng, KINDS, n)
    since = AS_OF - rng.integers(30, 1200, n)
    permitted = ~np.isin(kind, WITHOUT_PERMIT)
    lon, lat = ground.gcj02(at[:, 0], at[:, 1])
    return pd.DataFrame(
        {
            "enterprise_no": "AQ" + numbers(np.arange(n) + 1, 7),
            "uscc": chosen["uscc"].to_numpy(dtype=object),
            "entity_name": chosen["name"].to_numpy(dtype=object),
            "kind": kind,
            "risk_level": ground.kinds(rng, RISKS, n),
            "hazard_sources": only(kind == "CHEMICAL", numbers(rng.integers(0, 5, n)), "0"),
            "permit_no": only(permitted, "WH安许证字" + numbers(np.arange(n) + 1, 6)),
            "permit_from": only(permitted, day_text(since)),
            "permit_to": only(permitted, day_text(since + 3 * 365)),
            "address": "扬州市"
            + pd.Series([COUNTIES[t[:6]] for t in town], dtype=object)
            + "工业园区"
            + numbers(rng.integers(1, 300, n))
            + "号",
            "county6": np.array([t[:6] for t in town], dtype=object),
            "lon": decimals(lon, 6),
            "lat": decimals(lat, 6),
            "contact_name": registers.world.people["name"].to_numpy(dtype=object)[rng.integers(0, len(registers.world.people), n)],
            "contact_phone": draw_phones(rng, n),
            "update_time": moment_text(np.full(n, np.datetime64("2019-12-20T09:00:00"))),
            "_permit_to": np.where(permitted, since + 3 * 365, np.datetime64("NaT", "D")),
        }
    )


@EMERGENCY.table(
    "shelter",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"OUTDOOR": ("室外", "场地型"), "INDOOR": ("室内",)})),
        Cell("D20", "area_m2", 0.05),
        Cell("D02", "address", 0.03),
        Cell("D21S", "lon", 0.03, other="lat", kind=SWAPPED),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    number=Number("shelter_no", 2),
)
def shelters(registers: Registers) -> pd.DataFrame:
    """Shelters, some closed since, some that open only after the last night."""
    rng, town, at = _seats(registers, "shelters", SHELTERS, 24)
    n = len(town)
    area = rng.lognormal(8.5, 0.9, n).clip(200, 200_000)
    opened = AS_OF - rng.integers(-20, 3000, n)
    closed = opened + rng.integers(200, 2000, n)
    gone = (rng.random(n) < 0.1) & (closed < AS_OF)
    county = np.array([t[:6] for t in town], dtype=object)
    return pd.DataFrame(
        {
            "shelter_no": "BN" + numbers(np.arange(n) + 1, 6),
            "name": pd.Series([COUNTIES[c] for c in county], dtype=object) + "第" + numbers(np.arange(n) + 1) + "应急避难场所",
            "kind": pick(rng, ["OUTDOOR", "INDOOR"], n, [70, 30]),
            "area_m2": decimals(area, 2),
            "capacity": numbers((area / rng.uniform(1.5, 3, n)).astype(int)),
            "address": "扬州市"
            + pd.Series([COUNTIES[c] for c in county], dtype=object)
            + "中心广场"
            + numbers(rng.integers(1, 99, n))
            + "号",
            "county6": county,
            "lon": decimals(at[:, 0], 6),
            "lat": decimals(at[:, 1], 6),
            "opened_on": day_text(opened),
            "closed_on": only(gone, day_text(closed)),
            "update_time": moment_text(np.full(n, np.datetime64("2019-12-15T09:00:00"))),
        }
    )


@EMERGENCY.table(
    "material",
    dirt=(
        Cell("D22", "kind", 0.1, kind=labels({"TENT": ("救灾帐篷",), "PUMP": ("排涝泵", "水泵"), "SANDBAG": ("沙袋",)})),
        Cell("D20", "quantity", 0.3, kind=WITH_COMMAS),
        Cell("D14", "usable_to", 0.02),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "kind", 0.01),),
    number=Number("warehouse_no", 2),
)
def materials(registers: Registers) -> pd.DataFrame:
    """Of every county's warehouse and every kind, what is there; some stocks are short, some too old."""
    rng = registers.world.stream("emergency materials")
    county, kind = (
        v.ravel() for v in np.meshgrid(np.array(list(COUNTIES), dtype=object), np.array(list(QUOTAS), dtype=object), indexing="ij")
    )
    n, quota = len(county), np.array([QUOTAS[k] for k in kind])
    stocked = AS_OF - rng.integers(100, 1800, n)
    return pd.DataFrame(
        {
            "warehouse_no": "CK" + county,
            "kind": kind,
            "warehouse": [f"{COUNTIES[c]}应急物资储备库" for c in county],
            "quantity": numbers(np.round(quota * np.where(rng.random(n) < 0.15, 0.7, 1.1)).astype(int)),
            "quota": numbers(quota),
            "stocked_on": day_text(stocked),
            "usable_to": only(np.isin(kind, AGEING), day_text(stocked + 5 * 365)),
            "county6": county,
            "update_time": moment_text(np.full(n, np.datetime64("2019-12-28T17:00:00"))),
        }
    )


@EMERGENCY.table(
    "duty",
    dirt=(
        Cell("D22", "shift", 0.1, kind=labels({"DAY": ("白班",), "NIGHT": ("夜班", "夜间")})),
        Cell("D02", "name", 0.01),
        Cell("D09", "phone", 0.02),
        Cell("D16", "left_at", 0.005, other="came_at"),
        Cell("D37", "planned_to", 0.005),
        Cell("D18N", "county6", 0.05, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "planned_from", 0.002),),
    number=Number("duty_no", 2),
)
def duties(registers: Registers) -> pd.DataFrame:
    """Two shifts a day at the desk of every county; a few come late, some never."""
    rng, people = registers.world.stream("emergency duty"), registers.world.people
    day, county, shift = (v.ravel() for v in np.indices((DUTY_DAYS, len(COUNTIES), len(SHIFTS))))
    n, date = len(day), AS_OF - (DUTY_DAYS - 1 - day)
    hour, hours = (np.array([span[i] for span in SHIFTS.values()])[shift] for i in (0, 1))
    begin = date.astype("datetime64[s]") + (hour * 3600).astype("timedelta64[s]")
    end = begin + (hours * 3600).astype("timedelta64[s]")
    came = begin + np.where(rng.random(n) < LATE, rng.integers(60, 5400, n), -rng.integers(0, 1800, n)).astype("timedelta64[s]")
    left = end + rng.integers(0, 1800, n).astype("timedelta64[s]")
    there, cut = rng.random(n) >= NOBODY, np.datetime64(NIGHTS[-1]).astype("datetime64[s]") + np.timedelta64(86_399, "s")
    who, code = people.iloc[rng.integers(0, len(people), n)], np.array(list(COUNTIES), dtype=object)[county]
    return pd.DataFrame(
        {
            "duty_no": "ZB" + numbers(np.arange(n) + 1, 9),
            "desk": np.array([f"{COUNTIES[c]}应急管理局" for c in code], dtype=object),
            "day": day_text(date),
            "shift": np.array(list(SHIFTS), dtype=object)[shift],
            "name": who["name"].to_numpy(dtype=object),
            "phone": draw_phones(rng, n),
            "planned_from": moment_text(begin),
            "planned_to": moment_text(end),
            "came_at": only(there, moment_text(came)),
            "left_at": only(there & (left <= cut), moment_text(left)),
            "county6": code,
            "update_time": moment_text(np.minimum(left, cut)),
            "_night": night_of(date),
        }
    )
