"""Air: hours, days and months equal what plain pandas makes of them by the text of the standards; excluded hours stay, and say why."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.ecology.air import SERIES, air_day, air_hour, air_month, by_item
from assets.themes.ecology.air_index_hour import air_index_hour
from assets.themes.ecology.quality_control import checked
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.ecology.readings import is_spike, is_stuck
from tests.frames import frame
from tests.proving import Record

Write = Callable[[DataFrame], DataFrame]
Days = dict[tuple[str, str, date], dict[str, Any]]
ITEMS = ("so2", "no2", "pm10", "pm25", "co", "o3")
STATIONS = {"A1": ("NATIONAL", "321002"), "A2": ("NATIONAL", "321003"), "A3": ("PROVINCIAL", "321003")}
FIRST, DAYS = date(2026, 1, 31), 60
LEVELS = {"so2": 9, "no2": 35, "pm10": 95, "pm25": 58, "co": 0.8, "o3": 90}


def hours() -> list[dict[str, Any]]:
    """Sixty days of three stations over the change of edition: gaps, flags, a stuck sensor, jumps, bad clocks, hours twice."""
    random = np.random.default_rng(20260301)
    rows = []
    for station in STATIONS:
        for n in range(DAYS * 24):
            day, hour = divmod(n, 24)
            if random.random() < 0.05 or (station == "A2" and day == 9 and hour < 6) or (station == "A1" and day == 4):
                continue
            moment = datetime.combine(FIRST, datetime.min.time()) + timedelta(hours=n)
            row: dict[str, Any] = {"station_code": station, "measured_at": moment}
            sun = math.sin(max(0, hour - 6) / 18 * math.pi)
            for item, level in LEVELS.items():
                shape = 0.4 + 1.3 * sun if item == "o3" else 1
                drawn = max(0, level * shape * (1 + 0.5 * math.sin(day / 5)) + random.normal(0, level * 0.12))
                row[item] = round(drawn, 1 if item == "co" else 0)
                if random.random() < 0.02:
                    row[f"{item}_flag"] = "H"
                elif random.random() < 0.01:
                    row[item] = None
                elif random.random() < 0.003:
                    row[item] = row[item] * 6 + 30
            if station == "A3" and 20 * 24 <= n < 20 * 24 + 9:
                row["pm25"] = 44
            if random.random() < 0.004:
                row["measured_at"] = moment + timedelta(minutes=17)
            rows.append(row)
            if random.random() < 0.003:
                rows.append({**row, "measured_at": moment + timedelta(minutes=4), "pm10": 1})
    return rows


def half_even(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def judged(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Each value with its slot and whether it counts, by domain rules E4.3."""
    long = [
        {"station": r["station_code"], "at": r["measured_at"], "item": i, "value": None if r[i] is None else Decimal(str(r[i])),
         "device": r.get(f"{i}_flag")} for r in rows for i in ITEMS
    ]  # fmt: skip
    frame = pd.DataFrame(long).astype({"value": object})
    frame["slot"] = frame["at"].dt.round("h")
    off = (frame["at"] - frame["slot"]).abs()
    frame["skew"] = off > pd.Timedelta(minutes=10)
    frame = frame.assign(off=off).sort_values(["station", "item", "slot", "off"], kind="stable")
    frame["twin"] = frame.duplicated(["station", "item", "slot"])
    frame["usable"] = frame["value"].notna() & frame["device"].isna() & ~frame["skew"] & ~frame["twin"]
    stuck, spikes = set[Any](), set[Any]()
    for (_, item), group in frame[frame["usable"]].groupby(["station", "item"]):
        values = {round(slot.timestamp() / 3600): v for slot, v in zip(group["slot"], group["value"], strict=True)}
        finest = Decimal("0.1") if item == "co" else Decimal(1)
        for index, slot in zip(group.index, values, strict=True):
            if is_spike(values, slot, finest):
                spikes.add(index)
            if is_stuck(values, slot, 6):
                stuck.add(index)
    frame["stuck"], frame["spike"] = frame.index.isin(stuck), frame.index.isin(spikes)
    frame["counts"] = frame["usable"] & ~frame["stuck"] & ~frame["spike"]
    return frame


