"""Positions of vehicles: buses on the trips of a few hours; coaches, tour coaches, vehicles for dangerous goods and taxis on their way.

A bus stands at its stops and goes straight from one to the next; its device sends every ten seconds. The other vehicles send every thirty
seconds while they go to and fro on a road. What is wrong is put into right rows and remembered as what the lake must find.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, as_days, decimals, night_of, numbers
from simulator.declare import Late
from simulator.departments.transport import TRANSPORT
from simulator.departments.transport.buses import at
from simulator.departments.transport.network import MINUTE, network
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import FAULTY, moment_text, spared
from simulator.world import World, ground

TABLE = "transport/vehicle_position"
DAYS, LINES, HOUR = 3, 3, 60 * MINUTE
"""Days of positions up to the last night, and lines whose buses send them."""
HOURS = ((7 * HOUR, 8 * HOUR), (24 * HOUR, 25 * HOUR))
"""Departures whose trips are delivered: of one hour of the morning, and those after midnight."""
EVERY, WAITS, DWELL = 10, 40, 15
"""Seconds from one position of a bus to the next, that it waits before it leaves, and that it stands at a stop."""
CRUISE = {"COACH": 82, "TOUR": 78, "HAZARDOUS": 66, "TAXI": 38}
"""km/h of the other vehicles."""
MANY, LONG, ON_THE_WAY = 3, 30, 90 * MINUTE
"""Vehicles of each kind, seconds from one position to the next, seconds on the way."""
NIGHT_COACH, FAST_LORRY, LOST_LORRY, FROZEN_COACH = "苏KC0001", "苏KH0001", "苏KH0002", "苏KT0001"
"""A coach on its way in the small hours, a lorry that goes too fast, one whose device pauses, a coach whose device repeats a place."""
SMALL_HOURS, TOO_FAST = 2 * HOUR + 600, 93
NOISE, SPIKE, AWAY = 5, 900, 1.6
"""Standard deviation of a position and length of a jump, metres; degrees by which a position outside the city is wrong."""
REPEATED, LOST = slice(40, 52), slice(80, 100)
"""Of the way of a vehicle on the last day: positions at one place, positions that are lost."""
PER_FAULT = 400
"""Positions of buses per fault of each kind."""
OTHER_SYSTEM = "2"
"""The line one of whose buses sends positions of the last morning in another system than the contract says."""


@dataclass(frozen=True)
class _Way:
    """Of one vehicle on one way: moments (seconds of the day), metres east and north at them, and what its rows say."""

    day: np.datetime64
    moments: np.ndarray
    east: np.ndarray
    north: np.ndarray
    every: int
    said: dict[str, str]

    def rows(self) -> pd.DataFrame:
        times = np.arange(self.moments[0], self.moments[-1] + 1, self.every)
        east, north = (np.interp(times, self.moments, side) for side in (self.east, self.north))
        gone = np.hypot(np.diff(east, append=east[-1]), np.diff(north, append=north[-1]))
        place = np.arange(len(times))
        return pd.DataFrame(
            {"_at": at(np.asarray(self.day), times), "_east": east, "_north": north, "_speed": gone / self.every * 3.6, "_place": place}
        ).assign(**self.said)


def _bus_ways(world: World) -> list[_Way]:
    """The trips whose buses send where they are: valid runs of the first lines."""
    found = network(world)
    hours = np.any([found.runs["depart"].between(*ends, inclusive="left") for ends in HOURS], axis=0)
    runs = found.runs[hours & (found.runs["valid"] == "1") & (found.runs["line"] < LINES) & (found.runs["day"] > AS_OF - DAYS)]
    stops = {key: rows.sort_values("seq") for key, rows in found.stops.groupby(["line", "direction", "valid_from"])}
    ways = []
    for run in runs.to_dict("records"):
        of_line = stops[run["line"], run["direction"], run["edition"]]
        sides = ground.METRES.transform(of_line["lon"].to_numpy(), of_line["lat"].to_numpy())
        comes = run["left"] + np.round(of_line["minutes"].to_numpy() * MINUTE * run["slow"]).astype(int)
        moments = np.stack([comes, comes + DWELL], axis=1).ravel()
        moments[:2] = run["left"] - WAITS, run["left"]
        east, north = (np.repeat(side, 2) for side in sides)
        day = np.datetime64(run["day"], "D")
        trip = "|".join((run["line_no"], run["direction"], str(day), run["trip_no"]))
        said = {"kind": "BUS", "vehicle_no": f"GJ{run['vehicle'] + 1:05}", "_trip": trip}
        ways.append(_Way(day, moments, east, north, EVERY, said))
    return ways


def _other_ways(world: World) -> list[_Way]:
    """Coaches, vehicles for dangerous goods and taxis, to and fro on an arterial road, once a day."""
    roads = world.ground.roads
    arterial = ground.metres(roads.loc[roads["class"] == "ARTERIAL", "geometry"].to_numpy())
    ways, times = [], np.arange(0, ON_THE_WAY + 1, LONG)
    for number, (kind, n) in enumerate((kind, n) for kind in CRUISE for n in range(MANY)):
        plate, line = f"CZ{n + 1:05}" if kind == "TAXI" else f"苏K{kind[0]}{n + 1:04}", arterial[number * 7 % len(arterial)]
        gone = (TOO_FAST if plate == FAST_LORRY else CRUISE[kind]) / 3.6 * times
        there = shapely.length(line) - np.abs(gone % (2 * shapely.length(line)) - shapely.length(line))
        east, north = shapely.get_coordinates(shapely.line_interpolate_point(line, there)).T
        begins = SMALL_HOURS if plate == NIGHT_COACH else (9 + 3 * n) * HOUR
        said = {"kind": kind, "vehicle_no": plate, "_trip": ""}
        ways += [_Way(day, begins + times, east, north, LONG, said) for day in AS_OF - np.arange(DAYS)[::-1]]
    return ways


def _sent(world: World) -> pd.DataFrame:
    """Every position that is sent, ordered by vehicle and time; `_fault` is the reason for which the lake must drop it, else empty."""
    rng, ways = world.stream("vehicle positions"), [*_bus_ways(world), *_other_ways(world)]
    rows = pd.concat([way.rows().assign(_way=n) for n, way in enumerate(ways)]).drop_duplicates(["vehicle_no", "_at"])
    rows = rows.sort_values(["vehicle_no", "_at"], ignore_index=True)
    rows[["_east", "_north"]] += rng.normal(0, NOISE, (len(rows), 2))
    fault = np.full(len(rows), "", dtype=object)
    inside = (rows["_way"].shift(2) == rows["_way"]) & (rows["_way"].shift(-2) == rows["_way"]) & (rows["kind"] == "BUS")
    chosen = rng.permutation(np.flatnonzero(inside)[::5])[: 4 * max(1, int(inside.sum()) // PER_FAULT)]
    for kind, places in zip(("TOO_FAST", "OUTSIDE", "NO_POSITION", "JUMP"), chosen.reshape(4, -1), strict=True):
        fault[places] = kind
    rows["_fault"] = fault
    last = as_days(rows["_at"].to_numpy()) == AS_OF
    frozen = (rows["vehicle_no"] == FROZEN_COACH) & last & rows["_place"].between(REPEATED.start, REPEATED.stop)
    rows.loc[frozen, ["_east", "_north"]] = rows.loc[frozen, ["_east", "_north"]].to_numpy()[:1]
    lost = (rows["vehicle_no"] == LOST_LORRY) & last & rows["_place"].between(LOST.start, LOST.stop)
    return rows[~lost].reset_index(drop=True)


def _wrong_trip(rows: pd.DataFrame) -> str:
    """The trip whose bus sends in another system: the first of its line on the last morning; an empty text: there is none."""
    of_line = rows["_trip"].str.startswith(f"{OTHER_SYSTEM}|") & rows["_trip"].str.contains(f"|{AS_OF}|", regex=False)
    return min(rows.loc[of_line, "_trip"], default="")


@TRANSPORT.table(
    "vehicle_position",
    dirt=(
        Cell("D22", "kind", 0.01, kind=labels({"BUS": ("公交车", "公交"), "COACH": ("长途客车",), "HAZARDOUS": ("危货车",)})),
        Cell("D21", "lon", 0.005, other="lat", kind=spared(POSITION)),
        Cell("D37", "located_at", 0.003),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "located_at", 0.0005),),
    number=Number("vehicle_no", 2),
    late=Late(night=1, comes=2),
)
def positions(registers: Registers) -> pd.DataFrame:
    """Positions with their faults (D21, D36): jumps, impossible speeds, places outside the city or nowhere, another system, pauses."""
    rows = _sent(registers.world)
    fault = rows["_fault"].to_numpy()
    east = rows["_east"].to_numpy() + np.where(fault == "JUMP", SPIKE, 0)
    lon, lat = ground.METRES.transform(east, rows["_north"].to_numpy(), direction="INVERSE")
    other = (rows["_trip"] == _wrong_trip(rows)) & (rows["_trip"] != "")
    x, y = (np.where(other, true, moved) for true, moved in zip((lon, lat), ground.gcj02(lon, lat), strict=True))
    nowhere = fault == "NO_POSITION"
    speed = np.round(rows["_speed"].to_numpy()).astype(int) + np.where(fault == "TOO_FAST", 121, 0)
    moments = rows["_at"].to_numpy()
    return rows.assign(
        located_at=moment_text(moments),
        lon=np.where(nowhere, "0", decimals(x + np.where(fault == "OUTSIDE", AWAY, 0), 6)),
        lat=np.where(nowhere, "0", decimals(y, 6)),
        speed_kmh=numbers(speed),
        _night=night_of(as_days(moments)),
        **{FAULTY: fault != ""},
    )


def _dropped(reason: str) -> None:
    """Declare that the lake must drop the positions with a fault for this reason."""

    @TRANSPORT.finding(f"positions dropped as {reason}", "themes/traffic/position_dropped", "reason", reason)
    def keys(registers: Registers) -> pd.Series:
        rows = registers.delivered(TABLE)
        found = rows[rows["_fault"] == reason]
        return found["vehicle_no"] + "|" + moment_text(found["_at"].to_numpy())


for _reason in ("TOO_FAST", "OUTSIDE", "NO_POSITION", "JUMP"):
    _dropped(_reason)


def _day(registers: Registers, vehicle: str, *days: np.datetime64) -> pd.Series:
    """Keys of days of a vehicle, when positions are delivered."""
    return pd.Series([f"{day}|{vehicle}" for day in days if TABLE in registers.delivering], dtype=object)


def _every_day() -> list[np.datetime64]:
    return list(AS_OF - np.arange(DAYS))


@TRANSPORT.finding("vehicles whose device repeats one place", "themes/traffic/position_day", "flags", "FROZEN")
def frozen(registers: Registers) -> pd.Series:
    """The coach whose device says that it moves."""
    return _day(registers, FROZEN_COACH, AS_OF)


@TRANSPORT.finding("vehicles with a pause of positions", "themes/traffic/position_day", "flags", "GAP")
def paused(registers: Registers) -> pd.Series:
    """The vehicle that loses ten minutes; a bus sends nothing between the trips that are delivered, which is a pause, too."""
    rows = registers.delivered(TABLE).sort_values(["vehicle_no", "_at"])
    day = pd.Series(as_days(rows["_at"].to_numpy()), index=rows.index)
    pause = rows["_at"].diff().dt.total_seconds().gt(300) & (rows["vehicle_no"] == rows["vehicle_no"].shift()) & (day == day.shift())
    return (day[pause].dt.strftime("%Y-%m-%d") + "|" + rows.loc[pause, "vehicle_no"]).drop_duplicates()


@TRANSPORT.finding("vehicles above their limit", "themes/traffic/position_day", "flags", "SPEEDING")
def too_fast(registers: Registers) -> pd.Series:
    """The lorry with dangerous goods that goes faster than 80 km/h."""
    return _day(registers, FAST_LORRY, *_every_day())


@TRANSPORT.finding("coaches on their way in the small hours", "themes/traffic/position_day", "flags", "NIGHT_DRIVING")
def at_night(registers: Registers) -> pd.Series:
    """The coach between two and five o'clock."""
    return _day(registers, NIGHT_COACH, *_every_day())


@TRANSPORT.finding("trips whose bus sends positions off its line", "themes/traffic/position_trip", "flags", "OFF_LINE")
def off_line(registers: Registers) -> pd.Series:
    """The trip whose device uses another system of coordinates; known where the trips are delivered, too."""
    both = {TABLE, "transport/bus_trip", "transport/bus_plan", "transport/bus_stop"}.issubset(registers.delivering)
    trip = _wrong_trip(registers.delivered(TABLE)) if both else ""
    return pd.Series([trip] if trip else [], dtype=object)
