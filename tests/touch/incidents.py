"""A few streets with calls to 110, cases, events, hazards, accidents and lists of persons, and nights in which rows come late or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.touch.network import Network, Row

FIRST, DAYS = datetime(2026, 2, 20), 9
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
        }
        self.rows = {table: [make() for _ in range(60)] for table, make in self.makers.items()}
        self.rows |= {table: [] for table in GROUND}
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
        return self._new("alarm_no", call_time=at, kind=self._pick("FIRE", "HELP"), caller_phone=self._pick("1", "2", None), **place)

    def _case(self) -> Row:
        filed = self._day()
        return self._new(
            "case_no", kind=self._pick("THEFT", "FRAUD"), filed_date=filed, solved_date=self._pick(None, filed + timedelta(days=9))
        )

    def _event(self) -> Row:
        told = self._moment()
        return self._new("event_no", kind="DISPUTE", report_time=told, due_time=told + timedelta(days=5), resolved=self._pick("1", None))

    def _key_person(self) -> Row:
        return self._new("record_no", id_no=self._pick(*map(str, range(25)), None), kind="MENTAL")

    def _hazard(self) -> Row:
        due = self._day()
        return self._new("hazard_no", level="MAJOR", due_date=due, fixed_date=self._pick(None, due + timedelta(days=self._pick(-2, 3))))

    def _accident(self) -> Row:
        return self._new("accident_no", kind="FIRE", occurred_at=self._moment(), dead=self._pick(0, 4), injured=1)

    def _correction(self) -> Row:
        begin = self._day()
        return self._new("correction_no", from_date=begin, to_date=begin + timedelta(days=90), reoffended_date=self._pick(None, begin))

    def night(self) -> None:
        """A few rows come or go; somebody dies."""
        for table in self.makers:
            self._come_and_go(table)
        self.rows[PEOPLE][self.random.randrange(20)]["death_date"] = date(2026, 2, 1)
