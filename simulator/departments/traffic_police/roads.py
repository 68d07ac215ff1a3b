"""Intersections with their signals and queues, and the speeds of road segments; at one and in one county there is a jam."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, decimals, night_of, numbers, one_for_each
from simulator.declare import Late
from simulator.departments.traffic_police import TRAFFIC_POLICE
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, FAULTY, NEGATIVE, Sensor, moment_text, with_faults
from simulator.world import World, ground

INTERSECTIONS, SEGMENTS = (3, 5000), (8, 4000)
"""At least, and people for each more."""
APPROACHES, LANES, FROM, TO = "ENSW", 2, 7, 19
"""Approaches of an intersection, lanes of each; hours in which detectors report."""
DAYS, SLOT, CYCLE, GREEN = 3, 300, 180, 75
"""Days of queues; seconds of a slot, of a cycle and of its green."""
PEAKS = ((7, 9), (17, 19))
JAM_FROM, JAM_TO = np.datetime64("2019-12-31T07:30:00"), np.datetime64("2019-12-31T08:15:00")
JAMMED = "LK0001"
"""The intersection whose eastern approach is jammed."""
STUCK_FROM, STUCK_TO = np.datetime64("2019-12-31T10:00:00"), np.datetime64("2019-12-31T12:00:00")
STUCK_LANE = 2
"""Of the southern approach of the same intersection; from the one moment to the other its detector repeats itself (D36)."""
FREE = {"EXPRESS": 68, "ARTERIAL": 46, "SECONDARY": 38, "LOCAL": 37}
"""Speed of an empty road, km/h."""
SPEED_DAYS = 3


def _peak(times: np.ndarray) -> np.ndarray:
    hour = (times - times.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    return np.any([(hour >= begin) & (hour < end) for begin, end in PEAKS], axis=0)


def _places(world: World) -> pd.DataFrame:
    """The intersections: in the middle of roads; every third is without signals."""
    roads = world.ground.roads
    n = one_for_each(len(world.people), *INTERSECTIONS)
    of = roads.iloc[np.arange(n) * 5 % len(roads)].reset_index(drop=True)
    points = shapely.get_coordinates(shapely.line_interpolate_point(of["geometry"].to_numpy(), 0.5, normalized=True))
    x, y = ground.gcj02(points[:, 0], points[:, 1])
    return pd.DataFrame(
        {
            "intersection_no": "LK" + numbers(np.arange(n) + 1, 4),
            "name": of["name"] + "路口",
            "form": np.array(["CROSS", "CROSS", "T", "ROUNDABOUT"], dtype=object)[np.arange(n) % 4],
            "lanes": numbers(np.full(n, len(APPROACHES) * LANES)),
            "controlled": np.where(np.arange(n) % 3 == 2, "0", "1").astype(object),
            "county6": of["county6"].to_numpy(dtype=object),
            "lon": decimals(x, 6),
            "lat": decimals(y, 6),
        }
    )


@TRAFFIC_POLICE.table(
    "intersection",
    dirt=(
        Cell("D22", "form", 0.2, kind=labels({"CROSS": ("十字", "十字路口"), "T": ("丁字",)})),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
        Cell("D21", "lon", 0.1, other="lat", kind=POSITION),
    ),
)
def intersections(registers: Registers) -> pd.DataFrame:
    """The list of intersections."""
    return ground.changed(registers.world.stream("intersections"), _places(registers.world))


def _grid(places: pd.DataFrame, lanes: int, seconds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of every place, approach, lane and moment of the days: place, approach, lane, time."""
    a_day = np.arange(FROM * 3600, TO * 3600, seconds).astype("timedelta64[s]")
    days = (AS_OF - np.arange(DAYS)[::-1]).astype("datetime64[s]")
    moments = (days[:, None] + a_day).ravel()
    place, approach, lane, moment = (v.ravel() for v in np.indices((len(places), len(APPROACHES), lanes, len(moments))))
    return (
        places["intersection_no"].to_numpy(dtype=object)[place],
        np.array(list(APPROACHES), dtype=object)[approach],
        lane + 1,
        moments[moment],
    )


def _jam(intersection: np.ndarray, approach: np.ndarray, times: np.ndarray) -> np.ndarray:
    return (intersection == JAMMED) & (approach == "E") & (times >= JAM_FROM) & (times < JAM_TO)


def _stuck(intersection: np.ndarray, approach: np.ndarray, lane: np.ndarray, times: np.ndarray) -> np.ndarray:
    there = (intersection == JAMMED) & (approach == "S") & (lane == STUCK_LANE)
    return there & (times >= STUCK_FROM) & (times < STUCK_TO)


@TRAFFIC_POLICE.table(
    "queue",
    dirt=(
        Cell("D22", "approach", 0.01, kind=labels({"E": ("东", "东进口"), "N": ("北",)})),
        Cell("RANGE", "avg_delay_s", 0.001, kind=NEGATIVE),
        Cell("D37", "measured_at", 0.002),
    ),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "measured_at", 0.0005),),
    number=Number("intersection_no", 2),
    late=Late(night=1, comes=2),
)
def queues(registers: Registers) -> pd.DataFrame:
    """Queues of each lane every five minutes: some in the peaks, long ones in the jam; a detector is stuck."""
    rng = registers.world.stream("queues")
    intersection, approach, lane, times = _grid(_places(registers.world), LANES, SLOT)
    n, peak, jam = len(times), _peak(times), _jam(intersection, approach, times)
    delay = np.where(jam, rng.uniform(75, 110, n), np.where(peak, rng.uniform(28, 42, n), rng.uniform(12, 26, n)))
    queue = np.where(jam, rng.uniform(120, 190, n), np.where(peak, rng.uniform(25, 70, n), rng.uniform(5, 25, n)))
    vehicles = np.where(jam, rng.integers(52, 58, n), np.where(peak, rng.integers(28, 42, n), rng.integers(8, 30, n)))
    stuck = _stuck(intersection, approach, lane, times)
    delay, queue, vehicles = np.where(stuck, 95.0, delay), np.where(stuck, 150.0, queue), np.where(stuck, 20, vehicles)
    return pd.DataFrame(
        {
            "intersection_no": intersection,
            "approach": approach,
            "lane": numbers(lane),
            "measured_at": moment_text(times),
            "max_queue_m": decimals(queue, 1),
            "vehicles": numbers(vehicles),
            "avg_delay_s": decimals(delay, 1),
            "stops": numbers((vehicles * rng.uniform(0.3, 0.8, n)).astype(int)),
            "_night": night_of(times),
            FAULTY: stuck,
        }
    )


