"""A few roads with cameras, intersections, crossings and accidents, and nights in which rows come late, are sent again, or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.touch.network import Network, Row

FIRST, DAYS = datetime(2019, 12, 28), 5
COUNTIES = ("321002", "321003", None)
GROUND = "base/geography/division"
"""Without rows: the county of an accident is the one that is stated."""
OWN = "cleansed/traffic_police"
CAMERAS = tuple(f"{county}0003121000000{n}" for n, county in enumerate(("321002", "321003")))

REGISTERED, MISREAD = ("苏KA1818", "苏KA1B18", "苏KA1010", "苏KBA080"), ("苏KAI8I8", "苏KAIBIB", "苏KA1D1D", "苏K8A080", "苏KBAO8O")


class Roads(Network):
    """Tables by name, each with a maker of new rows."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.number = 0
        self.makers = {
            f"{OWN}/pass": self._pass, f"{OWN}/queue": self._queue, f"{OWN}/signal_cycle": self._cycle,
            f"{OWN}/pedestrian_crossing": self._crossing, f"{OWN}/segment_speed": self._speed, f"{OWN}/violation": self._violation,
            f"{OWN}/accident": self._accident, f"{OWN}/vehicle": self._vehicle, f"{OWN}/driver": self._driver,
        }  # fmt: skip
        self.rows = {table: [make() for _ in range(40)] for table, make in self.makers.items()}
        self.rows[f"{OWN}/intersection"] = [{"intersection_no": n, "county6": "321002", "controlled": "1"} for n in ("L1", "L2")]
        self.rows[GROUND] = []
        for table in self.rows:
            self._once(table)

    def _no(self) -> str:
        self.number += 1
        return f"{self.number:05}"

    def _moment(self) -> datetime:
        """On the days around the turn of the year, some at night and some after the run, in whole five minutes."""
        return FIRST + timedelta(days=self.random.randrange(DAYS), minutes=5 * self._pick(0, 12, 100, 101, 102, 285))

    def _pass(self) -> Row:
        read = self._pick("苏K12345", "苏KO1234", "沪A12345", "未识别", "苏KABC12", *MISREAD)
        key = {"device_no": self._pick(*CAMERAS), "lane": self._pick(1, 2), "passed_at": self._moment() + timedelta(seconds=7)}
        return {**key, "plate_read": read, "plate_type": "02", "speed_kmh": self._pick(30, 61, None)}

    def _place(self) -> Row:
        return {"intersection_no": self._pick("L1", "L2", "L9"), "approach": self._pick("E", "W")}

    def _queue(self) -> Row:
        said = {"vehicles": self._pick(0, 20, 60, None), "avg_delay_s": self._pick(10, 45.5, 70, None), "stops": self._pick(3, None)}
        key = {**self._place(), "lane": self._pick(1, 2), "measured_at": self._moment()}
        return {**key, "max_queue_m": self._pick(12.5, 80, 130, None), **said}

    def _cycle(self) -> Row:
        said = {"cycle_s": 120, "green_s": self._pick(0, 40, 60), "left_behind": self._pick(0, 4, None)}
        return {**self._place(), "started_at": self._moment(), **said}

    def _crossing(self) -> Row:
        said = {"pedestrians": self._pick(1, 5, None), "wait_s": self._pick(0, 4.5, 30, None)}
        answers = {"requested": self._pick("1", "1", "0", None), "yielded": self._pick("1", "0", None)}
        return {"device_no": self._pick(*CAMERAS), "measured_at": self._moment(), **said, **answers}

    def _speed(self) -> Row:
        segment, road_class, county = self._pick(("S1", "EXPRESS", "321002"), ("S2", "LOCAL", "321003"), ("S3", "ARTERIAL", None))
        codes = self._pick([], [], ["speed_kmh:W_STUCK"], ["speed_kmh:W_GAP"])
        said = {"length_m": 500, "vehicles": 9, "speed_kmh": self._pick(0, 12, 33.3, 70, None), "_codes": codes}
        return {"segment_no": segment, "measured_at": self._moment(), "road_class": road_class, "county6": county, **said}

    def _violation(self) -> Row:
        at = self._moment()
        paid = {"paid_at": self._pick(None, at + timedelta(days=3), datetime(2019, 12, 31, 9)), "points": self._pick(0, 3, None)}
        return {"violation_no": self._no(), "occurred_at": at, "code": self._pick("1039", None), "county6": self._pick(*COUNTIES),
                "fine": self._pick(50, 200, None), **paid}  # fmt: skip

    def _accident(self) -> Row:
        harm = {"dead": self._pick(0, 1, None), "injured": self._pick(0, 2), "loss": self._pick(100, 0.5)}
        return {"accident_no": self._no(), "occurred_at": self._moment(), "county6": self._pick(*COUNTIES),
                "cause": self._pick("SPEED", None), **harm}  # fmt: skip

    def _vehicle(self) -> Row:
        known: dict[str, Any] = {"county6": self._pick(*COUNTIES), "status": self._pick("A", "E", None)}
        return {
            "plate": self._pick(f"苏KA{self._no()[1:]}", *REGISTERED),
            "plate_type": "02",
            "inspection_valid_to": self._pick(date(2019, 12, 30), None),
            **known,
        }

    def _driver(self) -> Row:
        known = {"status": self._pick("A", "B", "G"), "valid_to": self._pick(date(2019, 12, 30), date(2020, 6, 1), None)}
        return {"id_no": self._no(), "county6": self._pick(*COUNTIES), "points": self._pick(0, 12, None), **known}

    def night(self) -> None:
        """As of any network; and an intersection turns out to lie in another county."""
        super().night()
        self.rows[f"{OWN}/intersection"][0]["county6"] = "321003"
