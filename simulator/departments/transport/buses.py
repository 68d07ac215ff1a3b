"""Bus lines, stops, plans, runs and arrivals, as the department delivers them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, clock_text, day_text, decimals, night_of, numbers, only
from simulator.declare import Late
from simulator.departments.transport import TRANSPORT
from simulator.departments.transport.network import DAY, network
from simulator.dirt import POSITION, Cell, labels, one, unit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import moment_text
from simulator.world import ground

DIRECTION = labels({"UP": ("上行", "0"), "DOWN": ("下行", "回程")})
CLASSES = ("TRUNK", "BRANCH", "NIGHT")
NEXT_DAY = one(lambda value, rng: f"次日{int(value[:2]) - 24:02}{value[2:]}", lambda values: values.str[:2] >= "24")
METRES = unit(lambda value: f"{value * 1000:.0f}", least=1)


def clock(seconds: np.ndarray) -> np.ndarray:
    """`HH:mm` of seconds of the day of service: 24:30 is half past midnight."""
    minutes = np.asarray(seconds) // 60
    return np.array([f"{m // 60:02}:{m % 60:02}" for m in minutes], dtype=object)


def at(day: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The moment of seconds of the day of service, datetime64[s]."""
    return np.asarray(day, dtype="datetime64[s]") + np.asarray(seconds).astype("timedelta64[s]")


@TRANSPORT.table("bus_line", dirt=(Cell("D22", "direction", 0.2, kind=DIRECTION), Cell("D15X", "valid_from", 0.1)), copies=0.05)
def lines(registers: Registers) -> pd.DataFrame:
    """Every edition of every line."""
    found = network(registers.world).lines
    rows = pd.DataFrame(
        {
            "line_no": found["line_no"],
            "direction": found["direction"],
            "valid_from": day_text(found["valid_from"].to_numpy()),
            "name": found["line_no"] + "路",
            "line_class": np.array(CLASSES, dtype=object)[found["line"] % len(CLASSES)],
            "length_km": decimals(found["metres"] / 1000, 3),
            "first_departure": clock(found["first"]),
            "last_departure": clock(found["last"]),
        }
    )
    return ground.changed(registers.world.stream("bus lines"), rows)


@TRANSPORT.table(
    "bus_stop",
    dirt=(Cell("D22", "direction", 0.02, kind=DIRECTION), Cell("D21", "lon", 0.05, other="lat", kind=POSITION)),
    copies=0.02,
)
def stops(registers: Registers) -> pd.DataFrame:
    """Every stop of every edition; every other one has a timetable."""
    found = network(registers.world).stops
    lon, lat = ground.gcj02(found["lon"].to_numpy(), found["lat"].to_numpy())
    rows = pd.DataFrame(
        {
            "line_no": found["line_no"],
            "direction": found["direction"],
            "valid_from": day_text(found["valid_from"].to_numpy()),
            "seq": numbers(found["seq"]),
            "stop_no": found["stop_no"],
            "name": found["name"],
            "lon": decimals(lon, 6),
            "lat": decimals(lat, 6),
            "distance_km": decimals(found["metres"] / 1000, 3),
            "run_min": only(found["timed"].to_numpy(), numbers(found["minutes"])),
        }
    )
    return ground.changed(registers.world.stream("bus stop rows"), rows)


@TRANSPORT.table(
    "bus_plan",
    dirt=(
        Cell("D22", "direction", 0.01, kind=DIRECTION),
        Cell("D37C", "plan_depart", 0.3, kind=NEXT_DAY),
        Cell("D15", "service_date", 0.01),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "plan_depart", 0.001),),
    number=Number("trip_no", 0),
)
def plans(registers: Registers) -> pd.DataFrame:
    """The plan of every day, delivered the day before."""
    found = network(registers.world).trips
    day = found["day"].to_numpy().astype("datetime64[D]")
    over = at(day, found["depart"].to_numpy()).astype("datetime64[D]") <= AS_OF
    return pd.DataFrame(
        {
            "line_no": found["line_no"],
            "direction": found["direction"],
            "service_date": day_text(day),
            "trip_no": found["trip_no"],
            "plan_depart": clock(found["depart"]),
            "plan_arrive": clock(found["arrive"]),
            "vehicle_no": "GJ" + numbers(found["vehicle"] + 1, 5),
            "sent_time": clock_text(day - 1, np.full(len(day), 15 * 3600)),
            "_night": night_of(day - 1),
            "_missed": ~found["ran"].to_numpy() & over,
        }
    )