POINTS = (0, 50, 100, 150, 200, 300, 400, 500)
LINES = {
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620), "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600), "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500), "o3_1h": (0, 160, 200, 300, 400, 800, 1000, 1200), "o3_8h": (0, 100, 160, 215, 265, 800),
}  # fmt: skip


def index(series: str, value: Decimal | None, day: date) -> int | None:
    new = day >= date(2026, 3, 1)
    if value is None or (new and series == "o3_1h"):
        return None
    line = list(LINES[series])
    line[2] = {"pm25": 60, "pm10": 120}.get(series, line[2]) if new else line[2]
    for low, high, (a, b) in zip(line, line[1:], pairwise(POINTS), strict=False):
        if value <= high:
            return int((Decimal(b - a) * (value - low) / Decimal(high - low) + a).to_integral_value(ROUND_CEILING))
    return (300 if new else None) if series == "o3_8h" else 500


def days(values: pd.DataFrame) -> dict[tuple[str, str, date], dict[str, Any]]:
    """Stations, counties and the city by day: concentrations and what follows from them."""
    found: dict[tuple[str, str, date], dict[str, Any]] = {}
    for (station, day), group in values.assign(day=values["slot"].dt.date).groupby(["station", "day"]):
        row = dict.fromkeys(SERIES)
        for item in ITEMS:
            counted = group[(group["item"] == item) & group["counts"]]
            by_hour = dict(zip(counted["slot"].dt.hour, counted["value"], strict=True))
            if item == "o3":
                row["o3_1h"] = half_even(max(by_hour.values()), 0) if len(by_hour) >= 20 else None
                windows = [[by_hour[h] for h in range(end - 8, end) if h in by_hour] for end in range(8, 25)]
                means = [sum(w) / len(w) for w in windows if len(w) >= 6]
                over = bool(means) and half_even(max(means), 0) > 160
                row["o3_8h"] = half_even(max(means), 0) if len(means) >= 14 or over else None
            elif len(by_hour) >= 20:
                row[item] = half_even(sum(by_hour.values(), Decimal(0)) / len(by_hour), 1 if item == "co" else 0)
        found["STATION", station, day] = row
    for place, code, members in (("CITY", "321000", ("A1", "A2")), ("COUNTY", "321002", ("A1",)), ("COUNTY", "321003", ("A2", "A3"))):
        for day in {d for _, s, d in found if s in members}:
            row = dict.fromkeys(SERIES)
            for series in SERIES:
                there = [v for s in members if (v := found.get(("STATION", s, day), {}).get(series)) is not None]
                row[series] = half_even(sum(there, Decimal(0)) / len(there), 1 if series == "co" else 0) if there else None
            found[place, code, day] = row
    for (_, _, day), row in found.items():
        indices = {s: index(s, row[s], day) for s in SERIES}
        known = {s: i for s, i in indices.items() if i is not None}
        whole = all(indices[s] is not None for s in SERIES if not s.startswith("o3")) and {"o3_1h", "o3_8h"} & known.keys()
        worst = max(known.values(), default=None)
        row["aqi"] = worst if whole or (worst or 0) > 100 else None
        named = {s.split("_")[0] for s, i in known.items() if i == row["aqi"]} if (row["aqi"] or 0) > 50 else set()
        row["primary"] = sorted(named)
    return found


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    rows, folder = hours(), tmp_path_factory.mktemp("air")

    def write(rows: DataFrame) -> DataFrame:
        where = str(folder / uuid4().hex)
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    def written(name: str, rows: DataFrame) -> DataFrame:
        return write(conform(load(ROOT / f"themes/ecology/{name}.yaml"), rows))

    station = [{"station_code": s, "level": level, "county6": county} for s, (level, county) in STATIONS.items()]
    tables = {"air_hour": written("air_hour", air_hour(frame(spark, "cleansed/environment/air_hour", rows)))}
    tables["air_day"] = written("air_day", air_day(tables["air_hour"], frame(spark, "cleansed/environment/air_station", station), write))
    reports = air_index_hour(tables["air_hour"], frame(spark, "cleansed/environment/air_station", station), write)
    tables["air_index_hour"] = written("air_index_hour", reports)
    tables["air_month"] = written("air_month", air_month(tables["air_day"], write))
    return tables


