"""Violations, accidents, and what cameras and crossings see."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, NIGHTS, day_text, decimals, night_of, numbers, only, pick
from simulator.declare import Late
from simulator.departments.traffic_police import TRAFFIC_POLICE
from simulator.departments.traffic_police.register import LETTERS, fleet
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, NEGATIVE, moment_text
from simulator.world import ground
from simulator.world.people import COUNTIES, ROADS

DAYS, VIOLATIONS, ACCIDENTS = 60, 0.15, 0.03
"""Days of violations; violations of them and accidents of a year for each person."""
OFFENCES = {
    "1039": (45, 0, 50), "1345": (15, 3, 100), "1352": (12, 3, 50), "1625": (8, 6, 200), "1357": (6, 3, 100), "1208": (6, 2, 100),
    "1603": (4, 6, 200), "6011": (3, 0, 50), "1301": (0.8, 3, 200), "1712": (0.2, 12, 2000),
}  # fmt: skip
"""Code -> how frequent, points, fine."""
CAUSES = {"RIGHT_OF_WAY": 30, "LANE": 20, "SPEED": 12, "FATIGUE": 12, "RED_LIGHT": 8, "PEDESTRIAN": 8, "DRUNK": 5, "VEHICLE": 2, "OTHER": 3}
DUTIES = {"FULL": 45, "MAIN": 35, "EQUAL": 14, "NONE": 3, "UNDECIDED": 3}
"""How the fault is divided -> how frequent."""
PASSES_PER_PERSON, DEVICES, ELSEWHERE = 1.1, (6, 1200), 0.15
"""Passes a day; cameras: at least, and people for each more; share of vehicles of other cities."""
UNREAD, LETTER_FOR_DIGIT, DIGIT_FOR_LETTER = 0.015, 0.02, 0.005
"""Of passes: no plate read; O and I for 0 and 1; D and B for 0 and 8, which often is another plate."""
NOT_READ = ("未识别", "车牌", "无牌")
CROSSINGS, GROUPS, YIELD = 6, 50, 0.82


def _moments(rng: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """A moment of each day, most in the two peaks."""
    hour = np.where(rng.random(len(day)) < 0.5, pick(rng, [7, 8, 17, 18], len(day)), rng.integers(0, 24, len(day))).astype(int)
    return day.astype("datetime64[s]") + (hour * 3600 + rng.integers(0, 3600, len(day))).astype("timedelta64[s]")


@TRAFFIC_POLICE.table(
    "violation",
    dirt=(
        Cell("D22", "code", 0.03, kind=labels({"1039": ("违停", "违法停车"), "1625": ("闯红灯",), "1345": ("压线",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D16", "paid_at", 0.003, other="occurred_at"),
        Cell("D37", "occurred_at", 0.003),
        Cell("D20", "fine", 0.01),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "update_time", 0.001),),
    number=Number("violation_no", 2),
)
def violations(registers: Registers) -> pd.DataFrame:
    """Violations of two months; two of three are paid after some days, and then sent again (D12)."""
    world, rng = registers.world, registers.world.stream("violations")
    vehicles, n = fleet(world), max(80, int(len(world.people) * VIOLATIONS))
    at = np.sort(_moments(rng, AS_OF - rng.integers(0, DAYS, n)))
    of = vehicles.iloc[rng.integers(0, len(vehicles), n)]
    code = pick(rng, list(OFFENCES), n, [often for often, *_ in OFFENCES.values()])
    paid = at + rng.integers(1, 20 * 86_400, n).astype("timedelta64[s]")
    pays = (rng.random(n) < 0.67) & (paid < (AS_OF + 1).astype("datetime64[s]"))
    rows = pd.DataFrame(
        {
            "violation_no": "WF" + numbers(np.arange(n) + 1, 9),
            "plate": of["plate"].to_numpy(dtype=object),
            "plate_type": of["plate_type"].to_numpy(dtype=object),
            "occurred_at": moment_text(at),
            "code": code,
            "place": pick(rng, ROADS, n),
            "county6": of["county6"].to_numpy(dtype=object),
            "points": numbers(np.array([OFFENCES[c][1] for c in code])),
            "fine": numbers(np.array([OFFENCES[c][2] for c in code])),
            "paid_at": None,
            "update_time": moment_text(at + np.timedelta64(600, "s")),
            "_night": night_of(at),
        }
    )
    again = rows.assign(paid_at=moment_text(paid), update_time=moment_text(paid + np.timedelta64(900, "s")), _night=night_of(paid))
    return pd.concat([rows, again[pays]], ignore_index=True)


@TRAFFIC_POLICE.table(
    "accident",
    dirt=(
        Cell("D21", "lon", 0.015, other="lat", kind=POSITION),
        Cell("D22", "cause", 0.05, kind=labels({"SPEED": ("超速",), "DRUNK": ("酒驾",), "RIGHT_OF_WAY": ("未让行",)})),
        Cell("D22", "duty", 0.05, kind=labels({"FULL": ("全责",), "MAIN": ("主责", "主要责任"), "EQUAL": ("同责",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D37", "occurred_at", 0.005),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "update_time", 0.005),),
    number=Number("accident_no", 2),
)
def accidents(registers: Registers) -> pd.DataFrame:
    """Accidents of a year; those with injured are sent again when one of them has died within the week."""
    world, rng = registers.world, registers.world.stream("road accidents")
    n = max(60, int(len(world.people) * ACCIDENTS))
    at = np.sort(_moments(rng, AS_OF - rng.integers(0, 365, n)))
    village = world.people["village12"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)]
    x, y = ground.gcj02(*world.ground.somewhere_in(np.array([v[:9] for v in village], dtype=object), rng).T)
    dead, injured = np.where(rng.random(n) < 0.02, 1, 0), rng.poisson(0.35, n)
    rows = pd.DataFrame(
        {
            "accident_no": "JT" + numbers(np.arange(n) + 1, 8),
            "occurred_at": moment_text(at),
            "place": pick(rng, ROADS, n),
            "lon": decimals(x, 6),
            "lat": decimals(y, 6),
            "county6": np.array([v[:6] for v in village], dtype=object),
            "dead": numbers(dead),
            "injured": numbers(injured),
            "loss": decimals(rng.lognormal(7.5, 1.0, n), 2),
            "cause": pick(rng, list(CAUSES), n, list(CAUSES.values())),
            "duty": pick(world.stream("fault of accidents"), list(DUTIES), n, list(DUTIES.values())),
            "update_time": moment_text(at + np.timedelta64(7200, "s")),
            "_night": night_of(at),
        }
    )
    died = at + np.timedelta64(5 * 86_400, "s")
    dies = (injured > 0) & (rng.random(n) < 0.05) & (died < (AS_OF + 1).astype("datetime64[s]"))
    later = rows.assign(dead=numbers(dead + 1), injured=numbers(np.maximum(injured - 1, 0)), update_time=moment_text(died))
    return pd.concat([rows, later.assign(_night=night_of(died))[dies]], ignore_index=True)


def devices(n: int, kind: str) -> np.ndarray:
    """Numbers of devices by GB/T 28181: county, 00, trade 03, kind, serial."""
    county = np.array(list(COUNTIES), dtype=object)[np.arange(n) % len(COUNTIES)]
    return county + "0003" + kind + numbers(np.arange(n) + 1, 7)


def _misread(plate: np.ndarray, hit: np.ndarray, table: dict[str, str]) -> np.ndarray:
    """The plates with characters behind the region taken for others."""
    swap = str.maketrans(table)
    return np.array([p[:2] + p[2:].translate(swap) if h else p for p, h in zip(plate, hit, strict=True)], dtype=object)


@TRAFFIC_POLICE.table(
    "pass",
    dirt=(
        Cell("D37", "passed_at", 0.002),
        Cell("D22", "colour", 0.01, kind=labels({"A": ("白", "白色"), "J": ("黑", "黑色")})),
    ),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "passed_at", 0.0003),),
    number=Number("device_no", 13),
    late=Late(night=1, comes=2),
)
def passes(registers: Registers) -> pd.DataFrame:
    """Vehicles that pass the cameras, of three days; the second day's drop comes late."""
    world, rng = registers.world, registers.world.stream("passes")
    vehicles, n = fleet(world), int(len(world.people) * PASSES_PER_PERSON) * len(NIGHTS)
    night = np.sort(rng.integers(0, len(NIGHTS), n))
    at = _moments(rng, AS_OF - (len(NIGHTS) - 1) + night)
    of, foreign, read = vehicles.iloc[rng.integers(0, len(vehicles), n)], rng.random(n) < ELSEWHERE, rng.random(n)
    other = (
        pick(rng, ["沪A", "苏A", "苏L", "浙B", "皖M"], n) + LETTERS[rng.integers(0, len(LETTERS), n)] + numbers(rng.integers(0, 9999, n), 4)
    )
    true = np.where(foreign, other, of["plate"].to_numpy(dtype=object))
    plate = _misread(true, read < LETTER_FOR_DIGIT, {"0": "O", "1": "I"})
    plate = _misread(plate, read > 1 - DIGIT_FOR_LETTER, {"0": "D", "8": "B"})
    plate = only(rng.random(n) >= UNREAD, plate, pick(rng, NOT_READ, 1)[0])
    cameras = devices(max(DEVICES[0], len(world.people) // DEVICES[1]), "121")
    return pd.DataFrame(
        {
            "device_no": cameras[rng.integers(0, len(cameras), n)],
            "lane": numbers(rng.integers(1, 4, n)),
            "passed_at": moment_text(at),
            "plate_read": plate,
            "plate_type": of["plate_type"].to_numpy(dtype=object),
            "speed_kmh": numbers(np.clip(rng.normal(42, 12, n), 0, 140).astype(int)),
            "colour": pick(rng, ["A", "J", "B", "E", "H"], n, [40, 25, 20, 8, 7]),
            "_night": night,
            "_day": day_text(AS_OF - (len(NIGHTS) - 1) + night),
            "_true": np.where(foreign | np.isin(plate, NOT_READ), None, true),
        }
    ).drop_duplicates(["device_no", "lane", "passed_at"], ignore_index=True)


@TRAFFIC_POLICE.finding("plates that a camera took for others", "themes/traffic/plate_correction", "state", "CORRECTED")
def misread(registers: Registers) -> pd.Series:
    """Vehicles of the city whose plate was read as another one: every serial is another class of plates, so that none is ambiguous."""
    rows = registers.delivered("traffic_police/pass")
    if "traffic_police/vehicle" not in registers.delivering:
        rows = rows.iloc[:0]
    rows = rows[rows["_true"].notna() & (rows["_true"] != rows["plate_read"])]
    return (rows["_day"] + "|" + rows["plate_read"] + "|" + rows["plate_type"]).drop_duplicates()


@TRAFFIC_POLICE.table(
    "pedestrian_crossing",
    dirt=(
        Cell("D22", "yielded", 0.03, kind=labels({"1": ("是", "Y"), "0": ("否",)})),
        Cell("D37", "measured_at", 0.003),
        Cell("RANGE", "wait_s", 0.003, kind=NEGATIVE),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "measured_at", 0.001),),
    number=Number("device_no", 13),
)
def crossings(registers: Registers) -> pd.DataFrame:
    """Groups of pedestrians at crossings without signals, of ten days."""
    rng = registers.world.stream("crossings")
    n = CROSSINGS * GROUPS * 10
    where, at = rng.integers(0, CROSSINGS, n), np.sort(_moments(rng, AS_OF - rng.integers(0, 10, n)))
    requested = rng.random(n) < 0.9
    return pd.DataFrame(
        {
            "device_no": devices(CROSSINGS, "130")[where],
            "measured_at": moment_text(at),
            "pedestrians": numbers(1 + rng.poisson(1.2, n)),
            "wait_s": decimals(np.where(requested, rng.gamma(2, 5, n), 0), 1),
            "requested": np.where(requested, "1", "0").astype(object),
            "yielded": np.where(requested & (rng.random(n) < YIELD), "1", "0").astype(object),
            "_night": night_of(at),
        }
    ).drop_duplicates(["device_no", "measured_at"], ignore_index=True)