@TRANSPORT.finding("planned trips that did not run", "themes/traffic/bus_trip", "state", "MISSED")
def missed(registers: Registers) -> pd.Series:
    """Trips of the plan without a valid run."""
    both = {"transport/bus_plan", "transport/bus_trip"}.issubset(registers.delivering)
    clean = plans(registers)
    rows = clean[clean["_missed"] & both]
    return rows["line_no"] + "|" + rows["direction"] + "|" + rows["service_date"] + "|" + rows["trip_no"]


@TRANSPORT.table(
    "bus_trip",
    dirt=(
        Cell("D22", "direction", 0.01, kind=DIRECTION),
        Cell("D22", "valid", 0.02, kind=labels({"1": ("是", "有"), "0": ("否",)})),
        Cell("D37", "depart_time", 0.005),
        Cell("D16", "arrive_time", 0.003, other="depart_time"),
        Cell("D19", "km", 0.01, kind=METRES),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "service_date", 0.001),),
    number=Number("trip_id", 2),
    late=Late(night=1, comes=2),
)
def trips(registers: Registers) -> pd.DataFrame:
    """Every run; those after midnight come with the next night."""
    found = network(registers.world).runs
    day = found["day"].to_numpy().astype("datetime64[D]")
    left, came = at(day, found["left"]), at(day, found["came"])
    return pd.DataFrame(
        {
            "trip_id": found["trip_id"],
            "line_no": found["line_no"],
            "direction": found["direction"],
            "service_date": day_text(day),
            "trip_no": found["trip_no"],
            "vehicle_no": "GJ" + numbers(found["vehicle"] + 1, 5),
            "driver_no": "J" + numbers(found["vehicle"] * 2 + (found["left"] > 13 * 3600) + 1, 5),
            "depart_time": moment_text(left),
            "arrive_time": moment_text(came),
            "km": decimals(found["km"], 3),
            "valid": found["valid"],
            "sent_time": moment_text(came + np.timedelta64(120, "s")),
            "_night": night_of(left.astype("datetime64[D]")),
        }
    )


@TRANSPORT.table(
    "bus_arrival",
    dirt=(Cell("D37", "arrive_time", 0.002),),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0005),),
    number=Number("trip_id", 2),
)
def arrivals(registers: Registers) -> pd.DataFrame:
    """Arrivals of valid runs; a few are lost, a few are noticed by a vehicle whose clock is a day behind (D36), some sent again (D12)."""
    found, rng = network(registers.world), registers.world.stream("bus arrivals")
    of_line = {"left_on": ["line", "direction", "edition"], "right_on": ["line", "direction", "valid_from"]}
    rows = found.runs[found.runs["valid"] == "1"].merge(found.stops, **of_line, suffixes=("", "_stop"))
    rows = rows[rng.random(len(rows)) >= 0.004].reset_index(drop=True)
    n = len(rows)
    arrive = rows["left"] + np.round(rows["minutes"] * 60 * rows["slow"]).astype(int) + rng.integers(-20, 21, n)
    skewed = rng.random(n) < 0.0008
    came = at(rows["day"].to_numpy(), arrive - np.where(skewed, 2 * DAY, 0))
    leave = came + rng.integers(8, 40, n).astype("timedelta64[s]")
    made = pd.DataFrame(
        {
            "trip_id": rows["trip_id"],
            "seq": numbers(rows["seq"]),
            "stop_no": rows["stop_no"],
            "arrive_time": moment_text(came),
            "leave_time": moment_text(leave),
            "sent_time": moment_text(at(rows["day"].to_numpy(), arrive) + np.timedelta64(60, "s")),
            "_night": night_of(at(rows["day"].to_numpy(), rows["left"]).astype("datetime64[D]")),
        }
    )
    again = made[rng.random(n) < 0.003]
    return pd.concat(
        [made, again.assign(sent_time=(pd.to_datetime(again["sent_time"]) + pd.Timedelta(minutes=30)).dt.strftime("%Y-%m-%d %H:%M:%S"))],
        ignore_index=True,
    )