@pytest.fixture(scope="module")
def theirs() -> pd.DataFrame:
    return judged(hours())


@pytest.fixture(scope="module")
def expected(theirs: pd.DataFrame) -> Days:
    return days(theirs)


def test_hours_that_count(made: dict[str, DataFrame], theirs: pd.DataFrame) -> None:
    ours = made["air_hour"].toPandas()
    assert len(ours) == len(theirs) == 6 * len(hours())
    told = {(r.station_code, r.measured_at, r.item): r for r in ours.itertuples()}
    for r in theirs.itertuples():
        mine = told[r.station, r.at.to_pydatetime(), r.item]
        flags = {
            "MISSING": pd.isna(r.value),
            "DEVICE": not pd.isna(r.device),
            "SKEW": r.skew,
            "DUPLICATE": r.twin,
            "STUCK": r.stuck,
            "SPIKE": r.spike,
        }
        assert set(mine.flags) - {"GAP"} == {f for f, holds in flags.items() if holds}, mine
        assert mine.valid == r.counts
    assert {f for flags in ours["flags"] for f in flags} == {"MISSING", "DEVICE", "SKEW", "DUPLICATE", "STUCK", "SPIKE", "GAP"}


@pytest.mark.proves("H8")
def test_days_of_stations_counties_and_the_city(made: dict[str, DataFrame], expected: Days, proven: Record) -> None:
    ours = {(r.place_level, r.place_code, r.day): r for r in made["air_day"].collect()}
    assert ours.keys() == expected.keys()
    for key, row in expected.items():
        assert {s: ours[key][s] for s in SERIES} == {s: row[s] for s in SERIES}, key
        assert (ours[key].aqi, sorted(ours[key].primary_pollutants)) == (row["aqi"], row["primary"]), key
        assert ours[key].edition == ("HJ 633-2026" if key[2] >= date(2026, 3, 1) else "HJ 633-2012")
    assert any(row["aqi"] is None for row in expected.values())
    assert any(row["o3_8h"] is None for row in expected.values())
    editions = sorted({r.edition for r in ours.values()})
    proven(
        done="hours of stations, some missing, of both editions of the standard",
        seen=f"{len(ours)} days of stations, counties and the city reckoned by hand are those published, by {' and '.join(editions)}",
    )


HOURLY = {"so2": (0, 150, 500, 650, 800), "no2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
          "co": (0, 5, 10, 35, 60, 90, 120, 150), "o3": (0, 160, 200, 300, 400, 800, 1000, 1200)}  # fmt: skip


def hour_index(item: str, of_hour: Decimal | None, moving: Decimal | None, day: date) -> int | None:
    """The index of an item in an hour, by the text of HJ 633."""
    if item in ("pm10", "pm25"):
        return index(item, moving, day)
    if of_hour is None:
        return None
    for low, high, (a, b) in zip(HOURLY[item], HOURLY[item][1:], pairwise(POINTS), strict=False):
        if of_hour <= high:
            return int((Decimal(b - a) * (of_hour - low) / Decimal(high - low) + a).to_integral_value(ROUND_CEILING))
    if item == "so2":
        return 200 if day >= date(2026, 3, 1) else index("so2", moving, day)
    return 500


