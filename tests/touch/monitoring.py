"""A small network of stations, sections and points, and nights in which readings come late, are sent again, or go."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tests.touch.network import Network, Row

FIRST = datetime(2026, 2, 24)
HOURS, PLACES, COUNTIES = 24 * 8, ("1", "2", "3"), ("321002", "321003")
AIR = ("pm25", "pm10", "so2", "no2", "o3", "co")
READ = ("ph", "do", "codmn", "nh3n", "tp", "tn")
BODIES = ("W1", "W2")
TOTALS = (
    "cleansed/water_resources/water_body", "cleansed/environment/outlet", "cleansed/housing/sewage_plant",
    "cleansed/housing/sewage_plant_day",
    "cleansed/housing/drain_pump_hour", "cleansed/environment/petition", "cleansed/housing/black_odorous_body",
)  # fmt: skip
"""What only tables read that are always made whole."""


class Monitoring(Network):
    """Tables by name, each with a maker of new rows."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.scenes = 0
        self.makers = {
            "cleansed/environment/air_hour": self._air_hour, "cleansed/environment/water_auto": self._water_auto,
            "cleansed/environment/water_manual": self._water_manual, "cleansed/housing/black_odorous_monitor": self._monitor,
            "cleansed/water_resources/water_level": self._level, "cleansed/water_resources/rain_hour": self._rain,
            "cleansed/environment/emission_hour": lambda: self._discharge("PM"),
            "cleansed/environment/wastewater_hour": lambda: self._discharge("COD"),
            "cleansed/water_resources/eastern_route_pump": self._pump, "cleansed/water_resources/eastern_route_quality": self._quality,
            "cleansed/environment/remote_sensing_scene": self._scene,
        }  # fmt: skip
        sizes = (HOURS * 2, HOURS // 2, 14, 60, *[40] * 7)
        self.rows = {t: [make() for _ in range(n)] for (t, make), n in zip(self.makers.items(), sizes, strict=True)}
        self.rows["cleansed/environment/air_station"] = [
            {"station_code": p, "level": self._pick("NATIONAL", "PROVINCIAL"), "county6": self._pick(*COUNTIES)} for p in PLACES
        ]
        self.rows["cleansed/environment/water_section"] = [
            {"section_code": p, "water_body": self._pick(*BODIES), "kind": self._pick("RIVER", "LAKE"), "target_class": "3"} for p in PLACES
        ]
        self.rows["cleansed/water_resources/hydro_station"] = [
            {"station_code": p, "water_body": self._pick(*BODIES), "datum": self._pick("CNHD85", "FHH"), "datum_offset": 1, "warn_level": 3}
            for p in PLACES
        ]
        for table in TOTALS:
            self.rows[table] = []
        for table in self.rows:
            self._once(table)

    def _air_hour(self) -> Row:
        moment = FIRST + timedelta(hours=self.random.randrange(HOURS), minutes=self._pick(0, 0, 0, 0, 0, 4, 17))
        values = {i: self._pick(30, 31, 31, 32, 300, None) for i in AIR}
        return {"station_code": self._pick(*PLACES), "measured_at": moment, **values, "pm25_flag": self._pick(None, None, None, "H")}

    def _water_auto(self) -> Row:
        moment = FIRST + timedelta(hours=4 * self.random.randrange(HOURS // 4))
        return {"section_code": self._pick(*PLACES), "measured_at": moment, **{i: self._pick(1, 1, 2, 7, None) for i in READ}}

    def _water_manual(self) -> Row:
        values = {i: self._pick(1, 2, 7, None) for i in (*READ, "cod", "bod5", "chla", "transparency")}
        return {
            "section_code": self._pick(*PLACES), "month": self._pick("202601", "202602"), "sample_no": self._pick("1", "2"),
            "sample_date": date(2026, 2, 3), **values, "nh3n_qualifier": self._pick(None, "L"),
        }  # fmt: skip

    def _monitor(self) -> Row:
        values = {i: self._pick(1, 9, 20, 60) for i in ("sd_cm", "do", "orp_mv", "nh3n")}
        moment = FIRST + timedelta(days=self.random.randrange(80))
        return {"water_body": self._pick(*BODIES), "point_no": self._pick("1", "2", "3", "10"), "sample_time": moment, **values}

    def _moment(self) -> datetime:
        return FIRST + timedelta(hours=self.random.randrange(HOURS))

    def _level(self) -> Row:
        said = {"level": self._pick(2, 4), "datum": self._pick("CNHD85", "FHH", None)}
        return {"station_code": self._pick(*PLACES), "measured_at": self._moment(), **said}

    def _rain(self) -> Row:
        return {"station_code": self._pick(*PLACES), "measured_at": self._moment(), "rain_mm": self._pick(0, 3)}

    def _discharge(self, factor: str) -> Row:
        said = {"value": self._pick(1, 9, None), "limit_value": 5, "flow": 100, "flag": self._pick("N", None, "D")}
        return {"mn": self._pick(*PLACES), "outlet_code": "1", "factor": factor, "measured_at": self._moment(), **said}

    def _pump(self) -> Row:
        return {
            "station_code": self._pick(*PLACES),
            "measured_at": self._moment(),
            "flow": self._pick(0, 30),
            "units_running": self._pick(0, 2),
        }

    def _quality(self) -> Row:
        values = {i: self._pick(1, 7) for i in ("ph", "do", "codmn", "nh3n", "tp")}
        return {"section_code": self._pick(*PLACES), "day": self._moment().date(), **values, "tp_qualifier": self._pick(None, "L")}

    def _scene(self) -> Row:
        self.scenes += 1
        place = {"platform": "UAV", "product": self._pick("CHLA", None), "water_body": self._pick(*BODIES), "unit": "ug/L"}
        return {"scene_id": f"{self.scenes}", "captured_at": self._moment(), **place, "value_mean": self._pick(1, 2)}

    def night(self) -> None:
        """A few readings come, are sent again with other values, or go; a station or a section changes."""
        for table in self.makers:
            self._come_and_go(table)
            self._once(table)
        if self.random.random() < 0.3:
            self.rows["cleansed/environment/water_section"][0]["kind"] = self._pick("RIVER", "LAKE")
        if self.random.random() < 0.3:
            self.rows["cleansed/environment/air_station"][0]["county6"] = self._pick(*COUNTIES)