@TRAFFIC_POLICE.finding("approaches at the worst level of service", "themes/traffic/intersection_quarter", "cjj_level", "4")
def jammed(registers: Registers) -> pd.Series:
    """The quarters of an hour of the jam."""
    there = "traffic_police/queue" in registers.delivering
    quarters = np.arange(JAM_FROM, JAM_TO, np.timedelta64(15, "m"))
    return pd.Series([f"{JAMMED}|E|{str(q).replace('T', ' ')}" for q in quarters if there], dtype=object)


@TRAFFIC_POLICE.finding("detectors of queues that are stuck", "themes/traffic/intersection_quarter", "flags", "STUCK")
def stuck_detectors(registers: Registers) -> pd.Series:
    """The quarters of an hour in which a detector repeats itself."""
    there = "traffic_police/queue" in registers.delivering
    quarters = np.arange(STUCK_FROM, STUCK_TO, np.timedelta64(15, "m"))
    return pd.Series([f"{JAMMED}|S|{str(q).replace('T', ' ')}" for q in quarters if there], dtype=object)


@TRAFFIC_POLICE.table(
    "signal_cycle",
    dirt=(Cell("D22", "approach", 0.01, kind=labels({"S": ("南",), "W": ("西", "西进口")})), Cell("D37", "started_at", 0.002)),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "started_at", 0.0005),),
    number=Number("intersection_no", 2),
)
def cycles(registers: Registers) -> pd.DataFrame:
    """Cycles of intersections with signals; in the jam each leaves vehicles behind."""
    rng, places = registers.world.stream("signal cycles"), _places(registers.world)
    intersection, approach, _, times = _grid(places[places["controlled"] == "1"], 1, CYCLE)
    n, jam = len(times), _jam(intersection, approach, times)
    return pd.DataFrame(
        {
            "intersection_no": intersection,
            "approach": approach,
            "started_at": moment_text(times),
            "cycle_s": numbers(np.full(n, CYCLE)),
            "green_s": numbers(GREEN + rng.integers(-5, 6, n)),
            "left_behind": numbers(np.where(jam, rng.integers(3, 15, n), rng.random(n) < 0.03)),
            "_night": night_of(times),
        }
    )


def _segments(world: World) -> pd.DataFrame:
    """The roads whose speed is measured: as many of each class."""
    roads, n = world.ground.roads, one_for_each(len(world.people), *SEGMENTS)
    each = np.concatenate([np.flatnonzero(roads["class"] == c)[: -(-n // len(FREE))] for c in FREE])[:n]
    return roads.iloc[each].reset_index(drop=True)


def jammed_county(world: World) -> str:
    """The county whose segments are all jammed from JAM_FROM to JAM_TO."""
    return _segments(world)["county6"].iloc[0]


@TRAFFIC_POLICE.table(
    "segment_speed",
    dirt=(Cell("D37", "measured_at", 0.001), Cell("D18N", "county6", 0.02, kind=COUNTY)),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "measured_at", 0.0005),),
    number=Number("segment_no", 2),
    late=Late(night=1, comes=2),
)
def speeds(registers: Registers) -> pd.DataFrame:
    """Speeds of segments every five minutes, slower in the peaks; a county is jammed. Sensors are stuck, jump and pause."""
    rng, of = registers.world.stream("segment speeds"), _segments(registers.world)
    length = np.minimum(shapely.length(ground.metres(of["geometry"].to_numpy())), 3000)
    days = (AS_OF - np.arange(SPEED_DAYS)[::-1]).astype("datetime64[s]")
    moments = (days[:, None] + np.arange(0, 86_400, SLOT).astype("timedelta64[s]")).ravel()
    segment, slot = (v.ravel() for v in np.indices((len(of), len(moments))))
    times = moments[slot]
    free = of["class"].map(FREE).to_numpy()[segment]
    jam = (of["county6"] == jammed_county(registers.world)).to_numpy()[segment] & (times >= JAM_FROM) & (times < JAM_TO)
    share = np.where(jam, 0.25, np.where(_peak(times), 0.7, 0.95)) + rng.uniform(-0.03, 0.03, len(times))
    rows = pd.DataFrame(
        {
            "segment_no": "LD" + numbers(segment + 1, 5),
            "measured_at": moment_text(times),
            "road_class": of["class"].to_numpy(dtype=object)[segment],
            "county6": of["county6"].to_numpy(dtype=object)[segment],
            "length_m": decimals(length[segment], 1),
            "vehicles": numbers(np.where(_peak(times), rng.integers(20, 80, len(times)), rng.integers(1, 25, len(times)))),
            "speed_kmh": decimals(free * share, 1),
            "_night": night_of(times),
        }
    )
    return with_faults(registers, "traffic_police/segment_speed", rows, "segment_no", (Sensor("speed_kmh", 52, 12, 1),))
