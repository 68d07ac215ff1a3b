"""What the desks answer to alerts: to accidents in time and then again, to a jam too late, to drills of which there is no alert."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import night_of, numbers, pick
from simulator.departments.emergency import EMERGENCY
from simulator.departments.traffic_police.roads import JAM_FROM, jammed_county
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import moment_text
from simulator.world.incidents import MOMENT

TABLE, ALERTS = "emergency/alert_acknowledgement", "themes/city_operations/alert"
LARGER, JAM, DRILL = "ACCIDENT_LARGER", "CONGESTION_SEVERE", "WATER_WARNING"
DEAD = 3
"""From so many dead on an accident is a larger one."""
DRILLS = 3
KNOWS_JAM, WAITS = np.timedelta64(30, "m"), np.timedelta64(26, "m")
"""After which time a jam is an alert, and how long nobody answers then."""
POSTS = ("市应急指挥中心值班席", "市城运中心联席值守岗", "县区应急值班室")
ACTIONS = ("DISPATCHED", "INFORMED", "WATCHED")
STATE, ALERT = "_state", "_alert"


def _minutes(rng: np.random.Generator, least: int, most: int, n: int) -> np.ndarray:
    return rng.integers(least * 60, most * 60, n).astype("timedelta64[s]")


def _larger(registers: Registers) -> pd.DataFrame:
    """The larger accidents, of which every desk has heard."""
    accidents = registers.rows("emergency/accident").drop_duplicates("accident_no")
    return accidents[accidents["dead"].astype(int) >= DEAD].sort_values("accident_no")


@EMERGENCY.table(
    "alert_acknowledgement",
    dirt=(
        Cell("D22", "action", 0.3, kind=labels({"DISPATCHED": ("派员处置", "派员"), "WATCHED": ("关注",)})),
        Cell("D22", "rule", 0.3, kind=labels({LARGER: ("较大事故",), DRILL: ("超警戒水位",)})),
        Cell("D37", "acknowledged_at", 0.2),
    ),
    copies=0.2,
    rejected=(Rejected("UNKNOWN_CODE", "rule", 0.1),),
    number=Number("acknowledgement_no", 2),
)
def acknowledgements(registers: Registers) -> pd.DataFrame:
    """Answers in the order of their time; _state: what the lake must find of them."""
    world, rng = registers.world, registers.world.stream("alert acknowledgements")
    larger = _larger(registers)
    began, n = larger[MOMENT].to_numpy().astype("datetime64[s]"), len(larger)
    seen = began + _minutes(rng, 1, 3, n)
    first = pd.DataFrame({"rule": LARGER, "place": larger["accident_no"].to_numpy(), "seen": seen, "at": seen + _minutes(rng, 1, 9, n)})
    again = first.assign(at=first["at"].to_numpy() + _minutes(rng, 20, 40, n), **{STATE: "AGAIN"})
    early = first.assign(at=first["seen"].to_numpy() - np.timedelta64(20, "s"), **{STATE: "EARLY"})
    raised = JAM_FROM + KNOWS_JAM
    jam = pd.DataFrame({"rule": [JAM], "place": [jammed_county(world)], "seen": [raised], "at": [raised + WAITS]})
    day = JAM_FROM.astype("datetime64[D]") - np.arange(DRILLS)
    drill = day.astype("datetime64[s]") + np.timedelta64(15, "h")
    none = pd.DataFrame({"rule": DRILL, "place": "YL" + numbers(np.arange(DRILLS) + 1, 3), "seen": drill, "at": drill + WAITS})
    parts = [first.assign(**{STATE: "FIRST"}), again, early, jam.assign(**{STATE: "FIRST"}), none.assign(**{STATE: "NO_ALERT"})]
    rows = pd.concat(parts).sort_values(["at", "rule", STATE], ignore_index=True)
    at = rows["at"].to_numpy().astype("datetime64[s]")
    return pd.DataFrame(
        {
            "acknowledgement_no": "QS" + numbers(np.arange(len(rows)) + 1, 6),
            "rule": rows["rule"],
            "place": rows["place"],
            "alerted_at": moment_text(rows["seen"].to_numpy().astype("datetime64[s]")),
            "post": pick(rng, POSTS, len(rows)),
            "acknowledged_at": moment_text(at),
            "action": pick(rng, ACTIONS, len(rows)),
            "update_time": moment_text(at + np.timedelta64(60, "s")),
            "_night": night_of(at.astype("datetime64[D]")),
            "_rule": rows["rule"],
            STATE: rows[STATE],
        }
    )


def _known(registers: Registers) -> pd.DataFrame:
    """The delivered answers, with what the lake must find: nothing is an alert of which the lake has not heard."""
    rows = registers.delivered(TABLE).drop_duplicates("acknowledgement_no")
    sources = {LARGER: "emergency/accident", JAM: "traffic_police/segment_speed"}
    unknown = [rule for rule, table in sources.items() if table not in registers.delivering]
    return rows.assign(**{STATE: rows[STATE].mask(rows["_rule"].isin(unknown), "NO_ALERT")})


def _numbers(registers: Registers, state: str) -> pd.Series:
    rows = _known(registers)
    return rows.loc[rows[STATE] == state, "acknowledgement_no"]


@EMERGENCY.finding("answers to no alert", "themes/city_operations/acknowledgement", "state", "NO_ALERT")
def to_no_alert(registers: Registers) -> pd.Series:
    """Answers of drills."""
    return _numbers(registers, "NO_ALERT")


@EMERGENCY.finding("further answers to an alert", "themes/city_operations/acknowledgement", "state", "AGAIN")
def further(registers: Registers) -> pd.Series:
    """Answers of a second desk."""
    return _numbers(registers, "AGAIN")


@EMERGENCY.finding("answers before their alert", "themes/city_operations/acknowledgement", "state", "EARLY")
def too_early(registers: Registers) -> pd.Series:
    """Answers whose clock was wrong."""
    return _numbers(registers, "EARLY")


@EMERGENCY.finding("jams that were acknowledged too late", ALERTS, "answer", "LATE")
def jam_answered_late(registers: Registers) -> pd.Series:
    """The jam of the county, if the lake knows of it."""
    rows = _known(registers)
    rows = rows[(rows["_rule"] == JAM) & (rows[STATE] == "FIRST")]
    return rows["_rule"] + "|" + rows["place"] + "|" + str(JAM_FROM).replace("T", " ")


@EMERGENCY.finding("alerts that were acknowledged in time", ALERTS, "answer", "IN_TIME")
def answered_in_time(registers: Registers) -> pd.Series:
    """The larger accidents."""
    rows = _known(registers)
    known = set(rows.loc[(rows["_rule"] == LARGER) & (rows[STATE] == "FIRST"), "place"])
    of = _larger(registers)
    of = of[of["accident_no"].isin(known)]
    moments = pd.Series(moment_text(of[MOMENT].to_numpy().astype("datetime64[s]")), index=of.index)
    return LARGER + "|" + of["accident_no"] + "|" + moments