@pytest.mark.proves("H8")
def test_hours_of_counties_and_the_city(made: dict[str, DataFrame], theirs: pd.DataFrame, proven: Record) -> None:
    counted = theirs[theirs["counts"]]
    value = {(r.station, r.item, r.slot.to_pydatetime()): r.value for r in counted.itertuples()}
    there = {(r.station, r.slot.to_pydatetime()) for r in theirs.itertuples()}
    expected = {}
    for place, members in (("321000", ("A1", "A2")), ("321002", ("A1",)), ("321003", ("A2", "A3"))):
        for slot in {at for s, at in there if s in members}:
            means: dict[str, Decimal | None] = {}
            for item in ITEMS:
                decimals = 1 if item == "co" else 0
                hour = [half_even(v, decimals) for s in members if (v := value.get((s, item, slot))) is not None]
                means[f"{item}_1h"] = half_even(sum(hour, Decimal(0)) / len(hour), decimals) if hour else None
                days_ = []
                for s in members:
                    span = [v for n in range(24) if (v := value.get((s, item, slot - timedelta(hours=n)))) is not None]
                    if (s, slot) in there and len(span) >= 20:
                        days_.append(half_even(sum(span, Decimal(0)) / len(span), decimals))
                means[f"{item}_24h"] = half_even(sum(days_, Decimal(0)) / len(days_), decimals) if days_ else None
            indices = {i: hour_index(i, means[f"{i}_1h"], means[f"{i}_24h"], slot.date()) for i in ITEMS}
            known = [n for n in indices.values() if n is not None]
            worst = max(known, default=None)
            aqi = worst if len(known) == len(ITEMS) or (worst or 0) > 100 else None
            named = {i for i, n in indices.items() if n == aqi} if (aqi or 0) > 50 else set()
            expected[place, slot] = (means, indices, aqi, sorted(named))
    ours = {(r.place_code, r.hour): r for r in made["air_index_hour"].collect()}
    assert ours.keys() == expected.keys()
    for key, (means, indices, aqi, named) in expected.items():
        row = ours[key]
        assert {s: row[s] for s in means if s in row} == {s: v for s, v in means.items() if s in row}, key
        assert {i: row[f"iaqi_{i}"] for i in ITEMS} == indices, key
        assert (row.aqi, sorted(row.primary_pollutants), row.day) == (aqi, named, key[1].date()), key
    assert any(aqi is None for *_, aqi, _ in expected.values())
    assert {aqi > 100 for *_, aqi, _ in expected.values() if aqi} == {True, False}
    proven(
        done="hours of stations, some missing, of both editions of the standard",
        seen=f"{len(ours)} hours of counties and the city reckoned by hand are those published",
    )


