"""Daily business: sweeping of roads, outdoor advertising, alerts of the recognition in camera pictures, checks of markets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, as_days, clock_text, day_text, decimals, night_of, numbers, office_seconds, one_for_each, only, pick
from simulator.departments.urban_management import URBAN_MANAGEMENT
from simulator.departments.urban_management.cases import EVENTS
from simulator.dirt import POSITION, Cell, labels, unit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY
from simulator.world import ground
from simulator.world.people import COUNTIES, towns

DAYS = 40
SECTIONS, VEHICLES = (20, 120), 2
"""Road sections that are swept: at least, and people for each more."""
FIRMS = ("扬州市清洁服务有限公司", "扬州市广宁环境服务有限公司", "扬州市绿城保洁有限公司")
ADVERTISEMENTS, ALERTS, MARKETS = (40, 80), (150, 6), 14
"""At least, and people for each; markets and designated vending points."""
TAKEN_DOWN = 0.6
"""Share of expired advertising that is taken down."""


def _days() -> np.ndarray:
    return AS_OF - np.arange(DAYS)[::-1]


@URBAN_MANAGEMENT.table(
    "sanitation",
    dirt=(
        Cell("D19", "length_m", 0.01, kind=unit(lambda value: f"{value / 1000:.4f}")),
        Cell("D18N", "county6", 0.05, kind=COUNTY),
        Cell("D15", "day", 0.01),
    ),
    copies=0.005,
    rejected=(Rejected("IMPOSSIBLE", "day", 0.001),),
    number=Number("section_no", 2),
)
def sanitation(registers: Registers) -> pd.DataFrame:
    """Two vehicles sweep each section; on some days they do less than was planned."""
    world, rng = registers.world, registers.world.stream("sanitation")
    roads = world.ground.roads.head(one_for_each(len(world.people), *SECTIONS)).reset_index(drop=True)
    length = np.clip(shapely.length(ground.metres(roads["geometry"].to_numpy())), 60, 4800)
    section, day, vehicle = (v.ravel() for v in np.indices((len(roads), DAYS, VEHICLES)))
    planned = 2 + section % 3
    share = np.where(vehicle == 0, (planned + 1) // 2, planned // 2)
    done = np.where(rng.random(len(section)) < 0.06, np.maximum(share - 1, 0), share + (rng.random(len(section)) < 0.1))
    days = _days()[day]
    return pd.DataFrame(
        {
            "section_no": "LD" + numbers(section + 1, 6),
            "day": day_text(days),
            "vehicle_no": "CL" + numbers(section * VEHICLES + vehicle + 1, 5),
            "road_no": roads["code"].to_numpy(dtype=object)[section],
            "unit": np.array(FIRMS, dtype=object)[section % len(FIRMS)],
            "county6": roads["county6"].to_numpy(dtype=object)[section],
            "length_m": decimals(length, 1)[section],
            "planned_passes": numbers(planned),
            "done_passes": numbers(done),
            "sent_time": clock_text(days, np.full(len(days), 21 * 3600)),
            "_night": night_of(days),
        }
    )


@URBAN_MANAGEMENT.table(
    "advertising",
    dirt=(
        Cell("D18N", "county6", 0.2, kind=COUNTY),
        Cell("D21", "lon", 0.02, other="lat", kind=POSITION),
        Cell("D15X", "valid_to", 0.05),
    ),
    copies=0.01,
)
def advertising(registers: Registers) -> pd.DataFrame:
    """Advertising of enterprises; some of it still stands when its permit has expired."""
    world, rng = registers.world, registers.world.stream("advertising")
    n = one_for_each(len(world.people), *ADVERTISEMENTS)
    of = world.enterprises.iloc[rng.integers(0, len(world.enterprises), n)]
    town = of["division12"].str[:9].to_numpy(dtype=object)
    points = world.ground.somewhere_in(town, rng)
    lon, lat = ground.gcj02(points[:, 0], points[:, 1])
    first = AS_OF - rng.integers(60, 1000, n)
    last = first + np.where(rng.random(n) < 0.5, 365, 730)
    expired = last < AS_OF - 3
    removed = only(expired & (rng.random(n) < TAKEN_DOWN), day_text(np.minimum(last + rng.integers(1, 60, n), AS_OF - 3)))
    return ground.changed(
        rng,
        pd.DataFrame(
            {
                "permit_no": "GG" + numbers(np.arange(n) + 1, 7),
                "holder": of["name"].to_numpy(dtype=object),
                "holder_no": of["uscc"].to_numpy(dtype=object),
                "county6": np.array([t[:6] for t in town], dtype=object),
                "lon": decimals(lon, 6),
                "lat": decimals(lat, 6),
                "area_m2": decimals(rng.uniform(4, 180, n), 1),
                "valid_from": day_text(first),
                "valid_to": day_text(last),
                "removed_date": removed,
                "_expired": (last < AS_OF) & pd.isna(removed),
            }
        ),
    )


@URBAN_MANAGEMENT.finding("advertising that stands without a permit", "themes/urban_management/advertising", "state", "EXPIRED")
def expired(registers: Registers) -> pd.Series:
    """Permits that have expired."""
    rows = registers.delivered("urban_management/advertising")
    return rows.loc[rows["_expired"], "permit_no"]


@URBAN_MANAGEMENT.table(
    "video_patrol",
    dirt=(
        Cell("D19", "confidence", 0.03, kind=unit(lambda value: f"{value * 100:.1f}")),
        Cell("D22", "problem_type", 0.05, kind=labels({"E0504": ("店外经营",), "E0102": ("暴露垃圾",), "E0506": ("非机动车乱停放",)})),
        Cell("D22", "verdict", 0.05, kind=labels({"CONFIRMED": ("属实",), "FALSE": ("误报", "不属实")})),
        Cell("D18N", "county6", 0.05, kind=COUNTY),
        Cell("D37", "alerted_at", 0.005),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "alerted_at", 0.003),),
    number=Number("alert_no", 2),
)
def alerts(registers: Registers) -> pd.DataFrame:
    """Alerts, each judged on the day after; so those of the last days come twice (D12)."""
    world, rng = registers.world, registers.world.stream("video patrol")
    n = one_for_each(len(world.people), *ALERTS)
    day = np.sort(AS_OF - rng.integers(0, DAYS, n))
    camera = rng.integers(0, max(6, n // 20), n)
    confidence = rng.uniform(0.5, 0.99, n).round(3)
    true = rng.random(n) < confidence * 0.9
    at = rng.integers(7 * 3600, 20 * 3600, n)
    types = [code for code in EVENTS if code in ("E0102", "E0501", "E0504", "E0505", "E0506")]
    rows = pd.DataFrame(
        {
            "alert_no": "SP" + numbers(np.arange(n) + 1, 8),
            "camera_no": "CAM" + numbers(camera + 1, 5),
            "problem_type": pick(rng, types, n),
            "alerted_at": clock_text(day, at),
            "confidence": decimals(confidence, 3),
            "verdict": np.where(true, "CONFIRMED", "FALSE").astype(object),
            "judged_at": clock_text(day + 1, office_seconds(rng, n)),
            "case_no": None,
            "county6": np.array(list(COUNTIES), dtype=object)[camera % len(COUNTIES)],
        }
    )
    judged = rows.assign(sent_time=rows["judged_at"], _night=night_of(day + 1))
    first = rows.assign(verdict=None, judged_at=None, sent_time=rows["alerted_at"], _night=night_of(day))
    lately = day >= AS_OF - 2
    return pd.concat([judged[~lately], first[lately], judged[lately & (day < AS_OF)]], ignore_index=True)


@URBAN_MANAGEMENT.table(
    "market",
    dirt=(
        Cell("D22", "kind", 0.05, kind=labels({"MARKET": ("农贸市场", "菜市场"), "RELIEF_POINT": ("疏导点",)})),
        Cell("D15", "day", 0.02),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "day", 0.003),),
    number=Number("market_no", 2),
)
def markets(registers: Registers) -> pd.DataFrame:
    """Checks of every market and relief point and day; at a few stalls stand outside the lines."""
    rng = registers.world.stream("markets")
    place, day = (v.ravel() for v in np.indices((MARKETS, DAYS)))
    town = towns().iloc[np.arange(MARKETS) * 7 % len(towns())].reset_index(drop=True)
    stalls = rng.integers(20, 200, MARKETS)
    relief = np.arange(MARKETS) % 3 == 2
    n = len(place)
    outside = np.where(rng.random(n) < 0.15, rng.integers(1, 12, n), 0)
    days = as_days(_days()[day])
    kind = np.where(relief, "RELIEF_POINT", "MARKET").astype(object)
    return pd.DataFrame(
        {
            "market_no": "SC" + numbers(place + 1, 4),
            "day": day_text(days),
            "name": (town["name"].to_numpy(dtype=object) + np.where(relief, "便民疏导点", "农贸市场"))[place],
            "kind": kind[place],
            "county6": town["code"].str[:6].to_numpy(dtype=object)[place],
            "stalls": numbers(stalls[place]),
            "occupied": numbers((stalls[place] * rng.uniform(0.6, 1.03, n)).astype(int)),
            "outside_stalls": numbers(outside),
            "sent_time": clock_text(days, np.full(n, 18 * 3600)),
            "_night": night_of(days),
        }
    )
