"""Levels in their datum, discharges, the eastern route, scenes; and what a river chief reads of one water body and month."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from assets.reference.ecology import surface_water_limit
from assets.themes.ecology.governance import water_governance
from assets.themes.ecology.networks import eastern_route_day, emission_day, hydrology_hour, remote_water
from tests.frames import frame

AT = datetime(2026, 3, 2, 8)
EARLIER = datetime(2026, 3, 2, 7)
STATIONS = [
    {"station_code": "H1", "water_body": "W1", "datum": "FHH", "datum_offset": "-0.15", "warn_level": "3.0", "guarantee_level": "4.0"},
    {"station_code": "H2", "water_body": "W1", "datum": "CNHD85", "warn_level": "3.0"},
]
LEVELS = {"H1": ("3.2", "FHH"), "H2": ("3.0", "CNHD85"), "H3": ("3.2", "CNHD85")}


def test_levels_are_compared_in_their_datum_only(spark: SparkSession) -> None:
    rows = [{"station_code": s, "measured_at": AT, "level": v, "datum": d} for s, (v, d) in LEVELS.items()]
    rows += [{"station_code": "H1", "measured_at": EARLIER, "level": "9.9", "datum": None},
             {"station_code": "H2", "measured_at": EARLIER, "level": "9.9", "datum": "FHH"}]  # fmt: skip
    rain = [{"station_code": "H1", "measured_at": AT, "rain_mm": "1.5"}]
    names = ("water_level", "rain_hour", "hydro_station")
    given = [frame(spark, f"cleansed/water_resources/{n}", r) for n, r in zip(names, (rows, rain, STATIONS), strict=True)]
    found = {(r.station_code, r.measured_at): r for r in hydrology_hour(*given).collect()}
    told = {k: (r.level_85 and str(r.level_85.normalize()), r.over_warning, r.flags) for k, r in found.items()}
    assert told == {
        ("H1", AT): ("3.05", True, []), ("H2", AT): ("3", False, []), ("H3", AT): (None, None, ["NO_STATION", "OTHER_DATUM"]),
        ("H1", EARLIER): (None, None, ["NO_DATUM"]), ("H2", EARLIER): (None, None, ["OTHER_DATUM"]),
    }  # fmt: skip
    assert found["H1", AT].rain_mm == Decimal("1.5")


def test_a_water_body_and_month_of_all_departments(spark: SparkSession) -> None:
    def given(table: str, *rows: dict[str, object]) -> DataFrame:
        return frame(spark, f"cleansed/{table}", rows)

    discharged = [{"mn": "M", "outlet_code": "O1", "factor": "COD", "measured_at": AT.replace(hour=h), "value": v, "limit_value": "50",
                   "flow": "10", "flag": f} for h, v, f in ((1, "40", "N"), (2, "60", "N"), (3, "90", "D"))]  # fmt: skip
    emission = emission_day(given("environment/emission_hour"), given("environment/wastewater_hour", *discharged))
    [day] = emission.collect()
    assert (day.hours, day.mean_value, day.over_hours, day.discharged_kg) == (2, Decimal(50), 1, Decimal("1.000"))
    flow = {"station_code": "P", "measured_at": AT, "flow": "30", "units_running": 2}
    quality = {"section_code": "E", "day": AT.date(), "ph": "7", "do": "7", "codmn": "7", "nh3n": "0.5", "tp": "0.01", "tp_qualifier": "L"}
    route = eastern_route_day(given("water_resources/eastern_route_pump", flow), given("water_resources/eastern_route_quality", quality),
                              surface_water_limit(spark.createDataFrame)).collect()  # fmt: skip
    assert {(r.code, r.volume_m3, r.water_class, tuple(r.main_pollutants), r.target_met) for r in route} == {
        ("P", Decimal(108000), None, (), None), ("E", None, 4, ("codmn",), False),
    }  # fmt: skip
    scene = {
        "scene_id": "1",
        "water_body": "W1",
        "captured_at": AT,
        "platform": "UAV",
        "product": "CHLA",
        "unit": "ug/L",
        "value_mean": "9",
    }
    hydrology = hydrology_hour(
        given("water_resources/water_level", {"station_code": "H1", "measured_at": AT, "level": "3.2", "datum": "FHH"}),
        given("water_resources/rain_hour"), given("water_resources/hydro_station", *STATIONS),
    )  # fmt: skip
    report = {"plant_code": "T", "outflow": "2", "cod_out": "51"}
    found = water_governance(
        given("water_resources/water_body", {"water_body": "W1", "name": "小河", "kind": "RIVER", "county6": "321002"}),
        spark.createDataFrame([("W1", "202603", 4, False, ["nh3n"]), ("W1", "202603", 2, True, [])],
                              "water_body string, month string, water_class int, target_met boolean, main_pollutants array<string>"),
        given("environment/outlet", {"outlet_code": "O1", "water_body": "W1"}), emission,
        given("housing/sewage_plant", {"plant_code": "T", "water_body": "W1"}),
        given("housing/sewage_plant_day", {**report, "day": date(2026, 3, 1)}, {**report, "day": date(2026, 3, 2), "cod_out": "50"}),
        given("housing/drain_pump_hour", {"pump_code": "D", "measured_at": AT, "water_body": "W1", "running": 1}), hydrology,
        spark.createDataFrame([("W1", "2026-Q1", "BODY", "LIGHT", 2)],
                              "water_body string, quarter string, place_level string, grade string, light_points int"),
        remote_water(given("environment/remote_sensing_scene", scene)),
        given("environment/petition", {"petition_no": "1", "received_at": AT, "water_body": "W1"},
              {"petition_no": "2", "received_at": datetime(2026, 4, 1), "water_body": "W2"}),
    )  # fmt: skip
    rows = {(r.water_body, r.month): r for r in found.collect()}
    assert rows.keys() == {("W1", "202603"), ("W2", "202604")}
    one, unknown = rows["W1", "202603"], rows["W2", "202604"]
    assert (one.name, one.worst_class, one.pollutants, one.rain_mm, one.plant_outflow) == ("小河", 4, ["nh3n"], None, Decimal(4))
    counts = ("sections", "missed_sections", "outlets", "outlet_over_hours", "plants", "plant_over_days", "pump_hours",
              "over_warning_hours", "black_odorous_points", "scenes", "petitions", "open_petitions")  # fmt: skip
    assert [one[c] for c in counts] == [2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]
    assert one.over_limit == ["SECTIONS", "OUTLETS", "PLANTS", "BLACK_ODOROUS", "LEVELS"]
    assert one.responsible == ["environment", "housing", "water_resources"]
    assert (unknown.name, unknown.petitions, unknown.over_limit, unknown.responsible) == (None, 1, [], [])