def test_the_index_of_an_hour(spark: SparkSession, write: Write) -> None:
    """Of one station: 20 hours of 24 and 19, sulphur dioxide above 800 by its 24 hours, a station that is silent, out of service."""
    clean = {"pm25": 36, "pm10": 51, "so2": 150, "no2": 100, "co": 5, "o3": 160}
    begin = datetime(2026, 2, 1)
    changes: dict[int, dict[str, int]] = {20: {"o3": 201}, 21: {"so2": 801}, 22: {"no2": 1201}, 30: {"co": 91}, 40: {"so2": 801}}
    hours = [n for n in range(48) if n not in (5, 6, 7, 8, 25)]
    of = [
        {
            "station_code": "S",
            "item": i,
            "day": (begin + timedelta(hours=n)).date(),
            "hour": n % 24,
            "valid": True,
            "measured_at": begin + timedelta(hours=n),
            "value": changes.get(n, {}).get(i, v),
        }
        for n in hours
        for i, v in clean.items()
    ]
    station = [{"station_code": "S", "level": "NATIONAL", "county6": "321002", "end_date": date(2026, 2, 2)},
               {"station_code": "T", "level": "NATIONAL", "county6": "321002", "end_date": date(2026, 1, 31)}]  # fmt: skip
    of += [r | {"station_code": "T", "value": 500} for r in of]
    found = air_index_hour(frame(spark, "themes/ecology/air_hour", of), frame(spark, "cleansed/environment/air_station", station), write)
    told = {(r.hour - begin) // timedelta(hours=1): r for r in found.where("place_level = 'CITY'").collect()}
    assert told.keys() == set(hours)
    assert (told[19].pm25_24h, told[19].aqi) == (None, None), "16 hours"
    assert (told[22].pm25_24h, told[22].aqi) == (None, 201), "19 hours; nitrogen dioxide is above 100 all the same"
    assert (told[23].pm25_24h, told[23].iaqi_pm25, told[23].iaqi_pm10) == (Decimal(36), 52, 51), "20 hours"
    assert (told[20].iaqi_o3, told[20].aqi, told[20].primary_pollutants) == (101, 101, ["o3"])
    assert (told[21].so2_1h, told[21].so2_24h, told[21].iaqi_so2, told[21].aqi) == (Decimal(801), None, None, None)
    assert (told[30].iaqi_co, told[30].so2_24h, told[30].iaqi_so2) == (304, Decimal(181), 50), "91 mg, of 90 to 120; (20 * 150 + 801) / 21"
    assert (told[40].so2_24h, told[40].iaqi_so2, told[40].aqi) == (Decimal(207), 109, 109), "(21 * 150 + 2 * 801) / 23, of 150 to 475"
    assert {r.pm25_24h_n for r in told.values()} == {0, 1}


def test_months_and_years(made: dict[str, DataFrame], expected: Days) -> None:
    seen = set()
    for r in made["air_month"].collect():
        of = {k[2]: v for k, v in expected.items() if k[:2] == (r.place_level, r.place_code) and str(k[2]).startswith(r.period)}
        valid = [v["aqi"] for v in of.values() if v["aqi"] is not None]
        assert (r.days, r.good_days) == (len(valid), sum(a <= 100 for a in valid))
        assert r.good_rate == (half_even(Decimal(100 * r.good_days) / r.days, 1) if r.days else None)
        needed = {"year": 324, "month": 25 if r.period.endswith("-02") else 27}[r.period_kind]
        figures = {}
        for item in ITEMS:
            values = sorted(v for row in of.values() if (v := row["o3_8h" if item == "o3" else item]) is not None)
            assert r[f"{item}_days"] == len(values)
            figures[item] = figure(item, values) if len(values) >= needed else None
            assert r[item] == figures[item], (r.period, r.place_code, item)
        limits = {"so2": 60, "no2": 40, "pm10": 60, "pm25": 30, "co": 4, "o3": 160} if r.period >= "2026-03" else {
            "so2": 60, "no2": 40, "pm10": 70, "pm25": 35, "co": 4, "o3": 160}  # fmt: skip
        known = [figures[i] / limits[i] for i in ITEMS if figures[i] is not None]
        assert r.composite_index == (half_even(sum(known, Decimal(0)), 2) if len(known) == 6 else None)
        seen.add((r.period_kind, r.composite_index is not None))
    assert seen == {("month", True), ("month", False), ("year", False)}


def figure(item: str, values: list[Decimal]) -> Decimal:
    share = {"co": Decimal("0.95"), "o3": Decimal("0.9")}.get(item)
    if share is None:
        return half_even(sum(values, Decimal(0)) / len(values), 0)
    place = (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return half_even(values[low] + (values[high] - values[low]) * (place - low), 1 if item == "co" else 0)


def test_readings_every_minute_are_held_against_those_minutes_around_them(spark: SparkSession) -> None:
    begin, jump, stands = datetime(2026, 4, 1, 8), 20, range(60, 66)
    values = {m: 100 if m == jump else 40 if m in stands else 40 + m % 5 for m in range(120) if m != 90}
    rows = [{"station_code": "A1", "measured_at": begin + timedelta(minutes=m), "pm25": v} for m, v in values.items()]
    readings = by_item(frame(spark, "cleansed/environment/air_hour", rows)).where("item = 'pm25'")
    found = checked(readings, "station_code", 1).toPandas().set_index("measured_at").sort_index()
    flagged = {(at.to_pydatetime() - begin) // timedelta(minutes=1): sorted(flags) for at, flags in found["flags"].items() if len(flags)}
    assert flagged == {0: ["GAP"], jump: ["SPIKE"], **{m: ["STUCK"] for m in stands}, 91: ["GAP"]}
    assert set(found["hour"]) == {8, 9}
