"""Air and water of the demo city: as plausible as the city's own yearbooks, with the days that themes are to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simulator
from simulator.world.nature import Timeline, air_quality, levels, odours, places, plants, water_quality, weather

SEED = 20191231
YEAR = Timeline.of(46_000)


@pytest.fixture(scope="module")
def sky() -> pd.DataFrame:
    return weather(YEAR, SEED)


@pytest.fixture(scope="module")
def air(sky: pd.DataFrame) -> pd.DataFrame:
    return air_quality(YEAR, sky, SEED)


def test_history_grows_with_the_city() -> None:
    assert [Timeline.of(people).days for people in (200, 700, 46_000)] == [5, 7, 365]
    assert {str(Timeline.of(people).hours[-1]) for people in (200, 46_000)} == {"2019-12-31T23:00:00"}


def test_weather_has_seasons_and_storms(sky: pd.DataFrame) -> None:
    month = YEAR.hours.astype("datetime64[M]").astype(int) % 12
    temperature, rain = sky["temperature"].groupby(month).mean(), sky["rain"].to_numpy()
    assert temperature[0] < 6 < 24 < temperature[6]
    assert 700 < rain.sum() < 1800
    assert rain[YEAR.during("2019-07-12", "2019-07-12")].sum() == pytest.approx(120)


def test_haze_is_in_winter_and_ozone_in_summer(air: pd.DataFrame) -> None:
    daily = air.groupby([air["time"].dt.floor("D"), "code"])[["pm25", "o3", "no2", "co"]].mean().groupby("time").mean()
    by_month = daily.groupby(daily.index.month).mean()
    assert by_month["pm25"][1] > 1.5 * by_month["pm25"][7]
    assert by_month["o3"][6] > 2 * by_month["o3"][12]
    assert 30 < daily["pm25"].mean() < 60
    assert daily["pm25"]["2019-12-29"] > 75, "a day above the limit in the nights of the demo"
    afternoon = air.set_index("time").between_time("11:00", "18:00")["o3"]
    assert afternoon["2019-06-15"].mean() > 160
    assert (air[["pm25", "pm10", "so2", "no2", "o3", "co"]] > 0).all().all()


def test_waters_hold_less_oxygen_when_warm_and_more_phosphorus_after_rain(sky: pd.DataFrame) -> None:
    water = water_quality(YEAR, sky, SEED)
    month = water["time"].dt.month
    assert water.loc[month == 7, "do"].mean() + 2 < water.loc[month == 1, "do"].mean()
    assert water["do"].between(2, 16).all()
    assert water["ph"].between(6.5, 9).all()
    wet = np.tile(sky["runoff"].to_numpy()[::4] > 1, len(places("sections")))
    rivers = ~water["lake"]
    assert water.loc[wet & rivers, "tp"].mean() > 1.2 * water.loc[~wet & rivers, "tp"].mean()
    assert 0.03 < water["tp"].mean() < 0.25


def test_a_storm_raises_levels_and_overloads_a_plant(sky: pd.DataFrame) -> None:
    before, after = np.datetime64("2019-07-10"), np.datetime64("2019-07-13")
    level = levels(YEAR, sky, SEED).set_index("time").query("code == 'SW01'")["level"]
    assert level[str(after)].mean() > level[str(before)].mean() + 0.4
    plant = plants(YEAR, sky, SEED).set_index("time").query("code == 'WS01'")
    capacity = places("sewage_plants")["capacity_number"][0]
    assert plant["inflow"][after] > capacity > plant["inflow"][before]
    assert plant["cod_out"][after] > 30 > plant["cod_out"][before]


def test_most_black_odorous_waters_get_better() -> None:
    water = odours(YEAR, SEED)
    half = water["time"] < np.datetime64("2019-03-01")
    heavy = (water["nh3n"] > 15).groupby([water["code"], half]).mean().unstack()
    assert (heavy[True] > 0.2).sum() >= 4
    assert ((water.loc[water["time"] > np.datetime64("2019-11-01")].groupby("code")["do"].mean()) > 2).sum() == 6


def test_places_lie_in_the_city_and_at_its_waters() -> None:
    waters = set(places("water_bodies")["code"])
    for name in ("air_stations", "sections", "hydro_stations", "sewage_plants"):
        table = places(name)
        assert table["lon"].astype(float).between(119.0167, 119.9).all(), name
        assert table["lat"].astype(float).between(31.9333, 33.4167).all(), name
        assert set(table.get("water_body", pd.Series(dtype=object)).dropna()) <= waters
    assert len(places("air_stations").query("level == 'NATIONAL'")) == 5


def test_faults_of_sensors_are_what_the_truth_says() -> None:
    city = simulator.build(500, SEED, departments=["environment"])
    dirt = city.truth["dirt"].query("table == 'environment/air_hour'")
    drops = pd.concat(city.tables["environment/air_hour"]).drop_duplicates(["station_code", "measured_at"], keep="last")
    by_key = drops.set_index(drops["station_code"] + "|" + drops["measured_at"])
    for item in ("pm25", "pm10", "no2", "o3"):
        stuck = dirt.query("code == 'D36E' and column == @item")["key"]
        assert len(set(by_key.loc[stuck, item])) == 1
        (spike,) = dirt.query("code == 'D36S' and column == @item")["key"]
        at = by_key.index.get_loc(spike)
        values = by_key[item].astype(float).to_numpy()
        assert values[at] - max(values[at - 1], values[at + 1]) > 150
    (gap,) = dirt.query("code == 'D36G' and column == 'o3'")["key"]
    station, time = gap.split("|")
    assert f"{station}|{np.datetime64(time) - np.timedelta64(1, 'h')}".replace("T", " ") not in by_key.index
    resent = dirt.query("code == 'D12'").set_index("key")["clean"]
    resent = resent.drop(dirt.query("code in ('D37', 'D37M')")["key"], errors="ignore")  # they have other texts for their times
    assert len(resent) > 50
    assert (by_key.loc[resent.index, "pm25"] == resent).all()
