"""What is discharged: enterprises, outlets into waters, and the continuous monitoring of waste gas and waste water."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import decimals, night_of, numbers, organisation_numbers, pick
from simulator.declare import Again
from simulator.departments.environment import ENVIRONMENT
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, END_OF_DAY, FAULTY, NEGATIVE, NOWHERE, REPORT, SEXAGESIMAL, SWAPPED, moment_text, with_versions
from simulator.world import World
from simulator.world.nature import Timeline, of_each, places

NAMES = (
    "长青化工",
    "瑞丰热电",
    "江淮印染",
    "大桥船舶",
    "绿源水务",
    "恒泰铸造",
    "银河纸业",
    "金陵水泥",
    "华宝电镀",
    "润扬医药",
    "东方玻璃",
    "里下河酿造",
)
OUTLETS = 30
GAS = {"SO2": 35.0, "NOX": 50.0, "PM": 10.0}
"""Factor -> limit of its emission, mg/m³ (ultra-low emission of boilers)."""
WATER = {"COD": 50.0, "NH3N": 5.0, "TP": 0.5, "TN": 15.0}
"""Factor -> limit of its discharge, mg/L (GB 18918-2002, class 1 A)."""
OUT_OF_ORDER = 0.004
MONITORED = 92
"""Days of which monitoring systems keep their hours."""


def enterprises(world: World) -> pd.DataFrame:
    """Those who discharge: source_code, uscc, name, kind, county6, lon, lat."""
    rng, n = world.stream("enterprises"), len(NAMES)
    towns = places("sewage_plants").loc[np.arange(n) % 6]
    return pd.DataFrame(
        {
            "source_code": "WRY" + numbers(np.arange(n) + 1, 4),
            "uscc": organisation_numbers(towns["county6"].to_numpy(dtype=object), np.arange(n) + 1),
            "name": "扬州" + np.array(NAMES, dtype=object) + "有限公司",
            "kind": np.array(["AIR", "BOTH", "WATER"], dtype=object)[np.arange(n) % 3],
            "county6": towns["county6"].to_numpy(dtype=object),
            "lon": decimals(towns["lon"].astype(float).to_numpy() + rng.normal(0, 0.02, n), 6),
            "lat": decimals(towns["lat"].astype(float).to_numpy() + rng.normal(0, 0.02, n), 6),
        }
    )


@ENVIRONMENT.table(
    "pollution_source",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"AIR": ("废气",), "WATER": ("废水",)})),
        Cell("D02", "name", 0.05),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
    ),
)
def pollution_sources(registers: Registers) -> pd.DataFrame:
    """The enterprises, where a map for navigation shows them."""
    return enterprises(registers.world).assign(update_time="2019-10-21 09:00:00")


def outlets(world: World) -> pd.DataFrame:
    """Outlets: outlet_code, name, water_body, downstream_section (the last is not listed), uscc, kind, county6, lon, lat."""
    rng = world.stream("outlets")
    owners, plants = enterprises(world), places("sewage_plants")
    sections = places("sections").drop_duplicates("water_body").set_index("water_body")["code"]
    waters = places("water_bodies").query("kind != 'LAKE'").reset_index(drop=True)
    of_plants = waters.set_index("code").loc[plants["water_body"]].reset_index()
    others = waters.loc[np.arange(OUTLETS - len(plants)) % len(waters)]
    at = pd.concat([of_plants, others], ignore_index=True)
    kind = np.array(["SEWAGE"] * len(plants) + ["INDUSTRIAL", "RAIN", "MIXED", "RAIN"] * 6, dtype=object)
    owner = owners["uscc"].to_numpy(dtype=object)[np.arange(OUTLETS) % len(owners)]
    position = at["geometry"].str.extract(r"\(([0-9.]+) ([0-9.]+)").astype(float)
    return pd.DataFrame(
        {
            "outlet_code": "PWK" + numbers(np.arange(OUTLETS) + 1, 4),
            "name": at["name"] + numbers(np.arange(OUTLETS) + 1) + "号排口",
            "water_body": at["code"],
            "downstream_section": at["code"].map(sections).where(np.arange(OUTLETS) < OUTLETS - 1, "DM321099"),
            "uscc": np.where(np.isin(kind, ["SEWAGE", "INDUSTRIAL"]), owner, None),
            "kind": kind,
            "county6": at["county6"],
            "lon": decimals(position[0].to_numpy() + rng.uniform(0, 0.01, OUTLETS), 6),
            "lat": decimals(position[1].to_numpy() + rng.uniform(0, 0.01, OUTLETS), 6),
        }
    )


@ENVIRONMENT.table(
    "outlet",
    dirt=(
        Cell("D21S", "lon", 0.05, other="lat", kind=SWAPPED),
        Cell("D21Z", "lon", 0.08, other="lat", kind=NOWHERE),
        Cell("D21D", "lat", 0.08, kind=SEXAGESIMAL),
        Cell("D22", "kind", 0.1, kind=labels({"RAIN": ("雨水",), "SEWAGE": ("生活",), "INDUSTRIAL": ("工业",)})),
    ),
    rejected=(Rejected("D23", "name", 0.01),),
)
def outlet_list(registers: Registers) -> pd.DataFrame:
    """The outlets."""
    return outlets(registers.world).assign(update_time="2019-06-05 14:00:00")


def _monitored(registers: Registers, table: str, places_of: pd.DataFrame, limits: dict[str, float], usual: float) -> pd.DataFrame:
    """Hours of every outlet and factor: the share of its limit that is usual, breakdowns, and a factory that breaks its limit."""
    world, rng = registers.world, registers.world.stream(table)
    timeline = Timeline(min(world.timeline.days, MONITORED), world.timeline.hours[-24 * MONITORED :])
    pairs = [(outlet, factor) for outlet in places_of["outlet_code"] for factor in limits]
    n = len(pairs)
    limit = np.array([limits[factor] for _, factor in pairs])
    share = usual * np.exp(0.25 * timeline.drift(rng, 24, n) + 0.08 * rng.normal(size=(len(timeline.hours), n)))
    share[:, : len(limits)] *= np.where(timeline.during("2019-12-29", "2019-12-30") & (timeline.hour < 6), 2.6, 1)[:, None]
    flow = places_of["_flow"].repeat(len(limits)).to_numpy() * np.exp(0.1 * timeline.drift(rng, 12, n))
    found = of_each([f"{o}|{f}" for o, f in pairs], timeline.hours, value=share * limit[None, :], limit_value=limit[None, :], flow=flow)
    outlet, factor = (found["code"].str.split("|").str[i] for i in (0, 1))
    flag = np.where(rng.random(len(found)) < OUT_OF_ORDER, pick(rng, ["C", "D", "M", "F", "T", "B"], len(found)), "N")
    rows = pd.DataFrame(
        {
            "mn": outlet.map(dict(zip(places_of["outlet_code"], places_of["mn"], strict=True))),
            "outlet_code": outlet,
            "factor": factor,
            "measured_at": moment_text(found["time"].to_numpy()),
            "value": decimals(found["value"].to_numpy(), 3),
            "limit_value": decimals(found["limit_value"].to_numpy(), 1),
            "flow": decimals(found["flow"].to_numpy(), 1),
            "flag": flag,
            "sent_time": moment_text(found["time"].to_numpy() + np.timedelta64(REPORT, "s")),
            "_night": night_of(found["time"].to_numpy()),
            FAULTY: False,
        }
    )
    return with_versions(registers, table, rows, "value", 3, 0.02)


def _corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """The drop as it is sent again: what was flagged as broken down is entered by hand."""
    return rows.assign(flag=rows["flag"].replace("D", "S"), sent_time="2019-12-31 08:00:00")


MONITORING = (
    Cell("RANGE", "value", 0.002, kind=NEGATIVE),
    Cell("D22", "flag", 0.01, kind=labels({"N": ("正常",), "D": ("故障",)})),
    Cell("D37", "measured_at", 0.003),
    Cell("D37M", "measured_at", 0.03, kind=END_OF_DAY),
)
UNUSABLE = (Rejected("UNREADABLE", "sent_time", 0.0003), Rejected("D23", "flag", 0.0005))


@ENVIRONMENT.table("emission_hour", dirt=MONITORING, copies=0.002, rejected=UNUSABLE, number=Number("mn", 4))
def emissions(registers: Registers) -> pd.DataFrame:
    """Waste gas of the stacks of six enterprises."""
    from_stacks = enterprises(registers.world).query("kind != 'WATER'").head(6).reset_index(drop=True)
    stacks = pd.DataFrame({"outlet_code": "FQ" + numbers(from_stacks.index + 1, 3), "mn": "FAKE0032" + numbers(from_stacks.index + 1, 12)})
    return _monitored(registers, "environment/emission_hour", stacks.assign(_flow=42_000.0), GAS, 0.45)


@ENVIRONMENT.table(
    "wastewater_hour", dirt=MONITORING, copies=0.002, rejected=UNUSABLE, number=Number("mn", 4), again=Again(1, 2, _corrected)
)
def wastewater(registers: Registers) -> pd.DataFrame:
    """Waste water of the sewage plants and of one enterprise."""
    watched = outlets(registers.world).head(7).reset_index(drop=True)
    watched = watched.assign(mn="FAKE0021" + numbers(watched.index + 1, 12), _flow=np.linspace(900, 6500, len(watched)))
    return _monitored(registers, "environment/wastewater_hour", watched, WATER, 0.5)
