"""The bus network that the tables of the department write down: lines, their stops by edition, planned trips, and what became of them.

Line 1 is changed in the middle of the last month: it leaves out a stop and is quicker. The last line runs until after midnight. A few
trips are missed, a few are broken off, some of these run again by another bus, and a few run that nobody planned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, numbers
from simulator.world import World, ground

DAYS = 21
"""Days of service up to the last night; there is a plan for the day after, too."""
LINES, PEOPLE_PER_LINE, STOPS = 3, 12_000, 7
DIRECTIONS = ("UP", "DOWN")
CHANGED = np.datetime64("2019-12-16")
"""First day of the second edition of line 1."""
LEFT_OUT, QUICKER = 3, 0.85
"""The stop that the second edition leaves out, and how much less time it takes."""
SPEED = 380.0
"""Metres that a bus is planned to go in a minute."""
EVERY = (25, 50, 80)
"""Minutes from one trip to the next, by line."""
SHORTEST, LONGEST = 2500.0, 9000.0
"""Metres of the arterial road along which a line runs, from its beginning."""
SUB_DISTRICT, IN_TOWN = "0", 12.0
"""Seventh digit of the code of a sub-district (街道), and how much likelier a line runs along a road there than along another one."""
KERB, ACROSS = 5.0, 15.0
"""Metres that stops are about off the centre line, and that those of the way back are from those of the way there, east and north."""
MISSED, BROKEN, REPLACED, EXTRA = 0.012, 0.008, 0.5, 0.006
DAY, MINUTE = 86_400, 60


@dataclass(frozen=True)
class Network:
    """The network.

    Attributes:
        lines: line_no, direction, valid_from, number, name, line_class, length_km, first, last (minutes).
        stops: line_no, direction, valid_from, seq, stop_no, name, lon, lat (CGCS2000), metres and minutes from the first stop; timed.
        trips: line_no, direction, day, trip_no, depart, arrive (planned, seconds), vehicle; missed.
        runs: one per run: the trip's columns, trip_id, left, came (seconds of the day), km, valid, index of the trip in `trips` or -1.
    """

    lines: pd.DataFrame
    stops: pd.DataFrame
    trips: pd.DataFrame
    runs: pd.DataFrame


def _arterial(world: World) -> tuple[np.ndarray, np.ndarray]:
    """The arterial roads that are long enough for a line, in the plane, and how likely a line is on each."""
    roads = world.ground.roads["geometry"].to_numpy()[(world.ground.roads["class"] == "ARTERIAL").to_numpy()]
    long = roads[shapely.length(ground.metres(roads)) >= SHORTEST]
    towns = world.ground.divisions.query("level == 'TOWN'")
    streets = shapely.union_all(towns.loc[towns["code"].str[6] == SUB_DISTRICT, "geometry"].to_numpy())
    weight = np.where(shapely.intersects(streets, shapely.line_interpolate_point(long, 0.5, normalized=True)), IN_TOWN, 1.0)
    return ground.metres(long), weight / weight.sum()


def _stops(world: World, n: int) -> pd.DataFrame:
    """The stops of every line in its first edition along an arterial road, one way and back on the other side of it."""
    rng, (roads, likely) = world.stream("bus stops"), _arterial(world)
    road = roads[rng.choice(len(roads), n, replace=n > len(roads), p=likely)]
    share = np.linspace(0, 1, STOPS)
    distance = share * np.minimum(shapely.length(road), LONGEST)[:, None]
    at = shapely.get_coordinates(shapely.line_interpolate_point(road[:, None], distance).ravel()).reshape(n, STOPS, 2)
    along = at + rng.normal(0, KERB, (n, STOPS, 2))
    parts = []
    for place, way in enumerate(DIRECTIONS):
        line, seq = (v.ravel() for v in np.indices((n, STOPS)))
        points = (along if place == 0 else along[:, ::-1] + ACROSS)[line, seq]
        steps = np.hypot(*np.diff(points.reshape(n, STOPS, 2), axis=1).transpose(2, 0, 1))
        metres = np.concatenate([np.zeros((n, 1)), np.cumsum(steps, axis=1) * 1.2], axis=1).ravel()
        of_street = np.where(place == 0, seq, STOPS - 1 - seq)
        lon, lat = ground.METRES.transform(points[:, 0], points[:, 1], direction="INVERSE")
        parts.append(
            pd.DataFrame(
                {
                    "line": line,
                    "direction": way,
                    "seq": seq + 1,
                    "stop_no": "ZD" + numbers(line * 100 + of_street + 1, 6) + str(place),
                    "name": "站点" + numbers(line * 100 + of_street + 1),
                    "lon": lon,
                    "lat": lat,
                    "metres": np.round(metres),
                    "minutes": np.round(metres / SPEED),
                    "timed": seq % 2 == 0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _editions(first: pd.DataFrame) -> pd.DataFrame:
    """All editions: the first of every line, and the second of line 1."""
    kept = first[(first["line"] == 0) & (first["seq"] != LEFT_OUT)]
    second = kept.assign(
        seq=kept.groupby("direction").cumcount() + 1, minutes=np.round(kept["minutes"] * QUICKER), timed=kept["timed"] | True
    )
    dated = [first.assign(valid_from=np.datetime64("2018-01-01")), second.assign(valid_from=CHANGED)]
    return pd.concat(dated, ignore_index=True)


def _trips(stops: pd.DataFrame, lines: int) -> pd.DataFrame:
    """The planned trips of every day; the last line runs until 0:30."""
    takes = stops.groupby(["line", "direction", "valid_from"])["minutes"].max()
    parts = []
    for day in AS_OF + 1 - np.arange(DAYS + 1)[::-1]:
        for line in range(lines):
            edition = CHANGED if line == 0 and day >= CHANGED else np.datetime64("2018-01-01")
            last = 24 * 60 + 30 if line == lines - 1 else 21 * 60
            departs = np.arange(6 * 60 + line * 5, last + 1, EVERY[line % len(EVERY)])
            if line == lines - 1:
                departs = np.append(departs, last)
            for place, direction in enumerate(DIRECTIONS):
                depart = (departs + place * 4) * MINUTE
                parts.append(
                    pd.DataFrame(
                        {
                            "line": line,
                            "direction": direction,
                            "edition": edition,
                            "day": day,
                            "trip_no": numbers(np.arange(len(depart)) + 1, 3),
                            "depart": depart,
                            "arrive": depart + int(takes[line, direction, pd.Timestamp(edition)]) * MINUTE,
                            "vehicle": line * 20 + place * 10 + np.arange(len(depart)) % 4,
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def _runs(trips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What ran: most planned trips, those that replace broken ones, and a few more."""
    n = len(trips)
    kind = rng.choice(3, n, p=[1 - MISSED - BROKEN, BROKEN, MISSED])
    delay = np.select(
        [rng.random(n) < 0.05, rng.random(n) < 0.03], [rng.integers(181, 1500, n), rng.integers(-200, -61, n)], rng.integers(-30, 150, n)
    )
    slow = rng.uniform(0.94, 1.12, n)
    ran = trips.assign(of=np.arange(n), left=trips["depart"] + delay, slow=slow, valid=np.where(kind == 0, "1", "0"))[kind < 2]
    broken = ran[ran["valid"] == "0"]
    again = broken[rng.random(len(broken)) < REPLACED]
    again = again.assign(left=again["left"] + 600, valid="1", vehicle=again["vehicle"] + 5)
    more = trips[rng.random(n) < EXTRA]
    extra = more.assign(
        of=-1, left=more["depart"] + 420, slow=1.0, valid="1", trip_no="J" + more["trip_no"].str[1:], vehicle=more["vehicle"] + 6
    )
    runs = pd.concat([ran, again, extra], ignore_index=True)
    runs = runs[runs["day"] + (runs["left"] // DAY).to_numpy().astype("timedelta64[D]") <= AS_OF].reset_index(drop=True)
    came = runs["left"] + np.round((runs["arrive"] - runs["depart"]) * runs["slow"]).astype(int)
    return runs.assign(came=came, trip_id="YX" + numbers(np.arange(len(runs)) + 1, 9))


def network(world: World) -> Network:
    """The network of the city; the same each time."""
    n = LINES + len(world.people) // PEOPLE_PER_LINE
    stops = _editions(_stops(world, n))
    trips = _trips(stops, n)
    runs = _runs(trips, world.stream("bus runs"))
    line_no = np.array([str(i + 1) for i in range(n)], dtype=object)
    ends = trips.groupby(["line", "direction", "edition"])["depart"].agg(["min", "max"])
    lines = stops.groupby(["line", "direction", "valid_from"], as_index=False)["metres"].max()
    found = ends.reindex(pd.MultiIndex.from_frame(lines[["line", "direction", "valid_from"]]))
    lines = lines.assign(first=found["min"].to_numpy(), last=found["max"].to_numpy())
    km = runs.merge(lines, left_on=["line", "direction", "edition"], right_on=["line", "direction", "valid_from"])["metres"] / 1000
    runs = runs.assign(km=np.where(runs["valid"] == "1", km, km / 3))
    ran = np.zeros(len(trips), dtype=bool)
    ran[runs.loc[(runs["valid"] == "1") & (runs["of"] >= 0), "of"]] = True
    named = [t.assign(line_no=line_no[t["line"]]) for t in (lines, stops, trips.assign(ran=ran), runs)]
    return Network(*named)
