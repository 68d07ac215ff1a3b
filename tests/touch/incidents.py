"""A few streets, what all services are told of them and what is there for a disaster, and nights in which rows come late or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.touch.network import Network, Row

FIRST, DAYS = datetime(2019, 12, 23), 10
COUNTIES = ("321002", "321003", None)
GROUND = ("base/geography/division", "base/geography/grid")
"""Without rows: where a call lies follows from itself."""
PEOPLE = "base/population/person"


class Incidents(Network):
    """Tables by name, each with a maker of new rows."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.number = 0
        self.makers = {
            "cleansed/public_security/alarm": self._call,
            "cleansed/public_security/criminal_case": self._case,
            "cleansed/integrated_governance/event": self._event,
            "cleansed/integrated_governance/key_person": self._key_person,
            "cleansed/emergency/hazard": self._hazard,
            "cleansed/emergency/accident": self._accident,
            "cleansed/justice/community_correction": self._correction,
            "cleansed/government_services/hotline": self._order,
            "cleansed/urban_management/case": self._urban_case,
            "cleansed/emergency/shelter": self._shelter,
            "cleansed/emergency/material": self._material,
            "cleansed/emergency/duty": self._duty,
            "cleansed/emergency/enterprise": self._enterprise,
            "themes/ecology/hydrology_hour": self._level,
            "themes/ecology/air_day": self._air,
            "themes/ecology/air_index_hour": self._air_hour,
            "themes/traffic/bus_trip": self._trip,
            "themes/traffic/congestion_hour": self._road,
            "themes/traffic/congestion_interval": self._jam,
            "cleansed/emergency/alert_acknowledgement": self._answer,
        }
        self.rows = {table: [make() for _ in range(60)] for table, make in self.makers.items()}
        for table in self.rows:
            self._once(table)
        self.rows |= {table: [] for table in GROUND}
        self.rows["base/geography/address"] = [
            {"address_no": f"Z{n}", "addr_key": f"|||{n + 1}号||||", "flags": [], "lon": 119.4 + n * 0.002, "lat": 32.4} for n in range(3)
        ]
        self.rows["cleansed/water_resources/hydro_station"] = [
            {"station_code": f"W{n}", "datum": "CNHD85", "warn_level": 5, "guarantee_level": 6, "county6": "321002"} for n in range(3)
        ]
        self.rows[PEOPLE] = [
            {"person_uid": f"u{n}", "id_no": f"{n}", "county6": "321002", "resident_flag": True, "death_date": None} for n in range(20)
        ]

    def _new(self, name: str, **more: Any) -> Row:
        self.number += 1
        return {name: f"{self.number:06}", "county6": self._pick(*COUNTIES), **more}

    def _moment(self) -> datetime:
        return FIRST + timedelta(seconds=self.random.randrange(DAYS * 86_400))

    def _day(self) -> date:
        return (FIRST + timedelta(days=self.random.randrange(-60, DAYS))).date()

    def _call(self) -> Row:
        near = [r["call_time"] for r in self.rows.get("cleansed/public_security/alarm", [])]
        at = self._pick(*near) + timedelta(minutes=self.random.randrange(-25, 25)) if near and self._pick(0, 1) else self._moment()
        place = {"lon": 119.4 + self.random.randrange(3) * 0.002, "lat": 32.4}
        place["arrive_time"] = self._pick(None, at + timedelta(minutes=self._pick(-1, 4, 8, 12)))
        place["result"] = self._pick("HANDLED", "INVALID", None)
        return self._new("alarm_no", call_time=at, kind=self._pick("FIRE", "HELP"), caller_phone=self._pick("1", "2", None), **place)

    def _case(self) -> Row:
        filed = self._day()
        return self._new(
            "case_no",
            kind=self._pick("THEFT", "FRAUD"),
            filed_date=filed,
            solved_date=self._pick(None, filed + timedelta(days=9), filed - timedelta(days=1)),
        )

    def _event(self) -> Row:
        told = self._moment()
        ends = {"due_time": self._pick(told + timedelta(days=5), None), "finish_time": self._pick(told + timedelta(days=4), None)}
        return self._new("event_no", kind="DISPUTE", report_time=told, resolved=self._pick("1", None), **ends)

    def _key_person(self) -> Row:
        return self._new("record_no", id_no=self._pick(*map(str, range(25)), None), kind="MENTAL", valid_to=self._pick(self._day(), None))

    def _hazard(self) -> Row:
        due = self._day()
        found = due - timedelta(days=self._pick(15, 0))
        return self._new(
            "hazard_no", level="MAJOR", found_date=found, due_date=due, fixed_date=self._pick(None, due + timedelta(days=self._pick(-2, 3)))
        )

    def _accident(self) -> Row:
        return self._new("accident_no", kind="FIRE", occurred_at=self._moment(), dead=self._pick(0, 4), injured=1, lon=119.4, lat=32.4)

    def _correction(self) -> Row:
        begin = self._day()
        return self._new("correction_no", from_date=begin, to_date=begin + timedelta(days=90), reoffended_date=self._pick(None, begin))

    def _order(self) -> Row:
        at = self._moment()
        said = {"type": "HELP", "title": self._pick("着火", "路灯不亮", "咨询"), "address": self._pick("1号", "2号", "3号", None)}
        ends = {"assign_time": at + timedelta(minutes=9), "finish_time": self._pick(None, at + timedelta(days=2))}
        order = {"order_no": self._new("order_no")["order_no"], "call_time": at, "caller_phone": self._pick("1", "2", None)}
        return {**order, **said, **ends, "division_county": self._pick(*COUNTIES)}

    def _urban_case(self) -> Row:
        place = {"lon": 119.4 + self.random.randrange(3) * 0.002, "lat": 32.4}
        said = {"problem_type": self._pick("C0111", "E0401"), "found_time": self._moment(), "division_county": self._pick(*COUNTIES)}
        return {"case_no": self._new("case_no")["case_no"], **said, **place, "unit": "甲"}

    def _shelter(self) -> Row:
        days = {"opened_on": self._pick(self._day(), None), "closed_on": self._pick(self._day(), None)}
        return self._new("shelter_no", capacity=self._pick(100, 200), area_m2=self._pick(300, 500.5), **days)

    def _material(self) -> Row:
        stock = {"quantity": self._pick(5, 20), "quota": self._pick(10, None), "usable_to": self._pick(self._day(), None)}
        return self._new("warehouse_no", kind=self._pick("TENT", "PUMP"), **stock)

    def _duty(self) -> Row:
        begin = self._moment()
        came = self._pick(None, begin + timedelta(minutes=self._pick(-5, 5)))
        return self._new("duty_no", day=begin.date(), shift="DAY", planned_from=begin, came_at=came)

    def _enterprise(self) -> Row:
        return self._new("enterprise_no", kind="CHEMICAL", permit_to=self._pick(self._day(), None))

    def _level(self) -> Row:
        hour = FIRST + timedelta(hours=self.random.randrange(48))
        return {"station_code": self._pick("W0", "W1", "W2"), "measured_at": hour, "level_85": self._pick(4, 5.5, 6.5, None), "flags": []}

    def _air(self) -> Row:
        place = self._pick(("CITY", "321000"), ("COUNTY", "321002"))
        return {"place_level": place[0], "place_code": place[1], "day": self._day(), "aqi": self._pick(60, 250, 350, None)}

    def _air_hour(self) -> Row:
        hour = FIRST + timedelta(hours=self.random.randrange(48))
        return self._air() | {"hour": hour, "day": hour.date()}

    def _trip(self) -> Row:
        state = self._pick("RAN", "MISSED", "PENDING")
        own = {"line_no": "1", "direction": "UP", "service_date": self._day(), "plan_depart": self._moment(), "state": state}
        return {**own, "trip_no": self._new("trip_no")["trip_no"], "departed_on_time": state == "RAN" and self._pick(True, False)}

    def _road(self) -> Row:
        own = {"road_class": "ARTERIAL", "day": self._day(), "hour": self.random.randrange(24), "length_m": 1000}
        return {**own, "county6": self._pick("321002", "321003"), "congested_m": self.random.randrange(0, 1000, 100)}

    def _jam(self) -> Row:
        place = self._pick(("CITY", "321000", None), ("COUNTY", "321002", "321002"))
        at = FIRST + timedelta(minutes=5 * self.random.randrange(14))
        length = {"measured_m": 1000, "length_m": 900, "severe_m": self._pick(100, *[390] * 15)}
        return {"place_level": place[0], "place_code": place[1], "county6": place[2], "measured_at": at, **length}

    def _answer(self) -> Row:
        seen = FIRST + timedelta(minutes=5 * self.random.randrange(-9, 30))
        said = {"rule": "CONGESTION_SEVERE", "place": self._pick("321000", "321002"), "alerted_at": seen, "post": "甲"}
        number = self._new("acknowledgement_no")["acknowledgement_no"]
        return {"acknowledgement_no": number, **said, "acknowledged_at": seen + timedelta(minutes=self._pick(-1, 5, 30))}

    def night(self) -> None:
        """A few rows come or go; somebody dies."""
        for table in self.makers:
            self._come_and_go(table)
            self._once(table)
        self.rows[PEOPLE][self.random.randrange(20)]["death_date"] = date(2019, 12, 1)
