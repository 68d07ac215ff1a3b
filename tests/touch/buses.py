"""Two bus lines and a few taxis, positions of buses and coaches, and nights in which rows come late, are sent again, or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import shapely

from tests.touch.network import Network, Row
from tests.urban_management.streets import EAST, NORTH, TOWNS, WIDE, at, box

LAST = date(2019, 12, 31)
DAYS, CHANGED = 4, date(2019, 12, 29)
PLANNED, RUNS, ARRIVALS, ORDERS, POSITIONS = 80, 100, 400, 20, 600
OWN, GROUND = "cleansed/transport", "cleansed/civil_affairs/division_boundary"
LINES = ("1", "2")
BUSES = {"V1": "321002", "V2": "321003"}
"""Of each bus the county."""


class Buses(Network):
    """Tables by name, each with a maker of new rows; line 1 has a second edition."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.numbers = 0
        self.makers = {
            f"{OWN}/bus_plan": self._planned, f"{OWN}/bus_trip": self._run, f"{OWN}/bus_arrival": self._arrival,
            f"{OWN}/taxi_order": self._order, f"{OWN}/vehicle_position": self._position,
        }  # fmt: skip
        sizes = (PLANNED, RUNS, ARRIVALS, ORDERS, POSITIONS)
        for (table, make), n in zip(self.makers.items(), sizes, strict=True):
            self.rows[table] = [make() for _ in range(n)]
        since = {n: [date(2018, 1, 1), *([CHANGED] if n == "1" else [])] for n in LINES}
        editions = [{"line_no": n, "direction": "UP", "valid_from": d} for n in LINES for d in since[n]]
        self.rows[f"{OWN}/bus_line"] = [e | {"name": f"{e['line_no']} {e['valid_from']}", "line_class": "TRUNK"} for e in editions]
        self.rows[f"{OWN}/bus_stop"] = [self._stop(e, seq) for e in editions for seq in (1, 2, 3)]
        self.rows[f"{OWN}/bus"] = [{"vehicle_no": n, "county6": c, "length_m": "8.5", "energy": "BEV"} for n, c in BUSES.items()]
        self.rows[GROUND] = [
            {
                "code": f"{code}000",
                "valid_from": date(2001, 1, 1),
                "name": code,
                "level": "TOWN",
                "parent": f"{code[:6]}000000",
                "geometry": shapely.from_wkb(box(x, 0, x + WIDE, WIDE)).wkt,
            }
            for code, x in TOWNS.items()
        ]
        self.rows |= self._ground()
        for table in self.rows:
            self._once(table)

    @staticmethod
    def _ground() -> dict[str, list[Row]]:
        """A road along the lines, and a parcel around the first stop."""
        ends = [at(x, WIDE / 2) for x in (0, 2 * WIDE)]
        road = shapely.LineString([(float(p["lon"]), float(p["lat"])) for p in ends]).wkt
        parcel = shapely.box(*(side + 40_000_000 * (i % 2 == 0) for i, side in enumerate((EAST, NORTH, EAST + WIDE, NORTH + WIDE)))).wkt
        return {
            "cleansed/housing/road": [{"road_no": "R1", "county6": "321002", "geometry": road}],
            "cleansed/natural_resources/land_use": [{"parcel_no": "T1", "county6": "321002", "land_class": "07", "geometry": parcel}],
        }

    @staticmethod
    def _stop(edition: Row, seq: int) -> Row:
        quicker = 5 if edition["valid_from"] == CHANGED else 0
        run_min = None if seq == 2 and not quicker else (seq - 1) * 10 - quicker * (seq > 1)
        return {**edition, "seq": seq, "stop_no": f"S{seq}", **at(100 + seq * 800, WIDE / 2), "run_min": run_min}

    def _trip(self) -> Row:
        day = LAST - timedelta(days=self.random.randrange(-1, DAYS))
        return {"line_no": self._pick(*LINES), "direction": "UP", "service_date": day, "trip_no": f"{self.random.randrange(9)}"}

    def _clock(self, trip: Row) -> int:
        """When a trip is planned: every half hour, the last one after midnight."""
        return (23 * 60 + int(trip["trip_no"]) * 10) * 60 if int(trip["trip_no"]) > 6 else (7 * 60 + int(trip["trip_no"]) * 20) * 60

    def _planned(self) -> Row:
        trip = self._trip()
        return {**trip, "plan_depart": self._clock(trip), "plan_arrive": self._clock(trip) + 1200, "vehicle_no": self._pick("V1", "V2")}

    def _run(self) -> Row:
        self.numbers += 1
        planned = self._pick(*self.rows[f"{OWN}/bus_plan"])
        trip = {c: planned[c] for c in self._key(f"{OWN}/bus_plan")} if self._pick(0, 1, 1, 1) else self._trip()
        left = self._moment(trip["service_date"], self._clock(trip) + self._pick(-90, 0, 60, 240, 900))
        clocks = {"depart_time": self._pick(left, left, left, None), "arrive_time": left + timedelta(minutes=self._pick(18, 22, 0))}
        said = {
            "vehicle_no": self._pick("V1", "V2"),
            "km": self._pick("8.5", "9.125", None),
            "valid": self._pick("1", "1", "1", "1", "1", "0", None),
        }
        return {**trip, "trip_id": f"Y{self.numbers:03}", **clocks, **said}

    def _arrival(self) -> Row:
        run = self._pick(*self.rows[f"{OWN}/bus_trip"])
        seq = self._pick(1, 1, 2, 3, 3, 4)
        when = self._moment(run["service_date"], self._clock(run) + (seq - 1) * 600 + self._pick(-200, 0, 30, 180, 700, 1190))
        return {"trip_id": run["trip_id"], "seq": seq, "stop_no": self._pick(*[f"S{seq}"] * 9, "S9"), "arrive_time": when}

    def _order(self) -> Row:
        self.numbers += 1
        when = self._moment(LAST - timedelta(days=self.random.randrange(DAYS)), self.random.randrange(86_400))
        rode = self._pick(when + timedelta(minutes=5), None)
        place = {f"board_{c}": v for c, v in at(self._pick(500, 2500, 9000), 500).items()} if rode else {}
        more: dict[str, Any] = {"alight_time": when + timedelta(minutes=self._pick(20, 0)), "km": "4.25", "fare": self._pick("12.5", None)}
        said = {"company": self._pick("YZ", "BT"), "order_no": f"D{self.numbers:03}", "vehicle_no": self._pick("C1", "C2")}
        codes = [] if rode else self._pick([], [], ["board_time:E_DATE"])
        return {**said, "order_time": when, "board_time": rode, **place, **(more if rode else {}), "_codes": codes}

    def _position(self) -> Row:
        """Of a bus near its line at the time of a run, or of a coach in the small hours: few moments, so that some are close together."""
        kind, vehicle = self._pick(("BUS", ""), ("BUS", ""), ("BUS", ""), ("COACH", "K1"), ("HAZARDOUS", "K2"))
        said = {"kind": kind, "vehicle_no": vehicle, "speed_kmh": self._pick(0, 20, 20, 85, 105, 121, None)}
        step = self._pick(0, 1, 2, 55, 56, 57, 58, 59, 113, 114, 115, self.random.randrange(120)) * 10
        place = at(900 + step * 1.4 + self._pick(0, 0, 20, 800), WIDE / 2 + self._pick(0, 0, 10, 20, 41, 60, 600))
        if kind == "BUS":
            run = self._pick(*self.rows[f"{OWN}/bus_trip"])
            said["vehicle_no"] = run["vehicle_no"]
            said["located_at"] = (run["depart_time"] or self._moment(run["service_date"], self._clock(run))) + timedelta(seconds=step)
        else:
            clock = self._pick(2 * 3600, 4 * 3600 + 3000, 7 * 3600, 86_300)
            said["located_at"] = self._moment(LAST - timedelta(days=self.random.randrange(DAYS)), clock + step % 300)
        outside = self.random.random() < 0.05
        lost = {"_codes": self._pick(["lon:E_BBOX", "lat:E_BBOX"], ["lon:F_NULL"])}
        return said | (lost if outside else place)

    @staticmethod
    def _moment(day: date, seconds: int) -> datetime:
        return datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)
