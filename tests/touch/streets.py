"""A few streets with cases, shared bikes, sweepers and markets, and nights in which rows come late, are sent again, or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import shapely

from tests.touch.network import Network, Row
from tests.urban_management.streets import EAST, NORTH, TOWNS, WIDE, at, box

LAST = datetime(2019, 12, 31)
BIKE_DAYS, CASES, POSITIONS, TRIPS = 30, 40, 110, 30
NIGHTS = 3
"""Midnights about which bikes heap up."""
GROUND = ("cleansed/civil_affairs/division_boundary", "cleansed/integrated_governance/grid")


class Streets(Network):
    """Tables by name, each with a maker of new rows."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.numbers = 0
        own = "cleansed/urban_management"
        self.makers = {
            f"{own}/case": self._case, f"{own}/bike_snapshot": self._position, f"{own}/bike_trip": self._trip,
            f"{own}/sanitation": self._swept, f"{own}/advertising": self._advertising, f"{own}/video_patrol": self._alert,
            f"{own}/market": self._check, f"{own}/penalty": self._penalty,
        }  # fmt: skip
        sizes = (CASES, POSITIONS, TRIPS, 12, 8, 12, 8, 30)
        self.rows = {t: [make() for _ in range(n)] for (t, make), n in zip(self.makers.items(), sizes, strict=True)}
        self.rows[f"{own}/parking_zone"] = [
            {"zone_no": f"Z{x}", "capacity": 1, "geometry": shapely.box(EAST + x, NORTH, EAST + x + 10, NORTH + 10).wkt} for x in (100, 200)
        ]
        self.rows[f"{own}/bike_fleet"] = [{"company": "HL", "county6": code[:6], "quota": 1} for code in TOWNS]
        self.rows["cleansed/public_security/video_point"] = [{"point_no": f"C{x}", "state": "IN_USE", **at(x, 60)} for x in (30, 600)]
        areas = {code: shapely.from_wkb(box(x, -500, x + WIDE, WIDE)).wkt for code, x in TOWNS.items()}
        self.rows[GROUND[0]] = [
            {
                "code": f"{code}000",
                "valid_from": date(2001, 1, 1),
                "name": code,
                "level": "TOWN",
                "parent": f"{code[:6]}000000",
                "geometry": wkt,
            }
            for code, wkt in areas.items()
        ]
        self.rows[GROUND[1]] = [
            {"grid_no": f"{code}001001", "name": code, "division": f"{code}001", "geometry": wkt} for code, wkt in areas.items()
        ]
        for table in self.rows:
            self._once(table)

    def _number(self) -> str:
        self.numbers += 1
        return f"N{self.numbers:03}"

    def _county(self) -> str | None:
        return self._pick("321002", "321003", None)

    def _case(self) -> Row:
        when = LAST - timedelta(hours=self.random.randrange(80 * 24))
        finish = when + timedelta(hours=self._pick(2, 30, 700))
        place = at(self._pick(0, 40, 500, 2100) + self.random.randrange(20), 50) if self.random.random() < 0.9 else {}
        said = {"problem_type": self._pick("E0504", "E0504", "C0102"), "unit": self._pick("甲", None), "division_county": self._county()}
        moments = {"found_time": when, "due_time": when + timedelta(hours=24), "finish_time": finish, "check_time": finish}
        more = {"close_time": self._pick(finish, None), "postponed": self._pick("0", "1"), "return_count": self._pick(0, 1)}
        more |= {"source": self._pick("PATROL", "VIDEO", "PUBLIC", None), "file_time": self._pick(when, when, None)}
        return {"case_no": self._number(), **said, **moments, **more, **place}

    def _bike(self) -> Row:
        return {"company": self._pick("HL", "QJ"), "bike_no": self._pick("B1", "B2", "B3")}

    def _position(self) -> Row:
        state = self._pick("AVAILABLE", "IN_USE", "DAMAGED", None)
        if self.random.random() < 0.5:
            moment = LAST - timedelta(days=self.random.randrange(NIGHTS), minutes=self._pick(-20, -10, 0, 10, 20, 30))
            return {**self._bike(), "measured_at": moment, **at(101, 5), "state": state}
        moment = LAST - timedelta(days=self.random.randrange(BIKE_DAYS), minutes=-self._pick(480, 510, 540))
        place = at(self._pick(101, 203, 2500), self._pick(5, 14, 40))
        return {**self._bike(), "measured_at": moment, **place, "state": state}

    def _trip(self) -> Row:
        start = LAST - timedelta(minutes=self.random.randrange(BIKE_DAYS * 1440))
        place = {f"start_{c}": v for c, v in at(self._pick(100, 2500), 5).items()}
        end = self._pick(start + timedelta(minutes=20), start + timedelta(hours=30), None)
        return {"company": self._pick("HL", "QJ"), "trip_no": self._number(), **self._bike(), "start_time": start, "end_time": end, **place}

    def _swept(self) -> Row:
        passes = {"planned_passes": self._pick(2, 3), "done_passes": self._pick(1, 2)}
        day = date(2019, self._pick(11, 12), self.random.randrange(1, 4))
        key = {"section_no": self._pick("S1", "S2"), "day": day, "vehicle_no": self._pick("V1", "V2")}
        return {**key, "county6": self._county(), "length_m": self._pick(100, 200), **passes}

    def _advertising(self) -> Row:
        return {
            "permit_no": self._number(),
            **at(self._pick(5, 2500, -50), 5),
            "valid_from": self._pick(None, date(2019, 10, 15), date(2019, 12, 1), date(2019, 12, 31)),
            "valid_to": self._pick(None, date(2019, 11, 30), date(2019, 12, 1), date(2019, 12, 30), date(2019, 12, 31)),
            "removed_date": self._pick(None, None, date(2019, 11, 5), date(2019, 12, 31)),
        }

    def _alert(self) -> Row:
        when = datetime(2019, self._pick(11, 12), 5)
        said = {"problem_type": self._pick("E0504", None), "verdict": self._pick("CONFIRMED", "FALSE", None)}
        return {"alert_no": self._number(), "alerted_at": when, "county6": self._county(), **said}

    def _check(self) -> Row:
        stalls = {"stalls": 10, "occupied": self._pick(8, 11), "outside_stalls": self._pick(0, 2)}
        return {
            "market_no": self._pick("M1", "M2"),
            "day": date(2019, self._pick(11, 12), self.random.randrange(1, 9)),
            "kind": "MARKET",
            **stalls,
        }

    def _penalty(self) -> Row:
        of_case = {"case_no": self._pick(*[f"N{n:03}" for n in range(1, CASES)], "X", None), "county6": self._county()}
        on = date(2019, self._pick(10, 11, 12), self._pick(5, 30))
        return {"decision_no": self._number(), **of_case, "amount": self._pick(100, 50.5, -100, None), "decision_date": on}
